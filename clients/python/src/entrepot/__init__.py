"""A client of the Entrepot API."""

from . import documents, schema, webhooks
from ._async import AsyncEntrepot, AsyncLive, AsyncOrders, AsyncStock
from ._core import RateLimit, Retry, Tokens, uuid7
from ._sync import Entrepot, Live, Orders, Stock
from .digest import StockDifference, bucket_of, digest_of
from .errors import (
    AuthenticationError,
    EntrepotError,
    InvalidRequest,
    NetworkError,
    PermissionDenied,
    RateLimited,
    TemporaryError,
    UserError,
    UserErrors,
)
from .live import Cursor, FileCursor, LiveEvent, MemoryCursor, Picture
from .version import VERSION
from .webhooks import SignatureError

__version__ = VERSION
__all__ = [
    "AsyncEntrepot",
    "AsyncLive",
    "AsyncOrders",
    "AsyncStock",
    "AuthenticationError",
    "Cursor",
    "Entrepot",
    "EntrepotError",
    "FileCursor",
    "InvalidRequest",
    "Live",
    "LiveEvent",
    "MemoryCursor",
    "NetworkError",
    "Orders",
    "PermissionDenied",
    "Picture",
    "RateLimit",
    "RateLimited",
    "Retry",
    "SignatureError",
    "Stock",
    "StockDifference",
    "TemporaryError",
    "Tokens",
    "UserError",
    "UserErrors",
    "VERSION",
    "bucket_of",
    "digest_of",
    "documents",
    "schema",
    "uuid7",
    "webhooks",
]
