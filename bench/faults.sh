#!/usr/bin/env bash
# Faults, made for real while clients write: how long the service is away, and that nothing that was answered is lost.
#
#   bench/faults.sh [FAULT...]       the faults that are named, or all, one after another (about 20 minutes)
#   bench/faults.sh --list           their names, a line each
#
# Each fault has a fresh database, two nodes, two companies and eight clients that book stock adjustments and orders with idempotency
# keys for a minute. After ten seconds the fault is made. A client sends an operation again with the same key until it is answered, after
# 250 ms at most, and goes to the other node when one does not answer within 15 s. Then each answered write has to be in the database
# exactly once, each level has to be the sum of what was answered, operations around the fault are sent once more and have to get their
# first answer, and `entrepot verify` runs. The fault fails if one of these does not hold.
#
# Postgres and Redis are its own: processes on the seven loopback ports from ENTREPOT_FAULTS_PORT (15540) on, data in a temporary
# folder. It refuses to run when one of these ports is taken, and it ends no process but its own. Needed: the Postgres server programs (15 or
# newer), redis-server, python3; for the clock also libfaketime (Debian: faketime), which is installed where that is ours to do.
# FAULTS_SECONDS (60, at least 45) is the time of a load, FAULTS_SOAK (180) that of the soak. Lines of JSON go to $ENTREPOT_BENCH_WORK/faults.jsonl
# (removed first), logs to faults-logs beside it, a table of Markdown to the terminal. Further settings: the head of bench/lib.sh.
set -euo pipefail
ME=faults
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

BASE_PORT="${ENTREPOT_FAULTS_PORT:-15540}"
POSTGRES=$BASE_PORT REDIS=$((BASE_PORT + 1)) PROXY=$((BASE_PORT + 2)) HOOKS=$((BASE_PORT + 3)) WELL=$((BASE_PORT + 4))
NODES=($((BASE_PORT + 5)) $((BASE_PORT + 6)))
LOAD_SECONDS="${FAULTS_SECONDS:-60}" SOAK="${FAULTS_SOAK:-180}"
[ "$LOAD_SECONDS" -ge 45 ] || die "FAULTS_SECONDS is 45 at least: a fault begins after 10 s, lasts for 20, and what follows counts"
BEFORE=10 # seconds of load before the fault
LINES="$WORK/faults.jsonl" LOGS="$WORK/faults-logs"

# The faults in their order: name, what the table says. `break_NAME` makes one and ends it.
FAULTS=$(
  cat <<'LIST'
none             no fault, for comparison
postgres-fast    Postgres is restarted, `fast`: sessions are ended
postgres-crash   Postgres is restarted, `immediate`: it recovers from its log
postgres-killed  Postgres' first process is killed (kill -9), started after 5 s
postgres-paused  all processes of Postgres stand still (SIGSTOP)
black-hole       the network to Postgres swallows everything and never tells
redis-killed     Redis is killed (kill -9), started after 20 s
redis-paused     Redis stands still (SIGSTOP)
node-killed      one of two nodes is killed (kill -9), started after 5 s
node-paused      one of two nodes stands still (SIGSTOP)
hooks-dead       a webhook receiver is gone
hooks-slow       a webhook receiver does not answer
clock-ahead      the clock of one of two nodes is an hour ahead
clock-behind     the clock of one of two nodes is an hour behind
soak             no fault: a soak, for memory and descriptors
LIST
)

names() { awk '{ print $1 }' <<<"$FAULTS"; }
what() { awk -v n="$1" '$1 == n { sub(/^[^ ]+ +/, ""); print }' <<<"$FAULTS"; }

case "${1:-}" in
-h | --help | help)
  usage
  exit 0
  ;;
--list)
  echo "$FAULTS"
  exit 0
  ;;
esac
for name in "$@"; do
  names | grep -qx -- "$name" || die "there is no fault $name; there are: $(names | tr '\n' ' ')"
done
[ $# -gt 0 ] || mapfile -t ALL < <(names)
[ $# = 0 ] || ALL=("$@")

PG_BIN=$(find_pg_bin) || die "needs the Postgres server programs, 15 or newer (Debian: apt-get install postgresql)"
command -v redis-server >/dev/null || die "needs redis-server (Debian: apt-get install redis-server)"
need_binary
for port in $(seq "$BASE_PORT" $((BASE_PORT + 6))); do
  port_free "$port" || die "port $port is taken; set ENTREPOT_FAULTS_PORT"
done

DIR=$(mktemp -d "${TMPDIR:-/tmp}/entrepot-faults.XXXXXX")
chmod 711 "$DIR"
RUN="$DIR/run" SWITCH="$DIR/switch" MARKS="$DIR/marks"
mkdir -p "$RUN" "$LOGS"
export ENTREPOT_KEYS_FILE="$DIR/keys"
ROOT_URL="postgres://postgres@127.0.0.1:$POSTGRES"
LOAD=''

as_service() {
  if is_root; then
    (cd / && exec runuser -u "$(service_user)" -- "$@")
  else
    (cd / && exec "$@")
  fi
}

own_folder() {
  mkdir -p "$1"
  chmod 700 "$1"
  if is_root; then chown "$(service_user)" "$1"; fi
}

mark() { printf '%s %s\n' "$1" "$(date +%s.%N)" >>"$MARKS"; }
query() { PGOPTIONS='-c client_min_messages=warning' "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 "$ROOT_URL/postgres" -c "$1"; }

# ── Postgres ──────────────────────────────────────────────────────────────────────────────────────────────────────────

postgres() { as_service "$PG_BIN/pg_ctl" -D "$DIR/pg" -w -t 60 -l "$DIR/pg/server.log" "$@" >/dev/null; }
postmaster() { head -n 1 "$DIR/pg/postmaster.pid" 2>/dev/null; }

# Signals the first process and then all that it has started; none can be added in between.
signal_postgres() { # signal, pids
  local signal=$1
  shift
  kill "-$signal" "$@" 2>/dev/null || true
}

make_postgres() {
  own_folder "$DIR/pg"
  as_service "$PG_BIN/initdb" -D "$DIR/pg" -U postgres --auth=trust -E UTF8 --no-sync --locale=C >/dev/null
  cat >>"$DIR/pg/postgresql.auto.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $POSTGRES
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
lc_messages = 'C'
CONF
  postgres start
  query 'CREATE DATABASE migrated'
  "$BIN" migrate --database-url "$ROOT_URL/migrated" >"$RUN/migrate.log" 2>&1 || {
    tail -n 5 "$RUN/migrate.log" >&2
    die "the migrations failed"
  }
}

# ── Redis, the proxy, receivers ───────────────────────────────────────────────────────────────────────────────────────

background() { # name, command...
  local name=$1
  shift
  "$@" </dev/null >>"$RUN/$name.log" 2>&1 &
  echo $! >"$RUN/$name.pid"
  disown
}

start_redis() {
  background redis redis-server --bind 127.0.0.1 --port "$REDIS" --dir "$DIR" --save '' --appendonly no
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$REDIS" || die "redis did not start"
}

start_proxy() {
  background proxy python3 "$ROOT/bench/faults.py" proxy "$PROXY" "$POSTGRES" "$SWITCH"
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$PROXY" || die "the proxy did not start"
}

start_receiver() { # name, port, switch
  background "$1" python3 "$ROOT/bench/faults.py" receiver "$2" "$DIR/$1.got" "$3"
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$2" || die "the receiver did not start"
}

# Ends a process of ours for good, also one that stands still.
finish() { # name
  local pid
  pid=$(cat "$RUN/$1.pid" 2>/dev/null) || return 0
  kill -CONT "$pid" 2>/dev/null || true
  end_process "$pid"
  rm -f "$RUN/$1.pid"
}

# ── nodes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

start_node() { # number
  local node=node$1 port=$POSTGRES
  [ ! -e "$RUN/proxy.pid" ] || port=$PROXY
  if [ "$1" = 1 ] && [ -n "$CLOCK" ]; then
    # Its clock is what the file says; the monotonic one stays.
    local -x LD_PRELOAD="$CLOCK" FAKETIME_TIMESTAMP_FILE="$DIR/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
  fi
  launch "$node" "postgres://postgres@127.0.0.1:$port/fault" "${NODES[$1 - 1]}" --redis-url "redis://127.0.0.1:$REDIS" \
    --files "file:$DIR/files" --anonymous-requests off --webhooks-allow 127.0.0.0/8
  disown
  wait_for 30 ready "${NODES[$1 - 1]}" || {
    tail -n 5 "$RUN/$node.log" >&2
    say "node $1 did not get ready"
    return 1
  }
}

stop_nodes() {
  local number pid
  for number in 1 2; do
    pid=$(server_pid "node$number") || continue
    kill -CONT "$pid" 2>/dev/null || true
    stop_server "node$number"
  done
}

node_pid() { server_pid "node$1"; }

# ── the faults: each makes its own, and marks when it began and ended ─────────────────────────────────────────────────

break_none() {
  mark fault
  mark healed
}
break_soak() { break_none; }

break_postgres-fast() {
  mark fault
  postgres -m fast restart
  mark healed
}

break_postgres-crash() {
  mark fault
  postgres -m immediate restart
  mark healed
}

break_postgres-killed() {
  local pid
  pid=$(postmaster)
  mark fault
  kill -9 "$pid"
  sleep 5
  # Its children end when they see that it is gone, and hold its memory until then.
  wait_for 30 postgres start
  mark healed
}

break_postgres-paused() {
  local pid children
  pid=$(postmaster)
  mark fault
  kill -STOP "$pid"
  mapfile -t children < <(pgrep -P "$pid")
  signal_postgres STOP "${children[@]}"
  sleep 20
  signal_postgres CONT "${children[@]}" "$pid"
  mark healed
}

break_black-hole() {
  mark fault
  : >"$SWITCH"
  sleep 20
  rm "$SWITCH"
  mark healed
}

break_redis-killed() {
  mark fault
  kill -9 "$(cat "$RUN/redis.pid")"
  sleep 20
  start_redis
  mark healed
}

break_redis-paused() {
  mark fault
  kill -STOP "$(cat "$RUN/redis.pid")"
  sleep 20
  kill -CONT "$(cat "$RUN/redis.pid")"
  mark healed
}

break_node-killed() {
  mark fault
  kill -9 "$(node_pid 1)"
  sleep 5
  start_node 1 || true
  mark healed
}

break_node-paused() {
  mark fault
  kill -STOP "$(node_pid 1)"
  sleep 20
  kill -CONT "$(node_pid 1)"
  mark healed
}

break_hooks-dead() {
  mark fault
  kill -9 "$(cat "$RUN/hooks.pid")"
  sleep 20
  start_receiver hooks "$HOOKS" "$SWITCH"
  mark healed
}

break_hooks-slow() { break_black-hole; }

set_clock() { # the offset; in one step, the node reads the file at each look at its clock
  echo "$1" >"$DIR/clock.new"
  mv "$DIR/clock.new" "$DIR/clock"
}

break_clock() { # offset
  mark fault
  set_clock "$1"
  sleep 20
  set_clock +0
  mark healed
}
break_clock-ahead() { break_clock +3600; }
break_clock-behind() { break_clock -3600; }

# ── one fault from beginning to end ───────────────────────────────────────────────────────────────────────────────────

clean_up() {
  [ -z "$LOAD" ] || kill "$LOAD" 2>/dev/null || true
  stop_nodes
  for name in redis proxy hooks well; do finish "$name"; done
  if [ -n "$(postmaster)" ]; then
    mapfile -t children < <(pgrep -P "$(postmaster)")
    signal_postgres CONT "${children[@]}" "$(postmaster)"
    postgres -m immediate stop || true
  fi
  rm -rf "${DIR:?}"
}

find_clock() {
  local found
  found=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
  if [ -z "$found" ]; then
    (apt_install faketime) || true
    found=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
  fi
  echo "$found"
}

# Called where a failure is counted, so nothing here ends the script by itself.
try_fault() { # name
  local name=$1 rc=0 seconds=$LOAD_SECONDS further=()
  CLOCK=''
  rm -f "$SWITCH" "$MARKS" "$DIR"/*.got "$RUN/loading"
  query 'DROP DATABASE IF EXISTS fault WITH (FORCE)' || die "the database of before cannot be dropped"
  query 'CREATE DATABASE fault TEMPLATE migrated' || die "there is no database"
  query CHECKPOINT # else a crash is recovered from all files of the new database
  case $name in
  black-hole) start_proxy ;;
  hooks-*)
    start_receiver hooks "$HOOKS" "$SWITCH"
    start_receiver well "$WELL" "$DIR/never"
    # As many messages as a node sends in the time that is left.
    further=(--webhooks "$HOOKS" "$WELL" --received "$DIR/hooks.got" "$DIR/well.got" --pause 0.4)
    ;;
  clock-*)
    CLOCK=$(find_clock)
    if [ -z "$CLOCK" ]; then
      say "$name: left out, there is no libfaketime here"
      return 0
    fi
    set_clock +0
    ;;
  soak)
    seconds=$SOAK
    further=(--soak)
    ;;
  esac
  start_redis
  start_node 1 || return 1
  start_node 2 || return 1
  TMPDIR=$DIR python3 "$ROOT/bench/faults.py" load --name "$name" --what "$(what "$name")" --out "$LINES" --marks "$MARKS" --ready "$RUN/loading" \
    --psql "$PG_BIN/psql" --database "$ROOT_URL/fault" --binary "$BIN" --nodes "${NODES[@]}" --pids "$RUN/node1.pid" "$RUN/node2.pid" \
    --seconds "$seconds" "${further[@]}" 2>"$RUN/load.log" &
  LOAD=$!
  wait_for 60 test -e "$RUN/loading" || {
    tail -n 5 "$RUN/load.log" >&2
    die "$name: the load does not begin"
  }
  sleep "$BEFORE"
  say "$name: $(what "$name")"
  "break_$name"
  wait "$LOAD" || rc=$?
  LOAD=''
  tail -n 1 "$RUN/load.log" >&2
  for number in 1 2; do cp "$RUN/node$number.log" "$LOGS/$name-node$number.log"; done
  cp "$DIR/pg/server.log" "$LOGS/$name-postgres.log" 2>/dev/null || true
  cp "$RUN/load.log" "$LOGS/$name-load.log"
  stop_nodes
  for process in redis proxy hooks well; do finish "$process"; done
  return "$rc"
}

trap clean_up EXIT
trap 'exit 130' INT TERM
(umask 077 && "$BIN" keys new >"$ENTREPOT_KEYS_FILE")
make_postgres
rm -f "$LINES"
failed=()
for name in "${ALL[@]}"; do
  try_fault "$name" || failed+=("$name")
done
[ ! -e "$LINES" ] || python3 "$ROOT/bench/faults.py" table "$LINES"
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}"
