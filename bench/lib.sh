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
  local lifted="${LIFTED---budget off --tenant-budget off --tenant-operations off --sockets-entering off}"
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
  if grep -qsE "entrepot|rawsrv" "/proc/$pid/cmdline"; then end_process "$pid"; fi
  rm -f "$RUN/$1.pid"
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
