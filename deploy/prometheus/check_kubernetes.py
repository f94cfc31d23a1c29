#!/usr/bin/env python3
"""Compares prometheus-kubernetes.yml with the pods of deploy/kubernetes. Needs PyYAML, kubectl and promtool.

  check_kubernetes.py [CONFIG]   CONFIG: instead of the one beside this file

Debian's Prometheus has no discovery by Kubernetes, so the pods of the manifests are given to it as Prometheus would discover them, with the labels
`__meta_kubernetes_…` of its documentation, and everything else is its own: it checks the configuration and relabels the targets. Each node and worker
has to be a target, at its port for metrics, with the labels that rules and the autoscaler's adapter read; a pod that has ended, or is one of a task, has
to be none. The service account may read what is discovered, and the network policy lets its namespace reach the port. Ends with 1 when something is wrong.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
OVERLAYS = ["one-node", "many-nodes", "migrate", "prometheus"]


def rendered():
    for overlay in OVERLAYS:
        text = subprocess.run(["kubectl", "kustomize", str(ROOT / "deploy/kubernetes" / overlay)], check=True, capture_output=True, text=True).stdout
        yield from ((overlay, item) for item in yaml.safe_load_all(text) if item)


def pods(items):
    """A pod of each workload, as the API server would list it."""
    for at, (overlay, item) in enumerate(items):
        spec = item.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if not template:
            continue
        # Beside each one that runs, one that was evicted.
        for phase in ["Succeeded"] if item["kind"] in ("Job", "CronJob") else ["Running", "Failed"]:
            name = f"{overlay}-{item['metadata']['name']}-{phase.lower()}"
            metadata = {"name": name, "namespace": item["metadata"]["namespace"], "labels": template["metadata"]["labels"]}
            yield {"metadata": metadata, "spec": template["spec"], "status": {"phase": phase, "podIP": f"10.0.0.{at + 1}"}}


def discovered(discovery, pods_there):
    """Targets as role `pod` makes them: one a port of a container, or one a container without ports."""
    names = discovery["namespaces"]["names"]
    wanted = dict(selector["label"].split("=") for selector in discovery.get("selectors", []))
    if set(discovery) - {"role", "namespaces", "selectors"} or discovery["role"] != "pod" or any(set(each) != {"role", "label"} for each in discovery["selectors"]):
        raise SystemExit(f"check: this script does not know {discovery}")
    for pod in pods_there:
        metadata, spec, status = pod["metadata"], pod["spec"], pod["status"]
        if metadata["namespace"] not in names or not wanted.items() <= metadata["labels"].items():
            continue
        of_pod = {"namespace": metadata["namespace"], "pod_name": metadata["name"], "pod_phase": status["phase"], "pod_node_name": "machine"}
        of_pod.update({"pod_label_" + re.sub(r"[^a-zA-Z0-9_]", "_", key): value for key, value in metadata["labels"].items()})
        for container in spec["containers"] + spec.get("initContainers", []):
            for port in container.get("ports") or [{}]:
                address = f"{status['podIP']}:{port['containerPort']}" if port else status["podIP"]
                labels = {**of_pod, "pod_container_name": container["name"], **({"pod_container_port_name": port["name"]} if port else {})}
                yield {"targets": [address], "labels": {"__meta_kubernetes_" + key: value for key, value in labels.items()}}


def promtool(*arguments):
    done = subprocess.run(["promtool", "check", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"check: {done.stdout}{done.stderr}")
    return done.stdout


def targets(file, job):
    """Labels of the targets of a job."""
    return [target["labels"] for target in json.loads(promtool("service-discovery", "--timeout=2s", file, job)) if target.get("labels")]


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "deploy/prometheus/prometheus-kubernetes.yml"
    config, items = yaml.safe_load(path.read_text()), list(rendered())
    there = list(pods(items))
    wrong = []
    owed = {
        pod["metadata"]["name"]: (f"{pod['status']['podIP']}:9090", pod["metadata"]["labels"]["app.kubernetes.io/component"])
        for pod in there
        if pod["status"]["phase"] == "Running"
    }
    if len(owed) != 3 or len(there) < 6:
        wrong.append(f"the pods of the manifests were not found: {owed}")
    read = {item["metadata"]["namespace"] for _, item in items if item["kind"] == "Role" and "pods" in item["rules"][0]["resources"]}
    asked = {name for scrape in config["scrape_configs"] for each in scrape.get("kubernetes_sd_configs", []) for name in each["namespaces"]["names"]}
    for scrape in config["scrape_configs"]:
        scrape.setdefault("static_configs", []).extend(target for each in scrape.pop("kubernetes_sd_configs", []) for target in discovered(each, there))
    config["rule_files"] = [str(path.parent / file) for file in config["rule_files"]]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.dump(config, file)
        file.flush()
        promtool("config", file.name)
        found, probed = targets(file.name, "entrepot"), targets(file.name, "entrepot-ready")
    if {labels.get("pod"): (labels["__address__"], labels.get("component")) for labels in found} != owed or len(found) != len(owed):
        wrong.append(f"targets are {found}, and there are {owed}")
    if any(labels.get("namespace") != "entrepot" or labels.get("instance") != labels.get("pod") for labels in found):
        wrong.append(f"namespace or instance is another one: {found}")
    probes = {labels.get("__param_target") for labels in probed}
    if probes != {f"http://{address}/readyz" for address, _ in owed.values()}:
        wrong.append(f"probes ask {probes}")
    if read != asked:
        wrong.append(f"the service account reads pods of {read}, and the configuration asks for {asked}")
    account = next(item["metadata"] for _, item in items if item["kind"] == "ServiceAccount" and item["metadata"]["name"] == "prometheus")
    let = [rule for _, item in items if item["kind"] == "NetworkPolicy" for rule in item["spec"].get("ingress", []) if any(port["port"] == 9090 for port in rule["ports"])]
    spaces = {each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for rule in let for each in rule["from"]}
    if spaces != {account["namespace"]}:
        wrong.append(f"port 9090 is reached from {spaces}, and Prometheus is in {account['namespace']}")
    for line in wrong:
        print(f"check: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
