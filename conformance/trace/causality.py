"""Which events an event follows from: the messages that it consumed, as far as a trace says.

A trace records steps, not messages. But a step names what it counted (a ballot, a quorum, a batch),
and so which events sent that: happens-before, in the sense of Lamport (1978). Used to draw a run,
not to judge it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from conformance.trace.process import decode
from conformance.trace.schema import (
    AnyEvent,
    Ballot,
    Broadcast,
    Decide,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    Range,
)


@dataclass(frozen=True)
class Cause:
    """The event (its number, from 1) that sent a message, and what kind of message it was."""

    event: int
    message: str  # value, 1a, 1b, 2a, 2b, Decide


@dataclass
class Causes:
    """Feed it all events in their order; it says of each what it follows from."""

    count: int = 0
    _values: dict[Range, int] = field(default_factory=dict)
    _asked: dict[Ballot, list[tuple[int, int, int]]] = field(default_factory=dict)
    _promised: dict[tuple[int, Ballot], list[tuple[int, int, int]]] = field(default_factory=dict)
    _proposed: dict[tuple[Ballot, int], int] = field(default_factory=dict)
    _voted: dict[tuple[int, Ballot, int], int] = field(default_factory=dict)
    _decided: dict[tuple[Ballot, int], int] = field(default_factory=dict)

    def of(self, event: AnyEvent) -> list[Cause]:
        """The causes of the next event."""
        self.count += 1
        found = [Cause(n, kind) for kind, n in self._find(event) if n]
        self._note(event)
        return found

    def _find(self, e: AnyEvent) -> Iterator[tuple[str, int]]:
        if isinstance(e, Phase1b):
            yield "1a", _covering(self._asked.get(e.ballot, ()), e.first, e.last)
        elif isinstance(e, Phase2a):
            for r in e.batch:
                yield "value", self._values.get(r, 0)
            for a in e.quorum:
                known = self._promised.get((a, e.ballot), ())
                yield "1b", _covering(known, e.instance, e.instance)
        elif isinstance(e, Phase2b):
            yield "2a", self._proposed.get((e.ballot, e.instance), 0)
        elif isinstance(e, Decide) or (isinstance(e, Learn) and e.quorum):
            for a in e.quorum or ():
                yield "2b", self._voted.get((a, e.ballot, e.instance), 0)
        if isinstance(e, Learn) and not e.quorum:
            yield "Decide", self._decided.get((e.ballot, e.instance), 0)

    def _note(self, e: AnyEvent) -> None:
        n = self.count
        me = decode(e.process).id
        if isinstance(e, Broadcast):
            self._values.update((r, n) for r in e.values)
        elif isinstance(e, Phase1a):
            self._asked.setdefault(e.ballot, []).append((e.first, e.last, n))
        elif isinstance(e, Phase1b):
            self._promised.setdefault((me, e.ballot), []).append((e.first, e.last, n))
        elif isinstance(e, Phase2a):
            self._proposed[e.ballot, e.instance] = n
        elif isinstance(e, Phase2b):
            self._voted[me, e.ballot, e.instance] = n
        elif isinstance(e, Decide):
            self._decided[e.ballot, e.instance] = n


def _covering(spans: Iterable[tuple[int, int, int]], first: int, last: int) -> int:
    """The latest of the events whose range holds first..last; 0 if there is none."""
    return max((n for f, t, n in spans if f <= first and last <= t), default=0)
