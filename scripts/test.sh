#!/usr/bin/env bash
# Checks and tests everything, on both databases. CI runs the same.
#
#   scripts/test.sh                 format, lints, generated files, all tests, both clients' tests
#   scripts/test.sh --check         format, lints and generated files only
#   scripts/test.sh --tests [ARGS]  tests only; ARGS go to cargo nextest run (or cargo test), e.g. a name to filter by, and leave
#                                   out the clients' tests (scripts/test-clients.sh)
#
# It starts a throwaway Postgres and Redis (scripts/services.sh) unless ENTREPOT_TEST_POSTGRES_URL and
# ENTREPOT_TEST_REDIS_URL name running ones, and stops what it started. From an empty target folder it first builds all
# dependencies, which takes some minutes. The last line counts the tests.
set -euo pipefail
ME='test'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

CHECK=1 TESTS=1
case "${1:-}" in
'') ;;
--check) TESTS='' && shift ;;
--tests) CHECK='' && shift ;;
-h | --help)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac

export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"
# A clone that is built once gains nothing from incremental state and pays for writing it; where a test failed, its message says.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
# A snapshot that differs fails, and CI writes none beside it.
[ -z "${CI:-}" ] || export INSTA_UPDATE=no
LOCKED=(${CI:+--locked})

# The services of tests, beside those that `services.sh start` keeps for measurements. Not durable: each drop of a test's database is a
# checkpoint, and on a disk its 1,400 files take half a second to be made and to go; in memory it is a tenth.
services() { ENTREPOT_SERVICES_FSYNC=off scripts/services.sh "$@"; }

LOG=''
STARTED=''
SPENT=''
STEP='' SINCE=0
finish() {
  local rc=$?
  [ -z "$LOG" ] || rm -f "$LOG"
  [ -z "$STARTED" ] || services stop || true
  step ''
  [ "$rc" = 0 ] || say "FAILED (exit $rc, after ${SECONDS}s: $SPENT)"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Says what begins, and keeps how long the one before took: a run that was ended from outside tells where its time went.
step() {
  [ -z "$STEP" ] || SPENT+="${SPENT:+, }${STEP%%:*} $((SECONDS - SINCE))s"
  STEP=$1 SINCE=$SECONDS
  [ -z "$1" ] || say "[${SECONDS}s] $1"
}

format() {
  step "format: cargo fmt --check"
  cargo fmt --all --check
}

# What the given program prints, and its changes since the last release.
schema() {
  step "schema: schema.graphql against what the binary prints"
  "$@" schema | diff -u schema.graphql - >&2 || die "schema.graphql is not what the server serves: run 'make schema' and look at the difference"
  scripts/api-changelog.sh --check "$@"
}

# Generated files and versions of clients/: two seconds, and Node alone.
clients_check() {
  step "clients: generated files against schema.graphql"
  scripts/test-clients.sh --check
}

check() {
  format
  clients_check
  step "lints: cargo clippy -D warnings"
  cargo clippy --workspace --all-targets --quiet "${LOCKED[@]}" -- -D warnings
  schema cargo run --quiet "${LOCKED[@]}" --
}

# The runner of the tests, with further arguments. One test that waits runs beside those that compute (.config/nextest.toml).
export NEXTEST_TEST_THREADS="${NEXTEST_TEST_THREADS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}"
run_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace "${LOCKED[@]}" ${CI:+--profile ci} "$@" </dev/null
  else
    cargo test --workspace "${LOCKED[@]}" "$@" </dev/null
  fi
}

# Format, lints and generated files on the way to the tests. `cargo clippy` would check each dependency and each line once more, and
# `cargo run` build most of them again without what only tests need: so the compiler of the tests is the one that lints, and its binary is asked.
check_and_build() {
  format
  clients_check
  export RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings
  step "build: clippy-driver -D warnings over all targets, and the tests"
  run_tests --no-run
  schema "${CARGO_TARGET_DIR:-target}/debug/entrepot"
}

# Says that the Postgres that was given is slow for tests.
warn_of_durable() {
  local bin
  bin=$(find_pg_bin) || return 0
  [ "$("$bin/psql" -X -Atq "$ENTREPOT_TEST_POSTGRES_URL" -c 'SHOW fsync' 2>/dev/null)" = on ] || return 0
  say "warning: the Postgres of ENTREPOT_TEST_POSTGRES_URL is durable, so each test on it takes half a second more: unset it, or set fsync = off there"
}

tests() {
  if ! services status >/dev/null; then
    step "services: a Postgres and a Redis for the tests"
    STARTED=1
    services start
  fi
  eval "$(services env)"
  warn_of_durable
  LOG=$(mktemp)
  local rc=0
  step "tests: SQLite and Postgres"
  run_tests "$@" 2>&1 | tee "$LOG" || rc=$?
  if [ -n "$STARTED" ]; then services stop && STARTED=''; fi
  [ "$rc" = 0 ] || count
  return "$rc"
}

# The clients' own tests against the binary that the tests built. They say plainly what they skip, such as without Node or a registry.
clients() {
  local built="${CARGO_TARGET_DIR:-target}/debug/entrepot"
  step "clients: TypeScript and Python against the server"
  if [ -x "$built" ]; then ENTREPOT_BIN=${ENTREPOT_BIN:-$built} scripts/test-clients.sh; else scripts/test-clients.sh; fi
}

# Adds up the closing lines of either runner.
count() {
  sed 's/\x1b\[[0-9;]*m//g' "$LOG" | awk '
    /tests? run:.* passed/ || /^test result:/ {
      n = split($0, w, /[ ,;()]+/)
      for (i = 2; i <= n; i++) {
        if (w[i] == "passed") passed += w[i - 1]
        if (w[i] == "failed" || w[i] == "timed" || w[i] == "exec") failed += w[i - 1]
        if (w[i] == "skipped" || w[i] == "ignored") skipped += w[i - 1]
      }
    }
    END { printf "tests: %d passed, %d failed, %d skipped\n", passed, failed, skipped }'
}

say "checks: ${CHECK:+format, lints, generated files}${CHECK:+${TESTS:+; }}${TESTS:+tests on SQLite and Postgres}"
need_toolchain
if [ -z "$TESTS" ]; then
  check
else
  if [ -n "$CHECK" ]; then check_and_build; fi
  tests "$@"
  # A name to filter by is a Rust test's.
  if [ "$#" = 0 ]; then clients; fi
fi
step ''
say "all good, ${SECONDS}s: $SPENT"
if [ -n "$TESTS" ]; then count; fi
