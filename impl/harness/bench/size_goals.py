"""What SQLite is to cost at every size of value, and what more processes are to cost the others."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from harness.bench.benchmark import Benchmark, Run
from harness.bench.goal import Goal, at_least, at_most, over, rate_of, times
from harness.bench.schedule import LARGE, ONE, SIZES, USUAL
from harness.bench.setting import size_text
from harness.measure.text import figure
from paxos.core.names import ROLES

SQLITE_SHARE = 0.75
SQLITE_FSYNCS = 1.5
KEEPS = {"clients": (2, 128, 0.7), "acceptors": (3, 9, 0.75), "learners": (2, 8, 0.6)}
"""From so many to so many of a role, and the share of values/s that is kept."""
HEARD = 1.0
"""What a client hears in a second with 128 clients, over that with 2: it is not to grow with the
others. Of values of its own it has fewer in a second then, and what is said by the clock stays."""
MOST_MIB = 64.0


def storage(result: Benchmark) -> Iterator[Goal]:
    """Of values/s saturated, and of a value that is alone."""
    shares: list[tuple[float, int]] = []
    for size in (*SIZES, LARGE.value_bytes):
        setting = replace(USUAL, value_bytes=size)
        kept = over(rate_of(result, replace(setting, storage="sqlite")), rate_of(result, setting))
        shares += [] if kept is None else [(kept, size)]
    least, size = min(shares, default=(None, 0))
    where = f", at {size_text(size)}" if shares else ""
    yield at_least(
        f"values/s with SQLite, of those in memory, the least of all sizes{where}",
        SQLITE_SHARE,
        least,
    )
    yield _alone(result)


def _alone(result: Benchmark) -> Goal:
    rows = (result.row(replace(ONE, storage=storage)) for storage in ("memory", "sqlite"))
    memory, sqlite = (row.latency_us("p50") if row else None for row in rows)
    fsync = result.limit(lambda limits: limits.fsync_per_s)
    name = f"p50 of one value at a time with SQLite, µs ({SQLITE_FSYNCS} raw fsyncs, and in memory)"
    if not (memory and sqlite and fsync):
        return Goal(name, "-", "-", None)
    limit_us = SQLITE_FSYNCS * 1e6 / fsync.median + memory.median
    return at_most(name, limit_us, sqlite.median, figure)


def processes(result: Benchmark) -> Iterator[Goal]:
    """Of a cluster with many of a role."""
    for role, (few, many, wanted) in KEEPS.items():
        rates = [rate_of(result, replace(USUAL, **{role: count})) for count in (many, few)]
        yield at_least(f"values/s with {many} {role}, of those with {few}", wanted, over(*rates))
    few, many, _ = KEEPS["clients"]
    heard = []
    for count in (many, few):
        row = result.row(replace(USUAL, clients=count))
        found = row.spread(_heard_per_s) if row else None
        heard.append(found.median / count if found else None)
    name = f"datagrams that a client hears in a second, with {many} clients over {few}"
    yield at_most(name, HEARD, over(*heard), times)
    yield _memory(result)


def _heard_per_s(run: Run) -> float | None:
    """By all clients together."""
    return None if run.heard is None else run.heard / 1e3 * run.rate


def _memory(result: Benchmark) -> Goal:
    """Acceptors in memory have all that must be kept there, and are left out."""
    found: list[tuple[float, str]] = []
    for row in result.rows:
        if row.setting.value_bytes != USUAL.value_bytes:
            continue
        most = {role: max(run.rss_mib.get(role, 0.0) for run in row.runs) for role in ROLES}
        if row.setting.storage == "memory":
            del most["acceptor"]
        found += [(mib, f"a {role}, {row.setting.name}") for role, mib in most.items()]
    name = "MiB of any process with values of 64 B, but acceptors in memory"
    if not found:
        return at_most(name, MOST_MIB, None, figure)
    largest, where = max(found)
    return at_most(f"{name} ({where})", MOST_MIB, largest, figure)
