"""What a run kept, whatever else is wrong with it: which of Agreement, Integrity, TotalOrder
and, where the run promises it, FIFO held in all of its events.

The replay ends at a violation, and most violations touch none of these. So after one, all
events of the run are looked at again, without guards: who voted for what, and who delivered what.
Nothing is assumed that the traces do not say. Where a batch is unknown, because no file has its
proposal, the report says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from conformance.rules.state import ClientValues, ValueSet
from conformance.trace.process import decode
from conformance.trace.schema import (
    AnyEvent,
    Ballot,
    Batch,
    Broadcast,
    Deliver,
    Header,
    InstallSnapshot,
    Learn,
    Phase2a,
    Phase2b,
    Range,
    Recover,
    Restart,
)
from conformance.trace.show import place as where

Place = tuple[int, Ballot]  # instance, ballot


@dataclass(frozen=True)
class Held:
    """What is known of them. `broken` has, for each that is false, what shows it; `open` why
    it cannot be told."""

    names: tuple[str, ...]
    broken: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{', '.join(self.names)} held in all events"] if self.names else []
        parts += [f"{name} is broken: {what}" for name, what in self.broken.items()]
        parts += [f"{name} cannot be told: {why}" for name, why in self.open.items()]
        return "; ".join(parts)


class Service:
    """Feed it all events of a run in their order, and ask what held."""

    def __init__(self, header: Header) -> None:
        self.acceptors = frozenset(header.cluster.acceptors)
        self.synod = header.spec == "Synod"
        self.fifo = header.constants.fifo
        self.broadcast: dict[str, ClientValues] = {}
        self.proposed: dict[Place, set[Batch]] = {}
        _, self.quorum2 = header.constants.quorums(len(self.acceptors))
        self.voters: dict[Place, set[int]] = {}
        self.won: dict[Place, AnyEvent] = {}  # the vote that made a quorum
        self.order: list[Range] = []  # the longest sequence that a learner delivered
        self.starts: list[int] = []  # of each range in it, how many values come before it
        self.counts: dict[str, int] = {}  # of each learner, how many ranges
        self.lost: dict[str, str] = {}  # learners that began at no place of the order, and where
        self.values: dict[str, ValueSet] = {}
        self.broken: dict[str, str] = {}

    def note(self, event: AnyEvent) -> None:
        if isinstance(event, Broadcast):
            for r in event.values:
                known = self.broadcast.setdefault(r[0], ClientValues())
                if not known.overlaps(r[1], r[2]):
                    known.add(r)
        elif isinstance(event, Phase2a):
            place = event.instance, event.ballot
            self.proposed.setdefault(place, set()).add(event.batch)
        elif isinstance(event, Phase2b):
            self._vote(event, (event.instance, event.ballot))
        elif isinstance(event, Recover):
            for i, b, batch in event.votes or ():
                self._vote(event, (i, b))
                self.proposed.setdefault((i, b), set()).add(batch)
        elif isinstance(event, Deliver):
            self._deliver(event, event.values)
        elif isinstance(event, Restart | InstallSnapshot):
            self._stand(event)
        elif isinstance(event, Learn) and self.synod:
            self._deliver(event, event.batch)

    def _vote(self, event: AnyEvent, place: Place) -> None:
        acceptor = decode(event.process).id
        if acceptor in self.acceptors:
            voters = self.voters.setdefault(place, set())
            voters.add(acceptor)
            if len(voters) >= self.quorum2:
                self.won.setdefault(place, event)

    def _stand(self, event: Restart | InstallSnapshot) -> None:
        """The learner has from now on delivered what was before this position of the order."""
        me, last = event.process, self.order[-1][2] if self.order else 0
        ends = [*self.starts, self.starts[-1] + last if self.starts else 0]
        k = bisect_left(ends, event.position)
        if k == len(ends) or ends[k] != event.position:
            self.lost[me] = f"nobody delivered what {where(event)} goes on from"
            return
        self.lost.pop(me, None)
        self.counts[me] = k
        self.values[me] = mine = ValueSet()
        for r in self.order[:k]:
            mine.add(r)

    def _deliver(self, event: AnyEvent, values: Iterable[Range]) -> None:
        me = event.process
        if me in self.lost:
            return
        mine = self.values.setdefault(me, ValueSet())
        for r in values:
            known = self.broadcast.get(r[0])
            if known is None or not known.has(r):
                self._break("Integrity", event, f"delivers {r[0]}:{r[1]}, which was not broadcast")
            if mine.add(r) < r[2]:
                self._break("Integrity", event, f"delivers {r[0]}:{r[1]} again")
            if self.fifo and not mine.has_all(r[0], r[1]):
                due = mine.due(r[0])
                self._break("FIFO", event, f"delivers {r[0]}:{r[1]} before {r[0]}:{due}")
            at = self.counts.get(me, 0)
            self.counts[me] = at + 1
            if at == len(self.order):
                self.starts.append(self.starts[-1] + self.order[-1][2] if self.order else 0)
                self.order.append(r)
            elif self.order[at] != r:
                theirs = self.order[at]
                what = f"{r[0]}:{r[1]}, where another learner delivered {theirs[0]}:{theirs[1]}"
                self._break("TotalOrder", event, f"delivers {what}")

    def _break(self, name: str, event: AnyEvent, what: str) -> None:
        self.broken.setdefault(name, f"{where(event)} {what}")

    def held(self) -> Held:
        """What held in all events that were fed."""
        unknown = self._agreement()
        names = ("Agreement", "Integrity", "TotalOrder", *(["FIFO"] if self.fifo else []))
        why = dict.fromkeys(names[1:], next(iter(self.lost.values()), ""))
        doubts = {k: v for k, v in {"Agreement": unknown, **why}.items() if v}
        doubts = {name: v for name, v in doubts.items() if name not in self.broken}
        sure = tuple(name for name in names if name not in self.broken and name not in doubts)
        return Held(sure, self.broken, doubts)

    def _agreement(self) -> str:
        """Look for two batches chosen in one instance; why one cannot know, if one cannot."""
        unknown = ""
        chosen: dict[int, Batch] = {}
        for place, event in self.won.items():
            instance, ballot = place
            batches = self.proposed.get(place, set())
            if len(batches) != 1:
                what = "no proposal" if not batches else f"{len(batches)} different proposals"
                unknown = (
                    f"{what} of ballot {ballot} in instance {instance}, which a quorum voted for"
                )
                continue
            (batch,) = batches
            if chosen.setdefault(instance, batch) != batch:
                what = f"makes a second batch chosen in instance {instance}"
                self._break("Agreement", event, what)
        return unknown
