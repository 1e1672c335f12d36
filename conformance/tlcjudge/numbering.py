"""What a trace speaks of, and when for the last time: found in one pass, before it is written for
TLC.

TLC's integers have 32 bits, and its ballots are integers: here ballots, instances, values and
processes get numbers, in an order that keeps theirs. Nothing is judged here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

from msgspec import UNSET

from conformance.trace.reader import Run, TraceError
from conformance.trace.schema import (
    NO_BALLOT,
    AnyEvent,
    Ballot,
    Broadcast,
    Deliver,
    Header,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Range,
    Recover,
    Trim,
)

LARGEST = 2**31 - 1  # what TLC's integers hold
MOST_VALUES = LARGEST // 4  # that a run has, so that TLC can add them up
MOST_PROMISED = 5_000_000  # instances that the promises of a run speak of, all together
MOST_OF_A_SYNOD = 20_000  # events: TLC goes through all messages at each of them
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
    lives: dict[str, list[int]] = field(default_factory=dict)  # of "acceptor-1" and its kind
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

    def learner(self, name: str) -> int:
        return self.learners.index(name) + 1

    def instance(self, i: int) -> int:
        """A number in the same order, next to it only what is next to it in the trace."""
        if self.instances is None:
            return i
        return bisect_left(self.instances, i) + 1

    def batch(self, ranges: Iterable[Range]) -> Values:
        return tuple(self.ranges[r] for r in ranges)


@dataclass
class Survey:
    """A run, seen from above: its numbers, and what each later event may still ask about."""

    run: Run
    header: Header
    numbers: Numbers = field(default_factory=Numbers)
    events: int = 0
    witnesses: list[int] = field(default_factory=list)  # of each Phase1a: a value that waits, or 0
    last_instance: dict[int, int] = field(default_factory=dict)  # the last event that names it
    last_value: array[int] = field(default_factory=lambda: array("q", [0]))
    wide: list[tuple[int, int]] = field(default_factory=list)  # (event, all from this instance)
    overlaps: dict[int, int] = field(default_factory=dict)
    """Of a range that is broadcast, one broadcast before it that has a value in common with it."""
    _ranges: list[Range] = field(default_factory=list)

    def range_of(self, v: int) -> Range:
        """The range with this number."""
        if not self._ranges:
            self._ranges = list(self.numbers.ranges)
        return self._ranges[v - 1]


class _Surveyor:
    def __init__(self, run: Run, header: Header) -> None:
        self.survey = Survey(run, header)
        self.numbers = self.survey.numbers
        self.rounds: set[int] = set()
        self.acceptors: set[int] = set()
        self.proposers = set(header.cluster.proposers)
        self.named: set[int] = set()
        self.weight = 0
        self.promised: list[tuple[int, int]] = []  # the ranges of the 1b messages
        self.learned: dict[tuple[str, int], Values] = {}
        self.places: dict[int, set[int]] = {}  # of each value, the instances it is proposed in
        self.given: dict[int, set[int]] = {}  # of each instance, the values delivered in it
        self.sent: list[int] = []  # values in the order they were broadcast
        self.known: dict[str, list[Range]] = {}  # by client: what is broadcast, disjoint
        self.proposed: dict[Ballot, set[int]] = {}
        self.next: dict[Ballot, int] = {}  # the first of `sent` that may be new to it

    def note(self, event: AnyEvent) -> None:
        survey = self.survey
        survey.events += 1
        if isinstance(event, Broadcast):
            self.sent += self.mention(event.values)
            for r in event.values:
                self.broadcast(r)
            self.client(event.process.removeprefix("client-"))
        elif isinstance(event, Deliver):
            self.deliver(event)
        elif isinstance(event, Trim):
            self.named.add(event.last)  # it asks nothing of it but who has delivered it
        elif isinstance(event, Recover):
            self.recover(event)
        else:
            self.ballot(event.ballot)
            if isinstance(event, Phase1a | Phase1b):
                self.phase1(event)
            else:
                self.name(event.instance)
            if isinstance(event, Phase2a | Learn):
                self.with_batch(event)
            self.acceptors.update(getattr(event, "quorum", None) or ())

    def broadcast(self, r: Range) -> None:
        """Look for an earlier range with a value in common: the next one at or before its first
        value, or the one after that, since they do not overlap."""
        known, v = self.known.setdefault(r[0], []), self.numbers.ranges[r]
        k = bisect_right(known, r[1], key=itemgetter(1))
        for other in known[max(0, k - 1) : k + 1]:
            if other[1] < r[1] + r[2] and r[1] < other[1] + other[2]:
                u = self.numbers.ranges[other]
                if u != v:
                    self.survey.overlaps.setdefault(v, u)
                self.touch([u])
                return
        known.insert(k, r)

    def deliver(self, event: Deliver) -> None:
        """Whether a value is new is asked of the instances that it was proposed in, and so of all
        that was delivered there, which may be other values."""
        i = event.instance
        self.given.setdefault(i, set()).update(self.mention(event.values))
        values = self.learned.get((event.process, i), ())
        self.touch(values)
        for other in {i, *(place for v in values for place in self.places.get(v, ()))}:
            self.touch(self.given.get(other, ()))
        self.name(i)

    def with_batch(self, event: Phase2a | Learn) -> None:
        values = self.mention(event.batch)
        if isinstance(event, Learn):
            self.learned[event.process, event.instance] = values
            return
        for v in values:
            self.places.setdefault(v, set()).add(event.instance)
        if not self.survey.header.constants.prepare_ahead:
            self.proposed.setdefault(event.ballot, set()).update(values)

    def phase1(self, event: Phase1a | Phase1b) -> None:
        self.name(event.first)
        self.name(event.last)
        if isinstance(event, Phase1a):
            if not self.survey.header.constants.prepare_ahead:
                self.survey.witnesses.append(self.waiting(event.ballot))
            return
        if event.first < event.last:
            self.survey.wide.append((self.survey.events, event.first))
            self.promised.append((event.first, event.last))
        for i, b, batch in event.votes:
            self.vote(i, b, batch)

    def recover(self, event: Recover) -> None:
        role, _, rest = event.process.partition("-")
        if role == "acceptor":
            trimmed = event.trimmed or 0
            self.survey.wide.append((self.survey.events, trimmed + 1))
            self.named.update([trimmed] if trimmed else [])
            if event.promised is not UNSET:
                self.ballot(event.promised)
            for i, b, batch in event.votes or ():
                self.vote(i, b, batch)
        elif role == "proposer":
            self.rounds.add(event.round or 1)
            self.proposers.add(int(rest.partition(".")[0]))

    def waiting(self, b: Ballot) -> int:
        """The first value broadcast that ballot b has not proposed."""
        proposed, k = self.proposed.get(b, ()), self.next.get(b, 0)
        while k < len(self.sent) and self.sent[k] in proposed:
            k += 1
        self.next[b] = k
        if k == len(self.sent):
            return 0
        self.touch([self.sent[k]])
        return self.sent[k]

    def ballot(self, b: Ballot) -> None:
        self.rounds.add(b[0])
        self.proposers.add(b[1])

    def vote(self, i: int, b: Ballot, batch: Iterable[Range]) -> None:
        self.name(i)
        self.ballot(b)
        self.mention(batch)

    def name(self, i: int) -> None:
        self.named.add(i)
        self.survey.last_instance[i] = self.survey.events

    def client(self, name: str) -> None:
        self.numbers.clients.setdefault(name, len(self.numbers.clients) + 1)

    def mention(self, ranges: Iterable[Range]) -> Values:
        known, values = self.numbers.ranges, []
        for r in ranges:
            v = known.get(r)
            if v is None:
                v = known[r] = len(known) + 1
                self.survey.last_value.append(0)
                self.weight += r[2]
                self.client(r[0])
            values.append(v)
        self.touch(values)
        return tuple(values)

    def touch(self, values: Iterable[int]) -> None:
        for v in values:
            self.survey.last_value[v] = self.survey.events

    def limit(self, found: int, most: int, what: str) -> None:
        if found > most:
            raise TraceError(
                f"{self.survey.run.directory}: {found} {what}, and TLC can take {most}; check "
                "without --tlc, or a shorter run"
            )

    def finish(self) -> Survey:
        survey, numbers, cluster = self.survey, self.numbers, self.survey.header.cluster
        self.limit(self.weight, MOST_VALUES, "values")
        if survey.header.spec == "Synod":
            self.limit(survey.events, MOST_OF_A_SYNOD, "events of a Synod")
        named = sorted(self.named)
        spoken = sum(bisect_right(named, b) - bisect_left(named, a) for a, b in self.promised)
        self.limit(spoken, MOST_PROMISED, "instances in promises")
        numbers.rounds = sorted(self.rounds)
        numbers.proposers = sorted(self.proposers) or [1]
        numbers.acceptors = sorted(cluster.acceptors)
        numbers.acceptors += sorted(self.acceptors - {*cluster.acceptors})
        numbers.learners = sorted(
            f.process.removeprefix("learner-")
            for f in survey.run.files
            if f.process.startswith("learner-")
        )
        if self.named and max(self.named) > 2 * len(self.named) + 1000:
            numbers.instances = _spread(self.named)
        numbers.highest = max((numbers.instance(i) for i in self.named), default=1)
        for v, instances in self.places.items():
            for i in instances:
                survey.last_instance[i] = max(survey.last_instance[i], survey.last_value[v])
        for f in survey.run.files:
            person, _, life = f.process.partition(".")
            numbers.lives.setdefault(person, []).append(int(life))
        return survey


def _spread(named: set[int]) -> list[int]:
    """The instances named and, where there is a gap, one that stands for all in it."""
    every: list[int] = []
    for i in sorted(named):
        if (every[-1] if every else 0) + 1 < i:
            every.append(i - 1)
        every.append(i)
    return every


def survey(run: Run, header: Header | None = None) -> Survey:
    """Read the run once, to be judged by its own constants or by those of another header.

    Raises TraceError, also if its numbers are too large for TLC.
    """
    header = header or run.header
    assert header is not None
    surveyor = _Surveyor(run, header)
    for _, _, _, event in run.rows():
        surveyor.note(event)
    return surveyor.finish()
