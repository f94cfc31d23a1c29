"""The digest of a store's levels: what a copy is compared by, and what it differs in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

#: Buckets that one call of `stockDigestLevels` takes.
MOST_ASKED = 256


@dataclass(frozen=True)
class StockDifference:
    """What a copy of a store's levels differs in from the server's."""

    #: Levels that the copy lacks, or has in another version: `productId`, `version`, `bucket`, and `level`, which may be newer than `version`.
    changed: List[Dict[str, Any]]
    #: IDs of the products that the copy has a level of, and the server none.
    removed: List[str]
    #: Number of the last event before the digest was read.
    seq: int
    #: Cursor of `stockChanged` of this store, from which no change is missed.
    stream_cursor: str


def bucket_of(product_id: str, buckets: int) -> int:
    """The bucket of a product's level: 0 to `buckets` - 1."""
    return int.from_bytes(hashlib.sha256(product_id.encode()).digest()[:4], "big") * buckets >> 32


def digest_of(copy: Mapping[str, int], buckets: int) -> Tuple[List[str], List[int]]:
    """The hashes and counts of a copy (versions by product ID), to be compared with `stockDigest` of as many buckets."""
    sums, counts = [0] * buckets, [0] * buckets
    for product_id, version in copy.items():
        bucket = bucket_of(product_id, buckets)
        sums[bucket] += int.from_bytes(hashlib.sha256(f"{product_id}:{version}".encode()).digest()[:8], "big")
        counts[bucket] += 1
    return [f"{total % 2**64:016x}" for total in sums], counts


def differing(ours: Tuple[Sequence[str], Sequence[int]], hashes: Sequence[str], counts: Sequence[int]) -> List[int]:
    """Buckets in which a copy's digest and the server's differ, in order."""
    theirs = zip(hashes, counts)
    return [bucket for bucket, (own, their) in enumerate(zip(zip(*ours), theirs)) if own != their]


def removed_of(copy: Mapping[str, int], present: Sequence[str], buckets: int, asked: Sequence[int]) -> List[str]:
    """Products of the asked buckets that are in the copy alone."""
    there, wanted = set(present), set(asked)
    return [product_id for product_id in copy if product_id not in there and bucket_of(product_id, buckets) in wanted]
