# shellcheck shell=bash disable=SC2034
# What the benchmark's scripts share. Sourced, never run. Settings, all from the environment:
#   ENTREPOT_BENCH_KIT    the kit with the peers and the load generator       (default: ../shared/bench beside the checkout)
#   ENTREPOT_BENCH_WORK   where everything lands                              (default: ${TMPDIR:-/tmp}/entrepot-bench)
#   ENTREPOT_BIN          the binary to measure                               (default: a release build of this checkout)
#   ENTREPOT_SERVE_ARGS   further arguments for `entrepot serve`              (default: none)
#   BENCH_ROUNDS, BENCH_SECS, BENCH_WARM   rounds; seconds measured and warmed up in each   (3, 5, 2)

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

KIT="${ENTREPOT_BENCH_KIT:-$ROOT/../shared/bench}"
WORK="${ENTREPOT_BENCH_WORK:-${TMPDIR:-/tmp}/entrepot-bench}"
RUN="$WORK/run"
OUT="${BENCH_OUT:-$WORK/results.jsonl}"
ROUNDS="${BENCH_ROUNDS:-3}" SECS="${BENCH_SECS:-5}" WARM="${BENCH_WARM:-2}"
BIN="${ENTREPOT_BIN:-$(target_dir)/release/entrepot}"
PORT="${ENTREPOT_BENCH_PORT:-15530}"
TARGET="$ROOT/bench/targets/entrepot.toml"
LOADGEN="$WORK/kit/target/release/loadgen"
RAWSQLITE="$WORK/kit/target/release/rawsqlite"
PG_PORT="${BP_PGPORT:-15500}"
PG_URL="postgres://bench@127.0.0.1:$PG_PORT"
export ENTREPOT_BENCH_DATA="$WORK/data" ENTREPOT_BENCH_PORT="$PORT"
mkdir -p "$RUN"

# A thousand subscribers are two thousand open files between the two sides.
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

# Runs a script of the kit with its own settings, never those of the product's build.
kit() {
  [ -d "$KIT" ] || die "no kit at $KIT: set ENTREPOT_BENCH_KIT"
  local script="$1"
  shift
  local pg_bin
  pg_bin=$(find_pg_bin) || die "needs the Postgres server programs, 15 or newer (Debian: apt-get install postgresql)"
  env -u CARGO_TARGET_DIR BP_WORK="$WORK/kit" BP_OUT="$OUT" PGBIN="$pg_bin" "$KIT/$script" "$@"
}

kit_pg_pid() { head -n 1 "$WORK/kit/pg/postmaster.pid"; }
sql() { "$(find_pg_bin)/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" -U bench "$@"; }

need_kit() { if [ ! -x "$LOADGEN" ] || [ ! -f "$WORK/kit/pg/PG_VERSION" ]; then die "the kit is not set up: call 'bench/run.sh setup' first"; fi; }
need_kit_pg() {
  need_kit
  if port_free "$PG_PORT"; then kit db/pg.sh start; fi
}

need_binary() {
  if [ -n "${ENTREPOT_BIN:-}" ]; then
    [ -x "$BIN" ] || die "ENTREPOT_BIN is no program: $BIN"
    return
  fi
  need_toolchain
  say "building the release binary"
  cargo build --release --quiet --manifest-path "$ROOT/Cargo.toml" --bin entrepot
}

# Does GET /readyz on this port answer 200?
ready() {
  timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 && printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3 && read -r _ status _ <&3 && [ \"\$status\" = 200 ]" 2>/dev/null
}

server_pid() { cat "$RUN/$1.pid" 2>/dev/null; }

# launch NAME URL PORT [ARGS]: only starts the process (LIFTED: limits that it is to have none of, else all), its pid in $RUN/NAME.pid, its words in $RUN/NAME.log
launch() {
  local name=$1 url=$2 port=$3
  shift 3
  port_free "$port" || die "port $port is taken; set ENTREPOT_BENCH_PORT"
  # The generator is one member of one tenant, and its peers have no budgets.
  local lifted="${LIFTED---budget off --tenant-budget off --tenant-operations off --sockets-entering off --anonymous-requests off}"
  # shellcheck disable=SC2086 # arguments, to be split
  ENTREPOT_KEYS_FILE="${ENTREPOT_KEYS_FILE:-$WORK/entrepot.keys}" nohup "$BIN" serve --database-url "$url" --listen "127.0.0.1:$port" $lifted ${ENTREPOT_SERVE_ARGS:-} "$@" >"$RUN/$name.log" 2>&1 </dev/null &
  echo $! >"$RUN/$name.pid"
}

# serve NAME URL PORT [ARGS]: launches and waits until it is ready
serve() {
  launch "$@"
  wait_for 30 ready "$3" || {
    tail -n 5 "$RUN/$1.log" >&2
    stop_server "$1"
    die "entrepot did not get ready on port $3"
  }
}

stop_server() {
  local pid
  pid=$(server_pid "$1") || return 0
  if grep -qsE "entrepot|rawsrv|seaography" "/proc/$pid/cmdline"; then end_process "$pid"; fi
  rm -f "$RUN/$1.pid"
}

# start_sink PORT: starts a collector of traces that keeps nothing, its pid in SINK
start_sink() {
  port_free "$1" || die "port $1 is taken; set ENTREPOT_BENCH_PORT"
  python3 "$ROOT/bench/sink.py" "$1" >"$RUN/sink.log" 2>&1 &
  SINK=$!
  wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$1"
}

# A token that lasts for a while, and a mark that makes this run's idempotency keys its own.
fresh_env() {
  ENTREPOT_TOKEN=$(python3 "$ROOT/bench/load.py" token --out "$ENTREPOT_BENCH_DATA")
  ENTREPOT_RUN=$(date +%s%N)
  ENTREPOT_CURSOR="${ENTREPOT_CURSOR:-}"
  export ENTREPOT_TOKEN ENTREPOT_RUN ENTREPOT_CURSOR
}

# A kilobyte figure from /proc/PID/status, in MB: VmRSS is now, VmHWM the peak.
memory_mb() { awk -v k="$2:" '$1 == k { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# A figure of a line of JSON: field NAME <<<"$line"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"; }

# ── databases of a script's own, and figures ──────────────────────────────────────────────────────────────────────────

# databases WORD: sets ON to the databases that the word means; 2 when it means none
databases() {
  case $1 in
  sqlite | postgres) ON=("$1") ;;
  both) ON=(sqlite postgres) ;;
  *) return 2 ;;
  esac
}

# asked "$@": says the usage where it is asked for, and sets ON by the first word; ends the script where it means no database
asked() {
  case "${1:-}" in -h | --help)
    usage
    exit 0
    ;;
  esac
  databases "${1:-both}" || {
    usage >&2
    exit 2
  }
}

# need_services ON: starts the throwaway Postgres where it is needed and does not run. clean_up ends what was started here, and drops what was made.
need_services() {
  [ "$1" = postgres ] || return 0
  if ! "$ROOT/scripts/services.sh" status >/dev/null; then
    SERVICES_STARTED=1
    "$ROOT/scripts/services.sh" start
  fi
  eval "$("$ROOT/scripts/services.sh" env)"
}

pg() { "$(find_pg_bin)/psql" -X -q -v ON_ERROR_STOP=1 "$ENTREPOT_TEST_POSTGRES_URL" "$@"; }

# new_database NAME ON [COPIED]: sets URL to a new database, migrated, or a copy of the one at another URL that nobody serves
new_database() {
  local file="$FOLDER/$1.sqlite" name="entrepot_${1}_$$" end
  if [ "$2" = sqlite ]; then
    URL="sqlite://$file"
    rm -rf "$file" "$file"-* "$file".*
    if [ -n "${3:-}" ]; then
      for end in '' -wal; do
        [ ! -e "${3#sqlite://}$end" ] || cp "${3#sqlite://}$end" "$file$end"
      done
    fi
  else
    URL="${ENTREPOT_TEST_POSTGRES_URL%/*}/$name"
    pg -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" -c "CREATE DATABASE $name${3:+ TEMPLATE ${3##*/}}"
    MADE+=("$name")
  fi
  "$BIN" migrate --database-url "$URL" >&2
}

MADE=()
clean_up() {
  local name
  if [ -n "${ENTREPOT_TEST_POSTGRES_URL:-}" ] && [ -z "${SERVICES_STARTED:-}" ]; then
    for name in "${MADE[@]}"; do pg -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" || true; done
  fi
  [ -z "${SERVICES_STARTED:-}" ] || "$ROOT/scripts/services.sh" stop
}

# replayed ON: sets URL to the kept database of the retailer's year and ACCOUNT to the folder of its account; replays it where none is kept
replayed() {
  local kept="$WORK/replayed/$1.url"
  URL=''
  if [ -r "$kept" ]; then
    URL=$(cat "$kept")
    case $URL in
    sqlite://*) [ -e "${URL#sqlite://}" ] || URL='' ;;
    *) [ "${URL%/*}" = "${ENTREPOT_TEST_POSTGRES_URL%/*}" ] && pg -Atc "SELECT 'there' FROM pg_database WHERE datname = '${URL##*/}'" | grep -q there || URL='' ;;
    esac
  fi
  if [ -z "$URL" ]; then
    ENTREPOT_BIN="$BIN" timeout 3600 "$ROOT/bench/replay.sh" --keep "$1" ${BENCH_REPLAY_FILE:+"$BENCH_REPLAY_FILE"} >&2
    URL=$(cat "$kept")
  fi
  # The port may be another one by now.
  ACCOUNT="$FOLDER/account-$1"
  mkdir -p "$ACCOUNT"
  sed -E "s#(127\.0\.0\.1):[0-9]+#\1:$PORT#" "$WORK/replayed/$1/account.json" >"$ACCOUNT/account.json"
}

# fill [ARGS]: loads the server at $PORT, its account to $ENTREPOT_BENCH_DATA
fill() { python3 "$ROOT/bench/load.py" fill --url "http://127.0.0.1:$PORT/graphql" --out "$ENTREPOT_BENCH_DATA" "$@"; }

# generate WORK SEED [CLIENTS]: one load on the server at $PORT, as a line of JSON: by the kit's generator where it is built, else by bench/writes.py
generate() {
  fresh_env
  if [ -x "$LOADGEN" ]; then
    "$LOADGEN" http --target "$TARGET" --name entrepot --work "$1" --conns "${3:-64}" --secs "$SECS" --warm "$WARM" --seed "$2" --label cost --out "$OUT"
  else
    python3 "$ROOT/bench/writes.py" --work "$1" --conns "${3:-64}" --secs "$SECS" --warm "$WARM" --seed "$2"
  fi
}

# Waits until others leave the machine alone for a second, $BENCH_QUIET seconds at most (10; 0: not at all); counts in $RUN/busy how often they did not.
quiet() {
  local until=$((SECONDS + ${BENCH_QUIET:-10})) before after
  [ "${BENCH_QUIET:-10}" != 0 ] || return 0
  while [ "$SECONDS" -lt "$until" ]; do
    before=$(awk '$1 == "cpu" { print $5 + $6, $2 + $3 + $4 + $5 + $6 + $7 + $8 }' /proc/stat)
    sleep 1
    after=$(awk '$1 == "cpu" { print $5 + $6, $2 + $3 + $4 + $5 + $6 + $7 + $8 }' /proc/stat)
    if awk -v b="$before" -v a="$after" 'BEGIN { split(b, x); split(a, y); exit !(y[1] - x[1] >= 0.85 * (y[2] - x[2])) }'; then return; fi
  done
  echo busy >>"$RUN/busy"
}

# rate_to FILE WORK SEED: appends the rate of one load to the file; an error ends the script
rate_to() {
  local line
  quiet
  line=$(generate "$2" "$3")
  [ "$(field err <<<"$line")" = 0 ] || die "errors: $line"
  field rps <<<"$line" >>"$1"
}

# in_turn NAME KIND WORDS OTHER WORDS: in each round the rates of $WORKS on the databases of both kinds, ${URLS[KIND]} with the account in $FOLDER/KIND,
# to $FOLDER/WORK.KIND. Each begins in turn: who comes later finds a larger database. The words are said behind the rates.
in_turn() {
  local name=$1 kinds=("$2" "$4") round work n kind
  for round in $(seq "$ROUNDS"); do
    for work in ${WORKS:?}; do
      for n in 0 1; do
        kind=${kinds[$(((n + round) % 2))]}
        ENTREPOT_BENCH_DATA="$FOLDER/$kind"
        serve "$name" "${URLS[$kind]}" "$PORT"
        rate_to "$FOLDER/$work.$kind" "$work" "$round"
        stop_server "$name"
      done
      say "round $round, $work: $(tail -n 1 "$FOLDER/$work.$2")/s $3, $(tail -n 1 "$FOLDER/$work.$4")/s $5"
    done
  done
}

# row ON WHAT FIGURE UNIT [REACH] [--least] [--note TEXT]; cost ON WHAT BASE OTHER REACH: a figure of the table in $FIGURES
row() { python3 "$ROOT/bench/measured.py" row --out "$FIGURES" --on "$@"; }
cost() { python3 "$ROOT/bench/measured.py" cost --out "$FIGURES" --on "$@"; }

# begin_figures: a new table, and no measurement yet beside other load; end_figures prints it, and ends with 1 when something is missed
begin_figures() { rm -f "$FIGURES" "$RUN/busy"; }
end_figures() {
  python3 "$ROOT/bench/measured.py" table "$FIGURES" || local rc=$?
  [ ! -e "$RUN/busy" ] || say "$(wc -l <"$RUN/busy") measurements began while other processes took more than 15 % of the machine: repeat them"
  return "${rc:-0}"
}

# seconds COMMAND...: runs it within $LIMIT seconds, its output to $FOLDER/last.log; prints how long it took. A failure ends the script.
seconds() {
  local began ended
  began=$(date +%s.%N)
  timeout "${LIMIT:-900}" "$@" >"$FOLDER/last.log" 2>&1 || {
    tail -n 5 "$FOLDER/last.log" >&2
    say "failed: $*"
    return 1
  }
  ended=$(date +%s.%N)
  awk -v b="$began" -v e="$ended" 'BEGIN { printf "%.2f", e - b }'
}
