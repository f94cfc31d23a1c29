#!/usr/bin/env python3
"""The parts of bench/faults.sh that are programs: the load with its check, a proxy, a receiver, a table.

  faults.py load --name FAULT --out FILE …    books stock and orders, then compares what was answered
                                              with the database and appends one line of JSON to FILE
  faults.py proxy PORT TARGET SWITCH          forwards to the port TARGET; while the file SWITCH
                                              exists it swallows all bytes of all connections,
                                              and no side learns that the other has closed
  faults.py receiver PORT FILE SWITCH         takes webhooks and writes "tenant seq time" to FILE;
                                              while SWITCH exists it does not answer
  faults.py table FILE                        prints the lines of FILE as tables of Markdown

Each client of the load has one operation at a time and sends it again with the same idempotency
key until it is answered. So each key has an outcome in the end, and the database has to hold each
of them exactly once.
"""

import argparse
import collections
import contextlib
import email.utils
import http.client
import http.server
import json
import os
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from load import Api
from watcher import Watcher

STORES, PRODUCTS, OPENING = 2, 20, 1_000_000
TENANTS, CLIENTS = 2, 8
PATIENCE = 15  # seconds that a client waits for one answer; an operation may take 10
REST = 6  # seconds that clients of a soak rest after a third of it, without connections
NODE_FAULTS = {"node-killed", "node-paused", "node-cut-off", "memory", "memory-refused"}
STOPPED = {"postgres-killed", "postgres-away", "postgres-crash", "postgres-fast", "log-disk-full"}
AWAY = STOPPED | {"postgres-paused", "black-hole", "disk-full"}  # faults in which nothing can be written
FIRST_WRITE, LAST_REFUSAL, BEYOND, GAP = 5, 10, 5, 3  # seconds after the end; of an outage more than the fault; of a fault that stops no writes
PROOF = 1_800  # seconds that `entrepot verify` may take: a soak of an hour leaves millions of entries
LOGIN = (
    "mutation($e: String!, $p: String!, $s: String!) { login(email: $e, password: $p, tenant: $s) {"
    " result { ... on TokenPair { accessToken } } userErrors { code } } }"
)
ADJUST = (
    "mutation($input: StockAdjustInput!) { done: stockAdjust(input: $input)"
    " { seq replayed userErrors { code message } } }"
)
ORDER = (
    "mutation($input: OrderCreateInput!) { done: orderCreate(input: $input)"
    " { seq replayed order { id } userErrors { code message } } }"
)


class Tenant:
    """One company: its account, its stock as it was opened."""

    def __init__(self, number, port, folder, webhooks):
        self.api = Api(f"http://127.0.0.1:{port}/graphql", folder)
        self.api.register(f"Faults {number}")
        self.id = self.api.account["tenant"]
        change, upsert = self.api.change, self.api.upsert
        self.stores = [
            change("storeCreate", {"code": f"S{i}", "name": f"Store {i}"}, "store { id }")["store"]["id"]
            for i in range(STORES)
        ]
        price = {"amount": "9.90", "currencyCode": self.api.account["currency"]}
        rows = [{"sku": f"SKU-{i}", "name": f"Product {i}", "price": price} for i in range(PRODUCTS)]
        self.products = upsert("productBulkUpsert", "product", rows)
        self.places = [(p, s) for p in self.products for s in self.stores]
        opening = [{"product": {"id": p}, "store": {"id": s}, "delta": OPENING} for p, s in self.places]
        change("stockAdjust", {"idempotencyKey": "opening", "kind": "RECEIPT", "reasonCode": "OPENING", "changes": opening}, "seq")
        for port in webhooks:
            endpoint = {"url": f"http://127.0.0.1:{port}/hooks", "eventTypes": ["stock.changed"]}
            change("webhookEndpointCreate", endpoint, "webhookEndpoint { id }")

    def levels(self):
        """(on hand, reserved) of each level, through the API."""
        query = "query($id: ID!) { product(by: { id: $id }) { stock { onHand reserved store { id } } } }"
        found = {}
        for product in self.products:
            for level in self.api.ask(query, id=product)["product"]["stock"]:
                found[product, level["store"]["id"]] = level["onHand"], level["reserved"]
        return found


class Client(threading.Thread):
    """One caller behind a balancer: it stays at a node until that does not answer."""

    def __init__(self, number, load):
        super().__init__(daemon=True)
        self.number, self.load = number, load
        self.tenant = load.tenants[number % len(load.tenants)]
        self.node = number // len(load.tenants) % len(load.nodes)
        self.connection, self.token = None, self.tenant.api.account["token"]
        self.attempts, self.done, self.open = [], [], None

    def run(self):
        try:
            step = 0
            while time.time() < self.load.until:
                if self.load.is_resting():
                    self.close()
                    time.sleep(0.1)
                    continue
                step += 1
                self.open = self.operation(step)
                if not self.finish(self.open):
                    return
                self.open = None
                time.sleep(self.load.pause)
        except BaseException as fault:  # noqa: BLE001 - told in the line of JSON
            self.load.wrong.append(f"client {self.number}: {fault!r}")

    def operation(self, step):
        key = f"{self.load.name}-{self.number}-{step}"
        product, store = self.tenant.places[(step * 7 + self.number * 3) % len(self.tenant.places)]
        place = {"product": {"id": product}, "store": {"id": store}}
        if step % 3:
            delta = 1 + step % 4 if step % 2 else -1 - step % 3
            body = {"idempotencyKey": key, "reasonCode": "CORRECTION", "note": key, "changes": [{**place, "delta": delta}]}
            return {"key": key, "query": ADJUST, "input": body, "place": (product, store), "change": (delta, 0)}
        quantity, is_sold = 1 + step % 5, step % 2 == 0
        body = {"idempotencyKey": key, "store": {"id": store}, "status": "FULFILLED" if is_sold else "CONFIRMED",
                "noteForStaff": key, "lines": [{"product": {"id": product}, "quantity": quantity}]}  # fmt: skip
        return {"key": key, "query": ORDER, "input": body, "place": (product, store),
                "change": (-quantity, 0) if is_sold else (0, quantity)}  # fmt: skip

    def finish(self, operation):
        """Sends it until it is answered. False when the time for that is over."""
        operation["began"] = time.time()
        while time.time() < self.load.until + self.load.settle:
            code, payload, wait = self.attempt(operation)
            if code == "OK":
                operation["ended"], operation["seq"] = time.time(), payload["seq"]
                operation["replayed"] = payload["replayed"]
                self.done.append(operation)
                return True
            time.sleep(wait)
        return False

    def attempt(self, operation):
        began, node = time.time(), self.node
        code, payload, wait = self.post(operation)
        self.attempts.append((began, time.time(), code, node))
        return code, payload, wait

    def post(self, operation):
        body = json.dumps({"query": operation["query"], "variables": {"input": operation["input"]}})
        headers = {"content-type": "application/json", "accept": "application/json", "authorization": "Bearer " + self.token}
        try:
            raw = self.request(body, headers)
        except socket.timeout:
            return self.leave("no answer")
        except (OSError, http.client.HTTPException):
            return self.leave("no connection")
        answer = json.loads(raw)
        if answer.get("errors"):
            extensions = answer["errors"][0].get("extensions") or {}
            code = extensions.get("code", "?")
            if code == "UNAUTHENTICATED":
                self.renew()
            # Sooner than it is told, so that the end of the fault is seen when it comes.
            return code, None, min(extensions.get("retryAfterMs") or 100, 250) / 1000
        payload = answer["data"]["done"]
        if payload["userErrors"]:
            raise RuntimeError(f"{operation['key']}: {payload['userErrors']}")
        return "OK", payload, 0

    def request(self, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.load.nodes[self.node], timeout=PATIENCE)
        self.connection.request("POST", "/graphql", body, headers)
        return self.connection.getresponse().read()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def leave(self, code):
        self.close()
        self.node = (self.node + 1) % len(self.load.nodes)
        return code, None, 0.1

    def renew(self):
        """A login of its own, at the node that refused the token."""
        mine = self.tenant.api.account
        body = json.dumps({"query": LOGIN, "variables": {"e": mine["email"], "p": mine["password"], "s": mine["slug"]}})
        try:
            answer = json.loads(self.request(body, {"content-type": "application/json"}))
            self.token = answer["data"]["login"]["result"]["accessToken"]
        except (OSError, http.client.HTTPException, KeyError, TypeError):
            self.close()


class Probe(threading.Thread):
    """Asks /readyz of one node four times a second."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.seen, self.is_over = port, [], False
        self.degraded, self.shift = 0, 0.0  # answers that say so; by how much its clock differed at most

    def run(self):
        while not self.is_over:
            began = time.time()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2.5)
                connection.request("GET", "/readyz")
                answer = connection.getresponse()
                is_ready = answer.status == 200
                self.degraded += b'"degraded"' in answer.read()
                if answer.headers["date"]:
                    self.shift = max(self.shift, abs(email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()))
                connection.close()
            except (OSError, http.client.HTTPException):
                is_ready = False
            self.seen.append((began, time.time(), is_ready))
            time.sleep(max(0.0, 0.25 - (time.time() - began)))

    def unready(self):
        """Seconds from the first answer that was not 200 to the next that was, all together."""
        total, since = 0.0, None
        for _, ended, is_ready in self.seen:
            if not is_ready and since is None:
                since = ended
            elif is_ready and since is not None:
                total, since = total + ended - since, None
        return total + (self.seen[-1][1] - since if since is not None else 0)


class Load:
    def __init__(self, options):
        self.name, self.nodes, self.pause, self.settle = options.name, options.nodes, options.pause, options.settle
        self.wrong, self.until, self.resting = [], 0.0, None
        # The folders of the accounts are needed no more when the load is over.
        self.folder = tempfile.TemporaryDirectory(prefix="entrepot-faults-")
        self.tenants = []
        for number in range(TENANTS):
            folder = os.path.join(self.folder.name, str(number))
            os.mkdir(folder)
            self.tenants.append(Tenant(number, self.nodes[number % len(self.nodes)], folder, options.webhooks))

    def is_resting(self):
        return self.resting is not None and self.resting <= time.time() < self.resting + REST

    def run(self, seconds, helpers):
        self.until = time.time() + seconds
        for helper in helpers:
            helper.start()
        clients = [Client(number, self) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return clients


def answered_levels(tenant, done):
    levels = {place: [OPENING, 0] for place in tenant.places}
    for operation in done:
        level = levels[operation["place"]]
        level[0] += operation["change"][0]
        level[1] += operation["change"][1]
    return {place: tuple(level) for place, level in levels.items()}


def check(load, clients, ask_database):
    """What the database holds, against what was answered."""
    done = [operation for client in clients for operation in client.done]
    answered = {operation["key"] for operation in done}
    prefix = load.name + "-"
    rows = ask_database(
        f"SELECT note FROM movement WHERE note LIKE '{prefix}%'"
        f" UNION ALL SELECT note_for_staff FROM order_detail WHERE note_for_staff LIKE '{prefix}%'"
    )
    held = collections.Counter(rows)
    report = {
        "answered": len(done),
        "lost": sorted(answered - set(held))[:20],
        "twice": sorted(key for key, count in held.items() if count > 1)[:20],
        "open": sorted(client.open["key"] for client in clients if client.open),
        "unasked": sorted(set(held) - answered)[:20],
        "replays": sum(operation["replayed"] for operation in done),
    }
    report["levels_wrong"] = []
    for tenant in load.tenants:
        owed = answered_levels(tenant, [o for client in clients if client.tenant is tenant for o in client.done])
        found = tenant.levels()
        report["levels_wrong"] += [f"{place}: {found.get(place)}, owed {level}" for place, level in owed.items() if found.get(place) != level]
    return report


def repeat(load, clients, moments):
    """Sends what was answered around the fault once more: the same answer, and nothing new."""
    wrong = []
    for client in clients:
        near = sorted(client.done, key=lambda operation: min(abs(operation["ended"] - moment) for moment in moments))
        for operation in near[:15]:
            code, payload, wait = client.attempt(operation)
            for _ in range(20):
                if code == "OK":
                    break
                time.sleep(wait)
                code, payload, wait = client.attempt(operation)
            if code != "OK" or not payload["replayed"] or payload["seq"] != operation["seq"]:
                wrong.append(f"{operation['key']}: {code} {payload}, first {operation['seq']}")
    return wrong


def figures(clients, marks, began):
    """How long nothing was written, and how it was refused."""
    fault, healed = marks.get("fault", began), marks.get("healed", began)
    attempts = sorted(attempt for client in clients for attempt in client.attempts)
    good = sorted(attempt[1] for attempt in attempts if attempt[2] == "OK")
    bad = [attempt for attempt in attempts if attempt[2] != "OK"]
    later = [moment for moment in good if moment >= fault]
    gaps = [b - a for a, b in zip([fault] + later, later)]
    before = [b - a for a, b in zip(good, good[1:]) if b < fault]
    after = [moment for moment in good if moment >= healed]
    waits = sorted(o["ended"] - o["began"] for client in clients for o in client.done)
    took = sorted(end - begin for begin, end, code, _ in attempts if code == "OK")
    calm = sorted(end - begin for begin, end, code, _ in attempts if code == "OK" and end < fault)
    rate = len([moment for moment in good if moment < fault]) / max(fault - began, 0.001)
    return {
        "fault_s": round(healed - fault, 1),
        "rate_before": round(rate),
        "gap_before_s": round(max(before, default=0), 2),
        "away_s": round(max(gaps, default=-1), 2),
        "first_write_s": round(after[0] - healed, 2) if after else None,
        "slowest_refusal_s": round(max((end - begin for begin, end, code, _ in bad if " " not in code), default=0), 2),
        "last_refusal_s": round(max((end for _, end, _, _ in bad), default=healed) - healed, 2) if bad else None,
        "longest_write_s": round(waits[-1], 2) if waits else None,
        "refusals": dict(collections.Counter(code for _, _, code, _ in bad)),
        "p99_before_ms": part(calm, 0.99),
        # Of whole operations, with the tries that were refused.
        "p99_ms": part(waits, 0.99),
        "slowest_ms": part(took, 1),
    }


def part(values, share):
    return round(values[min(int(len(values) * share), len(values) - 1)] * 1000) if values else None


def process_figures(files):
    """Resident MiB and open descriptors of each node."""
    found = []
    for file in files:
        with open(file) as f:
            pid = f.read().strip()
        with open(f"/proc/{pid}/status") as f:
            rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        found.append({"rss_mib": round(rss / 1024, 1), "descriptors": len(os.listdir(f"/proc/{pid}/fd"))})
    return found


def grown(samples):
    """What a soak must not see: memory at its end by more than 5 % above that after a third of it, a descriptor more than when its clients rested then."""
    wrong = []
    for number, (early, rested, end, rest) in enumerate(zip(samples["early"], samples["rested"], samples["end"], samples["rest"]), 1):
        if end["rss_mib"] > early["rss_mib"] * 1.05:
            wrong.append(f"node {number}: {early['rss_mib']} MiB became {end['rss_mib']}")
        if rest["descriptors"] > rested["descriptors"]:
            wrong.append(f"node {number}: {rested['descriptors']} descriptors without clients became {rest['descriptors']}")
    return wrong


def proven(options):
    """What `entrepot verify` says: "ok", or why not. One that takes too long is a result, too: what was measured before it must not be lost."""
    try:
        proof = subprocess.run([options.binary, "verify", "--database-url", options.database], capture_output=True, text=True, timeout=PROOF)
    except subprocess.TimeoutExpired:
        return f"no end within {PROOF} s"
    return "ok" if proof.returncode == 0 else (proof.stdout + proof.stderr)[-600:]


def delivered(load, clients, files, healed, patience):
    """Waits until each receiver has each adjustment; how long after the fault's end that was."""
    owed = {(client.tenant.id, o["seq"]) for client in clients for o in client.done if o["query"] is ADJUST}
    until, report = time.time() + patience, {}
    for file in files:
        while True:
            got = {}
            with open(file) as f:
                for line in f:
                    tenant, seq, moment = line.split()
                    got.setdefault((tenant, int(seq)), float(moment))
            missing = owed - set(got)
            if not missing or time.time() > until:
                break
            time.sleep(1)
        last = max((got[message] for message in owed - missing), default=healed)
        report[os.path.basename(file)] = {"owed": len(owed), "missing": len(missing), "complete_s": round(last - healed, 1)}
    return report


class Letters(threading.Thread):
    """Invites somebody each second, who gets a letter by e-mail."""

    INVITE = (
        "mutation($email: String!, $roles: [ID!]!, $key: String!) {"
        " memberInvite(email: $email, roleIds: $roles, scope: { all: true }, idempotencyKey: $key) { userErrors { code message } } }"
    )

    def __init__(self, load, file, healed):
        super().__init__(daemon=True)
        self.load, self.file, self.healed = load, file, healed
        self.sent, self.took = 0, []

    def run(self):
        api = self.load.tenants[0].api
        try:
            role = api.ask("{ roles { id key } }")["roles"][0]["id"]
            while time.time() < self.load.until:
                began = time.time()
                given = {"email": f"guest-{self.sent}@example.com", "roles": [role], "key": f"guest-{self.sent}"}
                said = api.ask(self.INVITE, **given)["memberInvite"]["userErrors"]
                if said:
                    raise RuntimeError(f"invitation {self.sent}: {said}")
                self.took.append(time.time() - began)
                self.sent += 1
                time.sleep(max(0.0, 1 - (time.time() - began)))
        except BaseException as fault:  # noqa: BLE001 - told in the line of JSON
            self.load.wrong.append(f"letters: {fault!r}")

    def report(self, patience):
        """How many letters came, and how long after the fault's end the last one did."""
        until = time.time() + patience
        while True:
            with open(self.file) as f:
                moments = [float(line) for line in f]
            if len(moments) >= self.sent or time.time() > until:
                break
            time.sleep(1)
        slowest = round(max(self.took, default=0), 2)
        return {"invited": self.sent, "letters": len(moments), "last_s": round(max(moments, default=0) - self.healed(), 1), "slowest_invitation_s": slowest}


class Shipping(threading.Thread):
    """Reads how far the log of an embedded database is behind in the bucket, twice a second."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.seen, self.is_over = port, [], False

    def lag(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        value = next((line.split()[1] for line in text.splitlines() if line.startswith("entrepot_wal_shipping_lag_seconds ")), None)
        return None if value is None else float(value)

    def run(self):
        while not self.is_over:
            try:
                self.seen.append((time.time(), self.lag()))
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.5)

    def report(self, healed):
        """The longest lag, that in the last five seconds, and when after the fault's end it was below ten seconds for good."""
        known = [(moment, lag) for moment, lag in self.seen if lag is not None]
        late = [moment for moment, lag in known if lag >= 10]
        return {
            "longest_lag_s": round(max((lag for _, lag in known), default=-1), 1),
            "lag_at_end_s": round(max((lag for _, lag in known[-10:]), default=-1), 1),
            "caught_up_s": round(max(late, default=healed) - healed, 1),
        }


def late(name, line):
    """What took longer than it may: bounds of outages, of what is sent meanwhile, and of the time after the fault."""
    found = []

    def bound(what, value, most):
        if value is None or value > most:
            found.append(f"{what}: {value} s, at most {most}")

    if name != "soak":
        bound("first write after the end", line["first_write_s"], FIRST_WRITE)
        bound("last refusal after the end", line["last_refusal_s"] or 0, LAST_REFUSAL)
        bound("no write was answered for", line["away_s"], line["fault_s"] + BEYOND if name in AWAY else GAP)
    if "letters" in line and line["letters"]["letters"] < line["letters"]["invited"]:
        found.append(f"letters: {line['letters']}")
    if "shipping" in line:
        bound("the shipped log is behind at the end", line["shipping"]["lag_at_end_s"] if line["shipping"]["lag_at_end_s"] >= 0 else None, 10)
    # The receiver that is well must not wait for the other.
    bound("messages of the receiver that is well", line.get("webhooks", {}).get("well.got", {}).get("complete_s", 0), LAST_REFUSAL + 20)
    return found


def without_effect(name, line, probes, marks, files, ask_database):
    """Why the fault cannot have happened, or None: a fault that did not happen proves nothing."""

    def quiet(file):
        """Nothing came between the first seconds of the fault and its end."""
        with open(file) as f:
            return not any(marks["fault"] + 2 < float(row.split()[-1]) < marks["healed"] for row in f)

    if name in STOPPED:
        started = float(ask_database("SELECT extract(epoch FROM pg_postmaster_start_time())")[0])
        return None if started > marks["fault"] else "Postgres is the one of before"
    if name in NODE_FAULTS | {"postgres-paused", "black-hole"}:
        return None if line["unready_s"] > 3 else "each node was ready all the time"
    if name == "disk-full":
        return None if "UNAVAILABLE" in line["refusals"] else "each write had its place"
    if name.startswith("redis-") or name == "nodes-cut":
        return None if any(probe.degraded for probe in probes) else "no node said that Redis is away"
    if name.startswith("clock-"):
        return None if max(probe.shift for probe in probes) > 3_000 else "no node's clock differed by an hour"
    if name.startswith("hooks-"):
        return None if quiet(files["hooks"]) else "the receiver took messages"
    if name.startswith("mail-"):
        return None if quiet(files["mail"]) else "the mail server took letters"
    if name in ("bucket-dead", "bucket-slow"):
        return None if line["shipping"]["longest_lag_s"] > 3 else "the log was in the bucket all the time"
    return None


def load_command(options):
    load = Load(options)
    probes = [Probe(port) for port in load.nodes]
    for probe in probes:
        probe.start()
    watcher = Watcher(options.watch, load.tenants[0]) if options.watch else None
    if watcher:
        watcher.start()
        if not watcher.is_ready.wait(30):
            sys.exit(f"faults: the stream does not begin: {watcher.wrong}")
    with open(options.ready, "w"):
        pass
    began, samples = time.time(), {}
    marks = {}
    letters = Letters(load, options.letters, lambda: marks["healed"]) if options.letters else None
    shipping = Shipping(options.shipping) if options.shipping else None
    samples["start"] = process_figures(options.pids)
    early = threading.Timer(options.seconds / 3, lambda: samples.update(early=process_figures(options.pids)))
    if options.soak:
        early.start()
        load.resting = began + options.seconds / 3 + 1
        rested = threading.Timer(options.seconds / 3 + REST, lambda: samples.update(rested=process_figures(options.pids)))
        rested.start()
    clients = load.run(options.seconds, [helper for helper in (letters, shipping) if helper])
    samples["end"] = process_figures(options.pids)
    if os.path.exists(options.marks):
        with open(options.marks) as f:
            marks.update({word: float(moment) for word, moment in (line.split() for line in f)})
    if "healed" not in marks:
        load.wrong.append("the load ended before the fault")
        marks["healed"] = time.time()
    for probe in probes:
        probe.is_over = True
    for probe in probes:
        probe.join()
    line = {"fault": options.name, "what": options.what, **figures(clients, marks, began)}
    line["unready_s"] = round(max(probe.unready() for probe in probes), 1)

    def ask_database(sql):
        if options.database.startswith("sqlite://"):
            with contextlib.closing(sqlite3.connect(f"file:{options.database.removeprefix('sqlite://')}?mode=ro", uri=True)) as database:
                return [row[0] for row in database.execute(sql)]
        answer = subprocess.run([options.psql, "-XAtq", options.database, "-c", sql], capture_output=True, text=True, timeout=60, check=True)
        return answer.stdout.splitlines()

    try:
        line["repeats_wrong"] = repeat(load, clients, list(marks.values()) or [began])
        line.update(check(load, clients, ask_database))
        if options.received:
            line["webhooks"] = delivered(load, clients, options.received, marks["healed"], 420)
        if watcher:
            of_company = [o for client in clients if client.tenant is load.tenants[0] for o in client.done if o["query"] is ADJUST]
            line["stream"] = watcher.report(of_company, 30)
            load.wrong += [f"stream: {line['stream']}"] if line["stream"]["missing"] or line["stream"]["wrong"] else []
        if letters:
            line["letters"] = letters.report(60)
        if shipping:
            shipping.is_over = True
            shipping.join()
            line["shipping"] = shipping.report(marks["healed"])
        files = {"hooks": next(iter(options.received), None), "mail": options.letters}
        load.wrong += late(options.name, line)
        load.wrong += filter(None, [without_effect(options.name, line, probes, marks, files, ask_database)])
    except BaseException as fault:  # noqa: BLE001 - a node that does not come back is a result
        load.wrong.append(f"check: {fault!r}")
    for client in clients:
        client.close()
    time.sleep(3)
    samples["rest"] = process_figures(options.pids)
    line["processes"] = samples
    if options.soak:
        line["grown"] = grown(samples)
    line["verify"] = proven(options)
    line["wrong"] = load.wrong
    with open(options.out, "a") as f:
        f.write(json.dumps(line) + "\n")
    print(json.dumps(line), file=sys.stderr)
    load.folder.cleanup()
    faults = ["lost", "twice", "open", "unasked", "levels_wrong", "repeats_wrong", "wrong", "grown"]
    missing = sum(receiver["missing"] for receiver in line.get("webhooks", {}).values())
    return 0 if line["verify"] == "ok" and not missing and not any(line.get(name) for name in faults) else 1


def swallow(sides, is_cut):
    """Reads and drops. No side learns that the other has closed as long as the network is cut; then that ends both, as a packet of the living one would."""
    left = list(sides)
    while left and (is_cut() or len(left) == len(sides)):
        ready, _, _ = select.select(left, [], [], 0.2)
        for side in ready:
            try:
                data = side.recv(65536)
            except OSError:
                data = b""
            if not data:
                left.remove(side)


def forward(sides, is_cut):
    """From each side to the other until one closes, or the network is cut."""
    while True:
        ready, _, _ = select.select(list(sides), [], [], 0.2)
        if is_cut():
            swallow(list(sides), is_cut)
            return
        for side in ready:
            data = side.recv(65536)
            if not data:
                return
            sides[side].sendall(data)


def proxy_command(options):
    """Connections that lived while the switch was there stay mute, as behind a firewall that forgot them. One that comes meanwhile reaches nothing."""
    target = ("127.0.0.1", int(options.target))

    def is_cut():
        return os.path.exists(options.switch)

    def pump(client):
        with client:
            if is_cut():
                swallow([client], is_cut)
                return
            with socket.create_connection(target) as server:
                forward({client: server, server: client}, is_cut)

    listener = socket.create_server(("127.0.0.1", int(options.port)), backlog=256)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=quietly, args=(pump, client), daemon=True).start()


def quietly(work, *arguments):
    try:
        work(*arguments)
    except OSError:
        pass


def receiver_command(options):
    lock = threading.Lock()

    class Hooks(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if os.path.exists(options.switch):
                time.sleep(20)  # the sender waits 15 s
                self.close_connection = True
                return
            with lock, open(options.file, "a") as f:
                f.write(f"{body['tenantId']} {body['seq']} {time.time()}\n")
            self.send_response(204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with open(options.file, "a"):
        pass
    http.server.ThreadingHTTPServer(("127.0.0.1", int(options.port)), Hooks).serve_forever()


def seconds(value):
    return "never" if value is None else f"{value:.1f} s"


def table_command(options):
    with open(options.file) as f:
        all_lines = [json.loads(line) for line in f]
    lines = [line for line in all_lines if line["fault"] != "overload"]
    print("| fault | it lasted | no write was answered for | one write took at most | first write after its end | not ready | refused attempts | p99 before, over all | answered | lost, twice |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for line in lines:
        refusals = ", ".join(f"{count:,} {code if ' ' in code else '`' + code + '`'}" for code, count in sorted(line["refusals"].items())) or "none"
        print(f"| {line['what']} | {seconds(line['fault_s'])} | {seconds(line['away_s'])} | {seconds(line['longest_write_s'])} | {seconds(line['first_write_s'])}"
              f" | {seconds(line['unready_s'])} | {refusals} | {line['p99_before_ms']} ms, {line['p99_ms']} ms | {line.get('answered', 0):,}"
              f" | {len(line.get('lost', []))}, {len(line.get('twice', []))} |")  # fmt: skip
    for line in lines:
        if (line["last_refusal_s"] or 0) > 0:
            print(f"\n{line['fault']}: the last refusal came {line['last_refusal_s']} s after its end")
        for name in ("open", "unasked", "levels_wrong", "repeats_wrong", "wrong", "grown", "stream", "letters", "shipping"):
            if line.get(name):
                print(f"\n{line['fault']}: {name}: {line[name][:3] if isinstance(line[name], list) else line[name]}")
        if line["verify"] != "ok":
            print(f"\n{line['fault']}: verify: {line['verify']}")
        for name, receiver in line.get("webhooks", {}).items():
            print(f"\n{line['fault']}: {name}: {receiver}")
        if line["fault"] == "soak":
            print(f"\nsoak: {line['processes']}")
    for line in all_lines:
        if line["fault"] == "overload":
            print(f"\noverload: {line}")
    return 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = p.add_subparsers(dest="command", required=True)
    load = commands.add_parser("load")
    for name in ("name", "what", "out", "marks", "ready", "psql", "database", "binary"):
        load.add_argument("--" + name, required=True)
    load.add_argument("--nodes", type=int, nargs="+", required=True, help="ports")
    load.add_argument("--pids", nargs="+", required=True, help="files with the nodes' process ids")
    load.add_argument("--seconds", type=float, default=60, help="%(default)s")
    load.add_argument("--settle", type=float, default=60, help="seconds more for what has no answer yet, %(default)s")
    load.add_argument("--pause", type=float, default=0.02, help="seconds between two operations of a client, %(default)s")
    load.add_argument("--webhooks", type=int, nargs="*", default=[], help="ports of receivers")
    load.add_argument("--received", nargs="*", default=[], help="files that receivers write")
    load.add_argument("--soak", action="store_true")
    load.add_argument("--watch", type=int, help="port of a node at which a stream of the first company is followed")
    load.add_argument("--letters", help="file that a mail server writes")
    load.add_argument("--shipping", type=int, help="port of the metrics of a node that ships its log")
    for command, arguments in [("proxy", ("port", "target", "switch")), ("receiver", ("port", "file", "switch")), ("table", ("file",))]:
        parser = commands.add_parser(command)
        for name in arguments:
            parser.add_argument(name)
    options = p.parse_args()
    work = {"load": load_command, "proxy": proxy_command, "receiver": receiver_command, "table": table_command}
    return work[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
