"""A whole run in few figures: how many events of each kind in each stretch of time, and what became
of each instance. What a page says of the events that it does not show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from conformance.report.page import Second, Span
from conformance.trace.schema import (
    NO_BALLOT,
    AnyEvent,
    Ballot,
    Decide,
    Deliver,
    Learn,
    Phase2a,
    Phase2b,
)
from conformance.trace.show import show_ballot

MOST_STRETCHES = 500
"""Where there would be more, each is ten times as long: 1 ms, 10 ms, ..."""

SHORTEST = 1_000  # microseconds

OfInstance = Phase2a | Phase2b | Decide | Learn | Deliver


class _Instance:
    """What became of some instances next to one another."""

    __slots__ = ("ballot", "events", "first", "last", "learned", "proposed")

    def __init__(self, number: int) -> None:
        self.events, self.first, self.last = 0, number, number
        self.ballot: Ballot = NO_BALLOT
        self.proposed = self.learned = 0  # by the clock

    def add(self, other: _Instance) -> None:
        self.events += other.events
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.ballot = max(self.ballot, other.ballot)
        self.proposed = min(filter(None, (self.proposed, other.proposed)), default=0)
        self.learned = max(self.learned, other.learned)


class Totals:
    """Feed it all events in their order."""

    def __init__(self) -> None:
        self.count = 0
        self.start = 0
        self.width = SHORTEST
        self._stretches: dict[int, tuple[int, Counter[str]]] = {}
        self._instances: dict[int, _Instance] = {}

    def note(self, event: AnyEvent) -> None:
        """Count the next event."""
        self.count += 1
        self.start = self.start or event.hlc
        at = (event.hlc - self.start) // self.width
        if at not in self._stretches:
            self._stretches[at] = (self.count, Counter())
        self._stretches[at][1][event.action] += 1
        if len(self._stretches) > MOST_STRETCHES:
            self._widen()
        if isinstance(event, OfInstance):
            self._note_instance(event)

    def _widen(self) -> None:
        self.width *= 10
        merged: dict[int, tuple[int, Counter[str]]] = {}
        for at, (first, counts) in self._stretches.items():
            merged.setdefault(at // 10, (first, Counter()))[1].update(counts)
        self._stretches = merged

    def _note_instance(self, e: OfInstance) -> None:
        known = self._instances.get(e.instance)
        if known is None:
            known = self._instances[e.instance] = _Instance(self.count)
        known.events += 1
        known.last = self.count
        if isinstance(e, Deliver):
            return
        known.ballot = max(known.ballot, e.ballot)
        if isinstance(e, Phase2a):
            known.proposed = known.proposed or e.hlc
        elif isinstance(e, Learn):
            known.learned = e.hlc

    def instances_before(self) -> Iterator[int]:
        """The instances that events before the last one were about, if that one is not."""
        return (i for i, known in self._instances.items() if known.last < self.count)

    def stretches(self) -> tuple[Second, ...]:
        """The stretches of time that have events, in order."""
        return tuple(
            Second(at * self.width, first, dict(counts))
            for at, (first, counts) in sorted(self._stretches.items())
        )

    def spans(self, most: int) -> tuple[Span, ...]:
        """The instances in order; where there are more than so many, several in a row."""
        each = -(-len(self._instances) // most) or 1
        known = sorted(self._instances)
        return tuple(self._span(known[k : k + each]) for k in range(0, len(known), each))

    def _span(self, instances: list[int]) -> Span:
        total = self._instances[instances[0]]
        for i in instances[1:]:
            total.add(self._instances[i])
        known = total.proposed and total.learned
        return Span(
            instances[0],
            instances[-1],
            total.events,
            total.first,
            total.last,
            show_ballot(total.ballot),
            max(0, total.learned - total.proposed) if known else 0,
        )
