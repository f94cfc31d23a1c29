#!/usr/bin/env python3
"""Evaluates the task definitions of module service and looks at what comes out.

  check_tasks.py [FOLDER]   FOLDER: instead of modules/service beside this file. Needs terraform or tofu, no provider and no network.

The module's locals and variables are taken without its resources, into a folder of its own, and are applied there, which makes nothing but
outputs. Every container is without root, on a root file system that nobody writes to, and gets no secret by its environment; ports, memory
and the time to stop fit together; and values that must be refused are refused. Ends with 1 when something is wrong.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

DIGEST = "registry.example/entrepot@sha256:" + "0" * 64
GIVEN = {
    "name": "entrepot",
    "kms_key_arn": "arn:key",
    "vpc_id": "vpc-1",
    "vpc_cidr": "10.20.0.0/16",
    "task_subnet_ids": ["a", "b", "c"],
    "balancer_subnet_ids": ["a", "b", "c"],
    "certificate_arn": "arn:certificate",
    "access_logs_bucket": "logs",
    "image": DIGEST,
    "public_url": "https://api.example.com",
    "database": {
        "url": "postgres://entrepot@db:5432/entrepot?sslmode=verify-full&sslrootcert=/etc/entrepot/rds.pem",
        "password_secret_arn": "arn:password",
        "security_group_id": "sg-1",
        "max_connections": 1500,
    },
    "cache_security_group_id": "sg-2",
    "keys_secret_arn": "arn:keys",
    "redis_secret_arn": "arn:redis",
    "files_bucket": "files",
    "backups_bucket": "backups",
    "log_group_names": {key: f"/entrepot/{key}" for key in ("node", "worker", "front", "task", "metrics")},
}
# Each is refused; the words are from its message.
REFUSED = [
    ({"image": "registry.example/entrepot:latest"}, "digest"),
    ({"database": {**GIVEN["database"], "url": "postgres://entrepot:planted@db/entrepot?sslmode=verify-full"}}, "no password"),
    ({"database": {**GIVEN["database"], "url": "postgres://entrepot@db/entrepot?sslmode=require"}}, "verify-full"),
    ({"database": {**GIVEN["database"], "max_connections": 1000}}, "max_connections"),
    ({"registration": "verified"}, "mail_secret_arn"),
    ({"nodes": {"min": 4, "max": 3}}, "fewest"),
    ({"socket_drain_seconds": 61}, "60 seconds"),
    ({"settings": {"PATH": "/tmp"}}, "ENTREPOT_"),
    ({"dump_version": 13}, "14, 15, 16, 17 or 18"),
    ({"public_url": "http://api.example.com"}, "https"),
]


def module(source, folder):
    """Writes the module without its resources: locals, the containers of each task and the preconditions as outputs."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(source.glob("*.tf")))
    parts = re.findall(r"(?ms)^(?:locals|variable \"\w+\") \{.*?^\}", text)
    outputs = re.findall(r'(?ms)^resource "aws_ecs_task_definition" "(\w+)" \{.*?container_definitions = jsonencode\((.*?)\)\n\}', text)
    sizes = re.findall(r'(?ms)^resource "aws_ecs_task_definition" "(\w+)" \{.*?^  memory +=( .*?)\n', text)
    outputs += [(f"memory_{kind}", size) for kind, size in sizes] + [("stop_seconds", "local.stop_seconds")]
    parts += [f'output "{name}" {{\n  value = {value}\n}}' for name, value in outputs]
    for index, (condition, message) in enumerate(re.findall(r'(?s)precondition \{\s+condition += (.*?)\n\s+error_message = (".*?")\n', text)):
        rule = f"precondition {{\n    condition     = {condition}\n    error_message = {message}\n  }}"
        parts.append(f'output "rule_{index}" {{\n  value = true\n  {rule}\n}}')
    whole = "\n\n".join(parts).replace("data.aws_region.this.region", '"eu-central-1"')
    (folder / "main.tf").write_text(whole, encoding="utf-8")
    for path in source.glob("*.tftpl"):
        shutil.copy(path, folder)


def run(terraform, folder, given, *command):
    (folder / "terraform.tfvars.json").write_text(json.dumps(given), encoding="utf-8")
    return subprocess.run([terraform, f"-chdir={folder}", *command], capture_output=True, text=True, check=False)


def look_at(kind, containers, memory, stop_seconds, wrong):
    def demand(holds, text):
        if not holds:
            wrong.append(f"{kind}: {text}")

    by_name = {each["name"]: each for each in containers}
    for name, each in by_name.items():
        environment = {pair["name"]: pair["value"] for pair in each.get("environment", [])}
        demand(each["readonlyRootFilesystem"] is True and each["privileged"] is False, f"{name} may write to its root file system")
        demand(re.fullmatch(r"[1-9]\d*:[1-9]\d*", each.get("user", "")), f"{name} runs as root")
        demand(each["linuxParameters"]["capabilities"]["drop"] == ["ALL"], f"{name} keeps capabilities")
        demand(each["logConfiguration"]["options"]["awslogs-group"], f"{name} has no log")
        demand(len(environment) == len(each.get("environment", [])), f"{name} has a setting twice")
        for key, value in environment.items():
            demand(not re.search(r"://[^/\s@]*:[^/\s@]+@", value), f"{name}: {key} has a password")
            demand(not re.search(r"(?i)(password|token|secret_access)", key), f"{name}: {key} is a secret in the open")
    server = by_name["entrepot"]
    secrets = {pair["name"] for pair in server["secrets"]}
    demand("PGPASSWORD" in secrets, "no password of the database")
    demand(server["stopTimeout"] == stop_seconds <= 120, "the time to stop is not drain + sockets + 30, or above 120 s")
    demand(sum(each.get("memory", 0) for each in containers) <= memory, "containers have more memory than their task")
    demand(server["image"] == DIGEST, "another image")
    demand({"name": "ENTREPOT_FILES", "value": f"s3://{GIVEN['files_bucket']}/files"} in server["environment"], "no files: a proof would read no paper")
    if kind == "task":
        return
    demand("ENTREPOT_REDIS_URL" in secrets, "no Redis")
    demand("/livez" in " ".join(server["healthCheck"]["command"]), "no check of liveness")
    environment = {pair["name"]: pair["value"] for pair in server["environment"]}
    port = environment["ENTREPOT_METRICS_LISTEN"].rsplit(":", 1)[1]
    demand(f"127.0.0.1:{port}" in " ".join(server["healthCheck"]["command"]), "liveness is asked at another port")
    demand(f"127.0.0.1:{port}" in by_name["collector"]["environment"][0]["value"], "the collector asks at another port")
    demand(by_name["collector"]["essential"] is False, "a node ends with its collector")
    if kind == "node":
        front = by_name["front"]
        conf = front["environment"][0]["value"]
        demand(f"server {environment['ENTREPOT_LISTEN']};" in conf, "the front asks another port than the node listens at")
        demand(f"listen {front['portMappings'][0]['containerPort']};" in conf, "the front listens at another port")
        demand("${" not in conf, "the front's configuration has a hole")
        demand(environment["ENTREPOT_PROXIES"] == "127.0.0.1", "the node does not believe the front")
        demand(server["dependsOn"] == [{"containerName": "front", "condition": "START"}], "the front does not outlive the node")
        stop = int(environment["ENTREPOT_DRAIN_SECONDS"]) + int(environment["ENTREPOT_SOCKET_DRAIN_SECONDS"]) + 30
        demand(server["stopTimeout"] >= stop, "a node is killed before it has sent its sockets away")


def main():
    terraform = shutil.which("terraform") or shutil.which("tofu")
    if terraform is None:
        print("terraform or tofu is needed")
        return 1
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent / "modules/service"
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        module(source, folder)
        for command in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false", "-no-color"]):
            done = run(terraform, folder, GIVEN, *command)
            if done.returncode:
                print(done.stdout[-2000:] + done.stderr[-2000:])
                return 1
        outputs = {key: each["value"] for key, each in json.loads(run(terraform, folder, GIVEN, "output", "-json").stdout).items()}
        kinds = [kind for kind in ("node", "worker", "task") if kind in outputs]
        for kind in kinds:
            look_at(kind, outputs[kind], outputs[f"memory_{kind}"], outputs["stop_seconds"], wrong)
        for change, words in REFUSED:
            done = run(terraform, folder, {**GIVEN, **change}, "plan", "-input=false", "-no-color")
            if not done.returncode or words not in re.sub(r"\s+", " ", done.stderr):
                wrong.append(f"{change} is not refused, or for another reason")
    print("\n".join(wrong) or f"{len(kinds)} task definitions hold, {len(REFUSED)} wrong values are refused")
    return 1 if wrong or len(kinds) != 3 else 0


if __name__ == "__main__":
    sys.exit(main())
