"""Clocks that are not carried: an event that has no higher clock than one that it follows from.

The checker takes the events of all files in the order of their clocks. If a clock is behind, it
meets the effect before the cause, and that need not be the protocol's fault.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from msgspec import UNSET

from conformance.lint.fields import batch_of, quorum_of
from conformance.lint.finding import Findings, Place
from conformance.trace.process import decode
from conformance.trace.schema import Ballot

LOOKED_BACK = 64
"""Ranges of instances among which the earliest is sought that holds another; of more, none is."""


@dataclass(frozen=True)
class Seen:
    """An event that others follow from."""

    hlc: int
    at: Place
    event: str
    process: str


@dataclass
class _Ranges:
    """Events that are about ranges of instances: of those that hold a range, the earliest."""

    spans: list[tuple[int, int, Seen]] = field(default_factory=list)
    reach: list[int] = field(default_factory=list)  # how far the first n + 1 spans go; once asked

    def earliest(self, first: int, last: int) -> Seen | None:
        if not self.reach:
            self.spans.sort(key=lambda span: span[:2])
            self.reach = list(accumulate((to for _, to, _ in self.spans), max))
        n = bisect_right(self.spans, first, key=lambda span: span[0])
        stop = max(0, n - LOOKED_BACK)
        found: list[Seen] = []
        while n > stop and self.reach[n - 1] >= last:
            n -= 1
            _, to, seen = self.spans[n]
            if to >= last:
                found.append(seen)
        if n and self.reach[n - 1] >= last:
            return None  # there may be an earlier one
        return min(found, key=lambda seen: seen.hlc, default=None)


@dataclass
class _Behind:
    """How one process's clock is behind another's: how often, and where the most."""

    count: int = 0
    most: int = -1
    effect: Seen | None = None
    cause: Seen | None = None


class CarriedClock:
    """Let it `learn` all events, then `compare` each; then `report`."""

    def __init__(self) -> None:
        self._ranges: dict[Hashable, _Ranges] = {}
        self._single: dict[Hashable, Seen] = {}
        self._behind: dict[tuple[str, str], _Behind] = {}

    def learn(self, at: Place, e: Any) -> None:
        """The event (also a partial one) is one that others may follow from."""
        seen = Seen(e.hlc, at, e.action, e.process)
        match e.action:
            case "Broadcast":
                for r in e.values:
                    self._note(r, seen)
            case "Phase1a" if e.last is not UNSET:
                self._ranges.setdefault(e.ballot, _Ranges()).spans.append((e.first, e.last, seen))
            case "Phase1b":
                key = e.ballot, decode(e.process).id
                self._ranges.setdefault(key, _Ranges()).spans.append((e.first, e.last, seen))
            case "Phase2a" | "Decide":
                self._note((e.action, e.ballot, e.instance), seen)
            case "Phase2b":
                self._note((decode(e.process).id, e.ballot, e.instance), seen)
            case _:
                pass

    def _note(self, key: Hashable, seen: Seen) -> None:
        before = self._single.get(key)
        if before is None or seen.hlc < before.hlc:
            self._single[key] = seen

    def compare(self, at: Place, e: Any) -> None:
        """Whether the event has a higher clock than all that it follows from."""
        for cause in self._causes(e):
            if cause is not None and cause.hlc >= e.hlc:
                behind = self._behind.setdefault((e.process, cause.process), _Behind())
                behind.count += 1
                if cause.hlc - e.hlc > behind.most:
                    behind.most = cause.hlc - e.hlc
                    behind.effect, behind.cause = Seen(e.hlc, at, e.action, e.process), cause

    def _causes(self, e: Any) -> Iterator[Seen | None]:
        match e.action:
            case "Phase1b":
                yield self._covering(e.ballot, e.first, e.last)
            case "Phase2a":
                for r in batch_of(e):
                    yield self._single.get(r)
                for a in quorum_of(e):
                    yield self._covering((e.ballot, a), e.instance, e.instance)
            case "Phase2b":
                yield self._single.get(("Phase2a", e.ballot, e.instance))
            case "Decide":
                yield from self._votes(quorum_of(e), e.ballot, e.instance)
            case "Learn" if quorum_of(e):
                yield from self._votes(quorum_of(e), e.ballot, e.instance)
            case "Learn":
                yield self._single.get(("Decide", e.ballot, e.instance))
            case _:
                pass

    def _votes(self, quorum: tuple[int, ...], b: Ballot, i: int) -> Iterator[Seen | None]:
        for a in quorum:
            yield self._single.get((a, b, i))

    def _covering(self, key: Hashable, first: int, last: int) -> Seen | None:
        known = self._ranges.get(key)
        return known.earliest(first, last) if known else None

    def report(self, findings: Findings) -> None:
        """One finding for each two processes."""
        for (process, other), behind in self._behind.items():
            effect, cause = behind.effect, behind.cause
            assert effect is not None and cause is not None
            far = f"{behind.most} microseconds behind" if behind.most else "not ahead of"
            often = f"; {behind.count} of its events are so" if behind.count > 1 else ""
            what = (
                f"the clock of {process} is {far} that of {other}: its {effect.event} at "
                f"{effect.hlc} follows from the {cause.event} at {cause.hlc} "
                f"({cause.at.path.name}:{cause.at.line}){often}"
            )
            findings.fault("clock-not-carried", effect.at, what, CARRY)


CARRY = (
    "send the clock with each message, and let who receives it set its own to that + 1 or more "
    "before it writes; on one host let all processes take the same clock; if you do so, the "
    "process did this before it could have heard"
)
