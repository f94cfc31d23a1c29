#!/usr/bin/env python3
"""Fills an Entrepot with the data of the benchmark, through the public API only.

  load.py register --url URL --out DIR    a fresh tenant and its owner; nothing else
  load.py fill     --url URL --out DIR    the same, then stores, catalogue, customers, opening stock and orders
  load.py token    --out DIR              prints an access token good for three more minutes or longer
  load.py cursor   --out DIR              prints the stream cursor of the present head
  load.py scoped   --out DIR              makes a key that sees the stock of the first five stores, and puts it into DIR/scoped.txt

The data has the shape of the kit's db/seed.sql, values from a hash of the row number: a tenant has 20 stores, 50
categories, 100 suppliers, 2,000 customers, 5,000 products, a level with its opening receipt for each product and store,
and 50,000 orders of three lines: half confirmed, a quarter sold over the counter, a quarter cancelled. Ids go to DIR,
one a line (products.txt, its thirds pa.txt pb.txt pc.txt, stores.txt, categories.txt, suppliers.txt, customers.txt,
hot_product.txt, hot_store.txt; changes.txt has twenty lists of 500 changes); account and token to DIR/account.json. Only addresses of this machine are accepted.
"""

import argparse
import datetime
import http.client
import ipaddress
import json
import os
import secrets
import sys
import threading
import time
import urllib.parse

HOT = 235, 10  # level 4711 of the kit's seed: product 236 in store 11, counted from 0


def h(*numbers):
    """A well mixed, never negative number for a row: the same everywhere, every time (SplitMix64)."""
    x = 0
    for n in numbers:
        x = (x + n + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        x = ((x ^ x >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 31
    return x


class Refused(Exception):
    pass


class Api:
    """One account's view of a server; a keep-alive connection a thread."""

    BUSY = {"RATE_LIMITED", "OVERLOADED", "UNAVAILABLE", "TIMEOUT"}
    PATIENCE = 120  # seconds that one request may wait for a busy server, all attempts together

    def __init__(self, url, folder):
        where = urllib.parse.urlsplit(url)
        host = where.hostname or ""
        if not on_this_machine(host):
            sys.exit(f"load: {host} is not this machine; the benchmark loads only servers on the loopback address")
        self.url, self.host, self.port, self.path = url, host, where.port or 80, where.path or "/"
        self.file = os.path.join(folder, "account.json")
        self.account, self.types = {}, {}
        self.local, self.renewing = threading.local(), threading.Lock()

    def post(self, body, token):
        for last in (False, True):
            c = getattr(self.local, "connection", None)
            fresh = c is None
            if fresh:
                c = self.local.connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
            headers = {"content-type": "application/json", "accept": "application/json"}
            if token:
                headers["authorization"] = "Bearer " + token
            try:
                c.request("POST", self.path, body, headers)
                answer = c.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                # A kept connection may have been closed between two requests: once more on a new one. Every change
                # that is sent here can be sent twice (upserts, idempotency keys) or fails loudly (codes are unique).
                c.close()
                self.local.connection = None
                if fresh or last:
                    raise

    def ask(self, query, anonymous=False, **variables):
        body = json.dumps({"query": query, "variables": variables}).encode()
        patience, renewed = time.monotonic() + self.PATIENCE, False
        while True:
            token = None if anonymous else self.account["token"]
            status, raw = self.post(body, token)
            try:
                answer = json.loads(raw)
            except ValueError:
                raise Refused(f"HTTP {status}: {raw[:300]!r}") from None
            errors = answer.get("errors")
            if not errors:
                return answer["data"]
            extensions = errors[0].get("extensions") or {}
            code = extensions.get("code")
            if code == "UNAUTHENTICATED" and token and not renewed:
                renewed = True
                self.renew(token)
            elif code in self.BUSY and time.monotonic() < patience:
                time.sleep(min(extensions.get("retryAfterMs") or 250, 10_000) / 1000)
            else:
                raise Refused(f"HTTP {status}: {json.dumps(errors)[:600]}")

    def change(self, name, argument, selection):
        """Runs a mutation of one `input` and gives its payload; a refusal ends the load. A creator without an idempotency key gets one."""
        if name.endswith("Create"):
            argument = {"idempotencyKey": secrets.token_hex(16), **argument}
        query = f"mutation($input: {self.input_type(name)}) {{ {name}(input: $input) {{ {selection} userErrors {{ code message field }} }} }}"
        payload = self.ask(query, input=argument)[name]
        if payload["userErrors"]:
            raise Refused(f"{name}: {json.dumps(payload['userErrors'][:3])}")
        return payload

    def upsert(self, name, what, rows, each=500):
        """Bulk upsert in pages; the ids, in the order of the rows."""
        ids = []
        for start in range(0, len(rows), each):
            page = rows[start : start + each]
            payload = self.change(name, {"rows": page}, f"rows {{ index {what} {{ id }} userErrors {{ code message field }} }}")
            answered = sorted(payload["rows"], key=lambda row: row["index"])
            bad = [row for row in answered if row["userErrors"] or not row[what]]
            if bad or len(answered) != len(page):
                raise Refused(f"{name}: {len(answered)} of {len(page)} rows answered, refused: {json.dumps(bad[:3])}")
            ids += [row[what]["id"] for row in answered]
        return ids

    def input_type(self, mutation):
        """The type of a mutation's `input` as the server declares it, e.g. `StoreCreateInput!`."""
        if not self.types:
            shape = "name kind ofType { name kind ofType { name kind } }"
            fields = self.ask(f'{{ __type(name: "Mutation") {{ fields {{ name args {{ name type {{ {shape} }} }} }} }} }}')["__type"]["fields"]
            for field in fields:
                for arg in field["args"]:
                    if arg["name"] == "input":
                        self.types[field["name"]] = written(arg["type"])
        if mutation not in self.types:
            raise Refused(f"this server has no mutation {mutation}(input:)")
        return self.types[mutation]

    # ── the account ─────────────────────────────────────────────────────────────────────────────────────────────

    PAIR = "result { __typename ... on TokenPair { accessToken accessExpiresAt tenant { id defaultCurrency } } } userErrors { code message field }"

    def register(self, name):
        slug = f"bench-{secrets.token_hex(6)}"
        mine = {"url": self.url, "slug": slug, "email": f"owner@{slug}.example", "password": secrets.token_urlsafe(24)}
        payload = self.ask(
            "mutation($email: String!, $password: String!, $name: String!, $slug: String!) { register(email: $email, password: $password,"
            f' displayName: "Benchmark", tenantName: $name, tenantSlug: $slug) {{ {self.PAIR} }} }}',
            anonymous=True, email=mine["email"], password=mine["password"], name=name, slug=slug,
        )["register"]
        self.account = mine
        self.take(payload)

    def renew(self, old):
        with self.renewing:
            if self.account["token"] != old:
                return  # another thread was quicker
            mine = self.account
            payload = self.ask(
                f"mutation($email: String!, $password: String!, $slug: String!) {{ login(email: $email, password: $password, tenant: $slug) {{ {self.PAIR} }} }}",
                anonymous=True, email=mine["email"], password=mine["password"], slug=mine["slug"],
            )["login"]
            self.take(payload)

    def take(self, payload):
        result = payload["result"]
        if payload["userErrors"] or not result or result["__typename"] != "TokenPair":
            raise Refused(f"no token: {json.dumps(payload)[:400]}")
        until = datetime.datetime.fromisoformat(result["accessExpiresAt"].replace("Z", "+00:00")).timestamp()
        self.account = {**self.account, "token": result["accessToken"], "until": until, "tenant": result["tenant"]["id"], "currency": result["tenant"]["defaultCurrency"]}
        self.save()

    def save(self):
        with open(os.open(self.file + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            json.dump(self.account, f, indent=1)
        os.replace(self.file + ".new", self.file)

    @classmethod
    def reopen(cls, folder):
        with open(os.path.join(folder, "account.json")) as f:
            account = json.load(f)
        api = cls(account["url"], folder)
        api.account = account
        return api


def on_this_machine(host):
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def written(type_):
    if type_["kind"] == "NON_NULL":
        return written(type_["ofType"]) + "!"
    if type_["kind"] == "LIST":
        return "[" + written(type_["ofType"]) + "]"
    return type_["name"]


def in_parallel(what, count, threads, work):
    """work(i) for every i below count, by several threads; the first failure ends all and is raised."""
    results, failed, lock = [None] * count, [], threading.Lock()
    state = {"next": 0, "done": 0, "said": time.monotonic()}

    def run():
        while True:
            with lock:
                i = state["next"]
                if failed or i >= count:
                    return
                state["next"] = i + 1
            try:
                results[i] = work(i)
            except BaseException as e:  # noqa: BLE001 - handed on below
                with lock:
                    failed.append(e)
                return
            with lock:
                state["done"] += 1
                if time.monotonic() - state["said"] > 5:
                    state["said"] = time.monotonic()
                    say(f"  {what}: {state['done']:,} of {count:,}")

    crew = [threading.Thread(target=run) for _ in range(min(threads, count))]
    for t in crew:
        t.start()
    for t in crew:
        t.join()
    if failed:
        raise failed[0]
    return results


def say(text):
    print(text, file=sys.stderr, flush=True)


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def fill(api, t, o):
    """One tenant. `t` is its number from 1, as in the kit."""

    def stage(name, ids):
        with open(os.path.join(os.path.dirname(api.file), name + ".txt"), "w") as f:
            f.writelines(i + "\n" for i in ids)
        return ids

    started = time.monotonic()
    opened = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0) - datetime.timedelta(days=1, minutes=o.orders)

    stores = stage("stores", [
        api.change("storeCreate", {"code": f"S{i:03}", "name": f"Store {i}"}, "store { id }")["store"]["id"] for i in range(1, o.stores + 1)])
    categories = stage("categories", api.upsert("categoryBulkUpsert", "category", [
        {"slug": f"category-{i}", "name": f"Category {i}", "sortIndex": i} for i in range(1, o.categories + 1)]))
    suppliers = stage("suppliers", [
        api.change("supplierCreate", {"code": f"SUP{i:03}", "name": f"Supplier {i}", "email": f"sales{i}@supplier{t}.example"}, "supplier { id }")["supplier"]["id"]
        for i in range(1, o.suppliers + 1)])
    customers = stage("customers", api.upsert("customerBulkUpsert", "customer", [
        {"externalRef": f"C{i}", "name": f"Customer {i}", "email": f"c{i}@tenant{t}.example"} for i in range(1, o.customers + 1)]))
    products = stage("products", api.upsert("productBulkUpsert", "product", [{
        "sku": f"SKU-{t}-{i:06}", "name": f"Product {h(i, 7) % 1000000:06} model {i}", "description": "Sturdy, dependable and in stock. " * 4,
        "category": {"id": categories[(i - 1) % o.categories]}, "supplier": {"id": suppliers[h(i, t) % o.suppliers]},
        "price": {"amount": "{}.{:02}".format(*divmod(100 + h(i, 11) % 100000, 100)), "currencyCode": api.account["currency"]},
    } for i in range(1, o.products + 1)]))
    third = o.products // 3
    stage("pa", products[:third])
    stage("pb", products[third : 2 * third])
    stage("pc", products[2 * third :])
    stage("hot_product", [products[min(HOT[0], o.products - 1)]])
    stage("hot_store", [stores[min(HOT[1], o.stores - 1)]])
    places = [{"product": {"id": p}, "store": {"id": s}, "delta": 1} for p in products[:500] for s in stores]
    stage("changes", [json.dumps([places[(h(n, 600) + i) % len(places)] for i in range(min(500, len(places)))]) for n in range(20)])
    say(f"  catalogue after {time.monotonic() - started:.0f} s")

    levels, a_call = o.products * o.stores, 500

    def opening(n):
        some = range(n * a_call, min((n + 1) * a_call, levels))
        api.change("stockAdjust", {
            "idempotencyKey": f"opening-{n}", "kind": "RECEIPT", "reasonCode": "OPENING", "occurredAt": iso(opened),
            "changes": [{"product": {"id": products[i // o.stores]}, "store": {"id": stores[i % o.stores]}, "delta": 100000 + h(i, 1) % 1000} for i in some],
        }, "seq")

    in_parallel("opening receipts", -(-levels // a_call), o.threads, opening)
    say(f"  {levels:,} levels after {time.monotonic() - started:.0f} s")

    def order(i):
        state = h(i, 300) % 4
        picked = []
        for line in range(3):
            p = h(i, line, 400) % o.products
            while p in picked:
                p = (p + 1) % o.products
            picked.append(p)
        made = api.change("orderCreate", {
            "idempotencyKey": f"order-{i}", "store": {"id": stores[h(i, 100) % o.stores]}, "customer": {"id": customers[h(i, 200) % o.customers]},
            "placedAt": iso(opened + datetime.timedelta(minutes=i + 1)), "status": "FULFILLED" if state == 2 else "CONFIRMED",
            "lines": [{"product": {"id": products[p]}, "quantity": 1 + h(i, line, 500) % 5} for line, p in enumerate(picked)],
        }, "order { id }")
        if state == 3:
            api.change("orderCancel", {"idempotencyKey": f"cancel-{i}", "id": made["order"]["id"]}, "order { id }")

    in_parallel("orders", o.orders, o.threads, order)
    say(f"  {o.orders:,} orders after {time.monotonic() - started:.0f} s")


def scoped(api, folder):
    """A key limited to five stores. Who makes one has to have logged in lately."""
    api.renew(api.account["token"])
    with open(os.path.join(folder, "stores.txt")) as f:
        stores = [{"id": line.strip()} for line in f][:5]
    permissions = ["store.read", "product.read", "stock.read"]
    made = {"name": f"Five stores {secrets.token_hex(4)}", "permissions": permissions, "scope": {"stores": stores}}
    integration = api.change("integrationCreate", made, "integration { id }")["integration"]["id"]
    key = api.change("apiKeyCreate", {"integrationId": integration, "name": "Benchmark"}, "secret")["secret"]
    with open(os.open(os.path.join(folder, "scoped.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(key + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("command", choices=["register", "fill", "token", "cursor", "scoped"])
    p.add_argument("--out", required=True, metavar="DIR")
    p.add_argument("--url", default="http://127.0.0.1:15530/graphql", help="%(default)s")
    p.add_argument("--tenants", type=int, default=1, help="fill that many; the second and further go to DIR/tenant-N")
    for name, count in [("stores", 20), ("categories", 50), ("suppliers", 100), ("customers", 2000), ("products", 5000), ("orders", 50000)]:
        p.add_argument("--" + name, type=int, default=count, help="%(default)s a tenant")
    p.add_argument("--threads", type=int, default=16, help="%(default)s")
    o = p.parse_args()
    if o.products < 3 and o.command == "fill":
        p.error("an order has three products: --products 3 at least")
    try:
        if o.command == "token":
            api = Api.reopen(o.out)
            if api.account["until"] < time.time() + 180:
                api.renew(api.account["token"])
            print(api.account["token"])
        elif o.command == "cursor":
            print(Api.reopen(o.out).ask("{ stockLevels(first: 1) { streamCursor } }")["stockLevels"]["streamCursor"])
        elif o.command == "scoped":
            scoped(Api.reopen(o.out), o.out)
        else:
            for t in range(1, o.tenants + 1):
                folder = o.out if t == 1 else os.path.join(o.out, f"tenant-{t}")
                os.makedirs(folder, exist_ok=True)
                api = Api(o.url, folder)
                api.register(f"Tenant {t}")
                say(f"tenant {api.account['slug']}")
                if o.command == "fill":
                    fill(api, t, o)
    except Refused as e:
        sys.exit(f"load: {e}")
    except OSError as e:
        sys.exit(f"load: {o.url}: {e}")


if __name__ == "__main__":
    main()
