#!/usr/bin/env bash
# Takes pictures of what has a page: GraphiQL, the API reference, the React example with live stock, a chart of the report builder, and a paper of
# each kind: order confirmation, picking list, packing slip, delivery note, invoice, credit note, purchase order, return label.
#
#   scripts/screenshots.sh [FOLDER]    into FOLDER (docs/images by default), from a demo that is made for it
#
# The demo's data is generated anew in a temporary folder, with fewer rows than `make demo` has, and its server listens on a free port of this
# machine alone; both are gone in the end. Each page is used first: an operation is run, a login made, a change of stock seen. ENTREPOT_BIN names
# the server's binary; without it the one in the target folder is used. Needed: Node 20, the packages of clients/typescript
# (scripts/test-clients.sh installs them), and Chromium (ENTREPOT_CHROMIUM, or /usr/bin/chromium).
set -euo pipefail
ME=screenshots
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

OUT="${1:-$ROOT/docs/images}"
TYPESCRIPT="$ROOT/clients/typescript"
BIN="${ENTREPOT_BIN:-}"
for built in release demo debug; do
  [ -n "$BIN" ] || [ ! -x "$(target_dir)/$built/entrepot" ] || BIN="$(target_dir)/$built/entrepot"
done
[ -n "$BIN" ] || die "no binary: build one (make demo), or name it in ENTREPOT_BIN"
[ -d "$TYPESCRIPT/node_modules/playwright-core" ] || die "the packages of clients/typescript are not installed: npm ci --prefix clients/typescript"
need_chromium

FOLDER="$(mktemp -d)"
DEMO=''
finish() {
  local rc=$?
  [ -z "$DEMO" ] || kill "$DEMO" 2>/dev/null || true
  [ -z "$DEMO" ] || wait "$DEMO" 2>/dev/null || true
  [ "$rc" = 0 ] || tail -n 20 "$FOLDER/demo.log" >&2 || true
  rm -rf "$FOLDER"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT TERM

PORT="$(free_port)"
say "the demo is being filled (a minute; several with a debug build)"
"$BIN" demo --file "$FOLDER/demo.sqlite" --rows 6000 --listen "127.0.0.1:$PORT" >"$FOLDER/demo.log" 2>&1 &
DEMO=$!
for ((second = 0; ; second++)); do
  grep -q '^  TOKEN=' "$FOLDER/demo.log" && break
  kill -0 "$DEMO" 2>/dev/null || die "the demo ended"
  [ "$second" -lt 900 ] || die "the demo was not up after 15 minutes"
  sleep 1
done

mkdir -p "$OUT"
say "taking pictures into $OUT"
timeout 600 node "$ROOT/scripts/screenshots.mjs" "$TYPESCRIPT" "$CHROMIUM" "$FOLDER/demo.log" "$OUT"
