"""A real server on an embedded database, a small tenant in it, and a proxy that breaks things. ENTREPOT_BIN names the binary."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

BINARY = os.environ.get("ENTREPOT_BIN", "")
PASSWORD = "four mugs on a shelf"
COUNT = itertools.count()


def until(holds: Callable[[], Any], what: str) -> None:
    """Waits until something holds, twenty seconds at most."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, f"{what} did not happen within 20 seconds"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


class Server:
    def __init__(self, *args: str) -> None:
        assert BINARY, "ENTREPOT_BIN is not set: name the server binary, or run scripts/test-clients.sh."
        self.folder = tempfile.mkdtemp(prefix="entrepot-client-")
        self.port = free_port()
        self.args = args
        self.database = f"sqlite://{self.folder}/it.sqlite"
        subprocess.run([BINARY, "migrate", "--database-url", self.database], check=True, cwd=self.folder, capture_output=True)
        self.resume()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def resume(self, *args: str) -> None:
        """Starts, again on the same port and database, perhaps with other arguments."""
        self.args = args or self.args
        log = open(f"{self.folder}/server.log", "ab")
        self.child = subprocess.Popen(
            [BINARY, "serve", "--database-url", self.database, "--listen", f"127.0.0.1:{self.port}", "--registration", "open"]
            + ["--socket-drain-seconds", "1", *self.args],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        log.close()
        until(self._is_ready, "the start of the server")

    def _is_ready(self) -> bool:
        assert self.child.poll() is None, open(f"{self.folder}/server.log").read()[-4000:]
        try:
            with urllib.request.urlopen(f"{self.url}/readyz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def end(self, how: int = signal.SIGKILL) -> None:
        self.child.send_signal(how)
        self.child.wait()

    def stop(self) -> None:
        if self.child.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, query: str, variables: Any = None, token: Optional[str] = None) -> Dict[str, Any]:
        """A request without the client."""
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/graphql", body, headers)) as answer:
            said = json.load(answer)
        assert not said.get("errors"), said
        data: Dict[str, Any] = said["data"]
        return data


class Tenant:
    """A company with two stores, eight products and ten of each in each store."""

    PERMISSIONS = [
        "product.read",
        "store.read",
        "stock.read",
        "stock.adjust",
        "order.read",
        "order.write",
        "order.cancel",
        "alert.read",
    ]

    def __init__(self, server: Server) -> None:
        self.server = server
        self.slug = f"shop-{next(COUNT)}"
        self.email = f"{self.slug}@shop.example"
        pair = server.ask(
            """mutation ($e: String!, $p: String!, $s: String!) {
              register(email: $e, password: $p, displayName: "Owner", tenantName: "Shop", tenantSlug: $s) {
                result { ... on TokenPair { accessToken refreshToken } } } }""",
            {"e": self.email, "p": PASSWORD, "s": self.slug},
        )["register"]["result"]
        self.access_token: str = pair["accessToken"]
        self.refresh_token: str = pair["refreshToken"]
        stores = "mutation ($i: StoreCreateInput!) { it: storeCreate(input: $i) { store { id } } }"
        self.stores = {code: self.ask(stores, {"i": {"code": code, "name": code}})["store"]["id"] for code in ("LDN", "PAR")}
        rows = [{"sku": f"SKU-{at}", "name": f"Product {at}\u2028x", "price": {"amount": "4.50", "currencyCode": "EUR"}} for at in range(8)]
        bulk = "mutation ($i: ProductBulkUpsertInput!) { it: productBulkUpsert(input: $i) { userErrors { message } } }"
        assert not self.ask(bulk, {"i": {"idempotencyKey": "p", "rows": rows}})["userErrors"]
        changes = [{"product": {"sku": row["sku"]}, "store": {"code": code}, "delta": 10} for row in rows for code in self.stores]
        adjust = "mutation ($i: StockAdjustInput!) { it: stockAdjust(input: $i) { userErrors { message } } }"
        opening = {"idempotencyKey": "s", "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes}
        assert not self.ask(adjust, {"i": opening})["userErrors"]
        self.key = self.new_key(self.PERMISSIONS)

    def ask(self, query: str, variables: Any) -> Dict[str, Any]:
        it: Dict[str, Any] = self.server.ask(query, variables, self.access_token)["it"]
        return it

    def new_key(self, permissions: List[str]) -> str:
        made = self.ask(
            "mutation ($i: IntegrationCreateInput!) { it: integrationCreate(input: $i) { integration { id } userErrors { message } } }",
            {"i": {"name": f"Shop {next(COUNT)}", "scope": {"all": True}, "permissions": permissions}},
        )
        key = "mutation ($i: ApiKeyCreateInput!) { it: apiKeyCreate(input: $i) { secret userErrors { message } } }"
        secret: str = self.ask(key, {"i": {"integrationId": made["integration"]["id"], "name": "test"}})["secret"]
        return secret


class Proxy:
    """Between client and server. `fault(body, index)` decides about each request: None, "lost-request", "lost-answer" or (status, headers, body)."""

    def __init__(self, server: Server) -> None:
        self.fault: Callable[[Dict[str, Any], int], Any] = lambda body, index: None
        self.requests: List[Dict[str, Any]] = []
        self.texts: List[bytes] = []
        self.headers: List[Dict[str, str]] = []
        #: Pieces of event streams to let through before one is cut; None for all.
        self.pieces: Optional[int] = None
        self.open: List[socket.socket] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"]))
                body = json.loads(text)
                proxy.requests.append(body)
                proxy.texts.append(text)
                proxy.headers.append({name.lower(): value for name, value in self.headers.items()})
                fault = proxy.fault(body, len(proxy.requests) - 1)
                if fault == "lost-request":
                    return self.drop()
                if isinstance(fault, tuple):
                    status, headers, said = fault
                    return self.answer(status, {"content-type": "application/json", **headers}, said.encode())
                upstream = http.client.HTTPConnection("127.0.0.1", server.port)
                try:
                    upstream.request("POST", self.path, text, {name: value for name, value in self.headers.items() if name.lower() != "host"})
                    answer = upstream.getresponse()
                    kind = answer.getheader("content-type") or ""
                    if kind.startswith("text/event-stream"):
                        self.relay(answer)
                    else:
                        said = answer.read()
                        if fault == "lost-answer":
                            return self.drop()
                        headers = {name: value for name, value in answer.getheaders() if name.lower() != "content-length"}
                        headers.pop("transfer-encoding", None)
                        self.answer(answer.status, headers, said)
                except OSError:
                    self.drop()
                finally:
                    upstream.close()

            def relay(self, answer: http.client.HTTPResponse) -> None:
                self.send_response(answer.status)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self.close_connection = True
                proxy.open.append(self.connection)
                seen = 0
                while True:
                    piece = answer.read1(65536)
                    seen += piece.count(b"event: next")
                    if not piece or (proxy.pieces is not None and seen > proxy.pieces):
                        return self.drop()
                    self.wfile.write(piece)
                    self.wfile.flush()

            def answer(self, status: int, headers: Dict[str, str], said: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def drop(self) -> None:
                self.close_connection = True
                proxy.shut(self.connection)

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def shut(connection: socket.socket) -> None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def cut(self) -> None:
        """Breaks every open stream, without a word."""
        for connection in self.open:
            self.shut(connection)
        self.open.clear()

    def reset(self) -> None:
        self.cut()
        self.fault = lambda body, index: None
        self.pieces = None
        for seen in (self.requests, self.texts, self.headers):
            seen.clear()

    def faults(self, *faults: Any) -> None:
        """Each request in turn meets its fault."""
        self.fault = lambda body, index: faults[index] if index < len(faults) else None

    def stop(self) -> None:
        self.cut()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    made = Server("--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off", "--webhooks-allow", "127.0.0.0/8")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shop(server: Server) -> Tenant:
    return Tenant(server)


@pytest.fixture(scope="session")
def the_proxy(server: Server) -> Iterator[Proxy]:
    made = Proxy(server)
    yield made
    made.stop()


@pytest.fixture
def proxy(the_proxy: Proxy) -> Iterator[Proxy]:
    the_proxy.reset()
    yield the_proxy
    the_proxy.reset()
