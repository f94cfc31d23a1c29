#!/usr/bin/env bash
# Builds the binary of a release twice, from the newest commit in two folders, and says whether both are the same, byte by byte; else which sections differ.
#
#   scripts/reproducible.sh [--keep FOLDER]      FOLDER, which must be empty or not there, keeps sources, the last build and both binaries
#   scripts/reproducible.sh --against BINARY [--keep FOLDER]      builds once, and compares with a binary of the same commit that was built elsewhere
#   scripts/reproducible.sh --build      builds here, as the release workflow does, and compares nothing: target/dist/entrepot
#
# Both have to be built with the same rustc, C compiler and linker, for the same architecture. Folders of the sources and of cargo are left out of the
# binary, and the date is that of the commit. Ends with 1 where the binaries differ. cargo-auditable is used where it is installed, as it is by the release.
# Needed: a Rust toolchain, a C compiler, git, tar and several GB for a build; binutils for the sections.
set -euo pipefail
ME=reproducible
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MODE='' AGAINST='' KEEP=''
while [ $# -gt 0 ]; do
  case "$1" in
  -h | --help)
    usage
    exit 0
    ;;
  --build)
    MODE=build
    shift
    ;;
  --against | --keep)
    if [ -z "${2:-}" ]; then
      usage >&2
      exit 2
    fi
    if [ "$1" = --keep ]; then KEEP=$2; else AGAINST=$2; fi
    shift 2
    ;;
  *)
    usage >&2
    exit 2
    ;;
  esac
done
if [ -n "$MODE" ] && [ -n "$AGAINST$KEEP" ]; then
  usage >&2
  exit 2
fi
if [ -n "$AGAINST" ] && [ ! -f "$AGAINST" ]; then die "there is no file $AGAINST"; fi

need_toolchain
CARGO_FOLDER=${CARGO_HOME:-$HOME/.cargo}
SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct)
export SOURCE_DATE_EPOCH CARGO_INCREMENTAL=0 LC_ALL=C TZ=UTC
AUDITABLE=()
if command -v cargo-auditable >/dev/null; then
  AUDITABLE=(auditable)
else
  say "cargo-auditable is not installed: the binary has no list of its crates, as that of a release has"
fi

# Builds the sources of a folder. C compilers put paths into messages of assertions, rustc into those of panics.
build() {
  local folder=$1 map
  case "$folder $CARGO_FOLDER" in *[[:space:]]*[[:space:]]*) die "no flag of rustc can name a folder with a blank: $folder, $CARGO_FOLDER" ;; esac
  map="-ffile-prefix-map=$folder=/build -ffile-prefix-map=$CARGO_FOLDER=/cargo"
  (
    cd "$folder"
    RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }--remap-path-prefix=$folder=/build --remap-path-prefix=$CARGO_FOLDER=/cargo $(scripts/link-flags.sh)"
    export RUSTFLAGS CFLAGS="${CFLAGS:+$CFLAGS }$map" CXXFLAGS="${CXXFLAGS:+$CXXFLAGS }$map"
    cargo "${AUDITABLE[@]}" build --profile dist --locked --bin entrepot
  )
}

if [ "$MODE" = build ]; then
  build "$ROOT"
  exit 0
fi

if [ -n "$KEEP" ]; then
  mkdir -p "$KEEP"
  [ -z "$(ls -A "$KEEP")" ] || die "$KEEP is not empty"
  DIR=$(cd "$KEEP" && pwd)
else
  DIR=$(mktemp -d)
  trap 'rm -rf "${DIR:?}"' EXIT
fi
[ -z "$(git -C "$ROOT" status --porcelain)" ] || say "changes that are not committed are not built"
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_TARGET

# Builds the newest commit in a folder of its own, and leaves the binary as $DIR/NAME.
build_in() {
  local folder=$DIR/$1 name=$2
  mkdir -p "$folder"
  git -C "$ROOT" archive HEAD | tar --extract --directory "$folder"
  say "building in $folder"
  build "$folder"
  cp "$folder/target/dist/entrepot" "$DIR/$name"
}

if [ -n "$AGAINST" ]; then
  cp "$AGAINST" "$DIR/first"
else
  build_in sources first
  rm -rf "${DIR:?}/sources/target"
fi
build_in another/folder second

(cd "$DIR" && sha256sum first second)
for place in "$DIR" "$CARGO_FOLDER"; do
  if grep --quiet --text --fixed-strings "$place/" "$DIR/second"; then say "the binary still has paths below $place"; fi
done
if cmp --silent "$DIR/first" "$DIR/second"; then
  say "both binaries are the same"
  exit 0
fi
say "the binaries differ"
if ! command -v readelf >/dev/null || ! command -v objcopy >/dev/null; then
  say "readelf and objcopy (binutils) would say in which sections"
  exit 1
fi

sections() { readelf --wide --section-headers "$1" | sed -n 's/^ *\[ *[0-9]*\] \([^ ][^ ]*\) .*/\1/p'; }
# The bytes of a section, none where there is no such section or the file has no bytes of it.
section() {
  : >"$3"
  objcopy --dump-section "$2=$3" "$1" "$DIR/rest" 2>/dev/null || true
}
echo '| section | bytes | bytes of the other | bytes that differ |'
echo '|---|---|---|---|'
{ sections "$DIR/first" && sections "$DIR/second"; } | sort -u | while read -r name; do
  section "$DIR/first" "$name" "$DIR/one"
  section "$DIR/second" "$name" "$DIR/other"
  if cmp --silent "$DIR/one" "$DIR/other"; then continue; fi
  differing=$({ cmp --verbose "$DIR/one" "$DIR/other" 2>/dev/null || true; } | wc -l)
  echo "| $name | $(stat --format=%s "$DIR/one") | $(stat --format=%s "$DIR/other") | $differing |"
done
rm -f "$DIR/one" "$DIR/other" "$DIR/rest"
echo
echo 'The first texts that only one of them has:'
echo
{ diff <(strings -n 8 "$DIR/first" | sort -u) <(strings -n 8 "$DIR/second" | sort -u) || true; } | sed -n '/^[<>]/{s/^\(.\{160\}\).*/\1/;s/^/    /;p}' | sed -n 1,20p
exit 1
