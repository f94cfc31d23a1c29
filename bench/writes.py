#!/usr/bin/env python3
"""Sends the operations of bench/targets/entrepot.toml: what the kit's generator does, in Python, where that is not built.

  writes.py --work w2 [--conns 64] [--secs 5] [--warm 2] [--seed 1] [--rate N]

Closed loop: each connection sends the next operation when it has its answer; with --rate no more than N a second in all.
It uses one core nearly whole, so its rates are lower than those of the kit's generator: compare only rates of the same one.
Environment as for the kit: ENTREPOT_TOKEN, ENTREPOT_RUN, ENTREPOT_BENCH_DATA, ENTREPOT_BENCH_PORT. Prints a line of JSON.
"""

import argparse
import asyncio
import json
import os
import random
import re
import time
import tomllib

from measured import share


def from_environment(text):
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: os.environ.get(m[1], m[2] or ""), text)


class Work:
    """One operation of the file, with new values in each request."""

    def __init__(self, name, seed):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "targets", "entrepot.toml"), "rb") as f:
            target = tomllib.load(f)
        work = target["work"][name]
        self.random, self.seq = random.Random(seed), 0
        self.query, self.expect = work["query"], work["expect"].encode()
        self.parts = re.split(r"\{\{(\w+)\}\}", from_environment(work["variables"]))
        self.vars = {var: self.drawn(target["vars"][var]) for var in set(self.parts[1::2]) - {"seq"}}
        self.port = os.environ.get("ENTREPOT_BENCH_PORT", "15530")
        self.token = os.environ["ENTREPOT_TOKEN"]

    def drawn(self, how):
        if "file" in how:
            with open(from_environment(how["file"])) as f:
                lines = f.read().split()
            return lambda: self.random.choice(lines)
        if "int" in how:
            return lambda: str(self.random.randint(*how["int"]))
        if "alt" in how:
            return lambda: how["alt"][self.seq % len(how["alt"])]
        return lambda: self.random.choice(how["choice"])

    def request(self):
        self.seq += 1
        texts = [part if i % 2 == 0 else str(self.seq) if part == "seq" else self.vars[part]() for i, part in enumerate(self.parts)]
        body = ('{"query":' + json.dumps(self.query) + ',"variables":' + "".join(texts) + "}").encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\ncontent-type: application/json\r\naccept: application/json\r\n"
            f"authorization: Bearer {self.token}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Client(asyncio.Protocol):
    def __init__(self, load):
        self.load, self.buffer, self.length, self.sent, self.transport = load, b"", None, 0.0, None

    def connection_made(self, transport):
        self.transport = transport
        self.next()

    def next(self):
        now = time.perf_counter()
        if now >= self.load.until:
            self.transport.close()
            return
        if (wait := self.load.wait(now)) > 0:
            asyncio.get_running_loop().call_later(wait, self.send)
        else:
            self.send()

    def send(self):
        self.sent, self.buffer, self.length = time.perf_counter(), b"", None
        self.transport.write(self.load.work.request())

    def data_received(self, data):
        self.buffer += data
        if self.length is None:
            head, mark, _ = self.buffer.partition(b"\r\n\r\n")
            if not mark:
                return
            length = re.search(rb"(?i)\ncontent-length:\s*(\d+)", head)
            if length is None:
                self.load.fail("an answer without a length")
                self.transport.close()
                return
            self.length = len(head) + 4 + int(length[1])
        if len(self.buffer) >= self.length:
            self.load.answered(time.perf_counter(), self.sent, self.buffer)
            self.next()

    def connection_lost(self, error):
        if error:
            self.load.fail(str(error))
        self.load.left -= 1


class Load:
    def __init__(self, options):
        self.work, self.conns, self.rate = Work(options.work, options.seed), options.conns, options.rate
        self.begin = time.perf_counter() + options.warm
        self.until, self.secs = self.begin + options.secs, options.secs
        self.took, self.count, self.errors, self.first_error, self.left = [], 0, 0, None, options.conns
        self.slot = time.perf_counter()

    def wait(self, now):
        if not self.rate:
            return 0
        self.slot = max(self.slot + 1 / self.rate, now - 0.2)
        return self.slot - now

    def fail(self, what):
        self.errors += 1
        self.first_error = self.first_error or what

    def answered(self, now, sent, answer):
        if b" 200 " not in answer[:16] or self.work.expect not in answer:
            self.fail(answer[-400:].decode(errors="replace"))
            return
        self.count += 1
        if self.begin <= now < self.until:
            self.took.append(now - sent)

    async def run(self):
        loop = asyncio.get_running_loop()
        for _ in range(self.conns):
            await loop.create_connection(lambda: Client(self), "127.0.0.1", int(self.work.port))
        while self.left and time.perf_counter() < self.until + 30:
            await asyncio.sleep(0.05)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", required=True)
    for name, default in (("conns", 64), ("seed", 1)):
        p.add_argument("--" + name, type=int, default=default, help="%(default)s")
    for name, default in (("secs", 5), ("warm", 2), ("rate", 0)):
        p.add_argument("--" + name, type=float, default=default, help="%(default)s")
    o = p.parse_args()
    load = Load(o)
    asyncio.run(load.run())
    line = {"work": o.work, "generator": "python", "rps": round(len(load.took) / load.secs, 1), "answered": load.count, "err": load.errors}
    if load.took:
        line |= {"p50_ms": round(share(load.took, 0.5) * 1000, 2), "p99_ms": round(share(load.took, 0.99) * 1000, 2)}
    if load.first_error:
        line["first_err"] = load.first_error
    print(json.dumps(line))


if __name__ == "__main__":
    main()
