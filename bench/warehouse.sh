#!/usr/bin/env bash
# How long the warehouse's large pieces of work take, on SQLite and on Postgres: imports, an export, a count, reorder suggestions,
# receipts, the costs' book.
#
#   bench/warehouse.sh [sqlite|postgres|both] [ARGS]    ARGS go to bench/warehouse.py, e.g. --products 10000 --rows 100000
#
# Each database is new; afterwards `entrepot verify` goes over it. Postgres is the throwaway one of scripts/services.sh. Settings: the head of
# bench/lib.sh.
set -euo pipefail
ME=warehouse
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

WHERE="${1:-both}"
[ $# = 0 ] || shift
case "$WHERE" in
sqlite | postgres) ON=("$WHERE") ;;
both) ON=(sqlite postgres) ;;
-h | --help)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac
need_binary

FOLDER="$WORK/warehouse"
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
STARTED=''
trap 'stop_server warehouse; [ -z "$STARTED" ] || "$ROOT/scripts/services.sh" stop' EXIT

failed=0
for on in "${ON[@]}"; do
  mkdir -p "$FOLDER/$on"
  url="sqlite://$FOLDER/$on/entrepot.sqlite"
  if [ "$on" = postgres ]; then
    if ! "$ROOT/scripts/services.sh" status >/dev/null; then
      STARTED=1
      "$ROOT/scripts/services.sh" start
    fi
    eval "$("$ROOT/scripts/services.sh" env)"
    name="entrepot_warehouse_$$"
    "$(find_pg_bin)/psql" -X -q "$ENTREPOT_TEST_POSTGRES_URL" -c "CREATE DATABASE $name" >&2
    url="${ENTREPOT_TEST_POSTGRES_URL%/*}/$name"
  fi
  "$BIN" migrate --database-url "$url"
  serve warehouse "$url" "$PORT" --files "file:$FOLDER/$on/files"
  echo "on $on:"
  rc=0
  python3 "$ROOT/bench/warehouse.py" --url "http://127.0.0.1:$PORT/graphql" --out "$FOLDER/$on" --pid "$(server_pid warehouse)" "$@" || rc=$?
  stop_server warehouse
  "$BIN" verify --database-url "$url" | tail -n 1 || rc=$?
  [ "$on" != postgres ] || "$(find_pg_bin)/psql" -X -q "$ENTREPOT_TEST_POSTGRES_URL" -c "DROP DATABASE ${url##*/} WITH (FORCE)"
  [ "$rc" = 0 ] || failed=1
done
exit "$failed"
