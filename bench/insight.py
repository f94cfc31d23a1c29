#!/usr/bin/env python3
"""Measurements of bench/insight.sh on a running server, as figures beside what is to be reached.

  insight.py dashboard --account DIR --out FILE --on DB --starts FILE    warm, after a change, and for other days
  insight.py first     --account DIR                                     milliseconds of one dashboard, for a server that has just started
  insight.py reports   --account DIR --out FILE --on DB [--each N]       every report of the schema over the year, N times (6)
  insight.py lag       --out FILE --on DB --database URL [--psql PATH] --seconds N --what TEXT [--reach S]
  insight.py settle    --database URL [--psql PATH] --seconds N           waits until facts, cost books and alerts have followed every journal
  insight.py fill      --url URL --account DIR [--products N] [--stores N] [--weeks N]    the catalogue and the sales of a nightly plan
  insight.py stretch   --database URL [--psql PATH] [--weeks N] --history N    earlier weeks, as copies of those in the facts
  insight.py plan      --account DIR --out FILE --on DB [--products N] [--stores N] --metrics URL --pid N    N: the server's, for its peak memory

DIR has the account.json of bench/load.py. The reports are those root fields of schema.graphql that need report.read or
product.cost.read, and a few with other permissions; their arguments and selections are made from the server's introspection, a
variant for each value of an argument that groups. Deprecated fields are left out. Each time is the whole request's, one client.
"""

import argparse
import datetime
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request

from load import Api, Refused, h, in_parallel, iso, say
from measured import Asker, Failed, Figures, share

YEAR = datetime.date(2010, 12, 9)  # the first of 365 days of the replayed year that end on its last
FURTHER = {"supplierPerformance", "reorderSuggestionsList", "replenishmentScore", "liquidationScore"}
DASHBOARD = """query($period: PeriodInput!) { dashboard(period: $period) { asOf isCurrent sales { orders netRevenue { amount } } salesBefore { netRevenue { amount } }
  salesYearBefore { netRevenue { amount } } topSellers { product { sku } revenue { amount } } stockValue { amount } stock { outOfStock critical low } openOrders
  purchaseOrders { documents overdue } transfers { documents overdue } openAlerts deadStock { products value { amount } } forecast { firstWeek means } masked { panel permission } } }"""


def days(back=0, length=364):
    """Days of the year, begun so many days later, as `from` and `to`."""
    start = YEAR + datetime.timedelta(days=back)
    return {"from": start.isoformat(), "to": (start + datetime.timedelta(days=length - back)).isoformat()}


# ── the dashboard ───────────────────────────────────────────────────────────────────────────────────────────────────


def dashboard(o):
    api, figures = Api.reopen(o.account), Figures(o.out, o.on)
    asker = Asker(api)
    asker.timed(DASHBOARD, period=days())
    warm = [asker.timed(DASHBOARD, period=days())[0] for _ in range(200)]
    figures.add("dashboard, warm, p95", 1000 * share(warm, 0.95), "ms", 50, note=f"median {1000 * statistics.median(warm):.1f} ms of 200")
    others = [asker.timed(DASHBOARD, period=days(back))[0] for back in range(1, 41)]
    figures.add("dashboard, cold: other days each time, p95", 1000 * share(others, 0.95), "ms", 500, note=f"median {1000 * statistics.median(others):.1f} ms of 40")
    product, store, _ = first_of(api)
    changed = []
    for n in range(20):
        change = {"product": {"id": product["id"]}, "store": {"id": store["id"]}, "delta": 1}
        api.change("stockAdjust", {"idempotencyKey": f"insight-{time.time_ns()}", "reasonCode": "CORRECTION", "changes": [change]}, "seq")
        time.sleep(0.05 * (n % 5))
        changed.append(asker.timed(DASHBOARD, period=days())[0])
    figures.add("dashboard, after a change, p95", 1000 * share(changed, 0.95), "ms", 500, note=f"median {1000 * statistics.median(changed):.1f} ms of 20")
    if o.starts:
        with open(o.starts) as f:
            starts = [float(line) for line in f if line.strip()]
        figures.add("dashboard, cold: first of a server just started, p95", share(starts, 0.95), "ms", 500, note=f"median {statistics.median(starts):.1f} ms of {len(starts)}")


def first_of(api):
    found = api.ask("{ products(first: 1) { nodes { id sku } } stores(first: 1) { nodes { id code } } suppliers(first: 1) { nodes { id } } customers(first: 1) { nodes { id } } }")
    return tuple((found[name]["nodes"] or [None])[0] for name in ("products", "stores", "suppliers"))


# ── every report ────────────────────────────────────────────────────────────────────────────────────────────────────


class NotAsked(Exception):
    pass


TYPE = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
INTROSPECTION = f"""{{ __schema {{ types {{ kind name interfaces {{ name }} enumValues {{ name }} inputFields {{ name defaultValue type {{ {TYPE} }} }}
  fields {{ name args {{ name defaultValue type {{ {TYPE} }} }} type {{ {TYPE} }} }} }} }} }}"""


def bare(type_):
    while type_.get("ofType"):
        type_ = type_["ofType"]
    return type_


def is_list(type_):
    return type_["kind"] == "LIST" or (type_["kind"] == "NON_NULL" and type_["ofType"]["kind"] == "LIST")


class Reports:
    def __init__(self, api):
        self.api, self.asker = api, Asker(api)
        self.types = {t["name"]: t for t in api.ask(INTROSPECTION)["__schema"]["types"]}
        self.fields = {f["name"]: f for f in self.types["Query"]["fields"]}
        self.product, self.store, self.supplier = first_of(api)

    def names(self):
        """Root fields of schema.graphql with a report's permission, in its order, that the server has and are not deprecated."""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "schema.graphql")) as f:
            text = re.sub(r'"""(.*?)"""', "", f.read(), flags=re.S)
        query = re.search(r"^type Query\b[^{]*\{(.*?)^\}", text, re.S | re.M)[1]
        found = []
        for field in re.finditer(r'^\t(\w+)(?:\(.*?^\t\))?:[^\n]*', query, re.S | re.M):
            permission = re.search(r'@requires\(permission: "([^"]+)"\)', field[0].rsplit("\n", 1)[-1])
            if field[1] in self.fields and (field[1] in FURTHER or permission and permission[1] in ("report.read", "product.cost.read")):
                found.append(field[1])
        return found

    def value(self, arg, back, length=364):
        """A literal for an argument that has to be given, or is a time; None for one that may be left out."""
        name, type_ = arg["name"], bare(arg["type"])["name"]
        span = days(back, length)
        needed = arg["type"]["kind"] == "NON_NULL" and arg["defaultValue"] is None
        if type_ in ("SalesReportFilter", "StockReportFilter", "PeriodInput", "DemandFilter"):
            return f'{{from: "{span["from"]}", to: "{span["to"]}"}}'
        if name in ("from", "to") and type_ in ("Date", "DateTime"):
            return f'"{span[name]}{"T00:00:00Z" if type_ == "DateTime" else ""}"'
        if name == "first":
            return "50"
        if not needed:
            return None
        if type_ == "ProductRef" and self.product:
            return f'{{sku: {json.dumps(self.product["sku"])}}}'
        if type_ == "StoreRef" and self.store:
            return f'{{code: {json.dumps(self.store["code"])}}}'
        if type_ == "SupplierRef" and self.supplier:
            return f'{{id: "{self.supplier["id"]}"}}'
        if type_ == "StockSimulateInput" and self.product and self.store:
            return (
                f'{{product: {{sku: {json.dumps(self.product["sku"])}}}, store: {{code: {json.dumps(self.store["code"])}}}, from: "{span["from"]}", to: "{span["to"]}",'
                " policy: {serviceLevel: 0.95, leadTimeDays: 28, reviewDays: 7}}"
            )
        if name == "measures":
            return "[NET_REVENUE, SOLD_UNITS, COST, MARGIN, RETURN_RATE, ORDERS]"
        raise NotAsked(f"{name}: {type_} has to be given")

    def groupings(self, field):
        """The variants of a field: for each argument that groups, its own or of its rows, a literal for each value."""
        places = [(None, arg) for arg in field["args"]]
        for inner in self.types[bare(field["type"])["name"]].get("fields") or []:
            if inner["name"] == "rows":
                places += [("rows", arg) for arg in inner["args"]]
        variants = [{}]
        for place, arg in places:
            enum = self.types.get(bare(arg["type"])["name"])
            if arg["name"] not in ("groupBy", "dimensions") or not enum or enum["kind"] != "ENUM":
                continue
            values = [v["name"] for v in enum["enumValues"]]
            literals = [f"[{v}]" for v in values] + [f"[DAY, {v}]" for v in ("PRODUCT", "STORE") if v in values] if is_list(arg["type"]) else values
            variants = [{(place, arg["name"]): literal} for literal in literals]
        return variants

    def arguments(self, field, place, variant, back):
        # A report that is built has 50,000 rows at most: by day and product those of a month, not of a year.
        is_fine = field["name"] == "report" and variant.get((None, "dimensions")) == "[DAY, PRODUCT]"
        given = []
        for arg in field["args"]:
            literal = variant.get((place, arg["name"])) or self.value(arg, back, 30 if is_fine else 364)
            if literal is not None:
                given.append(f"{arg['name']}: {literal}")
        return f"({', '.join(given)})" if given else ""

    def selection(self, name, depth, variant, back):
        type_, parts = self.types[name], []
        if type_["kind"] in ("UNION", "INTERFACE"):
            return " { __typename }"
        # A noun is shown as a row of a table shows it.
        if any(i["name"] == "Node" for i in type_["interfaces"] or []) and depth < 3:
            shown = [f["name"] for f in type_["fields"] if f["name"] in ("id", "sku", "code", "number", "name") and not f["args"] and bare(f["type"])["kind"] in ("SCALAR", "ENUM")]
            return f" {{ {' '.join(shown)} }}"
        for field in type_["fields"]:
            inner = bare(field["type"])
            is_leaf = inner["kind"] in ("SCALAR", "ENUM")
            if field["name"] in ("edges", "svg", "node") or (not is_leaf and depth == 0):
                continue
            must = [a["name"] for a in field["args"] if a["type"]["kind"] == "NON_NULL" and a["defaultValue"] is None]
            if must and field["name"] != "rows":
                continue
            place = field["name"] if field["name"] == "rows" else None
            given = self.arguments(field, place, variant, back) if place else ""
            parts.append(field["name"] + given + ("" if is_leaf else self.selection(inner["name"], depth - 1, variant, back)))
        return f" {{ {' '.join(parts) or '__typename'} }}"

    def query(self, name, variant, back):
        field = self.fields[name]
        inner = bare(field["type"])
        chosen = "" if inner["kind"] in ("SCALAR", "ENUM") else self.selection(inner["name"], 3, variant, back)
        return f"{{ {name}{self.arguments(field, None, variant, back)}{chosen} }}"

    def measure(self, name, each, figures):
        worst, first, count, until = None, None, 0, time.monotonic() + 60
        for variant in self.groupings(self.fields[name]):
            took = []
            for back in range(each):
                seconds, _ = self.asker.timed(self.query(name, variant, back))
                first = seconds if first is None else first
                took.append(seconds)
                if time.monotonic() > until and took:
                    break
            count += 1
            if worst is None or share(took, 0.95) > worst[0]:
                worst = share(took, 0.95), " ".join(variant.values())
            if time.monotonic() > until:
                break
        note = f"first {1000 * first:.0f} ms" + (f"; slowest of {count}: {worst[1]}" if worst[1] else "")
        figures.add(name, 1000 * worst[0], "ms", 300, note=note)


def reports(o):
    figures, all_ = Figures(o.out, o.on), Reports(Api.reopen(o.account))
    for name in all_.names():
        if o.only and name not in o.only.split(","):
            continue
        try:
            all_.measure(name, o.each, figures)
        except NotAsked as e:
            figures.add(name, "not asked", "", note=str(e))
        except Failed as e:
            figures.add(name, "failed", "ms", 300, note=str(e))


# ── how far the facts are behind ────────────────────────────────────────────────────────────────────────────────────


class Heads:
    """The journal's head and how far the facts are, read beside the server without waking it."""

    TENANTS = "SELECT tenant_id, seq, (SELECT max(seq) FROM event e WHERE e.tenant_id = b.tenant_id) FROM demand_book b WHERE is_current"

    def __init__(self, url, psql):
        self.lite = self.shell = None
        if url.startswith("sqlite://"):
            self.lite = sqlite3.connect(f"file:{url.removeprefix('sqlite://')}?mode=ro", uri=True, timeout=5)
        else:
            self.shell = subprocess.Popen([psql, "-XAtq", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    # Facts, cost books and alerts that are behind their tenant's journal. Cost books are kept each ten minutes: what alerts have written since is left out.
    BEHIND = """SELECT sum(CASE WHEN c.head > coalesce(b.seq, 0) THEN 1 ELSE 0 END),
      sum(CASE WHEN c.head > 1000 + coalesce(k.seq, 0) THEN 1 ELSE 0 END), sum(CASE WHEN c.head > coalesce(f.journal_seq, 0) THEN 1 ELSE 0 END) FROM tenant_counter c
      LEFT JOIN demand_book b ON b.tenant_id = c.tenant_id AND b.is_current LEFT JOIN cost_book k ON k.tenant_id = c.tenant_id
      LEFT JOIN alert_follower f ON f.tenant_id = c.tenant_id"""

    def rows(self, sql):
        if self.lite:
            return self.lite.execute(sql).fetchall()
        self.shell.stdin.write(sql + ";\n\\echo end\n")
        self.shell.stdin.flush()
        rows = []
        while (line := self.shell.stdout.readline().strip()) != "end":
            if not line and self.shell.poll() is not None:
                raise Failed("psql has ended")
            rows.append(line.split("|"))
        return rows

    def read(self):
        """tenant -> (facts, head)"""
        return {tenant: (int(seq), int(head)) for tenant, seq, head in self.rows(self.TENANTS) if head not in (None, "")}

    def behind(self):
        """How many tenants' facts, cost books and alerts are behind."""
        return [int(count or 0) for count in self.rows(self.BEHIND)[0]]

    def close(self):
        if self.shell:
            self.shell.stdin.close()
            self.shell.wait(10)


def lag(o):
    """A fact is late since the first look at which the journal was further than the facts are now."""
    heads, figures = Heads(o.database, o.psql), Figures(o.out, o.on)
    looks, lags, most_events = {}, [], 0
    until = time.monotonic() + o.seconds
    first = last = None
    while (now := time.monotonic()) < until:
        state = heads.read()
        worst = 0.0
        for tenant, (facts, head) in state.items():
            seen = looks.setdefault(tenant, [])
            if not seen or head > seen[-1][1]:
                seen.append((now, head))
            while seen and seen[0][1] <= facts:
                seen.pop(0)
            if seen:
                worst = max(worst, now - seen[0][0])
            most_events = max(most_events, head - facts)
        total = sum(head for _, head in state.values())
        first, last = first or total, total
        lags.append(worst)
        time.sleep(0.05)
    heads.close()
    if not lags or not last or last == first:
        raise Failed("nothing was written while it was looked at")
    note = f"median {statistics.median(lags):.2f} s, most {max(lags):.2f} s and {most_events:,} events, of {(last - first) / o.seconds:,.0f} events/s"
    figures.add(o.what, share(lags, 0.95), "s", o.reach, note=note)


def settle(o):
    """What a server that has just started finds undone is no cost of what is measured next."""
    heads, until = Heads(o.database, o.psql), time.monotonic() + o.seconds
    while any(behind := heads.behind()):
        if time.monotonic() > until:
            raise Failed(f"after {o.seconds:.0f} s facts of {behind[0]}, cost books of {behind[1]} and alerts of {behind[2]} tenants were still behind")
        time.sleep(0.2)
    heads.close()


# ── a nightly plan ──────────────────────────────────────────────────────────────────────────────────────────────────


def fill_plan(o):
    os.makedirs(o.account, exist_ok=True)
    api = Api(o.url, o.account)
    api.register("Planned")
    began = time.monotonic()
    stores = [f"P{n:02}" for n in range(o.stores)]
    for code in stores:
        api.change("storeCreate", {"code": code, "name": code}, "store { id }")
    suppliers = [api.change("supplierCreate", {"code": f"MAKER{n}", "name": f"Maker {n}", "leadTimeDays": 3 + n}, "supplier { id }")["supplier"]["id"] for n in range(10)]
    money = lambda n: {"amount": f"{1 + n % 30}.10", "currencyCode": api.account["currency"]}
    # No import, which is a job: no job may run before the sales are there, so that the first run of forecasts sees them.
    rows = [
        {"sku": f"sku-{n}", "name": f"Product {n}", "price": {"amount": f"{3 + n % 40}.50", "currencyCode": api.account["currency"]}, "unitCost": money(n)}
        for n in range(o.products)
    ]
    api.upsert("productBulkUpsert", "product", rows)
    for start in range(0, o.products, 500):
        rows = [
            {"supplier": {"id": suppliers[n % 10]}, "product": {"sku": f"sku-{n}"}, "unitCost": money(n), "packSize": 1 + n % 6, "isPreferred": True}
            for n in range(start, min(start + 500, o.products))
        ]
        api.change("supplierProductBulkUpsert", {"idempotencyKey": f"suppliers-{start}", "rows": rows}, "rows { outcome }")
    say(f"  catalogue after {time.monotonic() - began:.0f} s")
    now = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    monday = now.replace(hour=12) - datetime.timedelta(days=now.weekday())
    opened = monday - datetime.timedelta(days=7 * o.weeks + 1)
    levels = o.products * o.stores

    # Enough for what is sold, and little more, so that most levels have to be filled up.
    def opening(page):
        some = range(page * 500, min((page + 1) * 500, levels))
        changes = [
            {"product": {"sku": f"sku-{i // o.stores}"}, "store": {"code": stores[i % o.stores]}, "delta": sold(i, o.weeks) + h(i, 3) % 6}
            for i in some
        ]
        changes = [change for change in changes if change["delta"]]
        if changes:
            api.change("stockAdjust", {"idempotencyKey": f"opening-{page}", "kind": "RECEIPT", "reasonCode": "OPENING", "occurredAt": iso(opened), "changes": changes}, "seq")

    in_parallel("opening receipts", -(-levels // 500), 4, opening)
    say(f"  {levels:,} levels after {time.monotonic() - began:.0f} s")
    pages = -(-o.products // 1000)

    def order(i):
        week, rest = divmod(i, o.stores * pages)
        store, page = divmod(rest, pages)
        lines = [
            {"product": {"sku": f"sku-{p}"}, "quantity": units}
            for p in range(page * 1000, min((page + 1) * 1000, o.products))
            if (units := week_of(p * o.stores + store, week))
        ]
        placed = opened + datetime.timedelta(days=1 + 7 * week + i % 6)
        if lines:
            api.change("orderCreate", {"idempotencyKey": f"sale-{i}", "store": {"code": stores[store]}, "status": "FULFILLED", "placedAt": iso(placed), "lines": lines}, "seq")

    in_parallel("weeks of sales", o.weeks * o.stores * pages, 4, order)
    say(f"  {o.weeks} weeks after {time.monotonic() - began:.0f} s")
    while not api.ask("{ demandFacts(first: 1) { isCurrent } }")["demandFacts"]["isCurrent"]:
        pass


def stretch(o):
    """Copies of the weeks, before them, in the facts alone: as many as there are to be. Selling a hundred weeks through the API takes two hours."""
    copies, days = -(-o.history // o.weeks) - 1, 7 * o.weeks
    if copies < 1:
        return
    began = time.monotonic()
    columns = "tenant_id, generation, {} product_id, store_id, ordered_units, cancelled_units, taken_back_units, returned_units, shipped_units"
    run_sql(
        o.database,
        o.psql,
        f"""WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {copies})
        INSERT INTO demand_week ({columns.format("week_date,")}) SELECT {columns.format(f"week_date - n * {days},")} FROM demand_week CROSS JOIN c;
        UPDATE stock_span SET from_date = from_date - {copies * days} WHERE NOT EXISTS (SELECT 1 FROM stock_span s WHERE s.tenant_id = stock_span.tenant_id
          AND s.generation = stock_span.generation AND s.product_id = stock_span.product_id AND s.store_id = stock_span.store_id AND s.from_date < stock_span.from_date);
        ANALYZE demand_week; ANALYZE stock_span;""",
    )
    say(f"  {copies} copies of these weeks after {time.monotonic() - began:.0f} s")


def run_sql(url, psql, script):
    if url.startswith("sqlite://"):
        database = sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None)
        database.executescript(script)
        database.close()
    else:
        subprocess.run([psql, "-XAtq1", "-v", "ON_ERROR_STOP=1", url], input=script, text=True, check=True)


def week_of(level, week):
    """Units that sell of a level in a week: of a third of the levels some each week, of the others now and then."""
    often = level % 3 == 0
    return 1 + h(level, week) % 8 if often or h(level, week, 5) % 4 == 0 else 0


def sold(level, weeks):
    return sum(week_of(level, week) for week in range(weeks))


def metric(url, name, label):
    total = None
    for line in urllib.request.urlopen(url, timeout=10).read().decode().splitlines():
        if line.startswith(name) and label in line:
            total = (total or 0) + float(line.rsplit(" ", 1)[1])
    return total


def peak_mib(pid):
    """The most memory that a process had, in MiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def plan(o):
    api, figures = Api.reopen(o.account), Figures(o.out, o.on)
    until, run = time.monotonic() + o.patience, None
    while not (run := api.ask("{ forecastRun { series historyWeeks firstWeek } }")["forecastRun"]):
        if time.monotonic() > until:
            raise Failed(f"no forecasts were made within {o.patience:.0f} s")
        time.sleep(0.5)
    # The run is there before its job has ended.
    while (took := metric(o.metrics, "entrepot_job_duration_seconds_sum", 'job="forecast.make"')) is None and time.monotonic() < until:
        time.sleep(0.5)
    figures.add("forecast run, all of its job", took if took is not None else "not reported", "s", 60, note=f"{run['series']:,} series of {run['historyWeeks']} weeks")
    figures.add("the server's peak memory until then", peak_mib(o.pid), "MiB", 500)
    asker, times = Asker(api, timeout=300), []
    for n in range(3):
        took, payload = asker.change("replenishmentPlanCreate", {"idempotencyKey": f"plan-{time.time_ns()}"}, "plan { lineCount leftOut forecastWeek }")
        times.append(took)
    made = payload["plan"]
    note = f"{made['lineCount']:,} lines, {made['leftOut']:,} left out, forecasts of {made['forecastWeek']}; {min(times):.1f} to {max(times):.1f} s of three"
    figures.add(f"plan of {o.products:,} products in {o.stores} stores", statistics.median(times), "s", 30, note=note)
    if not made["lineCount"]:
        raise Failed("the plan has no lines: the figure says nothing")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("command", choices=["dashboard", "first", "reports", "lag", "settle", "fill", "stretch", "plan"])
    for name in ("account", "out", "on", "url", "starts", "database", "only", "metrics", "pid", "what"):
        p.add_argument("--" + name)
    p.add_argument("--psql", default="psql")
    for name, default in (("each", 6), ("products", 5000), ("stores", 20), ("weeks", 10), ("history", 0)):
        p.add_argument("--" + name, type=int, default=default, help="%(default)s")
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--patience", type=float, default=300, help="seconds that forecasts are waited for: %(default)s")
    p.add_argument("--reach", type=float)
    o = p.parse_args()
    try:
        if o.command == "first":
            print(f"{1000 * Asker(Api.reopen(o.account)).timed(DASHBOARD, period=days())[0]:.2f}")
        else:
            {"dashboard": dashboard, "reports": reports, "lag": lag, "settle": settle, "fill": fill_plan, "stretch": stretch, "plan": plan}[o.command](o)
    except (Failed, Refused) as e:
        sys.exit(f"insight: {e}")


if __name__ == "__main__":
    main()
