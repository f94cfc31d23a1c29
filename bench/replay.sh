#!/usr/bin/env bash
# A retailer's whole year through the public API: wall time and the server's peak memory, on SQLite and on Postgres.
#
#   bench/replay.sh [--keep] [sqlite|postgres|both] [FILE [EXPECTED]]
#
# FILE has the columns of the replay rule (default: the full file in ../shared/data), EXPECTED the totals that
# `entrepot replay --expect` compares with. Each database is new; afterwards `entrepot verify` goes over it.
# Owed: three minutes and 300 MiB on each. Postgres is the throwaway one of scripts/services.sh. With --keep the databases
# stay, for bench/insight.sh, bench/backup.sh and bench/copy.sh: their addresses in $ENTREPOT_BENCH_WORK/replayed/sqlite.url and postgres.url.
# Postgres then goes on running: scripts/services.sh stop ends it, and what it holds. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=replay
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

KEEP=''
if [ "${1:-}" = --keep ]; then
  KEEP=1
  shift
fi
WHERE="${1:-both}"
FILE="${2:-$ROOT/../shared/data/online-retail.csv.zst}"
EXPECTED="${3:-$(dirname "$FILE")/expected.json}"
case "$WHERE" in
sqlite) ON=(sqlite) ;;
postgres) ON=(postgres) ;;
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
[ -r "$FILE" ] || die "no file $FILE"
need_binary

FOLDER="$WORK/replay${KEEP:+ed}"
if [ -n "$KEEP" ]; then
  for on in "${ON[@]}"; do rm -rf "${FOLDER:?}/$on" "$FOLDER/$on."*; done
  [[ " ${ON[*]} " != *" sqlite "* ]] || rm -rf "$FOLDER"/entrepot.sqlite*
else
  rm -rf "$FOLDER"
fi
mkdir -p "$FOLDER"
STARTED=''
trap 'stop_server replay; [ -z "$STARTED" ] || [ -n "$KEEP" ] || "$ROOT/scripts/services.sh" stop' EXIT

database_url() {
  case $1 in
  sqlite) echo "sqlite://$FOLDER/entrepot.sqlite" ;;
  postgres)
    local name="entrepot_replay${KEEP:+ed}_$$"
    "$(find_pg_bin)/psql" -X -q "$ENTREPOT_TEST_POSTGRES_URL" -c "CREATE DATABASE $name" >&2
    echo "${ENTREPOT_TEST_POSTGRES_URL%/*}/$name"
    ;;
  esac
}

# watch_memory PID: each second the process has run, its anonymous memory and that of mapped files, in MB, until it ends
watch_memory() {
  local second=0
  while [ -r "/proc/$1/status" ]; do
    awk -v s="$second" '$1 == "RssAnon:" { a = $2 } $1 == "RssFile:" { f = $2 } END { printf "%d %.1f %.1f\n", s, a / 1024, f / 1024 }' "/proc/$1/status" || break
    sleep 1
    second=$((second + 1))
  done 2>/dev/null
}

failed=0
for on in "${ON[@]}"; do
  if [ "$on" = postgres ]; then
    if ! "$ROOT/scripts/services.sh" status >/dev/null; then
      STARTED=1
      "$ROOT/scripts/services.sh" start
    fi
    eval "$("$ROOT/scripts/services.sh" env)"
  fi
  url=$(database_url "$on")
  "$BIN" migrate --database-url "$url"
  serve replay "$url" "$PORT"
  python3 "$ROOT/bench/load.py" register --url "http://127.0.0.1:$PORT/graphql" --out "$FOLDER/$on"
  token=$(python3 "$ROOT/bench/load.py" token --out "$FOLDER/$on")
  expect=()
  [ ! -r "$EXPECTED" ] || expect=(--expect "$EXPECTED")
  began=$(date +%s.%N) rc=0
  watch_memory "$(server_pid replay)" >"$FOLDER/$on.memory" &
  "$BIN" replay "$FILE" --url "http://127.0.0.1:$PORT/graphql" --token "$token" "${expect[@]}" >"$FOLDER/$on.log" 2>&1 || rc=$?
  ended=$(date +%s.%N)
  peak=$(memory_mb "$(server_pid replay)" VmHWM)
  stop_server replay
  tail -n 40 "$FOLDER/$on.log"
  awk '$2 > most { most = $2; at = $1; file = $3 } END { printf "anonymous memory: at most %.1f MB, in second %d of %d, beside %.1f MB of mapped files\n", most, at, NR, file }' "$FOLDER/$on.memory"
  "$BIN" verify --database-url "$url" || rc=$?
  awk -v on="$on" -v b="$began" -v e="$ended" -v mb="$peak" -v rc="$rc" \
    'BEGIN { printf "replay on %s: %.1f s with its comparison (owed: 180 for the load), server peak %s MB (owed 300), %s\n", on, e - b, mb, rc == 0 ? "totals equal, verify clean" : "FAILED with exit " rc }'
  if [ -n "$KEEP" ] && [ "$rc" = 0 ]; then
    echo "$url" >"$FOLDER/$on.url"
    continue
  fi
  [ "$on" != postgres ] || "$(find_pg_bin)/psql" -X -q "$ENTREPOT_TEST_POSTGRES_URL" -c "DROP DATABASE ${url##*/} WITH (FORCE)"
  [ "$rc" = 0 ] || failed=1
done
exit "$failed"
