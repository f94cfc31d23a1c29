#!/usr/bin/env bash
# What monthly partitions cost of the write throughput: w2, w3 and w4 on a Postgres whose tables of events, audit entries and attempts have a part
# for each of twelve months and more, and on one where the same three are whole tables, in turn within each round.
#
#   bench/partitions.sh [ARGS]    ARGS go to bench/load.py, e.g. --products 500 --orders 0 (the default)
#
# The whole tables are made by bench/partitions.sql right after `entrepot migrate`, with the keys, indexes, triggers and row security that the parted
# ones have; a second `migrate` gives them their rights. So what is measured are the parts alone, and not the column that the keys have for them.
# Owed: 3 %. BENCH_ROUNDS is 7 here, as 3 % are less than the noise of three; BENCH_WORKS names others of w2, w3, w4. Clients: the kit's generator
# where bench/run.sh setup built it, else bench/writes.py. About (BENCH_SECS + BENCH_WARM + 2) * 6 * BENCH_ROUNDS seconds: 7 minutes. Prints a table
# of Markdown; ends with 1 when something is missed. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=partitions
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in -h | --help)
  usage
  exit 0
  ;;
esac
ROUNDS="${BENCH_ROUNDS:-7}" WORKS="${BENCH_WORKS:-w2 w3 w4}"
[ $# -gt 0 ] || set -- --products 500 --customers 100 --orders 0
need_binary

FOLDER="$WORK/partitions" FIGURES="$WORK/partitions.jsonl"
RUN="$FOLDER" # pids and logs of this script alone
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
trap 'stop_server partitions; clean_up' EXIT
need_services postgres

# Of a database of this script: how many parts the three tables have together.
parts() { "$(find_pg_bin)/psql" -XAtq -v ON_ERROR_STOP=1 "$1" -c "SELECT count(*) FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent WHERE c.relkind = 'p'"; }

declare -A URLS
for kind in plain parted; do
  new_database "partitions_$kind" postgres
  URLS[$kind]=$URL
  "$(find_pg_bin)/psql" -Xq -v ON_ERROR_STOP=1 -v "kind=$kind" "$URL" -f "$ROOT/bench/partitions.sql"
  "$BIN" migrate --database-url "$URL" >&2
  ENTREPOT_BENCH_DATA="$FOLDER/$kind"
  serve partitions "$URL" "$PORT"
  fill "$@"
  stop_server partitions
done
[ "$(parts "${URLS[plain]}")" = 0 ] || die "the tables that have to be whole are parted"
COUNT=$(parts "${URLS[parted]}")
# Also after they were loaded: a server makes the months that are missing.
[ "$COUNT" -ge 36 ] || die "three tables with twelve months each have $COUNT parts"

in_turn partitions plain whole parted "in parts"
for work in $WORKS; do
  cost postgres "cost of $COUNT parts by month, $work" "$FOLDER/$work.plain" "$FOLDER/$work.parted" 3
done
for kind in plain parted; do
  if timeout 300 "$BIN" verify --database-url "${URLS[$kind]}" >"$FOLDER/verify.log" 2>&1; then is_sound=1; else is_sound=0; fi
  row postgres "verify holds, $kind" "$is_sound" '' 1 --least
done
end_figures
