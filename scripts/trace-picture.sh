#!/usr/bin/env bash
# Takes a picture of one traced write, from the client's request by the ledger's batch and its statements to the webhook.
#
#   scripts/trace-picture.sh [FILE]    into FILE (docs/images/trace.png by default)
#
# A server on an embedded database of its own sends all of its spans to bench/otlp_trace.py, which makes the write and draws them; both are gone in
# the end. ENTREPOT_BIN names the server's binary; without it the one in the target folder is used. Needed: Python 3, and Chromium (ENTREPOT_CHROMIUM,
# or /usr/bin/chromium). About half a minute.
set -euo pipefail
ME=trace-picture
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in
-h | --help)
  usage
  exit 0
  ;;
-*)
  usage >&2
  exit 2
  ;;
esac

OUT="${1:-$ROOT/docs/images/trace.png}"
BIN="${ENTREPOT_BIN:-}"
for built in dist release demo debug; do
  [ -n "$BIN" ] || [ ! -x "$(target_dir)/$built/entrepot" ] || BIN="$(target_dir)/$built/entrepot"
done
[ -n "$BIN" ] || die "no binary: build one (make demo), or name it in ENTREPOT_BIN"
need_chromium

FOLDER="$(mktemp -d)"
SERVER=''
finish() {
  local rc=$?
  [ -z "$SERVER" ] || end_process "$SERVER"
  [ "$rc" = 0 ] || tail -n 20 "$FOLDER/server.log" >&2 || true
  rm -rf "${FOLDER:?}"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT TERM

PORT="$(free_port)"
COLLECTOR="$(free_port)"
until [ "$COLLECTOR" != "$PORT" ] && [ $((COLLECTOR + 1)) != "$PORT" ] && port_free $((COLLECTOR + 1)); do COLLECTOR="$(free_port)"; done
DATABASE="sqlite://$FOLDER/traced.sqlite"
"$BIN" migrate --database-url "$DATABASE" >"$FOLDER/server.log" 2>&1
"$BIN" serve --database-url "$DATABASE" --listen "127.0.0.1:$PORT" --registration open \
  --otlp-endpoint "http://127.0.0.1:$COLLECTOR" --trace-sample 1 --webhooks-allow 127.0.0.0/8 </dev/null >>"$FOLDER/server.log" 2>&1 &
SERVER=$!
wait_for 60 port_taken "$PORT" || die "the server is not up after a minute"
HEIGHT="$(PYTHONPATH="$ROOT/bench" timeout 180 python3 -B "$ROOT/bench/otlp_trace.py" "http://127.0.0.1:$PORT/graphql" "$COLLECTOR" "$FOLDER/trace.html")"
picture "file://$FOLDER/trace.html" "$OUT" 1200 "$HEIGHT" || die "Chromium made no picture"
say "$OUT"
