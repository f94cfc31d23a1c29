#!/usr/bin/env bash
# Collects pg_dump and pg_restore of several versions of Postgres for the image `-operations`, with the libraries that its base lacks, from packages of
# Debian and PGDG. For another architecture than this machine's no program is run, so that building the image needs no emulator.
#
#   scripts/postgres-programs.sh FOLDER ARCH BASE "VERSION…"    ARCH: amd64 or arm64; BASE: the files of the base image; VERSION: as in 17
#
# FOLDER gets usr/lib/postgresql/VERSION/bin, the libraries, and for each package its licence and its entry in var/lib/dpkg/status.d, as the base has them
# for its own: lists of contents (SBOM) name them. Needs apt, dpkg and readelf on the Debian of the base. Packages are verified by apt; the key of PGDG is
# that in Debian's package postgresql-common. PGDG='' in the environment takes packages of Debian alone.
set -euo pipefail
ME=postgres-programs
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# = 4 ] || { usage >&2 && exit 2; }
FOLDER=$1 ARCH=$2 BASE=$3
read -ra VERSIONS <<<"$4"
case $ARCH in
  amd64) TRIPLE=x86_64-linux-gnu ;;
  arm64) TRIPLE=aarch64-linux-gnu ;;
  *) die "$ARCH is neither amd64 nor arm64" ;;
esac
PGDG=${PGDG-https://apt.postgresql.org/pub/repos/apt}
# shellcheck source=/dev/null
SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME-pgdg")

DIR=$(mktemp -d)
trap 'rm -rf "${DIR:?}"' EXIT
declare -A SEEN=() RECORDED=()

# An apt of its own: for ARCH alone, and as if nothing were installed, so that it fetches each package that a program needs.
prepare_apt() {
  mkdir -p "$DIR"/{state,cache/archives/partial,sources,packages}
  : >"$DIR/status"
  cp /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list "$DIR/sources/" 2>/dev/null || true
  cat >"$DIR/apt.conf" <<EOT
#clear APT::Architectures;
APT::Architecture "$ARCH";
APT::Architectures { "$ARCH"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Dir::State "$DIR/state";
Dir::State::status "$DIR/status";
Dir::Cache "$DIR/cache";
Dir::Etc::sourceparts "$DIR/sources";
EOT
  export APT_CONFIG="$DIR/apt.conf"
}

fetch() { apt-get install --quiet=2 --download-only --yes "$@"; }

add_pgdg() {
  local key="$DIR/key/usr/share/postgresql-common/pgdg/apt.postgresql.org.asc"
  (cd "$DIR" && apt-get download --quiet=2 postgresql-common)
  dpkg-deb --extract "$DIR"/postgresql-common_*.deb "$DIR/key"
  [ -s "$key" ] || die "postgresql-common has no key of PGDG"
  echo "deb [signed-by=$key] $PGDG $SUITE main" >"$DIR/sources/pgdg.list"
  apt-get update --quiet=2 --error-on=any
}

# One folder a package, so that the path of a file has the name of its package.
unpack() {
  local package name
  for package in "$DIR"/cache/archives/*.deb; do
    name=$(dpkg-deb --field "$package" Package)
    dpkg-deb --extract "$package" "$DIR/packages/$name"
    dpkg-deb --field "$package" >"$DIR/packages/$name.control"
  done
}

# Puts a file of a package into FOLDER: TARGET is its path there.
take() {
  local file=$1 target=$2 name
  install -D --mode=755 "$file" "$FOLDER/$target"
  name=${file#"$DIR/packages/"}
  name=${name%%/*}
  if [ -n "${RECORDED[$name]:-}" ]; then return; fi
  RECORDED[$name]=yes
  install -D --mode=644 "$DIR/packages/$name.control" "$FOLDER/var/lib/dpkg/status.d/$name"
  # A link in packages of the same source, whose target may be in another package.
  if [ -f "$DIR/packages/$name/usr/share/doc/$name/copyright" ]; then
    install -D --mode=644 "$DIR/packages/$name/usr/share/doc/$name/copyright" "$FOLDER/usr/share/doc/$name/copyright"
  fi
}

# Takes the libraries that a file names and the base lacks, and those that these name.
take_libraries() {
  local library found
  for library in $(readelf --dynamic --wide "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    if [ -n "${SEEN[$library]:-}" ]; then continue; fi
    SEEN[$library]=yes
    if [ -e "$BASE/lib/$TRIPLE/$library" ] || [ -e "$BASE/usr/lib/$TRIPLE/$library" ]; then continue; fi
    found=$(find "$DIR"/packages/*/lib/"$TRIPLE" "$DIR"/packages/*/usr/lib/"$TRIPLE" -maxdepth 1 -name "$library" -print -quit 2>/dev/null || true)
    [ -n "$found" ] || die "$library, which $(basename "$1") needs, is in no package and not in the base"
    take "$found" "usr/lib/$TRIPLE/$library"
    take_libraries "$found"
  done
}

# By the loader and the libraries that the image will have.
try_programs() {
  local loader version program
  loader=$(find "$BASE/lib/$TRIPLE" "$BASE/usr/lib/$TRIPLE" -maxdepth 1 -name 'ld-linux-*' -print -quit 2>/dev/null || true)
  [ -n "$loader" ] || die "the base has no loader of programs"
  for version in "${VERSIONS[@]}"; do
    for program in pg_dump pg_restore; do
      "$loader" --inhibit-cache --library-path "$FOLDER/usr/lib/$TRIPLE:$BASE/lib/$TRIPLE:$BASE/usr/lib/$TRIPLE" \
        "$FOLDER/usr/lib/postgresql/$version/bin/$program" --version | grep -F " (PostgreSQL) $version." || die "$program of $version does not run"
    done
  done
}

prepare_apt
apt-get update --quiet=2 --error-on=any
[ -z "$PGDG" ] || add_pgdg
fetch "${VERSIONS[@]/#/postgresql-client-}"
unpack
for VERSION in "${VERSIONS[@]}"; do
  for PROGRAM in pg_dump pg_restore; do
    PLACE="usr/lib/postgresql/$VERSION/bin/$PROGRAM"
    take "$DIR/packages/postgresql-client-$VERSION/$PLACE" "$PLACE"
    take_libraries "$DIR/packages/postgresql-client-$VERSION/$PLACE"
  done
done
if [ "$ARCH" = "$(dpkg --print-architecture)" ]; then try_programs; fi
say "${VERSIONS[*]} for $ARCH: $(du --summarize --bytes "$FOLDER" | cut -f 1) bytes of ${#RECORDED[@]} packages"
