"""A process that is watched: what it used, read now and then from /proc."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from harness.bench import proc
from paxos.runtime.children import Child


class Reading(NamedTuple):
    """What a process had used at one time."""

    at_s: float
    cpu_s: float
    rss_bytes: int
    wakeups: int = 0


class Watched:
    """Readings of one process, also of one that ends by itself."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.readings: list[Reading] = []
        self.peak_bytes = 0
        self._sockets: set[int] = set()
        self._drops: dict[int, int] = {}

    def read(self, at_s: float, udp: Mapping[int, int]) -> None:
        """Take a reading, unless the process is gone. `udp` has the drops of all sockets of the
        machine."""
        cpu_s = proc.cpu_s(self.child.pid)
        memory = proc.memory_bytes(self.child.pid)
        if cpu_s is not None:
            rss_bytes = memory[0] if memory else 0
            before = self.readings[-1].wakeups if self.readings else 0
            wakeups = max(before, proc.wakeups(self.child.pid))  # a thread that ends takes its own
            self.readings.append(Reading(at_s, cpu_s, rss_bytes, wakeups))
        if memory:
            self.peak_bytes = max(self.peak_bytes, memory[1])
        self._sockets = self._sockets or proc.udp_sockets(self.child.pid, udp)
        self._drops.update({inode: udp[inode] for inode in self._sockets if inode in udp})

    @property
    def listens(self) -> bool:
        """Whether it was seen to have its sockets: it can hear the others."""
        return bool(self._sockets)

    @property
    def drops(self) -> int:
        """Datagrams that were lost because its receive buffer was full."""
        return sum(self._drops.values())


def cpu_between(readings: list[Reading], from_s: float, to_s: float) -> float:
    """Processor seconds used between two times, interpolated between readings."""
    return _between(readings, from_s, to_s, lambda reading: reading.cpu_s)


def wakeups_between(readings: list[Reading], from_s: float, to_s: float) -> float:
    """The same of wake-ups."""
    return _between(readings, from_s, to_s, lambda reading: reading.wakeups)


def _between(
    readings: list[Reading], from_s: float, to_s: float, what: Callable[[Reading], float]
) -> float:
    return _at(readings, to_s, what) - _at(readings, from_s, what)


def _at(readings: list[Reading], at_s: float, what: Callable[[Reading], float]) -> float:
    if not readings:
        return 0.0
    place = bisect_right(readings, at_s, key=lambda reading: reading.at_s)
    if place == 0:
        return what(readings[0])
    if place == len(readings):
        return what(readings[-1])
    before, after = readings[place - 1], readings[place]
    share = (at_s - before.at_s) / (after.at_s - before.at_s)
    return what(before) + share * (what(after) - what(before))


def by_role(watched: Iterable[Watched]) -> dict[str, list[Watched]]:
    """Grouped by role, in the order they were started."""
    grouped: dict[str, list[Watched]] = {}
    for one in watched:
        grouped.setdefault(one.child.member.role, []).append(one)
    return grouped
