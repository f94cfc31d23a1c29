#!/usr/bin/env bash
# A drill of pgBackRest's backups: restores the newest one with all of the log that is archived into a folder, starts a Postgres on it that only this
# machine reaches, runs `entrepot verify` there, compares the head of each company with that of the database that is served, writes the result to the
# log of backups (`entrepot backup log`, `backups` of the API, metrics and alarms read it), and removes everything again.
#
#   /usr/local/lib/entrepot/pgbackrest-drill      as the account that runs Postgres, on the machine of the primary; ends with 1 when the drill fails
#
# Settings, from the environment (entrepot-pgbackrest-drill.service reads /etc/entrepot/pgbackrest-drill.env); PGHOST, PGPORT and PGBACKREST_… hold as well:
#   DRILL_STANZA     pgBackRest's name of the cluster       (shop)
#   DRILL_DATABASE   the database in it                     (entrepot)
#   DRILL_ROLE       a superuser, without a password by the local socket   (postgres)
#   DRILL_FOLDER     is made and removed, and may not be there before; the disk needs room for a copy of the cluster, a quarter of it and 2 GiB
#                    (/var/lib/postgresql/entrepot-drill)
#   DRILL_PORT       of the restored Postgres, on 127.0.0.1 (5439)
#   DRILL_ENTREPOT   the program, of the version that is served   (/usr/bin/entrepot)
#   DRILL_SECONDS    for the restore, and for the restored Postgres to replay the log  (14400)
set -euo pipefail
STANZA=${DRILL_STANZA:-shop} DATABASE=${DRILL_DATABASE:-entrepot} ROLE=${DRILL_ROLE:-postgres}
FOLDER=${DRILL_FOLDER:-/var/lib/postgresql/entrepot-drill} PORT=${DRILL_PORT:-5439}
ENTREPOT=${DRILL_ENTREPOT:-/usr/bin/entrepot} REPLAY_SECONDS=${DRILL_SECONDS:-14400}
DATA=$FOLDER/data MARK=$FOLDER/.entrepot-drill
case ${1:-} in '') ;; *) sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0" && exit 2 ;; esac

say() { printf 'pgbackrest-drill: %s\n' "$*" >&2; }
served() { psql -XAtq -F ' ' -v ON_ERROR_STOP=1 -U "$ROLE" -d "$DATABASE" "$@"; }
# Whatever the environment names: this changes a password.
restored() { env -u PGHOSTADDR -u PGSERVICE psql -XAtq -F ' ' -v ON_ERROR_STOP=1 -h "$FOLDER/socket" -p "$PORT" -U "$ROLE" -d "$DATABASE" "$@"; }
micros() { date +%s%6N; }

# What the log gets; no step below writes a credential into one of these.
LABEL='' BYTES='' HEAD='' RTO='' SOUND='' RPO='' PROBLEM='the drill was ended before it was done'

# Where a drill was killed, its folder and its Postgres are still there. Only a folder that a drill has made is removed, and only a process that works in
# it is ended: after a crash of the machine, the number in its file is that of another process.
remove() {
  local pid
  rmdir "$FOLDER" 2>/dev/null || true
  [ -e "$FOLDER" ] || [ -L "$FOLDER" ] || return 0
  if [ -L "$FOLDER" ] || [ ! -f "$MARK" ]; then return 1; fi
  pid=$(head -n 1 "$DATA/postmaster.pid" 2>/dev/null || true)
  if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" || true)" = "$(realpath "$DATA")" ]; then
    "$PG_BIN/pg_ctl" -D "$DATA" -m immediate -w stop >/dev/null 2>&1 || true
  fi
  # The mark is the last to go: who ends this here has a folder that can be removed.
  find "$FOLDER" -mindepth 1 -maxdepth 1 ! -path "$MARK" -exec rm -rf {} +
  rm -rf "${FOLDER:?}"
}

finish() {
  local rc=$? state=DONE
  trap - EXIT INT TERM
  [ "$rc" = 0 ] || state=FAILED
  remove || true
  if ! served -v state="$state" -v began="$BEGAN" -v destination="pgbackrest:$STANZA/repo1" -v label="$LABEL" -v bytes="$BYTES" -v head="$HEAD" \
    -v rto="$RTO" -v sound="$SOUND" -v rpo="$RPO" -v problem="$PROBLEM" <<'SQL'; then
INSERT INTO backup_run (id, kind, state, started_at, ended_at, destination, backup_id, bytes, head, rto_seconds, is_sound, error, rpo_seconds)
VALUES (gen_random_uuid(), 'DRILL', :'state', :'began'::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, :'destination',
  nullif(:'label', ''), nullif(:'bytes', '')::bigint, nullif(:'head', '')::bigint, nullif(:'rto', '')::bigint, nullif(:'sound', '')::boolean,
  CASE WHEN :'state' = 'FAILED' THEN :'problem' END, CASE WHEN :'state' = 'DONE' THEN nullif(:'rpo', '')::bigint END)
SQL
    say "the log of backups in $DATABASE takes no row"
    rc=1
  fi
  if [ "$rc" = 0 ]; then say "$LABEL can be restored: RPO ${RPO:-unknown} s, RTO $RTO s"; else say "FAILED: $PROBLEM"; fi
  exit "$rc"
}
fail() {
  PROBLEM="the drill failed: $*"
  exit 1
}

exec 9>"$FOLDER.lock"
flock -n 9 || { say "another drill is running" && exit 1; }
PG_BIN=$(served -c "SELECT setting FROM pg_config WHERE name = 'BINDIR'")
BEGAN=$(micros)
trap finish EXIT
trap 'exit 143' INT TERM
remove || fail "$FOLDER is there and not of a drill: remove it, or name another one in DRILL_FOLDER"
[ -x "$ENTREPOT" ] || fail "there is no program $ENTREPOT"
mkdir -m 700 "$FOLDER"
: >"$MARK"
mkdir -m 700 "$DATA" "$FOLDER/socket" "$FOLDER/tablespaces" "$FOLDER/spool" "$FOLDER/lock"

# ── what has to be restored ───────────────────────────────────────────────────────────────────────────────────────────

# What the loss of the disk would have cost now: everything since the last segment was archived.
RPO=$(served -c 'SELECT ceil(extract(epoch FROM clock_timestamp() - last_archived_time))::bigint FROM pg_stat_archiver WHERE last_archived_time IS NOT NULL')
LABEL=$(pgbackrest --stanza="$STANZA" --repo=1 --output=text info | awk '/ (full|diff|incr) backup: / { label = $3 } END { print label }')
[ -n "$LABEL" ] || fail "pgBackRest lists no backup of $STANZA"
# A full disk would end the database that is served.
NEEDED=$(served -c 'SELECT (sum(pg_database_size(oid)) * 1.25)::bigint + 2147483648 FROM pg_database')
FREE=$(df --output=avail -B1 "$FOLDER" | tail -n 1 | tr -d ' ')
[ "$FREE" -ge "$NEEDED" ] || fail "the disk of $FOLDER has $FREE bytes free, and a copy needs $NEEDED"
served -c 'SELECT tenant_id, head FROM tenant_counter' >"$FOLDER/before"
# Ends the segment, and waits until the repository has it: what is above is archived then.
pgbackrest --stanza="$STANZA" check >&2 || fail 'the log does not reach the repository: run pgbackrest check'

# ── restore ───────────────────────────────────────────────────────────────────────────────────────────────────────────

ASKED=$SECONDS
# What the copy fetches in the background would else have the lock that the archiving of the database that is served needs.
export PGBACKREST_SPOOL_PATH="$FOLDER/spool" PGBACKREST_LOCK_PATH="$FOLDER/lock"
# Nothing outside of the folder is written: no link of the original is followed.
pgbackrest --stanza="$STANZA" --repo=1 --set="$LABEL" --pg1-path="$DATA" --archive-mode=off --tablespace-map-all="$FOLDER/tablespaces" --no-link-all --no-delta \
  restore >&2 \
  || fail "pgBackRest did not restore $LABEL: see the journal of this unit"
# Settings of the command line come before those that were restored: no address of the original, no standby to wait for, nothing that runs by itself,
# no memory and no log of the original's.
echo '# see drill.sh' >"$FOLDER/postgresql.conf"
printf 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n' >"$FOLDER/pg_hba.conf"
: >"$FOLDER/pg_ident.conf"
PREPARED=$(served -c "SELECT setting FROM pg_settings WHERE name = 'max_prepared_transactions'")
OPTIONS=''
for setting in "config_file=$FOLDER/postgresql.conf" "hba_file=$FOLDER/pg_hba.conf" "ident_file=$FOLDER/pg_ident.conf" "port=$PORT" \
  listen_addresses=127.0.0.1 "unix_socket_directories=$FOLDER/socket" external_pid_file= ssl=off archive_mode=off hot_standby=off \
  synchronous_standby_names= shared_preload_libraries= max_logical_replication_workers=0 max_connections=100 archive_cleanup_command= \
  recovery_end_command= shared_buffers=128MB huge_pages=off logging_collector=off log_destination=stderr "max_prepared_transactions=$PREPARED"; do
  OPTIONS+=" -c $setting"
done
not_up() {
  tail -n 20 "$FOLDER/server.log" >&2
  fail "the restored Postgres $1: see the journal of this unit"
}
"$PG_BIN/pg_ctl" -D "$DATA" -w -t "$REPLAY_SECONDS" -l "$FOLDER/server.log" -o "$OPTIONS" start >/dev/null 9>&- || not_up 'does not start'
# Without hot_standby pg_ctl returns when the replay begins, and the server answers when all of the log is replayed.
until restored -c 'SELECT 1' >/dev/null 2>&1; do
  "$PG_BIN/pg_ctl" -D "$DATA" status >/dev/null || not_up 'ended while it replayed the log'
  [ $((SECONDS - ASKED)) -lt "$REPLAY_SECONDS" ] || not_up "has not replayed the log in $REPLAY_SECONDS s (DRILL_SECONDS)"
  sleep 1
done

# ── proof ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

# The copy alone gets this password, and is removed.
PASSWORD=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
DRILL_PASSWORD=$PASSWORD restored -v role="$ROLE" <<'SQL'
\getenv password DRILL_PASSWORD
SET password_encryption = 'scram-sha-256';
ALTER ROLE :"role" PASSWORD :'password';
SQL
read -r BYTES HEAD < <(restored -c 'SELECT pg_database_size(current_database()), coalesce((SELECT sum(head) FROM tenant_counter), 0)')
SOUND=false
ENTREPOT_DATABASE_URL="postgres://$ROLE:$PASSWORD@127.0.0.1:$PORT/$DATABASE" "$ENTREPOT" verify >&2 \
  || fail 'the restored database breaks invariants: see the journal of this unit, and run entrepot verify on the database that is served'
SOUND=true
restored -c 'SELECT tenant_id, head FROM tenant_counter' >"$FOLDER/restored"
# One that was erased meanwhile is in neither.
served -c 'SELECT tenant_id, head FROM tenant_counter' >"$FOLDER/after"
awk '
  FILENAME ~ /\/restored$/ { restored[$1] = $2; next }
  FILENAME ~ /\/after$/ { after[$1] = 1; next }
  ($1 in restored) && restored[$1] < $2 { print $1, "head", restored[$1], "of", $2; next }
  !($1 in restored) && ($1 in after) { print $1, "is missing" }
' "$FOLDER/restored" "$FOLDER/after" "$FOLDER/before" >"$FOLDER/behind"
if [ -s "$FOLDER/behind" ]; then
  head -n 20 "$FOLDER/behind" >&2
  fail "heads of $(wc -l <"$FOLDER/behind") tenant(s) are behind those that were archived"
fi
RTO=$((SECONDS - ASKED + 1)) PROBLEM=''
