"""What the replay may forget: it looks ahead, and drops an instance after its last use.

A first pass over the files makes a Horizon; the replay asks it after each event what may go. An
instance goes only when no later event can ask about it: not one that names it, nor a promise for
a range that has it, nor a recovered state, which speaks of every instance that is not trimmed.
So forgetting never changes a verdict. Which instances are trimmed asks learners, not instances.
"""

from __future__ import annotations

import heapq

from conformance.rules.state import State
from conformance.trace.last_use import LastUse, instances_of
from conformance.trace.process import decode
from conformance.trace.reader import Run
from conformance.trace.schema import AnyEvent, Deliver

EVERY = 1024  # deliveries between two looks at what learners still need


class Horizon:
    """The last use of each instance, by the clock, and what the replay may forget."""

    def __init__(self) -> None:
        self._uses = LastUse()
        self._floor = self._uses.floor()
        self._deliver: dict[str, int] = {}  # by process: the clock of a learner's last delivery
        # While replaying:
        self._done: list[int] = []  # instances named for the last time, at _done_at
        self._done_at = 0
        self._waiting: list[int] = []  # a heap: done, but an event may still speak of all from it
        self._delivered = 0

    @classmethod
    def of(cls, run: Run) -> Horizon:
        """Read all files of the run once: this also validates them."""
        self = cls()
        for event in run.events():
            self._uses.note(event, event.hlc)
            if isinstance(event, Deliver):
                self._deliver[event.process] = event.hlc
        self._floor = self._uses.floor()
        return self

    def passed(self, event: AnyEvent, state: State) -> None:
        """The event was replayed: drop what no later event asks about."""
        now = event.hlc
        if self._done and now > self._done_at:  # others may name it at the same time, not later
            for i in self._done:
                heapq.heappush(self._waiting, i)
            self._done.clear()
        floor = self._floor.at(now)
        while self._waiting and (floor is None or self._waiting[0] < floor):
            state.retire(heapq.heappop(self._waiting))
        for i in instances_of(event):
            if self._uses.last(i) == now:
                self._done.append(i)
                self._done_at = now
        if isinstance(event, Deliver):
            self._delivered += 1
            if self._delivered % EVERY == 0:
                self._forget_delivered(state, now)

    def _forget_delivered(self, state: State, now: int) -> None:
        needed = [
            state.learner(decode(name).member).ranges()
            for name, last in self._deliver.items()
            if last >= now
        ]
        if needed:
            state.forget_delivered(min(needed))
