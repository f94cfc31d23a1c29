#!/usr/bin/env python3
"""Lists, searches, edits and a wave of orders over many rows, through the public API only; called by bench/lists.sh.

  lists.py --url URL --account DIR --out FILE --on DB [--products N] [--orders N] [--works N] [--rounds N] [--wave N] [--threads N] [--filled]

Fills a tenant of its own by imports: N products (1,000,000) with names of three words, N orders (1,000,000) of one to three lines
in 20 stores, of which --works (100,000) are confirmed and wait in a store, the others sold. Then measures, one client, each request
another one: --rounds (200) requests of each kind, p95. At last a store of 100,000 levels, of which ten differ from a copy. With --filled DIR is a tenant that an earlier run filled.
"""

import argparse
import datetime
import json
import os
import statistics
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients", "python", "src", "entrepot"))

from digest import MOST_ASKED, differing, digest_of
from load import Api, Refused, h, in_parallel, iso, say
from measured import Asker, Failed, Figures, share
from warehouse import Warehouse

STORES, CUSTOMERS, SOLD = 20, 2_000, 1_000  # products that orders are of
SYLLABLES = "ba co du fe gi ho ju ka le mi no pu ra so ti ve wa xo yu za".split()
AT_A_TIME = 250_000  # rows of an import
INTROSPECTION = """{ __schema { queryType { name } mutationType { name } subscriptionType { name } types { kind name description fields(includeDeprecated: true)
  { name description args { name description type { ...T } defaultValue } type { ...T } isDeprecated deprecationReason } inputFields { name description type { ...T } defaultValue }
  interfaces { ...T } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...T } }
  directives { name description locations args { name description type { ...T } defaultValue } } } }
  fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }"""


def word(n):
    """Word n of 8,000: three syllables."""
    return SYLLABLES[n % 20] + SYLLABLES[n // 20 % 20] + SYLLABLES[n // 400 % 20]


def name_of(n):
    """Few words are frequent and many are rare, as in a catalogue: the first of the three is of 40, the second of 800, the third of all."""
    return f"{word(h(n, 1) % 40)} {word(40 + h(n, 2) % 800)} {word(h(n, 3) % 8_000)} {n}"


class Lists:
    def __init__(self, api, o):
        self.api, self.o, self.asker = api, o, Asker(api)
        self.figures, self.mark = Figures(o.out, o.on), time.time_ns()

    def key(self, what):
        self.mark += 1
        return f"{what}-{self.mark}"

    # ── filling ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def imported(self, house, noun, head, rows, count):
        """Rows by their number, in as many imports as are needed; how many a second."""
        began = time.monotonic()
        for start in range(0, count, AT_A_TIME):
            text = head + "\n" + "".join(rows(n) for n in range(start, min(start + AT_A_TIME, count)))
            house.brought_in(noun, text)
            say(f"  {noun.lower()}: {min(start + AT_A_TIME, count):,} of {count:,} after {time.monotonic() - began:.0f} s")

    def fill(self):
        o, house = self.o, Warehouse(self.api, None)
        house.keys = time.time_ns()
        now = datetime.datetime.now(datetime.timezone.utc)
        for n in range(STORES):
            self.api.change("storeCreate", {"code": f"L{n:02}", "name": f"Store {n}"}, "store { id }")
        self.imported(house, "PRODUCTS", "sku,name,price", lambda n: f"sku-{n},{name_of(n)},{1 + n % 90}.50\n", o.products)
        self.imported(house, "CUSTOMERS", "externalRef,name", lambda n: f"C{n:05},Customer {n}\n", CUSTOMERS)
        sold = min(SOLD, o.products)
        self.imported(house, "STOCK_CHANGES", "sku,store,delta", lambda n: f"sku-{n % sold},L{n // sold:02},1000000\n", sold * STORES)
        each = max(1, o.orders // max(1, o.works))

        def order(n):
            status = "CONFIRMED" if n % each == 0 and n // each < o.works else "FULFILLED"
            placed = iso(now - datetime.timedelta(days=300 * (o.orders - n) / o.orders))
            head = f"ORDER-{n:07},L{h(n, 7) % STORES:02},C{h(n, 8) % CUSTOMERS:05},{placed},{status}"
            return "".join(f"{head},sku-{(h(n, 9) + line) % sold},{1 + (n + line) % 4}\n" for line in range(1 + n % 3))

        self.imported(house, "ORDERS", "externalRef,store,customer,placedAt,status,sku,quantity", order, o.orders)

    # ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────────

    def p95(self, what, query, variables, reach=None, rows=None, rounds=None):
        """Each round with variables of its own. `rows` finds the rows of an answer: the figure is of answers that have some."""
        took, found = [], []
        for n in range(rounds or self.o.rounds):
            seconds, data = self.asker.timed(query, **variables(n))
            took.append(seconds)
            found.append(len(rows(data)) if rows else 1)
        note = f"median {1000 * statistics.median(took):.1f} ms, most {1000 * max(took):.1f} ms" + (f", {statistics.median(found):.0f} rows" if rows else "")
        if rows and not any(found):
            raise Failed(f"{what}: no answer has a row")
        self.figures.add(what + ", p95", 1000 * share(took, 0.95), "ms", reach, note=note)

    def pages(self):
        page = """query($after: Cursor, $store: ID) { orders(first: 50, after: $after, filter: { store: { eq: $store } }) { nodes { id number status placedAt total { amount }
          customer { id name } store { code } lines { id sku name quantity unitPrice { amount } product { id sku name } }
          fulfilments { id status shippedAt parcels { id trackingNumber } } } pageInfo { hasNextPage endCursor } } }"""
        stores = self.api.ask("{ stores(first: 50) { nodes { id } } }")["stores"]["nodes"]
        cursors = {}

        def variables(n):
            store = stores[n % len(stores)]["id"]
            return {"store": store, "after": cursors.get(store)}

        took, rows = [], []
        for n in range(self.o.rounds):
            given = variables(n)
            seconds, data = self.asker.timed(page, **given)
            took.append(seconds)
            rows.append(len(data["orders"]["nodes"]))
            cursors[given["store"]] = data["orders"]["pageInfo"]["endCursor"] if data["orders"]["pageInfo"]["hasNextPage"] else None
        self.figures.add("page of 50 orders with lines, customer, fulfilments, p95", 1000 * share(took, 0.95), "ms", 50, note=f"median {1000 * statistics.median(took):.1f} ms, {statistics.mean(rows):.0f} rows")

    def searches(self):
        o = self.o
        products = "query($s: String!) { products(filter: { search: $s }, first: 50) { nodes { id sku name price { amount } } pageInfo { hasNextPage } } }"
        nodes = lambda data: data["products"]["nodes"]
        some = lambda n: name_of(h(n, 77) % o.products).split()
        for what, text in (
            ("one rare word", lambda n: some(n)[2]),
            ("one frequent word", lambda n: word(n % 40)),
            ("two words", lambda n: " ".join(some(n)[:2])),
            ("beginning of a word", lambda n: some(n)[1][:4]),
            ("a word with a typo", lambda n: some(n)[1][:2] + "q" + some(n)[1][3:] + " " + some(n)[2]),
            ("a typo beside a frequent word", lambda n: some(n)[1][:2] + "q" + some(n)[1][3:] + " " + some(n)[0]),
            ("SKU", lambda n: f"sku-{h(n, 78) % o.products}"),
        ):
            self.p95(f"{o.products:,} products, search: {what}", products, lambda n: {"s": text(n)}, 50, None if "typo" in what else nodes)
        ranked = "query($s: String!) { products(filter: { search: $s }, first: 50, orderBy: { field: RELEVANCE }) { nodes { id sku name } } }"
        self.p95(f"{o.products:,} products, search by relevance: two words", ranked, lambda n: {"s": " ".join(some(n)[:2])}, 50, nodes)
        everything = "query($s: String!, $after: Cursor) { search(query: $s, first: 20, after: $after) { nodes { kind tier title node { id } } pageInfo { endCursor } totalCount { count } } }"
        results = lambda data: data["search"]["nodes"]
        self.p95(f"search over all kinds, {o.products:,} products and {o.orders:,} orders: two words", everything, lambda n: {"s": " ".join(some(n)[:2])}, 50, results)
        self.p95("search over all kinds: reference of an order", everything, lambda n: {"s": f"ORDER-{h(n, 79) % o.orders:07}"}, 50, results)
        # What finds more than all pages have, page by page; behind the last one it begins again.
        took, cursors = [], {}
        for n in range(o.rounds):
            text = ("ORDER-0", "sku-1", word(n % 3))[n % 3]
            seconds, data = self.asker.timed(everything, s=text, after=cursors.get(text))
            took.append(seconds)
            cursors[text] = data["search"]["pageInfo"]["endCursor"]
        self.figures.add("search over all kinds: pages of a common beginning, p95", 1000 * share(took, 0.95), "ms", 50, note=f"median {1000 * statistics.median(took):.1f} ms, most {1000 * max(took):.1f} ms")
        orders = """query($s: String!) { orders(filter: { search: $s }, first: 50) { nodes { id number status total { amount } customer { id name } } pageInfo { hasNextPage } } }"""
        nodes = lambda data: data["orders"]["nodes"]
        for what, text in (
            ("reference", lambda n: f"ORDER-{h(n, 79) % o.orders:07}"),
            ("beginning of a reference", lambda n: f"ORDER-{h(n, 80) % o.orders:07}"[:10]),
            ("customer's reference", lambda n: f"C{h(n, 81) % CUSTOMERS:05}"),
            ("number", lambda n: str(1 + h(n, 82) % o.orders)),
            ("reference and customer, mostly without a row", lambda n: f"ORDER-{h(n, 83) % o.orders:07}"[:9] + f" C{h(n, 84) % CUSTOMERS:05}"),
        ):
            self.p95(f"{o.orders:,} orders, search: {what}", orders, lambda n: {"s": text(n)}, 50, None if "without" in what else nodes)

    def totals(self):
        """The same page with and without totalCount, in turn: what it adds to the median and to the mean."""
        o = self.o
        for what, list_, given, nodes in (
            ("products", "products(first: 50, after: $after)", None, "id sku name price { amount } category { id name } stock { onHand store { id code } }"),
            ("products, searched", "products(first: 50, after: $after, filter: { search: $s })", lambda n: word(n % 40), "id sku name price { amount } stock { onHand store { id code } }"),
            ("orders", "orders(first: 50, after: $after)", None, "id number status total { amount } customer { id name } lines { id quantity product { id sku name } }"),
            ("orders, searched", "orders(first: 50, after: $after, filter: { search: $s })", lambda n: f"C{h(n, 85) % CUSTOMERS:05}", "id number status total { amount } customer { id name } lines { id quantity product { id sku name } }"),
            ("orders, of one status", "orders(first: 50, after: $after, filter: { status: [FULFILLED] })", None, "id number status total { amount } customer { id name } lines { id quantity product { id sku name } }"),
        ):  # fmt: skip
            takes = "query($after: Cursor" + (", $s: String!" if given else "") + ")"
            text = f"{takes} {{ {list_} {{ %s nodes {{ {nodes} }} pageInfo {{ hasNextPage endCursor }} }} }}"
            plain, counted, cursor = [], [], None
            for n in range(o.rounds):
                variables = {"after": cursor, **({"s": given(n)} if given else {})}
                pair = [(plain, ""), (counted, "totalCount { count precision }")]
                for times, more in pair if n % 2 else reversed(pair):
                    seconds, data = self.asker.timed(text % more, **variables)
                    times.append(seconds)
                info = data[list_.split("(")[0]]["pageInfo"]
                cursor = info["endCursor"] if info["hasNextPage"] and not given else None
            added = 100 * (statistics.median(counted) / statistics.median(plain) - 1)
            note = f"median {1000 * statistics.median(plain):.1f} ms without, {1000 * statistics.median(counted):.1f} ms with; means {1000 * statistics.mean(plain):.1f} and {1000 * statistics.mean(counted):.1f}"
            self.figures.add(f"totalCount adds to a page of 50 {what}", added, "%", 20, note=note)
            for how, times in (("without", plain), ("with", counted)):
                self.figures.add(f"page of 50 {what}, {how} totalCount, p95", 1000 * share(times, 0.95), "ms", note=f"most {1000 * max(times):.1f} ms")

    def drafts(self):
        """Twenty drafts, found among all orders, with their number."""
        for n in range(20):
            lines = [{"product": {"sku": f"sku-{n % min(SOLD, self.o.products)}"}, "quantity": 1}]
            self.asker.change("orderCreate", {"idempotencyKey": self.key("draft"), "store": {"code": "L00"}, "status": "DRAFT", "lines": lines}, "order { id }")
        drafts = "query { orders(first: 50, filter: { status: [DRAFT] }) { nodes { id number } totalCount { count } } }"
        self.p95(f"20 drafts among {self.o.orders:,} orders, with totalCount", drafts, lambda n: {}, 50, lambda data: data["orders"]["nodes"])

    def introspection(self):
        self.p95("introspection of the whole schema", INTROSPECTION, lambda n: {}, None, rounds=min(50, self.o.rounds))

    def edits(self):
        """Orders of 100 lines; each edit changes the quantity of every line, up and down in turn."""
        count = min(100, min(SOLD, self.o.products))
        lines = [{"product": {"sku": f"sku-{n}"}, "quantity": 5} for n in range(count)]
        _, made = self.asker.change("orderCreate", {"idempotencyKey": self.key("edited"), "store": {"code": "L00"}, "status": "CONFIRMED", "lines": lines}, "order { id version lines { id } }")
        order, all_, one = made["order"], [], []
        for n in range(max(10, self.o.rounds // 4)):
            for times, ids in ((all_, order["lines"]), (one, order["lines"][n % count : n % count + 1])):
                edit = {"idempotencyKey": self.key("edit"), "id": order["id"], "expectedVersion": order["version"], "setLines": [{"lineId": line["id"], "quantity": 4 + n % 3} for line in ids]}
                seconds, changed = self.asker.change("orderUpdate", edit, "order { version currentTotal { amount } lines { id quantity } }")
                times.append(seconds)
                order["version"] = changed["order"]["version"]
        for what, times in ((f"order of {count} lines, all of them edited", all_), (f"order of {count} lines, one of them edited", one)):
            self.figures.add(what + ", p95", 1000 * share(times, 0.95), "ms", 50, note=f"median {1000 * statistics.median(times):.1f} ms of {len(times)}")

    def ordered(self):
        """So many orders of three lines, in a new store of their own: the store and their works, none of them accepted."""
        o, sold = self.o, min(SOLD, self.o.products)
        code = self.key("WAVE")[-16:]
        store = self.api.change("storeCreate", {"code": code, "name": "Wave"}, "store { id }")["store"]["id"]
        stock = [{"product": {"sku": f"sku-{n}"}, "store": {"id": store}, "delta": 100_000} for n in range(min(sold, 300))]
        self.api.change("stockAdjust", {"idempotencyKey": self.key("stock"), "kind": "RECEIPT", "reasonCode": "OPENING", "changes": stock}, "seq")

        def order(n):
            lines = [{"product": {"sku": f"sku-{(3 * n + line) % len(stock)}"}, "quantity": 1 + line} for line in range(3)]
            self.api.change("orderCreate", {"idempotencyKey": self.key(f"wave-{n}"), "store": {"id": store}, "status": "CONFIRMED", "lines": lines}, "seq")

        in_parallel("orders of the wave", o.wave, o.threads, order)
        query = "query($s: ID!, $after: Cursor) { fulfilmentWorks(filter: { store: { eq: $s }, status: [OPEN] }, first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"
        works, after = [], None
        while True:
            page = self.api.ask(query, s=store, after=after)["fulfilmentWorks"]
            works += [work["id"] for work in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        if len(works) != o.wave:
            raise Failed(f"{o.wave} works were expected, and there are {len(works)}")
        return store, works

    def accepted(self, works):
        self.api.change("fulfilmentWorkAccept", {"idempotencyKey": self.key("accept"), "ids": works}, "seq")

    def left(self, store):
        left = self.api.ask("query($s: ID!) { fulfilmentWorks(filter: { store: { eq: $s }, status: [SHIPPED, DONE] }, first: 100) { nodes { id } } }", s=store)
        if len(left["fulfilmentWorks"]["nodes"]) < min(100, self.o.wave):
            raise Failed("not all works of the wave are shipped")

    def wave(self):
        """Waves of 200 works at most: each is accepted, made, picked, packed and shipped by a call for each step."""
        store, works = self.ordered()
        began, calls, steps = time.monotonic(), 0, dict.fromkeys(("Pick", "Pack", "Ship"), 0.0)
        for start in range(0, len(works), 200):
            own = works[start : start + 200]
            self.accepted(own)
            made = self.api.change("fulfilmentWaveCreate", {"idempotencyKey": self.key("wave"), "store": {"id": store}, "works": own}, "wave { id }")["wave"]
            for name in steps:
                since = time.monotonic()
                done = self.api.change(f"fulfilmentWave{name}", {"idempotencyKey": self.key(name), "id": made["id"]}, "results { work { status } userErrors { code message } }")
                steps[name] += time.monotonic() - since
                refused = [one["userErrors"] for one in done["results"] if one["userErrors"]]
                if refused or len(done["results"]) != len(own):
                    raise Failed(f"fulfilmentWave{name}: {len(done['results'])} results for {len(own)} works, refused: {json.dumps(refused[:3])}")
            calls += 2 + len(steps)
        took = time.monotonic() - began
        self.left(store)
        note = f"{calls} calls; " + ", ".join(f"{name.lower()} {seconds:.2f} s" for name, seconds in steps.items())
        self.figures.add(f"wave of {self.o.wave} orders picked, packed, shipped", took, "s", 10, note=note)

    def one_by_one(self):
        """As many orders, each picked, packed and shipped by calls of its own, with a tracking number."""
        o = self.o
        store, works = self.ordered()
        began = time.monotonic()
        for start in range(0, len(works), 200):
            self.accepted(works[start : start + 200])

        def step(n):
            for name, more in (("Pick", {}), ("Pack", {"parcels": [{"trackingNumber": f"T{n:09}"}]}), ("Ship", {})):
                self.api.change(f"fulfilmentWork{name}", {"idempotencyKey": self.key(name + str(n)), "id": works[n], **more}, "work { status }")

        in_parallel("works", len(works), o.threads, step)
        took = time.monotonic() - began
        self.left(store)
        self.figures.add(f"{o.wave} orders picked, packed, shipped one by one", took, "s", 10, note=f"{3 * len(works) + 1} calls by {o.threads} clients")

    def works(self):
        query = """query($s: ID!, $status: [WorkStatus!], $after: Cursor) { fulfilmentWorks(filter: { store: { eq: $s }, status: $status }, first: 50, after: $after) {
          nodes { id number status dueAt orderNumber lines { id sku quantity open } } pageInfo { hasNextPage endCursor } } }"""
        stores = [s["id"] for s in self.api.ask("{ stores(first: 50) { nodes { id code } } }")["stores"]["nodes"] if s["code"].startswith("L")]
        # Some of each store are begun, so that a state is not the same as all.
        for store in stores:
            ids = [w["id"] for w in self.asker.timed(query, s=store, status=["OPEN"])[1]["fulfilmentWorks"]["nodes"]]
            if ids:
                self.api.change("fulfilmentWorkAccept", {"idempotencyKey": self.key("begin"), "ids": ids[::2]}, "seq")
        counts = self.api.ask("{ fulfilmentWorksCount { status count } }")["fulfilmentWorksCount"]
        total = sum(c["count"] for c in counts)
        nodes = lambda data: data["fulfilmentWorks"]["nodes"]
        for what, status in (("OPEN", ["OPEN"]), ("ACCEPTED", ["ACCEPTED"]), ("two states", ["OPEN", "ACCEPTED"])):
            self.p95(f"{total:,} works, by store and state, {what}", query, lambda n: {"s": stores[n % len(stores)], "status": status}, 30, nodes)
        count = "query($s: ID!) { fulfilmentWorksCount(filter: { store: { eq: $s } }) { status count } }"
        self.p95(f"{total:,} works, counted by state of a store", count, lambda n: {"s": stores[n % len(stores)]}, None, rounds=50)

    def digest(self):
        """A store of 100,000 levels and a copy of it, of which ten differ: they are found in two calls."""
        count, differ, all_ = min(100_000, self.o.products), 10, 8192
        code = self.key("DIG")[-16:]
        store = {"id": self.api.change("storeCreate", {"code": code, "name": "Digest"}, "store { id }")["store"]["id"]}
        house = Warehouse(self.api, None)
        house.keys = time.time_ns()
        self.imported(house, "STOCK_CHANGES", "sku,store,delta", lambda n: f"sku-{n},{code},10\n", count)
        digest = "query($s: StoreRef!) { stockDigest(store: $s) { seq levels buckets hashes counts } }"
        levels = """query($s: StoreRef!, $in: [Int!]!, $after: Cursor) { stockDigestLevels(store: $s, in: $in, first: 250, after: $after) {
          nodes { productId version } pageInfo { hasNextPage endCursor } } }"""
        copy = {}
        for first in range(0, all_, MOST_ASKED):
            after, more = None, True
            while more:
                page = self.api.ask(levels, s=store, **{"in": list(range(first, first + MOST_ASKED))}, after=after)["stockDigestLevels"]
                copy |= {node["productId"]: node["version"] for node in page["nodes"]}
                after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        read = self.api.ask(digest, s=store)["stockDigest"]
        ours = digest_of(copy, read["buckets"])
        if len(copy) != count or read["levels"] != count or differing(ours, read["hashes"], read["counts"]):
            raise Failed(f"a copy of {len(copy):,} levels differs from the {read['levels']:,} that it was read from")
        moved = [{"product": {"sku": f"sku-{n * (count // differ)}"}, "store": store, "delta": 1} for n in range(differ)]
        self.api.change("stockAdjust", {"idempotencyKey": self.key("differ"), "reasonCode": "CORRECTION", "changes": moved}, "seq")
        began = time.monotonic()
        read = self.api.ask(digest, s=store)["stockDigest"]
        asked = differing(ours, read["hashes"], read["counts"])
        page = self.api.ask(levels, s=store, **{"in": asked})["stockDigestLevels"]
        took = time.monotonic() - began
        found = [node for node in page["nodes"] if copy.get(node["productId"]) != node["version"]]
        if len(found) != differ or page["pageInfo"]["hasNextPage"]:
            raise Failed(f"{len(found)} of {differ} levels that differ were found in two calls")
        self.figures.add(f"{differ} of {count:,} levels that differ, found in two calls", 1000 * took, "ms", note=f"{len(asked)} buckets, {len(page['nodes'])} levels")
        self.p95(f"digest of a store's {count:,} levels", digest, lambda n: {"s": store}, rounds=20)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("url", "account", "out", "on"):
        p.add_argument("--" + name, required=True)
    for name, default in (("products", 1_000_000), ("orders", 1_000_000), ("works", 100_000), ("rounds", 200), ("wave", 200), ("threads", 8)):
        p.add_argument("--" + name, type=int, default=default, help="%(default)s")
    p.add_argument("--filled", action="store_true")
    p.add_argument("--fill-only", action="store_true")
    o = p.parse_args()
    if o.wave < 1 or o.orders < 1 or o.products < 10:
        p.error("--products 10, --orders 1 and --wave 1 at least")
    if o.filled:
        api = Api.reopen(o.account)
        api.renew(api.account["token"])
    else:
        os.makedirs(o.account, exist_ok=True)
        api = Api(o.url, o.account)
        api.register("Lists")
    lists = Lists(api, o)
    if not o.filled:
        began = time.monotonic()
        lists.fill()
        say(f"filled after {time.monotonic() - began:.0f} s")
    if o.fill_only:
        return
    failed = 0
    parts = (lists.pages, lists.searches, lists.totals, lists.drafts, lists.introspection, lists.works)
    parts += (lists.edits, lists.wave, lists.one_by_one, lists.digest)
    for part in parts:
        try:
            part()
        except (Failed, Refused) as e:
            failed = 1
            lists.figures.add(part.__name__, "failed", "", 0, note=str(e)[:300])
    sys.exit(failed)


if __name__ == "__main__":
    try:
        main()
    except (Failed, Refused) as e:
        sys.exit(f"lists: {e}")
