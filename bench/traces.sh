#!/usr/bin/env bash
# What traces cost of the write throughput: w2, w3 and w4 without traces, with 1 % and with all of them, in turn within each round.
#
#   bench/traces.sh [sqlite|postgres|both] [ARGS]    ARGS go to bench/load.py, e.g. --products 500 --orders 0 (the default)
#
# The collector is bench/sink.py on this machine, which answers 200 and keeps nothing; it shares the two cores, and what it takes counts. The three have
# a server and a database each, so that a measurement can be short and a slow minute of the machine falls on all of them. Two databases filled in the
# same way differ by 10 %, and so do the first and the last of three: within a round each of the three ways is measured twice on each database and twice
# at each place, and the mean of the six counts. Owed: 2 % at 1 %, 15 % at 100 %, of the median of all rounds. BENCH_ROUNDS is 3 here, BENCH_SECS 2 and
# BENCH_WARM 0.5. Clients: the kit's generator where bench/run.sh setup built it, else bench/writes.py. About (BENCH_SECS + BENCH_WARM + 1.5) * 54 *
# BENCH_ROUNDS seconds a database: 11 minutes. Prints a table of Markdown; ends with 1 when something is missed. Settings: the head of bench/lib.sh;
# the ports are ENTREPOT_BENCH_PORT and the two after it.
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
ROUNDS="${BENCH_ROUNDS:-3}" SECS="${BENCH_SECS:-2}" WARM="${BENCH_WARM:-0.5}" WORKS="${BENCH_WORKS:-w2 w3 w4}"
asked "$@"
[ $# = 0 ] || shift
[ $# -gt 0 ] || set -- --products 500 --customers 100 --orders 0
need_binary

FOLDER="$WORK/traces" FIGURES="$WORK/traces.jsonl" SINK_PORT=$((PORT + 4))
KINDS=(off 0.01 1)
ORDERS=("0 1 2" "2 1 0" "1 2 0" "0 2 1" "2 0 1" "1 0 2")
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
SINK=''
stop_servers() { for n in 0 1 2; do stop_server "traces-$n"; done; }
trap 'stop_servers; [ -z "$SINK" ] || end_process "$SINK"; clean_up' EXIT
start_sink "$SINK_PORT"
come() { python3 -c 'import json, sys, urllib.request; print(json.load(urllib.request.urlopen(sys.argv[1]))["bytes"])' "http://127.0.0.1:$SINK_PORT/"; }
# database N: the account, the address and the port of the server of that database are those of what follows
database() { export ENTREPOT_BENCH_DATA="$FOLDER/$on.$1" ENTREPOT_BENCH_PORT=$((FIRST_PORT + $1)) PORT=$((FIRST_PORT + $1)) URL="${URLS[$1]}"; }
# start N KIND: serves that database
start() {
  local args=()
  database "$1"
  [ "$2" = off ] || args=(--otlp-endpoint "http://127.0.0.1:$SINK_PORT" --trace-sample "$2")
  serve "traces-$1" "$URL" "$PORT" "${args[@]}"
}

FIRST_PORT=$PORT
for on in "${ON[@]}"; do
  need_services "$on"
  URLS=()
  for n in 0 1 2; do
    new_database "traces_$n" "$on"
    URLS+=("$URL")
    start "$n" off
    fill "$@"
  done
  stop_servers
  before=$(come)
  for round in $(seq "$ROUNDS"); do
    rm -f "$FOLDER"/*.part
    for step in 0 1 2 3 4 5; do
      for n in 0 1 2; do start "$n" "${KINDS[$(((n + step) % 3))]}"; done
      for work in $WORKS; do
        for kind in ${ORDERS[$step]}; do
          database $(((kind + 6 - step) % 3))
          rate_to "$FOLDER/$on.$work.${KINDS[$kind]}.part" "$work" "$round"
        done
      done
      stop_servers
    done
    for work in $WORKS; do
      for kind in "${KINDS[@]}"; do
        awk '{ sum += $1 } END { printf "%.1f\n", sum / NR }' "$FOLDER/$on.$work.$kind.part" >>"$FOLDER/$on.$work.$kind"
      done
      say "$on, round $round, $work: $(tail -n 1 "$FOLDER/$on.$work.off")/s off, $(tail -n 1 "$FOLDER/$on.$work.0.01")/s at 1 %, $(tail -n 1 "$FOLDER/$on.$work.1")/s at 100 %"
    done
  done
  for work in $WORKS; do
    cost "$on" "cost of traces at 1 %, $work" "$FOLDER/$on.$work.off" "$FOLDER/$on.$work.0.01" 2
    cost "$on" "cost of traces at 100 %, $work" "$FOLDER/$on.$work.off" "$FOLDER/$on.$work.1" 15
  done
  # Without a byte the figures above would say nothing.
  row "$on" "spans that came to the collector" "$((($(come) - before) / 1024))" KiB 1 --least
done
end_figures
