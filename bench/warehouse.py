#!/usr/bin/env python3
"""How long the warehouse's large pieces of work take, through the public API only.

  warehouse.py --url URL --out DIR [--pid PID] [--products N] [--rows N]

Makes a tenant of its own and measures: an import of N products (100,000) and of N rows of stock (1,000,000, in ten
stores), the export of the movements that made, a count of 5,000 lines that posts, reorder suggestions for 5,000
products in 20 stores, the receipt of a purchase order of 500 lines (five times, the median), and what stock is worth.
Each figure stands beside what is owed; an exit code of 1 says that one is missed. PID is the server's, for its peak memory.
"""

import argparse
import http.client
import json
import statistics
import sys
import time
import urllib.parse

from load import Api, Refused, say

EXCHANGE = "id state error counts { rows created updated unchanged refused }"


class Warehouse:
    def __init__(self, api, pid):
        self.api, self.pid, self.keys, self.missed = api, pid, 0, 0

    def key(self):
        self.keys += 1
        return f"warehouse-{self.keys}"

    def told(self, what, figure, unit, owed, most=True):
        good = figure <= owed if most else figure >= owed
        self.missed += not good
        print(f"{what}: {figure:,.2f} {unit} ({'at most' if most else 'at least'} {owed:,} owed) {'reached' if good else 'MISSED'}", flush=True)

    def memory(self):
        """The server's peak in MiB since the last look; None where it cannot be known."""
        if not self.pid:
            return None
        with open(f"/proc/{self.pid}/status") as status:
            peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
        return peak

    def ended(self, exchange):
        while exchange["state"] in ("QUEUED", "RUNNING"):
            time.sleep(0.1)
            exchange = self.api.ask(f"query($id: ID!) {{ node(id: $id) {{ ... on DataJob {{ {EXCHANGE} }} }} }}", id=exchange["id"])["node"]
        if exchange["state"] != "DONE" or exchange["counts"]["refused"]:
            raise Refused(f"the exchange ended as {json.dumps(exchange)}")
        return exchange

    def brought_in(self, noun, text):
        """Sends a file and imports it: the seconds from asking until it is over."""
        made = self.api.change("fileUploadCreate", {"purpose": "IMPORT", "name": f"{noun.lower()}.csv"}, "file { id } uploadUrl")
        to = urllib.parse.urlsplit(self.api.url)
        connection = http.client.HTTPConnection(to.hostname, to.port, timeout=300)
        connection.request("PUT", made["uploadUrl"], text.encode(), {"content-type": "text/csv"})
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise Refused(f"the file was refused: HTTP {answer.status}")
        began = time.monotonic()
        asked = {"idempotencyKey": self.key(), "fileId": made["file"]["id"], "entity": noun}
        self.ended(self.api.change("importCreate", asked, f"dataJob {{ {EXCHANGE} }}")["dataJob"])
        return time.monotonic() - began

    def files(self, products, rows):
        stores = [f"W{n}" for n in range(10)]
        for code in stores:
            self.api.change("storeCreate", {"code": code, "name": code, "kind": "WAREHOUSE"}, "store { id }")
        text = "".join(f"sku-{n},Product number {n},4.50,GBP,2.00,GBP\n" for n in range(products))
        took = self.brought_in("PRODUCTS", "sku,name,price,priceCurrency,unitCost,costCurrency\n" + text)
        self.told(f"import of {products:,} products", took, "s", 30)
        text = "".join(f"sku-{n % products},{stores[n // products % 10]},{1 + n % 977}\n" for n in range(rows))
        took = self.brought_in("STOCK_CHANGES", "sku,store,delta\n" + text)
        self.told(f"import of {rows:,} rows of stock", took, "s", 180)
        began = time.monotonic()
        asked = {"idempotencyKey": self.key(), "entity": "MOVEMENTS"}
        done = self.ended(self.api.change("exportCreate", asked, f"dataJob {{ {EXCHANGE} }}")["dataJob"])
        took = time.monotonic() - began
        self.told(f"export of {done['counts']['rows']:,} entries", done["counts"]["rows"] / took, "rows/s", 50_000, most=False)
        if peak := self.memory():
            self.told("the server's peak memory over these", peak, "MiB", 300)

    def a_count(self):
        self.api.change("storeCreate", {"code": "COUNTED", "name": "Counted"}, "store { id }")
        self.brought_in("STOCK_CHANGES", "sku,store,delta\n" + "".join(f"sku-{n},COUNTED,10\n" for n in range(5_000)))
        made = self.api.change("stocktakeCreate", {"idempotencyKey": self.key(), "kind": "FULL", "store": {"code": "COUNTED"}}, "stocktake { id }")["stocktake"]
        step = lambda name: self.api.change(name, {"idempotencyKey": self.key(), "id": made["id"]}, "stocktake { status }")
        step("stocktakeStart")
        for start in range(0, 5_000, 500):
            lines = [{"product": {"sku": f"sku-{n}"}, "counted": 9 + n % 3} for n in range(start, start + 500)]
            self.api.change("stocktakeRecord", {"idempotencyKey": self.key(), "id": made["id"], "lines": lines}, "stocktake { status }")
        step("stocktakeSubmit")
        began = time.monotonic()
        step("stocktakeApprove")
        self.told("a count of 5,000 lines posts", time.monotonic() - began, "s", 1)

    def reordering(self):
        supplier = self.api.change("supplierCreate", {"code": "MAKER", "name": "Maker"}, "supplier { id }")["supplier"]
        stores = [f"R{n}" for n in range(20)]
        for code in stores:
            self.api.change("storeCreate", {"code": code, "name": code}, "store { id }")
        pounds = lambda amount: {"amount": amount, "currencyCode": self.api.account["currency"]}
        for start in range(0, 5_000, 500):
            rows = [
                {"supplier": {"id": supplier["id"]}, "product": {"sku": f"sku-{n}"}, "unitCost": pounds("2.00"), "packSize": 6, "isPreferred": True}
                for n in range(start, start + 500)
            ]
            self.api.change("supplierProductBulkUpsert", {"idempotencyKey": self.key(), "rows": rows}, "rows { outcome }")
            for code in stores:
                items = [{"product": {"sku": f"sku-{n}"}, "store": {"code": code}, "reorderPoint": 5 + n % 7, "maximum": 40} for n in range(start, start + 500)]
                self.api.change("reorderPolicySet", {"idempotencyKey": self.key(), "items": items}, "seq")
        query = "query($stores: [StoreRef!]) { reorderSuggestions(stores: $stores, first: 5000) { quantity } }"
        began = time.monotonic()
        found = self.api.ask(query, stores=[{"code": code} for code in stores])["reorderSuggestions"]
        took = time.monotonic() - began
        if len(found) != 5_000:
            raise Refused(f"5,000 suggestions were expected of 100,000 levels, and there are {len(found)}")
        self.told("reorder suggestions for 5,000 products in 20 stores", took, "s", 3)

    def deliveries(self):
        took = []
        for round_ in range(5):
            lines = [{"product": {"sku": f"sku-{round_ * 500 + n}"}, "quantity": 7} for n in range(500)]
            asked = {"idempotencyKey": self.key(), "supplier": {"code": "MAKER"}, "store": {"code": "COUNTED"}, "lines": lines}
            order = self.api.change("purchaseOrderCreate", asked, "purchaseOrder { id }")["purchaseOrder"]
            for step in ("Submit", "Approve", "Place"):
                self.api.change(f"purchaseOrder{step}", {"idempotencyKey": self.key(), "id": order["id"]}, "seq")
            began = time.monotonic()
            self.api.change("purchaseOrderReceive", {"idempotencyKey": self.key(), "id": order["id"]}, "purchaseOrder { status }")
            took.append(time.monotonic() - began)
        self.told("receipt of a purchase order of 500 lines", statistics.median(took) * 1_000, "ms", 200)

    def worth(self):
        """Not owed by anyone: what the costs' book takes after all of this, and a valuation of it."""
        query = "{ stockValue(groupBy: PRODUCT, first: 10) { isCurrent seq total { value { amount } } } }"
        began = time.monotonic()
        while not (value := self.api.ask(query)["stockValue"])["isCurrent"]:
            pass
        kept = time.monotonic() - began
        began = time.monotonic()
        self.api.ask(query)
        print(f"the costs' book: {kept:.1f} s from nothing; a valuation of all products {1_000 * (time.monotonic() - began):.0f} ms", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--url", required=True)
    p.add_argument("--out", required=True, metavar="DIR")
    p.add_argument("--pid", type=int)
    p.add_argument("--products", type=int, default=100_000)
    p.add_argument("--rows", type=int, default=1_000_000)
    o = p.parse_args()
    if o.products < 5_000:
        p.error("a count and suggestions need --products 5000 at least")
    api = Api(o.url, o.out)
    api.register("Warehouse")
    house = Warehouse(api, o.pid)
    house.files(o.products, o.rows)
    house.a_count()
    house.reordering()
    house.deliveries()
    house.worth()
    say(f"{house.missed} missed")
    sys.exit(1 if house.missed else 0)


if __name__ == "__main__":
    try:
        main()
    except Refused as e:
        sys.exit(f"warehouse: {e}")
