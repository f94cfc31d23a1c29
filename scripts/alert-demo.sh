#!/usr/bin/env bash
# Shows alarms firing: a real cluster (scripts/cluster.sh), Prometheus, Alertmanager and node exporter, with the rules of deploy/prometheus.
#
#   scripts/alert-demo.sh   sells a product until its stock is low, ends a node, a worker with its jobs, and fills a disk; waits until the alert of
#                           the company is in the API, and the alarms of the deployment have reached Alertmanager
#   scripts/alert-demo.sh --pictures [FOLDER]
#                           takes Prometheus' page of alarms then, too: alarms.png in the folder (docs/images by default). Needs Chromium
#                           (ENTREPOT_CHROMIUM, or /usr/bin/chromium)
#
# It takes about four minutes and at most eight, since the rules are used as they are: a node is down after two minutes. It needs prometheus,
# prometheus-alertmanager and prometheus-node-exporter (Debian's packages) on the PATH, and an entrepot binary (ENTREPOT_BIN). The disk is a
# tmpfs of 8 MiB, for which it has to be root; otherwise that part is left out, and said so. It ends what it started, and removes its folder.
set -euo pipefail
ME=alert-demo
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
PICTURES=''
case "${1:-}" in
'') ;;
--pictures)
  PICTURES="${2:-$ROOT/docs/images}"
  need_chromium
  mkdir -p "$PICTURES"
  PICTURES="$(cd "$PICTURES" && pwd)"
  ;;
*) usage && exit 2 ;;
esac
cd "$ROOT"

MOST_SECONDS=480
for program in prometheus prometheus-alertmanager prometheus-node-exporter curl python3; do
  command -v "$program" >/dev/null || die "$program is missing: apt-get install prometheus prometheus-alertmanager prometheus-node-exporter curl python3"
done

DIR=$(mktemp -d)
chmod 755 "$DIR"
export ENTREPOT_CLUSTER_DIR="$DIR/cluster"
PIDS=()
DISK=''
finish() {
  local rc=$? pid
  for pid in "${PIDS[@]}"; do end_process "$pid"; done
  [ -z "$DISK" ] || umount "$DISK" || true
  scripts/cluster.sh stop || true
  rm -rf "${DIR:?}"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT TERM

run() { # name, command…: in the background, with a log of its own
  local name=$1
  shift
  "$@" </dev/null >"$DIR/$name.log" 2>&1 &
  PIDS+=($!)
}

port_of() { cat "$ENTREPOT_CLUSTER_DIR/$1-metrics.port"; }

configure() { # ports of prometheus, alertmanager, node exporter
  ln -s "$ROOT/deploy/prometheus/rules" "$DIR/rules"
  cat >"$DIR/prometheus.yml" <<EOT
global:
  scrape_interval: 5s
  evaluation_interval: 5s
  external_labels: { deployment: alert-demo, runbooks: docs/runbooks }
rule_files: ["rules/*.yml"]
alerting:
  alert_relabel_configs: [{ action: labeldrop, regex: runbooks }]
  alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:$2"] }] }]
scrape_configs:
  - job_name: entrepot
    static_configs:
      - targets: ["127.0.0.1:$(port_of node1)", "127.0.0.1:$(port_of node2)"]
        labels: { component: node }
      - targets: ["127.0.0.1:$(port_of worker)"]
        labels: { component: worker }
  - job_name: node
    static_configs: [{ targets: ["127.0.0.1:$3"] }]
EOT
}

# Alerts that Alertmanager holds, one a line: name, severity, what it says, its page.
alerts() {
  curl -fsS "http://127.0.0.1:$1/api/v2/alerts" | python3 -c '
import json, sys
for alert in json.load(sys.stdin):
    labels, notes = alert["labels"], alert["annotations"]
    print(labels["alertname"], labels["severity"], notes["summary"], notes["runbook_url"], sep=" | ")' | sort -u
}

# A company's own alert, which is none of the deployment's: by the API, as its members see it.
low_stock() { # port of a node
  PYTHONPATH="$ROOT/bench" timeout 120 python3 -B - "http://127.0.0.1:$1/graphql" "$DIR" <<'PYTHON'
import sys, time
from load import Api

api = Api(*sys.argv[1:])
api.register("Alert demo")
store = {"id": api.change("storeCreate", {"code": "LDN", "name": "London"}, "store { id }")["store"]["id"]}
price = {"amount": "4.50", "currencyCode": api.account["currency"]}
row = {"sku": "MUG", "name": "Mug", "price": price, "lowStockThreshold": 10}
product = {"id": api.upsert("productBulkUpsert", "product", [row])[0]}
for key, kind, reason, delta in [("opening", "RECEIPT", "OPENING", 100), ("damage", "ADJUSTMENT", "DAMAGE", -95)]:
    changes = [{"product": product, "store": store, "delta": delta}]
    api.change("stockAdjust", {"idempotencyKey": key, "kind": kind, "reasonCode": reason, "changes": changes}, "seq")
sold = time.time()
query = "{ alerts(first: 1, filter: { kind: [LOW_STOCK] }) { nodes { kind status quantity threshold product { sku } store { code } } } }"
while not (found := api.ask(query)["alerts"]["nodes"]):
    if time.time() - sold > 60:
        sys.exit("no LOW_STOCK alert within a minute")
    time.sleep(0.2)
alert = found[0]
print(f"{alert['kind']} {alert['status']} of {alert['product']['sku']} in {alert['store']['code']}: {alert['quantity']} left,"
      f" the threshold is {alert['threshold']}, {time.time() - sold:.1f} s after the change")  # fmt: skip
PYTHON
}

# Nodes behind a proxy register no company unless they are told to.
export ENTREPOT_CLUSTER_FLAGS="${ENTREPOT_CLUSTER_FLAGS:-} --registration open"
scripts/cluster.sh start 2
PROMETHEUS=$(free_port) MANAGER=$(free_port) EXPORTER=$(free_port)
configure "$PROMETHEUS" "$MANAGER" "$EXPORTER"
EXPECTED=(EntrepotDown EntrepotWorkerDied)
if is_root && mkdir "$DIR/disk" && mount -t tmpfs -o size=8m tmpfs "$DIR/disk" 2>/dev/null; then
  DISK="$DIR/disk"
  EXPECTED+=(MachineDiskFull)
else
  say "SKIPPED: the full disk, since no tmpfs can be mounted here"
fi
run exporter prometheus-node-exporter "--web.listen-address=127.0.0.1:$EXPORTER"
run manager prometheus-alertmanager "--config.file=$ROOT/deploy/alertmanager/alertmanager.yml" "--storage.path=$DIR/manager" \
  "--web.listen-address=127.0.0.1:$MANAGER" --cluster.listen-address=
# From its folder, so that its page names the rules alike on each machine.
run prometheus env -C "$DIR" prometheus --config.file=prometheus.yml "--storage.tsdb.path=$DIR/tsdb" "--web.listen-address=127.0.0.1:$PROMETHEUS" \
  --enable-feature=exemplar-storage
wait_for 30 curl -fsS "http://127.0.0.1:$PROMETHEUS/-/ready" || { tail -n 5 "$DIR/prometheus.log" >&2; die "prometheus is not ready"; }
wait_for 30 curl -fsS "http://127.0.0.1:$MANAGER/-/ready" || { tail -n 5 "$DIR/manager.log" >&2; die "alertmanager is not ready"; }
say "Prometheus http://127.0.0.1:$PROMETHEUS/alerts, Alertmanager http://127.0.0.1:$MANAGER"
LOW=$(low_stock "$(cat "$ENTREPOT_CLUSTER_DIR/node1.port")") || die "the stock of a product is low, and no alert says so: docs/alerts.md"
say "[${SECONDS}s] in the API: $LOW"
sleep 20 # figures of before, so that what rises can be seen to rise

say "[${SECONDS}s] node 2 and the worker end without a word${DISK:+; a disk of 8 MiB is filled}"
scripts/cluster.sh kill 2
kill -9 "$(cat "$ENTREPOT_CLUSTER_DIR/worker.pid")"
[ -z "$DISK" ] || head -c 8200000 /dev/zero >"$DISK/full"

for name in "${EXPECTED[@]}"; do
  until alerts "$MANAGER" | grep -q "^$name |"; do
    if [ "$SECONDS" -gt "$MOST_SECONDS" ]; then
      alerts "$MANAGER" >&2
      die "$name did not fire within $MOST_SECONDS s. Read $ROOT/deploy/prometheus/rules and /alerts of Prometheus"
    fi
    sleep 5
  done
  say "[${SECONDS}s] $name has reached Alertmanager"
done
alerts "$MANAGER"
if [ -n "$PICTURES" ]; then
  # Debian's package has the older pages, which are drawn by Prometheus; others have those that the browser draws.
  for page in classic/alerts alerts; do
    curl -fsSL --output /dev/null "http://127.0.0.1:$PROMETHEUS/$page" && break
  done
  picture "http://127.0.0.1:$PROMETHEUS/$page" "$PICTURES/alarms.png" 1200 1400 || die "Chromium made no picture of Prometheus' $page"
  say "$PICTURES/alarms.png"
fi
say "$LOW"
say "${#EXPECTED[@]} of ${#EXPECTED[@]} alarms fired, and the alert of the low stock"
