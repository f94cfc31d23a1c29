#!/usr/bin/env bash
# Lists, searches, edits and a wave of orders over a million products and a million orders.
#
#   bench/lists.sh [sqlite|postgres|both] [ARGS]    ARGS go to bench/lists.py, e.g. --products 100000 --orders 100000 --works 20000
#
# Owed: a page of 50 orders with lines, customer and fulfilments, and each text search, p95 50 ms; totalCount adds 20 % to a page; an order of 100
# lines is edited in 50 ms; 200 orders are picked, packed and shipped in 10 s, as a wave and one by one; 100,000 works by store and state, p95 30 ms.
# Of a store of 100,000 levels ten differ from a copy: two calls find them, or the part fails. Imports and the
# rest of a warehouse are in bench/warehouse.sh. Each database is new, filled by imports, and proven by `entrepot verify` in the end.
# Filling a million of each is most of the time, and takes several GiB of disk: LISTS_KEEP=1 keeps the filled SQLite for the next call with the same
# ARGS, and uses it where it is there. LISTS_SECONDS ends what takes longer (5400). Prints a table of Markdown; ends with 1 when something is missed.
# Settings: the head of bench/lib.sh.
set -euo pipefail
ME=lists
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
asked "$@"
[ $# = 0 ] || shift
need_binary

FOLDER="$WORK/lists" FIGURES="$WORK/lists.jsonl"
mkdir -p "$FOLDER"
begin_figures
trap 'stop_server lists; clean_up' EXIT
# Filling takes longest, and neither longer than this.
lists() { timeout "${LISTS_SECONDS:-5400}" python3 "$ROOT/bench/lists.py" --url "http://127.0.0.1:$PORT/graphql" --out "$FIGURES" --on "$on" "$@"; }

failed=0
for on in "${ON[@]}"; do
  need_services "$on"
  kept="$FOLDER/lists.sqlite"
  if [ "$on" = sqlite ] && [ -n "${LISTS_KEEP:-}" ] && [ -e "$FOLDER/sqlite/filled" ] && [ -e "$kept" ]; then
    URL="sqlite://$kept"
    "$BIN" migrate --database-url "$URL" >&2
    serve lists "$URL" "$PORT" --files "file:$FOLDER/$on/files"
  else
    rm -rf "${FOLDER:?}/$on"
    mkdir -p "$FOLDER/$on"
    new_database lists "$on"
    serve lists "$URL" "$PORT" --files "file:$FOLDER/$on/files"
    lists --account "$FOLDER/$on" --fill-only "$@"
    # As an operator's autovacuum would have done by then.
    [ "$on" = sqlite ] || "$(find_pg_bin)/psql" -X -q "$URL" -c 'VACUUM ANALYZE'
    touch "$FOLDER/$on/filled"
  fi
  # Facts and costs follow the journal: figures are of a machine that is at rest.
  BENCH_QUIET="${BENCH_QUIET:-300}" quiet
  lists --account "$FOLDER/$on" --filled "$@" || failed=1
  stop_server lists
  took=$(LIMIT=1800 seconds "$BIN" verify --database-url "$URL") || failed=1
  row "$on" "entrepot verify over all of it" "${took:-failed}" s
  [ "$on" = postgres ] || [ -n "${LISTS_KEEP:-}" ] || rm -f "$kept"*
done
end_figures
exit "$failed"
