#!/usr/bin/env bash
# Boosted trees over all products (LightGBM), AutoETS and MSTL (statsforecast) on the public file, beside our SES: the second table of docs/insight.md.
#
#   bench/models.sh [tune|score] [FILE]    score: the table (the default). tune: the candidates at rolling origins inside weeks 1–44; five minutes of one core
#
# FILE is ../shared/data/weekly-demand-300.csv by default. Python 3.11 or newer; the packages are installed into a virtual environment in
# $ENTREPOT_BENCH_WORK (default: ${TMPDIR:-/tmp}/entrepot-bench), in the versions below. One thread; the server is not needed.
set -euo pipefail
ME=models
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
case ${1:-score} in
-h | --help) usage && exit 0 ;;
tune | score) ;;
*) usage >&2 && exit 2 ;;
esac
PIP=(lightgbm==4.7.0 statsforecast==2.1.1 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3)
FILE="${2:-$ROOT/../shared/data/weekly-demand-300.csv}"
[ -f "$FILE" ] || die "there is no $FILE"
VENV="${ENTREPOT_BENCH_WORK:-${TMPDIR:-/tmp}/entrepot-bench}/models"
if [ "$(cat "$VENV/.versions" 2>/dev/null)" != "${PIP[*]}" ]; then
  say "installing ${PIP[*]} into $VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet "${PIP[@]}"
  echo "${PIP[*]}" >"$VENV/.versions"
fi
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec "$VENV/bin/python" -B "$ROOT/bench/models.py" "${1:-score}" "$FILE"
