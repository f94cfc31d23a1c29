"""Subscribers of bench/faults.py and bench/upgrade.py: they follow a stream, and come back when their connection ends. A library."""

import bisect
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
        # The highest number of a change so far, each time that it rose, and when that was.
        self.seqs, self.moments = [], []
        self.resets, self.wrong = 0, None

    def fail(self, fault):
        self.wrong = repr(fault)

    def take(self, answer):
        if answer.get("errors"):
            # As while its node has no database: it comes back.
            return False
        item, now = answer["data"]["stockChanged"], time.time()
        if item["phase"] == "RESET":
            self.resets += 1
            self.cursor = None
            return False
        if item["phase"] == "SNAPSHOT":
            return True
        self.cursor = item["cursor"]
        if item["phase"] == "READY":
            self.is_ready.set()
        seqs = [int(change["seq"]) for change in item["changes"] or []]
        if seqs and (not self.seqs or max(seqs) > self.seqs[-1]):
            self.seqs.append(max(seqs))
            self.moments.append(now)
        return True

    def report(self, done, patience):
        """Seconds from the answer of each change to the first moment at which the stream was as far."""
        owed, until = sorted((int(one["seq"]), one["ended"]) for one in done), time.time() + patience
        while owed and time.time() < until and not self.wrong and (not self.seqs or self.seqs[-1] < owed[-1][0]):
            time.sleep(0.2)
        self.is_over = True
        seqs, lags = list(self.seqs), []
        for seq, ended in owed:
            at = bisect.bisect_left(seqs, seq)
            if at < len(seqs):
                lags.append(max(0.0, self.moments[at] - ended))
        lags.sort()
        # A reset begins the stream anew, with a snapshot in the place of what was missed.
        return {
            "changes": len(owed), "missing": len(owed) - len(lags), "p50_s": round(lags[len(lags) // 2], 2) if lags else None,
            "latest_s": round(lags[-1], 2) if lags else None, "opened": self.opened, "resets": self.resets, "wrong": self.wrong,
        }  # fmt: skip
