#!/usr/bin/env bash
# Faults, made for real while clients write: how long the service is away, and that nothing that was answered is lost.
#
#   bench/faults.sh [FAULT...]       the faults that are named, or all, one after another (about 40 minutes, and an hour of soak)
#   bench/faults.sh --list           their names, a line each
#
# Each fault has a fresh database, two nodes, two companies and eight clients that book stock adjustments and orders with idempotency
# keys for a minute. After ten seconds the fault is made. A client sends an operation again with the same key until it is answered, after
# 250 ms at most, and goes to the other node when one does not answer within 15 s. Then each answered write has to be in the database
# exactly once, each level has to be the sum of what was answered, operations around the fault are sent once more and have to get their
# first answer, and `entrepot verify` runs. The fault fails if one of these does not hold, if the outage is more than 5 s longer than the fault (3 s in
# all where the fault stops no writes), if after its end the first write takes more than 5 s or a refusal comes after 10 s, or if it had no effect.
#
# Some differ. Where nodes lose Redis or one loses Postgres, a stream of one company is followed at the first node: no change may be missing in it, and the time
# from the answer of a change until it arrives there is said. The faults of a bucket have one node on SQLite that ships its log there; after them `backup verify` and `backup drill` have
# to hold; where the bucket lied, of the generation that was given up and of the one after it, and the log of backups has to tell why. The overload has callers of its own (bench/overload.py): it fails
# where less than 90 % of the best is answered, p99 of what is answered is beyond 2 s, or a refusal has no code. The soak fails where memory
# grows by more than 5 % after its first third, or a descriptor is lost.
#
# Postgres and Redis are its own: processes on the eleven loopback ports from ENTREPOT_FAULTS_PORT (15540) on, data in a temporary
# folder. It refuses to run when one of these ports is taken, and it ends no process but its own. Needed: the Postgres server programs (15 or
# newer), redis-server, python3; for the clock also libfaketime (Debian: faketime), which is installed where that is ours to do; for full disks
# root, which may mount a tmpfs. A fault that cannot be made here is left out, and that is said: it ends with 3 then.
# FAULTS_SECONDS (60, at least 55) is the time of a load, FAULTS_OVERLOAD (300) that of the overload, FAULTS_SOAK (3600) that of the soak. Lines
# of JSON go to $ENTREPOT_BENCH_WORK/faults.jsonl (removed first), logs to faults-logs beside it, a table of Markdown to the terminal. Further
# settings: the head of bench/lib.sh.
set -euo pipefail
ME=faults
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

BASE_PORT="${ENTREPOT_FAULTS_PORT:-15540}"
POSTGRES=$BASE_PORT REDIS=$((BASE_PORT + 1)) PROXY=$((BASE_PORT + 2)) HOOKS=$((BASE_PORT + 3)) WELL=$((BASE_PORT + 4))
NODES=($((BASE_PORT + 5)) $((BASE_PORT + 6)))
METRICS=$((BASE_PORT + 7)) MAIL=$((BASE_PORT + 8)) BUCKET=$((BASE_PORT + 9)) REDIS_PROXY=$((BASE_PORT + 10))
LOAD_SECONDS="${FAULTS_SECONDS:-60}" OVERLOAD="${FAULTS_OVERLOAD:-300}" SOAK="${FAULTS_SOAK:-3600}"
[ "$LOAD_SECONDS" -ge 55 ] || die "FAULTS_SECONDS is 55 at least: a fault begins after 10 s, lasts for up to 30, and what follows counts"
BEFORE=10 # seconds of load before the fault
PAUSE=30  # seconds that a process stands still
LINES="$WORK/faults.jsonl" LOGS="$WORK/faults-logs"

# The faults in their order: name, what the table says. `break_NAME` makes one and ends it.
FAULTS=$(
  cat <<'LIST'
none             no fault, for comparison
postgres-fast    Postgres is restarted, `fast`: sessions are ended
postgres-crash   Postgres is restarted, `immediate`: it recovers from its log
postgres-killed  Postgres' first process is killed (kill -9), started after 5 s
postgres-away    Postgres' first process is killed (kill -9), started after 20 s
postgres-paused  all processes of Postgres stand still (SIGSTOP, 30 s)
black-hole       the network to Postgres swallows everything and never tells
disk-full        the disk of Postgres' tables is full
log-disk-full    the disk of Postgres' log is full: it ends, and is started when there is room
redis-killed     Redis is killed (kill -9), started after 20 s
redis-paused     Redis stands still (SIGSTOP, 30 s)
redis-black-hole the network to Redis swallows everything and never tells
nodes-cut        one of two nodes is cut off from Redis, and so from the other node
node-cut-off     one of two nodes is cut off from Postgres and Redis, and clients reach it all the same
node-killed      one of two nodes is killed (kill -9), started after 5 s
node-paused      one of two nodes stands still (SIGSTOP, 30 s)
hooks-dead       a webhook receiver is gone
hooks-slow       a webhook receiver does not answer
mail-dead        the mail server is gone, while somebody is invited each second
mail-slow        the mail server says nothing, while somebody is invited each second
bucket-dead      SQLite ships its log to a bucket that ends each connection
bucket-slow      SQLite ships its log to a bucket that takes 4 s for each answer
bucket-lies      SQLite ships its log to a bucket that keeps each object with one bit turned
clock-ahead      the clock of one of two nodes is an hour ahead
clock-behind     the clock of one of two nodes is an hour behind
memory           one of two nodes is started again and says that it is at its limit of memory
memory-refused   the system gives one of two nodes no more memory, and kills it after 10 s
overload         twice the load that the node can bear
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
for port in $(seq "$BASE_PORT" $((BASE_PORT + 10))); do
  port_free "$port" || die "port $port is taken; set ENTREPOT_FAULTS_PORT"
done

DIR=$(mktemp -d "${TMPDIR:-/tmp}/entrepot-faults.XXXXXX")
chmod 711 "$DIR"
RUN="$DIR/run" SWITCH="$DIR/switch" MARKS="$DIR/marks"
mkdir -p "$RUN" "$LOGS"
export ENTREPOT_KEYS_FILE="$DIR/keys"
ROOT_URL="postgres://postgres@127.0.0.1:$POSTGRES"
LOAD='' EMBEDDED='' SMALL='' BEHIND=''
# Of the double of a bucket, which looks at no signature.
export AWS_ENDPOINT="http://127.0.0.1:$BUCKET" AWS_ALLOW_HTTP=true AWS_REGION=eu-west-2 AWS_ACCESS_KEY_ID=nobody AWS_SECRET_ACCESS_KEY=nothing

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
query() { PGOPTIONS='-c client_min_messages=warning' timeout 60 "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 "$ROOT_URL/postgres" -c "$1"; }

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

start_proxy() { # name, port, target
  background "$1" python3 "$ROOT/bench/faults.py" proxy "$2" "$3" "$SWITCH"
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$2" || die "the $1 did not start"
}
start_postgres_proxy() { start_proxy proxy "$PROXY" "$POSTGRES"; }
start_redis_proxy() { start_proxy redis-proxy "$REDIS_PROXY" "$REDIS"; }

start_receiver() { # name, port, switch
  background "$1" python3 "$ROOT/bench/faults.py" receiver "$2" "$DIR/$1.got" "$3"
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$2" || die "the receiver did not start"
}

start_double() { # bucket|mail, port, what it writes
  background "$1" python3 "$ROOT/bench/doubles.py" "$1" "$2" "$3" "$SWITCH"
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$2" || die "the double of a $1 did not start"
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

start_node() { # number, further arguments
  local node=node$1 port=$POSTGRES redis=$REDIS number=$1 url further=()
  shift
  if [[ "$BEHIND" == *"$number"* ]]; then
    [ ! -e "$RUN/proxy.pid" ] || port=$PROXY
    [ ! -e "$RUN/redis-proxy.pid" ] || redis=$REDIS_PROXY
  fi
  if [ "$number" = 1 ] && [ -n "$CLOCK" ]; then
    # Its clock is what the file says; the monotonic one stays.
    local -x LD_PRELOAD="$CLOCK" FAKETIME_TIMESTAMP_FILE="$DIR/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
  fi
  url="postgres://postgres@127.0.0.1:$port/fault"
  [ ! -e "$RUN/mail.pid" ] || further=(--mail "smtp://127.0.0.1:$MAIL" --registration open)
  if [ -n "$EMBEDDED" ]; then
    url="sqlite://$EMBEDDED"
    further=(--backups s3://faults/backups --backup-ship-log --backup-drill-every off --metrics-listen "127.0.0.1:$METRICS")
  fi
  launch "$node" "$url" "${NODES[number - 1]}" --redis-url "redis://127.0.0.1:$redis" \
    --files "file:$DIR/files" --webhooks-allow 127.0.0.0/8 "${further[@]}" "$@"
  disown
  # At the limit of its memory it is never ready.
  [ $# = 0 ] || return 0
  wait_for 30 ready "${NODES[number - 1]}" || {
    tail -n 5 "$RUN/$node.log" >&2
    say "node $number did not get ready"
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

break_postgres-killed() { kill_postgres 5; }
break_postgres-away() { kill_postgres 20; }

kill_postgres() { # seconds until it is started
  local pid
  pid=$(postmaster)
  mark fault
  kill -9 "$pid"
  sleep "$1"
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
  sleep "$PAUSE"
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

# ── small disks: a tmpfs, which is what a disk without room looks like ────────────────────────────────────────────────

# Mounts a disk of so many MiB at $DIR/small. False where that is not allowed.
make_small_disk() { # MiB
  mkdir -p "$DIR/small"
  if ! is_root || ! mount -t tmpfs -o "size=$1m,mode=711" tmpfs "$DIR/small" 2>/dev/null; then return 1; fi
  SMALL=$DIR/small
  own_folder "$SMALL/ours"
}

# To the last byte.
fill_small_disk() { dd if=/dev/zero of="$SMALL/ballast" bs=64K 2>/dev/null || true; }

end_small_disk() {
  [ -n "$SMALL" ] || return 0
  umount "$SMALL" || umount -l "$SMALL"
  SMALL=''
}

# Postgres' log to a disk of its own, with as few segments ahead as can be, and back.
move_log_out() {
  query "ALTER SYSTEM SET max_wal_size = '48MB'" && query "ALTER SYSTEM SET min_wal_size = '32MB'" || return 1
  postgres restart && query 'SELECT pg_switch_wal()' >/dev/null && query CHECKPOINT && query CHECKPOINT && postgres stop || return 1
  as_service cp -a "$DIR/pg/pg_wal" "$SMALL/ours/" && mv "$DIR/pg/pg_wal" "$DIR/pg_wal.before" || return 1
  as_service ln -s "$SMALL/ours/pg_wal" "$DIR/pg/pg_wal" && postgres start
}
move_log_back() {
  query 'ALTER SYSTEM RESET max_wal_size' && query 'ALTER SYSTEM RESET min_wal_size' && postgres stop || return 1
  rm -r "$DIR/pg_wal.before" && rm "$DIR/pg/pg_wal" && as_service cp -a "$SMALL/ours/pg_wal" "$DIR/pg/" && postgres start
}

break_disk-full() {
  mark fault
  fill_small_disk
  sleep 20
  rm "$SMALL/ballast"
  mark healed
}

# A standby that is gone for good, and whose slot keeps the log: how disks of logs are filled in life.
break_log-disk-full() {
  mark fault
  query "SELECT pg_create_physical_replication_slot('gone', true)" >/dev/null || true
  fill_small_disk
  for _ in 1 2 3 4 5 6 7 8; do
    query 'SELECT pg_switch_wal()' >/dev/null 2>&1 || true
    sleep 2
  done
  sleep 4
  rm "$SMALL/ballast"
  query 'SELECT 1' >/dev/null 2>&1 || wait_for 30 postgres start
  query "SELECT pg_drop_replication_slot('gone')" >/dev/null || true
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
  sleep "$PAUSE"
  kill -CONT "$(cat "$RUN/redis.pid")"
  mark healed
}

# Nodes hear of each other by Redis alone; beside it they share the database.
break_redis-black-hole() { break_black-hole; }
break_nodes-cut() { break_black-hole; }
break_node-cut-off() { break_black-hole; }

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
  sleep "$PAUSE"
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

break_mail-dead() {
  mark fault
  kill -9 "$(cat "$RUN/mail.pid")"
  sleep 20
  start_double mail "$MAIL" "$DIR/mail.got"
  mark healed
}

break_mail-slow() { break_black-hole; }

break_bucket() { # what it does
  mark fault
  echo "$1" >"$SWITCH"
  sleep 20
  rm "$SWITCH"
  mark healed
}
break_bucket-dead() { break_bucket dead; }
break_bucket-slow() { break_bucket slow; }
break_bucket-lies() { break_bucket lies; }

# IDs of the generations that can be restored, the oldest first.
generations() { # where the database and the backups are
  "$BIN" backup list "$@" 2>/dev/null | awk -F '\t' '/segment\(s\) to/ && /keys: present/ { print $1 }'
}
two_generations() { [ "$(generations "$@" | wc -l)" -ge 2 ]; }

# What is in the bucket afterwards, beside a node that serves.
look_at_backups() { # name
  local said rc=0 ids=(newest) id
  local of=(--database-url "sqlite://$EMBEDDED" --backups s3://faults/backups)
  if [ "$1" = bucket-lies ]; then
    said=$("$BIN" backup log --database-url "sqlite://$EMBEDDED" 2>&1) || rc=$?
    say "$1: backup log: $(grep FAILED <<<"$said" | cut -f 1-3,6- | head -n 1)"
    if [ "$rc" != 0 ] || ! grep -q 'FAILED.*the segment .* read back twice as other bytes' <<<"$said"; then return 1; fi
    # The one that was given up, and the one after the pause, which was read back as a whole.
    wait_for 120 two_generations "${of[@]}" || {
      say "$1: no other generation begins"
      return 1
    }
    read -ra ids <<<"$(generations "${of[@]}" | tr '\n' ' ')"
  fi
  for id in "${ids[@]}"; do
    said=$("$BIN" backup verify "${of[@]}" "$id" 2>&1) || rc=$?
    say "$1: backup verify of $id ends with $rc: $(tail -n 1 <<<"$said")"
    [ "$rc" = 0 ] || return 1
  done
  said=$("$BIN" backup drill "${of[@]}" newest 2>&1) || rc=$?
  say "$1: backup drill ends with $rc: $(tail -n 1 <<<"$said")"
  return "$rc"
}

# It is started again with a limit that it reaches at once. Nothing is asked of it there: it would give memory back, and be below the limit.
break_memory() {
  local limit wrong=0
  mark fault
  # 64 is the least that --memory-limit takes.
  limit=$(awk '$1 == "VmRSS:" { mib = int($2 / 1024 * 0.6); print (mib < 64) ? 64 : mib }' "/proc/$(node_pid 1)/status")
  stop_server node1
  start_node 1 --memory-limit "$limit" --idle-trim false
  sleep 20
  if ready "${NODES[0]}"; then
    say "memory: the node is ready, so it is not at its limit"
    wrong=1
  fi
  kill -0 "$(node_pid 1)" || say "memory: the node has ended"
  say "memory: $(memory_mb "$(node_pid 1)" VmRSS) MiB of $limit"
  stop_server node1
  start_node 1 || true
  mark healed
  return "$wrong"
}

# As at the limit of a cgroup: what it asks for is refused, and then it is ended.
break_memory-refused() {
  local pid size
  pid=$(node_pid 1)
  size=$(awk '$1 == "VmSize:" { print $2 * 1024 }' "/proc/$pid/status")
  mark fault
  prlimit --pid "$pid" --as="$size" || return 1
  sleep 10
  if kill -9 "$pid" 2>/dev/null; then say "memory-refused: it went on without"; else say "memory-refused: it ended by itself"; fi
  start_node 1 || true
  mark healed
}

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
  for name in redis proxy redis-proxy hooks well mail bucket; do finish "$name"; done
  if [ -n "$(postmaster)" ]; then
    mapfile -t children < <(pgrep -P "$(postmaster)")
    signal_postgres CONT "${children[@]}" "$(postmaster)"
    postgres -m immediate stop || true
  fi
  end_small_disk
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

# Called where a failure is counted, so nothing here ends the script by itself. Whatever came of it, what it has started is ended.
try_fault() { # name
  local rc=0
  begin_fault "$1" || rc=$?
  leave "$1"
  return "$rc"
}

leave_out() { # name, reason
  say "$1: left out, $2"
  left_out+=("$1")
}

begin_fault() { # name
  local name=$1 rc=0 seconds=$LOAD_SECONDS further=() space='' database="$ROOT_URL/fault" room
  local nodes=("${NODES[@]}") pids=("$RUN/node1.pid" "$RUN/node2.pid")
  # The nodes that reach what is behind a proxy only through it.
  CLOCK='' EMBEDDED='' BEHIND='1 2'
  rm -f "$SWITCH" "$MARKS" "$DIR"/*.got "$RUN/loading" "$RUN"/*.log
  query 'DROP DATABASE IF EXISTS fault WITH (FORCE)' || die "the database of before cannot be dropped"
  case $name in
  disk-full)
    room=$(($(query "SELECT pg_database_size('migrated') >> 20") + 128))
    if ! make_small_disk "$room"; then
      leave_out "$name" "no disk can be mounted here"
      return 0
    fi
    query "CREATE TABLESPACE small LOCATION '$SMALL/ours'" || return 1
    space='TABLESPACE small'
    ;;
  log-disk-full)
    if ! make_small_disk 256; then
      leave_out "$name" "no disk can be mounted here"
      return 0
    fi
    ;;
  esac
  query "CREATE DATABASE fault TEMPLATE migrated $space" || die "there is no database"
  query CHECKPOINT # else a crash is recovered from all files of the new database
  case $name in
  black-hole) start_postgres_proxy ;;
  redis-black-hole)
    start_redis_proxy
    further=(--watch "${NODES[0]}")
    ;;
  nodes-cut)
    BEHIND=1
    start_redis_proxy
    further=(--watch "${NODES[0]}")
    ;;
  node-cut-off)
    BEHIND=1
    start_postgres_proxy
    start_redis_proxy
    further=(--watch "${NODES[0]}")
    ;;
  log-disk-full) move_log_out || die "the log cannot be moved" ;;
  mail-*)
    start_double mail "$MAIL" "$DIR/mail.got"
    start_receiver well "$WELL" "$DIR/never"
    further=(--webhooks "$WELL" --received "$DIR/well.got" --pause 0.4 --letters "$DIR/mail.got")
    ;;
  bucket-*)
    rm -rf "$DIR"/embedded && mkdir "$DIR/embedded"
    EMBEDDED="$DIR/embedded/fault.sqlite" database="sqlite://$DIR/embedded/fault.sqlite"
    nodes=("${NODES[0]}") pids=("$RUN/node1.pid")
    further=(--shipping "$METRICS")
    start_double bucket "$BUCKET" "$DIR/bucket"
    "$BIN" migrate --database-url "$database" >"$RUN/migrate.log" 2>&1 || return 1
    ;;
  hooks-*)
    start_receiver hooks "$HOOKS" "$SWITCH"
    start_receiver well "$WELL" "$DIR/never"
    # As many messages as a node sends in the time that is left.
    further=(--webhooks "$HOOKS" "$WELL" --received "$DIR/hooks.got" "$DIR/well.got" --pause 0.4)
    ;;
  clock-*)
    CLOCK=$(find_clock)
    if [ -z "$CLOCK" ]; then
      leave_out "$name" "there is no libfaketime here"
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
  if [ "$name" = overload ]; then
    # Who calls is two companies: what bounds the operations of one is part of the answer.
    LIFTED='--budget off --tenant-budget off --anonymous-requests off' start_node 1 || return 1
  else
    start_node 1 || return 1
  fi
  if [ "$name" = overload ]; then
    say "$name: $(what "$name")"
    TMPDIR=$DIR python3 "$ROOT/bench/overload.py" --out "$LINES" --psql "$PG_BIN/psql" --database "$database" --binary "$BIN" \
      --port "${NODES[0]}" --seconds "$OVERLOAD" 2>"$RUN/load.log" || rc=$?
    return "$rc"
  fi
  [ -n "$EMBEDDED" ] || start_node 2 || return 1
  TMPDIR=$DIR timeout $((seconds + 3600)) python3 "$ROOT/bench/faults.py" load --name "$name" --what "$(what "$name")" --out "$LINES" --marks "$MARKS" --ready "$RUN/loading" \
    --psql "$PG_BIN/psql" --database "$database" --binary "$BIN" --nodes "${nodes[@]}" --pids "${pids[@]}" \
    --seconds "$seconds" "${further[@]}" 2>"$RUN/load.log" &
  LOAD=$!
  wait_for 60 test -e "$RUN/loading" || {
    tail -n 5 "$RUN/load.log" >&2
    die "$name: the load does not begin"
  }
  sleep "$BEFORE"
  say "$name: $(what "$name")"
  "break_$name" || rc=1
  wait "$LOAD" || rc=$?
  LOAD=''
  [ -z "$EMBEDDED" ] || look_at_backups "$name" || rc=1
  return "$rc"
}

# Ends what a fault has started, and keeps the logs.
leave() { # name
  local name=$1 number process
  tail -n 1 "$RUN/load.log" >&2 2>/dev/null || true
  for number in 1 2; do cp "$RUN/node$number.log" "$LOGS/$name-node$number.log" 2>/dev/null || true; done
  cp "$DIR/pg/server.log" "$LOGS/$name-postgres.log" 2>/dev/null || true
  cp "$RUN/load.log" "$LOGS/$name-load.log" 2>/dev/null || true
  stop_nodes
  for process in redis proxy redis-proxy hooks well mail bucket; do finish "$process"; done
  if [ -n "$SMALL" ]; then
    case $name in
    disk-full) query 'DROP DATABASE fault WITH (FORCE)' && query 'DROP TABLESPACE small' ;;
    log-disk-full) move_log_back ;;
    esac || die "the small disk is still needed"
    end_small_disk
  fi
}

trap clean_up EXIT
trap 'exit 130' INT TERM
(umask 077 && "$BIN" keys new >"$ENTREPOT_KEYS_FILE")
make_postgres
rm -f "$LINES"
failed=() left_out=()
for name in "${ALL[@]}"; do
  try_fault "$name" || failed+=("$name")
done
[ ! -e "$LINES" ] || python3 "$ROOT/bench/faults.py" table "$LINES"
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}"
[ ${#left_out[@]} = 0 ] || {
  say "left out, and so not shown: ${left_out[*]}"
  exit 3
}
