#!/usr/bin/env python3
"""Whether DuckDB reads the Parquet that a server writes: for scripts/test-parquet.sh, which installs DuckDB and starts the server.

  parquet.py --url URL --folder DIR    registers a company, trades a little, exports, and compares

Each column of each export is compared with the JSON lines of the same rows: numbers by their sums, all else by how many there are.
Demand facts are also compared with the totals of the API, and a first file with an increment over it with a file of all facts.
Ends with 1 at the first difference. URL is one of this machine.
"""

import argparse
import datetime
import decimal
import json
import os
import sys
import time
import urllib.parse
import urllib.request

import duckdb

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
from load import Api  # noqa: E402

KEY = ["businessDate", "productId", "storeId", "channelId", "currency"]
NUMBERS = {"BIGINT", "DOUBLE"}
# Of a sum of demand facts: the column of the file, and the field of the API.
UNITS = ["orderedUnits", "cancelledUnits", "returnedUnits", "shippedUnits", "adjustedInUnits", "adjustedOutUnits", "netUnits"]
AMOUNTS = ["grossRevenue", "discounts", "costOfGoodsSold", "refunds"]


class Differs(Exception):
    pass


def same(what, found, expected):
    if found != expected:
        raise Differs(f"{what}: {found} instead of {expected}")


class Company:
    def __init__(self, url, folder):
        self.api, self.folder, self.keys = Api(url, folder), folder, 0
        self.api.register("Parquet")
        self.store = self.made("storeCreate", {"code": "DOCK", "name": "Dock"}, "store")
        price = {"price": self.money("9.90"), "unitCost": self.money("2.25")}
        self.products = [self.made("productCreate", {"sku": f"MUG-{n}", "name": f"Mug {n}", **price}, "product") for n in range(4)]

    def money(self, amount):
        return {"amount": amount, "currencyCode": self.api.account["currency"]}

    def key(self):
        self.keys += 1
        return f"parquet-{self.keys}"

    def made(self, mutation, values, what):
        return {"id": self.api.change(mutation, values, f"{what} {{ id }}")[what]["id"]}

    def stock(self, delta):
        changes = [{"product": product, "store": self.store, "delta": delta} for product in self.products]
        self.api.change("stockAdjust", {"idempotencyKey": self.key(), "reasonCode": "CORRECTION", "changes": changes}, "seq")

    def order(self, days, quantity):
        at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
        lines = [{"product": product, "quantity": quantity, "unitPrice": self.money("8.15")} for product in self.products[: 1 + days % 4]]
        values = {"idempotencyKey": self.key(), "store": self.store, "status": "FULFILLED", "placedAt": at.isoformat(timespec="seconds"), "lines": lines}
        self.made("orderCreate", values, "order")

    def exported(self, entity, form, **more):
        """The file of an export, and its manifest."""
        values = {"idempotencyKey": self.key(), "entity": entity, "format": form, **more}
        job = self.api.change("exportCreate", values, "dataJob { id }")["dataJob"]["id"]
        query = "query($id: ID!) { node(id: $id) { ... on DataJob { status error manifest { generation to rows } result { downloadUrl } } } }"
        until = time.monotonic() + 60
        while (found := self.api.ask(query, id=job)["node"])["status"] in ("QUEUED", "RUNNING"):
            if time.monotonic() > until:
                raise Differs(f"the export of {entity} is not over after a minute")
            time.sleep(0.2)
        if found["status"] != "DONE":
            raise Differs(f"the export of {entity}: {found['status']}: {found['error']}")
        # The path alone: whatever the server is called outside, it is the one on this machine.
        path = urllib.parse.urlsplit(found["result"]["downloadUrl"]).path
        file = os.path.join(self.folder, f"{entity}-{self.keys}.{form.lower()}")
        with urllib.request.urlopen(urllib.parse.urljoin(self.api.url, path), timeout=30) as answer, open(file, "wb") as out:
            out.write(answer.read())
        return file, found["manifest"]


def columns(db, file):
    """name -> type"""
    return {name: kind for name, kind, *_ in db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [file]).fetchall()}


def number(value):
    """A number of a JSON line: an amount is a text with its decimals, and in the file minor units."""
    return int(value.replace(".", "")) if isinstance(value, str) else decimal.Decimal(str(value))


def like_lines(db, file, lines):
    with open(lines, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    if not rows:
        raise Differs(f"{lines} has no rows")
    same(f"rows of {file}", db.execute("SELECT count(*) FROM read_parquet(?)", [file]).fetchone()[0], len(rows))
    for name, kind in columns(db, file).items():
        said = [value for row in rows if (value := row.get(name.removesuffix("Minor"))) is not None]
        count = len(said)
        if kind in NUMBERS:
            total = sum(number(value) for value in said)
            found = db.execute(f'SELECT count("{name}"), coalesce(sum("{name}"), 0) FROM read_parquet(?)', [file]).fetchone()
            same(f"{name} of {file}", (found[0], decimal.Decimal(str(found[1]))), (count, decimal.Decimal(total)))
        else:
            same(f"{name} of {file}", db.execute(f'SELECT count("{name}") FROM read_parquet(?)', [file]).fetchone()[0], count)
    return len(rows)


def like_api(db, company, file):
    fields = " ".join(UNITS + [f"{name} {{ amount }}" for name in AMOUNTS])
    answer = company.api.ask(f"{{ demandFacts(first: 1) {{ isCurrent totals {{ activeDays {fields} }} }} }}")["demandFacts"]
    same("isCurrent", answer["isCurrent"], True)
    sums = ", ".join([f'sum("{name}")' for name in UNITS] + [f'coalesce(sum("{name}Minor"), 0)' for name in AMOUNTS])
    row = db.execute(f"SELECT count(DISTINCT \"businessDate\"), {sums} FROM read_parquet(?) WHERE state = 'KEPT'", [file]).fetchone()
    totals = answer["totals"]
    expected = [totals["activeDays"], *(totals[name] for name in UNITS), *(number(totals[name]["amount"]) for name in AMOUNTS)]
    same("sums of demand facts", [int(value) for value in row], expected)
    return dict(zip(["days", *UNITS, *AMOUNTS], expected))


def by_increment(db, first, more, whole):
    """The first file with the rows of the increment in the place of those with their key is the file of all facts."""
    key = ", ".join(f'"{name}"' for name in KEY)
    db.execute(
        f"""CREATE TABLE copy AS SELECT * FROM (SELECT * FROM read_parquet([?, ?])
            QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY "revisedSeq" DESC) = 1) WHERE state = 'KEPT'""",
        [first, more],
    )
    db.execute("CREATE TABLE whole AS SELECT * FROM read_parquet(?) WHERE state = 'KEPT'", [whole])
    for one, other in (("copy", "whole"), ("whole", "copy")):
        beyond = db.execute(f"SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other} LIMIT 3").fetchall()
        same(f"rows that only {one} has", beyond, [])


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--url", required=True)
    asked.add_argument("--folder", required=True)
    o = asked.parse_args()
    company, db = Company(o.url, o.folder), duckdb.connect()
    company.stock(500)
    for days in range(6, -1, -1):
        company.order(days, 3 + days)
    first, manifest = company.exported("DEMAND_FACTS", "PARQUET")
    same("type of businessDate", columns(db, first)["businessDate"], "DATE")
    print("demand facts: " + json.dumps(like_api(db, company, first)))
    # A late order of four days ago, one of today, and a correction.
    company.order(4, 2)
    company.order(0, 1)
    company.stock(-7)
    # Asked for first, so that the facts are as far as the journal.
    whole, _ = company.exported("DEMAND_FACTS", "PARQUET")
    more, after = company.exported("DEMAND_FACTS", "PARQUET", sinceSeq=manifest["to"], sinceGeneration=manifest["generation"])
    if not 0 < after["rows"] < db.execute("SELECT count(*) FROM read_parquet(?)", [whole]).fetchone()[0]:
        raise Differs(f"an increment of {after['rows']} rows")
    by_increment(db, first, more, whole)
    like_api(db, company, whole)
    for entity in ("DEMAND_FACTS", "PRODUCTS", "STOCK", "MOVEMENTS", "ORDERS"):
        rows = like_lines(db, company.exported(entity, "PARQUET")[0], company.exported(entity, "JSONL")[0])
        print(f"{entity}: {rows} rows as JSON lines have them")
    print(f"DuckDB {duckdb.__version__} reads them; full and increment are all facts of the later moment")


if __name__ == "__main__":
    try:
        main()
    except Differs as e:
        sys.exit(f"parquet: {e}")
