#!/usr/bin/env python3
"""Looks through the collector's file where there is no collector. Needs PyYAML.

  check.py [FILE]   FILE: instead of collector.yaml beside this file

Parts of the pipeline are there and each is used, memory is limited first and batches come last, policies have the keys that the processor knows, errors,
slow traces and some of the others are passed on, and the file agrees with the nodes: what they call slow, how long an operation takes at most, and the
attribute of spans that they send though their trace is not recorded. `otelcol-contrib validate` understands all keys. Ends with 1 when something is wrong.
"""

import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent.parent
TRACES = SOURCES / "crates/platform/src/traces"
# Of the processor's policies those that are used here: what each has to be told, and of which type.
POLICIES = {
    "status_code": {"status_codes": list},
    "latency": {"threshold_ms": int},
    "string_attribute": {"key": str, "values": list},
    "probabilistic": {"sampling_percentage": (int, float)},
}
TAIL = {"decision_wait", "num_traces", "expected_new_traces_per_sec", "decision_cache", "policies"}


def pipeline(config, wrong):
    traces = config["service"]["pipelines"]["traces"]
    for part in ("receivers", "processors", "exporters"):
        wrong += [f"{part}: {each} is not there" for each in traces[part] if each not in config[part]]
        wrong += [f"{part}: {each} is used by nothing" for each in config[part] if each not in traces[part]]
    if traces["processors"] != ["memory_limiter", "tail_sampling", "batch"]:
        wrong.append(f"processors: {traces['processors']} are not in the order in which they protect memory, decide and send")
    if config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].startswith("0.0.0.0"):
        wrong.append("receivers: it listens for everybody")


def policies(tail, wrong):
    wrong += [f"tail_sampling: {key} is not known" for key in tail if key not in TAIL]
    found = {}
    for policy in tail["policies"]:
        name, kind = policy.get("name"), policy.get("type")
        if kind not in POLICIES or set(policy) != {"name", "type", kind}:
            wrong.append(f"policy {name}: it has name, type and what its type has, not {sorted(policy)}")
            continue
        wanted, given = POLICIES[kind], policy[kind]
        if set(given) != set(wanted) or not all(isinstance(given[key], wanted[key]) for key in wanted):
            wrong.append(f"policy {name}: {given} is not what {kind} takes")
        if kind in found:
            wrong.append(f"policy {name}: there is another of its type")
        found[kind] = given
    wrong += [f"tail_sampling: there is no policy {kind}" for kind in POLICIES if kind not in found]
    return found


def one(path, pattern):
    """What stands in a file of the sources; an error where it does not."""
    found = re.search(pattern, (SOURCES / path).read_text(encoding="utf-8"))
    if found is None:
        sys.exit(f"check: {path} has nothing like {pattern}")
    return found[1]


def texts(path):
    """Literals of a file of the sources, but for its comments and tests."""
    code = path.read_text(encoding="utf-8").split("#[cfg(test)]")[0]
    return set(re.findall(r'"([^"\n]*)"', re.sub(r"(?m)^\s*//.*$", "", code)))


def nodes(tail, found, wrong):
    """What the nodes do by themselves."""
    slow = int(one("src/config/traces.rs", r'"ENTREPOT_SLOW_MILLISECONDS", default_value_t = ([0-9_]+)').replace("_", ""))
    if found["latency"]["threshold_ms"] != slow:
        wrong.append(f"policy of latency: nodes call slow what takes {slow} ms")
    said = texts(TRACES / "tail_sampling.rs")
    if not said or set(found["string_attribute"]["values"]) != said:
        wrong.append(f"policy of the attribute: nodes say {sorted(said)}")
    if not any(found["string_attribute"]["key"] in texts(path) for path in TRACES.rglob("*.rs")):
        wrong.append("policy of the attribute: nodes have no such attribute")
    wait, longest = tail["decision_wait"], int(one("crates/graphql/src/limits.rs", r"request_time: Duration::from_secs\(([0-9]+)\)"))
    if not re.fullmatch(r"[0-9]+s", wait) or int(wait[:-1]) <= longest:
        wrong.append(f"decision_wait: {wait} has to be longer than an operation takes, {longest} s")
    elif tail["num_traces"] < int(wait[:-1]) * tail["expected_new_traces_per_sec"]:
        wrong.append("num_traces: fewer than begin while one is waited for, so that some are decided before their end")
    if any(size < 10 * tail["num_traces"] for size in tail["decision_cache"].values()):
        wrong.append("decision_cache: it has to remember ten times as many traces as are waited for")


def main():
    file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "collector.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    wrong, tail = [], config["processors"]["tail_sampling"]
    pipeline(config, wrong)
    found = policies(tail, wrong)
    if not wrong:
        nodes(tail, found, wrong)
    print("\n".join(wrong) or f"{len(tail['policies'])} policies are as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
