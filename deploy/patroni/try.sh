#!/usr/bin/env bash
# Runs the files of this folder in a temporary one, on the ports that they name, and shows how long writes are away and that none is lost:
# its Postgres is killed, the primary is switched over, and the primary's machine is gone (Postgres and Patroni stand still). All the while the log
# is archived by pgBackRest. At last a standby is made anew from the repository, and the whole cluster is restored to a moment as docs/restore.md says.
#
#   deploy/patroni/try.sh      about four minutes
#
# A writer inserts ten rows a second through haproxy meanwhile, each until it is answered. Every answered row has to be there once in the
# end. Needed: patroni, patronictl, etcd, haproxy, pgbackrest on the PATH, and the Postgres server programs, 15 or newer. It refuses to run when a port
# is taken, and ends no process but its own.
set -euo pipefail
ME=try
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
case "${1:-}" in '') ;; *) usage >&2 && exit 2 ;; esac

HERE="$ROOT/deploy/patroni"
for tool in patroni patronictl etcd haproxy pgbackrest; do command -v "$tool" >/dev/null || die "there is no $tool on the PATH"; done
PG_BIN=$(find_pg_bin) || die "needs the Postgres server programs, 15 or newer (Debian: apt-get install postgresql)"
for port in 2379 2380 5430 5431 5432 5433 5440 8001 8002 8003; do port_free "$port" || die "port $port is taken"; done

DIR=$(mktemp -d "${TMPDIR:-/tmp}/entrepot-patroni.XXXXXX")
chmod 711 "$DIR"
export PATRONI_SUPERUSER_PASSWORD=one PATRONI_REPLICATION_PASSWORD=two PATRONI_REWIND_PASSWORD=three
# Not for all: it would be what standbys log in with.
CLIENT=(env "PGPASSWORD=$PATRONI_SUPERUSER_PASSWORD" PGCONNECT_TIMEOUT=2)
PIDS=()

# What processes run as: Postgres does not run as root.
UNPRIVILEGED=()
if is_root; then UNPRIVILEGED=(setpriv --reuid "$(service_user)" --regid "$(id -g "$(service_user)")" --clear-groups); fi

# Where pgBackRest finds the server of this name, or all three, and what it keeps for it.
places_of() {
  places=("PGBACKREST_PG1_PATH=$DIR/data/${1:-db1}" "PGBACKREST_SPOOL_PATH=$DIR/data/$1.spool" "PGBACKREST_LOCK_PATH=$DIR/data/$1.lock")
  [ -n "$1" ] || places+=("PGBACKREST_PG2_PATH=$DIR/data/db2" "PGBACKREST_PG3_PATH=$DIR/data/db3")
}

# Starts a process that lasts; its number is kept.
start() { # name, environment file or nothing, command...
  local name=$1 file=$2 places
  shift 2
  places_of "$name"
  (
    set -a
    # shellcheck disable=SC1090 # one of this folder's
    [ -z "$file" ] || . "$file"
    export PATRONI_POSTGRESQL_DATA_DIR="$DIR/data/$name" PATRONI_POSTGRESQL_BIN_DIR="$PG_BIN" PATRONI_POSTGRESQL_PGPASS="$DIR/data/$name.pgpass"
    export ETCD_DATA_DIR="$DIR/data/etcd"
    set +a
    cd /
    exec "${UNPRIVILEGED[@]}" env "${places[@]}" "$@" </dev/null >"$DIR/$name.log" 2>&1
  ) &
  PIDS+=($!)
  echo $! >"$DIR/$name.pid"
}

# Processes that stand still go on first, so that they can end.
clean_up() {
  local pid file
  for file in "$DIR"/data/*/postmaster.pid; do
    pid=$(head -n 1 "$file" 2>/dev/null) || continue
    kill -CONT "$pid" 2>/dev/null || true
  done
  for pid in "${PIDS[@]}"; do
    kill -CONT "$pid" 2>/dev/null || true
    end_process "$pid" || true
  done
  for file in "$DIR"/data/*/postmaster.pid; do
    pid=$(head -n 1 "$file" 2>/dev/null) || continue
    kill -QUIT "$pid" 2>/dev/null || true
  done
  rm -rf "${DIR:?}"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

sql() { "${CLIENT[@]}" "$PG_BIN/psql" -XAtq -h 127.0.0.1 -p "$1" -U postgres -d postgres -v ON_ERROR_STOP=1 -c "$2"; }
# shellcheck disable=SC1091 # one of this folder's
ctl() { (set -a && . "$HERE/db1.env" && set +a && patronictl -c "$HERE/patroni.yml" "$@"); }
leader() { ctl list -f json | python3 -c 'import json, sys; print(next((m["Member"] for m in json.load(sys.stdin) if m["Role"] == "Leader"), ""))'; }
is_whole() {
  ctl list -f json | python3 -c '
import json, sys
roles = [(m["Role"], m["State"]) for m in json.load(sys.stdin)]
standbys = [role for role, state in roles if role in ("Replica", "Sync Standby") and state in ("running", "streaming")]
sys.exit(not (("Leader", "running") in roles and len(standbys) == 2 and "Sync Standby" in standbys))'
}
wait_until_whole() { wait_for 90 is_whole || die "the three servers do not come together: $(ctl list 2>&1 | tail -n 8)"; }

mkdir "$DIR/data" "$DIR/etc"
chmod 755 "$DIR/etc"
cp "$ROOT/deploy/pgbackrest/pgbackrest.conf" "$DIR/etc/"
mkdir "$DIR"/data/{conf.d,repo,log}
printf '[global]\nrepo1-cipher-pass=%s\n' "$(head -c 32 /dev/urandom | base64)" >"$DIR/data/conf.d/secrets.conf"
chmod 700 "$DIR/data"
if is_root; then chown -R "$(service_user)" "$DIR/data"; fi
export PGBACKREST_CONFIG="$DIR/etc/pgbackrest.conf" PGBACKREST_CONFIG_INCLUDE_PATH="$DIR/data/conf.d" PGBACKREST_REPO1_PATH="$DIR/data/repo"
export PGBACKREST_LOG_PATH="$DIR/data/log" PGBACKREST_LOG_LEVEL_CONSOLE=warn

# pgBackRest as the operator runs it, who knows all three servers, or as the server of this name.
backrest() ( # name or nothing, arguments...
  local name=$1 places
  shift
  places_of "$name"
  set -a
  # shellcheck disable=SC1090 # one of this folder's
  . "$HERE/${name:-pgbackrest}.env"
  set +a
  cd /
  exec "${UNPRIVILEGED[@]}" env "${places[@]}" pgbackrest --stanza=shop "$@"
)
start etcd "$HERE/etcd.env" etcd
wait_for 20 bash -c ': >/dev/tcp/127.0.0.1/2379' || die "etcd did not start"
for name in db1 db2 db3; do start "$name" "$HERE/$name.env" patroni "$HERE/patroni.yml"; done
start haproxy '' haproxy -db -f "$HERE/haproxy.cfg"
wait_until_whole
wait_for 20 sql 5430 'CREATE TABLE IF NOT EXISTS written (key text PRIMARY KEY)' || die "haproxy leads to no primary"
backrest '' stanza-create
backrest '' check
backrest '' --type=full backup
say "[${SECONDS}s] the repository takes the log, and has a full backup"

# Each key until it is answered: time, key. A key that was committed without an answer is there already.
write() {
  local n=0
  while [ ! -e "$DIR/enough" ]; do
    n=$((n + 1))
    until timeout 5 "${CLIENT[@]}" "$PG_BIN/psql" -XAtq -h 127.0.0.1 -p 5430 -U postgres -d postgres -v ON_ERROR_STOP=1 \
      -c "INSERT INTO written VALUES ('$n') ON CONFLICT DO NOTHING" >/dev/null 2>&1; do
      [ ! -e "$DIR/enough" ] || return 0
      sleep 0.05
    done
    echo "$(date +%s.%N) $n" >>"$DIR/answered"
    sleep 0.1
  done
}

# The longest time between two answers since a moment.
away() { awk -v since="$1" '$1 < since { last = $1; next } { if (last && $1 - last > most) most = $1 - last; last = $1 } END { printf "%.1f", most }' "$DIR/answered"; }

write &
WRITER=$!
PIDS+=("$WRITER")

measure() { # what, command...
  local what=$1 since
  shift
  sleep 3
  since=$(date +%s.%N)
  "$@"
  sleep "$PAUSE"
  say "$what: no write was answered for $(away "$since") s; the primary is $(leader)"
}

kill_postgres() { kill -9 "$(head -n 1 "$DIR/data/$(leader)/postmaster.pid")"; }
switch_over() { ctl switchover --force >/dev/null; }
lose_machine() {
  local name pid
  name=$(leader)
  pid=$(head -n 1 "$DIR/data/$name/postmaster.pid")
  kill -STOP "$(cat "$DIR/$name.pid")" "$pid"
  pgrep -P "$pid" | xargs -r kill -STOP
  LOST=$name
}

PAUSE=15
measure "Postgres is killed" kill_postgres
wait_until_whole
measure "switched over" switch_over
wait_until_whole
PAUSE=40
measure "the machine is gone" lose_machine
# It comes back and finds that another has taken over.
pid=$(head -n 1 "$DIR/data/$LOST/postmaster.pid")
pgrep -P "$pid" | xargs -r kill -CONT
kill -CONT "$pid" "$(cat "$DIR/$LOST.pid")"
wait_until_whole
sleep 2
touch "$DIR/enough"
wait "$WRITER" || true
sql 5430 'SELECT key FROM written' | sort >"$DIR/held"
sort -k 2 "$DIR/answered" | awk '{ print $2 }' | sort >"$DIR/owed"
LOST_ROWS=$(comm -13 "$DIR/held" "$DIR/owed" | wc -l)
say "$(wc -l <"$DIR/owed") rows were answered, $LOST_ROWS of them are lost"
[ "$LOST_ROWS" = 0 ]

# ── the archive, after three changes of the primary ───────────────────────────────────────────────────────────────────

backrest '' check || die "the new primary does not archive"
standby=$(ctl list -f json | python3 -c 'import json, sys; print(next(m["Member"] for m in json.load(sys.stdin) if m["Role"] == "Replica"))')
: >"$DIR/$standby.log"
ctl reinit --force entrepot "$standby" >/dev/null
wait_for 60 grep -q 'replica has been created using' "$DIR/$standby.log" || die "$standby is not made anew: $(tail -n 5 "$DIR/$standby.log")"
grep -q 'replica has been created using pgbackrest' "$DIR/$standby.log" || die "$standby does not come from the repository: $(grep -i replica "$DIR/$standby.log")"
wait_until_whole
say "[${SECONDS}s] the new primary archives, and $standby was made anew from the repository"

# ── the whole cluster, to a moment ────────────────────────────────────────────────────────────────────────────────────

moment=$(sql 5430 'SELECT clock_timestamp()')
sql 5430 'DROP TABLE written; SELECT pg_switch_wal()' >/dev/null
sleep 3
for name in db1 db2 db3; do end_process "$(cat "$DIR/$name.pid")"; done
for name in db1 db2 db3; do mv "$DIR/data/$name" "$DIR/data/$name.lost"; done
as_service() { (cd / && exec "${UNPRIVILEGED[@]}" "$@"); }
as_service mkdir -m 700 "$DIR/data/db1"
backrest db1 --type=time --target="$moment" --target-action=promote restore
# Postgres by itself, without the addresses and files of the server that was copied. It archives: the file of the new timeline has to reach the repository.
alone="-p 5431 -c listen_addresses=127.0.0.1 -c hba_file=$DIR/data/db1/pg_hba.conf -c ident_file=$DIR/data/db1/pg_ident.conf -c hot_standby=off"
places_of db1
as_service env "${places[@]}" "$PG_BIN/pg_ctl" -D "$DIR/data/db1" -w -t 60 -l "$DIR/data/db1.restored.log" -o "$alone" start >/dev/null \
  || die "the restored Postgres does not start: $(tail -n 5 "$DIR/data/db1.restored.log")"
is_primary() { [ "$(sql 5431 'SELECT pg_is_in_recovery()')" = f ]; }
wait_for 60 is_primary || die "the restored Postgres goes on recovering: $(tail -n 5 "$DIR/data/db1.restored.log")"
sql 5431 'SELECT key FROM written' | sort >"$DIR/restored"
cmp "$DIR/held" "$DIR/restored" || die "the restored rows are others"
as_service "$PG_BIN/pg_ctl" -D "$DIR/data/db1" -w -m fast stop >/dev/null
printf 'entrepot\nYes I am aware\n' | ctl remove entrepot >/dev/null || die "patronictl remove"
start db1 "$HERE/db1.env" patroni "$HERE/patroni.yml"
is_leader() { [ "$(leader)" = db1 ]; }
wait_for 60 is_leader || die "db1 is no leader: $(tail -n 5 "$DIR/db1.log")"
has_settings() { ctl show-config | grep -q 'archive-push'; }
wait_for 60 has_settings || die "the settings of the cluster are gone: $(ctl show-config 2>&1 | tail -n 3)"
for name in db2 db3; do start "$name" "$HERE/$name.env" patroni "$HERE/patroni.yml"; done
wait_until_whole
backrest '' check || die "the restored cluster does not archive"
say "[${SECONDS}s] the cluster is restored to a moment: $(wc -l <"$DIR/restored") rows, a timeline of its own ($(sql 5430 'SELECT timeline_id FROM pg_control_checkpoint()'))"
