#!/usr/bin/env bash
# A throwaway Postgres and Redis for the tests.
#
#   scripts/services.sh start    starts what is missing (quick when all runs); installs packages when root on Debian, nginx and PgBouncer for the tests too
#   scripts/services.sh restart  restarts the Postgres that start started, as an operator does: sessions are ended, nothing is lost
#   scripts/services.sh stop     ends what start started and removes its data
#   scripts/services.sh status   one line a service
#   scripts/services.sh env      prints export lines for the shell:  eval "$(scripts/services.sh env)"
#
# Whoever sets ENTREPOT_TEST_POSTGRES_URL (a role that may create databases and roles, any maintenance database) or
# ENTREPOT_TEST_REDIS_URL brings their own: then that one is used and nothing is started in its place.
# Both listen on the loopback address only, on free ports, trust every local user, and run unprivileged. Postgres is
# durable as in production, unless ENTREPOT_SERVICES_FSYNC=off: then only a crash of the whole machine loses data, and
# tests, which drop a database each, do not wait for a checkpoint each time, and Postgres keeps its data in memory where
# /dev/shm has 6 GiB to spare: a database of 1,400 files is copied for each test. Data and ports lie in
# $ENTREPOT_SERVICES_DIR, by default a folder in ${TMPDIR:-/tmp} that belongs to this checkout, and another one for
# ENTREPOT_SERVICES_FSYNC=off: measurements and tests run side by side, each on the services that they are meant for. It
# must be one that the unprivileged account can reach.
set -euo pipefail
ME=services
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

as_service() {
  if is_root; then
    (cd / && exec runuser -u "$(service_user)" -- "$@")
  else
    (cd / && exec "$@")
  fi
}

BASE="${TMPDIR:-/tmp}"
# Root's own temporary folder is often closed to everyone else.
if [ "$BASE" != /tmp ] && is_root && ! as_service test -x "$BASE"; then BASE=/tmp; fi
OWN="$BASE/entrepot-services-$(printf '%s' "$ROOT" | cksum | cut -d' ' -f1)"
[ "${ENTREPOT_SERVICES_FSYNC:-on}" != off ] || OWN+='-tests'
DIR="${ENTREPOT_SERVICES_DIR:-$OWN}"
MEMORY="/dev/shm/entrepot-pg-$(printf '%s' "$DIR" | cksum | cut -d' ' -f1)"
pg_port() { cat "$DIR/pg.port" 2>/dev/null || true; }
redis_port() { cat "$DIR/redis.port" 2>/dev/null || true; }
own_pg_url() { echo "postgres://postgres@127.0.0.1:$(pg_port)/postgres"; }
own_redis_url() { echo "redis://127.0.0.1:$(redis_port)"; }
# Given from outside, unless it is what our own `env` printed before.
GIVEN_PG="${ENTREPOT_TEST_POSTGRES_URL:-}"
[ "$GIVEN_PG" != "$(own_pg_url)" ] || GIVEN_PG=''
GIVEN_REDIS="${ENTREPOT_TEST_REDIS_URL:-}"
[ "$GIVEN_REDIS" != "$(own_redis_url)" ] || GIVEN_REDIS=''

# Is the process in this file alive, and is it what we think it is? A number alone could have been given to another by now.
alive() { # pid file, word in its command line
  local pid
  pid=$(head -n 1 "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
  if [ -r "/proc/$pid/cmdline" ]; then
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- "$2"
  else
    ps -p "$pid" -o command= 2>/dev/null | grep -q -- "$2"
  fi
}

pg_up() { alive "$DIR/pg/postmaster.pid" postgres && ! port_free "$(pg_port)"; }
redis_up() { alive "$DIR/redis/redis.pid" redis-server && ! port_free "$(redis_port)"; }

# Where Postgres keeps data that nobody needs after a crash: in memory if there is room for it.
memory_folder() {
  local free
  [ "${ENTREPOT_SERVICES_FSYNC:-on}" = off ] && [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] || return 1
  free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
  [ "$free" -ge $((6 * 1024 * 1024)) ] && as_service test -w /dev/shm
}

own_folder() { # an empty folder of the unprivileged account
  rm -rf "$1"
  mkdir -p "$1"
  chmod 700 "$1"
  if is_root; then chown "$(service_user)" "$1"; fi
  as_service test -w "$1" || die "the account that runs the servers cannot reach $1: set ENTREPOT_SERVICES_DIR to a folder that it can"
}

init_pg() { # programs, data folder
  # A language's own order as the default, as installations have it: a query that forgets to say COLLATE "C" shows.
  as_service "$1/initdb" -D "$2" -U postgres --auth=trust -E UTF8 --no-sync --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US >/dev/null 2>&1 && return
  own_folder "$2"
  as_service "$1/initdb" -D "$2" -U postgres --auth=trust -E UTF8 --no-sync --locale=C >/dev/null
}

start_pg() {
  local bin data="$DIR/pg" port
  bin=$(find_pg_bin) || {
    apt_install postgresql
    bin=$(find_pg_bin) || die "the postgresql package of this system is older than 15"
  }
  # `pg` is a link then; whoever stops finds the data by it.
  local wal=4GB
  if memory_folder; then
    wal=1GB # it is memory, too
    rm -rf "$data" "$MEMORY"
    own_folder "$MEMORY"
    ln -s "$MEMORY" "$data"
    data=$MEMORY
  else
    own_folder "$data"
  fi
  init_pg "$bin" "$data"
  for _ in 1 2 3; do
    port=$(free_port)
    echo "$port" >"$DIR/pg.port"
    cat >"$data/postgresql.auto.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
wal_level = minimal
max_wal_senders = 0
max_wal_size = $wal
checkpoint_timeout = 30min
lc_messages = 'C'
fsync = ${ENTREPOT_SERVICES_FSYNC:-on}
full_page_writes = ${ENTREPOT_SERVICES_FSYNC:-on}
CONF
    if as_service "$bin/pg_ctl" -D "$data" -w -t 60 -l "$data/server.log" start >/dev/null 9>&-; then
      "$bin/psql" -X -Atq "$(own_pg_url)" -c "select 1 from pg_available_extensions where name = 'pg_trgm'" | grep -q 1 ||
        { apt_install postgresql-contrib; }
      say "postgres $("$bin/postgres" --version | grep -oE '[0-9.]+' | head -n 1) on 127.0.0.1:$port"
      return
    fi
  done
  tail -n 5 "$data/server.log" >&2
  die "postgres did not start"
}

start_redis() {
  command -v redis-server >/dev/null || apt_install redis-server
  local data="$DIR/redis" port
  own_folder "$data"
  for _ in 1 2 3; do
    port=$(free_port)
    echo "$port" >"$DIR/redis.port"
    as_service redis-server --bind 127.0.0.1 --port "$port" --daemonize yes --dir "$data" --pidfile "$data/redis.pid" \
      --logfile "$data/redis.log" --save '' --appendonly no >/dev/null 9>&-
    if wait_for 10 redis_up; then
      say "redis $(redis-server --version | grep -oE 'v=[0-9.]+' | cut -c3-) on 127.0.0.1:$port"
      return
    fi
  done
  die "redis did not start"
}

start() {
  mkdir -p "$DIR"
  exec 9>"$DIR/lock"
  if command -v flock >/dev/null; then flock -w 120 9 || die "another start is still at work in $DIR"; fi
  if [ -n "$GIVEN_PG" ]; then
    say "postgres: the one of ENTREPOT_TEST_POSTGRES_URL"
  elif ! pg_up; then
    start_pg
  fi
  # The tests start these themselves, nginx with deploy/nginx.conf.
  command -v nginx >/dev/null || ! is_root || apt_install nginx-light
  # Tried once: without a network, apt-get takes its time to fail.
  [ -e "$DIR/no-pgbouncer" ] || command -v pgbouncer >/dev/null || ! is_root || (apt_install pgbouncer) || {
    say "pgbouncer cannot be installed: its test is skipped, and it is not tried again before '$0 stop'"
    touch "$DIR/no-pgbouncer"
  }
  if [ -n "$GIVEN_REDIS" ]; then
    say "redis: the one of ENTREPOT_TEST_REDIS_URL"
  elif ! redis_up; then
    start_redis
  fi
}

stop() {
  if alive "$DIR/pg/postmaster.pid" postgres; then
    as_service "$(find_pg_bin)/pg_ctl" -D "$DIR/pg" -w -m immediate stop >/dev/null
    say "postgres stopped"
  fi
  if alive "$DIR/redis/redis.pid" redis-server; then
    end_process "$(cat "$DIR/redis/redis.pid")"
    say "redis stopped"
  fi
  rm -rf "$MEMORY" "${DIR:?}/pg" "$DIR/redis" "$DIR/pg.port" "$DIR/redis.port" "$DIR/lock" "$DIR/no-pgbouncer"
  rmdir "$DIR" 2>/dev/null || true
}

restart() {
  alive "$DIR/pg/postmaster.pid" postgres || die "postgres is not running"
  as_service "$(find_pg_bin)/pg_ctl" -D "$DIR/pg" -w -t 60 -m fast -l "$DIR/pg/server.log" restart >/dev/null
}

status() {
  local all=0
  if [ -n "$GIVEN_PG" ]; then
    echo "postgres: given by ENTREPOT_TEST_POSTGRES_URL"
  elif pg_up; then
    echo "postgres: running on 127.0.0.1:$(pg_port), pid $(head -n 1 "$DIR/pg/postmaster.pid")"
  else
    all=1
    echo "postgres: not running"
  fi
  if [ -n "$GIVEN_REDIS" ]; then
    echo "redis: given by ENTREPOT_TEST_REDIS_URL"
  elif redis_up; then
    echo "redis: running on 127.0.0.1:$(redis_port), pid $(cat "$DIR/redis/redis.pid")"
  else
    all=1
    echo "redis: not running"
  fi
  return "$all"
}

print_env() {
  status >/dev/null || die "not running: call 'scripts/services.sh start' first"
  printf 'export ENTREPOT_TEST_POSTGRES_URL=%q\nexport ENTREPOT_TEST_REDIS_URL=%q\n' "${GIVEN_PG:-$(own_pg_url)}" "${GIVEN_REDIS:-$(own_redis_url)}"
}

case "${1:-}" in
start) start ;;
restart) restart ;;
stop) stop ;;
status) status ;;
env) print_env ;;
-h | --help | help) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
