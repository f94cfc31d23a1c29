#!/usr/bin/env bash
# Runs the files of this folder on a Postgres in a temporary folder, while a node of Entrepot serves and a client writes: a backup, a restore to a
# moment beside it, the drill of drill.sh and one that has to fail, a repository with one bit turned, and a restore after the data folder is lost.
#
#   deploy/pgbackrest/try.sh      about four minutes; the binary is $ENTREPOT_BIN, or the one in the target folder
#
# After each restore `entrepot verify` has to hold, and the restored heads of the companies have to be those of the moment; after the loss, what was
# answered and is gone has to be younger than the files promise. Needed: pgbackrest, the Postgres server programs that it knows (Debian's: 15), and
# python3. All of it listens on the loopback address only, on free ports; it ends no process but its own, and removes its folder.
set -euo pipefail
ME=try
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
case "${1:-}" in
'') ;;
-h | --help)
  usage
  exit 0
  ;;
*) usage >&2 && exit 2 ;;
esac

HERE="$ROOT/deploy/pgbackrest"
command -v pgbackrest >/dev/null || die "needs pgbackrest (Debian: apt-get install pgbackrest)"
command -v python3 >/dev/null || die "needs python3"
PG_BIN=$(find_pg_bin) || die "needs the Postgres server programs, 15 or newer (Debian: apt-get install postgresql)"
BIN=${ENTREPOT_BIN:-$(target_dir)/debug/entrepot}
[ -x "$BIN" ] || die "there is no binary at $BIN: cargo build, or name one in ENTREPOT_BIN"
BIN=$(realpath "$BIN")
# archive_timeout, what the repository needs for the last segment, and a slow machine.
PROMISED=45

DIR=$(mktemp -d "${TMPDIR:-/tmp}/entrepot-pgbackrest.XXXXXX")
chmod 711 "$DIR"
NODE='' WRITER=''
as_service() {
  if is_root; then
    (cd / && exec runuser -u "$(service_user)" -- "$@")
  else
    (cd / && exec "$@")
  fi
}
clean_up() {
  local data
  touch "$DIR/enough"
  [ -z "$WRITER" ] || end_process "$WRITER"
  [ -z "$NODE" ] || end_process "$NODE"
  for data in "$DIR"/own/main "$DIR"/own/beside "$DIR"/own/drill/data; do
    [ ! -e "$data/postmaster.pid" ] || as_service "$PG_BIN/pg_ctl" -D "$data" -w -m immediate stop >/dev/null || true
  done
  rm -rf "${DIR:?}"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# ── the files of this folder, with other places ───────────────────────────────────────────────────────────────────────

install -d -m 700 "$DIR/own"
install -d -m 755 "$DIR/etc"
mkdir "$DIR"/own/{conf.d,repo,spool,log,lock,socket,main}
cp "$HERE/pgbackrest.conf" "$HERE/postgresql.conf" "$DIR/etc/"
printf '[global]\nrepo1-cipher-pass=%s\n' "$(head -c 32 /dev/urandom | base64)" >"$DIR/own/conf.d/secrets.conf"
chmod 700 "$DIR/own/main"
if is_root; then chown -R "$(service_user)" "$DIR/own"; fi
PORT=$(free_port) BESIDE=$(free_port) LISTEN=$(free_port)
export PGBACKREST_CONFIG="$DIR/etc/pgbackrest.conf" PGBACKREST_CONFIG_INCLUDE_PATH="$DIR/own/conf.d" PGBACKREST_REPO1_PATH="$DIR/own/repo"
export PGBACKREST_SPOOL_PATH="$DIR/own/spool" PGBACKREST_LOG_PATH="$DIR/own/log" PGBACKREST_LOCK_PATH="$DIR/own/lock"
export PGBACKREST_PG1_PATH="$DIR/own/main" PGBACKREST_PG1_PORT="$PORT" PGBACKREST_PG1_SOCKET_PATH="$DIR/own/socket" PGBACKREST_LOG_LEVEL_CONSOLE=warn
HEADS='SELECT t.slug, c.head FROM tenant t JOIN tenant_counter c ON c.tenant_id = t.id ORDER BY t.slug'

backrest() { as_service pgbackrest --stanza=shop "$@"; }
postgres() { # name, what
  local name=$1
  shift
  as_service "$PG_BIN/pg_ctl" -D "$DIR/own/$name" -w -t 120 -l "$DIR/own/$name.log" "$@" >/dev/null || {
    tail -n 20 "$DIR/own/$name.log" >&2
    die "$name: pg_ctl $*"
  }
}
query() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 "postgres://postgres@127.0.0.1:$1/$2" -c "$3"; }
is_primary() { [ "$(query "$1" entrepot 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; }
now() { date +%s.%N; }
since() { awk -v began="$1" -v ended="$(now)" 'BEGIN { printf "%.1f", ended - began }'; }
prove() { # port, what
  local began said
  began=$(now)
  said=$("$BIN" verify --database-url "postgres://postgres@127.0.0.1:$1/entrepot" 2>&1) || die "$2: verify: $said"
  say "$2: verify holds, after $(since "$began") s"
}

as_service "$PG_BIN/initdb" -D "$DIR/own/main" -U postgres --auth=trust -E UTF8 --data-checksums --locale=C >/dev/null
cat >>"$DIR/own/main/postgresql.conf" <<CONF
include '$DIR/etc/postgresql.conf'
listen_addresses = '127.0.0.1'
port = $PORT
unix_socket_directories = '$DIR/own/socket'
max_connections = 200
lc_messages = 'C'
CONF
postgres main start
backrest stanza-create
backrest check
say "[${SECONDS}s] the repository takes the log"

# ── a node, and a client that writes each change until it is answered ─────────────────────────────────────────────────

URL="postgres://postgres@127.0.0.1:$PORT/entrepot"
query "$PORT" postgres 'CREATE DATABASE entrepot'
"$BIN" migrate --database-url "$URL" >"$DIR/migrate.log" 2>&1 || die "migrate: $(tail -n 5 "$DIR/migrate.log")"
(umask 077 && "$BIN" keys new >"$DIR/keys")
ready() { curl -fsS "http://127.0.0.1:$LISTEN/readyz"; }
serve() {
  "$BIN" serve --database-url "$URL" --listen "127.0.0.1:$LISTEN" --keys-file "$DIR/keys" --files "file:$DIR/files" </dev/null >>"$DIR/node.log" 2>&1 &
  NODE=$!
  wait_for 60 ready || die "the node is not ready: $(tail -n 5 "$DIR/node.log")"
}
serve
PYTHONPATH="$ROOT/bench" python3 -B - "http://127.0.0.1:$LISTEN/graphql" "$DIR" <<'PYTHON' >"$DIR/writer.log" 2>&1 &
import os, sys, time
from load import Api

url, folder = sys.argv[1:]
api = Api(url, folder)
api.register("Restored")
store = api.change("storeCreate", {"code": "S1", "name": "Store"}, "store { id }")["store"]["id"]
price = {"amount": "1.00", "currencyCode": api.account["currency"]}
product = api.upsert("productBulkUpsert", "product", [{"sku": "A", "name": "A", "price": price}])[0]
number = 0
with open(f"{folder}/answered", "a", buffering=1) as answered:
    while not os.path.exists(f"{folder}/enough"):
        if os.path.exists(f"{folder}/pause"):
            open(f"{folder}/paused", "w").close()
            time.sleep(0.05)
            continue
        number += 1
        change = {"product": {"id": product}, "store": {"id": store}, "delta": 1}
        body = {"idempotencyKey": f"key-{number}", "reasonCode": "CORRECTION", "changes": [change]}
        seq = api.change("stockAdjust", body, "seq")["seq"]
        answered.write(f"{time.time()} {seq}\n")
        time.sleep(0.1)
PYTHON
WRITER=$!
wait_for 60 test -s "$DIR/answered" || die "the client does not write: $(tail -n 5 "$DIR/writer.log")"

# ── backups, and a moment ─────────────────────────────────────────────────────────────────────────────────────────────

began=$(now)
backrest --type=full backup
say "[${SECONDS}s] a full backup: $(since "$began") s, $(du -sm "$DIR/own/repo" | cut -f 1) MiB in the repository"
sleep 5
touch "$DIR/pause"
wait_for 30 test -e "$DIR/paused" || die "the client does not pause"
# Events that jobs write come after an answer: until the heads are still.
heads=''
until [ -n "$heads" ] && [ "$heads" = "$(query "$PORT" entrepot "$HEADS")" ]; do
  heads=$(query "$PORT" entrepot "$HEADS")
  sleep 2
done
MOMENT=$(query "$PORT" postgres 'SELECT clock_timestamp()')
sleep 1
rm "$DIR/pause"
sleep 5
began=$(now)
backrest --type=diff backup
say "[${SECONDS}s] a differential backup: $(since "$began") s"
# A moment can be restored once the segment with a later commit is archived; here it is not waited for.
query "$PORT" postgres 'SELECT pg_switch_wal()' >/dev/null
sleep 3
later=$(query "$PORT" entrepot "$HEADS")
[ "$later" != "$heads" ] || die "nothing was written after the moment"

# ── beside it, to the moment ──────────────────────────────────────────────────────────────────────────────────────────

beside() { # further arguments: restores, and starts what came of it, which archives nothing
  as_service mkdir -m 700 "$DIR/own/beside"
  backrest --pg1-path="$DIR/own/beside" --archive-mode=off "$@" restore || return 1
  # The last of two settings holds.
  printf "port = %s\nunix_socket_directories = ''\n" "$BESIDE" >>"$DIR/own/beside/postgresql.auto.conf"
  postgres beside start
  wait_for 120 is_primary "$BESIDE" || die "the restored Postgres goes on recovering: $(tail -n 5 "$DIR/own/beside.log")"
}
began=$(now)
beside --type=time --target="$MOMENT" --target-action=promote
say "[${SECONDS}s] restored to $MOMENT beside: $(since "$began") s"
prove "$BESIDE" "to the moment"
restored=$(query "$BESIDE" entrepot "$HEADS")
[ "$restored" = "$heads" ] || die "heads of the moment: $heads; restored: $restored"
say "to the moment: the heads are those of the moment ($restored), and not the later ones ($later)"
postgres beside -m immediate stop
rm -rf "$DIR/own/beside"

# ── the drill, and its row in the log of backups ──────────────────────────────────────────────────────────────────────

install -m 755 "$HERE/drill.sh" "$DIR/etc/drill"
# The unprivileged account has to reach it.
PROGRAM=$BIN
as_service test -x "$PROGRAM" || { PROGRAM="$DIR/etc/entrepot" && install -m 755 "$BIN" "$PROGRAM"; }
drill() { # program: what proves the copy
  as_service env PGHOST="$DIR/own/socket" PGPORT="$PORT" DRILL_FOLDER="$DIR/own/drill" DRILL_PORT="$BESIDE" DRILL_ENTREPOT="$1" "$DIR/etc/drill" >"$DIR/drill.log" 2>&1
}
logged() { query "$PORT" entrepot "SELECT state, is_sound, error IS NULL, rto_seconds IS NULL FROM backup_run WHERE kind = 'DRILL' ORDER BY started_at DESC LIMIT 1"; }
began=$(now)
drill "$PROGRAM" || die "the drill failed: $(tail -n 20 "$DIR/drill.log")"
[ "$(logged)" = 'DONE|t|t|f' ] || die "the log of backups has no good drill: $(logged)"
say "[${SECONDS}s] the drill: $(since "$began") s; $(tail -n 1 "$DIR/drill.log")"
# What a drill has left that the machine's end has ended, with a number that is another process' by now: that of the database that is served.
as_service mkdir -p "$DIR/own/drill/data"
as_service touch "$DIR/own/drill/.entrepot-drill"
as_service cp "$DIR/own/main/postmaster.pid" "$DIR/own/drill/data/"
if drill /bin/false; then die "a copy that nothing proves is a good drill"; fi
[ "$(logged)" = 'FAILED|f|f|t' ] || die "the log of backups has no failed drill: $(logged)"
[ ! -e "$DIR/own/drill" ] || die "the drill leaves its folder"
say "[${SECONDS}s] a drill that fails is in the log: $(tail -n 1 "$DIR/drill.log")"
install -m 755 "$HERE/failed.sh" "$DIR/etc/failed"
as_service env PGHOST="$DIR/own/socket" PGPORT="$PORT" "$DIR/etc/failed" full || die "a backup that failed is not in the log"
said=$(query "$PORT" entrepot "SELECT state, destination, error FROM backup_run WHERE kind = 'BACKUP' AND state = 'FAILED'")
case $said in 'FAILED|pgbackrest:shop/repo1|the full backup'*) ;; *) die "a backup that failed is in the log as: $said" ;; esac
say "[${SECONDS}s] a backup that fails is in the log"
as_service mkdir "$DIR/own/drill"
as_service touch "$DIR/own/drill/kept"
if drill "$PROGRAM"; then die "the drill takes a folder that is another's"; fi
[ -e "$DIR/own/drill/kept" ] || die "the drill removes a folder that is another's"
rm -rf "$DIR/own/drill"

# ── the data folder is lost ───────────────────────────────────────────────────────────────────────────────────────────

sleep 10
LOST=$(now)
postgres main -m immediate stop
rm -rf "$DIR/own/main"
touch "$DIR/enough"
end_process "$NODE"
NODE=''
end_process "$WRITER"
WRITER=''
last=$(tail -n 1 "$DIR/answered")
as_service mkdir -m 700 "$DIR/own/main"
began=$(now)
backrest restore
postgres main start
wait_for 120 is_primary "$PORT" || die "the restored Postgres goes on recovering: $(tail -n 5 "$DIR/own/main.log")"
say "[${SECONDS}s] restored after the loss: $(since "$began") s"
prove "$PORT" "after the loss"
head=$(query "$PORT" entrepot 'SELECT max(head) FROM tenant_counter')
# The oldest answer that is gone says how much time is lost.
read -r gone seconds < <(awk -v head="$head" -v lost="$LOST" '$2 > head { if (!n++) first = $1 } END { printf "%d %.1f\n", n, n ? lost - first : 0 }' "$DIR/answered")
say "after the loss: head $head; the last answer was at $(cut -d' ' -f 2 <<<"$last"); $gone of $(wc -l <"$DIR/answered") answers are lost, those of the last $seconds s"
awk -v seconds="$seconds" -v most="$PROMISED" 'BEGIN { exit !(seconds <= most) }' || die "more than $PROMISED s are lost"
"$BIN" epoch --database-url "$URL" >"$DIR/epoch.log" 2>&1 || die "epoch: $(tail -n 5 "$DIR/epoch.log")"
serve
say "[${SECONDS}s] the node serves what was restored"

# ── one bit of the repository ─────────────────────────────────────────────────────────────────────────────────────────

# As the unit of the full backup asks: the command itself ends with 0 whatever it finds.
is_whole() { backrest --output=text --verbose verify | tee "$DIR/verified" | grep -x 'status: ok' >/dev/null; }
is_whole || die "verify: $(cat "$DIR/verified")"
file=$(find "$DIR/own/repo/backup/shop" -type f ! -name '*.manifest*' ! -name 'backup.info*' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f 2-)
python3 - "$file" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(0, 2)
    middle = file.tell() // 2
    file.seek(middle)
    bit = file.read(1)[0] ^ 1
    file.seek(middle)
    file.write(bytes([bit]))
PYTHON
if is_whole; then die "verify does not find the bit that was turned in $file"; fi
say "one bit turned in ${file#"$DIR/own/repo/"}: $(tr -s ' \n' ' ' <"$DIR/verified")"
say "all holds, ${SECONDS}s"
