#!/usr/bin/env bash
# What rights cost: a trivial query without a token, with a member's, and with an API key, in turn; a check of a permission;
# and what a storm of logins does to everybody else.
#
#   bench/rights.sh     BENCH_ROUNDS rounds in turn on SQLite
#
# Owed: a member's trivial query costs at most 1.3 times the anonymous one, and so does a key's; a check under 100 ns; others'
# p99 during a storm at most twice what it is without one. Needs the load generator of the kit (bench/run.sh setup).
# Settings: the head of bench/lib.sh.
set -euo pipefail
ME=rights
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in -h | --help)
  usage
  exit 0
  ;;
esac

[ -x "$LOADGEN" ] || die "the kit is not set up: call 'bench/run.sh setup' first"
need_binary
FOLDER="$WORK/rights"
FILE="$FOLDER/entrepot.sqlite"
export ENTREPOT_BENCH_DATA="$FOLDER/data"
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
trap 'stop_server rights' EXIT
"$BIN" migrate --database-url "sqlite://$FILE"
serve rights "sqlite://$FILE" "$PORT" --proxy 127.0.0.1
python3 "$ROOT/bench/load.py" register --url "http://127.0.0.1:$PORT/graphql" --out "$ENTREPOT_BENCH_DATA"
fresh_env

# ask QUERY: what the owner is answered
ask() {
  python3 - "$1" "$PORT" "$ENTREPOT_TOKEN" <<'PY'
import json, sys, urllib.request
query, port, token = sys.argv[1:]
headers = {"content-type": "application/json", "authorization": "Bearer " + token}
request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", json.dumps({"query": query}).encode(), headers)
payload = next(iter(json.load(urllib.request.urlopen(request))["data"].values()))
assert not payload["userErrors"], payload
print(payload.get("secret") or payload["integration"]["id"])
PY
}
INTEGRATION=$(ask 'mutation { integrationCreate(input: { idempotencyKey: "bench", name: "Bench", permissions: ["product.read"], scope: { all: true } }) { integration { id } userErrors { code } } }')
KEY=$(ask "mutation { apiKeyCreate(input: { idempotencyKey: \"bench\", integrationId: \"$INTEGRATION\", name: \"Bench\" }) { secret userErrors { code } } }")

# A target for each kind of caller.
target() {
  {
    printf 'name = "%s"\nurl = "http://127.0.0.1:%s/graphql"\n' "$1" "$PORT"
    printf '[headers]\n"user-agent" = "bench"\n%s\n' "${2:+authorization = \"Bearer $2\"}"
    printf '[work.trivial]\nquery = "{ __typename }"\nvariables = "{}"\nexpect = "Query"\n'
  } >"$FOLDER/$1.toml"
}
target anonymous ""
target member "$ENTREPOT_TOKEN"
target key "$KEY"

# load KIND CONNECTIONS: one run's line of JSON
load() {
  "$LOADGEN" http --target "$FOLDER/$1.toml" --name "$1" --work trivial --conns "$2" --secs "$SECS" --warm "$WARM" --seed "$round" \
    --label rights --pid "server=$(server_pid rights)" --out "$OUT"
}

for round in $(seq "$ROUNDS"); do
  for kind in anonymous member key; do
    line=$(load "$kind" 16)
    [ "$(field err <<<"$line")" = 0 ] || die "errors: $line"
    field rps <<<"$line" >>"$FOLDER/$kind.rates"
  done
  say "round $round: $(for kind in anonymous member key; do printf '%s %s/s  ' "$kind" "$(tail -n 1 "$FOLDER/$kind.rates")"; done)"
done

# Four clients, as a storm on a machine that is busy anyway would prove nothing about the storm.
for round in $(seq "$ROUNDS"); do
  field p99_ms <<<"$(load member 4)" >>"$FOLDER/calm.p99"
  python3 "$ROOT/bench/storm.py" "$PORT" "$((SECS + WARM + 1))" 64 >>"$FOLDER/storm.jsonl" &
  storm=$!
  sleep 0.5
  field p99_ms <<<"$(load member 4)" >>"$FOLDER/stormy.p99"
  wait "$storm"
  say "round $round: p99 $(tail -n 1 "$FOLDER/calm.p99") ms calm, $(tail -n 1 "$FOLDER/stormy.p99") ms in a storm of $(tail -n 1 "$FOLDER/storm.jsonl")"
done
stop_server rights

ratio() { awk -v a="$(median <"$FOLDER/$1")" -v b="$(median <"$FOLDER/$2")" 'BEGIN { printf "%.2f", a / b }'; }
printf "trivial query, anonymous: %s/s; a member's costs %s times that, a key's %s times (owed 1.3)\n" \
  "$(median <"$FOLDER/anonymous.rates")" "$(ratio anonymous.rates member.rates)" "$(ratio anonymous.rates key.rates)"
printf "others' p99: %s ms, in a storm of logins %s ms: %s times (owed 2); logins: %s\n" \
  "$(median <"$FOLDER/calm.p99")" "$(median <"$FOLDER/stormy.p99")" "$(ratio stormy.p99 calm.p99)" "$(tail -n 1 "$FOLDER/storm.jsonl")"
if [ -x "$(dirname "$BIN")/examples/rights" ]; then "$(dirname "$BIN")/examples/rights"; fi
