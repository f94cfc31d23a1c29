#!/usr/bin/env bash
# Compares sizes of binaries: a table of Markdown with MB as they are, stripped, of code, of read-only data, of tables for unwinding, and as gzip has
# them at level 6, which is about what a layer of an image takes.
#
#   scripts/size.sh BINARY...                with --functions, too: how many functions each has, and the 20 largest generic ones by name; needs symbols
#
# It changes nothing. Needed: binutils and gzip.
set -euo pipefail
ME=size
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
FUNCTIONS=''
if [ "${1:-}" = --functions ]; then
  FUNCTIONS=1
  shift
fi
case "${1:-}" in
'' | -*)
  usage >&2
  exit 2
  ;;
esac

DIR="$(mktemp -d)"
trap 'rm -rf "${DIR:?}"' EXIT
mb() { awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1e6 }'; }
section() { size --format=sysv "$1" | awk -v name="$2" '$1 == name { sum += $2 } END { print sum + 0 }'; }

echo '| binary | MB | stripped | code | read-only data | unwinding | stripped, gzip |'
echo '|---|---|---|---|---|---|---|'
for binary in "$@"; do
  [ -f "$binary" ] || die "there is no file $binary"
  strip -o "$DIR/stripped" "$binary"
  unwinding=$(($(section "$binary" .eh_frame) + $(section "$binary" .eh_frame_hdr) + $(section "$binary" .gcc_except_table)))
  echo "| $binary | $(mb "$(stat --format=%s "$binary")") | $(mb "$(stat --format=%s "$DIR/stripped")") | $(mb "$(section "$binary" .text)") |" \
    "$(mb $(($(section "$binary" .rodata) + $(section "$binary" .data.rel.ro)))) | $(mb "$unwinding") | $(mb "$(gzip --stdout -6 "$DIR/stripped" | wc -c)") |"
done
[ -n "$FUNCTIONS" ] || exit 0
for binary in "$@"; do
  # Size, type and name; what is generic is counted without its parameters and the hash behind it.
  nm --print-size --demangle=rust --defined-only "$binary" 2>/dev/null | awk '$3 ~ /^[tT]$/' >"$DIR/functions"
  [ -s "$DIR/functions" ] || die "$binary has no symbols: build it with CARGO_PROFILE_DIST_STRIP=none"
  echo
  echo "$binary: $(wc -l <"$DIR/functions") functions"
  python3 -B - "$DIR/functions" <<'PYTHON'
import collections, re, sys

sums, counts = collections.Counter(), collections.Counter()
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    _, size, _, name = line.rstrip("\n").split(" ", 3)
    while (short := re.sub(r"<[^<>]*>", "<>", name)) != name and short.count("<>") < 40:
        name = short.replace("<>", "…")
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    sums[name] += int(size, 16)
    counts[name] += 1
for name, size in sums.most_common(20):
    print(f"{size / 1e6:8.2f} MB {counts[name]:7} × {name[:140]}")
PYTHON
done
