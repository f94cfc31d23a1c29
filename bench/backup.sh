#!/usr/bin/env bash
# Backups of the replayed year: how long they, a restore with its proof and a drill take, and what they cost of the write throughput.
#
#   bench/backup.sh [sqlite|postgres|both]
#
# The year is that of `bench/replay.sh --keep`, which is called where none is kept; all is done to a copy of it: `entrepot backup run`, `verify`,
# `restore` and then `entrepot verify`, `drill`; on Postgres they run pg_dump and pg_restore, for databases of up to 5 GiB. Then w2 in turn without
# backups and while backups are made one after another, and on SQLite with the log shipped (`--backup-ship-log`). pgBackRest, which archives a cluster,
# is not measured here (deploy/pgbackrest/try.sh). Owed: backup 60 s, restore with proof 180 s, 5 % of w2. About 12 minutes a database with
# BENCH_ROUNDS=5 and BENCH_SECS=20 (the defaults here), and the replay; disk for four copies of the year. BENCH_REPLAY_FILE is another file for the replay, as the sample
# in ../shared/data. Start scripts/services.sh first to keep the year on Postgres for the next script. What the drill printed, and its row of the
# log, stay in $ENTREPOT_BENCH_WORK/backup-drill-sqlite.log and backup-drill-postgres.log. Prints a table of Markdown; ends with 1 when something is
# missed. Settings: the head of bench/lib.sh.
set -euo pipefail
ME=backup
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
ROUNDS="${BENCH_ROUNDS:-5}" SECS="${BENCH_SECS:-20}"
asked "$@"
need_binary

FOLDER="$WORK/backup" FIGURES="$WORK/backup.jsonl"
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
begin_figures
export ENTREPOT_KEYS_FILE="${ENTREPOT_KEYS_FILE:-$WORK/entrepot.keys}"
MAKER=''
ended() {
  rm -f "$FOLDER/go-on"
  [ -z "$MAKER" ] || wait "$MAKER" || true
  stop_server backup
  clean_up
}
trap ended EXIT

file_mib() { du -sm "$1" | cut -f 1; }
backup() { "$BIN" backup "$1" --database-url "$URL" --backups "file:$2" "${@:3}"; }
# Those that can be restored: a generation is listed from its first chunk on.
backups_of() { backup list "$1" 2>/dev/null | grep -c 'keys: present' || true; }

# A backup that is killed leaves a lock: the maker ends after the one that it is at, which is not of those under load.
make_backups() {
  local began
  while [ -e "$FOLDER/go-on" ]; do
    began=$(date +%s.%N)
    backup run "$FOLDER/under-load" >"$FOLDER/maker.log" 2>&1 || return 1
    [ ! -e "$FOLDER/go-on" ] || awk -v began="$began" -v now="$(date +%s.%N)" 'BEGIN { print now - began }' >>"$FOLDER/$on.took"
  done
}
# load KIND ROUND: one rate of w2, of a server that was started anew
load() {
  local args=() before=0
  if [ "$1" = shipped ]; then
    mkdir -p "$FOLDER/shipped"
    args=(--backups "file:$FOLDER/shipped" --backup-ship-log --backup-every 7d --backup-drill-every off)
    before=$(backups_of "$FOLDER/shipped")
  fi
  serve backup "$URL" "$PORT" "${args[@]}"
  if [ "$1" = shipped ]; then
    # The log is shipped from the first generation on.
    local until=$((SECONDS + 300))
    while [ "$(backups_of "$FOLDER/shipped")" -le "$before" ]; do
      [ "$SECONDS" -lt "$until" ] || die "no generation was stored within 300 s: $(tail -n 3 "$RUN/backup.log")"
      sleep 2 # each look reads all manifests
    done
  fi
  if [ "$1" = made ]; then
    rm -rf "$FOLDER/under-load"
    mkdir -p "$FOLDER/under-load"
    # Before the maker begins: what it takes of the machine is not other processes' load.
    quiet
    touch "$FOLDER/go-on"
    make_backups &
    MAKER=$!
    BENCH_QUIET=0 rate_to "$FOLDER/$on.w2.$1" w2 "$2"
  else
    rate_to "$FOLDER/$on.w2.$1" w2 "$2"
  fi
  if [ "$1" = made ]; then
    rm -f "$FOLDER/go-on"
    wait "$MAKER" || die "a backup under load failed: $(tail -n 3 "$FOLDER/maker.log")"
    MAKER=''
  fi
  stop_server backup
}

loads() {
  local round n kinds=(off made)
  [ "$on" = postgres ] || kinds+=(shipped)
  for round in $(seq "$ROUNDS"); do
    for n in "${!kinds[@]}"; do load "${kinds[$(((n + round) % ${#kinds[@]}))]}" "$round"; done
    say "$on, round $round: $(for n in "${kinds[@]}"; do printf '%s %s/s  ' "$n" "$(tail -n 1 "$FOLDER/$on.w2.$n")"; done)"
  done
  [ "$on" = postgres ] || cost "$on" "cost of shipping the log, w2" "$FOLDER/$on.w2.off" "$FOLDER/$on.w2.shipped" 5
  cost "$on" "cost while backups are made without a pause, w2" "$FOLDER/$on.w2.off" "$FOLDER/$on.w2.made" 5
  if [ -s "$FOLDER/$on.took" ]; then
    row "$on" "such a backup beside w2, the median" "$(sort -n "$FOLDER/$on.took" | awk '{ took[NR] = $1 } END { print took[int((NR + 1) / 2)] }')" s 60 \
      --note "$(wc -l <"$FOLDER/$on.took") of them, the longest $(sort -n "$FOLDER/$on.took" | tail -n 1) s"
  else
    say "$on: no backup ended beside w2 within $SECS s: set BENCH_SECS"
  fi
}

# Sets RESTORED to where a backup can be restored: a file that is not there, or a database without a table.
empty_target() {
  if [ "$on" = sqlite ]; then
    RESTORED="sqlite://$FOLDER/restored.sqlite"
  else
    RESTORED="${URL%/*}/entrepot_restored_$$"
    pg -c "DROP DATABASE IF EXISTS ${RESTORED##*/} WITH (FORCE)" -c "CREATE DATABASE ${RESTORED##*/}"
    MADE+=("${RESTORED##*/}")
  fi
}
remove_target() {
  if [ "$on" = sqlite ]; then rm -f "$FOLDER"/restored.sqlite*; else pg -c "DROP DATABASE ${RESTORED##*/} WITH (FORCE)"; fi
}
database_mib() {
  if [ "$on" = sqlite ]; then file_mib "${URL#sqlite://}"; else pg -At -c "SELECT pg_database_size('${URL##*/}') / 1048576"; fi
}

backups() {
  local took proof log="$WORK/backup-drill-$on.log" place="$FOLDER/$on-backups"
  mkdir -p "$place"
  took=$(seconds "$BIN" backup run --database-url "$URL" --backups "file:$place")
  row "$on" "backup of the replayed year" "$took" s 60 --note "$(database_mib) MiB, stored as $(file_mib "$place") MiB"
  took=$(seconds "$BIN" backup verify --database-url "$URL" --backups "file:$place")
  row "$on" "backup verify" "$took" s
  empty_target
  took=$(seconds "$BIN" backup restore --database-url "$RESTORED" --backups "file:$place")
  proof=$(seconds "$BIN" verify --database-url "$RESTORED")
  remove_target
  row "$on" "restore with verify" "$(awk -v a="$took" -v b="$proof" 'BEGIN { print a + b }')" s 180 --note "$took s restore, $proof s verify"
  took=$(seconds "$BIN" backup drill --database-url "$URL" --backups "file:$place")
  { cat "$FOLDER/last.log" && echo && "$BIN" backup log --database-url "$URL" --last 1; } >"$log" 2>&1 || true
  row "$on" "drill" "$took" s --note "$(grep -E '^R[PT]O ' "$FOLDER/last.log" | tr '\n' ' ' | cut -c 1-200)"
}

for on in "${ON[@]}"; do
  need_services "$on"
  if [ "$on" = postgres ]; then
    ENTREPOT_PG_DUMP="$(find_pg_bin)/pg_dump" ENTREPOT_PG_RESTORE="$(find_pg_bin)/pg_restore"
    export ENTREPOT_PG_DUMP ENTREPOT_PG_RESTORE
  fi
  replayed "$on"
  new_database backup "$on" "$URL"
  backups
  # A tenant beside the year's, for w2.
  export ENTREPOT_BENCH_DATA="$FOLDER/$on"
  serve backup "$URL" "$PORT"
  fill --products 500 --customers 100 --orders 0
  stop_server backup
  loads
done
end_figures
