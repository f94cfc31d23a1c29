#!/usr/bin/env bash
# Measures Entrepot on Postgres against the kit's hand-written Node servers: same data, same Postgres, rounds interleaved.
#
#   bench/run.sh all                    everything below, in this order, then down; about half an hour
#   bench/run.sh setup                  installs the kit (Node peers, load generator, a private seeded Postgres); once
#   bench/run.sh up                     starts that Postgres, the peers and Entrepot on a new, empty database of its own
#   bench/run.sh load [ARGS]            fills it through the public API (ARGS: see bench/load.py --help)
#   bench/run.sh check                  one operation of each kind against Entrepot, answers shown
#   bench/run.sh measure [WORK...]      w1 w7 w6 w2 w3 w4, or those named, also w1i, w7a and scoped; 64, 32 or 16 clients, closed loop
#   bench/run.sh fanout [SUBSCRIBERS]   one change to a thousand subscribers, beside a server that does nothing but broadcast
#   bench/run.sh lone                   one client alone: w2, w3 and w4, against the same change in a transaction of its own
#   bench/run.sh tenants [N [CLIENTS]]  w2 and w4 by N tenants with so many clients each (32, 2), against as many clients of the peers
#   bench/run.sh w8 | w8x | w4x16       tenants 32 2, 256 1 and 4 16
#   bench/run.sh neighbour [N]          w2 by N tenants (31) with two clients each, alone and beside one that adjusts 500 levels a call
#   bench/run.sh over [CLIENTS...]      w4 by 64 clients, and by 2,000 and 6,000 that send the next at once, refused or not: of Entrepot alone
#   bench/run.sh verify                 entrepot verify over the database, after all that
#   bench/run.sh report                 the kit's tables, then ratios to the best peer beside what is owed
#   bench/run.sh down                   stops what up started
#
# Settings: the head of bench/lib.sh; BENCH_PEERS names the peers (yoga yoga-jit yoga-x2 yoga-jit-x2). BENCH_SEAOGRAPHY is the program of a
# Seaography server over the peers' database, which is then a peer in w6 (bench/README.md says how it is generated). For lone,
# ENTREPOT_UNGROUPED_ARGS are the arguments that make the server commit each change by itself; without them the peers
# are the only comparison. Results are appended to $ENTREPOT_BENCH_WORK/results.jsonl.
set -euo pipefail
ME=bench
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
PEERS="${BENCH_PEERS:-yoga yoga-jit yoga-x2 yoga-jit-x2}"
DATABASE=entrepot_bench
# Of the kit: axum and a broadcast of one ready message, smaller than ours.
RAWSRV="$WORK/kit/target/release/rawsrv"
BARE_PORT="${ENTREPOT_BENCH_BARE_PORT:-15532}"
SEAOGRAPHY_PORT="${ENTREPOT_BENCH_SEAOGRAPHY_PORT:-15523}"
# The operations of the kit's peers, and those of ours that have other names.
PEER_TARGET="$WORK/peers.toml"

clients() { case $1 in w2 | w3 | w4) echo 64 ;; w6) echo 32 ;; *) echo 16 ;; esac; }
peer_port() { awk -F '|' -v n="$1" '{ gsub(/ /, "", $1); gsub(/ /, "", $2) } $1 == n { print $2 }' "$KIT/peers.conf"; }
# shellcheck disable=SC1091 # of the kit
peer_token() { (BP_WORK="$WORK/kit" && export BP_WORK && . "$KIT/env.sh" && "$KIT/token.sh" 1 bench); }

# generator NAME COMMAND ARGS: the load generator against one server, with that server's target file, token and pids
generator() {
  local name=$1 command=$2 pid
  shift 2
  case $name in
  bare)
    BP_RAW_PORT="$BARE_PORT" "$LOADGEN" "$command" --target "$KIT/targets/rawsrv.toml" --name bare --out "$OUT" --pid "server=$(cat "$RUN/bare.pid")" "$@"
    ;;
  seaography)
    SEAOGRAPHY_PORT="$SEAOGRAPHY_PORT" "$LOADGEN" "$command" --target "$ROOT/bench/targets/seaography.toml" --name seaography --out "$OUT" \
      --pid "server=$(cat "$RUN/seaography.pid")" --pid "pg=$(kit_pg_pid)" "$@"
    ;;
  entrepot*)
    fresh_env
    if [ "${CALLER:-}" = scoped ]; then ENTREPOT_TOKEN=$(scoped_key); fi
    pid=$(server_pid "$name")
    ENTREPOT_BENCH_PORT=$(cat "$RUN/$name.port") "$LOADGEN" "$command" --target "$TARGET" --name "$name" --out "$OUT" \
      --pid "server=$pid" --pid "pg=$(kit_pg_pid)" "$@"
    ;;
  *)
    pid=$(cat "$WORK/kit/run/$name.pid")
    BP_YOGA_PORT=$(peer_port "$name") BP_TOKEN=$(peer_token) "$LOADGEN" "$command" --target "$PEER_TARGET" --name "$name" --out "$OUT" \
      --pid "server=$pid" --pid "pg=$(kit_pg_pid)" "$@"
    ;;
  esac
}

# The key of an integration that sees the stock of five stores, made when it is first asked for.
scoped_key() {
  local file="$ENTREPOT_BENCH_DATA/scoped.txt"
  [ -s "$file" ] || python3 "$ROOT/bench/load.py" scoped --out "$ENTREPOT_BENCH_DATA"
  cat "$file"
}

# Everyone in turn, beginning with another one in each round, so that no one always comes after the same neighbour.
turn() { # round, names
  local skip=$(($1 % ($# - 1)))
  shift
  printf '%s\n' "${@:skip+1}" "${@:1:skip}"
}

setup() {
  kit setup.sh
}

up() {
  need_binary
  need_kit_pg
  BP_ONLY="$PEERS" kit run.sh up
  sql -d postgres -c "DROP DATABASE IF EXISTS $DATABASE WITH (FORCE)" -c "CREATE DATABASE $DATABASE"
  "$BIN" migrate --database-url "$PG_URL/$DATABASE"
  echo "$PORT" >"$RUN/entrepot.port"
  serve entrepot "$PG_URL/$DATABASE" "$PORT"
  if [ -n "${BENCH_SEAOGRAPHY:-}" ]; then
    [ -x "$BENCH_SEAOGRAPHY" ] || die "BENCH_SEAOGRAPHY is no program: $BENCH_SEAOGRAPHY"
    DATABASE_URL="$PG_URL/${BP_DB:-bench}" URL="127.0.0.1:$SEAOGRAPHY_PORT" nohup "$BENCH_SEAOGRAPHY" >"$RUN/seaography.log" 2>&1 </dev/null &
    echo $! >"$RUN/seaography.pid"
    wait_for 20 port_taken "$SEAOGRAPHY_PORT"
  fi
  say "entrepot on port $PORT, pid $(server_pid entrepot)"
}

# shellcheck disable=SC2120 # names, which only a caller at the terminal gives
load() {
  rm -rf "$ENTREPOT_BENCH_DATA"
  fill "$@"
  sql -d "$DATABASE" -c 'VACUUM ANALYZE' -c 'CHECKPOINT' # as the kit does after its seed
}

check() {
  local w
  fresh_env
  for w in w1 w2 w3 w4 w6 w7; do
    printf '%s ' "$w"
    "$LOADGEN" once --target "$TARGET" --work "$w" --max 160 2>/dev/null
  done
}

measure() {
  local round work name peers line before
  [ $# -gt 0 ] || set -- w1 w7 w6 w2 w3 w4
  for round in $(seq "$ROUNDS"); do
    for work in "$@"; do
      peers="$PEERS"
      if [ "$work" = w6 ] && [ -e "$RUN/seaography.pid" ]; then peers="$peers seaography"; fi
      # shellcheck disable=SC2086 # a list of names
      for name in $(turn "$round" entrepot $peers); do
        before=$(wal)
        line=$(CALLER=$work generator "$name" http --work "$work" --conns "$(clients "$work")" --secs "$SECS" --warm "$WARM" --seed "$round" --label load)
        echo "${line:0:300}"
        case $work in w2 | w3 | w4) written "$before" <<<"$line" | tee -a "$OUT" ;; esac
      done
    done
  done
}

# Where the log of Postgres ends, in bytes.
wal() { sql -At -d postgres -c "SELECT pg_current_wal_lsn() - '0/0'"; }

# written BEFORE: bytes of the log an operation since then, by the line of the generator; what was done while warming up counts as well
written() {
  python3 -c 'import json, sys
line, bytes_, warm = json.load(sys.stdin), int(sys.argv[2]) - int(sys.argv[1]), float(sys.argv[3])
done = max(line["rps"] * (line["secs"] + warm), 1)
print(json.dumps({"what": "wal", "target": line["target"], "work": line["work"], "wal_bytes": round(bytes_ / done)}))' "$1" "$(wal)" "$WARM"
}

# shellcheck disable=SC2120 # names, which only a caller at the terminal gives
fanout() {
  local subscribers=${1:-1000} round name
  "$RAWSRV" "$BARE_PORT" &
  echo $! >"$RUN/bare.pid"
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$BARE_PORT"
  for round in $(seq "$ROUNDS"); do
    for name in $(turn "$round" entrepot yoga bare); do # as in the kit: a peer of two processes cannot reach all subscribers
      if [ "$name" = entrepot ]; then
        ENTREPOT_CURSOR=$(python3 "$ROOT/bench/load.py" cursor --out "$ENTREPOT_BENCH_DATA")
        export ENTREPOT_CURSOR
      fi
      generator "$name" ws --work w5 --subs "$subscribers" --events 60 --warm-events $((100000 / subscribers)) | cut -c 1-600
      sleep 2
    done
  done
  stop_server bare
}

lone() {
  local round work name all="entrepot yoga"
  if [ -n "${ENTREPOT_UNGROUPED_ARGS:-}" ]; then
    all="$all entrepot-ungrouped"
    echo $((PORT + 1)) >"$RUN/entrepot-ungrouped.port"
    # shellcheck disable=SC2086 # arguments, to be split
    serve entrepot-ungrouped "$PG_URL/$DATABASE" $((PORT + 1)) $ENTREPOT_UNGROUPED_ARGS
  fi
  for round in $(seq "$ROUNDS"); do
    for work in w2 w3 w4; do
      # shellcheck disable=SC2086
      for name in $(turn "$round" $all); do
        generator "$name" http --work "$work" --conns 1 --secs "$SECS" --warm 1 --seed "$round" --label lone | cut -c 1-300
      done
    done
  done
  stop_server entrepot-ungrouped
}

# Many small tenants: a generator for each, all at once. A peer's clients work for its first tenant, whose rows the generator knows: to it tenants make no difference.
tenants() {
  local count=${1:-32} clients=${2:-2} round work name part="$WORK/tenants.jsonl"
  for round in $(seq "$ROUNDS"); do
    for work in w2 w4; do
      # shellcheck disable=SC2086 # a list of names
      for name in $(turn "$round" entrepot $PEERS); do
        crowd "$name" "$count" http --work "$work" --conns "$clients" --secs "$SECS" --warm "$WARM" --name "$name" >"$part"
        python3 "$ROOT/bench/compare.py" --sum "$part" "$count x $clients" | tee -a "$OUT"
      done
    done
  done
}

# One tenant that sends the dearest commands, and what the others feel of it: the same tenants are measured alone and beside it.
neighbour() {
  local count=${1:-31} round kind dear part="$WORK/tenants.jsonl"
  for round in $(seq "$ROUNDS"); do
    for kind in calm beside; do
      dear=""
      if [ "$kind" = beside ]; then
        generator entrepot http --work w2x --conns 8 --secs "$((SECS + WARM + 2))" --warm 0 --seed "$round" --label dearest >"$WORK/dearest" &
        dear=$!
      fi
      FIRST=2 crowd entrepot "$count" http --work w2 --conns 2 --secs "$SECS" --warm "$WARM" --name entrepot >"$part"
      if [ -n "$dear" ]; then
        wait "$dear"
        cut -c 1-300 "$WORK/dearest"
      fi
      python3 "$ROOT/bench/compare.py" --sum "$part" "neighbour $kind" | tee -a "$OUT"
    done
  done
}

# More clients than a node can serve; the generator's figures are of what was accepted.
over() {
  local round count line
  [ $# -gt 0 ] || set -- 2000 6000
  for round in $(seq "$ROUNDS"); do
    for count in 64 "$@"; do
      line=$(generator entrepot http --work w4 --conns "$count" --secs "$SECS" --warm "$WARM" --seed "$round" --label over)
      echo "${line:0:300}"
    done
  done
}

# crowd NAME COUNT ARGS: the generator for each of so many tenants, FIRST or 1 the first, begun together once all have their tokens; prints a line for each
crowd() {
  local name=$1 count=$2 first=${FIRST:-1} n last
  local -a tokens=()
  shift 2
  last=$((first + count - 1))
  # shellcheck disable=SC1091 # of the kit
  for n in $(seq "$first" "$last"); do
    case $name in
    entrepot) tokens[n]=$(python3 "$ROOT/bench/load.py" token --out "$(tenant_data "$n")") ;;
    *) tokens[n]=$(BP_WORK="$WORK/kit" && export BP_WORK && . "$KIT/env.sh" && "$KIT/token.sh" 1 bench) ;;
    esac
  done
  local -a running=()
  for n in $(seq "$first" "$last"); do
    if [ "$name" = entrepot ]; then
      ENTREPOT_TOKEN=${tokens[n]} ENTREPOT_RUN=$(date +%s%N) ENTREPOT_CURSOR='' ENTREPOT_BENCH_DATA=$(tenant_data "$n") ENTREPOT_BENCH_PORT=$(cat "$RUN/$name.port") \
        "$LOADGEN" "$@" --seed "$n" --target "$TARGET" >"$WORK/tenant.$n" &
    else
      BP_YOGA_PORT=$(peer_port "$name") BP_TOKEN=${tokens[n]} "$LOADGEN" "$@" --seed "$n" --target "$PEER_TARGET" >"$WORK/tenant.$n" &
    fi
    running+=($!)
  done
  wait "${running[@]}"
  for n in $(seq "$first" "$last"); do cat "$WORK/tenant.$n"; done
}

# Where load.py put the tenant of this number.
tenant_data() { if [ "$1" = 1 ]; then echo "$ENTREPOT_BENCH_DATA"; else echo "$ENTREPOT_BENCH_DATA/tenant-$1"; fi; }

w8() { tenants 32 2; }
w8x() { tenants 256 1; }
w4x16() { tenants 4 16; }

verify() { "$BIN" verify --database-url "$PG_URL/$DATABASE"; }

report() {
  python3 "$KIT/report.py" "$OUT"
  python3 "$ROOT/bench/compare.py" "$OUT"
}

down() {
  stop_server entrepot
  stop_server entrepot-ungrouped
  stop_server bare
  stop_server seaography
  kit run.sh down
  if ! port_free "$PG_PORT"; then kit db/pg.sh stop; fi
}

all() {
  [ ! -e "$OUT" ] || mv "$OUT" "$OUT.$(date +%s)" # ratios are of one run
  [ -x "$LOADGEN" ] || setup
  trap down EXIT
  up
  load
  check
  measure
  fanout
  lone
  verify
  report
}

case "${1:-}" in
setup | up | load | check | measure | fanout | lone | tenants | w8 | w8x | w4x16 | neighbour | over | verify | report | down | all)
  case $1 in load | check | measure | fanout | lone | tenants | w8 | w8x | w4x16 | neighbour | over)
    need_kit
    cat "$KIT/targets/yoga.toml" "$ROOT/bench/targets/peers.toml" >"$PEER_TARGET"
    ;;
  esac
  "$@"
  ;;
-h | --help | help) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
