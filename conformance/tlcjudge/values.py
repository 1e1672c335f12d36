"""What a trace does with values: when each range of them is asked about for the last time, which of
them overlap, and which one waits when Phase 1 is begun.

A window of a long trace starts without the ranges that no later event asks about. Nothing is judged
here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter

from conformance.tlcjudge.numbering import Values
from conformance.trace.schema import AnyEvent, Ballot, Broadcast, Deliver, Learn, Phase2a, Range


class ValueUse:
    """Tell it all events of a run in their order, each with the numbers of the ranges that it
    names. A time is the number of an event. `fifo`: whether values have their turn."""

    def __init__(self, fifo: bool = False) -> None:
        self._fifo = fifo
        self.last = array("q", [0])  # by number: the time of the last use
        self.overlaps: dict[int, int] = {}
        """Of a range that is broadcast, one broadcast before it that shares a value with it."""
        self.before: dict[int, int] = {}
        """With fifo, of a range that is broadcast: the one that its client broadcast before it; not
        of its first one; the range itself, if its numbers are not those that come next."""
        self._broadcast: dict[str, list[tuple[int, int, int]]] = {}
        """By client: first value, last value and number of what is broadcast, ascending."""
        self._places: dict[int, set[int]] = {}  # of each range, the instances it is proposed in
        self._learned: dict[tuple[str, int], Values] = {}
        self._given: dict[int, set[int]] = {}  # of each instance, what was delivered in it

    def note(self, event: AnyEvent, values: Values, time: int) -> None:
        self.touch(values, time)
        if isinstance(event, Broadcast):
            for r, v in zip(event.values, values, strict=True):
                self._overlap(r, v, time)
        elif isinstance(event, Deliver):
            self._deliver(event, values, time)
        elif isinstance(event, Learn):
            self._learned[event.process, event.instance] = values
        elif isinstance(event, Phase2a):
            for v in values:
                self._places.setdefault(v, set()).add(event.instance)

    def touch(self, values: Iterable[int], time: int) -> None:
        """They are asked about now."""
        last = self.last
        for v in values:
            while v >= len(last):
                last.append(0)
            last[v] = time

    def proposed(self) -> Iterable[tuple[int, int]]:
        """Each instance that a range was proposed in, with the time of the last use of it."""
        for v, instances in self._places.items():
            for i in instances:
                yield i, self.last[v]

    def _overlap(self, r: Range, v: int, time: int) -> None:
        """Look for an earlier range with a value in common: the next one at or before its first
        value, or the one after that, since they do not overlap."""
        known = self._broadcast.setdefault(r[0], [])
        first, last = r[1], r[1] + r[2] - 1
        if self._fifo and v not in self.before:
            self._order(known[-1] if known else (0, 0, 0), first, v, time)
        k = bisect_right(known, first, key=itemgetter(0))
        for other_first, other_last, u in known[max(0, k - 1) : k + 1]:
            if other_first <= last and first <= other_last:
                if u != v:
                    self.overlaps.setdefault(v, u)
                self.touch([u], time)
                return
        known.insert(k, (first, last, v))

    def _order(self, latest: tuple[int, int, int], first: int, v: int, time: int) -> None:
        """Whose turn comes before that of range `v`, which begins with value `first`."""
        _, last, u = latest
        if first != last + 1:
            self.before[v] = v
        elif u:
            self.before[v] = u
            self.touch([u], time)

    def _with_before(self, values: Values) -> Values:
        return (*values, *(self.before[v] for v in values if v in self.before))

    def _deliver(self, event: Deliver, values: Values, time: int) -> None:
        """Whether a value is new is asked of the instances that it was proposed in, and so of all
        that was delivered there, which may be other values; and so is whether it is its turn."""
        i = event.instance
        self._given.setdefault(i, set()).update(values)
        learned = self._with_before(self._learned.get((event.process, i), ()))
        self.touch(learned, time)
        for other in {i, *(place for v in learned for place in self._places.get(v, ()))}:
            self.touch(self._given.get(other, ()), time)


class Waiting:
    """Which value waits to be proposed: without PrepareAhead, Phase 1 is begun for one. With FIFO,
    one that another of its client comes before may always be passed over, and so wait."""

    def __init__(self, fifo: bool = False) -> None:
        self._fifo = fifo
        self._with_turn = 0  # a range that another of its client comes before; 0: none yet
        self._sent: list[int] = []  # ranges, in the order they were broadcast
        self._proposed: dict[Ballot, set[int]] = {}
        self._next: dict[Ballot, int] = {}  # the first of `sent` that may be new to the ballot

    def note(self, event: AnyEvent, values: Values) -> None:
        if isinstance(event, Broadcast):
            self._sent += values
            if self._fifo and not self._with_turn:
                later = (v for r, v in zip(event.values, values, strict=True) if r[1] > 1)
                self._with_turn = next(later, 0)
        elif isinstance(event, Phase2a):
            self._proposed.setdefault(event.ballot, set()).update(values)

    def witness(self, b: Ballot) -> int:
        """A value that may be passed over; otherwise the first value broadcast that ballot b has
        not proposed, or 0."""
        if self._with_turn:
            return self._with_turn
        proposed, k = self._proposed.get(b, ()), self._next.get(b, 0)
        while k < len(self._sent) and self._sent[k] in proposed:
            k += 1
        self._next[b] = k
        return self._sent[k] if k < len(self._sent) else 0
