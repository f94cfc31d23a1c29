"""Subscribers of bench/faults.py and bench/upgrade.py: they follow a stream, and come back when their connection ends. A library."""

import http.client
import json
import threading
import time

WATCH = "subscription { stockChanged { phase cursor changes { seq } } }"


class Follower(threading.Thread):
    """Follows a subscription by server-sent events, and comes back with its cursor when its connection ends.

    A subclass says what to `watch`, takes each answer (`take` gives False where the stream has ended), and is told what ends it (`fail`).
    """

    def __init__(self, port, tenant):
        super().__init__(daemon=True)
        self.port, self.tenant, self.cursor = port, tenant, None
        self.opened, self.is_over = 0, False
        self.is_ready = threading.Event()

    def run(self):
        while not self.is_over:
            try:
                self.follow()
            except (OSError, http.client.HTTPException):
                pass
            except BaseException as fault:  # noqa: BLE001 - told in the line of JSON
                self.fail(fault)
                return
            if not self.is_over:
                time.sleep(0.2)

    def follow(self):
        headers = {"content-type": "application/json", "accept": "text/event-stream", "authorization": "Bearer " + self.tenant.api.account["token"]}
        if self.cursor:
            headers["last-event-id"] = self.cursor
        # Something comes every 20 seconds.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/graphql", json.dumps({"query": self.watch}), headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise http.client.HTTPException(f"HTTP {answer.status}")
            self.opened += 1
            self.read(answer)
        finally:
            connection.close()

    def read(self, answer):
        kind, data = None, []
        while not self.is_over:
            raw = answer.readline()
            if not raw:
                return
            line = raw.decode().rstrip("\r\n")
            name, _, value = line.partition(":")
            if name == "event":
                kind = value.strip()
            elif name == "data":
                data.append(value.removeprefix(" "))
            elif not line:
                if kind == "complete" or (kind == "next" and not self.take(json.loads("\n".join(data)))):
                    return
                kind, data = None, []


class Watcher(Follower):
    """Follows all levels of one company, to see how long after its answer a change reaches a stream at one node."""

    watch = WATCH

    def __init__(self, port, tenant):
        super().__init__(port, tenant)
        # When each change came first, by its number; and when snapshots after a reset were complete, which have all that was changed before they were asked for.
        self.arrived, self.snapshots = {}, []
        self.resets, self.wrong, self.asked = 0, None, None

    def fail(self, fault):
        self.wrong = repr(fault)

    def take(self, answer):
        if answer.get("errors"):
            # As while its node has no database: it comes back.
            return False
        item, now = answer["data"]["stockChanged"], time.time()
        if item["phase"] == "RESET":
            self.resets += 1
            self.cursor, self.asked = None, now
            return False
        if item["phase"] == "SNAPSHOT":
            return True
        self.cursor = item["cursor"]
        if item["phase"] == "READY":
            self.is_ready.set()
            if self.asked:
                self.snapshots.append((self.asked, now))
                self.asked = None
        for change in item["changes"] or []:
            self.arrived.setdefault(int(change["seq"]), now)
        return True

    def moment(self, seq, ended):
        """When a change had arrived: by itself, or in the snapshot of a reset."""
        return self.arrived.get(seq) or next((complete for asked, complete in self.snapshots if asked >= ended), None)

    def report(self, done, patience):
        """Seconds from the answer of each change until it arrived."""
        owed, until = [(int(one["seq"]), one["ended"]) for one in done], time.time() + patience
        while time.time() < until and not self.wrong and any(self.moment(*one) is None for one in owed):
            time.sleep(0.5)
        self.is_over = True
        lags = sorted(max(0.0, moment - ended) for seq, ended in owed if (moment := self.moment(seq, ended)) is not None)
        return {
            "changes": len(owed), "missing": len(owed) - len(lags), "p50_s": round(lags[len(lags) // 2], 2) if lags else None,
            "latest_s": round(lags[-1], 2) if lags else None, "opened": self.opened, "resets": self.resets, "wrong": self.wrong,
        }  # fmt: skip
