#!/usr/bin/env bash
# Whether other generators of clients take the schema: graphql-codegen (client preset, strict scalars, its output compiled by tsc --strict),
# relay-compiler (also with @connection over each list), ariadne-codegen (its output imported) and the cache of Apollo Client.
#
#   scripts/codegen.sh                 over schema.graphql, the documents of the clients and the examples of the reference
#   scripts/codegen.sh --no-examples   without the examples, which the server's binary prints
#
# ENTREPOT_BIN names the binary; without it the one in the target folder is used, and built if there is none. The generators, of the versions
# below, are installed into a temporary folder; ENTREPOT_CODEGEN_TOOLS names a folder in which they stay. Needed: Node 20 or newer with npm,
# Python 3.10 or newer, and a registry of each unless the folder has them. About 25 seconds, and as many to install.
# Ends with 1 when a generator refuses, with 2 for wrong flags, and with 3 when the generators cannot be installed.
set -euo pipefail
ME='codegen'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NPM=(graphql@16.11.0 @graphql-codegen/cli@7.4.3 @graphql-codegen/client-preset@6.2.0 relay-compiler@21.0.1 @apollo/client@4.3.8 rxjs@7.8.2 typescript@5.9.3)
PIP=(ariadne-codegen==0.19.0)
# An installation without a registry is given up.
INSTALL=180

EXAMPLES=1
case "${1:-}" in
'') ;;
--no-examples) EXAMPLES='' ;;
-h | --help)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
TOOLS=${ENTREPOT_CODEGEN_TOOLS:-$FOLDER/tools}
mkdir -p "$TOOLS"
TOOLS=$(realpath "$TOOLS")

# Installs the generators unless they are there in these versions.
install() {
  local stamp="$TOOLS/.versions"
  if [ "$(cat "$stamp" 2>/dev/null)" = "${NPM[*]} ${PIP[*]}" ]; then return 0; fi
  say "installing the generators into $TOOLS"
  {
    timeout "$INSTALL" npm install --prefix "$TOOLS" --no-save --no-audit --no-fund --prefer-offline --fetch-retries=1 --fetch-timeout=20000 --loglevel=error "${NPM[@]}" &&
      python3 -m venv "$TOOLS/python" &&
      timeout "$INSTALL" "$TOOLS/python/bin/pip" install --quiet --retries 1 --timeout 20 "${PIP[@]}"
  } </dev/null >"$FOLDER/log" 2>&1 || return 1
  echo "${NPM[*]} ${PIP[*]}" >"$stamp"
}

# The examples of the reference, as the binary prints them.
examples() {
  local found=${ENTREPOT_BIN:-$(target_dir)/debug/entrepot}
  if [ -z "${ENTREPOT_BIN:-}" ] && [ ! -x "$found" ]; then
    need_toolchain
    say "building the server"
    (cd "$ROOT" && cargo build --quiet --locked --bin entrepot) >&2
  fi
  [ -x "$found" ] || die "$found is not there: build the server, or name its binary in ENTREPOT_BIN"
  "$found" schema examples
}

FAILED=''
# Runs one generator in a folder: nothing is shown of one that is satisfied.
tries() {
  local name=$1 folder=$2 began=$SECONDS
  shift 2
  if (cd "$folder" && "$@") </dev/null >"$FOLDER/log" 2>&1; then
    say "$name: takes it ($((SECONDS - began))s)"
  else
    cat "$FOLDER/log" >&2
    say "FAILED $name"
    FAILED=1
  fi
}

for tool in node npm python3; do
  if ! command -v "$tool" >/dev/null; then
    say "$tool is not installed"
    exit 3
  fi
done
if ! install; then
  tail -n 5 "$FOLDER/log" >&2
  say "the generators cannot be installed"
  exit 3
fi

cat "$ROOT"/clients/typescript/documents/*.graphql >"$FOLDER/clients.graphql"
SETS=(clients)
if [ -n "$EXAMPLES" ]; then
  examples >"$FOLDER/examples.graphql"
  SETS+=(examples)
fi
# A module imports from the folders above its own.
cp "$ROOT"/scripts/codegen/*.mjs "$TOOLS"
SCHEMA="$ROOT/schema.graphql"
WORK="$TOOLS/work"
rm -rf "$WORK"
mkdir "$WORK"
NAMED=() FILES=()
for name in "${SETS[@]}"; do
  NAMED+=("$name=$FOLDER/$name.graphql")
  FILES+=("$FOLDER/$name.graphql")
done
node "$TOOLS/projects.mjs" "$SCHEMA" "$WORK" "${NAMED[@]}" >/dev/null || die "the schema or a document cannot be read"

BIN="$TOOLS/node_modules/.bin"
tries graphql-codegen "$WORK" "$BIN/graphql-codegen" --config codegen.json --errors-only
tries 'tsc --strict' "$WORK" "$BIN/tsc" -p tsconfig.json
tries relay-compiler "$WORK/relay" "$BIN/relay-compiler" relay.config.json
for name in "${SETS[@]}"; do
  tries "ariadne-codegen ($name)" "$WORK/ariadne" "$TOOLS/python/bin/ariadne-codegen" --config "$name.toml"
  tries "Python ($name)" "$WORK/ariadne" "$TOOLS/python/bin/python" -B -c "import client_$name"
done
tries 'Apollo Client' "$WORK" node "$TOOLS/apollo.mjs" "$SCHEMA" "${FILES[@]}"
[ -z "$FAILED" ] || exit 1
say "all of them, after ${SECONDS}s"
