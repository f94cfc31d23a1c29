#!/usr/bin/env python3
"""What a retailer's year comes to, from its file alone: by the rule of REPLAY.md beside the file, in plain Python.

  year.py FILE [EXPECTED]    compares the year with the section of expected.json that is of this file; ends with 1 on a difference

It shares nothing with the product: no SQL, no server, no code. Units are integers, amounts integers of pennies; prices are read as decimals.
FILE is .csv, .csv.gz or .csv.zst, which the program zstd unpacks. bench/insight_totals.py compares the reports of a server with it.
"""

import collections
import csv
import datetime
import decimal
import functools
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys

COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
PRODUCT = re.compile(r"[0-9]{5}[A-Z]{0,3}|DCGS[0-9A-Z]+")
DOCUMENTS = {"SALE": "ORDER", "RETURN": "RETURN", "ADJ_IN": "ADJUSTMENT", "ADJ_OUT": "ADJUSTMENT"}
SUMMED = (
    "orders", "order_lines", "sold", "gross", "cost", "charge_lines", "charges", "returns", "return_lines", "returned", "refunds", "returned_cost",
    "credits", "taken_back", "adjustment_lines", "adjusted_in", "adjusted_out", "found_cost", "lost_cost", "receipt_lines", "received", "received_cost",
)


class Unusable(Exception):
    """The file cannot be read, or breaks the rule."""


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def unpacked(path):
    try:
        if path.endswith(".zst"):
            return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as f:
            return f.read()
    except FileNotFoundError as e:
        raise Unusable("needs the program zstd (Debian: apt-get install zstd)" if e.filename == "zstd" else f"no file {path}") from None
    except (OSError, EOFError, subprocess.CalledProcessError) as e:
        raise Unusable(f"{path}: {e}") from None


@functools.lru_cache(maxsize=None)
def pence(text):
    """A decimal number of pounds in pence, rounded half away from zero."""
    return int(decimal.Decimal(text).scaleb(2).quantize(decimal.Decimal(1), decimal.ROUND_HALF_UP))


def kind_of(invoice, sku, units, price, customer):
    is_credit = invoice.startswith("C")
    if invoice[0].isalpha() and not is_credit:
        return "FINANCIAL"
    if not PRODUCT.fullmatch(sku):
        return "CHARGE_CREDIT" if is_credit else "CHARGE" if units > 0 else "SERVICE_IGNORED"
    if is_credit:
        return "RETURN" if units < 0 else "IGNORED"
    if units <= 0:
        return "ADJ_OUT" if units else "IGNORED"
    return "SALE" if price > 0 or customer else "ADJ_IN"


def rows_of(data, path):
    """(row number, invoice, sku, description, units, time, pence, customer or None, country) of each row."""
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    header = [name.strip() for name in next(reader, [])]
    if missing := [name for name in COLUMNS if name not in header]:
        raise Unusable(f"{path} has no column {missing[0]}")
    places = [header.index(name) for name in COLUMNS]
    moments = functools.lru_cache(maxsize=None)(datetime.datetime.fromisoformat)
    for number, row in enumerate(reader, 1):
        try:
            invoice, code, description, units, time, price, customer, country = (row[place] for place in places)
            customer = customer.strip().removesuffix(".0") or None
            yield number, invoice, code.strip().upper(), " ".join(description.split()), int(units), moments(time), pence(price.strip()), customer, country.strip()
        except (ValueError, IndexError, decimal.InvalidOperation) as e:
            raise Unusable(f"{path}, row {number}: {e}") from None


# ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Sums:
    """What some documents come to. `largest` is the units of the largest order line."""

    __slots__ = (*SUMMED, "largest")

    def __init__(self):
        self.largest = 0
        for name in SUMMED:
            setattr(self, name, 0)

    def add(self, other):
        self.largest = max(self.largest, other.largest)
        for name in SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def came(self):
        return self.received + self.returned + self.adjusted_in

    @property
    def left(self):
        return self.sold + self.adjusted_out

    @property
    def net(self):
        return self.gross - self.refunds


class Line:
    """Units of a product at a price; of an adjustment they are below 0 where it takes. `back` are those that returns took back of an order's line."""

    __slots__ = ("sku", "units", "price", "back")

    def __init__(self, sku, units, price):
        self.sku, self.units, self.price, self.back = sku, units, price, 0


class Document:
    """An ORDER, a RETURN, an ADJUSTMENT, or the OPENING receipt."""

    def __init__(self, kind, invoice, row, time):
        self.kind, self.invoice, self.row, self.time = kind, invoice, row, time
        self.customer, self.lines, self.merged, self.charges, self.sums = None, [], {}, [], Sums()

    @property
    def day(self):
        return self.time.toordinal()


class NameUse:
    """How often a product has a name, in sales and in all, and in which row first."""

    def __init__(self, row):
        self.sales, self.first_sale, self.times, self.first = 0, None, 0, row


class Product:
    def __init__(self):
        self.names, self.name, self.price, self.cost, self.opening, self.closing = {}, None, 0, 0, 0, 0


class Year:
    """Days are ordinals of the proleptic calendar (`datetime.date.toordinal`), local to the shop; `first` is the day of the opening receipt."""

    def __init__(self, path):
        data = unpacked(path)
        self.path, self.sha256, self.kinds = path, hashlib.sha256(data).hexdigest(), collections.Counter()
        self.products, self.customers = collections.defaultdict(Product), set()
        documents, charges, begun = {}, {}, None
        for number, invoice, sku, description, units, time, price, customer, _ in rows_of(data, path):
            begun = begun or datetime.datetime.combine(time.date(), datetime.time())
            kind = kind_of(invoice, sku, units, price, customer)
            self.kinds[kind] += 1
            if kind.startswith("CHARGE"):
                of = charges.setdefault((invoice, "RETURN" if kind == "CHARGE_CREDIT" else "ORDER"), collections.Counter())
                of[sku, price] += -units if kind == "CHARGE_CREDIT" else units
            elif kind in DOCUMENTS:
                if price < 0:
                    raise Unusable(f"{path}, row {number}: a product has a price below 0")
                key = invoice, DOCUMENTS[kind]
                document = documents.get(key) or documents.setdefault(key, Document(key[1], invoice, number, time))
                document.time = min(document.time, time)
                self.take(document, kind, sku, description, units, price, customer, number)
        if not documents:
            raise Unusable(f"{path} has no order, return or adjustment")
        for key, of in charges.items():
            if key in documents:
                documents[key].charges = [(units, price) for (_, price), units in of.items() if units]
        self.products = dict(sorted(self.products.items()))
        self.documents = sorted(documents.values(), key=lambda one: (one.time, one.row))
        self.match_returns()
        self.open(begun)
        self.sum_up()

    def take(self, document, kind, sku, description, units, price, customer, number):
        names = self.products[sku].names
        if description:
            use = names.setdefault(description, NameUse(number))
            use.times += 1
            if kind == "SALE":
                use.sales, use.first_sale = use.sales + 1, use.first_sale or number
        if document.kind == "ADJUSTMENT":
            document.lines.append(Line(sku, units, 0))
            return
        if customer:
            self.customers.add(customer)
            document.customer = document.customer or customer
        # The same product at the same price is one line, which stands where its first row does.
        units = abs(units)
        if line := document.merged.get((sku, price)):
            line.units += units
        else:
            line = document.merged[sku, price] = Line(sku, units, price)
            document.lines.append(line)

    def match_returns(self):
        """Each return takes from its customer's orders of the product before it, the latest first; the rest came back without an order."""
        shelves, self.pieces, self.matched = collections.defaultdict(list), [], collections.Counter()
        for document in self.documents:
            for line in document.lines if document.kind != "ADJUSTMENT" else ():
                shelf = shelves[document.customer, line.sku] if document.customer else []
                if document.kind == "ORDER":
                    shelf.append((document, line))
                    continue
                need = line.units
                while need and shelf:
                    order, sold = shelf[-1]
                    units = min(need, sold.units - sold.back)
                    sold.back, need = sold.back + units, need - units
                    order.sums.taken_back += units
                    self.pieces.append((document, line, order, sold, units))
                    if sold.back == sold.units:
                        shelf.pop()
                self.matched["matched_units"] += line.units - need
                self.matched["unmatched_units"] += need
                self.matched["lines_fully_matched" if not need else "lines_unmatched" if need == line.units else "lines_partly_matched"] += 1

    def open(self, begun):
        """Names, costs, and the least stock with which no product falls below 0."""
        for sku, product in self.products.items():
            uses = [(-use.sales, use.first_sale, name) for name, use in product.names.items() if use.sales]
            uses = uses or [(-use.times, use.first, name) for name, use in product.names.items()]
            product.name = min(uses)[2] if uses else sku
        lowest = collections.Counter()
        for document in self.documents:
            for line in document.lines:
                product = self.products[line.sku]
                product.closing += -line.units if document.kind == "ORDER" else line.units
                lowest[line.sku] = min(lowest[line.sku], product.closing)
                if document.kind == "ORDER" and not product.price:
                    product.price = line.price
        opening = Document("OPENING", "OPENING", 0, begun)
        for sku, product in self.products.items():
            product.cost, product.opening = product.price * 60 // 100, -lowest[sku]
            product.closing += product.opening
            if product.opening:
                opening.lines.append(Line(sku, product.opening, product.cost))
        self.documents.insert(0, opening)

    def sum_up(self):
        """What each document comes to, and each product on each day: `cells` by (day, sku)."""
        self.first, self.last = (edge(one.day for one in self.documents) for edge in (min, max))
        self.cells = collections.defaultdict(Sums)
        for document in self.documents:
            seen = set()
            if document.kind in ("ORDER", "RETURN"):
                setattr(document.sums, "orders" if document.kind == "ORDER" else "returns", 1)
            for units, price in document.charges:
                if document.kind == "ORDER":
                    document.sums.charges += units * price
                    document.sums.charge_lines += 1
                else:
                    document.sums.credits += units * price
            for line in document.lines:
                cell = self.cells[document.day, line.sku]
                if line.sku not in seen:
                    seen.add(line.sku)
                    cell.orders += document.kind == "ORDER"
                    cell.returns += document.kind == "RETURN"
                cell.taken_back += line.back
                for sums in (cell, document.sums):
                    count(sums, document.kind, line, line.units * self.products[line.sku].cost)
        self.stock()

    def stock(self):
        """What each product closed each day with, None before its first movement; and the units and the worth of all of them."""
        days = self.last - self.first + 1
        self.closings, self.units, self.worth = {}, [0] * days, [0] * days
        moved = collections.defaultdict(dict)
        for (day, sku), cell in self.cells.items():
            moved[sku][day] = cell.came - cell.left
        for sku, changes in moved.items():
            closing, closings = None, []
            for nth in range(days):
                if self.first + nth in changes:
                    closing = (closing or 0) + changes[self.first + nth]
                closings.append(closing)
                self.units[nth] += closing or 0
                self.worth[nth] += (closing or 0) * self.products[sku].cost
            self.closings[sku] = closings

    # ── questions ───────────────────────────────────────────────────────────────────────────────────────────────────

    def by(self, key, first=None, last=None):
        """Sums of documents by what `key` says of each."""
        found = collections.defaultdict(Sums)
        for document in self.documents:
            if (first or self.first) <= document.day <= (last or self.last):
                found[key(document)].add(document.sums)
        return found

    def total(self, first=None, last=None):
        return self.by(lambda _: None, first, last)[None]

    def by_product(self):
        found = collections.defaultdict(Sums)
        for (_, sku), cell in self.cells.items():
            found[sku].add(cell)
        return found

    def of(self, kind):
        return [document for document in self.documents if document.kind == kind]

    def section(self):
        """The year as a section of expected.json has it, as far as reports rest on it."""
        all_, orders, months = self.total(), self.of("ORDER"), self.by(lambda one: one.time.strftime("%Y-%m"))
        units = {sku: sums.sold for sku, sums in self.by_product().items()}
        closings = [f"{sku},{one.closing}\n" for sku, one in self.products.items()]
        pieces = sorted(f"{back.invoice},{line.sku},{line.price},{order.invoice},{sold.price},{n}\n" for back, line, order, sold, n in self.pieces)
        value = lambda units: sum(getattr(one, units) * one.cost for one in self.products.values())
        return {
            "csv_sha256": self.sha256, "rows": sum(self.kinds.values()), "rows_by_kind": {kind: n for kind, n in sorted(self.kinds.items()) if n},
            "products": len(self.products), "customers": len(self.customers), "customers_with_orders": len({one.customer for one in orders} - {None}),
            "orders": all_.orders, "guest_orders": sum(not one.customer for one in orders), "order_lines": all_.order_lines, "returns": all_.returns,
            "return_lines": all_.return_lines, "adjustments": len(self.of("ADJUSTMENT")), "adjustment_lines": all_.adjustment_lines,
            "units_sold": all_.sold, "units_returned": all_.returned, "units_adjusted_in": all_.adjusted_in, "units_adjusted_out": all_.adjusted_out,
            "gross_revenue_pence": all_.gross, "refunds_pence": all_.refunds, "net_revenue_pence": all_.net, "order_charge_lines": all_.charge_lines,
            "order_charges_pence": all_.charges, "return_charge_credits_pence": all_.credits, "opening_lines": all_.receipt_lines,
            "opening_units": all_.received, "opening_value_pence": value("opening"), "final_on_hand_units": self.units[-1],
            "opening_sha256": digest(f"{sku},{one.opening}\n" for sku, one in self.products.items() if one.opening),
            "final_on_hand_sha256": digest(closings), "final_value_pence": value("closing"), "cogs_pence": all_.cost,
            "products_on_hand_zero": sum(not one.closing for one in self.products.values()),
            "product_names_sha256": digest(f"{sku}\t{one.name}\n" for sku, one in self.products.items()),
            "returns_matching": {
                **self.matched, "pieces": len(pieces), "pieces_sha256": digest(pieces), "orders_touched": len({one[2].invoice for one in self.pieces}),
            },
            "top10_units": sorted(units.values(), reverse=True)[:10],
            "monthly": {
                month: {"orders": one.orders, "units_sold": one.sold, "gross_pence": one.gross, "refunds_pence": one.refunds, "net_pence": one.net}
                for month, one in sorted(months.items()) if one.orders or one.returns
            },
        }

    def differences(self, path):
        """(figure, what it is here, what expected.json says) of each that differs, and how many are compared; None without a section of this file."""
        with open(path, encoding="utf-8") as f:
            sections = [one for one in json.load(f).values() if isinstance(one, dict)]
        expected = next((one for one in sections if one.get("csv_sha256") == self.sha256), None)
        if expected is None:
            return None
        expected["top10_units"] = [one["units"] for one in expected["top10_by_units"]]
        expected["monthly"] = {one.pop("month"): one for one in expected["monthly"]}
        own, theirs = dict(leaves(self.section())), dict(leaves(expected))
        return [(name, value, theirs.get(name)) for name, value in own.items() if value != theirs.get(name)], len(own)


def count(sums, kind, line, cost):
    """Adds a line that cost so much."""
    if kind == "ORDER":
        sums.order_lines += 1
        sums.sold += line.units
        sums.gross += line.units * line.price
        sums.cost += cost
        sums.largest = max(sums.largest, line.units)
    elif kind == "RETURN":
        sums.return_lines += 1
        sums.returned += line.units
        sums.refunds += line.units * line.price
        sums.returned_cost += cost
    elif kind == "OPENING":
        sums.receipt_lines += 1
        sums.received += line.units
        sums.received_cost += cost
    else:
        sums.adjustment_lines += 1
        sums.adjusted_in += max(line.units, 0)
        sums.adjusted_out -= min(line.units, 0)
        sums.found_cost += max(cost, 0)
        sums.lost_cost -= min(cost, 0)


def leaves(section, path=""):
    for name, value in section.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name, value


def digest(lines):
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    expected = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(sys.argv[1]), "expected.json")
    try:
        found = Year(sys.argv[1]).differences(expected)
    except (Unusable, OSError) as e:
        sys.exit(f"year: {e}")
    if found is None:
        sys.exit(f"year: {expected} has no section of this file")
    for name, value, theirs in found[0]:
        print(f"{name}: {value}, and {theirs} in expected.json")
    print(f"{found[1] - len(found[0])} of {found[1]} figures are equal to expected.json")
    sys.exit(bool(found[0]))


if __name__ == "__main__":
    main()
