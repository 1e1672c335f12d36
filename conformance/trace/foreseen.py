"""What a whole run says, where that decides what is put in before: see inference.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import UNSET

from conformance.trace.partial import PartialEvent, PartialPhase1b, PartialPhase2a, PartialPhase2b
from conformance.trace.process import decode
from conformance.trace.schema import Ballot, Batch, Range, Recover

Place = tuple[Ballot, int]
"""A ballot and an instance."""


@dataclass
class Foreseen:
    """What the whole run says, where that decides what is put in before."""

    tops: dict[Ballot, int] = field(default_factory=dict)
    """By ballot, the highest instance that was promised, proposed or voted in."""
    batches: dict[Place, Batch] = field(default_factory=dict)
    """What is proposed. Only looked at where Broadcast is left out."""
    numbers: dict[str, int] = field(default_factory=dict)
    """By client, the highest number of a value that is proposed."""
    value: Range | None = None
    """Some value that is proposed, the first."""
    incarnations: dict[int, int] = field(default_factory=dict)
    """The first incarnation of each proposer that may do something."""
    asked: dict[int, list[tuple[Ballot, int, int]]] = field(default_factory=dict)
    """What each proposer is answered with promises: in which ballot, from where and up to where."""
    proposed: dict[int, list[tuple[Ballot, int, Batch]]] = field(default_factory=dict)
    """What each proposer is answered with votes."""

    @classmethod
    def of(cls, events: Iterable[PartialEvent]) -> Foreseen:
        seen = cls()
        for e in events:
            if e.process.startswith("proposer-"):
                back = isinstance(e, Recover)  # what it did before, another incarnation of it did
                process = decode(e.process)
                seen.incarnations.setdefault(process.id, max(1, process.incarnation - back))
            top = 0
            if isinstance(e, PartialPhase1b):
                top = e.last
                seen.asked.setdefault(e.ballot[1], []).append((e.ballot, e.first, top))
            elif isinstance(e, PartialPhase2b) and e.batch is not UNSET:
                top = e.instance
                seen.proposed.setdefault(e.ballot[1], []).append((e.ballot, top, e.batch))
            elif isinstance(e, PartialPhase2a | PartialPhase2b):
                top = e.instance
            if isinstance(e, PartialPhase2a | PartialPhase2b) and e.batch is not UNSET:
                seen.batches.setdefault((e.ballot, e.instance), e.batch)
                for r in e.batch:
                    seen.value = seen.value or r
                    seen.numbers[r[0]] = max(r[1] + r[2] - 1, seen.numbers.get(r[0], 0))
            if top:
                seen.tops[e.ballot] = max(top, seen.tops.get(e.ballot, 0))  # type: ignore[union-attr]
        for asked in seen.asked.values():
            asked.sort(reverse=True)  # the lowest ballot is the last
        for proposed in seen.proposed.values():
            proposed.sort(key=lambda x: (x[0], -x[1]), reverse=True)
        return seen
