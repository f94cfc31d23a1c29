#!/usr/bin/env python3
"""Compares rules, dashboards and docs/SCALING.md with the metrics that exist.

  check_names.py [SCRAPE…]   SCRAPE: what a running /metrics answered, of entrepot, node exporter or blackbox exporter

Every name in an expression has to be declared in crates/platform/src/metrics (or be recorded by a rule), every name that is declared there has to
be in a rule or a dashboard, and every alert's page has to exist in docs/runbooks and to be listed with it in the README there. With scrapes, each name is also looked for in them, and those that were not seen are listed: histograms
appear with the first value. Ends with 1 when a name is declared nowhere.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
METRIC = re.compile(r"\b(?:entrepot|http_server|process|node|probe)_[a-z0-9_]+\b|\bentrepot:[a-z0-9_:]+\b|\bup\b")
OF_EXPORTERS = re.compile(r"^(node|probe)_|^up$")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def expressions():
    for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml")):
        for line in re.sub(r"(?m)^\s*(#|summary:|runbook_url:|- name:).*$", "", path.read_text()).splitlines():
            yield path.name, line
    for path in sorted((ROOT / "deploy/grafana").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield path.name, target["expr"]
    # Signals to move on, between backquotes.
    for name in re.findall(r"`([a-z_]+)(?:\{[^`]*\})?`", (ROOT / "docs/SCALING.md").read_text()):
        yield "SCALING.md", name


def declared():
    names = (ROOT / "crates/platform/src/metrics/names.rs").read_text()
    return set(re.findall(r'pub const [A-Z_]+: &str = "([a-z0-9_]+)";', names))


def unlisted():
    """Alerts that docs/runbooks/README.md does not name in the line of their page, and pages that it does not link."""
    lines = (ROOT / "docs/runbooks/README.md").read_text().splitlines()
    for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml")):
        for alert, page in re.findall(r"- alert: (\w+)\n(?:(?!- alert:)[\s\S])*?runbooks }}/([a-z-]+\.md)", path.read_text()):
            if not any(f"`{alert}`" in line and f"({page})" in line for line in lines):
                yield f"docs/runbooks/README.md: no line has {alert} and {page}"
    for page in sorted((ROOT / "docs/runbooks").glob("*.md")):
        if page.name != "README.md" and not any(f"({page.name})" in line for line in lines):
            yield f"docs/runbooks/README.md: {page.name} is not linked"


def main():
    seen = {re.split(r"[{ ]", line)[0] for path in sys.argv[1:] for line in open(path, encoding="utf-8") if line[0] not in "#\n"}
    recorded = {m for path in (ROOT / "deploy/prometheus/rules").glob("*.yml") for m in re.findall(r"record: (\S+)", path.read_text())}
    known, wrong, unseen, used, shown = declared(), [], set(), set(), set()
    for where, line in expressions():
        # Values of labels are no names of metrics.
        for name in METRIC.findall(re.sub(r'"[^"]*"', '""', line)):
            used.add(name)
            base = name if name in known else SUFFIX.sub("", name)
            # A page that names it shows no value of it.
            if where != "SCALING.md":
                shown.add(base)
            if name.startswith("entrepot:"):
                is_known = name in recorded
            else:
                is_known = base in known or bool(OF_EXPORTERS.match(name))
                if seen and name != "up" and name not in seen:
                    unseen.add(name)
            if not is_known:
                wrong.append(f"{where}: {name} is declared nowhere")
    wrong += [f"{name} is in no rule and no dashboard" for name in sorted(known - shown)]
    wrong += unlisted()
    for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml")):
        for page in re.findall(r"externalLabels\.runbooks }}/([a-z-]+\.md)", path.read_text()):
            if not (ROOT / "docs/runbooks" / page).is_file():
                wrong.append(f"{path.name}: docs/runbooks/{page} is missing")
    print("\n".join(sorted(set(wrong)) or [f"{len(used)} names, all declared"]))
    if seen:
        print(f"not in these scrapes: {', '.join(sorted(unseen)) or 'none'}")
    return 1 if wrong or not used else 0


if __name__ == "__main__":
    sys.exit(main())
