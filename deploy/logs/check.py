#!/usr/bin/env python3
"""Looks through Vector's files where there is no Vector. Needs PyYAML.

  check.py [FOLDER]   FOLDER: instead of the one that this file is in

Every input is there, every end is reached from the source, nothing is dropped (no sampling, no filter, no dropping on errors or when a buffer is
full), everything passes the redaction, and the expressions of `parsed` and `redacted`, tried on the file's own tests, give what these expect.
VRL itself is understood by `vector test` alone. Ends with 1 when something is wrong.
"""

import json
import pathlib
import re
import sys

import yaml

DROPPING = {"filter", "sample", "throttle", "dedupe"}
REGEX = r"r'((?:[^'\\]|\\.)*)'"
# Smallest size of a buffer on disk that Vector takes.
LEAST_BUFFER = 268435488


def regexes(source, function):
    """The patterns that a function of VRL is given, and what stands behind each."""
    return re.findall(function + r"\(\w+, " + REGEX + r'(?:, "([^"]*)")?\)', source)


def graph(config, sinks, wrong):
    parts = {**config["sources"], **config["transforms"]}
    for name, part in {**config["transforms"], **sinks}.items():
        wrong += [f"{name}: its input {each} does not exist" for each in part["inputs"] if each not in parts]
        if part["type"] in DROPPING:
            wrong.append(f"{name}: {part['type']} drops lines")
        if part["type"] == "remap" and (part.get("drop_on_error") is not False or part.get("drop_on_abort") is not False):
            wrong.append(f"{name}: drops lines that it fails on")
    for name, sink in sinks.items():
        buffer = sink.get("buffer", {})
        if buffer.get("type") != "disk" or buffer.get("when_full") != "block" or buffer.get("max_size", 0) < LEAST_BUFFER:
            wrong.append(f"{name}: its buffer has to be on disk, of {LEAST_BUFFER} bytes at least, and to block when full")
        if sink.get("acknowledgements", {}).get("enabled") is not True:
            wrong.append(f"{name}: without acknowledgements a crash loses what was on its way")
        if not reaches(sink["inputs"], "redacted", config["transforms"]) or sink["inputs"] != ["redacted"]:
            wrong.append(f"{name}: what it gets is not redacted")
    for name in config["sources"]:
        if not reaches(["redacted"], name, config["transforms"]):
            wrong.append(f"{name}: nothing of it arrives")


def reaches(inputs, wanted, transforms):
    return any(each == wanted or reaches(transforms.get(each, {}).get("inputs", []), wanted, transforms) for each in inputs)


def parsed_text(raw, line, request):
    """A line of text, by the file's own patterns."""
    found, asked = re.search(line, raw), re.search(request, raw)
    return {"level": "UNKNOWN", "message": raw, **(found.groupdict() if found else {}), **({"request_id": asked["id"]} if asked else {})}


def parsed_json(raw):
    """A line of JSON, as `parsed` reads it; None for any other. VRL writes the members of an object in the order of their names."""
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    fields = line.get("fields", {})
    rest = {name: value for name, value in fields.items() if name != "message"}
    tail = " " + json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if rest else ""
    return {**{name: line.get(name) for name in ("level", "target", "trace_id")}, "request_id": fields.get("request_id"), "message": fields.get("message", raw) + tail}


def tried(config, wrong):
    """The tests of the file by its own patterns, in Python."""
    parsing, redaction = (config["transforms"][name]["source"] for name in ("parsed", "redacted"))
    (line, _), (request, _) = regexes(parsing, "parse_regex")
    replaced = [(pattern, by.replace("\\", "")) for pattern, by in regexes(redaction, "replace")]
    if len(replaced) != redaction.count("replace("):
        wrong.append("redacted: a pattern could not be read")
    for test in config["tests"]:
        raw = test["inputs"][0]["log_fields"]["message"]
        event = parsed_json(raw) or parsed_text(raw, line, request)
        for pattern, by in replaced:
            event["message"] = re.sub(pattern, lambda _, by=by: by, event["message"])
        for condition in test["outputs"][0]["conditions"]:
            for field, escaped, literal in re.findall(r"""assert_eq!\(\.(\w+), (?:"([^"]*)"|s'([^']*)')\)""", condition["source"]):
                expected = literal or escaped.replace("\\n", "\n")
                if event.get(field) != expected:
                    wrong.append(f"{test['name']}: {field} is {event.get(field)!r} instead of {expected!r}")


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent
    config = yaml.safe_load((folder / "vector.yaml").read_text(encoding="utf-8"))
    ends = {name: yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))["sinks"] for name in ("loki", "s3")}
    wrong = []
    for sinks in ends.values():
        graph(config, sinks, wrong)
    tried(config, wrong)
    print("\n".join(sorted(set(wrong))) or f"{len(config['tests'])} lines of logs come out as they should")
    return 1 if wrong or not config["tests"] else 0


if __name__ == "__main__":
    sys.exit(main())
