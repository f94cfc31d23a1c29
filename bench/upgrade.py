#!/usr/bin/env python3
"""The load of bench/upgrade.sh: writers, readers and subscribers behind one address, while the nodes behind it are exchanged.

  upgrade.py --front PORT --marks FILE --ready FILE --psql PROGRAM --database URL --binary PROGRAM --seconds N --out FILE --figures FILE

Writers are those of bench/faults.py: each sends an operation again with the same idempotency key until it is answered, and
each attempt that was not answered well is a failed request. A kept connection that the other side had closed before it took
the request is opened again, as any client does, and counted apart. Subscribers hold server-sent events of `stockChanged` and
come back with their cursor; each version of each level has to come. Appends one line of JSON to the file of --out and the rows
of a table to that of --figures, and ends with 1 where a request failed, a write was lost or done twice, a stream has a gap, or
`entrepot verify` finds something.
"""

import argparse
import http.client
import json
import subprocess
import sys
import time

from faults import Client, Load, Probe, check, part, repeat
from measured import Figures
from watcher import Follower

READERS = 4
WATCH = (
    "subscription { stockChanged { phase cursor reset"
    " changes { seq level { version onHand reserved product { id } store { id } } entries { versionAfter } } } }"
)
# What bench/growth.sql has made: entries of tenants that there are not. `verify` reads all there are.
FORGET = "SET session_replication_role = replica; " + " ".join(
    f"DELETE FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM tenant o WHERE o.id = t.tenant_id);" for table in ("entry", "movement")
)
LEVELS = "query($id: ID!) { done: product(by: { id: $id }) { stock { onHand reserved store { id } } } }"


class Kept:
    """Requests on a kept connection to the front. Whatever is no GraphQL is a failure, and what it was is noted."""

    reopened = 0

    def request(self, body, headers):
        is_reused = self.connection is not None
        try:
            return self.once(body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # The front ends idle connections where it is reloaded; the key makes it safe to send the request again.
            if not is_reused:
                raise
            self.reopened += 1
            self.connection.close()
            self.connection = None
            return self.once(body, headers)

    def once(self, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.load.nodes[self.node], timeout=15)
        self.connection.request("POST", "/graphql", body, headers)
        answer = self.connection.getresponse()
        raw = answer.read()
        if not raw.startswith(b"{"):
            self.load.said.add(f"HTTP {answer.status}")
            raise http.client.HTTPException(f"HTTP {answer.status}")
        return raw


class Writer(Kept, Client):
    pass


class Reader(Kept, Client):
    """Asks for the levels of one product after the other."""

    def operation(self, step):
        return {"key": f"read-{self.number}-{step}", "query": LEVELS, "id": self.tenant.products[step % len(self.tenant.products)]}

    def finish(self, operation):
        """Once: a read that failed is not sent again."""
        operation["began"] = time.time()
        self.attempt(operation)
        operation["ended"] = time.time()
        self.done.append(operation)
        return True

    def post(self, operation):
        body = json.dumps({"query": LEVELS, "variables": {"id": operation["id"]}})
        headers = {"content-type": "application/json", "accept": "application/json", "authorization": "Bearer " + self.token}
        try:
            answer = json.loads(self.request(body, headers))
        except TimeoutError:
            return self.leave("no answer")
        except (OSError, http.client.HTTPException):
            return self.leave("no connection")
        if answer.get("errors"):
            return (answer["errors"][0].get("extensions") or {}).get("code", "?"), None, 0
        if not answer["data"]["done"]["stock"]:
            self.load.wrong.append(f"{operation['key']}: no levels")
        return "OK", None, 0


class Subscriber(Follower):
    """Follows all levels of one company, version by version."""

    watch = WATCH

    def __init__(self, number, load):
        super().__init__(load.nodes[0], load.tenants[number])
        self.number, self.load = number, load
        self.levels, self.seqs, self.gaps, self.resets = {}, set(), [], []
        self.heard, self.silent = 0.0, 0.0

    def fail(self, fault):
        self.load.wrong.append(f"subscriber {self.number}: {fault!r}")

    def take(self, answer):
        if answer.get("errors"):
            raise RuntimeError(json.dumps(answer["errors"])[:300])
        item = answer["data"]["stockChanged"]
        if item["phase"] == "RESET":
            self.resets.append(item["reset"])
            self.cursor, self.levels = None, {}
            return True
        now = time.time()
        if item["phase"] == "LIVE":
            if self.heard:
                self.silent = max(self.silent, now - self.heard)
            self.heard = now
        for change in item["changes"]:
            self.change(change, item["phase"] == "LIVE")
        if item["phase"] != "SNAPSHOT":
            self.cursor = item["cursor"]
        if item["phase"] == "READY":
            self.is_ready.set()
        return True

    def change(self, change, is_live):
        level = change["level"]
        place, version = (level["product"]["id"], level["store"]["id"]), level["version"]
        if is_live:
            self.seqs.add(change["seq"])
        known = self.levels.get(place)
        if known:
            if version <= known[0]:
                return
            if is_live and version != known[0] + len(change["entries"]):
                self.gaps.append(f"{place}: version {known[0]}, then {version} with {len(change['entries'])} entries, seq {change['seq']}")
        self.levels[place] = version, (level["onHand"], level["reserved"])

    def settle(self, within):
        """Waits until it has what the database has. What is wrong then, the first twenty."""
        owed, until = self.tenant.levels(), time.time() + within
        while True:
            held = dict(self.levels)
            wrong = [f"{place}: {held.get(place)}, owed {level}" for place, level in owed.items() if place not in held or held[place][1] != level]
            if not wrong or time.time() > until:
                return wrong[:20]
            time.sleep(0.2)


def longest(moments, began, ended):
    """The longest time without any of these moments."""
    points = [began, *sorted(moments), ended]
    return max(b - a for a, b in zip(points, points[1:]))


def summary(clients):
    """Attempts that were not answered well, by their code, and how long the others took."""
    attempts = [attempt for client in clients for attempt in client.attempts]
    failed, took = {}, []
    for began, ended, code, _ in attempts:
        if code == "OK":
            took.append(ended - began)
        else:
            failed[code] = failed.get(code, 0) + 1
    took.sort()
    return {"requests": len(attempts), "failed": failed, "p50_ms": part(took, 0.5), "p99_ms": part(took, 0.99), "slowest_ms": part(took, 1),
            "reopened": sum(client.reopened for client in clients)}  # fmt: skip


def pauses(writers, marks, began, ended):
    """The longest time in which no write was answered: in all, and from each mark to the next."""
    good = sorted(attempt[1] for client in writers for attempt in client.attempts if attempt[2] == "OK")
    found = {"all": round(longest(good, began, ended), 2)}
    steps = [(word, moment) for word, moment in marks if began <= moment <= ended]
    for (word, since), until in zip(steps, [moment for _, moment in steps[1:]] + [ended]):
        found[word] = round(longest([moment for moment in good if since <= moment <= until], since, until), 2)
    return found


def load_command(options):
    options.name, options.nodes, options.webhooks, options.pause, options.settle = "upgrade", [options.front], [], 0.02, 30
    load = Load(options)
    load.said = set()
    subscribers = [Subscriber(number, load) for number in range(len(load.tenants))]
    for subscriber in subscribers:
        subscriber.start()
    for subscriber in subscribers:
        if not subscriber.is_ready.wait(30):
            sys.exit("upgrade: a stream does not begin")
    began = time.time()
    load.until = began + options.seconds
    writers = [Writer(number, load) for number in range(8)]
    readers = [Reader(number, load) for number in range(READERS)]
    probe = Probe(options.front)
    with open(options.ready, "w"):
        pass
    for thread in [probe, *writers, *readers]:
        thread.start()
    for thread in [*writers, *readers]:
        thread.join()
    ended = time.time()
    probe.is_over = True
    probe.join()
    with open(options.marks) as f:
        marks = [(word, float(moment)) for word, moment in (line.split() for line in f)]
    line = {"writes": summary(writers), "reads": summary(readers), "unready_s": round(probe.unready(), 1), "said": sorted(load.said),
            "marks": {word: round(moment - began, 1) for word, moment in marks}, "pauses_s": pauses(writers, marks, began, min(ended, load.until))}  # fmt: skip

    def ask_database(sql):
        answer = subprocess.run([options.psql, "-XAtq", options.database, "-c", sql], capture_output=True, text=True, timeout=60, check=True)
        return answer.stdout.splitlines()

    try:
        # Keys that the older version has written are looked up by the newer one.
        line["repeats_wrong"] = repeat(load, writers, [moment for _, moment in marks] or [began])
        line.update(check(load, writers, ask_database))
        line["streams"] = [
            {"opened": one.opened, "events": len(one.seqs), "gaps": one.gaps[:20], "resets": one.resets, "wrong": one.settle(30), "silent_s": round(one.silent, 2)}
            for one in subscribers
        ]
    except BaseException as fault:  # noqa: BLE001 - a node that does not come back is a result
        load.wrong.append(f"check: {fault!r}")
    for one in subscribers:
        one.is_over = True
    if options.grown:
        subprocess.run([options.psql, "-Xq", "-v", "ON_ERROR_STOP=1", options.database, "-c", FORGET], capture_output=True, timeout=1_800, check=True)
    proof = subprocess.run([options.binary, "verify", "--database-url", options.database], capture_output=True, text=True, timeout=300)
    line["verify"] = "ok" if proof.returncode == 0 else (proof.stdout + proof.stderr)[-600:]
    line["wrong"] = load.wrong[:20]
    line["is_good"] = is_good(line, marks)
    with open(options.out, "a") as f:
        f.write(json.dumps(line) + "\n")
    load.folder.cleanup()
    tell(line, Figures(options.figures, "postgres"))
    return 0 if line["is_good"] else 1


def tell(line, figures):
    for what in ("writes", "reads"):
        one = line[what]
        note = f"{one['requests']:,} in all, p99 {one['p99_ms']} ms, the slowest {one['slowest_ms']} ms; {one['reopened']} kept connections were closed by the proxy"
        figures.add(f"failed {what}", sum(one["failed"].values()), "", 0, note=f"{note} {one['failed'] or ''}")
    unknown = ["not looked at"]
    wrong = sum(len(line.get(name, unknown)) for name in ("lost", "twice", "open", "unasked", "levels_wrong", "repeats_wrong"))
    figures.add("writes that are lost, doubled, or answered otherwise when they are repeated", wrong, "", 0, note=f"{line.get('answered', 0):,} were answered")
    streams = line.get("streams", [])
    broken = sum(len(stream[name]) for stream in streams for name in ("gaps", "resets", "wrong"))
    note = "; ".join(f"{stream['events']:,} events, opened {stream['opened']} times, silent for {stream['silent_s']} s at most" for stream in streams)
    figures.add("gaps of streams, resets, levels that are wrong in the end", broken if streams else "not looked at", "", 0, note=note)
    pauses = ", ".join(f"{seconds} s after `{word}`" for word, seconds in line["pauses_s"].items() if word != "all")
    figures.add("longest time without an answered write", line["pauses_s"]["all"], "s", 2, note=pauses)
    figures.add("not ready", line["unready_s"], "s", 0)
    figures.add("verify", 1 if line["verify"] == "ok" else "failed", "", 1, most=False, note="" if line["verify"] == "ok" else line["verify"][-200:].replace("\n", " "))


def is_good(line, marks):
    bad = [line["writes"]["failed"], line["reads"]["failed"], line["said"], line["wrong"]]
    bad += [line.get(name, ["not looked at"]) for name in ("lost", "twice", "open", "unasked", "levels_wrong", "repeats_wrong")]
    streams = line.get("streams", [])
    bad += [stream[name] for stream in streams for name in ("gaps", "resets", "wrong")]
    # Where the nodes were not exchanged within the load, it says nothing about them.
    is_whole = bool(marks) and marks[-1][0] == "drained" and all(stream["opened"] > 1 for stream in streams)
    return is_whole and bool(streams) and not any(bad) and line["verify"] == "ok"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("marks", "ready", "psql", "database", "binary", "out", "figures"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--front", type=int, required=True, help="port of the proxy")
    p.add_argument("--seconds", type=float, default=75, help="%(default)s")
    p.add_argument("--grown", action="store_true", help="the database has entries of bench/growth.sql, which go before `verify`")
    return load_command(p.parse_args())


if __name__ == "__main__":
    sys.exit(main())
