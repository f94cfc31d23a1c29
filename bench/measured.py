#!/usr/bin/env python3
"""Figures beside what is to be reached. A library of the scripts here, and two commands for those in bash:

  measured.py row   --out FILE --on sqlite|postgres WHAT FIGURE UNIT [REACH] [--least] [--note TEXT]
  measured.py cost  --out FILE --on sqlite|postgres WHAT BASE OTHER REACH    BASE and OTHER: files with a rate a line, round by round
  measured.py table FILE                                                     Markdown; ends with 1 when something is missed

A cost is the median over the rounds of 1 - OTHER / BASE, in percent. FILE has a line of JSON for each figure.
"""

import argparse
import http.client
import json
import statistics
import sys
import time


def share(values, part):
    """The value that so large a part of the values does not exceed."""
    values = sorted(values)
    return values[min(len(values) - 1, -(-len(values) * int(part * 1000) // 1000) - 1)]


class Figures:
    def __init__(self, file, on):
        self.file, self.on = file, on

    def add(self, what, figure, unit, reach=None, most=True, note=""):
        line = {"on": self.on, "what": what, "figure": figure, "unit": unit, "reach": reach, "most": most, "note": note}
        with open(self.file, "a") as f:
            f.write(json.dumps(line) + "\n")
        print(f"  {self.on}: {what}: {written(line)}, {owed(line)} {note}", file=sys.stderr, flush=True)


def written(line):
    figure = line["figure"]
    if isinstance(figure, str):
        return figure
    return f"{figure:,.{0 if abs(figure) >= 1000 else 1 if abs(figure) >= 10 else 2}f} {line['unit']}".strip()


def is_missed(line):
    reach, figure = line["reach"], line["figure"]
    if reach is None:
        return False
    return isinstance(figure, str) or (figure > reach if line["most"] else figure < reach)


def owed(line):
    if line["reach"] is None:
        return "–"
    return f"{'≤' if line['most'] else '≥'} {line['reach']:,g} {line['unit']}"


def table(file):
    with open(file) as f:
        lines = [json.loads(line) for line in f if line.strip()]
    print("| database | measured | figure | reach | | note |\n|---|---|---|---|---|---|")
    for line in lines:
        verdict = "" if line["reach"] is None else "**missed**" if is_missed(line) else "reached"
        note = line["note"].replace("|", "\\|")
        print(f"| {line['on']} | {line['what']} | {written(line)} | {owed(line)} | {verdict} | {note} |")
    return sum(is_missed(line) for line in lines)


def rates(file):
    with open(file) as f:
        return [float(line) for line in f if line.strip()]


def cost(figures, what, base, other, reach):
    base, other = rates(base), rates(other)
    lost = [100 * (1 - b / a) for a, b in zip(base, other)]
    note = f"{statistics.median(base):,.0f}/s without, {statistics.median(other):,.0f}/s with; {len(lost)} rounds from {min(lost):.1f} to {max(lost):.1f} %"
    figures.add(what, statistics.median(lost), "%", reach, note=note)


class Failed(Exception):
    pass


class Asker:
    """Queries one after another on one connection, each timed by itself; an error or an empty answer is never a figure."""

    def __init__(self, api, timeout=120):
        self.api, self.timeout, self.connection = api, timeout, None

    def timed(self, query, **variables):
        """Seconds until the whole answer is here, and its data."""
        if self.api.account["until"] < time.time() + 60:
            self.api.renew(self.api.account["token"])
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.api.host, self.api.port, timeout=self.timeout)
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"content-type": "application/json", "accept": "application/json", "authorization": "Bearer " + self.api.account["token"]}
        began = time.perf_counter()
        try:
            self.connection.request("POST", self.api.path, body, headers)
            raw = self.connection.getresponse().read()
        except (http.client.HTTPException, OSError) as e:
            self.connection.close()
            self.connection = None
            raise Failed(f"no answer: {e}") from e
        took = time.perf_counter() - began
        answer = json.loads(raw)
        if answer.get("errors"):
            error = answer["errors"][0]
            raise Failed(f"{(error.get('extensions') or {}).get('code', '?')}: {error.get('message', '')[:200]}")
        return took, answer["data"]

    def change(self, name, argument, selection):
        """Seconds of a mutation of one `input`, and its payload."""
        query = f"mutation($input: {self.api.input_type(name)}) {{ {name}(input: $input) {{ {selection} userErrors {{ code message field }} }} }}"
        took, data = self.timed(query, input=argument)
        if data[name]["userErrors"]:
            raise Failed(f"{name}: {json.dumps(data[name]['userErrors'][:2])}")
        return took, data[name]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = p.add_subparsers(dest="command", required=True)
    for name in ("row", "cost"):
        c = commands.add_parser(name)
        c.add_argument("--out", required=True)
        c.add_argument("--on", required=True)
        c.add_argument("what")
        if name == "row":
            c.add_argument("figure")
            c.add_argument("unit")
            c.add_argument("reach", nargs="?", type=float)
            c.add_argument("--least", action="store_true")
            c.add_argument("--note", default="")
        else:
            c.add_argument("base")
            c.add_argument("other")
            c.add_argument("reach", type=float)
    commands.add_parser("table").add_argument("file")
    o = p.parse_args()
    if o.command == "table":
        sys.exit(1 if table(o.file) else 0)
    figures = Figures(o.out, o.on)
    if o.command == "cost":
        cost(figures, o.what, o.base, o.other, o.reach)
        return
    try:
        figure = float(o.figure)
    except ValueError:
        figure = o.figure
    figures.add(o.what, figure, o.unit, o.reach, not o.least, o.note)


if __name__ == "__main__":
    main()
