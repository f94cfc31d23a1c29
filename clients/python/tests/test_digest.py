from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import httpx

from entrepot import Entrepot, bucket_of, digest_of

# The same file as the TypeScript client's tests read.
VECTORS: Dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "digest-vectors.json").read_text("utf-8"))


def test_the_digest_is_the_one_that_the_server_computes() -> None:
    ids = []
    for level in VECTORS["levels"]:
        ids.append(level["productId"])
        for buckets, bucket in level["buckets"].items():
            assert bucket_of(level["productId"], int(buckets)) == bucket
        assert digest_of({level["productId"]: level["version"]}, 1) == ([level["element"]], [1])
    for digest in VECTORS["digests"]:
        assert digest_of(dict(zip(ids, digest["versions"])), digest["buckets"]) == (digest["hashes"], digest["counts"])


def test_a_copy_learns_in_two_calls_what_it_lacks_what_is_in_another_version_and_what_is_gone() -> None:
    levels = {f"prd_{index}": index for index in range(2_000)}
    asked: List[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        variables = sent["variables"]
        if "stockDigestLevels" not in sent["query"]:
            asked.append("digest")
            hashes, counts = digest_of(levels, variables["buckets"])
            return httpx.Response(200, json={"data": {"stockDigest": {"seq": 9, "streamCursor": "head", "hashes": hashes, "counts": counts}}})
        asked.append("levels")
        rows = [
            {"productId": name, "version": version, "bucket": bucket, "level": {}}
            for name, version in levels.items()
            for bucket in [bucket_of(name, variables["buckets"])]
            if bucket in variables["in"]
        ]
        page = {"nodes": rows, "pageInfo": {"hasNextPage": False, "endCursor": None}}
        return httpx.Response(200, json={"data": {"stockDigestLevels": page}})

    # One is newer in the copy: the server was restored.
    copy = {**levels, "prd_70": 3, "prd_90": 95, "prd_gone": 1}
    del copy["prd_5"]
    with Entrepot("http://shop.example/graphql", key="epk_x", http=httpx.Client(transport=httpx.MockTransport(answer))) as shop:
        found = shop.stock.reconcile("LDN", copy)
        assert sorted((row["productId"], row["version"]) for row in found.changed) == [("prd_5", 5), ("prd_70", 70), ("prd_90", 90)]
        assert (found.removed, found.seq, found.stream_cursor, asked) == (["prd_gone"], 9, "head", ["digest", "levels"])
        copy.update({row["productId"]: row["version"] for row in found.changed})
        del copy["prd_gone"]
        assert shop.stock.reconcile("LDN", copy).changed == [] and asked[2:] == ["digest"]
