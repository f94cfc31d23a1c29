#!/usr/bin/env python3
"""Checks the files of Terraform without a provider: what `terraform validate` would need a download for, and what it does not know.

  check.py [FOLDER]   FOLDER: instead of the one that this file is in. Needs python-hcl2.

Every file parses. Every var, local, module, resource and data that is named exists; every local and variable is used; a module is given what it
has no default for and nothing that it does not know. Variables have a type and a description, numbers a range. Nothing looks like a
credential. Every ENTREPOT_… and every command is one of src/config, every metric is declared, every text that a log is searched for is printed, every page of a runbook is there. Stores are
encrypted, backed up and not public. Ends with 1 when something is wrong.
"""

import pathlib
import re
import sys

import hcl2

ROOT = pathlib.Path(__file__).resolve().parents[2]
CREDENTIAL = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN|://[^/\s\"$:]*:(?!PASSWORD)[^@/\s\"$]+@"
    r"|(?i:\b(?:password|secret_string|auth_token|secret_key|token)\s*=\s*\"[^\"$]+\")"
)
# Each kind of resource has to say this: attribute and value, or None for any.
MUSTS = {
    "aws_db_instance": {
        "storage_encrypted": True,
        "publicly_accessible": False,
        "backup_retention_period": None,
        "deletion_protection": None,
        "kms_key_id": None,
        "skip_final_snapshot": False,
    },
    "aws_elasticache_replication_group": {
        "at_rest_encryption_enabled": True,
        "transit_encryption_enabled": True,
        "transit_encryption_mode": "required",
        "auth_token": None,
    },
    "aws_s3_bucket_public_access_block": {
        "for_each": "${aws_s3_bucket.this}",
        "block_public_acls": True,
        "block_public_policy": True,
        "ignore_public_acls": True,
        "restrict_public_buckets": True,
    },
    "aws_s3_bucket_versioning": {"for_each": "${aws_s3_bucket.this}"},
    "aws_s3_bucket_server_side_encryption_configuration": {"for_each": "${aws_s3_bucket.this}"},
    "aws_s3_bucket_policy": {"for_each": "${aws_s3_bucket.this}"},
    "aws_sns_topic": {"kms_master_key_id": None},
    "aws_secretsmanager_secret": {"kms_key_id": None},
}
# A module's text has to have this.
TEXTS = {"database": ['"rds.force_ssl"                         = { value = "1"', "password_wo "], "storage": ["aws:SecureTransport"]}


def bare(text):
    """A value without the quotes that python-hcl2 8 leaves around it."""
    return text[1:-1] if isinstance(text, str) and len(text) > 1 and text[0] == text[-1] == '"' else text


def of(document, kind):
    """The blocks of a kind as (labels, body)."""
    for block in document.get(kind, []):
        labels = []
        while len(block) == 1 and isinstance(next(iter(block.values())), dict) and len(labels) < DEPTH[kind]:
            label, block = next(iter(block.items()))
            labels.append(bare(label))
        yield tuple(labels), block


DEPTH = {"variable": 1, "output": 1, "module": 1, "locals": 0, "resource": 2, "data": 2, "ephemeral": 2}


class Module:
    """The blocks of one folder, and the text of its expressions."""

    def __init__(self, folder):
        self.folder, self.wrong = folder, []
        self.blocks = {kind: {} for kind in DEPTH}
        texts = []
        for path in sorted(folder.glob("*.tf")):
            text = path.read_text(encoding="utf-8")
            try:
                document = hcl2.loads(text)
            except Exception as error:  # the parser's errors have no common base
                self.wrong.append(f"{path.name}: {str(error).splitlines()[0]}")
                continue
            for kind in DEPTH:
                for labels, body in of(document, kind):
                    if kind == "locals":
                        self.blocks[kind].update({bare(key): value for key, value in body.items() if not key.startswith("__")})
                    else:
                        self.blocks[kind][labels] = body
            texts.append(text)
        self.text = "\n".join(texts)
        prose = r'(?m)^\s*#.*$|^\s*(?:description|error_message)\s*=\s*".*$'
        self.expressions = re.sub(prose, "", self.text)

    def named(self, pattern):
        return set(re.findall(pattern, self.expressions))

    def outputs(self):
        return {labels[0] for labels in self.blocks["output"]}

    def check_references(self, modules):
        variables, local, calls = ({key[0] if isinstance(key, tuple) else key for key in self.blocks[kind]} for kind in ("variable", "locals", "module"))
        for kind, pattern, known in (
            ("var", r"(?<![\w.])var\.(\w+)", variables),
            ("local", r"(?<![\w.])local\.(\w+)", local),
        ):
            used = self.named(pattern)
            self.wrong += [f"{kind}.{name} does not exist" for name in sorted(used - known)]
            self.wrong += [f"{kind}.{name} is not used" for name in sorted(known - used)]
        for call, output in sorted(self.named(r"(?<![\w.])module\.(\w+)\.(\w+)")):
            target = self.target(call, modules) if call in calls else None
            if target is None:
                self.wrong.append(f"module.{call} does not exist")
            elif output not in target.outputs():
                self.wrong.append(f"module.{call}.{output} is no output")
        for kind, pattern in (
            ("data", r"(?<![\w.])data\.(\w+)\.(\w+)"),
            ("ephemeral", r"(?<![\w.])ephemeral\.(\w+)\.(\w+)"),
            ("resource", r"(?<![\w.\"/-])((?:aws|random)_\w+)\.(\w+)"),
        ):
            for name in sorted(self.named(pattern) - set(self.blocks[kind])):
                self.wrong.append(f"{kind} {'.'.join(name)} does not exist")

    def target(self, call, modules):
        source = bare(self.blocks["module"][(call,)].get("source", ""))
        return modules.get((self.folder / source).resolve())

    def check_calls(self, modules):
        for (call,), body in self.blocks["module"].items():
            target = self.target(call, modules)
            if target is None:
                self.wrong.append(f"module {call}: its source is not there")
                continue
            given = {key for key in body if not key.startswith("__")} - {"source", "providers", "count", "for_each", "depends_on"}
            known = {labels[0]: block for labels, block in target.blocks["variable"].items()}
            owed = {name for name, block in known.items() if "default" not in block}
            self.wrong += [f"module {call}: {name} is not a variable of it" for name in sorted(given - set(known))]
            self.wrong += [f"module {call}: {name} is not given" for name in sorted(owed - given)]

    def check_papers(self):
        for kind in ("variable", "output"):
            for (name,), body in self.blocks[kind].items():
                if len(bare(body.get("description", ""))) < 10:
                    self.wrong.append(f"{kind} {name} has no description")
        for (name,), body in self.blocks["variable"].items():
            if "type" not in body:
                self.wrong.append(f"variable {name} has no type")
            if bare(str(body.get("type"))).strip("${}") == "number" and not body.get("validation"):
                self.wrong.append(f"variable {name} is a number without a range")

    def check_stores(self):
        for (kind, name), body in self.blocks["resource"].items():
            for key, value in MUSTS.get(kind, {}).items():
                has = bare(body.get(key))
                if has is None or (value is not None and str(has).lower() != str(value).lower()):
                    self.wrong.append(f"{kind}.{name}: {key} has to be {'said' if value is None else value}, and is {has}")
        if "aws_s3_bucket" in {kind for kind, _ in self.blocks["resource"]}:
            for kind in MUSTS:
                if kind.startswith("aws_s3_bucket_") and (kind, "this") not in self.blocks["resource"]:
                    self.wrong.append(f"{kind}.this is missing")
        self.wrong += [f"{text.strip()} is missing" for text in TEXTS.get(self.folder.name, []) if text not in self.text]
        if re.search(r'actions\s*=\s*\["\*"', self.text):
            self.wrong.append("a policy allows every action")

    def check_ours(self, ours):
        for name in sorted(set(re.findall(r"\bENTREPOT_[A-Z_]+\b", self.text)) - ours["settings"]):
            self.wrong.append(f"{name} is no setting of the server")
        for name in sorted(set(re.findall(r"\bentrepot_[a-z_]+\b", self.expressions)) - ours["metrics"]):
            self.wrong.append(f"{name} is no metric of the server")
        for command in re.findall(r'(?<!initProcess)(?:command|node|worker|task)\s*=\s*\["([a-z]+)"[\],]', self.expressions):
            if command not in ours["commands"] | {"sh"}:
                self.wrong.append(f"entrepot {command} is no command")
        for page in sorted(set(re.findall(r"docs/(?:runbooks|decisions)/[\w.-]+\.md|docs/[A-Z]+\.md", self.text))):
            if not (ROOT / page).is_file():
                self.wrong.append(f"{page} is missing")
        for text in re.findall(r'= "\\"([^"\\]+)\\""', self.text):
            if text not in ours["texts"]:
                self.wrong.append(f"no command prints: {text}")
        for path in re.findall(r'open_paths\s*=\s*\[(.*?)\]', self.text):
            for each in re.findall(r'"([^"]+)"', path):
                if not any(route.startswith(each) for route in ours["routes"]):
                    self.wrong.append(f"no route of the server begins with {each}")
        if found := CREDENTIAL.search(self.text):
            before = self.text[: found.start()].count("\n")
            self.wrong.append(f"something looks like a credential, before: {self.text.splitlines()[before - 1].strip()}")


def server():
    """Settings, commands, metrics and routes of the server, as its source says."""
    config = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "src/config.rs", *(ROOT / "src/config").glob("*.rs")])
    names = (ROOT / "crates/platform/src/metrics/names.rs").read_text(encoding="utf-8")
    routes = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "crates/server/src").rglob("*.rs"))
    commands = re.search(r"pub enum Command \{(.*?)\n\}", config, re.S).group(1)
    return {
        "settings": set(re.findall(r'env = "(ENTREPOT_[A-Z_]+)"', config)),
        "commands": {re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower() for name in re.findall(r"(?m)^    ([A-Z]\w+)", commands)},
        "metrics": set(re.findall(r'pub const [A-Z_]+: &str = "([a-z0-9_]+)";', names)),
        "texts": "\n".join(path.read_text(encoding="utf-8") for folder in ("src", "crates") for path in (ROOT / folder).rglob("*.rs")),
        "routes": set(re.findall(r'route\(\s*"([^"]+)"', routes)),
    }


def main():
    if hcl2.loads("a = 1\n").get("a") != 1:
        print("this hcl2 is checkov's own: install python-hcl2 into an environment without checkov")
        return 1
    top = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent
    modules = {folder: Module(folder) for folder in sorted({path.parent for path in top.rglob("*.tf") if ".terraform" not in path.parts})}
    ours, wrong = server(), []
    for folder, module in modules.items():
        module.check_references(modules)
        module.check_calls(modules)
        module.check_papers()
        module.check_stores()
        module.check_ours(ours)
        wrong += [f"{folder.relative_to(top)}: {each}" for each in module.wrong]
    variables = sum(len(module.blocks["variable"]) for module in modules.values())
    print("\n".join(wrong) or f"{len(modules)} modules, {variables} variables: every name resolves")
    return 1 if wrong or not variables else 0


if __name__ == "__main__":
    sys.exit(main())
