#!/usr/bin/env bash
# Checks and tests everything, on both databases. CI runs the same.
#
#   scripts/test.sh                 format, lints, generated files, all tests
#   scripts/test.sh --check         format, lints and generated files only
#   scripts/test.sh --tests [ARGS]  tests only; ARGS go to cargo nextest run (or cargo test), e.g. a name to filter by
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
# A clone that is built once gains nothing from incremental state and pays for writing it.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0
LOCKED=(${CI:+--locked})

LOG=''
STARTED=''
finish() {
  local rc=$?
  [ -z "$LOG" ] || rm -f "$LOG"
  [ -z "$STARTED" ] || scripts/services.sh stop || true
  [ "$rc" = 0 ] || say "FAILED (exit $rc, after ${SECONDS}s)"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT TERM

step() { say "[${SECONDS}s] $*"; }

check() {
  step "format: cargo fmt --check"
  cargo fmt --all --check
  step "lints: cargo clippy -D warnings"
  cargo clippy --workspace --all-targets --quiet "${LOCKED[@]}" -- -D warnings
  step "schema.graphql against what the binary prints"
  cargo run --quiet "${LOCKED[@]}" -- schema | diff -u schema.graphql - >&2 || die "schema.graphql is not what the server serves: run 'make schema' and look at the difference"
}

tests() {
  if ! scripts/services.sh status >/dev/null; then
    step "a Postgres and a Redis for the tests"
    STARTED=1
    scripts/services.sh start
  fi
  eval "$(scripts/services.sh env)"
  LOG=$(mktemp)
  local rc=0
  if cargo nextest --version >/dev/null 2>&1; then
    step "tests: cargo nextest run"
    cargo nextest run --workspace "${LOCKED[@]}" ${CI:+--profile ci} "$@" </dev/null 2>&1 | tee "$LOG" || rc=$?
  else
    step "tests: cargo test (cargo-nextest would run them side by side)"
    cargo test --workspace "${LOCKED[@]}" "$@" </dev/null 2>&1 | tee "$LOG" || rc=$?
  fi
  if [ -n "$STARTED" ]; then scripts/services.sh stop && STARTED=''; fi
  [ "$rc" = 0 ] || count
  return "$rc"
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
if [ -n "$CHECK" ]; then check; fi
if [ -n "$TESTS" ]; then tests "$@"; fi
say "all good, ${SECONDS}s"
if [ -n "$TESTS" ]; then count; fi
