#!/usr/bin/env bash
# Whether DuckDB reads our Parquet: exports of a server compared with its JSON lines and totals, and demand facts by full and increment.
#
#   scripts/test-parquet.sh
#
# ENTREPOT_BIN names the binary; without it the one in the target folder is used. DuckDB, of the version below, is installed into a virtual
# environment in a temporary folder; ENTREPOT_PARQUET_TOOLS names a folder in which it stays. Needed: Python 3.9 or newer, and an index of
# packages unless the folder has it. The server is one of its own, on SQLite, and ends with the script. About ten seconds.
# Ends with 1 at a difference, and with 3 when DuckDB cannot be installed.
set -euo pipefail
ME='test-parquet'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PIP=(duckdb==2.0.1)
# An installation without an index is given up.
INSTALL=180

case "${1:-}" in
'') ;;
-h | --help)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac

FOLDER=$(mktemp -d) SERVER=''
finish() {
  [ -z "$SERVER" ] || end_process "$SERVER"
  rm -rf "$FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM
TOOLS=${ENTREPOT_PARQUET_TOOLS:-$FOLDER/tools}

BIN=${ENTREPOT_BIN:-$(target_dir)/debug/entrepot}
[ -x "$BIN" ] || die "$BIN is not there: build the server, or name its binary in ENTREPOT_BIN"
BIN=$(realpath "$BIN")

install() {
  if [ "$(cat "$TOOLS/.versions" 2>/dev/null)" = "${PIP[*]}" ]; then return 0; fi
  say "installing ${PIP[*]} into $TOOLS"
  {
    python3 -m venv "$TOOLS" &&
      timeout "$INSTALL" "$TOOLS/bin/pip" install --quiet --retries 1 --timeout 20 "${PIP[@]}"
  } </dev/null >"$FOLDER/log" 2>&1 || return 1
  echo "${PIP[*]}" >"$TOOLS/.versions"
}
install || {
  tail -n 3 "$FOLDER/log" >&2
  say "DuckDB cannot be installed"
  exit 3
}

# An index may be behind a proxy; the server is not.
export no_proxy=127.0.0.1
PORT=$(free_port)
(
  cd "$FOLDER"
  ENTREPOT_KEYS_FILE="$FOLDER/entrepot.keys" exec "$BIN" serve --database-url "sqlite://$FOLDER/parquet.sqlite" --listen "127.0.0.1:$PORT" --registration open
) </dev/null >"$FOLDER/server.log" 2>&1 &
SERVER=$!
ready() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=2)' "$PORT"; }
wait_for 30 ready || {
  tail -n 5 "$FOLDER/server.log" >&2
  die "the server did not get ready"
}
"$TOOLS/bin/python" "$ROOT/scripts/parquet.py" --url "http://127.0.0.1:$PORT/graphql" --folder "$FOLDER" || {
  tail -n 5 "$FOLDER/server.log" >&2
  exit 1
}
