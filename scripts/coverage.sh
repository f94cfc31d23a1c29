#!/usr/bin/env bash
# Runs the tests with counters in each branch, and reports how much of the lines they reach: summary.md by crate, lines.txt by file, lcov.info for
# other tools, badge.json for a badge.
#
#   scripts/coverage.sh [FOLDER]      the folder of the reports: target/coverage, if none is given
#
# COVERAGE_LINES=85      ends with 1 where less than so many hundredths of the lines are reached
# COVERAGE_MINUTES=200   ends the tests after so long; the lines that they have reached until then count
#
# A test that is too slow with counters fails here alone, so a failed test is a warning. Tests themselves and fuzz targets are not counted.
# Needs cargo-llvm-cov, cargo-nextest, python3 and the toolchain's component llvm-tools; Postgres and Redis are started as for scripts/test.sh.
set -euo pipefail
ME=coverage
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

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
FOLDER=${1:-$(target_dir)/coverage}
LEAST=${COVERAGE_LINES:-85}
MINUTES=${COVERAGE_MINUTES:-200}
NOT_COUNTED='(^|/)(tests|fuzz)/'

need_toolchain
cargo llvm-cov --version >/dev/null 2>&1 || die "needs cargo-llvm-cov: cargo install cargo-llvm-cov --locked"
cargo nextest --version >/dev/null 2>&1 || die "needs cargo-nextest: cargo install cargo-nextest --locked"
# Before hours of tests, and not behind them.
TOOLS="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin"
if [ -z "${LLVM_COV:-}" ] && [ ! -x "$TOOLS/llvm-cov" ]; then die "needs llvm-cov of the toolchain: rustup component add llvm-tools"; fi

report() { cargo llvm-cov report --ignore-filename-regex "$NOT_COUNTED" "$@"; }

export ENTREPOT_SERVICES_FSYNC="${ENTREPOT_SERVICES_FSYNC:-off}" CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
# Each test is a process, and its counters are tens of megabytes: by default each has a file of its own, more than a disk of CI takes. These are added up
# in eight files for each program. One that a kill has cut is left out, and not the whole report with it.
export LLVM_PROFILE_FILE_NAME="${LLVM_PROFILE_FILE_NAME:-entrepot-%8m.profraw}" LLVM_PROFDATA_FLAGS="${LLVM_PROFDATA_FLAGS:---failure-mode=all}"
if ! scripts/services.sh status >/dev/null; then
  trap 'scripts/services.sh stop' EXIT
  scripts/services.sh start
fi
eval "$(scripts/services.sh env)"
RC=0
timeout --kill-after=30s "${MINUTES}m" cargo llvm-cov --no-report nextest --workspace --locked --profile ci --no-fail-fast || RC=$?
case "$RC" in
0) ;;
124 | 137) say "warning: the tests were ended after $MINUTES minutes" ;;
*) say "warning: some tests failed" ;;
esac

mkdir -p "$FOLDER"
report >"$FOLDER/lines.txt"
report --lcov --output-path "$FOLDER/lcov.info"
python3 -B scripts/coverage-table.py "$FOLDER/lcov.info" "$LEAST"
tail -n 1 "$FOLDER/lines.txt"
report --summary-only --fail-under-lines "$LEAST" >/dev/null || die "less than $LEAST % of the lines are reached: $FOLDER/lines.txt has them by file"
