#!/usr/bin/env bash
# What one streaming replica takes off a primary, what clients see when it is killed, and how long writes are away when the primary is.
#
#   bench/replicas.sh [share|killed|failover]    one of the parts, or all three; about four minutes
#
#   share      w1, w6 and w7 without and with --read-database-url: transactions and blocks of both servers (pg_stat_database) for each request, less
#              those of a server that nobody asks, for as long. Owed: 80 % of what w1 and w7 ask of the primary leaves it.
#   killed     the replica is killed under reads, and started again. Owed: no failed read.
#   failover   the primary is killed under writes that wait for the standby (synchronous_standby_names), which is promoted at once; the node has both
#              in --database-url. Owed: 15 s until a write is answered, nothing lost, nothing done twice, `entrepot verify`.
#
# The two servers are those of scripts/standby.sh, in a temporary folder, on free ports. Promotion is by this script: what Patroni adds is in
# docs/postgres-failover.md. ARGS of bench/load.py are in REPLICAS_LOAD. BENCH_SECS (5) is the time of a measurement. Clients: bench/writes.py.
# Prints a table of Markdown; ends with 1 when something is missed. Settings: the head of bench/lib.sh; the port is ENTREPOT_BENCH_PORT.
set -euo pipefail
ME=replicas
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-all}" in
share | killed | failover | all) PARTS=${1:-all} ;;
-h | --help)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac
read -ra ARGS <<<"${REPLICAS_LOAD:---products 500 --customers 100 --orders 1000}"
PG_BIN=$(find_pg_bin) || die "needs the Postgres server programs, 15 or newer (Debian: apt-get install postgresql)"
command -v curl >/dev/null || die "needs curl"
need_binary

FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/entrepot-replicas.XXXXXX")
chmod 711 "$FOLDER"
LOGS="$WORK/replicas-logs" FIGURES="$WORK/replicas.jsonl" RUN="$FOLDER/run"
mkdir -p "$RUN" "$LOGS" "$FOLDER/servers"
chmod 711 "$FOLDER/servers"
export ENTREPOT_KEYS_FILE="$FOLDER/keys" ENTREPOT_BENCH_DATA="$FOLDER/data"
begin_figures
LOAD=''
finish_all() {
  [ -z "$LOAD" ] || kill "$LOAD" 2>/dev/null || true
  stop_server replicas
  cp "$RUN"/*.log "$LOGS/" 2>/dev/null || true
  cp "$FOLDER/servers/primary/server.log" "$LOGS/primary.log" 2>/dev/null || true
  cp "$FOLDER/servers/replica/server.log" "$LOGS/replica.log" 2>/dev/null || true
  servers stop || true
  rm -rf "${FOLDER:?}"
}
trap finish_all EXIT
trap 'exit 130' INT TERM

servers() { "$ROOT/scripts/standby.sh" "$1" "$FOLDER/servers"; }
at() { sed "s#/postgres\$#/$2#" "$FOLDER/servers/$1.url"; } # server, database
query() { "$PG_BIN/psql" -XAtq -F ' ' -v ON_ERROR_STOP=1 "$(at "$1" "$2")" -c "$3"; }
is_synchronous() { [ "$(query primary postgres "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")" = 1 ]; }
has_caught_up() { [ "$(query primary postgres 'SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()')" = 1 ]; }
start_node() { serve replicas "$1" "$PORT" --jobs off --files "file:$FOLDER/files" --metrics-listen "127.0.0.1:$((PORT + 1))" "${@:2}"; }
# Requests that were read there since the node was started: replica, or primary.
reads_at() { curl --silent --max-time 5 "http://127.0.0.1:$((PORT + 1))/metrics" | awk -v where="where=\"$1\"" '/^entrepot_replica_reads_total/ && index($0, where) { n += $NF } END { printf "%d", n }'; }
reads_replica() { [ "$(curl --silent --max-time 5 "http://127.0.0.1:$((PORT + 1))/metrics" | awk '/^entrepot_replica_used/ { print $NF }')" = 1 ]; }

say "[${SECONDS}s] a primary and its standby"
servers start
(umask 077 && "$BIN" keys new >"$ENTREPOT_KEYS_FILE")
query primary postgres 'CREATE DATABASE shop'
PRIMARY=$(at primary shop) REPLICA=$(at replica shop)
"$BIN" migrate --database-url "$PRIMARY" >"$RUN/migrate.log" 2>&1 || die "migrate: $(tail -n 5 "$RUN/migrate.log")"
start_node "$PRIMARY"
fill "${ARGS[@]}"
stop_server replicas
query primary shop 'ANALYZE'
wait_for 30 has_caught_up || die "the standby does not catch up"

# ── the share of reads ────────────────────────────────────────────────────────────────────────────────────────────────

# Transactions and blocks of a server so far. Those of a session are there when it has ended, at the latest.
counters() { query "$1" shop "SELECT xact_commit + xact_rollback, blks_hit + blks_read FROM pg_stat_database WHERE datname = 'shop'"; }
# measure NAME WORK [ARGS]: a node for one load, or for as long without any; "requests, then both figures of the primary and of the replica" to $FOLDER/NAME.WORK
measure() {
  local name=$1 work=$2 before after requests=0 line
  shift 2
  before="$(counters primary) $(counters replica)"
  start_node "$PRIMARY" "$@"
  [ "$name" = without ] || wait_for 10 reads_replica || die "the node does not read from the replica"
  if [ "$work" = idle ]; then
    sleep "$SECS"
  else
    fresh_env
    line=$(python3 "$ROOT/bench/writes.py" --work "$work" --conns 16 --secs "$SECS" --warm 0)
    [ "$(field err <<<"$line")" = 0 ] || die "errors: $line"
    requests=$(field rps <<<"$line" | awk -v s="$SECS" '{ printf "%d", $1 * s }')
    [ "$requests" -gt 0 ] || die "no answer: $line"
  fi
  [ "$name" = without ] || say "$work: $(reads_at replica) requests read from the replica, $(reads_at primary) from the primary"
  stop_server replicas
  sleep 1
  after="$(counters primary) $(counters replica)"
  echo "$requests $before $after" | awk '{ print $1, $6 - $2, $7 - $3, $8 - $4, $9 - $5 }' >"$FOLDER/$name.$work"
}
share_of() { # work, 2 for transactions or 3 for blocks: percent that left the primary, and what was asked for each request
  awk -v column="$2" '
    { requests = $1; primary = $column; replica = $(column + 2) }
    FILENAME ~ /without\.idle$/ { idle_without = primary }
    FILENAME ~ /with\.idle$/ && FILENAME !~ /without/ { idle_with = primary; idle_replica = replica }
    FILENAME !~ /idle$/ && FILENAME ~ /without/ { without = (primary - idle_without) / requests }
    FILENAME !~ /idle$/ && FILENAME !~ /without/ { with = (primary - idle_with) / requests; moved = (replica - idle_replica) / requests }
    END {
      if (with < 0) with = 0
      left = 0
      if (without > 0) left = 100 * (1 - with / without)
      printf "%.1f %.2f a request of the primary without, %.2f with, and %.2f of the replica", left, without, with, moved
    }' "$FOLDER/without.idle" "$FOLDER/with.idle" "$FOLDER/without.$1" "$FOLDER/with.$1"
}
share() {
  local work column name said owed
  for work in idle w1 w6 w7; do
    measure without "$work"
    measure with "$work" --read-database-url "$REPLICA"
  done
  for work in w1 w7 w6; do
    # One product by its ID comes from the cache for the most part.
    owed=(80 --least)
    [ "$work" != w6 ] || owed=()
    for column in 2 3; do
      name=$([ "$column" = 2 ] && echo transactions || echo blocks)
      said=$(share_of "$work" "$column")
      row postgres "$work: $name that left the primary" "${said%% *}" % "${owed[@]}" --note "${said#* }"
    done
  done
}

# ── the replica is killed ─────────────────────────────────────────────────────────────────────────────────────────────

killed() {
  local line
  start_node "$PRIMARY" --read-database-url "$REPLICA"
  wait_for 10 reads_replica || die "the node does not read from the replica"
  fresh_env
  python3 "$ROOT/bench/writes.py" --work w7 --conns 16 --secs 20 --warm 0 --rate 200 >"$FOLDER/killed.json" &
  LOAD=$!
  sleep 5
  servers down
  sleep 5
  servers up
  wait "$LOAD" || die "the load failed"
  LOAD=''
  line=$(cat "$FOLDER/killed.json")
  row postgres "replica killed for 5 s: failed reads" "$(field err <<<"$line")" '' 0 --note "$(field rps <<<"$line")/s, p99 $(field p99_ms <<<"$line") ms $(field first_err <<<"$line" | cut -c 1-100)"
  wait_for 15 reads_replica || die "the node does not read from the replica that was started again"
  stop_server replicas
  wait_for 30 has_caught_up || die "the standby does not catch up"
}

# ── the primary is killed ─────────────────────────────────────────────────────────────────────────────────────────────

failover() {
  local hosts rc=0 line marks="$FOLDER/marks"
  query primary postgres "ALTER SYSTEM SET synchronous_standby_names = '*'"
  query primary postgres 'SELECT pg_reload_conf()' >/dev/null
  wait_for 30 is_synchronous || die "the standby does not become a synchronous one"
  hosts="postgres://postgres@127.0.0.1:$(cat "$FOLDER/servers/primary.port"),127.0.0.1:$(cat "$FOLDER/servers/replica.port")/shop?target_session_attrs=read-write"
  rm -f "$WORK/replicas-failover.jsonl"
  start_node "$hosts"
  TMPDIR=$FOLDER python3 -B "$ROOT/bench/faults.py" load --name failover --what "the primary is killed, and its synchronous standby is promoted" \
    --out "$WORK/replicas-failover.jsonl" --marks "$marks" --ready "$FOLDER/loading" --psql "$PG_BIN/psql" --database "$REPLICA" --binary "$BIN" \
    --nodes "$PORT" --pids "$RUN/replicas.pid" --seconds 40 2>"$RUN/load.log" &
  LOAD=$!
  wait_for 60 test -e "$FOLDER/loading" || die "the load does not begin: $(tail -n 3 "$RUN/load.log")"
  sleep 8
  printf 'fault %s\n' "$(date +%s.%N)" >>"$marks"
  servers lose
  servers promote
  printf 'healed %s\n' "$(date +%s.%N)" >>"$marks"
  wait "$LOAD" || rc=$?
  LOAD=''
  [ -s "$WORK/replicas-failover.jsonl" ] || die "the load ended without a result: $(tail -n 3 "$RUN/load.log")"
  line=$(cat "$WORK/replicas-failover.jsonl")
  row postgres "primary killed: no write answered for" "$(field away_s <<<"$line")" s 15 \
    --note "promoted after $(field fault_s <<<"$line") s, then $(field first_write_s <<<"$line") s; not ready for $(field unready_s <<<"$line") s; one write took $(field longest_write_s <<<"$line") s at most"
  row postgres "primary killed: writes lost, doubled or wrong, and verify" "$rc" '' 0 --note "$(field answered <<<"$line") answered, verify $(field verify <<<"$line")"
  stop_server replicas
}

case $PARTS in
all)
  share
  killed
  failover
  ;;
*) "$PARTS" ;;
esac
end_figures
