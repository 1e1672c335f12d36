"""What will arrive at a simulated process, as a socket's buffer keeps it."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf

MOST = 20_000
"""Datagrams that are kept; more are lost."""


class Arrivals:
    """Datagrams, in the order in which they arrive."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, int, bytes]] = []
        """`(when it arrives, count, sender's id, sender's clock, datagram)`."""
        self._count = 0

    @property
    def first_s(self) -> float:
        """When the first one that was not taken arrives; infinity: there is none."""
        return self._heap[0][0] if self._heap else inf

    def add(self, at_s: float, sender: int, clock: int, datagram: bytes) -> bool:
        """One will arrive at `at_s`; False if there is no room for it."""
        if len(self._heap) >= MOST:
            return False
        self._count += 1
        heappush(self._heap, (at_s, self._count, sender, clock, datagram))
        return True

    def take(self) -> tuple[int, int, bytes]:
        """The first one: the sender's id and clock, and the datagram."""
        return heappop(self._heap)[2:]

    def miss(self, now_s: float) -> None:
        """Lose what has arrived by now."""
        self._heap = [arrival for arrival in self._heap if arrival[0] > now_s]
        heapify(self._heap)
