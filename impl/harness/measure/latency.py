"""Histograms of latency, as processes leave them in their run folder (`paxos.runtime.stats`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct


class Latency(Struct):
    """A histogram: so many values took up to so many microseconds."""

    buckets: list[tuple[float, int]]

    @property
    def values(self) -> int:
        return sum(count for _, count in self.buckets)

    def quantile_us(self, share: float) -> float | None:
        """Up to so many microseconds were taken by this share of the values."""
        wanted, seen = share * self.values, 0
        for up_to_us, count in self.buckets:
            seen += count
            if seen >= wanted:
                return up_to_us
        return None


def merge(latencies: Iterable[Latency]) -> Latency:
    """All values of several histograms in one."""
    counts: Counter[float] = Counter()
    for latency in latencies:
        for up_to_us, count in latency.buckets:
            counts[up_to_us] += count
    return Latency(sorted(counts.items()))
