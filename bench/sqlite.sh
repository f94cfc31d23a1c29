#!/usr/bin/env bash
# The hot level on SQLite: 64 clients through Entrepot against SQLite's own rate of one commit a command.
#
#   bench/sqlite.sh     BENCH_ROUNDS rounds in turn: Entrepot (w3, WAL, synchronous FULL), then the kit's raw writer
#
# The raw writer is one thread in one process, no HTTP, no rights, no idempotency: update and ledger row, commit, again.
# Owed: three times its rate. Needs the load generator of the kit (bench/run.sh setup). Settings: the head of bench/lib.sh.
set -euo pipefail
ME=sqlite
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in -h | --help)
  usage
  exit 0
  ;;
esac

need_kit
need_binary
FOLDER="$WORK/sqlite"
FILE="$FOLDER/entrepot.sqlite"
export ENTREPOT_BENCH_DATA="$FOLDER/data"
rm -rf "$FOLDER"
mkdir -p "$FOLDER/raw"
trap 'stop_server sqlite' EXIT
"$BIN" migrate --database-url "sqlite://$FILE"
serve sqlite "sqlite://$FILE" "$PORT"
fill --products 500 --customers 100 --orders 0

for round in $(seq "$ROUNDS"); do
  fresh_env
  line=$("$LOADGEN" http --target "$TARGET" --name entrepot-sqlite --work w3 --conns 64 --secs "$SECS" --warm "$WARM" --seed "$round" \
    --label sqlite --pid "server=$(server_pid sqlite)" --out "$OUT")
  field rps <<<"$line" >>"$FOLDER/entrepot.rates"
  # The writer goes through sixteen settings; the fifth is ours. It is ended by the closed pipe once that line is out.
  raw=$({ "$RAWSQLITE" "$FOLDER/raw" "$SECS" 2>/dev/null || true; } | grep -m 1 '"sync":"FULL","row":"hot","batch":1,')
  echo "$raw" >>"$OUT"
  field commands_per_s <<<"$raw" >>"$FOLDER/raw.rates"
  say "round $round: entrepot $(tail -n 1 "$FOLDER/entrepot.rates")/s with $(field err <<<"$line") errors, p99 $(field p99_ms <<<"$line") ms; raw $(tail -n 1 "$FOLDER/raw.rates")/s"
done
stop_server sqlite
"$BIN" verify --database-url "sqlite://$FILE"
awk -v e="$(median <"$FOLDER/entrepot.rates")" -v r="$(median <"$FOLDER/raw.rates")" \
  'BEGIN { printf "hot level on SQLite, 64 clients: %.0f/s; one commit a command: %.0f/s; ratio %.1f (owed 3)\n", e, r, e / r }'
