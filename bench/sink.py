#!/usr/bin/env python3
"""A collector of traces that keeps nothing:  sink.py PORT

Answers each POST (OTLP over HTTP) with 200. GET / returns how much has come, as JSON. Loopback only, until it is ended.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COME = {"posts": 0, "bytes": 0}


class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        COME["posts"] += 1
        COME["bytes"] += len(self.rfile.read(length))
        # An empty message of protobuf is a full success.
        self.answer(b"", "application/x-protobuf")

    def do_GET(self):
        self.answer(json.dumps(COME).encode(), "application/json")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sink).serve_forever()
