#!/usr/bin/env bash
# Shows alarms firing: a real cluster (scripts/cluster.sh), Prometheus, Alertmanager and node exporter, with the rules of deploy/prometheus.
#
#   scripts/alert-demo.sh   ends a node, a worker with its jobs, and fills a disk; waits until the alarms for them have reached Alertmanager
#
# It takes about four minutes and at most eight, since the rules are used as they are: a node is down after two minutes. It needs prometheus,
# prometheus-alertmanager and prometheus-node-exporter (Debian's packages) on the PATH, and an entrepot binary (ENTREPOT_BIN). The disk is a
# tmpfs of 8 MiB, for which it has to be root; otherwise that part is left out, and said so. It ends what it started, and removes its folder.
set -euo pipefail
ME=alert-demo
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in '') ;; *) usage && exit 2 ;; esac
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
  cat >"$DIR/prometheus.yml" <<EOT
global:
  scrape_interval: 5s
  evaluation_interval: 5s
  external_labels: { deployment: alert-demo, runbooks: docs/runbooks }
rule_files: ["$ROOT/deploy/prometheus/rules/*.yml"]
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
run prometheus prometheus "--config.file=$DIR/prometheus.yml" "--storage.tsdb.path=$DIR/tsdb" "--web.listen-address=127.0.0.1:$PROMETHEUS"
wait_for 30 curl -fsS "http://127.0.0.1:$PROMETHEUS/-/ready" || { tail -n 5 "$DIR/prometheus.log" >&2; die "prometheus is not ready"; }
wait_for 30 curl -fsS "http://127.0.0.1:$MANAGER/-/ready" || { tail -n 5 "$DIR/manager.log" >&2; die "alertmanager is not ready"; }
say "Prometheus http://127.0.0.1:$PROMETHEUS/alerts, Alertmanager http://127.0.0.1:$MANAGER"
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
say "${#EXPECTED[@]} of ${#EXPECTED[@]} alarms fired"
