"""How fast a client broadcasts: as fast as the cluster takes the values, or at a pace.

A steady rate is kept by absolute times: the n-th value is due `n / rate` after the first. A client
that was held up makes up for it, and what its values waited counts from when they were due; so a
cluster that cannot keep up shows in the latency, instead of slowing down the clock.
"""

from __future__ import annotations

from math import inf

from msgspec import Struct

from paxos.core.client import Client

TICK_S = 0.0005
"""At a steady rate values are broadcast no more often: a thread that submits single values as fast
as they fall due leaves the one that hears of deliveries no time."""


class Limits(Struct, frozen=True):
    """What a client was told: values per second, and values under way at the same time."""

    rate: float = inf
    outstanding: int | None = None


UNLIMITED = Limits()


class Pace:
    """How many values may be broadcast, and when."""

    def __init__(self, limits: Limits, client: Client, now_s: float) -> None:
        self._limits = limits
        self._client = client
        self._began_s = now_s
        self._done = 0
        self._took_s = -inf

    def due_s(self) -> float:
        """When the next values are to be broadcast."""
        if self._limits.rate == inf:
            return self._began_s
        return max(self._next_s(), self._took_s + TICK_S)

    def _next_s(self) -> float:
        """When the next value is due."""
        return self._began_s + self._done / self._limits.rate

    def since_s(self) -> float | None:
        """Since when the next value waits, if that is not from its broadcast on."""
        return None if self._limits.rate == inf else self._next_s()

    def room(self) -> int:
        """How many values the client may have broadcast, whatever the time."""
        room = self._client.room()
        if self._limits.outstanding is not None:
            room = min(room, self._limits.outstanding - self._client.outstanding_values)
        return max(0, room)

    def enough(self, size: int) -> int:
        """How many values of `size` bytes there should be room for before one is broadcast: a full
        packet's, or half of what may be under way; fewer would travel in small packets for ever,
        since what is delivered makes room for as many (the silly window syndrome, RFC 1122, section
        4.2.3.4). At a steady rate, one: they are broadcast as they fall due."""
        if self._limits.outstanding is None or self._limits.rate != inf:
            return 1
        packet = self._client.settings.values_of_packet(size)
        return max(1, min(packet, self._limits.outstanding // 2))

    def take(self, waiting: int, now_s: float) -> int:
        """How many of `waiting` values are to be broadcast at `now_s`."""
        count = min(waiting, self.room())
        if self._limits.rate != inf:
            due = int((now_s - self._began_s) * self._limits.rate) + 1 - self._done
            count = max(0, min(count, due))
        self._done += count
        self._took_s = now_s
        return count
