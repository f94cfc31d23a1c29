from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import httpx
import pytest
from conftest import PASSWORD, Proxy, Server, Tenant, until

from entrepot import AsyncEntrepot, AuthenticationError, Entrepot, FileCursor, LiveEvent, MemoryCursor, PermissionDenied, Picture, Retry
from entrepot.live import EventStream

QUICK = Retry(base=0.01, most=0.2)


class Follower:
    """Follows a stream in a thread."""

    def __init__(self, client: Entrepot, **options: Any) -> None:
        self.client = client
        self.picture = Picture()
        self.events: List[LiveEvent] = []
        self.error: Optional[BaseException] = None
        self.ended = False
        self._stop = False
        self._options = options
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for event in self.client.live.stock(**self._options):
                self.events.append(event)
                self.picture.apply(event)
                if self._stop:
                    break
        except BaseException as error:  # the test looks at it
            self.error = error
        self.ended = True

    def ready(self) -> "Follower":
        until(lambda: self.picture.ready or self.error, "the first picture")
        assert self.error is None, self.error
        return self

    def stop(self) -> None:
        self._stop = True

    def gapless(self) -> int:
        """How many changes came, no version of any level left out."""
        versions: Dict[str, int] = {}
        changes = 0
        for event in self.events:
            if event.row is None:
                continue
            known = versions.get(event.row["id"])
            if event.kind == "change" and known is not None:
                assert event.row["version"] == known + 1, "a version was left out"
            versions[event.row["id"]] = event.row["version"]
            changes += event.kind == "change"
        return changes


@pytest.fixture
def direct(server: Server, shop: Tenant) -> Iterator[Entrepot]:
    with Entrepot(server.url, shop.key) as made:
        yield made


@pytest.fixture
def follow(proxy: Proxy, shop: Tenant, direct: Entrepot) -> Iterator[Callable[..., Follower]]:
    made: List[Follower] = []

    def begin(**options: Any) -> Follower:
        made.append(Follower(Entrepot(proxy.url, shop.key, retry=QUICK), **options))
        return made[-1]

    yield begin
    for follower in made:
        follower.stop()
        follower.client.close()


def change(direct: Entrepot, at: int, delta: int = 1) -> None:
    store = "LDN" if at % 2 else "PAR"
    direct.stock.adjust([{"product": {"sku": f"SKU-{at % 8}"}, "store": {"code": store}, "delta": delta}], reason="CORRECTION")


def agrees(follower: Follower, direct: Entrepot, **filter: Any) -> None:
    truth = {level["id"]: level for level in direct.stock.levels(**filter)}
    until(lambda: follower.error or follower.picture.rows == truth, "agreement with the server")
    assert follower.error is None, follower.error


def test_a_picture_is_whole_and_follows(follow: Callable[..., Follower], direct: Entrepot) -> None:
    follower = follow().ready()
    assert len(follower.picture.rows) == 16
    assert follower.events[16].kind == "ready" and all(event.kind == "snapshot" for event in follower.events[:16])
    change(direct, 1)
    agrees(follower, direct)
    assert "\u2028" in next(iter(follower.picture.rows.values()))["product"]["name"], "a separator in a name is no end of a line"


def test_nothing_is_missed_when_the_line_is_cut_again_and_again(follow: Callable[..., Follower], direct: Entrepot, proxy: Proxy) -> None:
    follower = follow().ready()
    over = threading.Event()

    def cutting() -> None:
        while not over.wait(0.04):
            proxy.cut()

    thread = threading.Thread(target=cutting)
    thread.start()
    for at in range(50):
        change(direct, at)
    over.set()
    thread.join()
    agrees(follower, direct)
    assert follower.gapless() == 50
    assert [event.kind for event in follower.events].count("ready") == 1, "the cursor was kept"


def test_nothing_is_missed_wherever_the_line_is_cut(follow: Callable[..., Follower], direct: Entrepot, proxy: Proxy) -> None:
    for pieces in range(5):
        proxy.pieces = pieces
        follower = follow()
        threading.Timer(0.1, lambda: setattr(proxy, "pieces", None)).start()
        follower.ready()
        for at in range(5):
            change(direct, at)
        agrees(follower, direct)
        follower.gapless()
        follower.stop()


def test_a_restart_and_a_crash_of_the_server(follow: Callable[..., Follower], direct: Entrepot, server: Server) -> None:
    follower = follow().ready()
    for how in (signal.SIGTERM, signal.SIGKILL):
        change(direct, 0)
        server.end(how)
        server.resume()
        change(direct, 1)
    agrees(follower, direct)
    assert follower.gapless() == 4


def test_rows_leave_the_filter_and_come_back(follow: Callable[..., Follower], direct: Entrepot) -> None:
    follower = follow(store="LDN", available={"gte": 100}).ready()
    assert follower.picture.rows == {}
    for delta in (200, -200, 200, -200):
        change(direct, 3, delta)
        agrees(follower, direct, store="LDN", available={"gte": 100})
    assert [event.removed for event in follower.events if event.kind == "change"] == [False, True, False, True]


def test_a_cursor_in_a_file_goes_on_and_repeats_what_was_not_finished(
    tmp_path: Path, proxy: Proxy, shop: Tenant, direct: Entrepot
) -> None:
    cursor = FileCursor(tmp_path / "stock.cursor")
    assert cursor.load() is None

    def until_change(fail: bool) -> List[LiveEvent]:
        seen = []
        with Entrepot(proxy.url, shop.key, retry=QUICK) as client:
            for event in client.live.stock(cursor=cursor):
                seen.append(event)
                if event.kind == "ready":
                    # Kept when the loop asks for the next event: so something has to come.
                    change(direct, 5)
                if event.kind == "change":
                    if fail:
                        raise RuntimeError("the program ends in the middle")
                    break
        return seen

    with pytest.raises(RuntimeError):
        until_change(fail=True)
    kept = cursor.load()
    assert kept
    (again,) = until_change(fail=False)
    assert again.kind == "change" and again.row is not None and again.row["product"]["sku"] == "SKU-5", "at least once"
    assert cursor.load() == kept, "left before its body had run to the end"
    assert [path.name for path in tmp_path.iterdir()] == ["stock.cursor"]


def test_a_cursor_of_another_stream_begins_anew(follow: Callable[..., Follower], direct: Entrepot) -> None:
    cursor = MemoryCursor()
    follow(store="LDN", cursor=cursor).ready()
    until(lambda: cursor.cursor, "its cursor")
    follower = follow(cursor=MemoryCursor(cursor.cursor)).ready()
    assert [(event.kind, event.reason) for event in follower.events[:1]] == [("reset", "CURSOR_FOREIGN")]
    agrees(follower, direct)


def test_what_cannot_be_followed_says_why(proxy: Proxy, shop: Tenant) -> None:
    with Entrepot(proxy.url, shop.new_key(["product.read"])) as poor, pytest.raises(PermissionDenied) as caught:
        next(iter(poor.live.stock()))
    assert caught.value.permission == "stock.read"
    with Entrepot(proxy.url, "epk_live_wrong") as nobody, pytest.raises(AuthenticationError):
        next(iter(nobody.live.stock()))


def test_a_stale_token_is_replaced_and_a_session_that_ended_ends_the_stream(proxy: Proxy, shop: Tenant, server: Server) -> None:
    login = "mutation ($e: String!, $p: String!) { login(email: $e, password: $p) { result { ... on TokenPair { accessToken refreshToken } } } }"
    pair = server.ask(login, {"e": shop.email, "p": PASSWORD})["login"]["result"]
    follower = Follower(Entrepot(proxy.url, access_token="stale", refresh_token=pair["refreshToken"], retry=QUICK)).ready()
    assert follower.client._tokens is not None
    server.ask("mutation { logout { userErrors { code } } }", token=follower.client._tokens.access_token)
    until(lambda: follower.ended, "the end")
    assert isinstance(follower.error, AuthenticationError) and follower.error.code == "SIGNED_OUT"


def test_orders_and_alerts_stream_too(proxy: Proxy, shop: Tenant, direct: Entrepot) -> None:
    with Entrepot(proxy.url, shop.key, retry=QUICK) as client:
        stream = client.live.orders()
        assert next(stream).kind == "ready"
        made = direct.orders.create(store="LDN", lines=[("SKU-7", 1)])
        event = next(stream)
        assert event.row is not None and (event.kind, event.row["id"], event.row["total"]["amount"]) == ("change", made["id"], "4.50")
        stream.close()
        alerts = client.live.alerts()
        assert next(alerts).kind in ("ready", "snapshot")
        alerts.close()


def test_the_async_client_follows_over_cuts(proxy: Proxy, shop: Tenant, direct: Entrepot) -> None:
    async def run() -> None:
        picture, changes = Picture(), 0
        async with AsyncEntrepot(proxy.url, shop.key, retry=QUICK) as client:
            stream = client.live.stock()
            async for event in stream:
                picture.apply(event)
                changes += event.kind == "change"
                if event.kind == "ready" or 0 < changes < 10 and event.kind == "change":
                    proxy.cut()
                    await asyncio.to_thread(change, direct, changes)
                if changes == 10:
                    break
            await stream.aclose()  # type: ignore[attr-defined]
            truth = {level["id"]: level async for level in client.stock.levels()}
        assert picture.rows == truth

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_cursor_in_the_middle_of_a_snapshot_is_not_kept() -> None:
    asked: List[Any] = []

    def item(phase: str, name: str) -> str:
        change = {"seq": 1, "inFilter": True, "level": {"id": name, "version": 1}}
        told = {"phase": phase, "cursor": f"cur_{phase}", "reset": None, "changes": [change]}
        return "event: next\ndata: " + json.dumps({"data": {"stockChanged": told}}) + "\n\n"

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["variables"]["after"])
        pages = [item("SNAPSHOT", "a")] if len(asked) == 1 else [item("SNAPSHOT", "a"), item("READY", "b")]
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text="".join(pages))

    http = httpx.Client(transport=httpx.MockTransport(answer))
    client, picture, cursor = Entrepot("http://stock.example", "k", http=http, retry=QUICK), Picture(), MemoryCursor()
    stream = client.live.stock(cursor=cursor)
    while len(asked) < 3:
        picture.apply(next(stream))
        assert picture.ready or not picture.rows, "nothing shows by halves"
    assert asked == [None, None, "cur_READY"] and set(picture.rows) == {"a", "b"}


def stream(*items: Dict[str, Any]) -> httpx.Response:
    """An event stream of these items."""
    told = [{"cursor": None, "reset": None, "changes": [], **item} for item in items]
    text = "".join("event: next\ndata: " + json.dumps({"data": {"stockChanged": item}}) + "\n\n" for item in told)
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text)


def level(name: str, version: int = 1) -> Dict[str, Any]:
    return {"seq": 1, "inFilter": True, "level": {"id": name, "version": version}}


def test_a_row_that_goes_between_two_beginnings_of_a_snapshot_does_not_stay() -> None:
    pages = [
        stream({"phase": "SNAPSHOT", "changes": [level("a")]}),
        stream({"phase": "SNAPSHOT", "changes": [level("b")]}, {"phase": "READY", "cursor": "cur", "changes": [level("c")]}),
    ]
    http = httpx.Client(transport=httpx.MockTransport(lambda request: pages.pop(0)))
    client, picture, kinds = Entrepot("http://stock.example", "k", http=http, retry=QUICK), Picture(), []
    for event in client.live.stock():
        picture.apply(event)
        kinds.append(event.kind)
        if picture.ready:
            break
    assert set(picture.rows) == {"b", "c"}, "a was sold out before the second snapshot, and no change says so"
    assert kinds == ["snapshot", "reset", "snapshot", "snapshot", "ready"]


def test_a_server_that_is_away_while_a_token_is_replaced_does_not_end_the_stream() -> None:
    told: List[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if "sessionRefresh" in request.content.decode():
            told.append("refresh")
            if len(told) == 1:
                raise httpx.ConnectError("away")
            pair = {"__typename": "TokenPair", "accessToken": "fresh", "refreshToken": "r2"}
            return httpx.Response(200, json={"data": {"sessionRefresh": {"result": pair, "userErrors": []}}})
        if request.headers["authorization"] != "Bearer fresh":
            return httpx.Response(401, json={"errors": [{"message": "ended", "extensions": {"code": "UNAUTHENTICATED"}}]})
        return stream({"phase": "READY", "cursor": "cur", "changes": [level("a")]})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    retry = Retry(attempts=1, base=0.01, most=0.2)
    client = Entrepot("http://stock.example", access_token="stale", refresh_token="r1", http=http, retry=retry)
    assert next(client.live.stock()).row == {"id": "a", "version": 1}
    assert told == ["refresh", "refresh"]


def test_a_picture_keeps_the_newest_of_each_row() -> None:
    def row(version: int, name: str = "a") -> Dict[str, Any]:
        return {"id": name, "version": version}

    picture = Picture()
    assert not picture.apply(LiveEvent("snapshot", row(3))) and not picture.rows
    picture.apply(LiveEvent("change", row(4)))
    picture.apply(LiveEvent("snapshot", row(3)))
    assert picture.apply(LiveEvent("ready")) and picture.rows["a"]["version"] == 4
    assert not picture.apply(LiveEvent("change", row(4)))
    assert picture.apply(LiveEvent("change", row(5), removed=True)) and not picture.rows
    assert not picture.apply(LiveEvent("change", row(4))), "an older one does not come back"
    assert picture.apply(LiveEvent("change", row(6)))
    picture.apply(LiveEvent("reset", reason="CURSOR_EXPIRED"))
    assert picture.rows, "shown until the new one is whole"
    picture.apply(LiveEvent("snapshot", row(1, "b")))
    assert picture.apply(LiveEvent("ready")) and list(picture.rows) == ["b"]
    picture.apply(LiveEvent("reset", reason="SCOPE_CHANGED"))
    assert not picture.rows


def test_an_event_stream_is_read_in_any_pieces() -> None:
    text = ":\n\nid: 1\nevent: next\ndata: {\"a\":\u2028\r\ndata:1}\r\n\r\nevent: complete\rdata:\r\r"
    for size in range(1, 12):
        parser = EventStream()
        events = [event for at in range(0, len(text), size) for event in parser.push(text[at : at + size])]
        events += parser.push("\n")
        assert events == [("next", '{"a":\u2028\n1}'), ("complete", "")], size
