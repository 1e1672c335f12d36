"""Message delays from the broadcast of a value to its delivery, read off a trace.

The measure is that of spec/Delays.tla: the client's submission is one deep, and any other message
one deeper than the deepest message its sender had consumed that has the broadcast among its
causes. Each event consumes the messages that the action's guards look for. An event does not say
which of several waiting values made a proposer start Phase 1: it is taken to have heard of all of
them, so the least delay is exact for values that are alone in the system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path

from conformance.trace.process import decode
from conformance.trace.reader import open_run
from conformance.trace.schema import (
    AnyEvent,
    Broadcast,
    Constants,
    Decide,
    Deliver,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
)

MOST_UNDER_WAY = 64
"""Values followed at a time; those broadcast while so many are under way are not measured."""

Value = tuple[str, int]
Depths = dict[Value, int]
"""How deep a message (or the deepest one consumed) is below the broadcast of each value."""

SUBMISSION = 1


class Delays:
    """Feed it a run's events in merge order. `counts`: how many deliveries took how many delays."""

    def __init__(self, constants: Constants, learners: int) -> None:
        self.counts: Counter[int] = Counter()
        self._constants = constants
        self._learners = learners
        self._under_way: dict[Value, int] = {}  # and how many learners have not delivered it
        self._seen: dict[str, Depths] = {}
        self._sent: dict[Hashable, Depths] = {}
        self._asked: list[tuple[Phase1a, Depths]] = []
        self._promised: list[tuple[int, Phase1b, Depths]] = []

    def feed(self, process: str, event: AnyEvent) -> None:
        """Take in one event of `process`."""
        match event:
            case Broadcast():
                self._broadcast(event)
            case Phase1a():
                ahead = self._constants.prepare_ahead
                waiting = {} if ahead else dict.fromkeys(self._under_way, SUBMISSION)
                self._asked.append((event, self._send(process, [waiting])))
            case Phase1b():
                asked = [
                    depths
                    for asking, depths in self._asked
                    if asking.ballot == event.ballot and covers(asking, event.first)
                ]
                depths = self._send(process, [shallowest(asked)])
                self._promised.append((decode(process).id, event, depths))
            case Phase2a():
                values = {(client, first) for client, first, _, _ in event.batch}
                submitted = dict.fromkeys(values & self._under_way.keys(), SUBMISSION)
                promises = [self._promise(a, event) for a in event.quorum]
                depths = self._send(process, [submitted, *promises])
                self._sent["2a", event.ballot, event.instance] = depths
            case Phase2b():
                proposed = self._sent.get(("2a", event.ballot, event.instance), {})
                depths = self._send(process, [proposed])
                self._sent["2b", event.ballot, event.instance, decode(process).id] = depths
            case Decide():
                depths = self._send(process, self._votes(event, event.quorum))
                self._sent.setdefault(("Decide", event.ballot, event.instance), depths)
            case Learn():
                self._learn(process, event)
            case Deliver():
                self._deliver(process, event)
            case _:
                pass

    def _broadcast(self, event: Broadcast) -> None:
        for client, first, _, _ in event.values:
            if len(self._under_way) < MOST_UNDER_WAY:
                self._under_way[client, first] = self._learners

    def _promise(self, acceptor: int, event: Phase2a) -> Depths:
        return shallowest(
            [
                depths
                for a, promise, depths in self._promised
                if a == acceptor
                and promise.ballot == event.ballot
                and covers(promise, event.instance)
            ]
        )

    def _votes(self, event: Decide | Learn, quorum: Iterable[int]) -> list[Depths]:
        return [self._sent.get(("2b", event.ballot, event.instance, a), {}) for a in quorum]

    def _learn(self, process: str, event: Learn) -> None:
        if isinstance(event.quorum, tuple):
            proposed = self._sent.get(("2a", event.ballot, event.instance), {})
            self._consume(process, [proposed, *self._votes(event, event.quorum)])
        else:
            self._consume(process, [self._sent.get(("Decide", event.ballot, event.instance), {})])

    def _deliver(self, process: str, event: Deliver) -> None:
        for client, first, _, _ in event.values:
            value = client, first
            if value in self._under_way:
                self.counts[self._seen[process].get(value, 0)] += 1
                self._under_way[value] -= 1
                if not self._under_way[value]:
                    del self._under_way[value]
        if not self._under_way:  # no message so far will be below a broadcast to come
            self._asked.clear()
            self._promised.clear()
            self._sent.clear()

    def _consume(self, process: str, messages: Iterable[Depths]) -> Depths:
        """Have `process` consume messages. Returns the deepest it has consumed now."""
        before = self._seen.get(process, {})
        seen = {value: depth for value, depth in before.items() if value in self._under_way}
        for depths in messages:
            for value, depth in depths.items():
                if value in self._under_way:
                    seen[value] = max(depth, seen.get(value, 0))
        self._seen[process] = seen
        return seen

    def _send(self, process: str, consumed: Iterable[Depths]) -> Depths:
        """Have `process` consume messages and send one; how deep that one is."""
        return {value: depth + 1 for value, depth in self._consume(process, consumed).items()}


def covers(event: Phase1a | Phase1b, instance: int) -> bool:
    """Whether a 1a or a 1b speaks of the instance."""
    return event.first <= instance <= event.last


def shallowest(messages: list[Depths]) -> Depths:
    """Of messages that would each do, the least deep, by value."""
    if not messages:
        return {}
    common = set(messages[0]).intersection(*messages[1:])
    return {value: min(depths[value] for depths in messages) for value in common}


def delays_of(directory: Path) -> Counter[int]:
    """How many deliveries of the run took how many delays.

    Raises TraceError if the run cannot be read.
    """
    run = open_run(directory)
    if run.header is None:
        return Counter()
    learners = sum(decode(file.process).role == "learner" for file in run.files)
    delays = Delays(run.header.constants, learners)
    for _, process, _, event in run.rows():
        delays.feed(process, event)
    return delays.counts
