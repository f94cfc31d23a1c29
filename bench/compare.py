#!/usr/bin/env python3
"""Ratios of Entrepot to the best of its peers, from one interleaved run:  compare.py results.jsonl
What many generators measured at once, as one line of results:             compare.py --sum parts.jsonl LABEL

A round counts when other processes took at most a tenth of the machine meanwhile; where no such round exists the two
quietest stand in, marked *. Best peer = most operations (deliveries) a second; p99 is compared with that same peer's."""

import json
import os
import statistics
import sys

# What is owed: floor and goal, times the best peer.
OWED = {
    "w1": (3, 4), "w1i": (2.5, 4), "scoped": (2.7, 4), "w2": (2.5, 5), "w3": (6, 12), "w4": (3, 6), "w5": (3, 4), "w6": (4, 6), "w7": (2, 2.5), "w7a": (2, 2.5),
}
NAMES = {
    "w1": "page of 50 products", "w2": "adjust a random level", "w3": "adjust a hot level", "w4": "order of 3 lines",
    "w5": "1 change to N subscribers", "w6": "one product", "w7": "page of 20 orders", "w1i": "the page with ids of levels",
    "scoped": "the page by a key of five stores", "w7a": "the page of orders with channel and actions",
}
QUIET = 0.10


def read(path):
    """(label, work, server) -> rounds, each as (per second, p50 ms, p99 ms, errors, share of others)."""
    rounds = {}
    for line in open(path):
        if not line.startswith("{"):
            continue
        r = json.loads(line)
        if "rps" in r:
            label = r.get("label", "load")
            secs, key = r["secs"], (f"over {r['conns']}" if label == "over" else label, r["work"], r["target"])
            figures = r["rps"], r["p50_ms"], r["p99_ms"], r["err"]
        elif r.get("work") == "ws":
            secs, key = r["events"] / max(r["events_per_s"], 0.001), ("load", "w5", r["target"])
            figures = r["deliveries_per_s"], r["all_p50_ms"], r["all_p99_ms"], r["expected"] - r["delivered"]
        else:
            continue
        others = max(0.0, r["proc"].get("foreign_cpu_s", 0)) / (secs * os.cpu_count())
        rounds.setdefault(key, []).append((*figures, others))
    return rounds


def summed(rounds):
    quiet = [r for r in rounds if r[4] <= QUIET]
    used = quiet or sorted(rounds, key=lambda r: r[4])[:2]
    return {
        "rate": statistics.median(r[0] for r in used), "p50": statistics.median(r[1] for r in used), "p99": statistics.median(r[2] for r in used),
        "errors": sum(r[3] for r in rounds), "mark": "" if quiet else "*", "n": len(used),
    }


def sum_of(path, label):
    """Rates add up; the median is the median tenant's, p99 the worst tenant's."""
    parts = [json.loads(line) for line in open(path) if line.startswith("{")]
    first = parts[0]
    return {
        "target": first["target"], "work": first["work"], "label": label, "secs": first["secs"], "err": sum(p["err"] for p in parts),
        "conns": sum(p["conns"] for p in parts), "rps": round(sum(p["rps"] for p in parts), 1), "p50_ms": statistics.median(p["p50_ms"] for p in parts),
        "p95_ms": max(p["p95_ms"] for p in parts), "p99_ms": max(p["p99_ms"] for p in parts),
        "proc": {"loadgen": {"cpu_us_per_op": statistics.median(p["proc"]["loadgen"]["cpu_us_per_op"] for p in parts)}}, **({"first_err": e} if (e := next((p["first_err"] for p in parts if "first_err" in p), None)) else {}),
    }


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--sum":
        print(json.dumps(sum_of(*sys.argv[2:])))
        return
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    servers = {key: summed(rounds) for key, rounds in read(sys.argv[1]).items()}
    print("## Entrepot and the best peer of the same run (medians of quiet rounds; * = only measured beside other load)\n")
    print("| work | Entrepot /s (p99 ms) | best peer /s (p99 ms) | ratio | floor | goal | p99 ratio | errors |")
    print("|---|---|---|---|---|---|---|---|")
    for work in sorted({w for label, w, _ in servers if label == "load"}):
        ours = servers.get(("load", work, "entrepot"))
        peers = {s: v for (label, w, s), v in servers.items() if label == "load" and w == work and s != "bare" and not s.startswith("entrepot")}
        if not ours or not peers:
            continue
        best = max(peers, key=lambda s: peers[s]["rate"])
        peer = peers[best]
        ratio, (floor, goal) = ours["rate"] / max(peer["rate"], 0.001), OWED[work]
        verdict = "goal" if ratio >= goal else "floor" if ratio >= floor else "**missed**"
        print(
            f"| {work} {NAMES[work]} | {ours['rate']:,.0f}{ours['mark']} ({ours['p99']:.3g}) | {best} {peer['rate']:,.0f}{peer['mark']} ({peer['p99']:.3g})"
            f" | **{ratio:.1f}×** {verdict} | {floor}× | {goal}× | {ours['p99'] / max(peer['p99'], 0.001):.2f} | {ours['errors']} |"
        )
    ours, bare = servers.get(("load", "w5", "entrepot")), servers.get(("load", "w5", "bare"))
    if ours and bare:
        print(
            f"\nw5 beside a broadcast of one ready message, without a database or GraphQL: p99 to the last {ours['p99']:.3g}{ours['mark']} ms"
            f" against {bare['p99']:.3g}{bare['mark']} ms, **{ours['p99'] / max(bare['p99'], 0.001):.2f}×** (owed ≤ 2)"
        )
    crowds = sorted({(label, w) for label, w, _ in servers if " x " in label})
    if crowds:
        print("\n## Many tenants at once: tenants x clients of each\n")
        print("| tenants | work | Entrepot /s (p99 of the worst tenant) | best peer /s (p99) | ratio | floor | goal |\n|---|---|---|---|---|---|---|")
    for label, work in crowds:
        ours = servers.get((label, work, "entrepot"))
        peers = [v for (l, w, s), v in servers.items() if (l, w) == (label, work) and not s.startswith("entrepot")]
        if ours and peers:
            peer = max(peers, key=lambda v: v["rate"])
            ratio = ours["rate"] / max(peer["rate"], 0.001)
            print(f"| {label} | {work} | {ours['rate']:,.0f} ({ours['p99']:.3g}) | {peer['rate']:,.0f} ({peer['p99']:.3g}) | **{ratio:.1f}×** | 2.5× | 4× |")
    alone(servers)
    neighbours(servers)
    overload(servers)
    written(sys.argv[1])


def alone(servers):
    """One client: the peer's median time ÷ ours, and ours ÷ that of a transaction for each change."""
    lone = {(w, s): v for (label, w, s), v in servers.items() if label == "lone"}
    if not lone:
        return
    print("\n## One client alone\n")
    print("| work | server | p50 ms | p99 ms | peer ÷ ours (floor 1, goal 1.3) | × of its own transaction (owed ≤ 1.2) |\n|---|---|---|---|---|---|")
    for (work, server), v in sorted(lone.items()):
        own = lone.get((work, "entrepot-ungrouped"))
        times = f"{v['p50'] / own['p50']:.2f}" if own and server == "entrepot" and own["p50"] else ""
        peers = [other["p50"] for (w, s), other in lone.items() if w == work and not s.startswith("entrepot")]
        ratio = f"**{min(peers) / v['p50']:.2f}**" if peers and server == "entrepot" and v["p50"] else ""
        print(f"| {work} | {server} | {v['p50']:.3f}{v['mark']} | {v['p99']:.3f} | {ratio} | {times} |")


def neighbours(servers):
    calm, beside = (servers.get((f"neighbour {kind}", "w2", "entrepot")) for kind in ("calm", "beside"))
    if calm and beside:
        print(
            f"\nBeside a tenant that adjusts 500 levels a call: p99 of the worst other tenant {beside['p99']:.3g} ms, {calm['p99']:.3g} without it:"
            f" **{beside['p99'] / max(calm['p99'], 0.001):.2f}×** (owed ≤ 2); their rate {beside['rate']:,.0f} and {calm['rate']:,.0f}/s"
        )


def overload(servers):
    """What is accepted of more clients than a node can serve, against its best rate; refusals are the generator's errors."""
    over = {int(label.split()[1]): v for (label, _, s), v in servers.items() if label.startswith("over ") and s == "entrepot"}
    if not over:
        return
    best = max(v["rate"] for v in over.values())
    print("\n## More clients than it can serve, w4\n")
    print("| clients | accepted /s | ÷ best (floor 0.85, goal 0.95) | p99 of what was accepted, ms (owed ≤ 1,000) | refused |\n|---|---|---|---|---|")
    for count, v in sorted(over.items()):
        print(f"| {count:,} | {v['rate']:,.0f} | **{v['rate'] / max(best, 0.001):.2f}** | {v['p99']:,.0f} | {v['errors']:,} |")


def written(path):
    """Bytes of Postgres' log for each command."""
    bytes_of = {}
    for line in open(path):
        if line.startswith("{") and (r := json.loads(line)).get("what") == "wal":
            bytes_of.setdefault((r["work"], r["target"]), []).append(r["wal_bytes"])
    if bytes_of:
        print("\n## Written to Postgres' log for a command\n\n| work | server | bytes |\n|---|---|---|")
    for (work, server), each in sorted(bytes_of.items()):
        print(f"| {work} | {server} | {statistics.median(each):,.0f} |")


if __name__ == "__main__":
    main()
