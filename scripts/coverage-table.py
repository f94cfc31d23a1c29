#!/usr/bin/env python3
"""Sums lcov.info by crate: summary.md, a table of Markdown, and badge.json, as shields.io's endpoint reads it, beside it.

  coverage-table.py LCOV.INFO LEAST    LEAST: the hundredths of the lines that are wanted; fewer are red in the badge
  coverage-table.py --check            tries itself
"""

import collections
import json
import pathlib
import sys
import tempfile


def crate(path, root):
    parts = pathlib.PurePath(path)
    parts = (parts.relative_to(root) if parts.is_relative_to(root) else parts).parts
    return "/".join(parts[:2]) if parts[0] == "crates" else parts[0] if len(parts) > 1 and parts[0] != "src" else "entrepot"


def counted(text, root):
    """Lines that count, and lines that were reached, by crate."""
    sums, name = collections.defaultdict(lambda: [0, 0]), None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            name = crate(value, root)
        elif key in ("LF", "LH"):
            sums[name][key == "LH"] += int(value)
    return {name: (lines, reached) for name, (lines, reached) in sums.items() if lines}


def share(lines, reached):
    # Down, never up to a limit that was missed.
    return f"{reached * 1000 // lines / 10:.1f}"


def write(lcov, least, root):
    lcov = pathlib.Path(lcov)
    sums = counted(lcov.read_text(encoding="utf-8"), root)
    if not sums:
        sys.exit(f"coverage-table: {lcov} has no lines")
    total = [sum(column) for column in zip(*sums.values())]
    # Lines that no test reaches, the most first: where a test is worth most.
    rows = sorted(sums.items(), key=lambda row: (row[1][1] - row[1][0], row[0]))
    table = [f"### {share(*total)} % of the lines are reached, {least} % are wanted", "", "| crate | lines | not reached | % |", "|---|---|---|---|"]
    table += [f"| {name} | {lines} | {lines - reached} | {share(lines, reached)} |" for name, (lines, reached) in [*rows, ("all", total)]]
    (lcov.parent / "summary.md").write_text("\n".join(table) + "\n", encoding="utf-8")
    enough = total[1] * 100 >= float(least) * total[0]
    badge = {"schemaVersion": 1, "label": "lines reached", "message": f"{share(*total)} %", "color": "brightgreen" if enough else "red"}
    (lcov.parent / "badge.json").write_text(json.dumps(badge) + "\n", encoding="utf-8")


def check():
    text = "".join(f"SF:{path}\nDA:1,0\nLF:{lines}\nLH:{reached}\nend_of_record\n" for path, lines, reached in [
        ("/w/crates/api/src/a.rs", 1000, 900), ("/w/crates/api/src/b.rs", 1000, 799), ("/w/crates/iam/src/a.rs", 500, 430), ("/w/src/main.rs", 10, 1), ("/w/entity/src/a.rs", 1, 0)])
    with tempfile.TemporaryDirectory() as folder:
        lcov = pathlib.Path(folder) / "lcov.info"
        lcov.write_text(text)
        write(lcov, "85", "/w")
        lines = (lcov.parent / "summary.md").read_text().splitlines()
        assert lines[0] == "### 84.8 % of the lines are reached, 85 % are wanted", lines
        assert lines[4:] == ["| crates/api | 2000 | 301 | 84.9 |", "| crates/iam | 500 | 70 | 86.0 |", "| entrepot | 10 | 9 | 10.0 |", "| entity | 1 | 1 | 0.0 |", "| all | 2511 | 381 | 84.8 |"], lines
        assert json.loads((lcov.parent / "badge.json").read_text())["color"] == "red"
        write(lcov, "84.5", "/w")
        assert json.loads((lcov.parent / "badge.json").read_text())["color"] == "brightgreen"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    elif len(sys.argv) == 3:
        write(sys.argv[1], sys.argv[2], pathlib.Path(__file__).resolve().parent.parent)
    else:
        sys.exit(__doc__)
