#!/usr/bin/env bash
# Tests clients/typescript and clients/python against a real server.
#
#   scripts/test-clients.sh            both clients' tests and scripts/codegen.sh; a minute and a half
#   scripts/test-clients.sh --check    only whether generated files and versions match; needs Node alone, and two seconds
#
# The tests start servers of their own on embedded databases, fill small tenants, kill and restart them, and stop what they started.
# ENTREPOT_BIN names the server's binary; without it the one in the target folder is used, and built if there is none.
#
# Needed: Node 20 or newer with npm, and Python 3.9 or newer. Their packages (package-lock.json; httpx, pytest, cryptography, mypy) are
# installed into clients/typescript/node_modules and the target folder unless they are there. A client whose tools or packages cannot be
# had is skipped, and the last lines say so; ENTREPOT_CLIENTS=required fails instead, also for a single test that is skipped. Chromium
# (ENTREPOT_CHROMIUM, or /usr/bin/chromium) is used if it is there.
set -euo pipefail
ME='test-clients'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

CHECK=''
case "${1:-}" in
'') ;;
--check) CHECK=1 ;;
-h | --help)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac

TYPESCRIPT="$ROOT/clients/typescript"
PYTHON="$ROOT/clients/python"
# No test of a client may take longer; a run on two idle cores takes a minute.
LIMIT=480
# An installation without a registry is given up.
INSTALL=120
SKIPPED=()
LOGS=''
JOBS=()
finish() {
  local rc=$?
  # A test that was ended at its time limit leaves servers, which are of its process group.
  for job in "${JOBS[@]}"; do kill -- "-$job" 2>/dev/null || true; done
  [ -z "$LOGS" ] || rm -rf "$LOGS"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The last lines say what was skipped.
skip() { SKIPPED+=("$*"); }

# The major version of Node; 0 without one.
node_major() { node --version 2>/dev/null | sed -nE 's/^v([0-9]+).*/\1/p' | grep . || echo 0; }

generated() {
  if [ "$(node_major)" -lt 18 ]; then
    skip "the check of generated files: Node 18 or newer is not installed"
    return 0
  fi
  node "$ROOT/scripts/codegen/refusals.mjs" --check || die "the reference's codes of mutations are out of date"
  node "$TYPESCRIPT/codegen/generate.mjs" --check || die "the clients' generated files are out of date: run 'make clients' and look at the difference"
}

# The server's binary, as an absolute path.
binary() {
  local found=${ENTREPOT_BIN:-$(target_dir)/debug/entrepot}
  if [ -z "${ENTREPOT_BIN:-}" ] && [ ! -x "$found" ]; then
    need_toolchain
    say "building the server"
    cargo build --quiet --locked --bin entrepot >&2
  fi
  [ -x "$found" ] || die "$found is not there: build the server, or name its binary in ENTREPOT_BIN"
  realpath "$found"
}

# Other generators of clients over the schema. Their packages stay in the target folder.
generators() {
  local rc=0
  if [ "$(node_major)" -lt 20 ] || ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    # One version of each is enough: the clients' tests run on older ones.
    say "other generators are not tried: Node 20 and Python 3.10 are needed"
    return 0
  fi
  ENTREPOT_CODEGEN_TOOLS="$(target_dir)/codegen" scripts/codegen.sh || rc=$?
  if [ "$rc" = 3 ]; then skip "scripts/codegen.sh: its generators cannot be installed"; fi
  [ "$rc" = 0 ] || [ "$rc" = 3 ]
}

# Whether node_modules is what package-lock.json asks for; installs it where it can.
node_modules() {
  local stamp="$TYPESCRIPT/node_modules/.lock"
  if cmp -s "$stamp" "$TYPESCRIPT/package-lock.json"; then return 0; fi
  say "installing the development packages of clients/typescript"
  (cd "$TYPESCRIPT" && timeout "$INSTALL" npm ci --prefer-offline --no-audit --no-fund --fetch-retries=0 --fetch-timeout=20000 --loglevel=error) \
    </dev/null >"$LOGS/npm" 2>&1 || return 1
  cp "$TYPESCRIPT/package-lock.json" "$stamp"
}

typescript() {
  if [ "$(node_major)" -lt 20 ] || ! command -v npm >/dev/null; then
    skip "clients/typescript: Node 20 or newer with npm is not installed"
  elif ! node_modules; then
    skip "clients/typescript: its development packages cannot be installed: $(grep -m 1 error "$LOGS/npm" || echo "no answer of a registry within ${INSTALL}s")"
  else
    (cd "$TYPESCRIPT" && exec setsid timeout "$LIMIT" npm test --silent) </dev/null >"$LOGS/typescript" 2>&1 &
    JOBS+=("$!")
    TYPESCRIPT_JOB=$!
  fi
}

# A Python with what the tests import: the one here, or a virtual environment in the target folder.
python_with_packages() {
  local imports='import cryptography, httpx, mypy, pytest, sys; sys.exit(sys.version_info < (3, 9))'
  local venv
  venv="$(target_dir)/clients-python"
  for found in python3 "$venv/bin/python"; do
    if "$found" -c "$imports" 2>/dev/null; then
      command -v "$found"
      return 0
    fi
  done
  say "installing the test packages of clients/python into $venv"
  {
    python3 -m venv "$venv" &&
      timeout "$INSTALL" "$venv/bin/pip" install --quiet --retries 0 --timeout 20 'httpx>=0.25,<1' 'pytest>=8' 'cryptography>=41' 'mypy>=1.10' &&
      "$venv/bin/python" -c "$imports"
  } </dev/null >"$LOGS/pip" 2>&1 || return 1
  echo "$venv/bin/python"
}

python() {
  local found
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    skip "clients/python: Python 3.9 or newer is not installed"
  elif ! found=$(python_with_packages); then
    skip "clients/python: its test packages cannot be installed: $(grep -m 1 -i error "$LOGS/pip" || echo "no answer of an index within ${INSTALL}s")"
  else
    (cd "$PYTHON" && exec setsid timeout "$LIMIT" "$found" -B -m pytest -p no:cacheprovider) </dev/null >"$LOGS/python" 2>&1 &
    JOBS+=("$!")
    PYTHON_JOB=$!
  fi
}

# Waits for one client's tests: on failure shows all that they said.
outcome() {
  local name=$1 job=$2 summary=$3 rc=0
  [ -n "$job" ] || return 0
  wait "$job" || rc=$?
  if [ "$rc" != 0 ]; then
    cat "$LOGS/$name" >&2
    say "FAILED clients/$name (exit $rc, after ${SECONDS}s)"
    return 1
  fi
  if grep -qE '^(#|ℹ) skipped [1-9]|[ ,][1-9][0-9]* skipped' "$LOGS/$name"; then skip "clients/$name: tests that say so above"; fi
  say "clients/$name: $(grep -E "$summary" "$LOGS/$name" | tr '\n' ' ') (${SECONDS}s)"
}

# Says what was skipped; fails if nothing may be.
skipped() {
  local reason
  for reason in "${SKIPPED[@]}"; do say "SKIPPED $reason"; done
  if [ "${#SKIPPED[@]}" != 0 ] && [ "${ENTREPOT_CLIENTS:-}" = required ]; then die "ENTREPOT_CLIENTS=required, and something was skipped"; fi
}

generated
if [ -n "$CHECK" ]; then
  skipped
  exit 0
fi
LOGS=$(mktemp -d)
TYPESCRIPT_JOB='' PYTHON_JOB='' FAILED=''
ENTREPOT_BIN=$(binary)
export ENTREPOT_BIN
say "testing with $ENTREPOT_BIN"
# Each client has its own servers: both run at once.
typescript
python
outcome typescript "$TYPESCRIPT_JOB" '^# (pass|fail|skipped) |^ℹ (pass|fail|skipped) |# SKIP' || FAILED=1
outcome python "$PYTHON_JOB" ' (passed|skipped)' || FAILED=1
# After the tests, whose time it would take.
generators || FAILED=1
[ -z "$FAILED" ] || exit 1
skipped
