"""Look ahead: when each instance is mentioned for the last time, so that the replay can forget
it.

A first pass over the files makes a Horizon; the replay asks it after each event what may go. An
instance goes only when no later event can ask about it: not one that names it, nor a promise for
a range that has it, nor a recovered state, which speaks of every instance that is not trimmed.
So forgetting never changes a verdict. Which instances are trimmed asks learners, not instances.
"""

from __future__ import annotations

import heapq
from array import array

from conformance.rules.state import State
from conformance.trace.reader import Run
from conformance.trace.schema import AnyEvent, Deliver, Phase1a, Phase1b, Recover

DENSE = 1 << 24  # instances up to here have a place in an array; beyond, in a dictionary
EVERY = 1024  # deliveries between two looks at what learners still need


class Horizon:
    """The last mention of each instance, in time (hlc), and what the replay may forget."""

    def __init__(self) -> None:
        self._last = array("q")
        self._far: dict[int, int] = {}
        self._wide: list[
            tuple[int, int]
        ] = []  # (hlc, from) of events that speak of all from there on
        self._deliver: dict[str, int] = {}  # hlc of a learner's last delivery
        # While replaying:
        self._done: list[int] = []  # instances mentioned for the last time, at _done_at
        self._done_at = 0
        self._waiting: list[int] = []  # a heap: done, but a wide event may still come
        self._delivered = 0

    @classmethod
    def of(cls, run: Run) -> Horizon:
        """Read all files of the run once: this also validates them."""
        self = cls()
        for event in run.events():
            self._note(event)
        self._wide.sort(reverse=True)  # the next one is the last of the list
        floors: list[tuple[int, int]] = []
        lowest = 0
        for hlc, first in self._wide:  # from the end of time: the lowest that is still to come
            lowest = first if not floors else min(lowest, first)
            floors.append((hlc, lowest))
        self._wide = floors
        return self

    def _note(self, event: AnyEvent) -> None:
        i = named(event)
        if i:
            self._raise(i, event.hlc)
        if isinstance(event, Phase1b) and event.first < event.last:
            self._wide.append((event.hlc, event.first))
        elif isinstance(event, Recover):
            self._wide.append((event.hlc, (event.trimmed or 0) + 1))
        elif isinstance(event, Deliver):
            self._deliver[event.process.removeprefix("learner-")] = event.hlc

    def _raise(self, i: int, hlc: int) -> None:
        if i >= DENSE:
            self._far[i] = max(hlc, self._far.get(i, 0))
            return
        last = self._last
        if i >= len(last):
            last.frombytes(bytes(8 * (max(i + 1, len(last) * 9 // 8) - len(last))))
        if hlc > last[i]:
            last[i] = hlc

    def _last_mention(self, i: int) -> int:
        return self._far[i] if i >= DENSE else self._last[i]

    def passed(self, event: AnyEvent, state: State) -> None:
        """The event was replayed: drop what no later event asks about."""
        now = event.hlc
        if self._done and now > self._done_at:  # others may mention it at the same time, not later
            for i in self._done:
                heapq.heappush(self._waiting, i)
            self._done.clear()
        while self._wide and self._wide[-1][0] < now:
            self._wide.pop()
        floor = self._wide[-1][1] if self._wide else None
        while self._waiting and (floor is None or self._waiting[0] < floor):
            state.retire(heapq.heappop(self._waiting))
        i = named(event)
        if i and self._last_mention(i) == now:
            self._done.append(i)
            self._done_at = now
        if isinstance(event, Deliver):
            self._delivered += 1
            if self._delivered % EVERY == 0:
                self._forget_delivered(state, now)

    def _forget_delivered(self, state: State, now: int) -> None:
        needed = [
            state.learner(name).ranges() for name, last in self._deliver.items() if last >= now
        ]
        if needed:
            state.forget_delivered(min(needed))


def named(event: AnyEvent) -> int:
    """The one instance that the event is about; 0 if there is none, or a range of them."""
    if isinstance(event, Phase1a | Phase1b):
        return event.first if event.first == event.last else 0
    i: int = getattr(event, "instance", 0)
    return i
