#!/usr/bin/env bash
# What live subscribers wait for and cost, on a node of this machine with the data of bench/run.sh (call 'bench/run.sh up' and 'load' first).
#
#   bench/live.sh filters         1,000 subscribers of 1,000 products: from asking for a change to having it    (p99 100 ms owed)
#   bench/live.sh load [SECONDS]  1,000 changes a second, 1,000 subscribers of ten products in a thousand each   (no gap, p99 250 ms, 80 % of the writes)
#   bench/live.sh stalled         1,000 subscribers of everything, without and with one that does not read     (p99 alike; the one gets all)
#   bench/live.sh resume [EVENTS] a subscriber that missed so many                                              (50,000 events a second)
#   bench/live.sh idle [COUNT]    the server's memory for each subscriber that hears nothing, on a fresh server (15 KB)
#   bench/live.sh all             one after the other
#
# Needs the example: cargo build --release --example live --features bench. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=live
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
LIVE="${ENTREPOT_LIVE:-$(target_dir)/release/examples/live}"

call() {
  fresh_env
  ENTREPOT_URL="http://127.0.0.1:$(cat "$RUN/entrepot.port")" "$LIVE" "$@"
}

kb_each() { awk -v b="$1" -v a="$2" -v n="$3" 'BEGIN { printf "%.1f", (a - b) * 1024 / n }'; }

idle() {
  local count=$1 pid before after own_before own_after
  pid=$(server_pid entrepot)
  before=$(memory_mb "$pid" VmRSS)
  own_before=$(memory_mb "$pid" RssAnon) # without the pages of the program that the first subscribers touch
  call idle "$count" 8 >/dev/null &
  local client=$!
  wait_for 120 bash -c "[ \$(ls /proc/$pid/fd | wc -l) -ge $count ]"
  sleep 4
  after=$(memory_mb "$pid" VmRSS)
  own_after=$(memory_mb "$pid" RssAnon)
  wait "$client"
  printf '{"scenario":"idle","subscribers":%s,"before_mb":%s,"after_mb":%s,"kb_each":%s,"own_kb_each":%s}\n' "$count" "$before" "$after" \
    "$(kb_each "$before" "$after" "$count")" "$(kb_each "$own_before" "$own_after" "$count")"
}

[ -x "$LIVE" ] || { [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; } || die "there is no $LIVE: cargo build --release --example live --features bench"
case "${1:-}" in
filters | stalled) call "$1" ;;
load) call load "${2:-60}" ;;
resume) call resume "${2:-100000}" ;;
idle) idle "${2:-5000}" ;;
all)
  call filters
  call load "${2:-60}"
  call stalled
  call resume 100000
  idle 5000
  ;;
-h | --help) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
