from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Dict, List, Tuple

import pytest
from conftest import Server, Tenant, until

from entrepot import SignatureError, webhooks

Message = Tuple[Dict[str, str], bytes]


@pytest.fixture(scope="module")
def sent(server: Server) -> Any:
    """A message of the server, its secret and its public key."""
    received: List[Message] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            received.append((dict(self.headers.items()), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

    receiver = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    shop = Tenant(server)
    made = shop.ask(
        "mutation ($i: WebhookEndpointCreateInput!) { it: webhookEndpointCreate(input: $i) { secret webhookEndpoint { publicKeys } } }",
        {"i": {"url": f"http://127.0.0.1:{receiver.server_address[1]}/", "eventTypes": ["stock.changed"]}},
    )
    change = {"product": {"sku": "SKU-0"}, "store": {"code": "LDN"}, "delta": 1}
    adjust = "mutation ($i: StockAdjustInput!) { it: stockAdjust(input: $i) { userErrors { message } } }"
    shop.ask(adjust, {"i": {"idempotencyKey": "w", "reasonCode": "CORRECTION", "changes": [change]}})
    until(lambda: received, "the message")
    receiver.shutdown()
    return received[0], made["secret"], made["webhookEndpoint"]["publicKeys"][0]


def test_a_message_of_the_server_is_accepted(sent: Any) -> None:
    (headers, body), secret, public = sent
    for key in (secret, public, ["whsec_AAAA", secret]):
        event = webhooks.verify(body, headers, key)
        assert (event["type"], event["data"]["levels"][0]["onHand"]) == ("stock.changed", 11)
    assert webhooks.verify(body.decode(), headers, secret)["id"] == {k.lower(): v for k, v in headers.items()}["webhook-id"]


def test_anything_else_is_refused_and_says_why(sent: Any) -> None:
    (raw, body), secret, public = sent
    headers = {name.lower(): value for name, value in raw.items()}
    at = int(headers["webhook-timestamp"])
    other = bytes([*body[:10], body[10] ^ 1, *body[11:]])
    without = {name: value for name, value in headers.items() if name != "webhook-signature"}
    cases: List[Tuple[str, Tuple[Any, ...], Dict[str, Any]]] = [
        ("NO_MATCH", (other, headers, secret), {}),
        ("NO_MATCH", (other, headers, public), {}),
        ("NO_MATCH", (body, {**headers, "webhook-id": "msg_x"}, secret), {}),
        ("NO_MATCH", (body, headers, "whsec_AAAA"), {}),
        ("NO_MATCH", (body, headers, []), {}),
        ("NO_MATCH", (body, {**headers, "webhook-signature": "v1,!!! v2,AAAA v1,é"}, secret), {}),
        ("NO_MATCH", (body, {**headers, "webhook-signature": "v1a,!!! v1a,AAAA"}, public), {}),
        ("TOO_OLD", (body, headers, secret), {"now": at + 301}),
        ("TOO_NEW", (body, headers, secret), {"now": at - 301}),
        ("TOO_OLD", (body, headers, secret), {"now": at + 11, "tolerance": 10}),
        ("BAD_TIMESTAMP", (body, {**headers, "webhook-timestamp": "now"}, secret), {}),
        ("BAD_TIMESTAMP", (body, {**headers, "webhook-timestamp": "١٢٣"}, secret), {}),
        ("MISSING_HEADER", (body, without, secret), {}),
        ("BAD_SECRET", (body, headers, "secret"), {}),
        ("BAD_SECRET", (body, headers, "whsec_!"), {}),
        ("BAD_SECRET", (body, headers, "whpk_AAAA"), {}),
    ]
    for fault, args, more in cases:
        with pytest.raises(SignatureError) as caught:
            webhooks.verify(*args, **more)
        assert caught.value.fault == fault, (fault, caught.value)
    assert webhooks.verify(body, headers, secret, now=at + 299)


def test_an_empty_secret_is_refused_as_anybody_can_sign_with_it() -> None:
    signature = base64.b64encode(hmac.new(b"", b"m.1000.{}", hashlib.sha256).digest()).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": "1000", "webhook-signature": f"v1,{signature}"}
    for secret in ("whsec_", "whsec_é"):
        with pytest.raises(SignatureError) as caught:
            webhooks.verify(b"{}", headers, secret, now=1000)
        assert caught.value.fault == "BAD_SECRET", secret


def test_the_vectors_of_standard_webhooks_hold() -> None:
    key, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert webhooks.verify(body, headers, key, now=1614265330)["test"] == 2432232314
    signed = hmac.new(base64.b64decode(key[6:]), b"m.1000.{", hashlib.sha256).digest()
    broken = {"webhook-id": "m", "webhook-timestamp": "1000", "webhook-signature": "v1," + base64.b64encode(signed).decode()}
    with pytest.raises(SignatureError) as caught:
        webhooks.verify(b"{", broken, key, now=1000)
    assert caught.value.fault == "BAD_BODY"
