"""The numbers of what a trace names: ballots, instances, values and processes.

TLC's integers have 32 bits, and its ballots are integers: here names get numbers, in an order that
keeps theirs. Nothing is judged here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from msgspec import UNSET

from conformance.trace.last_use import instances_of
from conformance.trace.lives import LearnerLives
from conformance.trace.process import Process, Role, decode
from conformance.trace.reader import TraceError
from conformance.trace.schema import (
    NO_BALLOT,
    AnyEvent,
    Ballot,
    Broadcast,
    Cluster,
    Deliver,
    InstallSnapshot,
    Learn,
    OfSnapshot,
    Phase1b,
    Phase2a,
    Range,
    Recover,
    Trim,
)

LARGEST = 2**31 - 1  # what TLC's integers hold
MOST_VALUES = LARGEST // 4  # that a run has, so that TLC can add them up
MOST_PROMISED = 5_000_000  # instances that the promises of a run speak of, all together
Values = tuple[int, ...]  # a batch, its ranges by number


@dataclass
class Numbers:
    """The numbers of a trace's names: each list has a name's number less one as its index."""

    acceptors: list[int] = field(default_factory=list)
    proposers: list[int] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    learners: list[str] = field(default_factory=list)
    clients: dict[str, int] = field(default_factory=dict)
    ranges: dict[Range, int] = field(default_factory=dict)
    lives: dict[str, str] = field(default_factory=dict)  # of an incarnation: which learner
    keeps: set[str] = field(default_factory=set)  # the learners that keep checkpoints
    givers: list[int] = field(default_factory=list)  # the ids of learners
    # What a learner goes on from that an earlier life of it has left: its id, and the place.
    inherited: set[tuple[int, int, int]] = field(default_factory=set)
    incarnations: dict[tuple[Role, int], list[int]] = field(default_factory=dict)
    instances: list[int] | None = None  # None: they keep their own numbers
    highest: int = 1  # the highest number of an instance

    def ballot(self, b: Ballot) -> int:
        """(round, proposer) as MultiPaxos.tla numbers ballots; 0 is no ballot."""
        if b == NO_BALLOT:
            return 0
        return bisect_left(self.rounds, b[0]) * len(self.proposers) + self.proposer(b[1])

    def proposer(self, p: int) -> int:
        return bisect_left(self.proposers, p) + 1

    def name_of_ballot(self, number: int) -> Ballot:
        at = number - 1
        return self.rounds[at // len(self.proposers)], self.proposers[at % len(self.proposers)]

    def acceptor(self, a: int) -> int:
        """Those of the cluster come first, so that a stranger is above them all."""
        return self.acceptors.index(a) + 1

    def learner(self, member: str) -> int:
        """The number of a learner, by an incarnation of it."""
        return self.learners.index(self.lives[member]) + 1

    def giver(self, number: int) -> int:
        """The number of the learners with this id, which one gives a snapshot for."""
        return self.givers.index(number) + 1

    def left(self, number: int) -> int:
        """The number of them as those who left a snapshot to a later life of theirs: above those
        of givers, as nobody else is given it."""
        return len(self.givers) + self.giver(number)

    def instance(self, i: int) -> int:
        """A number in the same order, next to it only what is next to it in the trace."""
        if self.instances is None:
            return i
        return bisect_left(self.instances, i) + 1

    def name_of_instance(self, number: int) -> int:
        return number if self.instances is None else self.instances[number - 1]

    def range_of(self, v: int) -> Range:
        """The range with this number."""
        return self._ranges[v - 1]

    @cached_property
    def _ranges(self) -> list[Range]:
        return list(self.ranges)


class Numbering:
    """Tell it all events of a run in their order; it gives the numbers."""

    def __init__(self, cluster: Cluster) -> None:
        self.numbers = Numbers()
        self._cluster = cluster
        self._rounds: set[int] = set()
        self._acceptors: set[int] = set()
        self._proposers = set(cluster.proposers)
        self._givers: set[int] = set()
        self._named: set[int] = set()
        self._promised: list[tuple[int, int]] = []  # the ranges of the 1b messages
        self._weight = 0  # how many values there are

    def note(self, event: AnyEvent) -> Values:
        """The numbers of the ranges of values that the event names."""
        self._named.update(instances_of(event))
        if isinstance(event, Broadcast):
            values = self._values(event.values)
            self._client(decode(event.process).member)
            return values
        if isinstance(event, Deliver):
            return self._values(event.values)
        if isinstance(event, OfSnapshot):
            if isinstance(event, InstallSnapshot):
                self._givers.add(event.giver)
                if event.giver == decode(event.process).id:
                    place = event.giver, event.instance, event.position
                    self.numbers.inherited.add(place)
            return ()
        if isinstance(event, Trim):
            self._named.add(event.last)
            return ()
        if isinstance(event, Recover):
            return self._recover(event)
        self._ballot(event.ballot)
        self._acceptors.update(getattr(event, "quorum", None) or ())
        if isinstance(event, Phase2a | Learn):
            return self._values(event.batch)
        if isinstance(event, Phase1b):
            if event.first < event.last:
                self._promised.append((event.first, event.last))
            return self._votes(event)
        return ()

    def _recover(self, event: Recover) -> Values:
        process = decode(event.process)
        if process.role == "proposer":
            self._rounds.add(event.round or 1)
            self._proposers.add(process.id)
        if event.trimmed:
            self._named.add(event.trimmed)
        if event.promised is not UNSET:
            self._ballot(event.promised)
        for first, last, b in event.promises or ():
            self._ballot(b)
            self._named.update((first, last))
            self._promised.append((first, last))
        return self._votes(event)

    def _votes(self, event: Phase1b | Recover) -> Values:
        found: list[int] = []
        for _, b, batch in event.votes or ():
            self._ballot(b)
            found += self._values(batch)
        return tuple(found)

    def _ballot(self, b: Ballot) -> None:
        self._rounds.add(b[0])
        self._proposers.add(b[1])

    def _client(self, name: str) -> None:
        self.numbers.clients.setdefault(name, len(self.numbers.clients) + 1)

    def _values(self, ranges: Iterable[Range]) -> Values:
        known, values = self.numbers.ranges, []
        for r in ranges:
            v = known.get(r)
            if v is None:
                v = known[r] = len(known) + 1
                self._weight += r[2]
                self._client(r[0])
            values.append(v)
        return tuple(values)

    def finish(self, processes: Iterable[Process], lives: LearnerLives, run: Path) -> Numbers:
        """The numbers. Raises TraceError if they are too large for TLC."""
        limit(run, self._weight, MOST_VALUES, "values")
        named = sorted(self._named)
        spoken = sum(bisect_right(named, b) - bisect_left(named, a) for a, b in self._promised)
        limit(run, spoken, MOST_PROMISED, "instances in promises")
        numbers = self.numbers
        numbers.rounds = sorted(self._rounds)
        numbers.proposers = sorted(self._proposers) or [1]
        numbers.acceptors = sorted(self._cluster.acceptors)
        numbers.acceptors += sorted(self._acceptors - {*self._cluster.acceptors})
        for process in processes:
            if process.role == "learner":
                life = lives.known(process) or process.member
                numbers.lives[process.member] = life
                if str(process) in lives.keeps:
                    numbers.keeps.add(life)
                self._givers.add(process.id)
            key = process.role, process.id
            numbers.incarnations.setdefault(key, []).append(process.incarnation)
        learners = {*numbers.lives.values()}  # those that keep checkpoints come first
        numbers.learners = [*sorted(numbers.keeps), *sorted(learners - numbers.keeps)]
        numbers.givers = sorted(self._givers)
        if named and named[-1] > 2 * len(named) + 1000:
            numbers.instances = _spread(named)
        numbers.highest = numbers.instance(named[-1]) if named else 1
        return numbers


def limit(run: Path, found: int, most: int, what: str) -> None:
    if found > most:
        raise TraceError(
            f"{run}: {found} {what}, and TLC can take {most}; check without --tlc, or a shorter run"
        )


def _spread(named: list[int]) -> list[int]:
    """The instances named and, where there is a gap, one that stands for all in it."""
    every: list[int] = []
    for i in named:
        if (every[-1] if every else 0) + 1 < i:
            every.append(i - 1)
        every.append(i)
    return every
