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
from conformance.trace.schema import AnyEvent

ADDING = frozenset({"Deliver", "InstallSnapshot", "Restart"})  # to what a learner has delivered
EVERY = 1024  # deliveries between two looks at what learners still need


class Horizon:
    """The last use of each instance, by the clock, and what the replay may forget."""

    def __init__(self) -> None:
        self._uses = LastUse()
        self._floor = self._uses.floor()
        self._deliver: dict[str, int] = {}  # by learner: the clock of the last that adds to it
        self._restart: dict[int, int] = {}  # by the id of a learner: the clock of the last restart
        self._back: set[str] = set()  # the learners, an incarnation each, that restarted
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
            if event.action in ADDING:
                self._deliver[event.process] = max(event.hlc, self._deliver.get(event.process, 0))
            if event.action == "Restart":
                number = decode(event.process).id
                self._restart[number] = max(event.hlc, self._restart.get(number, 0))
                self._back.add(event.process)
        self._floor = self._uses.floor()
        return self

    def passed(self, event: AnyEvent, state: State) -> None:
        """The event was replayed: drop what no later event asks about."""
        now = event.hlc
        if self._done and now > self._done_at:  # others may name it at the same time, not later
            for i in self._done:
                heapq.heappush(self._waiting, i)
            self._done.clear()
        if self._waiting:
            floor = self._floor.at(now)
            while self._waiting and (floor is None or self._waiting[0] < floor):
                state.retire(heapq.heappop(self._waiting))
        for i in instances_of(event):
            if self._uses.last(i) == now:
                self._done.append(i)
                self._done_at = now
        if event.action == "Deliver":
            self._delivered += 1
            if self._delivered % EVERY == 0:
                self._forget_delivered(state, now)

    def _forget_delivered(self, state: State, now: int) -> None:
        needed = [
            self._needed(state, name, now) for name, last in self._deliver.items() if last >= now
        ]
        if needed:
            state.forget_delivered(min(needed))

    def _needed(self, state: State, name: str, now: int) -> int:
        """From which range on it may still be asked what this learner, in this incarnation,
        delivered: from its checkpoint on, if it may come back to that."""
        process = decode(name)
        life = state.lives.known(process)
        if life is None and name in self._back:
            life = state.lives.last(process.id)
        learner = state.learner(life or process.member)
        if self._restart.get(process.id, 0) >= now:
            return learner.checkpoint.ranges
        return learner.ranges()
