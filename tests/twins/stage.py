"""The roles of the core on one stage, from their start, and the messages that they have sent.

A step of a schedule is asked for by giving one role what should make it take exactly that step. A
message that was sent can be heard at any time and as often as wanted, as in the specification. The
stage decides nothing: what the roles do is recorded, in the terms of the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from conformance.statespace.graph import NO_VOTE, Batch, Label, Message, Vote
from paxos.core import events, messages
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.learner import Learner
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.step import PromiseWrite, Step, VoteWrite
from tests.statespace.cast import Cast
from tests.twins.schedule import Schedule

NOW_S = 10.0


class Disk:
    """What an acceptor has made durable."""

    def __init__(self) -> None:
        self.promised = NO_BALLOT
        self.votes: dict[int, messages.Vote] = {}

    def save(self, step: Step) -> None:
        for write in step.writes:
            if isinstance(write, PromiseWrite):
                self.promised = write.ballot
            elif isinstance(write, VoteWrite):
                self.promised = max(self.promised, write.vote.ballot)
                self.votes[write.vote.instance] = write.vote


class Stage:
    """All processes of a model. A class may be given in place of the core's."""

    def __init__(
        self,
        of: Schedule,
        acceptor: Callable[..., Acceptor] = Acceptor,
        proposer: Callable[..., Proposer] = Proposer,
        learner: Callable[..., Learner] = Learner,
    ) -> None:
        self.cast, self.bounds, self._labels = Cast(of.bounds), of.bounds, of.labels
        self._settings = replace(self.cast.settings, window=of.bounds.instances)
        self._acceptor, self._proposer = acceptor, proposer
        self.acceptors = {
            a: acceptor(self._settings, NO_BALLOT, {}) for a in range(1, of.bounds.acceptors + 1)
        }
        self.disks = {a: Disk() for a in self.acceptors}
        self.learners = {
            x: learner(self._settings, NOW_S) for x in range(1, of.bounds.learners + 1)
        }
        # A proposer has one ballot; with the next it is another incarnation.
        self.leaders: dict[int, Proposer] = {}
        self.broadcast: set[str] = set()
        self.sent: dict[Message, tuple[int, messages.Message]] = {}
        self.learned: dict[int, dict[int, Vote]] = {x: {} for x in self.learners}
        self.delivered: dict[int, Batch] = dict.fromkeys(self.learners, ())

    def do(self, label: Label) -> list[Label]:
        """Ask for a step: the steps that were taken, which may be others, more, or none."""
        return getattr(self, f"_{label[0].lower()}")(*label[1:])  # type: ignore[no-any-return]

    def shows(self) -> dict[str, Any]:
        """What the roles hold and have sent, by the specification's variables."""
        instances = range(1, self.bounds.instances + 1)
        return {
            "broadcast": frozenset(self.broadcast),
            "msgs": frozenset(self.sent),
            "promised": tuple(self.cast.number(a.promised) for a in self.acceptors.values()),
            "vote": tuple(
                tuple(self._vote(a.votes.get(i)) for i in instances)
                for a in self.acceptors.values()
            ),
            "learned": tuple(
                tuple(votes.get(i, NO_VOTE) for i in instances) for votes in self.learned.values()
            ),
            "delivered": tuple(self.delivered.values()),
        }

    def _vote(self, vote: messages.Vote | None) -> Vote:
        if vote is None:
            return NO_VOTE
        return self.cast.number(vote.ballot), self.cast.batch(vote.batch)

    # What a step is asked for with.

    def _broadcast(self, v: str) -> list[Label]:
        client = self.cast.client(v)
        client.submit([v.encode()], NOW_S)
        return self._record(client, 0)

    def _phase1a(self, b: int, f: int, t: int) -> list[Label]:
        if b not in self.leaders:
            r, p = self.cast.ballot(b)
            leader = self._proposer(self._settings, p, 0.0, r - 1)
            if not self.bounds.ahead:  # then only a value that waits makes it ask
                self._submit(leader, self._to_propose(b))
            leader.tick(leader.election.due_s)
            self.leaders[b] = leader
        return self._record(self.leaders[b], self.leaders[b].id)

    def _to_propose(self, b: int) -> Batch:
        """What ballot b will propose, so that its leader has it; otherwise something."""
        found = (label[3] for label in self._labels if label[:2] == ("Phase2a", b))
        return next(found, tuple(sorted(self.broadcast)[:1]))

    def _submit(self, leader: Proposer, batch: Batch) -> None:
        leader.receive(1, messages.Submit(self.cast.some(batch)), NOW_S)

    def _wants(self, leader: Proposer, batch: Batch, i: int) -> None:
        """It has a value to propose, or none and an instance to fill, which others have begun."""
        if batch:
            self._submit(leader, batch)
        else:
            leader.receive(1, messages.Heartbeat(Ballot(0, 1), i), NOW_S)

    def _phase1b(self, a: int, b: int, f: int, t: int) -> list[Label]:
        return self._hears(self.acceptors[a], a, [("1a", b, f, t)])

    def _phase2a(self, b: int, i: int, batch: Batch, q: tuple[int, ...]) -> list[Label]:
        leader = self.leaders[b]
        if any(m[:3] == ("2a", b, i) for m in self.sent):  # again: it has heard no answer
            self._wants(leader, batch, i)
            leader.tick(NOW_S + leader.settings.retry_s + 5)
            return self._record(leader, leader.id)
        if self.bounds.ahead:
            self._wants(leader, batch, i)
        heard = []
        for a in q:
            promises = [m for m in self.sent if m[:2] == ("1b", a) and m[3] <= i <= m[4]]
            own = [m for m in promises if m[2] == b]
            heard += (own or promises)[-1:]
        return self._hears(leader, leader.id, heard)

    def _phase2b(self, a: int, b: int, i: int) -> list[Label]:
        # A ballot that proposes twice proposed the second first to some.
        proposed = [m for m in self.sent if m[:3] == ("2a", b, i)]
        return self._hears(self.acceptors[a], a, proposed[:1])

    def _decide(self, b: int, i: int, q: tuple[int, ...]) -> list[Label]:
        leader = self.leaders[b]
        return self._hears(leader, leader.id, [("2b", a, b, i) for a in q])

    def _learn(self, x: int, b: int, i: int, q: tuple[int, ...]) -> list[Label]:
        if not self.bounds.direct:
            return self._hears(self.learners[x], x, [("Decide", b, i)])
        votes = [m for m in self.sent if m[0] == "2b" and m[1] in q and m[3] == i]
        proposed = [m for m in self.sent if m[:3] == ("2a", b, i)]
        return self._hears(self.learners[x], x, [*votes, *proposed])

    def _recover(self, a: int) -> list[Label]:
        """It crashes, and comes back with what it had made durable."""
        disk = self.disks[a]
        self.acceptors[a] = self._acceptor(self._settings, disk.promised, dict(disk.votes))
        return [("Recover", a), *self._record(self.acceptors[a], a)]

    def _hears(self, role: Role, who: int, heard: Iterable[Message]) -> list[Label]:
        for m in heard:
            if m in self.sent:
                role.receive(*self.sent[m], NOW_S)
        return self._record(role, who)

    # What came of it.

    def _record(self, role: Role, who: int) -> list[Label]:
        step = role.flush(NOW_S)
        if isinstance(role, Acceptor):
            self.disks[who].save(step)
        taken = []
        for event in step.events:
            label = self.cast.label(event, who)
            if label is not None:
                taken.append(label)
                self._note(event, who)
        for _, message in step.sends:
            sent = self.cast.sent(message, who)
            if sent is not None:
                self.sent.setdefault(sent, (who, message))
        return taken

    def _note(self, event: events.Event, who: int) -> None:
        if isinstance(event, events.Broadcast):
            self.broadcast.update(self.cast.names(event.values))
        elif isinstance(event, events.Learn):
            vote = self.cast.number(event.ballot), self.cast.names(event.batch)
            self.learned[who][event.instance] = vote
        elif isinstance(event, events.Deliver):
            self.delivered[who] += self.cast.names(event.values)
