#!/usr/bin/env bash
# What traces cost a server in instructions: w2, w3 and w4 without traces, with 1 % and with all of them, counted by valgrind.
#
#   bench/instructions.sh [sqlite|postgres|both] [ARGS]    ARGS go to bench/load.py, e.g. --products 500 --orders 0 (the default)
#
# Rates of bench/traces.sh differ by 12 % from one measurement to the next, and instructions by 0.2 to 2 %, whatever else the machine does. Only those of
# Entrepot's process count, its collector's and Postgres' do not; on SQLite the database is in that process. Under valgrind all takes fifty times as
# long: each statement is as slow as one that a slow operation would be sent with, and SHA-256 has no instructions of its own, so traces cost a little
# less than these figures say. Clients: bench/writes.py, BENCH_CONNS of them (4). BENCH_SECS is 20 here, BENCH_WARM 5. Eight minutes a database. Prints a
# table of Markdown; ends with 1 when something is missed. Needs valgrind. Settings: the head of bench/lib.sh; a collector has the port after
# ENTREPOT_BENCH_PORT.
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SECS="${BENCH_SECS:-20}" WARM="${BENCH_WARM:-5}" CONNS="${BENCH_CONNS:-4}" WORKS="${BENCH_WORKS:-w2 w3 w4}"
asked "$@"
[ $# = 0 ] || shift
[ $# -gt 0 ] || set -- --products 500 --customers 100 --orders 0
command -v callgrind_control >/dev/null || die "needs valgrind (Debian: apt-get install valgrind)"
need_binary

FOLDER="$WORK/instructions" FIGURES="$WORK/instructions.jsonl" SINK_PORT=$((PORT + 1))
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
SINK='' PROGRAM="$BIN" COUNTED="$FOLDER/entrepot-counted"
trap 'stop_server instructions; [ -z "$SINK" ] || end_process "$SINK"; clean_up' EXIT
cat >"$COUNTED" <<WRAPPER
#!/bin/sh
exec valgrind --tool=callgrind --instr-atstart=no --fair-sched=yes --callgrind-out-file="$FOLDER/out" "$PROGRAM" "\$@"
WRAPPER
chmod +x "$COUNTED"
start_sink "$SINK_PORT"

# load WORK SECONDS: a load on the server, as a line of JSON; an error ends the script
load() {
  local line
  fresh_env
  line=$(python3 "$ROOT/bench/writes.py" --work "$1" --conns "$CONNS" --secs "$2" --warm 0)
  [ "$(field err <<<"$line")" = 0 ] || die "errors: $line"
  echo "$line"
}

# start_counted [ARGS]: serves the database under valgrind. Beside other load it may take longer to open the database than a server waits for that.
start_counted() {
  local try
  for try in 1 2 3; do
    BIN="$COUNTED" launch instructions "$URL" "$PORT" --jobs off "$@"
    if wait_for 40 ready "$PORT"; then return; fi
    stop_server instructions
    say "start $try of the server failed"
  done
  tail -n 5 "$RUN/instructions.log" >&2
  die "entrepot did not get ready on port $PORT"
}

# instructions WORK KIND: those of an operation, in thousands. The server's are counted until the last spans are sent.
instructions() {
  local args=() pid answered
  [ "$2" = off ] || args=(--otlp-endpoint "http://127.0.0.1:$SINK_PORT" --trace-sample "$2")
  rm -f "$FOLDER/out"
  start_counted "${args[@]}"
  pid=$(server_pid instructions)
  load "$1" "$WARM" >/dev/null
  callgrind_control -i on "$pid" >/dev/null 2>&1
  answered=$(load "$1" "$SECS" | field answered)
  sleep 6
  callgrind_control -i off "$pid" >/dev/null 2>&1
  stop_server instructions
  awk -v n="$answered" '$1 == "totals:" { printf "%.1f", $2 / n / 1000 }' "$FOLDER/out"
}

# more BASE OTHER: by how many percent the other is more
more() { awk -v base="$1" -v other="$2" 'BEGIN { printf "%.1f", 100 * (other / base - 1) }'; }

for on in "${ON[@]}"; do
  need_services "$on"
  new_database instructions "$on"
  serve instructions "$URL" "$PORT"
  fill "$@"
  stop_server instructions
  for work in $WORKS; do
    off=$(instructions "$work" off)
    some=$(instructions "$work" 0.01)
    all=$(instructions "$work" 1)
    row "$on" "instructions for traces at 1 %, $work" "$(more "$off" "$some")" % 2 --note "$off and $some thousand an operation"
    row "$on" "instructions for traces at 100 %, $work" "$(more "$off" "$all")" % 15 --note "$all thousand an operation"
  done
done
end_figures
