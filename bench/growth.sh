#!/usr/bin/env bash
# What a ledger of millions of entries costs one tenant: reads and writes on a Postgres with so many entries of other tenants, and on one with this
# tenant's own alone, in turn within each round.
#
#   bench/growth.sh [ARGS]    ARGS go to bench/load.py, e.g. --products 500 --customers 100 --orders 1000 (the default)
#
# GROWTH_ENTRIES (10000000) is how many; each takes about 0.6 kB of disk with its share of movements and indexes, twice while they are made (the log).
# They are made by bench/growth.sql, which needs a superuser, as that of scripts/services.sh is; so `entrepot verify` is not run on them. Owed: 1.3 times
# the time of the small one, which is 23 % of its rate. BENCH_ROUNDS is 3; BENCH_WORKS names others than w1 w6 w7 w2 w3 w4. About
# (BENCH_SECS + BENCH_WARM + 3) * 12 * BENCH_ROUNDS seconds, 6 minutes, and 5 to 10 minutes for ten million entries. Clients: the kit's generator where
# bench/run.sh setup built it, else bench/writes.py. Prints a table of Markdown; ends with 1 when something is missed. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=growth
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in -h | --help)
  usage
  exit 0
  ;;
esac
WORKS="${BENCH_WORKS:-w1 w6 w7 w2 w3 w4}" ENTRIES="${GROWTH_ENTRIES:-10000000}"
[[ "$ENTRIES" =~ ^[1-9][0-9]*$ ]] || die "GROWTH_ENTRIES is a number of entries: $ENTRIES"
[ $# -gt 0 ] || set -- --products 500 --customers 100 --orders 1000
need_binary

FOLDER="$WORK/growth" FIGURES="$WORK/growth.jsonl"
RUN="$FOLDER" # pids and logs of this script alone
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
trap 'stop_server growth; clean_up' EXIT
need_services postgres

database() { "$(find_pg_bin)/psql" -XAtq -v ON_ERROR_STOP=1 "$@"; }

declare -A URLS
for kind in small large; do
  new_database "growth_$kind" postgres
  URLS[$kind]=$URL
  ENTREPOT_BENCH_DATA="$FOLDER/$kind"
  serve growth "$URL" "$PORT"
  fill "$@"
  stop_server growth
  database "$URL" -c 'ANALYZE'
done
say "[${SECONDS}s] $ENTRIES entries of other tenants"
database -v "entries=$ENTRIES" "${URLS[large]}" -f "$ROOT/bench/growth.sql"
COUNT=$(database "${URLS[large]}" -c 'SELECT count(*) FROM entry')
[ "$COUNT" -ge "$ENTRIES" ] || die "there are $COUNT entries"
say "[${SECONDS}s] $COUNT entries, $(database "${URLS[large]}" -c "SELECT pg_size_pretty(pg_total_relation_size('entry') + pg_total_relation_size('movement'))")"

in_turn growth small alone large "beside $COUNT entries"
for work in $WORKS; do
  cost postgres "cost of $COUNT entries, $work" "$FOLDER/$work.small" "$FOLDER/$work.large" 23
done
end_figures
