"""When each instance is spoken of for the last time: found in one pass, before a run is judged.

Both judges forget an instance once no later event can ask about it. An event names instances, or it
speaks of all from one on (a promise for a range, the votes that came back). A time here is any
number that grows along the run: the clock of an event, or how many events came before it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import accumulate

from conformance.trace.process import decode
from conformance.trace.schema import AnyEvent, Phase1a, Phase1b, Recover

DENSE = 1 << 24  # instances up to here have a place in an array; beyond, in a dictionary


def instances_of(event: AnyEvent) -> tuple[int, ...]:
    """The instances that an event names."""
    if i := getattr(event, "instance", 0):
        return (i,)
    if isinstance(event, Phase1a):
        return event.first, event.last
    if isinstance(event, Phase1b):
        return event.first, event.last, *(vote[0] for vote in event.votes)
    if isinstance(event, Recover):
        return tuple(vote[0] for vote in event.votes or ())
    return ()


def all_from(event: AnyEvent) -> int:
    """The instance from which on it may speak of all; 0 if it speaks of those that it names."""
    if isinstance(event, Phase1b) and event.first < event.last:
        return event.first
    if isinstance(event, Recover) and decode(event.process).role == "acceptor":
        return (event.trimmed or 0) + 1
    return 0


class LastUse:
    """Tell it all events of a run, in any order; then ask."""

    def __init__(self) -> None:
        self._last = array("q")
        self._far: dict[int, int] = {}
        self._wide: list[tuple[int, int]] = []  # (time, speaks of all from this instance on)

    def note(self, event: AnyEvent, time: int) -> None:
        if i := getattr(event, "instance", 0):  # the most are of this kind, and speak of one
            self.extend(i, time)
            return
        for i in instances_of(event):
            self.extend(i, time)
        if first := all_from(event):
            self._wide.append((time, first))

    def extend(self, i: int, time: int) -> None:
        """Instance i is asked about then, too."""
        if i >= DENSE:
            self._far[i] = max(time, self._far.get(i, 0))
            return
        last = self._last
        if i >= len(last):
            last.frombytes(bytes(8 * (max(i + 1, len(last) * 9 // 8) - len(last))))
        if time > last[i]:
            last[i] = time

    def last(self, i: int) -> int:
        """When instance i is named for the last time; 0 if it never is."""
        if i >= DENSE:
            return self._far.get(i, 0)
        return self._last[i] if i < len(self._last) else 0

    def floor(self) -> Floor:
        """What is spoken of without being named, to be followed from the first event on."""
        return Floor(self._wide)


class Floor:
    """From which instance on all may still be spoken of, as time goes by."""

    def __init__(self, wide: Iterable[tuple[int, int]]) -> None:
        backwards = sorted(wide, reverse=True)
        # The next one is the last of the list, with the lowest instance of it and those after it.
        lowest = accumulate((first for _, first in backwards), min)
        self._coming = list(zip((time for time, _ in backwards), lowest, strict=True))

    def at(self, time: int) -> int | None:
        """The lowest such instance from this time on; None if there is none. A call must not go
        back behind the one before it."""
        coming = self._coming
        while coming and coming[-1][0] < time:
            coming.pop()
        return coming[-1][1] if coming else None
