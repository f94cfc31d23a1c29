"""What the sync and the async client share: everything but input and output."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import time
import warnings
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import AbstractSet, Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union
from urllib.parse import urlsplit

from .errors import EntrepotError, error_of, error_of_answer
from .schema import KEYED_INPUTS
from .version import VERSION

#: Statuses of proxies and servers that are away for a moment.
PASSING_STATUS = frozenset((429, 502, 503, 504))
#: Codes of stream errors that waiting helps with.
PASSING = frozenset(("RATE_LIMITED", "TIMEOUT", "OVERLOADED", "UNAVAILABLE", "INTERNAL", "NETWORK", "BAD_RESPONSE"))
#: A stream that is silent for so long, in seconds, is given up: two pings of the server.
SILENCE = 45.0
#: Resets within 30 seconds that are followed at once.
PROMPT_RESETS = 3
ACCEPT = "application/graphql-response+json, application/json;q=0.9"

#: What `orders.create` uses on purpose: a key is compared with the whole input, and earlier versions sent the channel in this form.
CHANNEL_OF_ORDERS = frozenset(("OrderCreateInput.channelId",))

Line = Union[Tuple[str, int], Mapping[str, Any]]


@dataclass(frozen=True)
class Retry:
    """How often and how long a client tries again."""

    #: Attempts in all, the first one included.
    attempts: int = 5
    #: The longest wait between two attempts, in seconds. A server that asks for longer gets no further attempt.
    most: float = 10.0
    #: The first wait is random between 0 and this, in seconds; it doubles each time.
    base: float = 0.25

    def backoff(self, attempt: int) -> float:
        """Full jitter."""
        return random.uniform(0, min(self.most, self.base * 2 ** min(attempt, 30)))


@dataclass
class Tokens:
    """The pair that a login gives."""

    access_token: str
    refresh_token: Optional[str] = None
    #: By `time.monotonic()`, when the access token should be replaced.
    due: float = float("inf")

    @classmethod
    def fresh(cls, access_token: str, refresh_token: Optional[str]) -> "Tokens":
        """A pair that was given just now: replaced at 80 % of its life, by our own clock."""
        return cls(access_token, refresh_token, time.monotonic() + 0.8 * _life(access_token))


def _life(token: str) -> float:
    """Seconds from the beginning to the end of a JWT; without end for what is none."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(claims["exp"] - claims["iat"])
    except (IndexError, ValueError, KeyError, TypeError):
        return float("inf")


@dataclass(frozen=True)
class RateLimit:
    """How the caller's budget stood at the last answer."""

    limit: int
    remaining: int
    #: Seconds until all points are back.
    reset_seconds: float


@dataclass(frozen=True)
class Prepared:
    """A request, ready to be sent any number of times."""

    body: bytes
    #: Whether sending it twice does no harm.
    repeatable: bool
    anonymous: bool = False


def endpoint(url: str) -> str:
    """The GraphQL endpoint of a server's address, or the address itself if it has a path."""
    return url if urlsplit(url).path not in ("", "/") else url.rstrip("/") + "/graphql"


def uuid7(now: Optional[float] = None) -> str:
    """A UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random bits."""
    raw = bytearray(int((time.time() if now is None else now) * 1000).to_bytes(6, "big") + os.urandom(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _operation(document: str) -> str:
    """The first operation of a document, from its keyword on, wherever its fragments are. Empty if it is a selection alone."""
    bare = re.sub(r"fragment\s+\w+\s+on\s+\w+[^{]*", "", re.sub(r"#[^\n]*", "", document))
    begin, braces, parentheses = -1, 0, 0
    for found in re.finditer(r"[{}()]|\b(?:query|mutation|subscription)\b", bare):
        token = found.group()
        if token in "()":
            parentheses += 1 if token == "(" else -1
        elif token in "{}":
            braces += 1 if token == "{" else -1
            if begin >= 0 and braces == 0 and parentheses == 0:
                return bare[begin : found.end()]
        elif begin < 0 and braces == 0:
            begin = found.start()
    return bare[begin:] if begin >= 0 else ""


def operation_kind(document: str) -> str:
    """query, mutation or subscription: that of the first operation."""
    found = re.match(r"query|mutation|subscription", _operation(document))
    return found.group() if found else "query"


def prepare(document: str, variables: Optional[Mapping[str, Any]], key: Optional[str]) -> Prepared:
    """Fills idempotency keys of a mutation that the caller left out."""
    kind = operation_kind(document)
    if kind == "subscription":
        raise TypeError("Subscriptions are streams: use live.stock, live.orders, live.alerts or live.follow.")
    filled: Dict[str, Any] = dict(variables or {})
    keyed = False
    if kind == "mutation":
        key = key or uuid7()
        for name, of in re.findall(r"\$(\w+)\s*:\s*(\w+)", _operation(document)):
            if name == "idempotencyKey":
                filled[name] = filled.get(name) or key
                keyed = True
            elif of in KEYED_INPUTS and isinstance(filled.get(name), Mapping):
                filled[name] = {**filled[name], "idempotencyKey": filled[name].get("idempotencyKey") or key}
                keyed = True
    body = json.dumps({"query": document, "variables": filled}, ensure_ascii=False).encode()
    return Prepared(body, repeatable=keyed or kind == "query")


def headers_of(token: Optional[str], accept: str = ACCEPT) -> Dict[str, str]:
    """Headers of a request."""
    headers = {"accept": accept, "content-type": "application/json", "entrepot-client": f"python/{VERSION}"}
    return {**headers, "authorization": f"Bearer {token}"} if token else headers


def retry_after(header: Optional[str]) -> Optional[float]:
    """The milliseconds of a `Retry-After` header: seconds, or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header) * 1000)
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header).timestamp() - time.time()) * 1000)
    except (TypeError, ValueError):
        return None


def rate_limit_of(headers: Mapping[str, str]) -> Optional[RateLimit]:
    """The budget that an answer tells of."""
    try:
        return RateLimit(int(headers["ratelimit-limit"]), int(headers["ratelimit-remaining"]), float(headers["ratelimit-reset"]))
    except (KeyError, ValueError):
        return None


def read(status: int, headers: Mapping[str, str], text: str) -> Dict[str, Any]:
    """The whole answer. Raises on top-level errors."""
    limit = rate_limit_of(headers)
    wait = retry_after(headers.get("retry-after"))
    if wait is None and status == 429 and limit:
        wait = limit.reset_seconds * 1000
    details: Dict[str, Any] = {"status": status, "request_id": headers.get("x-request-id"), "retry_after_ms": wait}
    try:
        answer = json.loads(text)
        if not isinstance(answer, dict):
            raise ValueError("not an object")
    except ValueError as error:
        message = f"The answer with status {status} is not JSON. Check that the URL is the GraphQL endpoint."
        raise error_of("BAD_RESPONSE", message, **details) from error
    if answer.get("errors") or answer.get("data") is None:
        raise error_of_answer(answer.get("errors") or (), data=answer.get("data"), **details)
    return answer


def check_truncated(answer: Mapping[str, Any]) -> None:
    """Raises if rows were left out."""
    left_out = ((answer.get("extensions") or {}).get("entrepot") or {}).get("truncated")
    if left_out:
        where = ", ".join(".".join(map(str, entry.get("path", ()))) for entry in left_out)
        raise error_of("TRUNCATED", f"Rows were left out at {where}. Page, or pass allow_truncated=True.", data=answer["data"])


def warn_deprecated(answer: Mapping[str, Any], warned: Set[str], own: AbstractSet[str]) -> None:
    """Warns of each deprecated part of the schema that a call uses, unless it was warned of or is the client's own choice.

    The warning names the line that called the caller of `_execute`.
    """
    for use in ((answer.get("extensions") or {}).get("entrepot") or {}).get("deprecated") or ():
        if use["coordinate"] not in warned and use["coordinate"] not in own:
            warned.add(use["coordinate"])
            warnings.warn(f"Deprecated use of {use['coordinate']}. {use['reason']}", DeprecationWarning, stacklevel=4)


def user_errors_of(data: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    """The `userErrors` of all payloads of an answer."""
    found: List[Mapping[str, Any]] = []
    for payload in data.values():
        if isinstance(payload, Mapping):
            found.extend(payload.get("userErrors") or ())
    return found


def in_progress(answer: Mapping[str, Any]) -> bool:
    """Whether the same call is being carried out just now."""
    return any(error.get("code") == "IDEMPOTENCY_IN_PROGRESS" for error in user_errors_of(answer["data"]))


def wait_before(error: EntrepotError, prepared: Prepared, attempt: int, retry: Retry, internal: int) -> float:
    """Seconds to wait before the next attempt. Raises the error if there is none."""
    passing = error.retryable or error.status in PASSING_STATUS or (error.code == "INTERNAL" and internal == 1)
    wait = (error.retry_after_ms or 0.0) / 1000
    if not prepared.repeatable or not passing or attempt >= retry.attempts or wait > retry.most:
        raise error
    return max(wait, retry.backoff(attempt - 1))


def pause_after(error: EntrepotError, retry: Retry, attempt: int) -> float:
    """Seconds to wait before a stream goes on. Raises the error if waiting does not help."""
    if error.code not in PASSING:
        raise error
    return max((error.retry_after_ms or 0.0) / 1000, retry.backoff(attempt))


def camel(name: str) -> str:
    """updated_at → updatedAt."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.title() for word in rest)


def filter_of(fields: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """A filter input of keyword arguments; plain texts are compared for equality, lists taken as alternatives."""
    made: Dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            continue
        if isinstance(value, str) and name != "search":
            value = [value] if name in ("status", "kind") else {"eq": value}
        elif isinstance(value, (list, tuple)) and name not in ("status", "kind", "and_", "or_", "hold", "metadata"):
            value = {"in": list(value)}
        made[camel(name)] = value
    return made or None


def line_of(line: Line) -> Dict[str, Any]:
    """An order line: a SKU and a quantity, or the input itself."""
    if isinstance(line, Mapping):
        return dict(line)
    sku, quantity = line
    return {"product": {"sku": sku}, "quantity": quantity}


def store_ref(store: str) -> Dict[str, str]:
    """A store by its id or its code."""
    return {"id": store} if store.startswith("sto_") else {"code": store}


def reset_pause(resets: List[float]) -> float:
    """Notes a reset, and gives the seconds to wait: none for the first ones of half a minute."""
    now = time.monotonic()
    resets[:] = [at for at in resets if now - at < 30] + [now]
    return 0.0 if len(resets) < PROMPT_RESETS else 2.0 ** min(len(resets) - PROMPT_RESETS, 5)


def signed_out(message: str) -> EntrepotError:
    """The session has ended."""
    return error_of("SIGNED_OUT", message)


def sequence(value: Union[str, Sequence[str]]) -> List[str]:
    """One or several, as a list."""
    return [value] if isinstance(value, str) else list(value)
