#!/usr/bin/env bash
# Demand facts, dashboard, reports, forecasts and a nightly plan: how long they take, what the facts cost of the write throughput, and whether the reports
# say what the year's file says.
#
#   bench/insight.sh [sqlite|postgres|both] [PART...]    PARTS: facts dashboard reports totals lag plan (all of them, in this order)
#
#   facts      `entrepot facts rebuild` and `--check` over the replayed year (20 s owed)
#   dashboard  p95 warm (50 ms), and cold: of a server just started, of other days, after a change (500 ms)
#   reports    every report of schema.graphql over the year, in each of its groupings, worst p95 (300 ms each)
#   totals     every row of the reports that the year's file determines, beside what bench/year.py makes of the file alone: to the unit and the penny
#   lag        facts behind the journal under w2, at 500 a second and at most (1 s), and w2 with jobs and with none (5 %); each begins when jobs have
#              done what the load before it has left
#   plan       a run of forecasts (60 s, 500 MiB), and a plan of 5,000 products in 20 stores with ten weeks of sales (30 s)
#
# The year is that of `bench/replay.sh --keep`, which is called where none is kept; all is done to a copy of it. BENCH_REPLAY_FILE is another file
# for it, INSIGHT_PLAN are arguments for the plan, e.g. "--products 200 --stores 2", or "--weeks 8 --history 104" for 104 weeks, of which the
# earlier ones are copies in the facts, INSIGHT_TOTALS those for the totals, e.g. "--only abcXyz --most 50"
# (bench/insight_totals.py --help), INSIGHT_EACH is how often a report is asked (6), INSIGHT_SECONDS ends a part that takes longer (2400), and
# INSIGHT_SETTLE is how long jobs may take to catch up before a load (300). Start
# scripts/services.sh first to keep the year on Postgres for the next script. About 25 minutes a database, half of them the plan's sales, and the
# replay. Prints a table of Markdown; ends with 1 when something is missed, or differs. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=insight
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
asked "$@"
[ $# = 0 ] || shift
[ $# -gt 0 ] || set -- facts dashboard reports totals lag plan
for part in "$@"; do
  case $part in facts | dashboard | reports | totals | lag | plan) ;; *) die "no part $part" ;; esac
done
need_binary

FOLDER="$WORK/insight" FIGURES="$WORK/insight.jsonl" METRICS="127.0.0.1:$((PORT + 3))"
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
WATCH='' DIFFER=''
trap '[ -z "$WATCH" ] || end_process "$WATCH"; stop_server insight; clean_up' EXIT
# No part takes longer, whatever happens.
insight() { timeout "${INSIGHT_SECONDS:-2400}" python3 "$ROOT/bench/insight.py" "$@"; }

facts() {
  local took
  took=$(seconds "$BIN" facts rebuild --database-url "$URL") || DIFFER=1
  row "$on" "facts rebuild" "${took:-failed}" s 20 --note "$(tail -n 1 "$FOLDER/last.log" | cut -c 1-120)"
  took=$(seconds "$BIN" facts rebuild --check --database-url "$URL") || DIFFER=1
  row "$on" "facts rebuild --check" "${took:-failed}" s
}

dashboard() {
  local n
  for n in $(seq 10); do
    serve insight "$URL" "$PORT"
    python3 "$ROOT/bench/load.py" token --out "$ACCOUNT" >/dev/null
    insight first --account "$ACCOUNT" >>"$FOLDER/$on.starts"
    stop_server insight
  done
  serve insight "$URL" "$PORT"
  insight dashboard --account "$ACCOUNT" --out "$FIGURES" --on "$on" --starts "$FOLDER/$on.starts"
  stop_server insight
}

reports() {
  serve insight "$URL" "$PORT"
  insight reports --account "$ACCOUNT" --out "$FIGURES" --on "$on" --each "${INSIGHT_EACH:-6}"
  stop_server insight
}

# The year as it was kept: other parts change their copy of it. No job writes beside it.
totals() {
  local file="${BENCH_REPLAY_FILE:-$ROOT/../shared/data/online-retail.csv.zst}" more=()
  read -ra more <<<"${INSIGHT_TOTALS:-}"
  new_database totals "$on" "$KEPT_URL"
  serve insight "$URL" "$PORT" --jobs off
  timeout "${INSIGHT_SECONDS:-2400}" python3 "$ROOT/bench/insight_totals.py" --file "$file" --account "$ACCOUNT" --out "$FIGURES" --on "$on" "${more[@]}" ||
    DIFFER=1
  stop_server insight
}

# watched WHAT COMMAND...: how far the facts are behind while the command loads the server
watched() {
  local what=$1
  shift
  insight lag --out "$FIGURES" --on "$on" --database "$URL" --psql "$(find_pg_bin)/psql" --seconds "$(awk -v s="$SECS" -v w="$WARM" 'BEGIN { print s + w }')" --what "$what" --reach 1 &
  WATCH=$!
  "$@" >"$FOLDER/load.json"
  wait "$WATCH" || die "the facts could not be watched"
  WATCH=''
}
# Waits until jobs have caught up with the journal. A server that starts begins with what rounds without jobs have left, and with books that are kept
# each ten minutes; then it gives the others that begin with it some seconds.
settled() {
  insight settle --database "$URL" --psql "$(find_pg_bin)/psql" --seconds "${INSIGHT_SETTLE:-300}" || die "the jobs have not caught up"
  sleep 5
}
paced() { fresh_env && python3 "$ROOT/bench/writes.py" --work w2 --conns 16 --rate 500 --secs "$SECS" --warm "$WARM" --seed 7; }

lag() {
  local round n kinds=(off on)
  export ENTREPOT_BENCH_DATA="$FOLDER/$on"
  serve insight "$URL" "$PORT"
  fill --products 500 --customers 100 --orders 0
  stop_server insight
  serve insight "$URL" "$PORT" # cost books are kept when it starts, and not again for ten minutes
  settled
  watched "facts behind the journal, p95, at 500 changes a second" paced
  sleep 5 # facts and alerts follow
  watched "facts behind the journal, p95, at most changes a second" generate w2 8
  stop_server insight
  for round in $(seq "$ROUNDS"); do
    for n in 0 1; do
      serve insight "$URL" "$PORT" --jobs "${kinds[$(((n + round) % 2))]}"
      [ "${kinds[$(((n + round) % 2))]}" = off ] || settled
      rate_to "$FOLDER/$on.w2.${kinds[$(((n + round) % 2))]}" w2 "$round"
      stop_server insight
    done
  done
  cost "$on" "cost of all background jobs, the facts among them, w2" "$FOLDER/$on.w2.off" "$FOLDER/$on.w2.on" 5
}

plan() {
  local more=()
  read -ra more <<<"${INSIGHT_PLAN:-}"
  new_database plan "$on"
  serve insight "$URL" "$PORT" --jobs off
  insight fill --url "http://127.0.0.1:$PORT/graphql" --account "$FOLDER/plan-$on" "${more[@]}"
  stop_server insight
  insight stretch --database "$URL" --psql "$(find_pg_bin)/psql" "${more[@]}"
  serve insight "$URL" "$PORT" --metrics-listen "$METRICS"
  insight plan --account "$FOLDER/plan-$on" --out "$FIGURES" --on "$on" --metrics "http://$METRICS/metrics" \
    --pid "$(server_pid insight)" "${more[@]}"
  stop_server insight
}

for on in "${ON[@]}"; do
  need_services "$on"
  if [ "$*" != plan ]; then
    replayed "$on"
    KEPT_URL=$URL
    new_database insight "$on" "$URL"
    YEAR_URL=$URL
  fi
  for part in "$@"; do
    URL="${YEAR_URL:-}"
    "$part"
  done
done
end_figures || DIFFER=1
[ -z "$DIFFER" ]
