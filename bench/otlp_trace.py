#!/usr/bin/env python3
"""One traced write as a page:  otlp_trace.py URL COLLECTOR_PORT FILE.html

Is the collector that the server of URL sends its spans to, and the receiver of its webhook (COLLECTOR_PORT + 1), both on the loopback address. Makes a
company, a store, a product and a webhook endpoint, sends one `stockAdjust` with a `traceparent`, waits for the spans of that trace and for those of the
ledger's batch that it links to, and writes them as a page with one bar a span. The server has to be started with --otlp-endpoint
http://127.0.0.1:COLLECTOR_PORT --trace-sample 1 --webhooks-allow 127.0.0.0/8. Needs no package: the messages of spans are read here as far as they are needed.
"""

import gzip
import html
import http.client
import json
import secrets
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from load import Api

WANTED = {"request", "graphql.operation", "ledger.wait", "ledger.batch", "db.statement", "webhook"}
SPANS, GOT, LOCK = [], threading.Event(), threading.Lock()
COLOURS = {"request": "#4c78a8", "graphql.operation": "#72b7b2", "ledger.wait": "#eeca3b", "ledger.batch": "#f58518", "db.statement": "#b279a2", "webhook": "#54a24b", "job": "#9d755d"}


def fields(message):
    """Numbers and values of a message's fields: bytes, or numbers."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value = int.from_bytes(message[at : at + size], "little")
            at += size
        elif kind == 2:
            size = varint()
            value = message[at : at + size]
            at += size
        else:
            raise ValueError(f"a field of the kind {kind}")
        yield key >> 3, value


def every(message, number):
    return [value for found, value in fields(message) if found == number]


def attribute(message):
    """Name and value of an attribute."""
    name, value = every(message, 1)[0].decode(), None
    for number, found in fields((every(message, 2) or [b""])[0]):
        value = found.decode() if number == 1 else found
    return name, value


def span_of(message):
    first = {}
    for number, value in fields(message):
        first.setdefault(number, value)
    return {
        "trace": first[1].hex(),
        "id": first[2].hex(),
        "parent": first.get(4, b"").hex(),
        "name": first[5].decode(),
        "start": first[7],
        "end": first[8],
        "attributes": dict(attribute(one) for one in every(message, 9)),
        "links": [every(link, 2)[0].hex() for link in every(message, 13)],
    }


def spans_of(request):
    for resource in every(request, 1):
        for scope in every(resource, 2):
            for span in every(scope, 2):
                yield span_of(span)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/v1/traces":
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            with LOCK:
                SPANS.extend(spans_of(body))
        else:
            GOT.set()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def listen(port):
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def prepared(api, hook):
    """A store, a product and a webhook endpoint of a new company."""
    api.register("Traced")
    store = api.change("storeCreate", {"code": "LDN", "name": "London"}, "store { id }")["store"]["id"]
    row = {"sku": "MUG", "name": "Mug", "price": {"amount": "4.50", "currencyCode": api.account["currency"]}}
    product = api.upsert("productBulkUpsert", "product", [row])[0]
    api.change("webhookEndpointCreate", {"url": f"http://127.0.0.1:{hook}/", "eventTypes": ["stock.changed"]}, "webhookEndpoint { id }")
    return product, store


def write(api, trace, product, store):
    """One change of stock in the trace of a client."""
    changes = [{"product": {"id": product}, "store": {"id": store}, "delta": 100}]
    query = f"mutation Adjust($input: {api.input_type('stockAdjust')}) {{ stockAdjust(input: $input) {{ seq userErrors {{ code message }} }} }}"
    given = {"idempotencyKey": "traced", "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes}
    headers = {"content-type": "application/json", "authorization": "Bearer " + api.account["token"], "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    connection = http.client.HTTPConnection(api.host, api.port, timeout=30)
    connection.request("POST", api.path, json.dumps({"query": query, "variables": {"input": given}}), headers)
    answer = json.loads(connection.getresponse().read())
    if answer.get("errors") or answer["data"]["stockAdjust"]["userErrors"]:
        sys.exit(f"the change was refused: {json.dumps(answer)[:400]}")


def picture(trace):
    """The spans of the trace, and those that they link to with what is under them."""
    with LOCK:
        spans = list(SPANS)
    own = {span["id"]: span for span in spans if span["trace"] == trace}
    linked = {link for span in own.values() for link in span["links"]}
    wanted = dict(own)
    more = {span["id"]: span for span in spans if span["id"] in linked}
    while more:
        wanted.update(more)
        more = {span["id"]: span for span in spans if span["parent"] in more and span["id"] not in wanted}
    return wanted


def ordered(spans):
    """Each span with its depth, parents first; a batch of a trace of its own under the wait that links to it."""
    parents = {one: span["parent"] for one, span in spans.items()}
    for span in spans.values():
        for link in span["links"]:
            if link in spans and span["name"] == "ledger.wait" and parents[link] not in spans:
                parents[link] = span["id"]
    rows = []

    def add(one, depth):
        rows.append((spans[one], depth))
        below = [other for other, parent in parents.items() if parent == one]
        for other in sorted(below, key=lambda other: spans[other]["start"]):
            add(other, depth + 1)

    for root in sorted((one for one, parent in parents.items() if parent not in spans), key=lambda one: spans[one]["start"]):
        add(root, 0)
    return rows


def label(span):
    attributes = span["attributes"]
    for name in ("graphql.operation.name", "db.query.summary", "entrepot.batch.way", "entrepot.job.kind", "http.response.status_code"):
        if attributes.get(name) is not None:
            return f"{span['name']} · {attributes[name]}"
    return span["name"]


def page(trace, rows):
    begin, end = min(span["start"] for span, _ in rows), max(span["end"] for span, _ in rows)
    left, width, height = 330, 800, 26
    scale = width / max(end - begin, 1)
    bars = []
    for line, (span, depth) in enumerate(rows):
        y, x = 70 + line * height, left + (span["start"] - begin) * scale
        long = max((span["end"] - span["start"]) * scale, 2)
        took = f"{(span['end'] - span['start']) / 1e6:.2f} ms"
        at, anchor = (x + long + 6, "start") if x + long < left + width - 70 else (x - 6, "end")
        bars.append(
            f'<text x="{16 + depth * 14}" y="{y + 15}">{html.escape(label(span))}</text>'
            f'<rect x="{x:.1f}" y="{y + 3}" width="{long:.1f}" height="16" rx="2" fill="{COLOURS.get(span["name"], "#bab0ac")}"/>'
            f'<text class="took" x="{at:.1f}" y="{y + 15}" text-anchor="{anchor}">{took}</text>'
        )
    total = 70 + len(rows) * height + 16
    head = f'<text class="head" x="16" y="28">One write: stockAdjust, from the client to the webhook</text><text class="took" x="16" y="50">trace {trace}, {len(rows)} spans, {(end - begin) / 1e6:.1f} ms</text>'
    style = "body{margin:0;background:#fff}text{font:13px sans-serif;fill:#222}.head{font-size:17px;font-weight:600}.took{font-size:12px;fill:#666}"
    return total, f'<!doctype html><meta charset="utf-8"><style>{style}</style><svg xmlns="http://www.w3.org/2000/svg" width="1200" height="{total}">{head}{"".join(bars)}</svg>'


def main(url, port, file):
    listen(port)
    listen(port + 1)
    with tempfile.TemporaryDirectory() as folder:
        api = Api(url, folder)
        product, store = prepared(api, port + 1)
        trace = secrets.token_hex(16)
        write(api, trace, product, store)
    began = time.monotonic()
    while True:
        spans = picture(trace)
        missing = WANTED - {span["name"] for span in spans.values()}
        if not missing and GOT.is_set():
            break
        if time.monotonic() - began > 60:
            sys.exit(f"no span of {', '.join(sorted(missing)) or 'the webhook'} within a minute")
        time.sleep(0.5)
    time.sleep(6)  # a batch of spans that is on its way
    total, text = page(trace, ordered(picture(trace)))
    with open(file, "w", encoding="utf-8") as out:
        out.write(text)
    print(total)


if __name__ == "__main__":
    if len(sys.argv) != 4 or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
