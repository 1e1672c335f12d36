"""Events as the rows that spec/TraceMultiPaxos.tla and spec/TraceSynod.tla take.

An event is one row; a broadcast is one for each range, and a recovery is preceded by the votes,
the promise and the trimming that only it shows. Nothing is judged here: TLC does that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from conformance.tlcjudge.numbering import LARGEST, Values
from conformance.tlcjudge.shadow_state import (
    BROADCAST,
    CHECKPOINT,
    DECIDE,
    DELIVER,
    GIVEN,
    INSTALL,
    KEPT,
    LEARN,
    LIFE,
    PHASE1A,
    PHASE1B,
    PHASE2A,
    PHASE2B,
    PROMISE,
    RECOVER,
    REPEAT,
    RESTART,
    RESUME,
    RETURN,
    SEND,
    TAKE,
    TRIM,
    UNSEEN,
    Mirror,
    Place,
    Row,
    Said,
)
from conformance.tlcjudge.survey import Survey
from conformance.trace.process import Process, decode, member
from conformance.trace.schema import (
    FROM_A_CLOCK,
    AnyEvent,
    Broadcast,
    Checkpoint,
    Decide,
    Deliver,
    InstallSnapshot,
    Learn,
    OfSnapshot,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    Recover,
    Restart,
    SendSnapshot,
    TakeSnapshot,
    Trim,
)


class Table:
    """Distinct things, numbered from 1 in the order in which they came up."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}

    def number(self, thing: Hashable) -> int:
        return self.numbers.setdefault(thing, len(self.numbers) + 1)


@dataclass
class Tables:
    """What rows name by number."""

    batches: Table = field(default_factory=Table)
    lists: Table = field(default_factory=Table)
    quorums: Table = field(default_factory=Table)
    promises: Table = field(default_factory=Table)  # lists of (instance, ballot)


class Writer:
    """Makes rows of events, and keeps the mirror. `shift` is added to the numbers of values and of
    clients, for traces that share tables."""

    def __init__(self, survey: Survey, tables: Tables, shift: int = 0, clients: int = 0) -> None:
        self.survey, self.numbers, self.tables = survey, survey.numbers, tables
        self.shift, self.clients = shift, clients
        header = survey.header
        _, quorum2 = header.constants.quorums(len(header.cluster.acceptors))
        self.mirror = Mirror(quorum2, header.constants.promise_scope)
        self.witnesses: Iterator[int] = iter(survey.witnesses)
        self.actors: dict[str, tuple[int, int, int]] = {}
        self.begun: set[str] = set()  # the processes that have had an event
        self._make: dict[type, Callable[[int, Any], list[Row]]] = {
            Broadcast: self._broadcast,
            Phase1a: self._phase1a,
            Phase1b: self._phase1b,
            Phase2a: self._phase2a,
            Phase2b: self._phase2b,
            Decide: self._decide,
            Learn: self._learn,
            Deliver: self._deliver,
            TakeSnapshot: self._take,
            Checkpoint: self._checkpoint,
            Restart: self._restart,
            SendSnapshot: self._send,
            InstallSnapshot: self._install,
            Trim: self._trim,
            Recover: self._recover,
        }

    def rows(self, process: str, event: AnyEvent) -> list[Row]:
        """The rows of one event; the mirror is then as they leave it."""
        actor, person, incarnation = self.actors.get(process) or self._actor(process)
        rows: list[Row] = []
        if person and (
            incarnation != self.mirror.life.get(person, 1) or self._comes_back(process, event)
        ):
            rows.append((LIFE, person, incarnation, int(isinstance(event, Recover | Restart))))
            self.mirror.live(person, incarnation)
        self.begun.add(process)
        return rows + self._make[type(event)](actor, event)

    def _comes_back(self, process: str, event: AnyEvent) -> bool:
        """Whether the event begins a life, or should. A learner that has no earlier life comes
        back with nothing, which is for its checkpoint to say."""
        if isinstance(event, Restart):
            return process in self.begun
        return isinstance(event, Recover) and decode(process).keeps_state

    def _actor(self, process: str) -> tuple[int, int, int]:
        """The numbers of a process: as who it acts; which person it is through all its
        incarnations, or 0; and its incarnation, where only the order counts, and which one is the
        first."""
        p = decode(process)
        person, acceptors = 0, len(self.survey.header.cluster.acceptors)
        life = self._life(p)
        if p.role == "acceptor":
            actor = person = self.numbers.acceptor(p.id)
        elif p.role == "proposer":
            actor = self.numbers.proposer(p.id)
            person = acceptors + actor
        elif p.role == "learner":
            actor = self.numbers.learner(p.member)
            if self.numbers.lives[p.member] in self.numbers.keeps:
                person = acceptors + len(self.numbers.proposers) + actor
                life = self._restarts(p)
        else:
            actor = self.clients + self.numbers.clients.get(p.member, 0)
        found = self.actors[process] = actor, person, life
        return found

    def _life(self, p: Process) -> int:
        """Which incarnation of its id this is, from 1."""
        known = self.numbers.incarnations.get((p.role, p.id), [1])
        if min(known) < FROM_A_CLOCK:
            known = [1, *known]
        return 1 + len({n for n in known if n < p.incarnation})

    def _restarts(self, p: Process) -> int:
        """Which incarnation of a learner with checkpoints this is, from 1; 0: it is of before."""
        lives = self.numbers.lives
        same = {member(m)[1] for m, life in lives.items() if life == lives[p.member]}
        first = member(lives[p.member])[1]
        return len({n for n in same if first <= n <= p.incarnation})

    # -- numbers --------------------------------------------------------------------------------
    def values(self, ranges: Any) -> Values:
        known, shift = self.numbers.ranges, self.shift
        return tuple(known[r] + shift for r in ranges)

    def batch(self, values: Values) -> int:
        return self.tables.batches.number(values)

    def quorum(self, quorum: Any) -> int:
        return self.tables.quorums.number(tuple(self.numbers.acceptor(a) for a in quorum or ()))

    def said(self, votes: Any) -> tuple[Said, ...]:
        n = self.numbers
        return tuple((n.instance(i), n.ballot(b), self.values(batch)) for i, b, batch in votes)

    def list_(self, said: tuple[Said, ...]) -> int:
        return self.tables.lists.number(said)

    # -- one method per event -------------------------------------------------------------------
    def _broadcast(self, c: int, e: Broadcast) -> list[Row]:
        values = self.values(e.values)
        for v in values:
            self.mirror.broadcast(v)
        return [(BROADCAST, c, v) for v in values]

    def _phase1a(self, p: int, e: Phase1a) -> list[Row]:
        n = self.numbers
        b, first, last = n.ballot(e.ballot), n.instance(e.first), n.instance(e.last)
        waits = 0 if self.survey.header.constants.prepare_ahead else next(self.witnesses)
        self.mirror.phase1a(p, b, first, last)
        return [(PHASE1A, p, b, first, last, waits + self.shift if waits else 0)]

    def _phase1b(self, a: int, e: Phase1b) -> list[Row]:
        n = self.numbers
        b, first, last = n.ballot(e.ballot), n.instance(e.first), n.instance(e.last)
        said = self.said(e.votes)
        self.mirror.phase1b(a, b, first, last, said)
        return [(PHASE1B, a, b, first, last, self.list_(said))]

    def _phase2a(self, p: int, e: Phase2a) -> list[Row]:
        b, i = self.numbers.ballot(e.ballot), self.numbers.instance(e.instance)
        values = self.values(e.batch)
        self.mirror.phase2a(b, i, values)
        return [(PHASE2A, p, b, i, self.batch(values), self.quorum(e.quorum))]

    def _phase2b(self, a: int, e: Phase2b) -> list[Row]:
        b, i = self.numbers.ballot(e.ballot), self.numbers.instance(e.instance)
        self.mirror.phase2b(a, b, i)
        return [(PHASE2B, a, b, i)]

    def _decide(self, p: int, e: Decide) -> list[Row]:
        b, i = self.numbers.ballot(e.ballot), self.numbers.instance(e.instance)
        self.mirror.decide(b, i)
        return [(DECIDE, b, i, self.quorum(e.quorum))]

    def _learn(self, me: int, e: Learn) -> list[Row]:
        b, i = self.numbers.ballot(e.ballot), self.numbers.instance(e.instance)
        values = self.values(e.batch)
        self.mirror.learn(me, b, i, values)
        return [(LEARN, me, b, i, self.batch(values), self.quorum(e.quorum))]

    def _deliver(self, me: int, e: Deliver) -> list[Row]:
        i, values = self.numbers.instance(e.instance), self.values(e.values)
        self.mirror.deliver(me, i, values, sum(r[2] for r in e.values))
        if self.survey.header.constants.checkpoints:
            for r in e.values:
                self.mirror.begin(self.clients + self.numbers.clients[r[0]], i)
        return [(DELIVER, me, i, self.batch(values), min(e.position, LARGEST))]

    def _place(self, e: OfSnapshot) -> Place:
        return self.numbers.instance(e.instance), min(e.position, LARGEST)

    def _take(self, me: int, e: TakeSnapshot) -> list[Row]:
        place = self._place(e)
        self.mirror.take(me, place)
        return [(TAKE, me, *place)]

    def _checkpoint(self, me: int, e: Checkpoint) -> list[Row]:
        self.mirror.keep(me)
        return [(CHECKPOINT, me, *self._place(e)), *self._leave(me, e)]

    def _leave(self, me: int, e: OfSnapshot) -> list[Row]:
        """A checkpoint that a later life of the learner goes on from, as the run shows further on:
        so this one gives it, which no trace says."""
        number = decode(e.process).id
        if (number, e.instance, e.position) not in self.numbers.inherited:
            return []
        place, giver = self._place(e), self.numbers.left(number)
        if place != self.mirror.kept.get(me):
            return []  # it does not have it, for which it is rejected
        self.mirror.offer(giver, place)
        return [(SEND, me, *place, giver)]

    def _restart(self, me: int, e: Restart) -> list[Row]:
        """First the row of what no trace has: that the snapshot was durable."""
        mirror, place, rows = self.mirror, self._place(e), list[Row]()
        if place != mirror.kept.get(me):
            most = len(self.numbers.givers)
            giver = mirror.given(place, most) if place[0] > mirror.prefix.get(me, 0) else 0
            if place == mirror.taken.get(me):
                rows.append((KEPT, me))
                mirror.keep(me)
            elif giver:
                rows.append((GIVEN, me, giver, *place))
                mirror.install(me, place)
        mirror.go_back(me)
        return [*rows, (RESTART, me, *place), *self._leave(me, e)]

    def _send(self, me: int, e: SendSnapshot) -> list[Row]:
        place, giver = self._place(e), self.numbers.giver(decode(e.process).id)
        self.mirror.offer(giver, place)
        return [(SEND, me, *place, giver)]

    def _install(self, me: int, e: InstallSnapshot) -> list[Row]:
        place, giver = self._place(e), self.numbers.giver(e.giver)
        if e.giver == decode(e.process).id:
            left = self.numbers.left(e.giver)
            giver = left if (left, *place) in self.mirror.offered else giver
        self.mirror.install(me, place)
        return [(INSTALL, me, giver, *place), *self._leave(me, e)]

    def _trim(self, a: int, e: Trim) -> list[Row]:
        return self._trim_to(a, self.numbers.instance(e.last))

    def _trim_to(self, a: int, i: int) -> list[Row]:
        self.mirror.trim(a, i)
        return [(TRIM, a, i)]

    def _recover(self, actor: int, e: Recover) -> list[Row]:
        process = decode(e.process)
        if process.role == "proposer":
            b = 0 if e.round is UNSET else self.numbers.ballot((e.round, process.id))
            self.mirror.resume(actor, b)
            return [(RESUME, actor, b)]
        if process.role != "acceptor":
            return [(RETURN, self._life(process), min(e.seq, LARGEST))]
        return self._acceptor_recovers(actor, e)

    def _acceptor_recovers(self, a: int, e: Recover) -> list[Row]:
        """First the rows of what no trace has: votes, by ballot, then promises, then the
        trimming. A vote in an instance that the trace has trimmed gets no row, since the acceptor
        should not have it. If the list has two votes in one instance, no vote of it gets a row."""
        mirror, rows = self.mirror, []
        promised = 0 if e.promised is UNSET else self.numbers.ballot(e.promised)
        said = self.said(e.votes or ())
        kept = {i: (b, values) for i, b, values in said}
        trimmed = self.numbers.instance(e.trimmed) if e.trimmed else 0
        promises = self._promises(e, trimmed)
        if len(kept) < len(said):
            return [self._recover_row(a, promised, said, trimmed, promises)]
        unseen = sorted(
            (vote[0], i)
            for i, vote in kept.items()
            if i > mirror.trimmed.get(a, 0) and mirror.vote_of(a, i) != vote
        )
        for b, i in unseen:
            rows += self._unseen(a, b, i)
        for i, b in promises if mirror.scope == "instance" else [(0, promised)]:
            if b > mirror.promised_in(a, i):
                rows.append((PROMISE, a, b, i))
                mirror.promise(a, b, i)
        if trimmed > mirror.trimmed.get(a, 0):
            rows += self._trim_to(a, trimmed)
        said = tuple((i, b, values) for i, (b, values) in sorted(kept.items()))
        return [*rows, self._recover_row(a, promised, said, trimmed, promises)]

    def _promises(self, e: Recover, trimmed: int) -> list[tuple[int, int]]:
        """The promises that came back where each instance has its own, but for those in instances
        that are trimmed."""
        number = self.numbers.instance
        return [
            (i, self.numbers.ballot(b))
            for first, last, b in e.promises or ()
            for i in range(max(number(first), trimmed + 1), number(last) + 1)
        ]

    def _recover_row(
        self, a: int, promised: int, said: tuple[Said, ...], trimmed: int, promises: Any
    ) -> Row:
        listed = self.tables.promises.number(tuple(promises))
        return (RECOVER, a, promised, self.list_(said), trimmed, listed)

    def _unseen(self, a: int, b: int, i: int) -> list[Row]:
        """A vote that only a recovery shows. Synod has no action for it but the vote itself."""
        self.mirror.phase2b(a, b, i)
        if self.survey.header.spec == "Synod":
            return [(PHASE2B, a, b, i)]
        return [(UNSEEN, a, b, i), (REPEAT, a, i)]
