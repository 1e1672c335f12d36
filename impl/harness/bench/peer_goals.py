"""What values/s and MB/s are to be of those of the peer, of the raw stream, and of one another."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from harness.bench.benchmark import Benchmark
from harness.bench.goal import Goal, at_least, bytes_rate_of, over, rate_of, times
from harness.bench.schedule import LARGE, SIZES, UNBATCHED, USUAL
from harness.bench.setting import size_text

TIMES_PEER = {64: 20.0, 1024: 3.0, 16_384: 1.5}
"""Values/s over those of PySyncObj, pipelined, with values of the same size."""
LARGE_SHARE = 1.0
UNBATCHED_TO_PEER, UNBATCHED_TO_RAW = 0.8, 0.25


def goals(result: Benchmark) -> Iterator[Goal]:
    """Those with tracing on, in memory."""

    def peer(size: int) -> float | None:
        row = result.peer("pipelined", size)
        rate = row.rate() if row else None
        return rate.median if rate else None

    for size, wanted in TIMES_PEER.items():
        found = over(rate_of(result, replace(USUAL, value_bytes=size)), peer(size))
        name = f"values/s of {size_text(size)}, memory, tracing on, over PySyncObj's pipelined"
        yield at_least(name, wanted, found, times)
    largest = replace(USUAL, value_bytes=SIZES[-1])
    yield at_least(
        f"MB/s with values of {size_text(LARGE.value_bytes)}, of that with {size_text(SIZES[-1])}",
        LARGE_SHARE,
        over(bytes_rate_of(result, LARGE), bytes_rate_of(result, largest)),
    )
    unbatched = rate_of(result, UNBATCHED)
    raw = result.limit(lambda limits: limits.small_per_s)
    name = "values/s of 64 B without batching, of"
    yield at_least(f"{name} PySyncObj's pipelined", UNBATCHED_TO_PEER, over(unbatched, peer(64)))
    yield at_least(
        f"{name} raw datagrams of 64 B per second",
        UNBATCHED_TO_RAW,
        over(unbatched, raw.median if raw else None),
    )
