#!/usr/bin/env bash
# A throwaway Postgres with a streaming replica, for the tests of reads from replicas and of failover.
#
#   scripts/standby.sh start FOLDER    starts both; their addresses lie in FOLDER/primary.url and FOLDER/replica.url
#   scripts/standby.sh down FOLDER     ends the replica at once, as a crash does
#   scripts/standby.sh up FOLDER       starts it again
#   scripts/standby.sh lose FOLDER     ends the primary at once, as a crash does
#   scripts/standby.sh promote FOLDER  has the replica take over from it
#   scripts/standby.sh back FOLDER     starts the primary again as it was, which knows nothing of that
#   scripts/standby.sh rejoin FOLDER   makes a replica of the former primary, at its address
#   scripts/standby.sh regain FOLDER   has that replica take over from the other
#   scripts/standby.sh stop FOLDER     ends both and removes their data
#
# Both listen on the loopback address only, on free ports, trust every local user, and run unprivileged. FOLDER is there already, and the
# unprivileged account can reach it.
set -euo pipefail
ME=standby
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

as_service() {
  if is_root; then
    (cd / && exec runuser -u "$(service_user)" -- "$@")
  else
    (cd / && exec "$@")
  fi
}

if [ $# != 2 ] || [ ! -d "$2" ]; then
  usage >&2
  exit 2
fi
DIR=$(cd "$2" && pwd)
BIN=$(find_pg_bin) || die "there is no Postgres 15 here"

own_folder() { # an empty folder of the unprivileged account
  rm -rf "$1"
  mkdir -p "$1"
  chmod 700 "$1"
  if is_root; then chown "$(service_user)" "$1"; fi
  as_service test -w "$1" || die "the account that runs the servers cannot reach $1"
}

# Starts a server on a free port, and writes where it is.
start_server() { # name
  local data="$DIR/$1" port
  for _ in 1 2 3; do
    port=$(free_port)
    echo "port = $port" >>"$data/postgresql.auto.conf"
    if as_service "$BIN/pg_ctl" -D "$data" -w -t 60 -l "$data/server.log" start >/dev/null; then
      echo "postgres://postgres@127.0.0.1:$port/postgres" >"$DIR/$1.url"
      echo "$port" >"$DIR/$1.port"
      return
    fi
  done
  tail -n 5 "$data/server.log" >&2
  die "the $1 did not start"
}

start() {
  own_folder "$DIR/primary"
  as_service "$BIN/initdb" -D "$DIR/primary" -U postgres --auth=trust -E UTF8 --no-sync --locale=C >/dev/null
  cat >>"$DIR/primary/postgresql.auto.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
wal_level = replica
max_wal_senders = 4
wal_keep_size = 256MB
hot_standby_feedback = on
lc_messages = 'C'
fsync = off
CONF
  start_server primary
  follow primary replica
  start_server replica
}

# A copy of a server that follows it.
follow() { # server copy
  own_folder "$DIR/$2"
  as_service "$BIN/pg_basebackup" -d "host=127.0.0.1 port=$(cat "$DIR/$1.port") user=postgres" -D "$DIR/$2" \
    -R -X stream -c fast --no-sync
}

again() { # name
  as_service "$BIN/pg_ctl" -D "$DIR/$1" -w -t 60 -l "$DIR/$1/server.log" start >/dev/null
}

rejoin() {
  end primary
  follow replica primary
  # Of two settings the last one holds: the copy has that of the server it is of.
  echo "port = $(cat "$DIR/primary.port")" >>"$DIR/primary/postgresql.auto.conf"
  again primary
}

end() { # name
  if [ -f "$DIR/$1/postmaster.pid" ]; then
    as_service "$BIN/pg_ctl" -D "$DIR/$1" -w -m immediate stop >/dev/null
  fi
}

case "$1" in
start) start ;;
down) end replica ;;
up) again replica ;;
lose) end primary ;;
promote) as_service "$BIN/pg_ctl" -D "$DIR/replica" -w -t 60 promote >/dev/null ;;
back) again primary ;;
rejoin) rejoin ;;
regain) as_service "$BIN/pg_ctl" -D "$DIR/primary" -w -t 60 promote >/dev/null ;;
stop)
  end replica || true
  end primary || true
  rm -rf "$DIR/primary" "$DIR/replica"
  ;;
*)
  usage >&2
  exit 2
  ;;
esac
