#!/usr/bin/env python3
"""The load of bench/soak.sh, its samples and what they come to.

  soak.py --data DIR --pid PID --csv FILE --psql PROGRAM --server URL --database NAME [--minutes N] [--rate N] [--every S]

DIR is what `load.py fill` has made; the account in it names the server. The exit code is 1 where memory has grown by more than
5 %, a descriptor is lost, or anything was answered with an error.
"""

import argparse
import base64
import collections
import csv
import datetime
import http.client
import json
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

from load import Api, iso, on_this_machine, say

WORKERS, STREAMS = 8, 12
GROWTH = 1.05  # memory of the last third against the second, at most
REPORT_EVERY, EXPORT_EVERY = 5, 30  # seconds
RENEW_BEFORE = 150  # seconds that a token is still good: longer than any stream but the one that renews its own
QUIET = 30  # seconds in which a stream has had something, at this load
REST = 120  # seconds at most until a node is at rest

ADJUST = "mutation($i: StockAdjustInput!) { done: stockAdjust(input: $i) { levels { id onHand version } userErrors { code } } }"
ORDER = (
    "mutation($i: OrderCreateInput!) { done: orderCreate(input: $i)"
    " { order { id status total { amount } lines { id quantity } } userErrors { code } } }"
)
PRODUCT = "query($id: ID!) { product(by: { id: $id }) { id sku name price { amount } } }"
ORDERS = (
    "query($id: ID!) { orders(filter: { store: { eq: $id } }, orderBy: { field: PLACED_AT }, first: 20)"
    " { nodes { id status total { amount } customer { id name } lines { id quantity product { id sku } } } } }"
)
PRODUCTS = (
    "query($id: ID!) { products(filter: { category: { eq: $id } }, orderBy: { field: NAME }, first: 50)"
    " { nodes { id sku name category { id } supplier { id } stock { onHand reserved store { id } } } } }"
)
REPORTS = {
    "salesReport": "{ salesReport(groupBy: STORE) { key orders unitsSold netRevenue { amount } } }",
    "stockValue": "{ stockValue(groupBy: CATEGORY) { isCurrent seq total { value { amount } } } }",
    "abcXyz": "{ abcXyz(filter: { period: LAST_28_DAYS }, first: 50) { nodes { product { sku } abc xyz } } }",
    "fulfilmentReport": "{ fulfilmentReport(filter: { period: TODAY }, first: 50) { totals { __typename } } }",
    "report": "{ report(measures: [SOLD_UNITS, NET_REVENUE], dimensions: [STORE], filter: { period: TODAY }, first: 50) { rowCount } }",
}
EXPORT = "mutation($i: ExportCreateInput!) { done: exportCreate(input: $i) { dataJob { id } userErrors { code } } }"
JOB = "query($id: ID!) { node(id: $id) { ... on DataJob { status error result { downloadUrl size } } } }"
ORDERS_CURSOR = "{ orders(first: 1) { streamCursor } }"
STOCK_STREAM = (
    "subscription($id: ID) { told: stockChanged(filter: { store: { eq: $id } })"
    " { phase cursor changes { seq level { id onHand version } } } }"
)
ORDER_STREAM = "subscription($after: Cursor) { told: orderChanged(after: $after) { phase cursor changes { order { id status } } } }"


class Ended(Exception):
    """A stream that the server has ended; the text says how."""


class Tally:
    """How often each operation was answered in which way."""

    def __init__(self):
        self.lock, self.counts = threading.Lock(), collections.Counter()

    def add(self, operation, outcome="OK"):
        with self.lock:
            self.counts[operation, outcome] += 1

    def all(self):
        with self.lock:
            return dict(self.counts)

    def total(self):
        return sum(self.all().values())

    def errors(self):
        return sum(count for (_, outcome), count in self.all().items() if outcome != "OK")


class Soak:
    def __init__(self, options):
        self.api, self.options = Api.reopen(options.data), options
        if not on_this_machine(self.api.host):
            sys.exit("soak: only servers on the loopback address are loaded")
        self.api.renew(self.token)
        self.rows = {}
        for name in ("products", "pa", "pb", "pc", "stores", "categories", "customers"):
            with open(os.path.join(options.data, name + ".txt")) as f:
                self.rows[name] = f.read().split()
        self.tally, self.streams, self.items = Tally(), 0, 0
        self.lock, self.over = threading.Lock(), threading.Event()

    def one(self, name):
        return random.choice(self.rows[name])

    @property
    def token(self):
        return self.api.account["token"]

    def ask(self, name, query, variables):
        """One operation, sent once; its data, or None when it was refused. Counted either way."""
        try:
            status, raw = self.api.post(json.dumps({"query": query, "variables": variables}).encode(), self.token)
            answer = json.loads(raw)
        except (OSError, http.client.HTTPException) as fault:
            self.tally.add(name, type(fault).__name__)
            return None
        except ValueError:
            self.tally.add(name, f"HTTP {status}")
            return None
        if answer.get("errors"):
            self.tally.add(name, (answer["errors"][0].get("extensions") or {}).get("code", "?"))
            return None
        refused = (answer["data"].get("done") or {}).get("userErrors")
        self.tally.add(name, refused[0]["code"] if refused else "OK")
        return None if refused else answer["data"]

    # ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────

    def operation(self, key):
        draw = random.random()
        if draw < 0.45:
            change = {"product": {"id": self.one("products")}, "store": {"id": self.one("stores")}, "delta": random.choice([1, 2, 3, -1, -2, -3])}
            self.ask("w2", ADJUST, {"i": {"idempotencyKey": key, "reasonCode": "CORRECTION", "changes": [change]}})
        elif draw < 0.7:
            lines = [{"product": {"id": self.one(third)}, "quantity": random.randint(1, 3)} for third in ("pa", "pb", "pc")]
            order = {"store": {"id": self.one("stores")}, "customerId": self.one("customers"), "status": "CONFIRMED", "lines": lines}
            self.ask("w4", ORDER, {"i": {"idempotencyKey": key, **order}})
        elif draw < 0.85:
            self.ask("w6", PRODUCT, {"id": self.one("products")})
        elif draw < 0.95:
            self.ask("w7", ORDERS, {"id": self.one("stores")})
        else:
            self.ask("w1", PRODUCTS, {"id": self.one("categories")})

    def work(self, number):
        """At its own pace; what it could not send in time is not made up for."""
        step, pause = 0, WORKERS / self.options.rate
        due = time.monotonic() + pause * number / WORKERS
        while not self.over.wait(max(0, due - time.monotonic())):
            step += 1
            self.operation(f"soak-{number}-{step}")
            due = max(due + pause, time.monotonic())

    def report(self, _):
        step = 0
        while not self.over.wait(REPORT_EVERY):
            name = list(REPORTS)[step % len(REPORTS)]
            self.ask(name, REPORTS[name], {})
            step += 1

    def export(self, _):
        step = 0
        while not self.over.wait(EXPORT_EVERY):
            entity = ("MOVEMENTS", "ORDERS", "PRODUCTS", "STOCK")[step % 4]
            asked = {"idempotencyKey": f"soak-export-{step}", "entity": entity}
            if entity in ("MOVEMENTS", "ORDERS"):
                # The same span each time, so that the last export is no larger than the others.
                asked["from"] = iso(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5))
            made = self.ask("export", EXPORT, {"i": asked})
            if made:
                self.fetch(made["done"]["dataJob"]["id"])
            step += 1

    def fetch(self, job):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            found = self.ask("export status", JOB, {"id": job})
            job_now = (found or {}).get("node") or {}
            if job_now.get("status") == "DONE":
                self.tally.add("download", self.download(job_now["result"]))
                return
            if job_now.get("status") in ("FAILED", "CANCELLED"):
                self.tally.add("export", job_now["status"])
                return
            time.sleep(0.25)
        self.tally.add("export", "not done in 120 s")

    def download(self, file):
        connection = http.client.HTTPConnection(self.api.host, self.api.port, timeout=60)
        try:
            where = urllib.parse.urlsplit(file["downloadUrl"])
            connection.request("GET", f"{where.path}?{where.query}" if where.query else where.path)
            answer = connection.getresponse()
            length = len(answer.read())
            if answer.status != 200:
                return f"HTTP {answer.status}"
            return "OK" if length == file["size"] else f"{length} of {file['size']} bytes"
        except (OSError, http.client.HTTPException) as fault:
            return type(fault).__name__
        finally:
            connection.close()

    def renew(self, _):
        while not self.over.wait(5):
            if self.api.account["until"] < time.time() + RENEW_BEFORE:
                try:
                    self.api.renew(self.token)
                    self.tally.add("login")
                except Exception as fault:  # noqa: BLE001 - an error like any other
                    self.tally.add("login", type(fault).__name__)

    # ── subscriptions ───────────────────────────────────────────────────────────────────────────────────────────────

    def follow(self, number):
        """One subscription after another; number 0 has a single one."""
        turn = number
        while not self.over.wait(random.uniform(0, 2)):
            turn += 1
            query, variables = STOCK_STREAM, {"id": self.one("stores")}
            if turn % 2 and number:
                found = self.ask("orders' cursor", ORDERS_CURSOR, {})
                if not found:
                    continue
                query, variables = ORDER_STREAM, {"after": found["orders"]["streamCursor"]}
            is_socket = number == 0 or turn // 2 % 2 == 0
            life = float("inf") if number == 0 else random.uniform(5, 60)
            self.stream("socket" if is_socket else "events", query, variables, life, turn % 3 == 0)

    def stream(self, kind, query, variables, life, is_cut):
        with self.lock:
            self.streams += 1
        opened = None
        try:
            opened = (Socket if kind == "socket" else Events)(self, query, variables)
            began = heard = time.monotonic()
            while time.monotonic() < began + life and not self.over.is_set():
                if opened.next():
                    heard = time.monotonic()
                    with self.lock:
                        self.items += 1
                elif time.monotonic() > heard + QUIET:
                    raise Ended(f"silent for {QUIET} s")
            opened.leave(is_cut)
            self.tally.add(kind)
        except Ended as end:
            self.tally.add(kind, str(end))
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as fault:
            self.tally.add(kind, type(fault).__name__)
        finally:
            if opened:
                opened.close()
            with self.lock:
                self.streams -= 1


def heard(answer):
    """Is this an item of a stream? A refusal and a RESET are ends of it."""
    if answer.get("errors"):
        raise Ended((answer["errors"][0].get("extensions") or {}).get("code", "?"))
    if answer["data"]["told"]["phase"] == "RESET":
        raise Ended("RESET")
    return True


class Events:
    """A subscription as server-sent events."""

    def __init__(self, soak, query, variables):
        self.connection = http.client.HTTPConnection(soak.api.host, soak.api.port, timeout=60)
        headers = {"content-type": "application/json", "accept": "text/event-stream", "authorization": "Bearer " + soak.token}
        try:
            self.connection.request("POST", soak.api.path, json.dumps({"query": query, "variables": variables}).encode(), headers)
            self.answer = self.connection.getresponse()
            if self.answer.status != 200:
                raise Ended(f"HTTP {self.answer.status}")
        except BaseException:
            self.connection.close()
            raise

    def next(self):
        """Reads a line; the server says something at least every 20 seconds."""
        line = self.answer.readline()
        if not line:
            raise Ended("cut by the server")
        if line.startswith(b"event: complete"):
            raise Ended("completed by the server")
        return line.startswith(b"data: ") and heard(json.loads(line[6:]))

    def leave(self, is_cut):
        """There is no other way than to close the connection."""

    def close(self):
        if hasattr(self, "answer"):
            self.answer.close()
        self.connection.close()


class Socket:
    """A subscription over WebSocket, subprotocol graphql-transport-ws."""

    RENEW_EVERY = 60  # seconds: any token that it is given lasts until the next

    def __init__(self, soak, query, variables):
        self.soak, self.buffer, self.renewed = soak, b"", time.monotonic()
        self.line = socket.create_connection((soak.api.host, soak.api.port), timeout=30)
        try:
            self.upgrade()
            self.line.settimeout(1)
            self.send({"type": "connection_init", "payload": {"authorization": "Bearer " + soak.token}})
            self.wait_for("connection_ack")
            self.send({"type": "subscribe", "id": "1", "payload": {"query": query, "variables": variables}})
        except BaseException:
            self.line.close()
            raise

    def upgrade(self):
        key = base64.b64encode(os.urandom(16)).decode()
        self.line.sendall(
            f"GET {self.soak.api.path} HTTP/1.1\r\nHost: {self.soak.api.host}:{self.soak.api.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status = head.split()[1].decode()
        if status != "101":
            raise Ended(f"HTTP {status}")

    def fill(self):
        more = self.line.recv(65536)
        if not more:
            raise Ended("cut by the server")
        self.buffer += more

    def frame(self, opcode, body):
        length = len(body)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length)
        mask = os.urandom(4)
        self.line.sendall(bytes([0x80 | opcode]) + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(body)))

    def send(self, message):
        self.frame(1, json.dumps(message).encode())

    def parsed(self):
        """The first whole frame of the buffer as (is last, opcode, body); None when there is none."""
        if len(self.buffer) < 2:
            return None
        length, start = self.buffer[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(self.buffer) < start:
                return None
            length = int.from_bytes(self.buffer[2:start], "big")
        if len(self.buffer) < start + length:
            return None
        first, body, self.buffer = self.buffer[0], self.buffer[start : start + length], self.buffer[start + length :]
        return bool(first & 0x80), first & 0x0F, body

    def message(self):
        """The next message; None after a second of silence."""
        text = b""
        while True:
            found = self.parsed()
            if found is None:
                try:
                    self.fill()
                except socket.timeout:
                    if not text:
                        return None
                continue
            is_last, opcode, body = found
            if opcode == 8:
                raise Ended(f"closed with {int.from_bytes(body[:2], 'big')}")
            if opcode == 9:
                self.frame(10, body)
            elif opcode in (0, 1):
                text += body
                if is_last:
                    return json.loads(text)

    def wait_for(self, kind):
        until = time.monotonic() + QUIET
        while time.monotonic() < until:
            message = self.message()
            if message and message["type"] == kind:
                return
        raise Ended(f"no {kind}")

    def next(self):
        if time.monotonic() > self.renewed + self.RENEW_EVERY:
            self.renewed = time.monotonic()
            self.send({"type": "ping", "payload": {"authorization": "Bearer " + self.soak.token}})
        message = self.message()
        if message is None or message["type"] == "pong":
            return False
        if message["type"] == "ping":
            self.send({"type": "pong"})
            return False
        if message["type"] == "error":
            return heard({"errors": message["payload"]})
        if message["type"] == "complete":
            raise Ended("completed by the server")
        return heard(message["payload"])

    def leave(self, is_cut):
        if not is_cut:
            self.send({"type": "complete", "id": "1"})
            self.frame(8, struct.pack(">H", 1000))

    def close(self):
        self.line.close()


# ── samples ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Node:
    """The process that is looked at."""

    def __init__(self, options):
        self.pid, self.psql, self.server, self.database = options.pid, options.psql, options.server, options.database

    def connections(self):
        """Those to its database, as Postgres counts them."""
        count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.database}' AND backend_type = 'client backend'"
        said = subprocess.run([self.psql, "-XAtq", self.server + "/postgres", "-c", count], capture_output=True, text=True, timeout=20, check=True)
        return int(said.stdout)

    def sample(self):
        with open(f"/proc/{self.pid}/status") as f:
            status = dict(line.split(":", 1) for line in f)
        if "VmRSS" not in status:
            raise ProcessLookupError("the node has ended")
        return {
            "rss_mib": round(int(status["VmRSS"].split()[0]) / 1024, 1),
            "descriptors": len(os.listdir(f"/proc/{self.pid}/fd")),
            "threads": int(status["Threads"]),
            "pg_connections": self.connections(),
        }

    def kinds(self):
        """How many descriptors there are of each kind."""
        found = collections.Counter()
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                found[os.readlink(f"/proc/{self.pid}/fd/{name}").split(":[")[0]] += 1
            except FileNotFoundError:
                pass
        return found

    def at_rest(self, most=None):
        """Descriptors that are no connection to Postgres: the fewest of samples two seconds apart, five or until they are no more than `most`."""
        least, until, count = None, time.monotonic() + REST, 0
        while True:
            now = self.sample()
            own, count = now["descriptors"] - now["pg_connections"], count + 1
            least = own if least is None else min(least, own)
            if (count >= 5 and (most is None or least <= most)) or time.monotonic() > until:
                return least
            time.sleep(2)


COLUMNS = ["seconds", "rss_mib", "descriptors", "threads", "pg_connections", "streams", "items", "operations", "errors"]


def soaked(soak, node, options):
    """Runs the load; the samples of it."""
    parts = [(soak.work, WORKERS), (soak.follow, STREAMS + 1), (soak.report, 1), (soak.export, 1), (soak.renew, 1)]
    crew = [threading.Thread(target=part, args=(number,), daemon=True) for part, count in parts for number in range(count)]
    samples, began = [], time.monotonic()
    try:
        for thread in crew:
            thread.start()
        with open(options.csv, "w", newline="") as f:
            table = csv.DictWriter(f, COLUMNS)
            table.writeheader()
            count = options.minutes * 60 // options.every
            for number in range(1, count + 1):
                time.sleep(max(0, began + number * options.every - time.monotonic()))
                row = {"seconds": round(time.monotonic() - began), **node.sample(), "streams": soak.streams, "items": soak.items}
                samples.append({**row, "operations": soak.tally.total(), "errors": soak.tally.errors()})
                table.writerow(samples[-1])
                f.flush()
                if number * options.every % 300 < options.every:
                    say("soak: " + ", ".join(f"{name} {value}" for name, value in samples[-1].items()))
                if missing := [thread for thread in crew if not thread.is_alive()]:
                    soak.tally.add("load", f"{len(missing)} of its threads ended")
                    break
    finally:
        soak.over.set()
    until = time.monotonic() + 150  # an export is waited for that long
    for thread in crew:
        thread.join(max(0, until - time.monotonic()))
    if stuck := sum(thread.is_alive() for thread in crew):
        soak.tally.add("load", f"{stuck} of its threads did not end")
    return samples


def verdict(soak, node, samples, before, kinds):
    """Prints what the samples come to; whether all that is owed holds."""
    third = len(samples) // 3
    second, last = samples[third : 2 * third], samples[2 * third :]
    good = True

    def middle(part, name):
        return statistics.median(sample[name] for sample in part)

    ratio = middle(last, "rss_mib") / middle(second, "rss_mib")
    good &= ratio <= GROWTH
    print(f"memory: {middle(second, 'rss_mib'):.1f} MiB in the second third, {middle(last, 'rss_mib'):.1f} in the last,"
          f" {100 * (ratio - 1):+.1f} % (at most {100 * (GROWTH - 1):+.0f} % owed) {'holds' if ratio <= GROWTH else 'FAILED'}")  # fmt: skip
    after = node.at_rest(before)
    good &= after <= before
    print(f"descriptors at rest, without connections to Postgres: {before} before, {after} after (none more owed) {'hold' if after <= before else 'FAILED'}")
    if after > before:
        print(f"  more of: {dict(node.kinds() - kinds)}")
    for name in ("threads", "pg_connections"):
        print(f"{name}: {middle(second, name):.0f} in the second third, {middle(last, name):.0f} in the last, {max(s[name] for s in samples)} at most")
    counts = soak.tally.all()
    print(f"operations: {soak.tally.total():,}, {soak.items:,} items of streams: " + ", ".join(f"{name} {count:,}" for (name, outcome), count in sorted(counts.items()) if outcome == "OK"))
    wrong = {f"{name}: {outcome}": count for (name, outcome), count in sorted(counts.items()) if outcome != "OK"}
    good &= not wrong
    print(f"errors: {sum(wrong.values()):,} (none owed) {'hold' if not wrong else 'FAILED ' + json.dumps(wrong)}", flush=True)
    return good


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "csv", "psql", "server", "database"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--pid", type=int, required=True)
    p.add_argument("--minutes", type=int, default=60, help="%(default)s")
    p.add_argument("--rate", type=int, default=20, help="operations a second, %(default)s")
    p.add_argument("--every", type=int, default=10, help="seconds between samples, %(default)s")
    options = p.parse_args()
    soak, node = Soak(options), Node(options)
    if options.minutes * 60 < 3 * options.every:
        p.error("three samples at least")
    try:
        before, kinds = node.at_rest(), node.kinds()
        samples = soaked(soak, node, options)
        if len(samples) < 3:
            sys.exit(f"soak: too few samples: {soak.tally.all()}")
        return 0 if verdict(soak, node, samples, before, kinds) else 1
    except (OSError, subprocess.SubprocessError) as fault:
        sys.exit(f"soak: no sample of the node: {fault}; so far {soak.tally.all()}")


if __name__ == "__main__":
    sys.exit(main())
