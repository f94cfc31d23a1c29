#!/usr/bin/env bash
# Two versions of Entrepot side by side under load: an upgrade by two sets of nodes behind nginx (scripts/blue-green.sh), and what clients saw of it.
#
#   bench/upgrade.sh OLD_BINARY [postgres]    the newer one is ENTREPOT_BIN, or a release build of this checkout; about two minutes
#
# The older version makes a database and serves it behind nginx, with eight writers, four readers and two subscribers. Then, while they go on: the
# newer version migrates, a node of it is started beside the older one, nginx passes requests to both for a while, then to the newer one alone, and
# the older node is asked to stop. In the end each answered write has to be there once and is sent again, each level has to be the sum of what was
# answered, no version of a level may be missing in a stream, and the newer version's `verify` has to hold.
#
# Owed: no failed request, no write lost or done twice, no gap and no reset of a stream, no 2 s without an answered write, `/readyz` at nginx ready
# throughout. Two binaries of one version may be compared as well: that says what exchanging nodes costs, and nothing about migrations. SQLite has one
# process for a file, so two versions never serve it together.
#
# UPGRADE_ENTRIES, such as 10000000, has the older version serve beside so many entries of other tenants, as bench/growth.sh makes them: then migrations
# meet a ledger of that size. They are deleted before `verify`. It needs a superuser and 0.6 kB of disk for each, and takes some 15 minutes more for ten million.
# UPGRADE_SECONDS (75, at least 60) is the time of the load. Needed: nginx, curl, python3, and the Postgres and Redis of scripts/services.sh. A line of JSON goes to
# $ENTREPOT_BENCH_WORK/upgrade.jsonl, logs to upgrade/ beside it. Prints a table of Markdown; ends with 1 when something is missed. Further settings:
# the head of bench/lib.sh; the ports are ENTREPOT_BENCH_PORT (nginx) and the two after it.
set -euo pipefail
ME=upgrade
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in
-h | --help)
  usage
  exit 0
  ;;
'')
  usage >&2
  exit 2
  ;;
esac
case "${2:-postgres}" in
postgres) ;;
sqlite) die "an embedded database is served by one process: stop the older version, then start the newer one" ;;
*)
  usage >&2
  exit 2
  ;;
esac
[ -x "$1" ] || die "OLD_BINARY is no program: $1"
OLD=$(realpath "$1")
LOAD_SECONDS="${UPGRADE_SECONDS:-75}"
[ "$LOAD_SECONDS" -ge 60 ] || die "UPGRADE_SECONDS is 60 at least: nodes are exchanged in about 45"
ENTRIES="${UPGRADE_ENTRIES:-0}"
[[ "$ENTRIES" =~ ^[0-9]+$ ]] || die "UPGRADE_ENTRIES is a number of entries: $ENTRIES"
for tool in nginx curl; do command -v "$tool" >/dev/null || die "needs $tool"; done
need_binary
NEW=$(realpath "$BIN")

FOLDER="$WORK/upgrade" FIGURES="$WORK/upgrade.figures.jsonl"
RUN="$FOLDER" # pids and logs of this script alone
MARKS="$FOLDER/marks" FRONT=$PORT OLD_PORT=$((PORT + 1)) NEW_PORT=$((PORT + 2))
rm -rf "$FOLDER"
mkdir -p "$FOLDER/sets"
chmod 711 "$FOLDER"
rm -f "$FIGURES" "$WORK/upgrade.jsonl"
for port in "$FRONT" "$OLD_PORT" "$NEW_PORT"; do port_free "$port" || die "port $port is taken; set ENTREPOT_BENCH_PORT"; done

LOAD='' GROWN=()
finish_all() {
  [ -z "$LOAD" ] || kill "$LOAD" 2>/dev/null || true
  [ ! -s "$FOLDER/nginx.pid" ] || end_process "$(cat "$FOLDER/nginx.pid")"
  stop_server old
  stop_server new
  clean_up
}
trap finish_all EXIT
trap 'exit 130' INT TERM

mark() { printf '%s %s\n' "$1" "$(date +%s.%N)" >>"$MARKS"; }

# ── nginx as in deploy, with a link in place of the nodes ─────────────────────────────────────────────────────────────

NGINX=(nginx -e "$FOLDER/nginx.log" -c "$FOLDER/nginx.conf" -p "$FOLDER")
write_nginx() {
  local set
  echo "server 127.0.0.1:$OLD_PORT max_fails=2 fail_timeout=5s;" >"$FOLDER/sets/old.conf"
  echo "server 127.0.0.1:$NEW_PORT max_fails=2 fail_timeout=5s;" >"$FOLDER/sets/new.conf"
  cat "$FOLDER/sets/old.conf" "$FOLDER/sets/new.conf" >"$FOLDER/sets/both.conf"
  ln -s old.conf "$FOLDER/sets/active.conf"
  {
    printf 'pid %s/nginx.pid;\nerror_log %s/nginx.log warn;\n' "$FOLDER" "$FOLDER"
    awk -v include="    include $FOLDER/sets/active.conf;" -v listen="    listen 127.0.0.1:$FRONT;" -v dir="$FOLDER" '
      /# NODES END/ { skipping = 0 }
      skipping { next }
      /# LISTEN/ { print listen; next }
      { print }
      /# NODES$/ { print include; skipping = 1 }
      /^http \{/ { for (i = split("client_body proxy fastcgi uwsgi scgi", kind, " "); i > 0; i--) printf "  %s_temp_path %s/nginx-%s;\n", kind[i], dir, kind[i] }
    ' "$ROOT/deploy/nginx.conf"
  } >"$FOLDER/nginx.conf"
  for set in old new both; do grep -q server "$FOLDER/sets/$set.conf" || die "the set $set names no server"; done
}

# Watched for two seconds: the load itself says what clients see.
switch_to() { # set
  BLUE_GREEN_DIR="$FOLDER/sets" BLUE_GREEN_NGINX="${NGINX[*]}" BLUE_GREEN_WATCH=2 BLUE_GREEN_URL="http://127.0.0.1:$FRONT" \
    "$ROOT/scripts/blue-green.sh" switch "$1"
}

# ── the older version, and its load ───────────────────────────────────────────────────────────────────────────────────

# A node behind a proxy registers no company unless it is told to.
node() { # name, binary, port
  BIN=$2
  serve "$1" "$URL" "$3" --redis-url "$ENTREPOT_TEST_REDIS_URL" --files "file:$FOLDER/files" --proxy 127.0.0.1 --registration open --drain-seconds 1 --socket-drain-seconds 3
}

need_services postgres
[ -n "${ENTREPOT_TEST_REDIS_URL:-}" ] || die "there is no Redis: scripts/services.sh start"
export ENTREPOT_KEYS_FILE="$FOLDER/keys"
(umask 077 && "$OLD" keys new >"$ENTREPOT_KEYS_FILE")
BIN=$OLD
new_database upgrade postgres
say "from $("$OLD" version 2>/dev/null | head -n 1 || true) to $("$NEW" version 2>/dev/null | head -n 1 || true)"
"$NEW" migrate --plan --database-url "$URL" >"$FOLDER/plan" 2>&1 || say "no plan: $(tail -n 1 "$FOLDER/plan")"
! grep -q BREAKING "$FOLDER/plan" || die "migrations of the newer version are BREAKING ($FOLDER/plan): the older one has to be stopped before them"
node old "$OLD" "$OLD_PORT"
if [ "$ENTRIES" -gt 0 ]; then
  mkdir "$FOLDER/grown"
  python3 -B "$ROOT/bench/load.py" fill --url "http://127.0.0.1:$OLD_PORT/graphql" --out "$FOLDER/grown" --products 500 --customers 100 --orders 1000
  say "[${SECONDS}s] $ENTRIES entries of other tenants"
  "$(find_pg_bin)/psql" -Xq -v ON_ERROR_STOP=1 -v "entries=$ENTRIES" "$URL" -f "$ROOT/bench/growth.sql"
  GROWN=(--grown)
  say "[${SECONDS}s] they are there"
fi
write_nginx
"${NGINX[@]}" </dev/null >"$FOLDER/nginx.out" 2>&1 || die "nginx does not start: $(tail -n 5 "$FOLDER/nginx.out")"
wait_for 10 ready "$FRONT" || die "nginx does not answer"
: >"$MARKS"
TMPDIR=$FOLDER python3 -B "$ROOT/bench/upgrade.py" --front "$FRONT" --marks "$MARKS" --ready "$FOLDER/loading" --psql "$(find_pg_bin)/psql" --database "$URL" \
  --binary "$NEW" --seconds "$LOAD_SECONDS" --out "$WORK/upgrade.jsonl" --figures "$FIGURES" "${GROWN[@]}" 2>"$FOLDER/load.log" &
LOAD=$!
wait_for 60 test -e "$FOLDER/loading" || die "the load does not begin: $(tail -n 3 "$FOLDER/load.log")"

# ── the upgrade ───────────────────────────────────────────────────────────────────────────────────────────────────────

sleep 8
mark migrating
MIGRATION=$(LIMIT=120 seconds "$NEW" migrate --database-url "$URL")
mark migrated
say "migrated in $MIGRATION s"
ready "$OLD_PORT" || die "the older node is not ready after the migration: $(curl --silent --max-time 5 "http://127.0.0.1:$OLD_PORT/readyz")"
sleep 5
node new "$NEW" "$NEW_PORT"
mark both
switch_to both
sleep 12
mark new
switch_to new
sleep 3
mark stopping
stop_server old
mark drained
rc=0
wait "$LOAD" || rc=$?
LOAD=''
tail -n 20 "$FOLDER/load.log" >&2
[ -e "$FIGURES" ] || die "the load ended without a result"
row postgres "migration" "$MIGRATION" s --note "$(wc -l <"$FOLDER/plan") lines in the plan"
end_figures || rc=1
[ "$rc" = 0 ] || die "see $WORK/upgrade.jsonl and $FOLDER"
