#!/usr/bin/env bash
# A node under a modest, mixed load for an hour: does its memory grow, and does it lose descriptors?
#
#   bench/soak.sh [--minutes N] [--rate N] [--every SECONDS] [--out FILE]
#
#   --minutes   how long the load lasts, 1 to 1440 (60); the data before it, the rest after it and verify take some minutes more
#   --rate      operations a second, all kinds of the mix together, 1 to 500 (20)
#   --every     seconds between two samples, 1 to 60 (10)
#   --out       the samples, as CSV; removed first ($ENTREPOT_BENCH_WORK/soak.csv)
#
# One node on a Postgres of its own, a company of 500 products in 5 stores. Adjustments (w2), orders (w4) and three kinds of reads at the rate,
# a report each five seconds, an export with its download each thirty, twelve subscriptions over WebSocket and as server-sent events that
# last 5 to 60 seconds and end in turn politely and by a cut line, and one that lasts as long as the load.
#
# In the end it says: memory of the last third of the load against the second (medians; owed: at most 5 % more), descriptors at rest after
# the load against those at rest before it, without the connections to Postgres (owed: none more), the errors of all kinds (owed: none), and
# what `entrepot verify` finds. It ends with 1 where one of these does not hold.
#
# Postgres and the node are processes of its own on the loopback ports from ENTREPOT_SOAK_PORT (15550, 15551), data in a temporary folder (some 3 GB
# an hour at most). It refuses to run when a port is taken, and it ends no process but its own. Needed: the Postgres server programs (15 or
# newer), python3. The logs of both are kept beside the samples. Further settings (ENTREPOT_BIN, ENTREPOT_SERVE_ARGS): the head of bench/lib.sh.
set -euo pipefail
ME=soak
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Is the second a whole number between the third and the fourth?
bounded() {
  if ! [[ $2 =~ ^[0-9]{1,4}$ ]] || [ "$((10#$2))" -lt "$3" ] || [ "$((10#$2))" -gt "$4" ]; then die "$1 is a whole number from $3 to $4"; fi
}

MINUTES=60 RATE=20 EVERY=10 CSV="$WORK/soak.csv"
while [ $# -gt 0 ]; do
  case $1 in
  -h | --help | help)
    usage
    exit 0
    ;;
  --minutes | --rate | --every | --out)
    [ $# -ge 2 ] || die "$1 needs a value"
    case $1 in
    --minutes) MINUTES=$2 ;;
    --rate) RATE=$2 ;;
    --every) EVERY=$2 ;;
    --out) CSV=$2 ;;
    esac
    shift 2
    ;;
  *)
    usage >&2
    exit 2
    ;;
  esac
done
bounded --minutes "$MINUTES" 1 1440
bounded --rate "$RATE" 1 500
bounded --every "$EVERY" 1 60
MINUTES=$((10#$MINUTES)) RATE=$((10#$RATE)) EVERY=$((10#$EVERY)) # else 08 is no number

POSTGRES="${ENTREPOT_SOAK_PORT:-15550}" NODE=$((${ENTREPOT_SOAK_PORT:-15550} + 1))
PG_BIN=$(find_pg_bin) || die "needs the Postgres server programs, 15 or newer (Debian: apt-get install postgresql)"
need_binary
for port in "$POSTGRES" "$NODE"; do
  port_free "$port" || die "port $port is taken; set ENTREPOT_SOAK_PORT"
done

DIR=$(mktemp -d "${TMPDIR:-/tmp}/entrepot-soak.XXXXXX")
chmod 711 "$DIR"
RUN="$DIR/run" DATA="$DIR/data"
mkdir -p "$RUN" "$DATA"
export ENTREPOT_KEYS_FILE="$DIR/keys"
ROOT_URL="postgres://postgres@127.0.0.1:$POSTGRES"
LOAD=''

as_service() {
  if is_root; then
    (cd / && exec runuser -u "$(service_user)" -- "$@")
  else
    (cd / && exec "$@")
  fi
}

postgres() { as_service "$PG_BIN/pg_ctl" -D "$DIR/pg" -w -t 60 -l "$DIR/pg/server.log" "$@" >/dev/null; }

clean_up() {
  if [ -n "$LOAD" ]; then end_process "$LOAD"; fi
  stop_server node
  cp "$RUN/node.log" "${CSV%.csv}-node.log" 2>/dev/null || true
  cp "$DIR/pg/server.log" "${CSV%.csv}-postgres.log" 2>/dev/null || true
  if [ -e "$DIR/pg/postmaster.pid" ]; then postgres -m immediate stop || true; fi
  rm -rf "${DIR:?}"
}

make_postgres() {
  mkdir -m 700 "$DIR/pg"
  if is_root; then chown "$(service_user)" "$DIR/pg"; fi
  as_service "$PG_BIN/initdb" -D "$DIR/pg" -U postgres --auth=trust -E UTF8 --no-sync --locale=C >/dev/null
  cat >>"$DIR/pg/postgresql.auto.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $POSTGRES
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
lc_messages = 'C'
CONF
  postgres start
  "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 "$ROOT_URL/postgres" -c 'CREATE DATABASE soak'
  "$BIN" migrate --database-url "$ROOT_URL/soak" >"$RUN/migrate.log" 2>&1 || {
    tail -n 5 "$RUN/migrate.log" >&2
    die "the migrations failed"
  }
}

trap clean_up EXIT
trap 'exit 130' INT TERM
rm -f "$CSV"
(umask 077 && "$BIN" keys new >"$ENTREPOT_KEYS_FILE")
make_postgres
serve node "$ROOT_URL/soak" "$NODE" --files "file:$DIR/files" --anonymous-requests off
disown
timeout -k 10 900 python3 "$ROOT/bench/load.py" fill --url "http://127.0.0.1:$NODE/graphql" --out "$DATA" \
  --stores 5 --categories 10 --suppliers 10 --customers 200 --products 500 --orders 500 --threads 4 &
LOAD=$!
wait "$LOAD" || die "the data could not be made"
LOAD=''

rc=0
say "$MINUTES minutes at $RATE operations a second; samples go to $CSV"
# Twice as long as it can take, should it hang.
timeout -k 10 "$((MINUTES * 120 + 900))" python3 "$ROOT/bench/soak.py" --data "$DATA" --pid "$(server_pid node)" --minutes "$MINUTES" \
  --rate "$RATE" --every "$EVERY" --csv "$CSV" --psql "$PG_BIN/psql" --server "$ROOT_URL" --database soak &
LOAD=$!
wait "$LOAD" || rc=$?
LOAD=''
if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then say "the load hung and was ended"; fi

timeout -k 10 1800 "$BIN" verify --database-url "$ROOT_URL/soak" >"$RUN/verify.log" 2>&1 &
LOAD=$!
if wait "$LOAD"; then
  echo "verify: nothing found"
else
  echo "verify: FAILED"
  tail -n 20 "$RUN/verify.log"
  rc=1
fi
LOAD=''
[ "$rc" = 0 ] || die "failed; the logs are beside $CSV"
