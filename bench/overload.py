#!/usr/bin/env python3
"""More than a node can bear, for bench/faults.sh: first as much as it takes, then twice that for minutes.

  overload.py --port PORT --seconds 300 --database … --psql … --binary … --out FILE

First 64 callers that each wait for their answer find out how many stock adjustments are answered a
second. Then twice as many are sent each second, whoever answers, each with a key of its own and none a
second time. In the end the database has to hold each that was answered exactly once, none that was
refused before it ran (OVERLOADED, RATE_LIMITED), each level has to be the sum of what it holds,
and `entrepot verify` has to find nothing.
"""

import argparse
import asyncio
import collections
import json
import os
import subprocess
import sys
import tempfile
import time

from faults import ADJUST, OPENING, Tenant, part, proven

CALLERS, MOST = 64, 12_000  # callers that wait; connections at most
LONGEST = 20  # seconds that an answer is waited for
REFUSED = {"OVERLOADED", "RATE_LIMITED"}
TYPED = REFUSED | {"TIMEOUT", "UNAVAILABLE"}


class Connection(asyncio.Protocol):
    """One request at a time; its answer goes to `done`."""

    def __init__(self, done):
        self.done, self.transport, self.buffer, self.sent = done, None, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def send(self, operation, request):
        self.sent, self.buffer = (operation, time.monotonic()), b""
        self.transport.write(request)

    def data_received(self, data):
        self.buffer += data
        head, _, body = self.buffer.partition(b"\r\n\r\n")
        if not _:
            return
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None)
        if length is None or len(body) < int(length.split(b":")[1]):
            return
        self.end(body)

    def connection_lost(self, error):
        self.transport = None
        if self.sent:
            self.end(None)

    def end(self, body):
        (operation, began), self.sent = self.sent, None
        self.done(self, operation, time.monotonic() - began, body)


class Overload:
    def __init__(self, options, tenants):
        self.port, self.tenants, self.count = options.port, tenants, 0
        self.idle, self.opened, self.phase = [], 0, ""
        self.answers = collections.defaultdict(list)  # phase -> (code, seconds)
        self.operations, self.unsent = {}, 0

    def request(self):
        self.count += 1
        tenant = self.tenants[self.count % len(self.tenants)]
        place = tenant.places[self.count * 7 % len(tenant.places)]
        key, delta = f"overload-{self.count}", 1 + self.count % 4
        change = {"product": {"id": place[0]}, "store": {"id": place[1]}, "delta": delta}
        variables = {"input": {"idempotencyKey": key, "reasonCode": "CORRECTION", "note": key, "changes": [change]}}
        body = json.dumps({"query": ADJUST, "variables": variables}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: application/json\r\n"
            f"authorization: Bearer {tenant.api.account['token']}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self.operations[key] = [tenant, place, delta, self.phase, None]
        return key, head.encode() + body

    def done(self, connection, key, took, body):
        code = "no answer"
        if body is not None:
            answer = json.loads(body)
            errors = answer.get("errors")
            code = (errors[0].get("extensions") or {}).get("code", "?") if errors else "OK"
            if code == "OK" and answer["data"]["done"]["userErrors"]:
                code = answer["data"]["done"]["userErrors"][0]["code"]
        operation = self.operations[key]
        operation[4] = code
        self.answers[operation[3]].append((code, took))
        if connection.transport is None:
            self.opened -= 1
        else:
            self.idle.append(connection)

    async def send(self):
        if self.idle:
            connection = self.idle.pop()
        elif self.opened < MOST:
            self.opened += 1
            try:
                _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(self.done), "127.0.0.1", self.port)
            except OSError:
                self.opened -= 1
                self.unsent += 1
                return
        else:
            self.unsent += 1
            return
        if connection.transport is None:
            self.opened -= 1
            self.unsent += 1
            return
        connection.send(*self.request())

    def ends_well(self):
        return sum(code == "OK" for code, _ in self.answers[self.phase])

    async def closed(self, seconds):
        """Each of the callers sends the next when it has its answer. What is answered a second."""
        self.phase = "warm"
        began, counted = time.monotonic(), None
        while (now := time.monotonic() - began) < seconds + 3:
            if now >= 3 and counted is None:
                self.phase, counted = "best", now
            while self.opened < CALLERS or self.idle:
                await self.send()
            await asyncio.sleep(0.001)
        return self.ends_well() / seconds

    async def open(self, rate, seconds):
        """So many a second, whoever answers."""
        self.phase = "twice"
        began, sent = time.monotonic(), 0
        while (now := time.monotonic() - began) < seconds:
            while sent < now * rate:
                sent += 1
                if self.idle:
                    await self.send()
                else:
                    asyncio.ensure_future(self.send())
                if sent % 50 == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(0.002)
        goodput = self.ends_well() / seconds
        until = time.monotonic() + LONGEST
        while len(self.idle) < self.opened and time.monotonic() < until:
            await asyncio.sleep(0.1)
        return goodput, sent


def check(overload, held):
    """What the database holds, against what was answered."""
    counts = collections.Counter(held)
    codes = {key: operation[4] for key, operation in overload.operations.items()}
    levels = collections.defaultdict(int)
    for key, count in counts.items():
        tenant, place, delta, _, _ = overload.operations[key]
        levels[tenant.id, place] += delta * count
    wrong = []
    for tenant in overload.tenants:
        found = tenant.levels()
        wrong += [f"{place}: {found[place][0]}" for place in tenant.places if found[place][0] != OPENING + levels[tenant.id, place]]
    return {
        "lost": sorted(key for key, code in codes.items() if code == "OK" and not counts[key])[:20],
        "twice": sorted(key for key, count in counts.items() if count > 1)[:20],
        "refused_and_done": sorted(key for key, code in codes.items() if code in REFUSED and counts[key])[:20],
        "levels_wrong": wrong[:20],
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("out", "psql", "database", "binary"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--seconds", type=float, default=300, help="%(default)s")
    p.add_argument("--best-seconds", type=float, default=20, help="%(default)s")
    options = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="entrepot-faults-") as folder:
        tenants = []
        for number in range(2):
            mine = os.path.join(folder, str(number))
            os.mkdir(mine)
            tenants.append(Tenant(number, options.port, mine, []))
        overload = Overload(options, tenants)

        async def run():
            best = await overload.closed(options.best_seconds)
            return best, *await overload.open(2 * best, options.seconds)

        best, goodput, sent = asyncio.run(run())
        rows = subprocess.run(
            [options.psql, "-XAtq", options.database, "-c", "SELECT note FROM movement WHERE starts_with(note, 'overload-')"],
            capture_output=True, text=True, timeout=300, check=True,
        ).stdout.splitlines()  # fmt: skip
        time.sleep(2)
        line = {"fault": "overload", "seconds": options.seconds, "best": round(best), "sent": round(sent / options.seconds), "goodput": round(goodput)}
        answers = overload.answers["twice"]
        line["refusals"] = dict(collections.Counter(code for code, _ in answers if code != "OK"))
        line["unsent"] = overload.unsent
        line["unanswered"] = sum(operation[4] is None for operation in overload.operations.values())
        line["p99_best_ms"] = part(sorted(took for code, took in overload.answers["best"] if code == "OK"), 0.99)
        line["p99_ms"] = part(sorted(took for code, took in answers if code == "OK"), 0.99)
        line["p99_refused_ms"] = part(sorted(took for code, took in answers if code in REFUSED), 0.99)
        line.update(check(overload, rows))
    line["verify"] = proven(options)
    with open(options.out, "a") as f:
        f.write(json.dumps(line) + "\n")
    print(json.dumps(line), file=sys.stderr)
    untyped = [code for code in line["refusals"] if code not in TYPED]
    # What was not sent is no load, and what has no answer is no refusal.
    is_good = goodput >= 0.9 * best and (line["p99_ms"] or 0) <= 2_000 and not line["unanswered"] and overload.unsent <= sent / 100
    return 0 if line["verify"] == "ok" and is_good and not untyped and not any(
        line[name] for name in ("lost", "twice", "refused_and_done", "levels_wrong")) else 1  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
