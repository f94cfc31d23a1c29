from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, Dict, List

import httpx
import pytest
from conftest import PASSWORD, Proxy, Server, Tenant, free_port

from entrepot import (
    AsyncEntrepot,
    AuthenticationError,
    Entrepot,
    EntrepotError,
    InvalidRequest,
    NetworkError,
    PermissionDenied,
    RateLimited,
    Retry,
    TemporaryError,
    Tokens,
    UserErrors,
    documents,
    uuid7,
)
from entrepot._core import operation_kind, prepare, retry_after

QUICK = Retry(base=0.01, most=3)
HERE = Path(__file__).resolve().parent.parent


@pytest.fixture
def client(proxy: Proxy, shop: Tenant) -> Any:
    with Entrepot(proxy.url, shop.key, retry=QUICK) as made:
        yield made


def refreshes(proxy: Proxy) -> int:
    return sum("sessionRefresh" in body["query"] for body in proxy.requests)


def test_orders_are_created_found_listed_and_cancelled(client: Entrepot) -> None:
    order = client.orders.create(store="LDN", lines=[("SKU-1", 2)], external_ref="web-1001")
    assert (order["status"], order["total"]["amount"], order["lines"][0]["quantity"]) == ("CONFIRMED", "9.00", 2)
    assert client.orders.create(store="LDN", lines=[("SKU-1", 2)], external_ref="web-1001")["id"] == order["id"]
    again = client.orders.get(number=order["number"])
    assert again is not None and again["id"] == order["id"]
    assert client.orders.get(number="999999") is None
    assert [found["id"] for found in client.orders.list(external_ref="web-1001", status="CONFIRMED")] == [order["id"]]
    assert client.orders.cancel(order["id"])["status"] == "CANCELLED"
    dry = client.orders.create(store="LDN", lines=[{"product": {"sku": "SKU-2"}, "quantity": 1}], validate_only=True)
    assert dry["total"]["amount"] == "4.50"
    assert len(list(client.orders.list(page=1))) == 1


def test_pages_are_walked_through(client: Entrepot, proxy: Proxy) -> None:
    levels = list(client.stock.levels(page=5))
    assert len({level["id"] for level in levels}) == 16
    assert len(proxy.requests) == 4
    assert {level["store"]["code"] for level in client.stock.levels(store="LDN")} == {"LDN"}
    with pytest.raises(LookupError, match="no store NOWHERE"):
        list(client.stock.levels(store="NOWHERE"))


def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(client: Entrepot, proxy: Proxy) -> None:
    proxy.faults("lost-answer", "lost-request", (502, {}, "<html>"), "lost-answer")
    order = client.orders.create(store="LDN", lines=[("SKU-1", 1)], external_ref="lost")
    assert len(proxy.requests) == 5 and len(set(proxy.texts)) == 1
    assert proxy.requests[0]["variables"]["input"]["idempotencyKey"] == "order::lost"
    assert [found["id"] for found in client.orders.list(external_ref="lost")] == [order["id"]]


def test_a_key_is_filled_kept_and_new_each_time(client: Entrepot, proxy: Proxy) -> None:
    lines: List[Any] = [("SKU-1", 1)]
    client.orders.create(store="LDN", lines=lines)
    client.orders.create(store="LDN", lines=lines)
    client.orders.create(store="LDN", lines=lines, idempotency_key="mine")
    keys = [body["variables"]["input"]["idempotencyKey"] for body in proxy.requests]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", keys[0])
    assert keys[0] != keys[1] and keys[2] == "mine"
    given = {"store": {"code": "LDN"}, "lines": [{"product": {"sku": "SKU-1"}, "quantity": 1}], "idempotencyKey": "in the input"}
    client.execute(documents.ORDER_CREATE, {"input": given})
    assert proxy.requests[-1]["variables"]["input"]["idempotencyKey"] == "in the input"


def test_a_mutation_without_a_key_is_sent_once(client: Entrepot, proxy: Proxy) -> None:
    proxy.faults("lost-answer")
    with pytest.raises(NetworkError) as caught:
        client.execute("mutation { logout { userErrors { code } } }")
    assert caught.value.retryable and len(proxy.requests) == 1


def test_a_storm_is_waited_out_at_most_five_times(client: Entrepot, proxy: Proxy) -> None:
    unavailable = (503, {}, '{"errors":[{"message":"away","extensions":{"code":"UNAVAILABLE"}}]}')
    proxy.faults(unavailable, (504, {}, "x"), unavailable, unavailable)
    assert client.execute("{ viewer { tenant { slug } } }")
    assert len(proxy.requests) == 5
    proxy.reset()
    proxy.fault = lambda body, index: unavailable
    with pytest.raises(TemporaryError) as caught:
        client.execute("{ viewer { tenant { slug } } }")
    assert (caught.value.code, caught.value.status, len(proxy.requests)) == ("UNAVAILABLE", 503, 5)


def test_retry_after_is_kept_and_not_beyond_what_may_be(client: Entrepot, proxy: Proxy) -> None:
    said = '{"errors":[{"message":"too many","extensions":{"code":"RATE_LIMITED"}}]}'
    proxy.faults((429, {"retry-after": "1"}, said))
    began = time.monotonic()
    client.execute("{ viewer { tenant { slug } } }")
    assert time.monotonic() - began >= 1
    proxy.reset()
    proxy.faults((429, {"retry-after": "90"}, said))
    with pytest.raises(RateLimited) as caught:
        client.execute("{ viewer { tenant { slug } } }")
    assert caught.value.retry_after_ms == 90_000 and len(proxy.requests) == 1


def test_the_budget_of_the_server_is_waited_for() -> None:
    server = Server("--budget", "off")
    proxy = Proxy(server)
    try:
        shop = Tenant(server)
        server.end(signal.SIGTERM)
        server.resume("--budget", "100/100")
        query = "{ " + " ".join(f"f{at}: stockLevels(first: 100) {{ nodes {{ id }} }}" for at in range(8)) + " }"
        # Twenty race for each share of the budget, so that one may lose many times before its turn comes.
        with Entrepot(proxy.url, shop.key, retry=Retry(attempts=60, base=0.01, most=5)) as client:
            done: List[Any] = []
            threads = [threading.Thread(target=lambda: done.append(client.execute(query))) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(done) == 20 and len(proxy.requests) > 20
            assert client.rate_limit is not None and client.rate_limit.limit == 100
    finally:
        proxy.stop()
        server.stop()


def test_a_call_in_progress_is_asked_for_again(client: Entrepot, proxy: Proxy) -> None:
    refused = {"code": "IDEMPOTENCY_IN_PROGRESS", "message": "wait", "field": None, "retryable": True}
    proxy.faults((200, {}, json.dumps({"data": {"orderCreate": {"order": None, "userErrors": [refused]}}})))
    assert client.orders.create(store="LDN", lines=[("SKU-1", 1)])["status"] == "CONFIRMED"
    assert len(proxy.requests) == 2


def test_a_refusal_is_raised_with_its_fields(client: Entrepot, proxy: Proxy) -> None:
    with pytest.raises(UserErrors) as caught:
        client.orders.create(store="LDN", lines=[("SKU-1", 1000)])
    (error,) = caught.value.user_errors
    assert (error.code, error.details["requested"], caught.value.has("NOT_FOUND")) == ("INSUFFICIENT_STOCK", 1000, False)
    assert error.field is not None and error.field[:2] == ["input", "lines"]
    assert len(proxy.requests) == 1
    change = {"product": {"sku": "SKU-1"}, "store": {"code": "LDN"}, "delta": 1, "expectedVersion": 9999}
    with pytest.raises(UserErrors) as caught:
        client.stock.adjust([change], reason="CORRECTION")
    assert caught.value.code == "VERSION_CONFLICT" and caught.value.user_errors[0].details["actualVersion"] > 0
    assert len(proxy.requests) == 2
    order = {"store": {"code": "LDN"}, "lines": [{"product": {"sku": "SKU-1"}, "quantity": 1000}]}
    data = client.execute(documents.ORDER_CREATE, {"input": order}, raise_user_errors=False)
    assert data["orderCreate"]["userErrors"]


def test_top_level_errors_have_types(proxy: Proxy, shop: Tenant) -> None:
    with Entrepot(proxy.url, shop.new_key(["product.read"])) as poor, pytest.raises(PermissionDenied) as forbidden:
        list(poor.stock.levels())
    assert (forbidden.value.permission, forbidden.value.retryable) == ("stock.read", False)
    assert forbidden.value.request_id
    with Entrepot(proxy.url, shop.key) as client, pytest.raises(InvalidRequest, match="GRAPHQL_VALIDATION_FAILED"):
        client.execute("{ nothing }")
    with Entrepot(proxy.url, "epk_live_wrong") as nobody, pytest.raises(AuthenticationError):
        nobody.execute("{ viewer { tenant { slug } } }")
    assert len(proxy.requests) == 3
    proxy.fault = lambda body, index: (404, {}, "<html>")
    with Entrepot(proxy.url, shop.key) as client, pytest.raises(EntrepotError, match="is the GraphQL endpoint"):
        client.execute("{ viewer { tenant { slug } } }")
    with Entrepot(f"http://127.0.0.1:{free_port()}", "k", retry=Retry(attempts=1)) as away, pytest.raises(NetworkError):
        away.execute("{ viewer { tenant { slug } } }")


def test_rows_that_were_left_out_raise_unless_they_may(client: Entrepot, proxy: Proxy) -> None:
    said = {"data": {"salesReport": []}, "extensions": {"entrepot": {"truncated": [{"path": ["salesReport"]}]}}}
    proxy.fault = lambda body, index: (200, {}, json.dumps(said))
    with pytest.raises(EntrepotError, match="left out at salesReport"):
        client.execute("{ salesReport { units } }")
    assert client.execute("{ salesReport { units } }", allow_truncated=True)


def test_a_deprecated_part_of_the_schema_is_warned_of_once(client: Entrepot, proxy: Proxy) -> None:
    use = {"coordinate": "Query.salesReport", "reason": "2026-11-23: use salesSummary. Removed after 2027-11-23."}
    said = {"data": {"salesReport": []}, "extensions": {"entrepot": {"deprecated": [use]}}}
    proxy.fault = lambda body, index: (200, {}, json.dumps(said))
    with pytest.warns(DeprecationWarning, match="Deprecated use of Query.salesReport. 2026-11-23: use salesSummary") as told:
        client.execute("{ salesReport { units } }")
    ours = [warning.filename for warning in told if "salesReport" in str(warning.message)]
    assert [Path(name).name for name in ours] == ["test_client.py"], "it names the caller's file"
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        client.execute("{ salesReport { units } }")
    assert not [warning for warning in again if "salesReport" in str(warning.message)]


def test_an_order_warns_of_what_its_caller_wrote_and_not_of_the_form_of_its_channel(client: Entrepot, proxy: Proxy) -> None:
    uses = [{"coordinate": f"OrderCreateInput.{name}", "reason": "2026-11-26: use another."} for name in ("channelId", "customerId")]
    said = {"data": {"orderCreate": {"order": None, "userErrors": []}}, "extensions": {"entrepot": {"deprecated": uses}}}
    proxy.fault = lambda body, index: (200, {}, json.dumps(said))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        client.orders.create(store="LDN", lines=[("MUG", 1)], channel_id="chn_1", customer_id="cus_1")
    ours = [(str(one.message), Path(one.filename).name) for one in told if "OrderCreateInput" in str(one.message)]
    assert ours == [("Deprecated use of OrderCreateInput.customerId. 2026-11-26: use another.", "test_client.py")]


def test_a_login_keeps_its_tokens_and_one_thread_refreshes(proxy: Proxy, shop: Tenant) -> None:
    kept: List[Tokens] = []
    with Entrepot(proxy.url, on_tokens=kept.append) as client:
        with pytest.raises(UserErrors, match="INVALID_CREDENTIALS"):
            client.login(shop.email, "not the password")
        assert client.login(shop.email, PASSWORD)["tenant"]["slug"] == shop.slug
    with Entrepot(proxy.url, access_token="stale", refresh_token=kept[-1].refresh_token, on_tokens=kept.append) as client:
        done: List[Any] = []
        threads = [threading.Thread(target=lambda: done.append(list(client.stock.levels()))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 12 and refreshes(proxy) == 1
        client.logout()
        with pytest.raises(AuthenticationError):
            client.execute("{ viewer { tenant { slug } } }")
    with Entrepot(proxy.url, access_token="stale", refresh_token=kept[-1].refresh_token) as client, pytest.raises(AuthenticationError) as caught:
        client.execute("{ viewer { tenant { slug } } }")
    assert caught.value.code == "SIGNED_OUT"


def test_a_token_is_replaced_before_its_end(proxy: Proxy, shop: Tenant) -> None:
    with Entrepot(proxy.url) as client:
        client.login(shop.email, PASSWORD)
        assert client._tokens is not None and 400 < client._tokens.due - time.monotonic() < 500, "80 % of ten minutes"
        client._tokens.due = 0
        client.execute("{ viewer { tenant { slug } } }")
        assert refreshes(proxy) == 1


def test_async_calls_share_one_refresh(proxy: Proxy, shop: Tenant) -> None:
    client = AsyncEntrepot(proxy.url, retry=QUICK)

    async def run() -> None:
        async with client:
            await client.login(shop.email, PASSWORD)
            assert client._tokens is not None
            client._tokens.access_token = "stale"
            answers = await asyncio.gather(*(client.execute("{ viewer { tenant { slug } } }") for _ in range(12)))
            assert len(answers) == 12 and refreshes(proxy) == 1
            order = await client.orders.create(store="LDN", lines=[("SKU-3", 1)], external_ref="async")
            assert [found["id"] async for found in client.orders.list(external_ref="async")] == [order["id"]]
            with pytest.raises(UserErrors):
                await client.orders.create(store="LDN", lines=[("SKU-3", 1000)])

    asyncio.run(run())


@pytest.mark.parametrize("refreshed", [True, False])
def test_a_login_during_a_refresh_is_not_undone_by_it(refreshed: bool) -> None:
    def pair(name: str) -> Dict[str, Any]:
        return {"__typename": "TokenPair", "accessToken": name, "refreshToken": f"{name}-refresh"}

    async def answer(request: httpx.Request) -> httpx.Response:
        if "sessionRefresh" in request.content.decode():
            # Ann's session is refreshed, or has ended; meanwhile Bob logs in.
            await client.login("bob@example.com", PASSWORD)
            payload = {"result": pair("ann-2"), "userErrors": []} if refreshed else {"result": None, "userErrors": [{"code": "INVALID", "message": "ended"}]}
            return httpx.Response(200, json={"data": {"sessionRefresh": payload}})
        if "login" in request.content.decode():
            return httpx.Response(200, json={"data": {"login": {"result": pair("bob"), "userErrors": []}}})
        if request.headers["authorization"] == "Bearer ann":
            return httpx.Response(401, json={"errors": [{"message": "ended", "extensions": {"code": "UNAUTHENTICATED"}}]})
        return httpx.Response(200, json={"data": {"by": request.headers["authorization"]}})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = AsyncEntrepot("http://stock.example", access_token="ann", refresh_token="ann-refresh", http=http, retry=QUICK)
    assert asyncio.run(client.execute("{ by }")) == {"by": "Bearer bob"}


def test_the_client_names_itself(client: Entrepot, proxy: Proxy) -> None:
    client.execute("{ viewer { tenant { slug } } }")
    assert re.match(r"python/\d", proxy.headers[0]["entrepot-client"])


def test_small_things() -> None:
    assert operation_kind("# mutation\nfragment mutation on Y { b } query Z($a: I = { b: 1 }) { a }") == "query"
    assert operation_kind("fragment F on Y { b }mutation Do { a }") == "mutation"
    assert operation_kind("{ a }") == "query"
    for document in (
        "fragment F on Order { id } mutation M($input: OrderCreateInput!) { orderCreate(input: $input) { order { ...F } } }",
        "mutation M($by: OrderRef = { number: \"1\" }, $input: OrderCreateInput!) { orderCreate(input: $input) { order { id } } }",
        "# {\nmutation M($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } } }",
    ):
        sent = prepare(document, {"input": {"lines": []}}, "key-1")
        assert sent.repeatable and json.loads(sent.body)["variables"]["input"]["idempotencyKey"] == "key-1", document
    two = "mutation A($id: ID!) { a(id: $id) { id } } mutation B($input: OrderCreateInput!) { b(input: $input) { id } }"
    assert not prepare(two, {"input": {}}, None).repeatable, "the second one's variables are not the first one's"
    assert retry_after("2") == 2000 and retry_after("soon") is None and retry_after(None) is None
    assert (retry_after("Thu, 01 Jan 1970 00:00:05 GMT")) == 0
    keys = [uuid7(0.001), uuid7(0.002), uuid7(1_800_000_000)]
    assert sorted(keys) == keys
    with pytest.raises(TypeError, match="live.stock"):
        Entrepot("http://localhost", "k").execute("subscription { stockChanged { phase } }")


def test_the_sync_client_is_generated_from_the_async_one() -> None:
    subprocess.run([sys.executable, str(HERE / "tools" / "unasync.py"), "--check"], check=True)


def test_types_are_strict() -> None:
    pytest.importorskip("mypy")
    ended = subprocess.run([sys.executable, "-m", "mypy"], cwd=HERE, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
