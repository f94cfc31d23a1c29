#!/usr/bin/env bash
# The replayed year moved from SQLite to an empty Postgres by `entrepot copy`: how long the whole of it takes.
#
#   bench/copy.sh
#
# The year is that of `bench/replay.sh --keep sqlite`, which is called where none is kept; a copy of its file is moved, and stays as it is. Measured is
# the command as an operator calls it: the migration of the empty database, all rows, their digests read back from both sides, and the checks of
# `entrepot verify` on the target. Then the target is served once. Owed: 300 s. Postgres is the throwaway one of scripts/services.sh.
# BENCH_REPLAY_FILE is another file for the replay, as the sample in ../shared/data. Prints a table of Markdown; ends with 1 when something is missed.
# Settings: the head of bench/lib.sh.
set -euo pipefail
ME=copy
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# = 0 ] || {
  usage
  case $1 in -h | --help) exit 0 ;; esac
  exit 2
}
need_binary

FOLDER="$WORK/copy" FIGURES="$WORK/copy.jsonl"
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
trap 'stop_server copy; clean_up' EXIT
export ENTREPOT_KEYS_FILE="${ENTREPOT_KEYS_FILE:-$WORK/entrepot.keys}"

need_services postgres
replayed sqlite
# A source that was copied is served no more: the kept year is left alone.
new_database copy sqlite "$URL"
target="entrepot_copied_$$"
pg -c "DROP DATABASE IF EXISTS $target WITH (FORCE)" -c "CREATE DATABASE $target"
MADE+=("$target")
to="${ENTREPOT_TEST_POSTGRES_URL%/*}/$target"

quiet
took=$(seconds "$BIN" copy --from "$URL" --to "$to")
size=$(pg -Atc "SELECT pg_size_pretty(pg_database_size('$target'))")
row postgres "copy of the replayed year from SQLite" "$took" s 300 --note "$(du -sm "${URL#sqlite://}" | cut -f 1) MiB, $size on Postgres; with digests and verify"
serve copy "$to" "$PORT"
stop_server copy
end_figures
