#!/usr/bin/env bash
# The topology of docker-compose.yml from local binaries: several nodes and a worker on one Postgres and one Redis, and nginx in front where it is installed.
#
#   scripts/cluster.sh start [NODES]   starts what is missing (3 nodes), migrates first, and says where everything is
#   scripts/cluster.sh kill N          ends node N without a word (kill -9)
#   scripts/cluster.sh stop-node N     asks node N to stop: it hands its clients on first
#   scripts/cluster.sh revive N        starts node N again, on the port that it had
#   scripts/cluster.sh status          one line a node; fails when one is not ready
#   scripts/cluster.sh env             prints export lines: ENTREPOT_URL (nginx, or the first node), ENTREPOT_NODES, ENTREPOT_DATABASE_URL
#   scripts/cluster.sh stop            ends all that start started, and drops the database that it made
#
# Postgres and Redis are those of scripts/services.sh (started when they are not there, stopped only by itself); the database in it is the
# cluster's own. The binary is $ENTREPOT_BIN, or target/release/entrepot, or target/debug/entrepot. Without nginx there is no front: clients
# choose a node by its port, as ENTREPOT_NODES lists them, and go to the next when one is gone. NODES is at most 9. Logs, ports and the sealing
# key lie in $ENTREPOT_CLUSTER_DIR, by default a folder in ${TMPDIR:-/tmp} of this checkout. It ends no process but its own.
set -euo pipefail
ME=cluster
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

DIR="${ENTREPOT_CLUSTER_DIR:-${TMPDIR:-/tmp}/entrepot-cluster-$(printf '%s' "$ROOT" | cksum | cut -d' ' -f1)}"
MOST=9

binary() {
  local found
  for found in "${ENTREPOT_BIN:-}" "$(target_dir)/release/entrepot" "$(target_dir)/demo/entrepot" "$(target_dir)/debug/entrepot"; do
    if [ -n "$found" ] && [ -x "$found" ]; then
      echo "$found"
      return
    fi
  done
  die "there is no binary: cargo build --release, or name one in ENTREPOT_BIN"
}

# Is the process of this pid file alive, and still what it was?
alive() { # pid file, word in its command line
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- "$2"
}

ready() { # port
  local status
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  read -r -t 5 _ status _ <&3 || status=0
  exec 3>&-
  [ "$status" = 200 ]
}

nodes() { find "$DIR" -maxdepth 1 -name 'node[1-9].port' 2>/dev/null | sed -E 's/.*node([1-9])\.port/\1/' | sort -n; }
port_of() { cat "$DIR/$1.port"; }
need_node() {
  if [ -z "${1:-}" ] || [ ! -e "$DIR/node$1.port" ]; then die "which node? There are: $(nodes | tr '\n' ' ')"; fi
}

start_node() { # number
  local name="node$1" bin flags
  bin=$(binary)
  read -ra flags <<<"${ENTREPOT_CLUSTER_FLAGS:-}"
  if alive "$DIR/$name.pid" "$(port_of "$name")"; then return; fi
  # In a session of its own, with none of our files open: it outlives this script.
  ENTREPOT_DATABASE_URL=$(cat "$DIR/database.url") ENTREPOT_REDIS_URL=$(cat "$DIR/redis.url") ENTREPOT_KEYS_FILE="$DIR/keys" ENTREPOT_FILES="file:$DIR/files" \
    setsid "$bin" serve --listen "127.0.0.1:$(port_of "$name")" --metrics-listen "127.0.0.1:$(port_of "$name-metrics")" \
    --proxy 127.0.0.1 --drain-seconds 1 --socket-drain-seconds 5 "${flags[@]}" </dev/null >>"$DIR/$name.log" 2>&1 9>&- &
  echo $! >"$DIR/$name.pid"
  wait_for 30 ready "$(port_of "$name")" || { tail -n 5 "$DIR/$name.log" >&2; die "node $1 is not ready"; }
  say "node $1 on 127.0.0.1:$(port_of "$name"), pid $(cat "$DIR/$name.pid"), figures on 127.0.0.1:$(port_of "$name-metrics")"
}

start_worker() {
  if alive "$DIR/worker.pid" worker; then return; fi
  ENTREPOT_DATABASE_URL=$(cat "$DIR/database.url") ENTREPOT_REDIS_URL=$(cat "$DIR/redis.url") ENTREPOT_KEYS_FILE="$DIR/keys" ENTREPOT_FILES="file:$DIR/files" \
    setsid "$(binary)" worker --metrics-listen "127.0.0.1:$(port_of worker-metrics)" </dev/null >>"$DIR/worker.log" 2>&1 9>&- &
  echo $! >"$DIR/worker.pid"
  say "a worker, pid $(cat "$DIR/worker.pid"), figures on 127.0.0.1:$(port_of worker-metrics)"
}

make_database() {
  [ ! -e "$DIR/database.url" ] || return 0
  local admin name bin
  admin="$ENTREPOT_TEST_POSTGRES_URL"
  name="entrepot_cluster_$RANDOM$RANDOM"
  bin=$(find_pg_bin) || die "psql is not there"
  "$bin/psql" -X -q "$admin" -c "CREATE DATABASE $name"
  echo "$name" >"$DIR/database.name"
  echo "${admin%/*}/$name" >"$DIR/database.url"
}

write_nginx() { # the file in deploy, with our ports
  local node servers=''
  for node in $(nodes); do servers+="    server 127.0.0.1:$(port_of "node$node") max_fails=2 fail_timeout=5s;"$'\n'; done
  [ -e "$DIR/nginx.port" ] || free_port >"$DIR/nginx.port"
  {
    printf 'pid %s/nginx.pid;\nerror_log %s/nginx.log warn;\n' "$DIR" "$DIR"
    awk -v servers="$servers" -v listen="    listen 127.0.0.1:$(cat "$DIR/nginx.port");" -v dir="$DIR" '
      /# NODES END/ { skipping = 0 }
      skipping { next }
      /# LISTEN/ { print listen; next }
      { print }
      /# NODES$/ { printf "%s", servers; skipping = 1 }
      /^http \{/ { for (i = split("client_body proxy fastcgi uwsgi scgi", kind, " "); i > 0; i--) printf "  %s_temp_path %s/nginx-%s;\n", kind[i], dir, kind[i] }
    ' deploy/nginx.conf
  } >"$DIR/nginx.conf"
}

start_nginx() {
  if ! command -v nginx >/dev/null; then
    say "nginx is not installed: no front; ask the nodes themselves (ENTREPOT_NODES)"
    return
  fi
  if alive "$DIR/nginx.pid" nginx; then return; fi
  write_nginx
  nginx -e "$DIR/nginx.log" -c "$DIR/nginx.conf" -p "$DIR" </dev/null >"$DIR/nginx.out" 2>&1 9>&- || { tail -n 5 "$DIR/nginx.out" >&2; die "nginx does not start"; }
  wait_for 10 ready "$(cat "$DIR/nginx.port")" || die "nginx does not answer"
  say "nginx on 127.0.0.1:$(cat "$DIR/nginx.port"), pid $(cat "$DIR/nginx.pid")"
}

start() {
  local count="${1:-3}" number bin
  case "$count" in [1-9]) ;; *) die "1 to $MOST nodes" ;; esac
  bin=$(binary)
  scripts/services.sh start
  eval "$(scripts/services.sh env)"
  mkdir -p "$DIR"
  chmod 700 "$DIR"
  exec 9>"$DIR/lock"
  flock -w 120 9 || die "another start is still at work in $DIR"
  make_database
  echo "$ENTREPOT_TEST_REDIS_URL" >"$DIR/redis.url"
  [ -s "$DIR/keys" ] || (umask 077 && "$bin" keys new >"$DIR/keys")
  "$bin" migrate --database-url "$(cat "$DIR/database.url")" >&2
  for number in $(seq "$count"); do
    [ -e "$DIR/node$number.port" ] || free_port >"$DIR/node$number.port"
    [ -e "$DIR/node$number-metrics.port" ] || free_port >"$DIR/node$number-metrics.port"
    start_node "$number"
  done
  [ -e "$DIR/worker-metrics.port" ] || free_port >"$DIR/worker-metrics.port"
  start_worker
  start_nginx
}

end_node() { # number, signal
  local file="$DIR/node$1.pid"
  alive "$file" "$(port_of "node$1")" || { say "node $1 does not run"; return 0; }
  kill "-$2" "$(cat "$file")"
  wait_for 60 bash -c "! kill -0 $(cat "$file")" || die "node $1 goes on"
  rm -f "$file"
  say "node $1 has ended"
}

stop() {
  local node bin
  if alive "$DIR/nginx.pid" nginx; then
    end_process "$(cat "$DIR/nginx.pid")"
    say "nginx stopped"
  fi
  if alive "$DIR/worker.pid" worker; then end_process "$(cat "$DIR/worker.pid")"; fi
  for node in $(nodes); do
    if alive "$DIR/node$node.pid" "$(port_of "node$node")"; then end_process "$(cat "$DIR/node$node.pid")"; fi
  done
  if [ -e "$DIR/database.name" ] && scripts/services.sh status >/dev/null; then
    eval "$(scripts/services.sh env)"
    bin=$(find_pg_bin) && "$bin/psql" -X -q "$ENTREPOT_TEST_POSTGRES_URL" -c "DROP DATABASE IF EXISTS $(cat "$DIR/database.name") WITH (FORCE)"
  fi
  rm -rf "${DIR:?}"
  say "stopped"
}

status() {
  local node all=0 port
  [ -n "$(nodes)" ] || die "not started"
  for node in $(nodes); do
    port=$(port_of "node$node")
    if ready "$port"; then
      echo "node $node: ready on 127.0.0.1:$port, pid $(cat "$DIR/node$node.pid")"
    else
      all=1
      echo "node $node: not ready"
    fi
  done
  if alive "$DIR/worker.pid" worker; then echo "worker: pid $(cat "$DIR/worker.pid")"; else echo "worker: none"; fi
  if alive "$DIR/nginx.pid" nginx; then echo "nginx: on 127.0.0.1:$(cat "$DIR/nginx.port")"; else echo "nginx: none"; fi
  return "$all"
}

print_env() {
  local node urls=()
  [ -n "$(nodes)" ] || die "not started"
  for node in $(nodes); do urls+=("http://127.0.0.1:$(port_of "node$node")"); done
  local front="${urls[0]}"
  if alive "$DIR/nginx.pid" nginx; then front="http://127.0.0.1:$(cat "$DIR/nginx.port")"; fi
  printf 'export ENTREPOT_URL=%q\nexport ENTREPOT_NODES=%q\nexport ENTREPOT_DATABASE_URL=%q\n' "$front" "${urls[*]}" "$(cat "$DIR/database.url")"
}

case "${1:-}" in
start) start "${2:-3}" ;;
kill) need_node "${2:-}" && end_node "$2" KILL ;;
stop-node) need_node "${2:-}" && end_node "$2" TERM ;;
revive) need_node "${2:-}" && start_node "$2" ;;
stop) stop ;;
status) status ;;
env) print_env ;;
-h | --help | help) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
