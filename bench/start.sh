#!/usr/bin/env bash
# Start to first answer on an existing SQLite file, and memory at rest.
#
#   bench/start.sh [STARTS]     default 10 starts; prints the median and the worst, and resident memory after three idle seconds
#
# The clock runs from launching the process until one product has been read through GraphQL with a token.
# Owed: 100 ms and 30 MB. Needs the load generator of the kit (bench/run.sh setup). Settings: the head of bench/lib.sh.
set -euo pipefail
ME=start
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in -h | --help)
  usage
  exit 0
  ;;
esac

need_kit
need_binary
STARTS="${1:-10}"
FOLDER="$WORK/start"
FILE="$FOLDER/entrepot.sqlite"
export ENTREPOT_BENCH_DATA="$FOLDER/data"
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
trap 'stop_server start' EXIT
"$BIN" migrate --database-url "sqlite://$FILE"
serve start "sqlite://$FILE" "$PORT"
fill --products 1000 --customers 500 --orders 2000
fresh_env
stop_server start

for _ in $(seq "$STARTS"); do
  launch start "sqlite://$FILE" "$PORT"
  "$LOADGEN" wait --target "$TARGET" --work w6 --secs 30 >>"$FOLDER/ms" || die "no answer: $(tail -n 3 "$RUN/start.log")"
  sleep 3
  memory_mb "$(server_pid start)" VmRSS >>"$FOLDER/mb"
  echo >>"$FOLDER/mb"
  stop_server start
done
printf 'start to first answer: median %s ms, worst %s ms (owed 100); idle memory: median %s MB (owed 30); %s starts\n' \
  "$(median <"$FOLDER/ms")" "$(sort -n "$FOLDER/ms" | tail -n 1)" "$(median <"$FOLDER/mb")" "$STARTS"
