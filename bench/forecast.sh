#!/usr/bin/env bash
# The engine of forecasts alone, over made panels: choice, intervals and errors of days, on two threads.
#
#   bench/forecast.sh
#
# 5,000 series of 52 weeks within 3 s; 100,000 of 104 weeks within 60 s and 500 MiB. The example `measure` of the crate `forecast`, in a release build; no
# server. A minute. Prints a table of Markdown; ends with 1 when something is missed. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=forecast
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in
'') ;;
-h | --help) usage && exit 0 ;;
*) usage >&2 && exit 2 ;;
esac
need_toolchain
FIGURES="$WORK/forecast.jsonl"
begin_figures
say "building the example"
cargo build --release --quiet --manifest-path "$ROOT/Cargo.toml" -p forecast --example measure

# figures SERIES WEEKS: sets SECONDS_TAKEN (of both parts), PEAK in MiB, and LINE, all that was printed
figures() {
  LINE=$("$(target_dir)/release/examples/measure" "$1" "$2" 2)
  SECONDS_TAKEN=$(sed -E 's/.*weeks: ([0-9.]+) s, days ([0-9.]+) s.*/\1 \2/' <<<"$LINE" | awk '{ print $1 + $2 }')
  PEAK=$(sed -E 's/.*peak ([0-9]+) MiB.*/\1/' <<<"$LINE")
}
quiet
figures 5000 52
row engine "5,000 series of 52 weeks" "$SECONDS_TAKEN" s 3 --note "$LINE"
figures 100000 104
row engine "100,000 series of 104 weeks" "$SECONDS_TAKEN" s 60 --note "$LINE"
row engine "its peak memory" "$PEAK" MiB 500
end_figures
