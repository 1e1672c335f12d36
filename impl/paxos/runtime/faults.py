"""Faults on purpose: datagrams lost, duplicated and held back on their way into a node.

What happens to the n-th datagram follows from the seed and the process's name alone, so that a
process meets the same faults again if it receives the same number of datagrams. (Their number
depends on timing in a real run; in the simulated tests it does not.)
"""

from collections.abc import Iterable
from math import inf
from random import Random

from paxos.config import FaultRates

MAX_OVERTAKEN = 8
"""A datagram that is held back is overtaken by up to so many others."""

MAX_HELD_S = 0.02
"""If no others come, it is released after so long."""


class Faults:
    """The fault-injecting layer under one node. With no faults configured it changes nothing."""

    def __init__(self, rates: FaultRates, process: str) -> None:
        self._rates = rates
        self.is_on = bool(rates)
        self._random = Random(f"{rates.seed}/{process}")
        self._held: list[tuple[int, float, bytes]] = []  # (release at count, at time, datagram)
        self._count = 0
        self.lost = self.duplicated = self.reordered = 0

    def apply(self, datagrams: Iterable[bytes], now_s: float) -> list[bytes]:
        """What arrives of `datagrams`, and of those held back before, at `now_s`."""
        if not self.is_on:
            return list(datagrams)
        arrived: list[bytes] = []
        for datagram in datagrams:
            self._count += 1
            arrived += self._one(datagram, now_s)
            arrived += self._release(now_s)
        return arrived + self._release(now_s)

    def _one(self, datagram: bytes, now_s: float) -> list[bytes]:
        # Always draw the same number of times: one fault's rate should not shift the others.
        lost, duplicated, reordered = (self._random.random() for _ in range(3))
        overtaken = self._random.randint(1, MAX_OVERTAKEN)
        if lost < self._rates.loss:
            self.lost += 1
            return []
        copies = 1
        if duplicated < self._rates.duplicate:
            self.duplicated += 1
            copies = 2
        if reordered < self._rates.reorder:
            self.reordered += 1
            self._held.append((self._count + overtaken, now_s + MAX_HELD_S, datagram))
            copies -= 1
        return [datagram] * copies

    def _release(self, now_s: float) -> list[bytes]:
        due = [d for count, at_s, d in self._held if count <= self._count or at_s <= now_s]
        if due:
            self._held = [h for h in self._held if h[0] > self._count and h[1] > now_s]
        return due

    def deadline_s(self) -> float:
        """When a datagram that is held back is released even if no other comes."""
        return min(at_s for _, at_s, _ in self._held) if self._held else inf
