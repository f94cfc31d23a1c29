#!/usr/bin/env bash
# What traces cost of the write throughput: w2, w3 and w4 without traces, with 1 % and with all of them, in turn within each round.
#
#   bench/traces.sh [sqlite|postgres|both] [ARGS]    ARGS go to bench/load.py, e.g. --products 500 --orders 0 (the default)
#
# The collector is bench/sink.py on this machine, which answers 200 and keeps nothing; it shares the two cores, and what it takes counts. Each
# measurement is of a server that was started anew. Owed: 2 % at 1 %, 15 % at 100 %. BENCH_ROUNDS is 7 here, as 2 % are less than the noise of
# three. Clients: the kit's generator where bench/run.sh setup built it, else bench/writes.py. About (BENCH_SECS + BENCH_WARM + 2) * 9 *
# BENCH_ROUNDS seconds a database: 10 minutes. Prints a table of Markdown; ends with 1 when something is missed. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=traces
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
ROUNDS="${BENCH_ROUNDS:-7}" WORKS="${BENCH_WORKS:-w2 w3 w4}"
asked "$@"
[ $# = 0 ] || shift
[ $# -gt 0 ] || set -- --products 500 --customers 100 --orders 0
need_binary

FOLDER="$WORK/traces" FIGURES="$WORK/traces.jsonl" SINK_PORT=$((PORT + 4))
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
SINK=''
trap 'stop_server traces; [ -z "$SINK" ] || end_process "$SINK"; clean_up' EXIT
port_free "$SINK_PORT" || die "port $SINK_PORT is taken; set ENTREPOT_BENCH_PORT"
python3 "$ROOT/bench/sink.py" "$SINK_PORT" >"$RUN/sink.log" 2>&1 &
SINK=$!
wait_for 10 bash -c ": >/dev/tcp/127.0.0.1/$SINK_PORT"
come() { python3 -c 'import json, sys, urllib.request; print(json.load(urllib.request.urlopen(sys.argv[1]))["bytes"])' "http://127.0.0.1:$SINK_PORT/"; }

for on in "${ON[@]}"; do
  need_services "$on"
  new_database traces "$on"
  export ENTREPOT_BENCH_DATA="$FOLDER/$on"
  serve traces "$URL" "$PORT"
  fill "$@"
  stop_server traces
  before=$(come)
  for round in $(seq "$ROUNDS"); do
    for work in $WORKS; do
      # Everyone begins in turn: who comes later finds a larger database.
      kinds=(off 0.01 1)
      for n in 0 1 2; do
        kind=${kinds[$(((n + round) % 3))]}
        args=()
        [ "$kind" = off ] || args=(--otlp-endpoint "http://127.0.0.1:$SINK_PORT" --trace-sample "$kind")
        serve traces "$URL" "$PORT" "${args[@]}"
        rate_to "$FOLDER/$on.$work.$kind" "$work" "$round"
        stop_server traces
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
