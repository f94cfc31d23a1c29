#!/usr/bin/env python3
"""Compares the Jobs that restore with what they restore. Needs PyYAML and kubectl.

  check-restore.py

The Job of one node writes a new file into the volume of the StatefulSet, from the place to which its node backs up; the claim beside it is that of the
StatefulSet. The Jobs of Postgres read the places of dumps and of revocations, and another database than the one that is served. All have the image of
the release that serves, and no label by which they would get requests. The proof by the clock reads the files that nodes write. Folders and files that docs/restore.md names are there. Ends with 1 when
something is wrong.
"""

import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]


def rendered(overlay):
    text = subprocess.run(["kubectl", "kustomize", str(ROOT / "deploy/kubernetes" / overlay)], check=True, capture_output=True, text=True).stdout
    return [item for item in yaml.safe_load_all(text) if item]


def one(items, kind, name=""):
    return next(item for item in items if item["kind"] == kind and item["metadata"]["name"].startswith(name))


def environment(items, container):
    """Settings of a container: those of its config maps, then its own; of a secret, its name."""
    found = {}
    for source in container.get("envFrom", []):
        found.update(one(items, "ConfigMap", source["configMapRef"]["name"])["data"])
    for each in container.get("env", []):
        found[each["name"]] = each["value"] if "value" in each else each["valueFrom"]["secretKeyRef"]["name"]
    return found


def containers(item):
    spec = item["spec"].get("jobTemplate", item)["spec"]["template"]["spec"]
    return {each["name"]: each for each in spec.get("initContainers", []) + spec["containers"]}


def main():
    wrong = []
    names = ["one-node", "many-nodes", "dumps", "restore-one-node", "restore-dump", "restore-postgres"]
    files = {name: rendered(name) for name in names}
    jobs = {name: one(files[name], "Job") for name in names if name.startswith("restore")}
    nodes, dump = one(files["one-node"], "StatefulSet"), one(files["dumps"], "CronJob", "entrepot-dump")
    revocations, node = one(files["many-nodes"], "CronJob", "entrepot-revocations"), one(files["many-nodes"], "Deployment", "entrepot")
    pairs = [
        ("restore-one-node", "restore", "one-node", containers(nodes)["entrepot"], ["ENTREPOT_BACKUPS", "ENTREPOT_KEYS_FILE", "ENTREPOT_FILES", "AWS_REGION"]),
        ("restore-dump", "restore", "dumps", containers(dump)["entrepot"], ["ENTREPOT_BACKUPS", "ENTREPOT_KEYS_FILE", "ENTREPOT_PG_RESTORE", "ENTREPOT_FILES", "AWS_REGION"]),
        ("restore-postgres", "epoch", "many-nodes", containers(revocations)["entrepot"], ["ENTREPOT_BACKUPS", "ENTREPOT_KEYS_FILE", "ENTREPOT_FILES", "AWS_REGION"]),
    ]
    for name, step, of, served, settings in pairs:
        pod, steps = jobs[name]["spec"]["template"], containers(jobs[name])
        here, there = environment(files[name], steps[step]), environment(files[of], served)
        wrong += [f"{name}: {key} is {here.get(key)}, and {there.get(key)} in {of}" for key in settings if here.get(key) != there.get(key)]
        wrong += [f"{name}: {each['image']}, and {served['image']} in {of}" for each in steps.values() if each["image"] != served["image"]]
        urls = {environment(files[name], each).get("ENTREPOT_DATABASE_URL") for each in steps.values()}
        if len(urls) != 1 or urls & {None, there["ENTREPOT_DATABASE_URL"]}:
            wrong.append(f"{name}: its steps open {urls}, and {there['ENTREPOT_DATABASE_URL']} is served")
        if list(steps)[-1] != "verify" or pod["metadata"]["labels"].get("app.kubernetes.io/component") in (None, "node", "worker", "check"):
            wrong.append(f"{name}: it ends without a proof, or its pod is taken for another")
    if {each["image"] for each in containers(node).values() if each["name"] == "entrepot"} != {containers(jobs["restore-postgres"])["epoch"]["image"]}:
        wrong.append("restore-postgres: its image is not that of the nodes")
    # A proof without the files proves no paper, and says so in a log that nobody reads.
    proof = environment(files["many-nodes"], containers(one(files["many-nodes"], "CronJob", "entrepot-verify"))["entrepot"])
    nodes_settings = environment(files["many-nodes"], containers(node)["entrepot"])
    for key in ("ENTREPOT_FILES", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if proof.get(key) is None or proof.get(key) != nodes_settings.get(key):
            wrong.append(f"many-nodes: entrepot-verify has {proof.get(key)} as {key}, and nodes {nodes_settings.get(key)}")
    claim = nodes["spec"]["volumeClaimTemplates"][0]
    owed = f"{claim['metadata']['name']}-{nodes['metadata']['name']}-0"
    volumes = {each["name"]: each for each in jobs["restore-one-node"]["spec"]["template"]["spec"]["volumes"]}
    ours = yaml.safe_load((ROOT / "deploy/kubernetes/restore-one-node/volume.yaml").read_text())
    if volumes["data"]["persistentVolumeClaim"]["claimName"] != owed or ours["metadata"]["name"] != owed or ours["spec"] != claim["spec"]:
        wrong.append(f"restore-one-node: the claim is not {owed} with {claim['spec']}")
    if ours["metadata"]["namespace"] != nodes["metadata"]["namespace"]:
        wrong.append("restore-one-node/volume.yaml: another namespace")
    page = (ROOT / "docs/restore.md").read_text()
    wrong += [f"docs/restore.md: there is no {path}" for path in re.findall(r"deploy/[\w./-]*\w", page) if not (ROOT / path).exists()]
    wrong += [f"docs/restore.md does not apply {name}" for name in jobs if f"kubectl apply -k deploy/kubernetes/{name}\n" not in page]
    for line in wrong:
        print(f"check: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
