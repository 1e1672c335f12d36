"""What the cluster is to reach, all ratios within one benchmark, and what it reached."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec.structs import replace

from harness.bench import peer_goals, size_goals
from harness.bench.benchmark import Benchmark, Flat
from harness.bench.goal import Goal, at_least, at_most, over, rate_of, times
from harness.bench.schedule import FIFO, INSIDE, ONE, THREE, USUAL, replicas
from harness.bench.setting import Setting
from harness.bench.stores import Use
from harness.measure.spread import middle
from harness.measure.text import figure

DELAYS, FACTOR, ALLOWANCE_US = 3, 2.0, 150.0
P99_TO_P50 = 10.0
TRACING_COST = 0.15
CHECK_S_PER_S = 1.0
LAST_TO_FIRST = 0.9
CATCH_UP_SHARE, LIVE_SHARE = 0.5, 0.75
LOSS_COST = 0.6
GROWTH = 1.1
CLIFF = 0.4
FIFO_COST = 0.1
REPLICA_P50, REPLICA_RATE = 0.5, 1.0
ALONE_TO_PEER, ALONE_P99_TO_P50, APART_TO_REPLICAS = 1.2, 3.0, 2.5
SNAPSHOT_COST, SNAPSHOT_PAUSE_MS, START_UP_S = 0.2, 100.0, 2.0
STORE_HTTP, STORE_LIBRARY, STORE_LONE = 1.0, 10.0, 1.2
READS_TO_WRITES = 20.0


def goals(result: Benchmark) -> Iterator[Goal]:
    """All goals, with medians of what was measured."""
    usual = rate_of(result, USUAL)
    yield from peer_goals.goals(result)
    yield from _latency(result)
    yield from size_goals.storage(result)
    untraced = rate_of(result, Setting(tracing=False))
    traced = over(usual, untraced)
    yield at_most("what tracing costs", TRACING_COST, None if traced is None else 1 - traced)
    yield at_most(
        "seconds of checking for a second of a saturated run", CHECK_S_PER_S, _check(result)
    )
    yield from _long(result)
    lossy = over(rate_of(result, Setting(loss=0.1)), usual)
    yield at_most("what 10 % loss costs", LOSS_COST, None if lossy is None else 1 - lossy)
    yield at_least(
        "values/s after a step of the sweeps of clients, acceptors and learners, of those before",
        CLIFF,
        _steepest(result) if "scale" in result.parts else None,
    )
    if "scale" in result.parts:
        yield from size_goals.processes(result)
    yield from _replicas(result)
    ordered = over(rate_of(result, FIFO), usual)
    yield at_most("what fifo costs", FIFO_COST, None if ordered is None else 1 - ordered)
    yield from _stateful(result)
    if "stores" in result.parts:
        yield from _stores(result)
    yield _conform(result)


def _stores(result: Benchmark) -> Iterator[Goal]:
    """The store of examples/kv beside etcd."""

    def rate(store: str) -> float | None:
        row = result.store(Use(store, "put", 64))
        found = row.rate() if row else None
        return found.median if found else None

    def p50(store: str, what: str) -> float | None:
        row = result.store(Use(store, what, 1))
        found = row.latency_us("p50") if row else None
        return found.median if found else None

    for store, words, wanted in (
        ("kv", "over HTTP", STORE_HTTP),
        ("library", "through the library", STORE_LIBRARY),
    ):
        name = f"puts/s of 64 clients {words}, of etcd's"
        yield at_least(name, wanted, over(rate(store), rate("etcd")), times)
    for what in ("put", "get"):
        ratio = over(p50("library", what), p50("etcd", what))
        name = f"p50 of a lone {what} through the library, of etcd's"
        yield at_most(name, STORE_LONE, ratio, times)


def _replicas(result: Benchmark) -> Iterator[Goal]:
    apart, together, inside = (
        p50.median if (row := result.row(setting)) and (p50 := row.latency_us("p50")) else None
        for setting in (ONE, replicas(ONE), INSIDE)
    )
    name = "p50 with three replicas, one value at a time, of that with roles apart"
    yield at_most(name, REPLICA_P50, over(together, apart))
    yield at_most(f"{name}, where a replica is the client", REPLICA_P50, over(inside, apart))
    yield from _alone(result)
    name = "p50 with roles apart, one value at a time, over that with three replicas"
    yield at_most(name, APART_TO_REPLICAS, over(apart, together), times)
    yield at_least(
        "values/s of three replicas, of as many roles apart",
        REPLICA_RATE,
        over(rate_of(result, replicas(USUAL)), rate_of(result, THREE)),
    )


def _alone(result: Benchmark) -> Iterator[Goal]:
    """A value alone where a replica is the client, as the peer's leader is its own."""
    row, peer = result.row(INSIDE), result.peer("one", INSIDE.value_bytes)
    p50, p99 = (row.latency_us(quantile) if row else None for quantile in ("p50", "p99"))
    peer_p50 = peer.latency_us("p50") if peer else None
    name = "p50 of one value at a time, three replicas, one of them the client"
    ratio = over(p50.median if p50 else None, peer_p50.median if peer_p50 else None)
    yield at_most(f"{name}, over PySyncObj's", ALONE_TO_PEER, ratio, times)
    ratio = over(p99.median if p99 else None, p50.median if p50 else None)
    yield at_most("its p99, over that p50", ALONE_P99_TO_P50, ratio, times)


def _stateful(result: Benchmark) -> Iterator[Goal]:
    runs = result.stateful
    kept = middle(run.rate / run.rate_without for run in runs if run.rate_without)
    size = f"{runs[0].state_bytes >> 20} MiB" if runs else "the state"
    yield at_most(
        f"what snapshots of {size}, taken, sent and installed, cost",
        SNAPSHOT_COST,
        None if kept is None else 1 - kept,
    )
    yield at_most(
        "the longest that a client waited meanwhile, beyond that without them, ms",
        SNAPSHOT_PAUSE_MS,
        middle(max(0.0, run.longest_ms - run.longest_without_ms) for run in runs),
        figure,
    )
    yield at_most(
        "start-up from a checkpoint, s", START_UP_S, middle(run.start_up_s for run in runs), figure
    )
    yield at_least(
        "linearizable reads per second of three replicas, over their values/s without batching",
        READS_TO_WRITES,
        middle(run.reads_per_s / run.unbatched_rate for run in runs if run.unbatched_rate),
        times,
    )


def _latency(result: Benchmark) -> Iterator[Goal]:
    row = result.row(ONE)
    one_way = result.limit(lambda limits: limits.one_way_us)
    p50, p99 = (row.latency_us(q) if row else None for q in ("p50", "p99"))
    name = f"p50 of one value at a time, µs ({DELAYS} raw one-way delays, twice, and 150 µs)"
    if p50 and one_way:
        limit_us = FACTOR * DELAYS * one_way.median + ALLOWANCE_US
        met = p50.median <= limit_us
        yield Goal(name, f"at most {figure(limit_us)}", figure(p50.median), met)
    else:
        yield Goal(name, "-", "-", None)
    ratio = over(p99.median if p99 else None, p50.median if p50 else None)
    yield at_most("its p99, over its p50", P99_TO_P50, ratio, times)


def _long(result: Benchmark) -> Iterator[Goal]:
    flat = [run.tenths[-1] / run.tenths[0] for run in result.flat if run.tenths[0]]
    yield at_least(
        "values/s in the last tenth of a long run, of the first",
        LAST_TO_FIRST,
        middle(flat),
    )
    yield at_most(
        "memory in the second half of a long run, over that in the first, the role that grows most",
        GROWTH,
        middle([growth for flat in result.flat if (growth := _growth(flat))]),
        times,
    )
    late = [one for one in result.late if one.live_before]
    for name, wanted, found in (
        ("catch-up of a late learner, of the live rate", CATCH_UP_SHARE, "catch_up"),
        ("live rate meanwhile, of that before", LIVE_SHARE, "live_during"),
    ):
        # None: they were never both delivering, so that it came to nothing.
        shares = [(getattr(one, found) or 0.0) / one.live_before for one in late]
        yield at_least(name, wanted, middle(shares))


def _growth(flat: Flat) -> float | None:
    """The most memory in the second half of the run over the most in the first, of the role where
    that is largest."""
    ratios = []
    for readings in flat.memory.values():
        middle_s = readings[-1][0] / 2 if readings else 0.0
        halves = [
            [mib for at_s, mib in readings if (at_s > middle_s) is late] for late in (False, True)
        ]
        if all(halves):
            ratios.append(max(halves[1]) / max(halves[0]))
    return max(ratios, default=None)


def _steepest(result: Benchmark) -> float | None:
    """Of all pairs of neighbours in the sweeps of `scale`, the least that one keeps of the rate of
    the other."""
    kept = []
    for what in ("clients", "acceptors", "learners"):
        sweep = sorted(
            (getattr(row.setting, what), rate.median)
            for row in result.rows
            if row.setting == replace(USUAL, **{what: getattr(row.setting, what)})
            and (rate := row.rate())
        )
        kept += [min(a, b) / max(a, b) for (_, a), (_, b) in pairwise(sweep)]
    return min(kept, default=None)


def _conform(result: Benchmark) -> Goal:
    runs = [run.checked for row in result.rows for run in row.runs]
    runs += [flat.run.checked for flat in result.flat] + [late.checked for late in result.late]
    runs += [one for found in result.stateful for one in found.checked]
    checked = [one for one in runs if one]
    good = sum(one.conforms for one in checked)
    found = f"{good} of {len(checked)}"
    return Goal("traced runs that conform", "all", found, good == len(checked) if checked else None)


def _check(result: Benchmark) -> float | None:
    """Of the longest run that was made."""
    runs = [flat.run for flat in result.flat]
    row = result.row(USUAL)
    runs = runs or (row.runs if row else [])
    return middle(share for run in runs if (share := run.check_s_per_s) is not None)
