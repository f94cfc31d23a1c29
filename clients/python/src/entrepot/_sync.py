"""The sync client. Generated from `_async.py` by `tools/unasync.py`. Do not edit."""

from __future__ import annotations

import json
import threading
import time
from types import TracebackType
from typing import AbstractSet, Any, Iterator, Awaitable, Callable, Dict, List, Mapping, Optional, Sequence, Set, Type, Union, cast

import httpx

from . import _core as core
from . import digest, documents
from ._core import Line, Prepared, RateLimit, Retry, Tokens
from .errors import AuthenticationError, EntrepotError, NetworkError, TemporaryError, UserErrors, error_of, error_of_answer
from .live import Cursor, EventStream, LiveEvent, MemoryCursor, events_of


class Entrepot:
    """A client of one server with one caller's credentials: an API key, or a session.

    `key` is an API key. `access_token` and `refresh_token` are a session's; `on_tokens` hears of each new pair. `login` begins one.
    """

    def __init__(
        self,
        url: str,
        key: Optional[str] = None,
        *,
        access_token: Optional[str] = None,
        refresh_token: Optional[str] = None,
        on_tokens: Optional[Callable[[Tokens], None]] = None,
        refresh: Optional[Callable[[], str]] = None,
        retry: Retry = Retry(),
        timeout: float = 30.0,
        http: Optional[httpx.Client] = None,
    ) -> None:
        self.url = core.endpoint(url)
        self.retry = retry
        #: How the budget stood at the last answer that said so.
        self.rate_limit: Optional[RateLimit] = None
        self.orders = Orders(self)
        self.stock = Stock(self)
        self.live = Live(self)
        self._key = key
        self._tokens = Tokens(access_token or "", refresh_token) if access_token or refresh_token else None
        self._on_tokens = on_tokens
        self._own_refresh = refresh
        self._lock = threading.Lock()
        self._paused_until = 0.0
        self._warned: Set[str] = set()
        self._timeout = timeout
        self._http = http or httpx.Client(timeout=timeout)
        self._owns_http = http is None

    def __enter__(self) -> "Entrepot":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        if self._owns_http:
            self._http.close()

    # Calls.

    def execute(
        self,
        document: str,
        variables: Optional[Mapping[str, Any]] = None,
        *,
        idempotency_key: Optional[str] = None,
        raise_user_errors: bool = True,
        allow_truncated: bool = False,
    ) -> Dict[str, Any]:
        """Sends a query or mutation, again while that is safe and may help, and returns its data.

        Fills `idempotencyKey` of a mutation's input. Raises EntrepotError, and UserErrors if a mutation was refused.
        """
        prepared = core.prepare(document, variables, idempotency_key)
        return self._execute(prepared, raise_user_errors=raise_user_errors, allow_truncated=allow_truncated)

    def _execute(
        self,
        prepared: Prepared,
        *,
        raise_user_errors: bool = True,
        allow_truncated: bool = False,
        own: AbstractSet[str] = frozenset(),
    ) -> Dict[str, Any]:
        """Sends a call and returns its data. Of the deprecated parts in `own` nobody is warned."""
        answer = self._send(prepared)
        core.warn_deprecated(answer, self._warned, own)
        if not allow_truncated:
            core.check_truncated(answer)
        data: Dict[str, Any] = answer["data"]
        refused = core.user_errors_of(data) if raise_user_errors else ()
        if refused:
            raise UserErrors(refused, data)
        return data

    def paginate(self, document: str, variables: Optional[Mapping[str, Any]] = None) -> Iterator[Dict[str, Any]]:
        """All nodes of the first connection of an answer, page by page. The document takes `$after`."""
        after = (variables or {}).get("after")
        while True:
            data = self.execute(document, {**(variables or {}), "after": after})
            page = next(field for field in data.values() if isinstance(field, dict) and "nodes" in field)
            for node in page["nodes"]:
                yield node
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    # Sessions.

    def login(self, email: str, password: str, tenant: Optional[str] = None) -> Dict[str, Any]:
        """Logs a person in. The result is a TokenPair, which is kept, or an MfaChallenge for `mfa_verify`."""
        variables = {"email": email, "password": password, "tenant": tenant}
        return self._adopt(self._public(documents.LOGIN, variables), "login")

    def mfa_verify(self, challenge_token: str, code: str, method: str = "TOTP") -> Dict[str, Any]:
        """Answers the challenge of a login."""
        variables = {"challengeToken": challenge_token, "code": code, "method": method}
        return self._adopt(self._public(documents.MFA_VERIFY, variables), "mfaVerify")

    def logout(self) -> None:
        """Ends the session and forgets its tokens."""
        try:
            self.execute(documents.LOGOUT)
        finally:
            self._tokens = None

    def _adopt(self, data: Dict[str, Any], field: str) -> Dict[str, Any]:
        if data[field]["userErrors"]:
            raise UserErrors(data[field]["userErrors"], data)
        result = cast(Dict[str, Any], data[field]["result"])
        if result["__typename"] == "TokenPair":
            self._take(Tokens.fresh(result["accessToken"], result["refreshToken"]))
        return result

    def _take(self, tokens: Tokens) -> None:
        self._tokens = tokens
        if self._on_tokens:
            self._on_tokens(tokens)

    def _token(self) -> Optional[str]:
        """The token to send; one close to its end is replaced before."""
        if self._key:
            return self._key
        held = self._tokens
        if held is None and self._own_refresh is None:
            return None
        if held is None or not held.access_token or time.monotonic() >= held.due:
            try:
                self._renew(held.access_token if held else None)
            except TemporaryError:
                # A token that is still good does not wait for a server that is away.
                if held is None or not held.access_token or time.monotonic() >= held.due + 60:
                    raise
        return self._tokens.access_token if self._tokens else None

    def _renew(self, used: Optional[str]) -> bool:
        """Gets another token unless that has happened since `used`. False: there is nothing to get one with."""
        if self._key or (self._tokens is None and self._own_refresh is None):
            return False
        with self._lock:
            held = self._tokens
            if held is not None and used is not None and held.access_token != used:
                return True
            if self._own_refresh is not None:
                given = Tokens.fresh(self._own_refresh(), None)
                if self._tokens is held:
                    self._take(given)
                return True
            if held is None or not held.refresh_token:
                raise core.signed_out("The session has no refresh token. Log in again.")
            data = self._public(documents.SESSION_REFRESH, {"refreshToken": held.refresh_token}, repeatable=True)
            if self._tokens is not held:
                # A login or a logout came in between, and its tokens count.
                return True
            payload = data["sessionRefresh"]
            if not payload["result"] or payload["result"]["__typename"] != "TokenPair":
                refused = payload["userErrors"]
                if refused and refused[0]["code"] == "TENANT_SUSPENDED":
                    # The session goes on when the tenant is resumed.
                    raise error_of("TENANT_SUSPENDED", refused[0]["message"])
                self._tokens = None
                raise core.signed_out(refused[0]["message"] if refused else "The session has ended. Log in again.")
            self._take(Tokens.fresh(payload["result"]["accessToken"], payload["result"]["refreshToken"]))
            return True

    def _public(self, document: str, variables: Mapping[str, Any], repeatable: bool = False) -> Dict[str, Any]:
        body = json.dumps({"query": document, "variables": variables}).encode()
        answer = self._send(Prepared(body, repeatable, anonymous=True))
        return cast(Dict[str, Any], answer["data"])

    # Requests.

    def _send(self, prepared: Prepared) -> Dict[str, Any]:
        attempt = internal = 0
        renewed = False
        while True:
            attempt += 1
            pause = self._paused_until - time.monotonic()
            if pause > 0:
                time.sleep(min(pause, self.retry.most))
            token = None if prepared.anonymous else self._token()
            try:
                answer = self._attempt(prepared, token)
                if attempt >= self.retry.attempts or not core.in_progress(answer):
                    return answer
                wait = max(1.0, self.retry.backoff(attempt))
            except EntrepotError as error:
                if error.code == "UNAUTHENTICATED" and not prepared.anonymous and not renewed:
                    renewed = True
                    if self._renew(token):
                        continue
                internal += error.code == "INTERNAL"
                wait = core.wait_before(error, prepared, attempt, self.retry, internal)
                if error.code == "RATE_LIMITED":
                    self._paused_until = max(self._paused_until, time.monotonic() + wait)
            time.sleep(wait)

    def _attempt(self, prepared: Prepared, token: Optional[str]) -> Dict[str, Any]:
        """One request, one answer."""
        try:
            response = self._http.post(self.url, content=prepared.body, headers=core.headers_of(token), timeout=self._timeout)
        except httpx.HTTPError as error:
            raise NetworkError("NETWORK", f"The request was not answered: {error or type(error).__name__}.") from error
        self.rate_limit = core.rate_limit_of(response.headers) or self.rate_limit
        return core.read(response.status_code, response.headers, response.text)


class Orders:
    """Orders."""

    def __init__(self, client: Entrepot) -> None:
        self._client = client

    def create(
        self,
        *,
        store: str,
        lines: Sequence[Line],
        external_ref: Optional[str] = None,
        channel_id: Optional[str] = None,
        idempotency_key: Optional[str] = None,
        validate_only: bool = False,
        **more: Any,
    ) -> documents.OrderFieldsFragment:
        """Creates an order: `lines=[("MUG", 2)]`, or inputs of lines. Further fields of the input by their names: `customer`, `on_shortage`.

        The idempotency key follows from `external_ref`, so the same order is never placed twice, by whatever program; else it is new.
        """
        # The server compares what a key was sent with: an order that an earlier version sent is found again in this form alone.
        given = {"externalRef": external_ref, "channelId": channel_id, **{core.camel(name): value for name, value in more.items()}}
        order = {"store": core.store_ref(store), "lines": [core.line_of(line) for line in lines]}
        order.update({name: value for name, value in given.items() if value is not None})
        if idempotency_key is None and external_ref is not None:
            idempotency_key = f"order:{channel_id or ''}:{external_ref}"
        variables = {"input": order, "validateOnly": validate_only}
        prepared = core.prepare(documents.ORDER_CREATE, variables, idempotency_key)
        data = self._client._execute(prepared, own=core.CHANNEL_OF_ORDERS)
        return cast(documents.OrderFieldsFragment, data["orderCreate"]["order"])

    def get(
        self,
        *,
        id: Optional[str] = None,
        number: Optional[str] = None,
        external_ref: Optional[str] = None,
        channel_id: Optional[str] = None,
    ) -> Optional[documents.OrderFieldsFragment]:
        """One order, by its id, its number, or its external reference in a channel; None if there is none."""
        by: Dict[str, Any] = {"id": id} if id else {"number": number}
        if external_ref:
            by = {"external": {"ref": external_ref, "channel": {"id": channel_id} if channel_id else None}}
        data = self._client.execute(documents.ORDER_BY_REF, {"by": by})
        return cast(Optional[documents.OrderFieldsFragment], data["order"])

    def cancel(self, id: str, *, note: Optional[str] = None, idempotency_key: Optional[str] = None) -> documents.OrderFieldsFragment:
        """Cancels an order."""
        variables = {"input": {"id": id, "note": note}}
        data = self._client.execute(documents.ORDER_CANCEL, variables, idempotency_key=idempotency_key or f"cancel:{id}")
        return cast(documents.OrderFieldsFragment, data["orderCancel"]["order"])

    def list(self, *, page: int = 50, **filter: Any) -> Iterator[documents.OrderFieldsFragment]:
        """All orders that fit: `status="CONFIRMED"`, `external_ref="web-1"`, `placed_at={"gte": …}`."""
        variables = {"first": page, "filter": core.filter_of(filter)}
        for order in self._client.paginate(documents.ORDERS, variables):
            yield cast(documents.OrderFieldsFragment, order)


class Stock:
    """Stock."""

    def __init__(self, client: Entrepot) -> None:
        self._client = client

    def levels(self, *, page: int = 100, store: Union[str, Sequence[str], None] = None, **filter: Any) -> Iterator[Dict[str, Any]]:
        """All levels that fit: `store="LDN"`, `available={"gte": 1}`."""
        where = core.filter_of({**filter, "store": self.store_ids(store)})
        for level in self._client.paginate(documents.STOCK_LEVELS, {"first": page, "filter": where}):
            yield level

    def adjust(
        self, changes: Sequence[Mapping[str, Any]], *, reason: str, idempotency_key: Optional[str] = None, **more: Any
    ) -> List[Dict[str, Any]]:
        """Changes stock: `[{"product": {"sku": "MUG"}, "store": {"code": "LDN"}, "delta": -1}]`. Returns the levels."""
        given = {core.camel(name): value for name, value in more.items()}
        variables = {"input": {"changes": [dict(change) for change in changes], "reasonCode": reason, **given}}
        data = self._client.execute(documents.STOCK_ADJUST, variables, idempotency_key=idempotency_key)
        return cast(List[Dict[str, Any]], data["stockAdjust"]["levels"])

    def reconcile(self, store: str, copy: Mapping[str, int], *, buckets: int = 8192) -> digest.StockDifference:
        """The levels of a store in which a copy (versions by product ID) differs from the server.

        Two calls, if they are in at most 256 buckets and fit one page. Put `changed` into the copy, also where the copy's versions are
        greater (a server that was restored from a backup has smaller ones), take `removed` out of it, and follow the store's stock from
        `stream_cursor`.
        """
        ref = core.store_ref(store)
        found = (self._client.execute(documents.STOCK_DIGEST, {"store": ref, "buckets": buckets}))["stockDigest"]
        wanted = digest.differing(digest.digest_of(copy, buckets), found["hashes"], found["counts"])
        rows: List[Dict[str, Any]] = []
        for at in range(0, len(wanted), digest.MOST_ASKED):
            variables = {"store": ref, "buckets": buckets, "in": wanted[at : at + digest.MOST_ASKED]}
            for row in self._client.paginate(documents.STOCK_DIGEST_LEVELS, variables):
                rows.append(row)
        changed = [row for row in rows if row["version"] != copy.get(row["productId"])]
        removed = digest.removed_of(copy, [row["productId"] for row in rows], buckets, wanted)
        return digest.StockDifference(changed, removed, found["seq"], found["streamCursor"])

    def store_ids(self, stores: Union[str, Sequence[str], None]) -> Optional[List[str]]:
        """The ids of stores that are named by id or code."""
        if stores is None:
            return None
        ids = []
        for store in core.sequence(stores):
            if not store.startswith("sto_"):
                found = (self._client.execute(documents.STORE_BY_REF, {"by": core.store_ref(store)}))["store"]
                if not found:
                    raise LookupError(f"There is no store {store}.")
                store = found["id"]
            ids.append(store)
        return ids


class Live:
    """Streams of changes. Each goes on by itself after any break, until its loop is left."""

    def __init__(self, client: Entrepot) -> None:
        self._client = client

    def stock(
        self,
        *,
        store: Union[str, Sequence[str], None] = None,
        cursor: Optional[Cursor] = None,
        max_delay_ms: int = 0,
        document: str = documents.STOCK_CHANGED,
        **filter: Any,
    ) -> Iterator[LiveEvent]:
        """Stock: first how it stands, then every change.

        With a `cursor` from before, every change since. It is kept after the loop's body has run for all of an item, so that
        each change comes at least once, also if the program ends in between.
        """
        where = core.filter_of({**filter, "store": self._client.stock.store_ids(store)})
        variables = {"filter": where, "maxDelayMs": max_delay_ms}
        for event in self.follow(document, variables, field="stockChanged", row="level", cursor=cursor):
            yield event

    def orders(
        self, *, cursor: Optional[Cursor] = None, document: str = documents.ORDER_CHANGED, **filter: Any
    ) -> Iterator[LiveEvent]:
        """Orders: those that fit as they stand, then every change."""
        variables = {"filter": core.filter_of(filter)}
        for event in self.follow(document, variables, field="orderChanged", row="order", cursor=cursor):
            yield event

    def alerts(
        self, *, cursor: Optional[Cursor] = None, document: str = documents.ALERT_CHANGED, **filter: Any
    ) -> Iterator[LiveEvent]:
        """Alerts: those that are open, then every change."""
        variables = {"filter": core.filter_of(filter)}
        for event in self.follow(document, variables, field="alertChanged", row="alert", cursor=cursor):
            yield event

    def follow(
        self, document: str, variables: Mapping[str, Any], *, field: str, row: str, cursor: Optional[Cursor] = None
    ) -> Iterator[LiveEvent]:
        """Any stream with a cursor: the document takes `$after` and selects phase, cursor, reset and changes."""
        kept = cursor or MemoryCursor()
        retry, attempt, renewals = self._client.retry, 0, 0
        resets: List[float] = []
        is_partial = False
        while True:
            token = None
            try:
                token = self._client._token()
                pause: Optional[float] = None
                if is_partial:
                    # Of the rows that were told some may be gone before the snapshot that comes now, and nothing would say so.
                    is_partial = False
                    yield LiveEvent("reset")
                for item in self._items(document, {**variables, "after": kept.load()}, field, token):
                    attempt = renewals = 0
                    is_partial = item["phase"] == "SNAPSHOT"
                    for event in events_of(item, row):
                        yield event
                    if item["phase"] == "RESET":
                        kept.save(None)
                        pause = core.reset_pause(resets)
                        continue
                    if item["phase"] == "READY":
                        resets.clear()
                    if item["phase"] != "SNAPSHOT" and item["cursor"]:
                        kept.save(item["cursor"])
                if pause is None:
                    pause = retry.backoff(attempt)
                    attempt += 1
            except AuthenticationError as error:
                renewals += 1
                pause = 0.0
                try:
                    renewed = error.code != "SIGNED_OUT" and renewals <= 3 and self._client._renew(token)
                except EntrepotError as away:
                    # As where a connection is refused: the token is asked for again.
                    pause = core.pause_after(away, retry, attempt)
                    attempt, renewals, renewed = attempt + 1, renewals - 1, True
                if not renewed:
                    raise
            except EntrepotError as error:
                pause = core.pause_after(error, retry, attempt)
                attempt += 1
            time.sleep(pause)

    def _items(
        self, document: str, variables: Mapping[str, Any], field: str, token: Optional[str]
    ) -> Iterator[Dict[str, Any]]:
        """The items of one connection, until it ends."""
        body = json.dumps({"query": document, "variables": variables}).encode()
        headers = core.headers_of(token, "text/event-stream")
        timeout = httpx.Timeout(self._client._timeout, read=core.SILENCE)
        try:
            with self._client._http.stream("POST", self._client.url, content=body, headers=headers, timeout=timeout) as response:
                if not response.headers.get("content-type", "").startswith("text/event-stream"):
                    response.read()
                    core.read(response.status_code, response.headers, response.text)
                    raise error_of("BAD_RESPONSE", "The server answered with no event stream.", status=response.status_code)
                parser = EventStream()
                for piece in response.iter_text():
                    for name, data in parser.push(piece):
                        if name == "complete":
                            return
                        if name != "next":
                            continue
                        answer = json.loads(data)
                        if answer.get("errors") or not answer.get("data"):
                            raise error_of_answer(answer.get("errors") or ())
                        yield answer["data"][field]
        except httpx.HTTPError as error:
            raise NetworkError("NETWORK", f"The stream broke off: {error or type(error).__name__}.") from error
