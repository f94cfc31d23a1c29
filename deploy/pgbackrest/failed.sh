#!/usr/bin/env bash
# Writes a backup that failed, or whose repository did not verify, into the log of backups: `entrepot backup log`, `backups` of the API and the alarm
# EntrepotBackupFailed read it. entrepot-pgbackrest@.service starts it when it has failed.
#
#   /usr/local/lib/entrepot/pgbackrest-failed full|diff|incr      as the account that runs Postgres, on the machine of the primary
#
# Settings, from the environment, as for the drill: DRILL_STANZA (shop), DRILL_DATABASE (entrepot), DRILL_ROLE (postgres); PGHOST and PGPORT hold as well.
set -euo pipefail
case ${1:-} in full | diff | incr) ;; *) sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0" && exit 2 ;; esac

psql -XAtq -v ON_ERROR_STOP=1 -U "${DRILL_ROLE:-postgres}" -d "${DRILL_DATABASE:-entrepot}" \
  -v destination="pgbackrest:${DRILL_STANZA:-shop}/repo1" -v type="$1" <<'SQL'
INSERT INTO backup_run (id, kind, state, started_at, ended_at, destination, error)
SELECT gen_random_uuid(), 'BACKUP', 'FAILED', now, now, :'destination',
  'the ' || :'type' || ' backup by pgBackRest failed, or its repository is damaged: journalctl -u entrepot-pgbackrest@' || :'type'
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now) moment
SQL
