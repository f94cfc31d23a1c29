#!/usr/bin/env python3
"""The reports of a replayed year beside what the year's file says: equal to the unit and the penny, or the first differences.

  insight_totals.py --file FILE --account DIR --on DB [--expected JSON] [--out FILE] [--only REPORT,…]

bench/year.py computes the year from FILE alone, by the rule of its REPLAY.md, and is compared with EXPECTED (expected.json beside FILE) first. Then every
report that the file determines is asked of the server whose account.json is in DIR, which has nothing but the replayed year: of the whole year and of each
month, every row of every page, with its totals and its number of rows. A row that is only on one side is one of zeros.

  salesSummary        all of its figures; rows by day, month, product, store and customer; the 50 products that sold most
  movementSummary     entries and units; rows by kind, day and product
  costSummary         by both methods, which agree because a product's cost never changes; rows by day, month, product and store
  stockValueSummary   at the end of each month and now, by both methods; rows by product and store
  demandFacts         all of its figures; rows by day, week, product and store
  stockPerformance    days in and out of stock, turnover, days of supply, sell-through, lost units; rows by product
  lostSales           days and units of stock-outs, and their revenue and margin at the mean price of the 28 days before; rows by product
  deadStock           free units, their value and price, and the days since the last sale, of all that is on hand long after the year
  stockProductivity   sell-through, GMROI, turnover and days of inventory by booked value; rows by product and store
  marginReport        rows by product and store
  abcXyz              shares, classes and variations of all products, also over the weeks in stock
  report              sales by weekday, day, week, month, quarter and product; stock and its value at their ends, days with and without stock
  customerScores, customerCohorts, fulfilmentReport, shrinkage, boughtTogether (its first pages), stockAgeing (units and value), dashboard (sales, stock)

Amounts, units and numbers of documents have to be equal. Ratios, which are said to six decimals, may differ from the exact fraction by half of the sixth one.
Not compared, because the file does not determine them: channels, countries, categories, suppliers, hours, forecasts, what could be
done about dead stock, reasons of shrinkage, ages. Prints a table of Markdown; ends with 1 on a difference, of which each report shows the first --most.
"""

import argparse
import collections
import datetime
import json
import math
import os
import sys
import time
from decimal import Decimal
from fractions import Fraction

from load import Api, Refused, iso, say
from measured import Figures
from year import Sums, Unusable, Year

HALF = Fraction(5, 10**7) + Fraction(1, 10**9)
MONEY = set(
    "grossRevenue refunds netRevenue charges chargeCredits costOfGoodsSold listValue discounts received returned removed corrected revalued landedCostVariance"
    " change value meanStockValue returnedCost margin revenue price lostValue foundValue netValue stockValue".split()
)
EVENT_DAYS = 28  # of a stock-out in totals of lost units
SILENT_DAYS = 180  # after which stock without a sale is dead
PRICED_DAYS = 28  # that a lost unit's price is the mean of
RANGES = {"lostRevenue", "lostMargin"}  # objects of which each figure is an amount
WINDOWS = (30, 90, 365)
PATIENCE = 600  # seconds that facts and books may take to come to where the journal is


# ── comparing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def is_same(served, own):
    if isinstance(own, frozenset):
        return served in own
    if isinstance(own, (Fraction, float)):
        is_number = isinstance(served, (int, float, Decimal)) and not isinstance(served, bool)
        return is_number and abs(Fraction(served) - Fraction(own)) <= HALF + abs(Fraction(own)) / 10**12
    return served == own


def is_nothing(value):
    return value is None or value == 0


def written(value):
    if isinstance(value, frozenset):
        return " or ".join(map(str, sorted(value)))
    return f"{float(value):.9f}" if isinstance(value, Fraction) else str(value)


class Comparison:
    """Figures by report: how many rows and figures were compared, and which differ."""

    def __init__(self):
        self.rows_of, self.figures_of, self.differences = collections.Counter(), collections.Counter(), collections.defaultdict(list)

    def figure(self, report, key, name, served, own):
        self.figures_of[report] += 1
        if not is_same(served, own):
            self.differs(report, f"{key}, {name}: {written(served)} served, {written(own)} by the file")

    def differs(self, report, text):
        self.differences[report].append(text)

    def row(self, report, key, served, own):
        self.rows_of[report] += 1
        for name, value in own.items():
            self.figure(report, key, name, served.get(name), value)

    def rows(self, report, what, served, own):
        """`served` are pairs of a key and a row."""
        found = {}
        for key, row in served:
            if key in found:
                self.differs(report, f"{what} {key} is on two pages")
            found[key] = row
        names = fields_of(own)
        for key in [*own, *(key for key in found if key not in own)]:
            label = f"{what} {key}"
            if key in own and key in found:
                self.row(report, label, found[key], own[key])
            elif some := {name: value for name, value in (own.get(key) or found[key]).items() if name in names and not is_nothing(value)}:
                self.figures_of[report] += len(some)
                side = "served, but not in the file" if key in found else "in the file, but not served"
                self.differs(report, f"{label} is {side}: {', '.join(f'{name} {written(value)}' for name, value in some.items())}")

    def table(self, on, most):
        print(f"\n| database | report | rows | figures | differ |\n|---|---|---|---|---|")
        for report in sorted(self.figures_of.keys() | self.differences.keys()):
            print(f"| {on} | {report} | {self.rows_of[report]:,} | {self.figures_of[report]:,} | {len(self.differences[report]) or '–'} |")
        for report, texts in self.differences.items():
            for text in texts[:most]:
                print(f"{on}, {report}: {text}")
            if len(texts) > most:
                print(f"{on}, {report}: and {len(texts) - most:,} more")
        return sum(map(len, self.differences.values()))


def fields_of(rows):
    return {name: None for row in rows.values() for name in row}


def selection(names, are_amounts=False):
    """`a b { amount } c { d e }` for the names a, b, c.d and c.e of figures."""
    inside = {}
    for name in names:
        head, _, rest = name.partition(".")
        inside.setdefault(head, []).extend([rest] if rest else [])
    return " ".join(head + (f" {{ {selection(rest, head in RANGES)} }}" if rest else " { amount }" if are_amounts or head in MONEY else "") for head, rest in inside.items())


def pence(amount):
    found = Decimal(amount) * 100
    return int(found) if found == found.to_integral_value() else found


def plain(node):
    """A node's figures by name: amounts in pennies, those of an object within behind its name."""
    found = {}
    for name, value in node.items():
        if isinstance(value, dict):
            found.update({name: pence(value["amount"])} if "amount" in value else {f"{name}.{inner}": one for inner, one in plain(value).items()})
        elif not isinstance(value, list):
            found[name] = value
    return found


def by(part, whole):
    return Fraction(part, whole) if whole else None


# ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def joined(*arguments):
    given = ", ".join(argument for argument in arguments if argument)
    return f"({given})" if given else ""


class Period:
    """Business days, both included; ordinals of the calendar."""

    def __init__(self, label, first, last):
        self.label, self.first, self.last, self.days = label, first, last, last - first + 1

    @property
    def dates(self):
        return f'from: "{date(self.first)}", to: "{date(self.last)}"'

    @property
    def filter(self):
        return f"filter: {{{self.dates}}}"

    @property
    def moments(self):
        return f'from: "{iso(midnight(self.first))}", to: "{iso(midnight(self.last + 1))}"'


def date(day):
    return datetime.date.fromordinal(day)


def monday(day):
    return day - (day - 1) % 7


def midnight(day):
    """The moment at which a day begins in London, where clocks change in the night of the last Sundays of March and October."""
    begun = date(day)
    spring, autumn = (last - datetime.timedelta(days=last.isoweekday() % 7) for last in (datetime.date(begun.year, month, 31) for month in (3, 10)))
    return datetime.datetime.combine(begun, datetime.time()) - datetime.timedelta(hours=spring < begun <= autumn)


def months_of(year):
    found, first = [], year.first
    while first <= year.last:
        begun = date(first)
        following = datetime.date(begun.year + begun.month // 12, begun.month % 12 + 1, 1).toordinal()
        found.append(Period(begun.strftime("%Y-%m"), first, min(following - 1, year.last)))
        first = following
    return found


class Reports:
    def __init__(self, api, year, options):
        self.api, self.year, self.options, self.comparison = api, year, options, Comparison()
        self.whole, self.months = Period("year", year.first, year.last), months_of(year)
        self.periods = [self.whole, *self.months]
        self.all, self.products = year.total(), year.by_product()
        self.performances = {period.label: performances(year, period) for period in self.periods}

    def until_current(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            answer = self.api.ask("{ costSummary { isCurrent } stockValueSummary { isCurrent } demandFacts(first: 1) { isCurrent } }")
            if all(one["isCurrent"] for one in answer.values()):
                return
            time.sleep(0.2)
        raise Refused(f"facts and books do not come to where the journal is within {PATIENCE} s")

    def ids(self):
        """Codes of stores and references of customers by ID."""
        self.stores = {node["id"]: node["code"] for node in self.pages("stores", "", "id code", has_count=False)}
        self.customers = {node["id"]: node["externalRef"] for node in self.pages("customers", "", "id externalRef", has_count=False)}

    def pages(self, root, arguments, nodes, rows=None, most=None, has_count=True, report=None):
        """All nodes of a list, page after page, or of `most` pages: of a root field, or of its `rows`, whose arguments are given then."""
        found, after, count, page = [], None, None, 0
        while True:
            paging = f"first: {self.options.first}" + (f", after: {json.dumps(after)}" if after else "")
            inner = f"{{ nodes {{ {nodes} }} pageInfo {{ hasNextPage endCursor }}{' totalCount(limit: 100000) { count }' if has_count and not after else ''} }}"
            inner = f"{joined(arguments, paging)} {inner}" if rows is None else f"{joined(arguments)} {{ list: rows{joined(rows, paging)} {inner} }}"
            answer = self.api.ask(f"{{ at: {root}{inner} }}")["at"]
            answer = answer if rows is None else answer["list"]
            count, page = answer.get("totalCount", count), page + 1
            found += answer["nodes"]
            if page == most or not answer["pageInfo"]["hasNextPage"]:
                if count and page != most:
                    self.comparison.figure(report or root, f"{root}{joined(rows or '')}", "rows on all pages", len(found), count["count"])
                return found
            after = answer["pageInfo"]["endCursor"]

    def rows(self, root, arguments, own, key, keyed="", what="", rows=None, most=None, report=None):
        """Compares all rows with `own`, by key. `keyed` is what the key is read from."""
        nodes = self.pages(root, arguments, f"{keyed} {selection(fields_of(own))}", rows, most, report=report)
        self.comparison.rows(report or root, what, [(key(node), plain(node)) for node in nodes], own)

    def total(self, root, arguments, own, what, report=None):
        """Compares the `total` of a summary."""
        answer = self.api.ask(f"{{ {root}{joined(arguments)} {{ total {{ {selection(own)} }} }} }}")[root]
        self.comparison.row(report or root, what, plain(answer["total"]), own)

    def totals(self, root, arguments, own, what, beside=None):
        """Compares the `totals` of a connection, and figures `beside` them; it has to be current."""
        beside = {**(beside or {}), "isCurrent": True}
        answer = self.api.ask(f"{{ {root}{joined(arguments, 'first: 1')} {{ {selection(beside)} totals {{ {selection(own)} }} }} }}")[root]
        self.comparison.row(root, what, plain(answer["totals"]), own)
        self.comparison.row(root, what, plain(answer), beside)


def of_product(node):
    return node["product"] and node["product"]["sku"]


def of_store(node):
    return node["store"] and node["store"]["code"]


SKU, CODE = "product { sku }", "store { code }"


def by_day(one):
    return str(date(one.day))


def by_month(one):
    return one.time.strftime("%Y-%m")


def in_main(_):
    return "MAIN"


# ── sums of documents ───────────────────────────────────────────────────────────────────────────────────────────────


def sales_row(s):
    return {
        "orders": s.orders, "orderLines": s.order_lines, "unitsSold": s.sold, "grossRevenue": s.gross, "returns": s.returns, "returnLines": s.return_lines,
        "unitsReturned": s.returned, "refunds": s.refunds, "netRevenue": s.net, "charges": s.charges, "chargeCredits": s.credits, "costOfGoodsSold": s.cost,
        "documentsWithoutRate": 0,
    }


def each(sums, row):
    return {key: row(one) for key, one in sums.items()}


def sales(r):
    year, root = r.year, "salesSummary"
    for period in r.periods:
        r.total(root, period.moments, sales_row(year.total(period.first, period.last)), period.label)
    for group, key in (("DAY", by_day), ("MONTH", by_month)):
        r.rows(root, "", each(year.by(key), sales_row), lambda node: node["key"], "key", group, f"groupBy: {group}")
    r.rows(root, "", each(year.by(in_main), sales_row), lambda node: r.stores.get(node["key"]), "key", "store", "groupBy: STORE")
    own = each(year.by(lambda one: one.customer), sales_row)
    r.rows(root, "", own, lambda node: r.customers.get(node["key"], node["key"]), "key", "customer", "groupBy: CUSTOMER")
    # Charges have no product: they are in the row without one, with the documents that have some.
    own, rest = each(r.products, sales_row), Sums()
    for document in year.documents:
        if document.charges:
            rest.orders, rest.returns = rest.orders + document.sums.orders, rest.returns + document.sums.returns
            rest.charges, rest.credits = rest.charges + document.sums.charges, rest.credits + document.sums.credits
    own[None] = sales_row(rest)
    r.rows(root, "", own, of_product, SKU, "product", "groupBy: PRODUCT")
    answer = r.api.ask("{ salesSummary { rows(groupBy: PRODUCT, topBy: UNITS_SOLD, first: 50) { nodes { product { sku } unitsSold } } } }")
    nodes = answer["salesSummary"]["rows"]["nodes"]
    most = sorted((one.sold for one in r.products.values()), reverse=True)[:50]
    r.comparison.figure(root, "the 50 that sold most", "unitsSold", [node["unitsSold"] for node in nodes if node["product"]], most)


def movements(r):
    root, entries = "movementSummary", lambda s: s.order_lines + s.return_lines + s.adjustment_lines + s.receipt_lines
    row = lambda s: {"entries": entries(s), "unitsIn": s.came, "unitsOut": s.left}
    for period in r.periods:
        moments = f'filter: {{occurredAt: {{gte: "{iso(midnight(period.first))}", lt: "{iso(midnight(period.last + 1))}"}}}}'
        r.total(root, moments, row(r.year.total(period.first, period.last)), period.label)
    kinds = {"OPENING": "RECEIPT", "ORDER": "SALE"}
    own = each(r.year.by(lambda one: kinds.get(one.kind, one.kind)), row)
    own["RECEIPT"]["value"] = r.all.received_cost
    for kind, number, value in (("SALE", r.all.orders, r.all.cost), ("RETURN", r.all.returns, None)):
        if kind in own:
            own[kind] |= {"movements": number} | ({} if value is None else {"value": value})
    r.rows(root, "", own, lambda node: node["kind"], "kind", "kind", "groupBy: KIND")
    r.rows(root, "", each(r.year.by(by_day), row), lambda node: node["key"], "key", "day", "groupBy: DAY")
    r.rows(root, "", each(r.products, row), of_product, SKU, "product", "groupBy: PRODUCT")


def cost_row(s):
    corrected = s.found_cost - s.lost_cost
    return {
        "received": s.received_cost, "costOfGoodsSold": s.cost, "returned": s.returned_cost, "removed": 0, "corrected": corrected, "revalued": 0,
        "landedCostVariance": 0, "change": s.received_cost - s.cost + s.returned_cost + corrected,
    }


METHODS = (("", ""), ("FIFO", "method: FIFO"), ("MOVING_AVERAGE", "method: MOVING_AVERAGE"))


def costs(r):
    for method, given in METHODS:
        report = f"costSummary {method}".strip()
        for period in r.periods:
            arguments = ", ".join(filter(None, (given, period.moments)))
            r.total("costSummary", arguments, cost_row(r.year.total(period.first, period.last)), period.label, report)
        for group, own in (("DAY", r.year.by(by_day)), ("MONTH", r.year.by(by_month))):
            r.rows("costSummary", given, each(own, cost_row), lambda node: node["key"], "key", group, f"groupBy: {group}", report=report)
        r.rows("costSummary", given, each(r.products, cost_row), of_product, SKU, "product", "groupBy: PRODUCT", report=report)
        own = each(r.year.by(in_main), cost_row)
        r.rows("costSummary", given, own, lambda node: r.stores.get(node["key"]), "key", "store", "groupBy: STORE", report=report)


def values(r):
    products = {sku: {"quantity": one.closing, "value": one.closing * one.cost} for sku, one in r.year.products.items()}
    for method, given in METHODS:
        report = f"stockValueSummary {method}".strip()
        for period in r.months:
            nth = period.last - r.year.first
            # What happens at midnight is of the next day.
            at = iso(midnight(period.last + 1) - datetime.timedelta(seconds=1))
            arguments = ", ".join(filter(None, (given, f'at: "{at}"')))
            r.total("stockValueSummary", arguments, {"quantity": r.year.units[nth], "value": r.year.worth[nth]}, f"end of {period.label}", report)
        own = {"quantity": r.year.units[-1], "value": r.year.worth[-1]}
        r.total("stockValueSummary", given, own, "now", report)
        r.rows("stockValueSummary", given, products, of_product, SKU, "product", "groupBy: PRODUCT", report=report)
        r.rows("stockValueSummary", given, {"MAIN": own}, of_store, CODE, "store", "groupBy: STORE", report=report)
    own = {sku: one for sku, one in products.items() if one["quantity"]}
    r.rows("stockAgeing", "", own, of_product, SKU, "product")
    r.totals("stockAgeing", "", {"quantity": r.year.units[-1], "value": r.year.worth[-1]}, "now")


def fact_row(s, active_days):
    return {
        "activeDays": active_days, "orderedUnits": s.sold, "cancelledUnits": 0, "soldUnits": s.sold, "takenBackUnits": s.taken_back,
        "returnedUnits": s.returned, "orderLines": s.order_lines, "returnLines": s.return_lines, "grossRevenue": s.gross, "discounts": 0, "listValue": s.gross,
        "refunds": s.refunds, "netRevenue": s.net, "costOfGoodsSold": s.cost, "largestLineUnits": s.largest, "shippedUnits": s.sold,
        "restockedUnits": s.returned, "receivedUnits": s.received, "movedInUnits": 0, "movedOutUnits": 0, "adjustedInUnits": s.adjusted_in,
        "adjustedOutUnits": s.adjusted_out, "removedUnits": 0, "netUnits": s.came - s.left,
    }


def facts(r):
    year, root = r.year, "demandFacts"
    days = sorted({one.day for one in year.documents})
    active = lambda first, last: sum(first <= day <= last for day in days)
    for period in r.periods:
        own = fact_row(year.total(period.first, period.last), active(period.first, period.last))
        r.totals(root, period.filter, own, period.label)
    own = {key: fact_row(one, 1) for key, one in year.by(by_day).items()}
    r.rows(root, "groupBy: [DAY]", own, lambda node: node["day"], "day", "day")
    weeks = year.by(lambda one: monday(one.day))
    own = {str(date(week)): fact_row(one, active(week, week + 6)) for week, one in weeks.items()}
    r.rows(root, "groupBy: [WEEK]", own, lambda node: node["week"], "week", "week")
    r.rows(root, "groupBy: [STORE]", {"MAIN": fact_row(r.all, len(days))}, of_store, CODE, "store")
    of_sku = collections.Counter(sku for _, sku in year.cells)
    own = {sku: fact_row(one, of_sku[sku]) | {"orders": one.orders, "returns": one.returns} for sku, one in r.products.items()}
    r.rows(root, "groupBy: [PRODUCT]", own, of_product, SKU, "product")


# ── stock ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Performance:
    """A product's stock over some days, or that of several."""

    SUMMED = ("in_days", "out_days", "capped", "stockouts", "sold_in", "sold_out", "opening", "received", "sold", "closing", "closing_sum", "value_sum")

    def __init__(self):
        self.first = None
        for name in self.SUMMED:
            setattr(self, name, 0)

    def add(self, other):
        self.first = min((one for one in (self.first, other.first) if one is not None), default=None)
        for name in self.SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def performance(year, sku, period):
    found, run = Performance(), 0
    closings = year.closings[sku]
    if period.first > year.first:
        found.opening = closings[period.first - year.first - 1] or 0
    found.first = year.first + next(nth for nth, closing in enumerate(closings) if closing is not None)
    for day in range(max(period.first, found.first), period.last + 1):
        cell, closing = year.cells.get((day, sku)), closings[day - year.first]
        sold = cell.sold if cell else 0
        found.received += cell.received if cell else 0
        found.sold, found.closing, found.closing_sum = found.sold + sold, closing, found.closing_sum + closing
        if closing > 0:
            found.in_days, found.sold_in, run = found.in_days + 1, found.sold_in + sold, 0
        else:
            found.stockouts += run == 0
            run += 1
            found.out_days, found.capped, found.sold_out = found.out_days + 1, found.capped + (run <= EVENT_DAYS), found.sold_out + sold
    found.value_sum = found.closing_sum * year.products[sku].cost
    return found


def performances(year, period):
    """Of the products that had moved by the period's end."""
    found = {sku: performance(year, sku, period) for sku in year.products}
    return {sku: one for sku, one in found.items() if one.first <= period.last}


def together(some):
    found = Performance()
    for one in some:
        found.add(one)
    return found


def lost(p, days, share):
    usual = by(p.sold_in, p.in_days)
    return None if usual is None else max(usual * days * (1 - share) - p.sold_out, Fraction(0))


SHARES = {"low": Fraction(1, 2), "mid": Fraction(1, 5), "high": Fraction(0)}


def performance_row(p, days):
    turnover = by(p.sold * days, p.closing_sum)
    return {
        "periodDays": days, "activeDays": p.in_days + p.out_days, "outDays": p.out_days, "stockouts": p.stockouts,
        "stockoutRate": by(p.out_days, p.in_days + p.out_days), "soldUnits": p.sold, "openingUnits": p.opening, "receivedUnits": p.received,
        "closingUnits": p.closing, "meanUnits": Fraction(p.closing_sum, days), "turnover": turnover,
        "annualisedTurnover": turnover * 365 / days if turnover is not None and days >= 28 else None, "daysOfSupply": by(p.closing * days, p.sold),
        "sellThrough": by(p.sold, p.opening + p.received),
    }


def stock_performance(r):
    for period in r.periods:
        levels = r.performances[period.label].values()
        own, beside = performance_row(together(levels), period.days), {}
        if period is r.whole:
            known = [one for one in levels if one.in_days]
            own |= {f"lostUnits.{name}": sum((lost(one, one.capped, share) for one in known), Fraction(0)) for name, share in SHARES.items()}
            beside = {"cutDays": sum(one.out_days - one.capped for one in levels), "unknownLevels": len(levels) - len(known)}
        r.totals("stockPerformance", period.dates, own, period.label, beside)
    own = {}
    for sku, one in r.performances[r.whole.label].items():
        own[sku] = performance_row(one, r.whole.days) | {"daysOfSupplyInStock": by(one.closing * one.in_days, one.sold_in)}
        own[sku] |= {f"lostUnits.{name}": lost(one, one.out_days, share) for name, share in SHARES.items()}
    r.rows("stockPerformance", r.whole.dates, own, of_product, SKU, "product")


def paid(year, sku, last):
    """Price and cost of a unit in pence: the means of the days up to the last one in stock, else those of the product."""
    closings = year.closings[sku]
    days = [day for day in range(year.first, last + 1) if (closings[day - year.first] or 0) > 0]
    units = gross = cost = 0
    for day in range(max(days[-1] - PRICED_DAYS + 1, year.first), days[-1] + 1) if days else ():
        if cell := year.cells.get((day, sku)):
            units, gross, cost = units + cell.sold, gross + cell.gross, cost + cell.cost
    product = year.products[sku]
    return (Fraction(gross, units), Fraction(cost, units)) if units else (Fraction(product.price), Fraction(product.cost))


def rounded(amount):
    """Halves go away from zero."""
    return (amount > 0 or -1) * math.floor(abs(amount) + Fraction(1, 2))


def either_way(amount):
    """A sum of floating numbers may fall on either side of a half."""
    near = frozenset(rounded(amount + off) for off in (-Fraction(1, 10**6), Fraction(0), Fraction(1, 10**6)))
    return near if len(near) > 1 else rounded(amount)


def lost_sales(r):
    for period in r.periods:
        levels = {sku: one for sku, one in r.performances[period.label].items() if one.out_days}
        known = {sku: (one, paid(r.year, sku, period.last)) for sku, one in levels.items() if one.in_days}
        total, own = together(levels.values()), {}
        sums = {"outDays": total.out_days, "cutDays": total.out_days - total.capped, "stockouts": total.stockouts}
        beside = {"unknownLevels": len(levels) - len(known), "unpricedLevels": 0}
        for name, share in SHARES.items():
            units = {sku: lost(one, one.capped, share) for sku, (one, _) in known.items()}
            revenue = {sku: units[sku] * price for sku, (_, (price, _)) in known.items()}
            margin = {sku: units[sku] * (price - cost) for sku, (_, (price, cost)) in known.items()}
            sums[f"lostUnits.{name}"] = sum(units.values(), Fraction(0))
            # Rows are rounded, not their sum.
            sums |= {f"lostRevenue.{name}": sum(map(rounded, revenue.values())), f"lostMargin.{name}": sum(map(rounded, margin.values()))}
            for sku, one in levels.items():
                row = own.setdefault(sku, {"activeDays": one.in_days + one.out_days, "outDays": one.out_days, "countedDays": one.capped, "stockouts": one.stockouts})
                row[f"lostUnits.{name}"], row[f"countedUnits.{name}"] = lost(one, one.out_days, share), units.get(sku)
                row[f"lostRevenue.{name}"] = either_way(revenue[sku]) if sku in revenue else None
                row[f"lostMargin.{name}"] = either_way(margin[sku]) if sku in margin else None
        r.totals("lostSales", period.filter, sums | beside, period.label)
        if period is r.whole:
            r.rows("lostSales", period.filter, own, of_product, SKU, "product")


def dead_stock(r):
    """All stock is dead years after the last sale; before that the file does not tell which."""
    year, today, last = r.year, datetime.date.today().toordinal(), {}
    if today - year.last < SILENT_DAYS:
        return say(f"  deadStock: the year ended less than {SILENT_DAYS} days ago")
    for day, sku in sorted(day_sku for day_sku, cell in year.cells.items() if cell.sold):
        last[sku] = day
    own = {
        sku: {
            "quantity": one.closing, "value": one.closing * one.cost, "price": one.price or None, "daysOfSupply": None,
            "daysWithoutSale": today - last[sku] if sku in last else None,
        }
        for sku, one in year.products.items() if one.closing > 0
    }
    r.rows("deadStock", "", own, of_product, SKU, "product")
    r.totals("deadStock", "", {"levels": len(own), "value": sum(one["value"] for one in own.values()), "withoutCost": 0}, "now")


def productivity_row(p, s, period):
    days = period.days
    net_cost, mean = s.cost - s.returned_cost, Fraction(p.value_sum, days)
    turnover, lasting = by(net_cost, mean), by(mean, net_cost)
    return {
        "activeDays": max(period.last - max(p.first, period.first) + 1, 0), "openingUnits": p.opening, "receivedUnits": p.received, "soldUnits": p.sold,
        "closingUnits": p.closing, "sellThrough": by(p.sold, p.opening + p.received), "netRevenue": s.net, "costOfGoodsSold": s.cost,
        "returnedCost": s.returned_cost, "meanStockValue": math.floor(mean + Fraction(1, 2)), "gmroi": by(s.net - net_cost, mean), "turnover": turnover,
        "annualisedTurnover": turnover * 365 / days if turnover is not None and days >= 28 else None,
        "daysOfInventory": None if lasting is None else lasting * days,
    }


def productivity(r):
    for period in r.periods:
        own = productivity_row(together(r.performances[period.label].values()), r.year.total(period.first, period.last), period)
        r.totals("stockProductivity", period.filter, own, period.label, {"periodDays": period.days})
    levels = r.performances[r.whole.label]
    own = {sku: productivity_row(one, r.products[sku], r.whole) for sku, one in levels.items()}
    r.rows("stockProductivity", f"{r.whole.filter}, groupBy: PRODUCT", own, of_product, SKU, "product")
    own = {"MAIN": productivity_row(together(levels.values()), r.all, r.whole)}
    r.rows("stockProductivity", f"{r.whole.filter}, groupBy: STORE", own, of_store, CODE, "store")


def shrinkage(r):
    row = lambda s: {
        "lostUnits": s.adjusted_out, "foundUnits": s.adjusted_in, "netUnits": s.adjusted_out - s.adjusted_in, "lostValue": s.lost_cost,
        "foundValue": s.found_cost, "netValue": s.lost_cost - s.found_cost,
    }
    for period in r.periods:
        r.totals("shrinkage", period.filter, row(r.year.total(period.first, period.last)), period.label)
    r.rows("shrinkage", f"{r.whole.filter}, groupBy: PRODUCT", each(r.products, row), of_product, SKU, "product")
    r.rows("shrinkage", f"{r.whole.filter}, groupBy: STORE", {"MAIN": row(r.all)}, of_store, CODE, "store")


# ── sales ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def margins(r):
    row = lambda s: {
        "soldUnits": s.sold, "grossRevenue": s.gross, "discounts": 0, "refunds": s.refunds, "netRevenue": s.net, "costOfGoodsSold": s.cost,
        "margin": s.gross - s.cost, "marginRate": by(s.gross - s.cost, s.gross),
    }
    for period in r.periods:
        r.totals("marginReport", period.filter, row(r.year.total(period.first, period.last)), period.label)
    r.rows("marginReport", f"{r.whole.filter}, groupBy: PRODUCT", each(r.products, row), of_product, SKU, "product")
    r.rows("marginReport", f"{r.whole.filter}, groupBy: STORE", {"MAIN": row(r.all)}, of_store, CODE, "store")


def evenness(weeks):
    """Variation of units by week and its class; at a border either class."""
    total = sum(weeks)
    if total <= 0:
        return None, frozenset("Z")
    square = Fraction(len(weeks) * sum(units * units for units in weeks), total * total) - 1
    borders = [(Fraction(1, 4), "XY"), (Fraction(1), "YZ")]
    either = next((names for border, names in borders if square == border), None)
    return math.sqrt(square), frozenset(either or next((names[0] for border, names in borders if square < border), "Z"))


def abc_xyz(r):
    year, revenue = r.year, sum(one.gross for one in r.products.values())
    first = monday(year.first + 6)
    mondays = [day for day in range(first, year.last - 5, 7) if day + 6 < datetime.date.today().toordinal()]
    own, classes, before = {}, collections.defaultdict(lambda: {"products": 0, "revenue": 0}), 0
    for sku, one in sorted(r.products.items(), key=lambda pair: (-pair[1].gross, pair[0])):
        closings = year.closings[sku]
        weeks = [sum(cell.sold for day in range(week, week + 7) if (cell := year.cells.get((day, sku)))) for week in mondays]
        stocked = [sum((closings[day - year.first] or 0) > 0 for day in range(week, week + 7)) for week in mondays]
        known = [units for units, days in zip(weeks, stocked) if days >= 5]
        abc = "C" if not one.gross or 100 * before >= 95 * revenue else "B" if 100 * before >= 80 * revenue else "A"
        (variation, xyz), (known_variation, known_xyz) = evenness(weeks), evenness(known)
        own[sku] = {
            "abc": abc, "xyz": xyz, "assignedAbc": abc, "assignedXyz": xyz, "revenue": one.gross, "revenueShare": by(one.gross, revenue),
            "shareBefore": by(before, revenue) or Fraction(0), "units": one.sold, "variation": variation, "knownWeeks": len(known),
            "xyzByKnownWeeks": known_xyz, "variationByKnownWeeks": known_variation,
        }
        before += one.gross
        sums = classes[abc, "".join(sorted(xyz))]
        sums["products"], sums["revenue"] = sums["products"] + 1, sums["revenue"] + one.gross
    r.rows("abcXyz", r.whole.filter, own, of_product, SKU, "product")
    totals = {"products": len(own), "weeks": len(mondays), "revenue": revenue}
    r.totals("abcXyz", r.whole.filter, totals, "year", {"periodDays": r.whole.days})
    answer = r.api.ask(f"{{ abcXyz({r.whole.filter}, first: 1) {{ totals {{ classes {{ abc xyz products revenue {{ amount }} }} }} }} }}")
    if all(len(xyz) == 1 for _, xyz in classes):
        r.comparison.rows("abcXyz", "classes", [((one["abc"], one["xyz"]), plain(one)) for one in answer["abcXyz"]["totals"]["classes"]], dict(classes))


def has_stayed(order):
    return any(line.back < line.units for line in order.lines)


def score(values, best):
    """A score for each value: by rank, ⌈best × rank ÷ number⌉, equal ones the better one."""
    rank = {}
    for nth, value in enumerate(sorted(values, reverse=True), 1):
        rank.setdefault(value, nth)
    return {value: best + 1 + -best * nth // len(values) for value, nth in rank.items()}


def customers(r):
    year, first = r.year, r.year.last - 364
    found = collections.defaultdict(lambda: {"orders": 0, "last": None, "net": 0})
    guests = 0
    for one in year.documents:
        if one.day < first or one.kind not in ("ORDER", "RETURN"):
            continue
        if not one.customer:
            guests += one.kind == "ORDER"
            continue
        customer = found[one.customer]
        customer["net"] += one.sums.net
        if one.kind == "ORDER" and has_stayed(one):
            customer["orders"], customer["last"] = customer["orders"] + 1, one.day
    found = {key: one for key, one in found.items() if one["orders"]}
    best = 3 if len(found) < 25 else 5
    recency, frequency, money = (score([one[name] for one in found.values()], best) for name in ("last", "orders", "net"))
    own = {
        key: {
            "recency": recency[one["last"]], "frequency": frequency[one["orders"]], "monetary": money[one["net"]], "daysSinceOrder": year.last - one["last"],
            "orders": one["orders"], "netRevenue": one["net"],
        }
        for key, one in found.items()
    }
    to = f'to: "{date(year.last)}"'
    r.rows("customerScores", to, own, lambda node: node["customer"] and node["customer"]["externalRef"], "customer { externalRef }", "customer")
    orders, net = (sum(one[name] for one in found.values()) for name in ("orders", "net"))
    r.totals("customerScores", to, {"customers": len(found), "orders": orders, "guestOrders": guests, "netRevenue": net, "bestScore": best}, "year")


def cohorts(r):
    """Customers by the month of their first order that did not come back whole, and those who ordered again within some days."""
    ordered = collections.defaultdict(list)
    for order in r.year.of("ORDER"):
        if order.customer and has_stayed(order):
            ordered[order.customer].append(order.day)
    months = collections.defaultdict(list)
    for days in ordered.values():
        months[date(days[0]).strftime("%Y-%m")].append(days)
    own, today = {}, datetime.date.today().toordinal()
    for month, some in months.items():
        own[month] = {"customers": len(some)}
        for window in WINDOWS:
            again = sum(len(days) > 1 and days[1] - days[0] <= window for days in some)
            own[month][f"repeatedWithin{window}Days"] = again if max(days[0] for days in some) + window < today else None
    period = f"period: {{{r.whole.dates}}}"
    r.rows("customerCohorts", period, own, lambda node: node["month"], "month", "month")
    r.totals("customerCohorts", period, {"customers": len(ordered), "repeated": sum(len(days) > 1 for days in ordered.values())}, "year")


def fulfilment(r):
    """Every order left whole when it was placed."""
    row = lambda s: {
        "orders": s.orders, "wholeOrders": s.orders, "lines": s.order_lines, "wholeLines": s.order_lines, "orderedUnits": s.sold, "shippedUnits": s.sold,
        "unitFillRate": by(s.sold, s.sold), "lineFillRate": by(s.order_lines, s.order_lines), "orderFillRate": by(s.orders, s.orders),
    }
    for period in r.periods:
        r.totals("fulfilmentReport", period.filter, row(r.year.total(period.first, period.last)), period.label)
    r.rows("fulfilmentReport", f"{r.whole.filter}, groupBy: STORE", {"MAIN": row(r.all)}, of_store, CODE, "store")


def baskets(r):
    """Pairs of products in the orders of 100 lines at most."""
    orders = r.year.of("ORDER")
    some = [sorted({line.sku for line in one.lines}) for one in orders if len(one.lines) <= 100]
    of_sku = collections.defaultdict(list)
    for basket in some:
        for sku in basket:
            of_sku[sku].append(basket)
    own, number = {}, len(some)
    for one, having in of_sku.items():
        beside = collections.Counter()
        for basket in having if len(having) >= 10 else ():
            beside.update(basket)
        for other, both in beside.items():
            if other <= one or both < 10:
                continue
            mine, theirs = len(having), len(of_sku[other])
            rest, beyond = (number - mine) * (number - theirs), both * number - mine * theirs
            is_strong = 2 * both * number >= 3 * mine * theirs and 100 * number * beyond * beyond >= 1083 * mine * theirs * rest
            if rest and is_strong:
                own[one, other] = both, mine, theirs
    nodes = r.pages("boughtTogether", r.whole.filter, f"{SKU} otherProduct {{ sku }} {' '.join(PAIR)}", most=r.options.pairs)
    for node in nodes:
        one, other = node["product"]["sku"], node["otherProduct"]["sku"]
        both, mine, theirs = own.get((min(one, other), max(one, other)), (0, 0, 0))
        if not both:
            r.comparison.differs("boughtTogether", f"{one} with {other} is served, but too weak by the file")
            continue
        mine, theirs = (mine, theirs) if one < other else (theirs, mine)
        rest, beyond = (number - mine) * (number - theirs), both * number - mine * theirs
        figures = (
            both, mine, theirs, Fraction(both, number), Fraction(both, mine), Fraction(both, theirs), Fraction(both * number, mine * theirs),
            Fraction(number * beyond * beyond, mine * theirs * rest),
        )
        r.comparison.row("boughtTogether", f"{one} with {other}", plain(node), dict(zip(PAIR, figures)))
    r.totals("boughtTogether", r.whole.filter, {"orders": number, "leftOutOrders": len(orders) - number, "pairs": len(own)}, "year")


PAIR = ("ordersTogether", "productOrders", "otherProductOrders", "support", "confidence", "otherConfidence", "lift", "chiSquare")


# ── the report builder and the dashboard ────────────────────────────────────────────────────────────────────────────


AMOUNTS = {"GROSS_REVENUE", "DISCOUNTS", "REFUNDS", "NET_REVENUE", "COST", "MARGIN", "STOCK_VALUE"}
OF_SALES = (
    ("SOLD_UNITS", "ORDERED_UNITS", "RETURNED_UNITS", "ORDERS", "ORDER_LINES", "GROSS_REVENUE"),
    ("REFUNDS", "NET_REVENUE", "COST", "MARGIN", "MARGIN_RATE", "AVERAGE_PRICE"),
    ("AVERAGE_ORDER_VALUE", "RETURN_RATE", "RECEIVED_UNITS", "REMOVED_UNITS", "CANCELLED_UNITS", "DISCOUNTS"),
)
OF_ENDS, OF_DAYS = ("CLOSING_UNITS", "STOCK_VALUE"), ("IN_STOCK_DAYS", "OUT_OF_STOCK_DAYS", "STOCKOUT_RATE")


def in_pounds(amount, number):
    return Fraction(amount, 100 * number) if number else None


def sales_measures(s):
    return {
        "SOLD_UNITS": s.sold, "ORDERED_UNITS": s.sold, "RETURNED_UNITS": s.returned, "ORDERS": s.orders, "ORDER_LINES": s.order_lines,
        "GROSS_REVENUE": s.gross, "REFUNDS": s.refunds, "NET_REVENUE": s.net, "COST": s.cost, "MARGIN": s.gross - s.cost,
        "MARGIN_RATE": by(s.gross - s.cost, s.gross), "AVERAGE_PRICE": in_pounds(s.gross, s.sold), "AVERAGE_ORDER_VALUE": in_pounds(s.gross, s.orders),
        "RETURN_RATE": by(s.returned, s.sold), "RECEIVED_UNITS": s.received, "REMOVED_UNITS": 0, "CANCELLED_UNITS": 0, "DISCOUNTS": 0,
    }


def days_measures(some):
    p = together(some)
    return {"IN_STOCK_DAYS": p.in_days, "OUT_OF_STOCK_DAYS": p.out_days, "STOCKOUT_RATE": by(p.out_days, p.in_days + p.out_days)}


def measured(row):
    """The values of a report's row: amounts in pennies, averages in pounds."""
    found = {}
    for one in row["values"]:
        name, value = one["measure"], one["value"]
        if value is not None:
            value = pence(value) if name in AMOUNTS else Decimal(value)
        found[name] = value
    return found


def build(r, dimension, measures, own, total):
    """Compares a report of some measures by one dimension."""
    keyed, key = {"PRODUCT": (SKU, of_product), "WEEKDAY": ("weekday", lambda node: node["weekday"])}.get(dimension, ("date", lambda node: node["date"]))
    given = f"measures: [{', '.join(measures)}], dimensions: [{dimension}], {r.whole.filter}"
    own = {name: {measure: row[measure] for measure in measures} for name, row in own.items()}
    nodes = r.pages("report", given, f"{keyed} values {{ measure value }}")
    r.comparison.rows("report", dimension, [(key(node), measured(node)) for node in nodes], own)
    answer = r.api.ask(f"{{ report({given}, first: 1) {{ isCurrent rowCount totals {{ values {{ measure value }} }} }} }}")["report"]
    r.comparison.row("report", f"{dimension}, all", measured(answer["totals"]), {measure: total[measure] for measure in measures})
    r.comparison.row("report", f"{dimension}, all", answer, {"isCurrent": True, "rowCount": len(nodes)})


def starts(dimension, day):
    """The first day of the stretch that a day is in."""
    begun = date(day)
    first = {"DAY": begun, "WEEK": date(monday(day)), "MONTH": begun.replace(day=1)}.get(dimension)
    return str(first or begun.replace(month=(begun.month - 1) // 3 * 3 + 1, day=1))


def builder(r):
    year, days = r.year, range(r.year.first, r.year.last + 1)
    total = sales_measures(r.all)
    for dimension in ("DAY", "WEEK", "MONTH", "QUARTER"):
        stretches = {starts(dimension, day): sales_measures(Sums()) for day in days}
        own = stretches | each(year.by(lambda one: starts(dimension, one.day)), sales_measures)
        for measures in OF_SALES:
            build(r, dimension, measures, own, total)
        # The last day of a stretch is the one that stays.
        own = {starts(dimension, day): {"CLOSING_UNITS": year.units[day - year.first], "STOCK_VALUE": year.worth[day - year.first]} for day in days}
        build(r, dimension, OF_ENDS, own, {measure: None for measure in OF_ENDS})
    own = each(year.by(lambda one: date(one.day).isoweekday()), sales_measures)
    for measures in OF_SALES:
        build(r, "WEEKDAY", measures, own, total)
        # An order of two products is in the rows of both.
        build(r, "PRODUCT", measures, each(r.products, sales_measures), total | {"ORDERS": None, "AVERAGE_ORDER_VALUE": None})
    own = {sku: {"CLOSING_UNITS": one.closing, "STOCK_VALUE": one.closing * one.cost} for sku, one in year.products.items()}
    build(r, "PRODUCT", OF_ENDS, own, {"CLOSING_UNITS": year.units[-1], "STOCK_VALUE": year.worth[-1]})
    levels = r.performances[r.whole.label]
    total = days_measures(levels.values())
    build(r, "PRODUCT", OF_DAYS, {sku: days_measures([one]) for sku, one in levels.items()}, total)
    own = {starts("MONTH", period.first): days_measures(r.performances[period.label].values()) for period in r.months}
    build(r, "MONTH", OF_DAYS, own, total)


def dashboard(r):
    query = f"""{{ dashboard(period: {{{r.whole.dates}}}) {{ isCurrent sales {{ orders units grossRevenue {{ amount }} refunds {{ amount }} netRevenue {{ amount }} }}
      topSellers {{ product {{ sku }} units revenue {{ amount }} }} stockValue {{ amount }} stock {{ levels outOfStock }} }} }}"""
    until = time.monotonic() + 60
    while not (answer := r.api.ask(query)["dashboard"])["isCurrent"] and time.monotonic() < until:
        time.sleep(1)
    zeros = sum(not one.closing for one in r.year.products.values())
    own = {
        "isCurrent": True, "sales.orders": r.all.orders, "sales.units": r.all.sold, "sales.grossRevenue": r.all.gross, "sales.refunds": r.all.refunds,
        "sales.netRevenue": r.all.net, "stockValue": r.year.worth[-1], "stock.levels": len(r.year.products), "stock.outOfStock": zeros,
    }
    r.comparison.row("dashboard", "year", plain(answer), own)
    for one in answer["topSellers"]:
        sums = r.products[one["product"]["sku"]]
        r.comparison.row("dashboard", one["product"]["sku"], plain(one), {"units": sums.sold, "revenue": sums.gross})
    best = sorted((one.gross for one in r.products.values()), reverse=True)[:5]
    r.comparison.figure("dashboard", "year", "topSellers", [pence(one["revenue"]["amount"]) for one in answer["topSellers"]], best)


CHECKS = {
    "salesSummary": sales, "movementSummary": movements, "costSummary": costs, "stockValueSummary": values, "demandFacts": facts,
    "stockPerformance": stock_performance, "lostSales": lost_sales, "deadStock": dead_stock, "stockProductivity": productivity, "marginReport": margins, "abcXyz": abc_xyz, "customerScores": customers,
    "customerCohorts": cohorts, "fulfilmentReport": fulfilment, "shrinkage": shrinkage, "boughtTogether": baskets, "report": builder, "dashboard": dashboard,
}


def expectation(comparison, year, path):
    if not os.path.exists(path):
        say(f"  no {path}: the year is compared with the server alone")
        return
    found = year.differences(path)
    if found is None:
        say(f"  {path} has no section of {year.path}: the year is compared with the server alone")
        return
    differences, figures = found
    comparison.figures_of["expected.json"] += figures
    for name, own, theirs in differences:
        comparison.differs("expected.json", f"{name}: {theirs} expected, {own} by the file")


def compare(o):
    began = time.monotonic()
    year = Year(o.file)
    say(f"  {o.file}: {sum(year.kinds.values()):,} rows, {len(year.documents):,} documents after {time.monotonic() - began:.0f} s")
    r = Reports(Api.reopen(o.account), year, o)
    expectation(r.comparison, year, o.expected or os.path.join(os.path.dirname(o.file), "expected.json"))
    r.until_current()
    r.ids()
    for name, check in CHECKS.items():
        if o.only and name not in o.only.split(","):
            continue
        try:
            check(r)
        except Exception as e:  # noqa: BLE001 - what one report lacks is no reason to lose the others
            r.comparison.differs(name, f"could not be compared: {type(e).__name__}: {e}")
        say(f"  {name} after {time.monotonic() - began:.0f} s")
    differ = r.comparison.table(o.on, o.most)
    if o.out:
        figures, reports = sum(r.comparison.figures_of.values()), len(r.comparison.figures_of)
        note = f"{figures:,} figures of {reports} reports and expected totals"
        Figures(o.out, o.on).add("reports other than the file's own totals", differ, "figures", 0, note=note)
    return differ


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("file", "account", "on"):
        p.add_argument("--" + name, required=True)
    for name in ("expected", "out", "only"):
        p.add_argument("--" + name)
    for name, default, text in (("first", 250, "rows of a page"), ("pairs", 8, "pages of boughtTogether"), ("most", 10, "differences of a report that are shown")):
        p.add_argument("--" + name, type=int, default=default, help=f"{text}: %(default)s")
    o = p.parse_args()
    try:
        differ = compare(o)
    except (Refused, Unusable, OSError) as e:
        sys.exit(f"insight_totals: {e}")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
