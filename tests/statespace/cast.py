"""The roles of the core, built so that they are in a given state of the specification, and what
they say, in its terms.

What the specification has no variable for is free: which instance a proposer turns to next, what
it has heard of. A role is built with what leads to the step wanted, and never with knowledge that
nobody could have told it in that state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from msgspec import UNSET

from conformance.statespace.graph import BEGINNING, NO_VOTE, Batch, Bounds, Label, Message, State
from conformance.statespace.graph import Snapshot as Kept
from conformance.statespace.turns import before
from paxos.core import events, messages
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.batch import Packet, describe, encode_batch, pack
from paxos.core.checkpoint import Snapshot
from paxos.core.client import Client
from paxos.core.client_table import ClientTable
from paxos.core.keeping import Place
from paxos.core.learner import Learner
from paxos.core.phase1 import Phase1
from paxos.core.phase2 import Phase2
from paxos.core.proposer import Proposer
from paxos.core.settings import Settings
from paxos.core.step import Step

NOW_S = 10.0


class Cast:
    """Builds roles for states of a graph. Value v1 is the first of client 1.1, v2 of 2.1, ...; with
    FIFO, v1 and v2 are the first ones of client 1.1, v3 and v4 of 2.1; with sessions, v1 is the
    first of client 1.1, v2 of 1.2, ..."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.settings = Settings(
            acceptors=bounds.acceptors,
            phase1_quorum=bounds.least(1),
            phase2_quorum=bounds.least(2),
            learners=bounds.learners,
            retain_instances=0,
            synod=bounds.spec == "Synod",
            direct_learning=bounds.direct,
            prepare_ahead=bounds.ahead,
            max_batch=bounds.max_batch,
            window=1,
            fifo=bounds.fifo,
            checkpoints=bounds.checkpoints,
            checkpoint_instances=1,
        )
        each = 2 if bounds.fifo else 1  # values of a client
        self.packets = {
            v: pack(
                f"1.{k + 1}" if bounds.checkpoints else f"{k // each + 1}.1",
                k % each + 1,
                [v.encode()],
            )
            for k, v in enumerate(bounds.names())
        }
        self._names = {describe([p])[0]: v for v, p in self.packets.items()}
        self._names_of_bytes = {encode_batch([self.packets[v] for v in b]): b for b in self._all()}

    def _all(self) -> list[Batch]:
        return [(), *self.bounds.batches()]

    # From the specification's terms.

    def ballot(self, b: int) -> Ballot:
        return Ballot(self.bounds.round(b), self.bounds.owner(b)) if b else NO_BALLOT

    def some(self, batch: Batch) -> list[Packet]:
        return [self.packets[v] for v in batch]

    def encoded(self, batch: Batch) -> bytes:
        return encode_batch(self.some(batch))

    def votes(self, votes: Iterable[tuple[int, int, Batch]]) -> list[messages.Vote]:
        return [messages.Vote(i, self.ballot(b), self.encoded(x)) for i, b, x in sorted(votes)]

    def message(self, m: Message, state: State) -> tuple[int, messages.Message]:
        """Its sender, and the message as it is on the wire."""
        match m:
            case "1a", b, first, last:
                return self.bounds.owner(b), messages.Prepare(self.ballot(b), first, last)
            case "1b", a, b, first, last, votes:
                return a, messages.Promise(self.ballot(b), first, last, self.votes(votes))
            case "2a", b, i, batch:
                accept = messages.Accept(self.ballot(b), i, self.encoded(batch))
                return self.bounds.owner(b), accept
            case "2b", a, b, i:
                return a, messages.Accepted(self.ballot(b), i)
            case "Decide", b, i:
                batch = self.encoded(batch_of(state, b, i))
                return self.bounds.owner(b), messages.Decide(self.ballot(b), i, batch)
        raise ValueError(f"no such message: {m}")

    # Roles.

    def acceptor(self, a: int, state: State, **settings: Any) -> Acceptor:
        """As it comes back from its stable storage."""
        votes = {
            i: messages.Vote(i, self.ballot(b), self.encoded(batch))
            for i, (b, batch) in enumerate(state.vote[a - 1], 1)
            if b
        }
        promised = self.ballot(state.promised[a - 1])
        return Acceptor(replace(self.settings, **settings), promised, votes, state.trimmed[a - 1])

    def leader(self, b: int, state: State, **settings: Any) -> Proposer:
        """The owner of ballot b, that has begun to lead with it and has proposed what it has; its
        requests are answered, and it turns to no instance of the model next."""
        r, p = self.ballot(b)
        proposer = Proposer(replace(self.settings, **settings), p, 0.0, r - 1)
        proposer.tick(proposer.election.due_s)
        if proposer.election.ballot != (r, p):
            raise ValueError(f"it leads with {proposer.election.ballot}, not {(r, p)}")
        proposer.step = Step()
        proposer.election.due_s = 1e9
        for _, _, i, batch in own(state, "2a", b):
            proposer.proposed.add(i, i)
            proposer.top = max(proposer.top, i)
            proposer.backlog.mark_proposed(self.some(batch), NOW_S)
        proposer.phase1.next = self.bounds.instances + 1
        return proposer

    def ask(self, proposer: Proposer, first: int, last: int) -> None:
        """It has asked for promises for a range, and waits."""
        proposer.phase1.open[first] = Phase1(first, last, NOW_S, 1.0)

    def propose(self, proposer: Proposer, i: int, batch: Batch) -> None:
        """It has proposed a batch, and waits for votes."""
        proposer.phase2.open[i] = Phase2(self.encoded(batch), self.some(batch))

    def learner(self, x: int, state: State) -> Learner:
        keeps = x <= self.bounds.keeps
        learner = Learner(self.settings, 0.0, x, keeps=keeps, shares=keeps)
        self._deliver(learner, state.prefix[x - 1], state.delivered[x - 1])
        if learner.keeping:
            learner.keeping.kept = place(state.checkpoint[x - 1])
            taken = state.taken[x - 1]
            learner.keeping.taken = place(taken) if taken != BEGINNING else None
        for i, (_, batch) in enumerate(state.learned[x - 1], 1):
            # Nothing is kept of what is delivered; in a Synod, learning is delivering.
            if state.learned[x - 1][i - 1] != NO_VOTE and i > learner.prefix:
                if self.settings.synod:
                    learner.prefix = 1
                else:
                    learner.learned[i] = self.some(batch), describe(self.some(batch))
        return learner

    def _deliver(self, learner: Learner, prefix: int, values: Batch) -> None:
        """It has delivered these."""
        learner.prefix = prefix
        for v in values:
            packet = self.packets[v]
            learner.table.add(packet.client, packet.first, packet.last)
            learner.position += 1
            learner.delivered_bytes += len(packet.payload)

    def snapshot(self, kept: Kept) -> Snapshot:
        """As who has delivered that much would take it."""
        learner = Learner(self.settings, 0.0)
        self._deliver(learner, kept[0], kept[1])
        return learner.snapshot()

    def table(self, values: Batch) -> list[messages.Span]:
        """The client table of who has delivered these."""
        table = ClientTable(self.settings)
        for v in values:
            packet = self.packets[v]
            table.add(packet.client, packet.first, packet.last)
        return table.spans()

    def back(self, x: int, kept: Kept) -> Learner:
        """A learner that comes back with a checkpoint, and says so."""
        learner = Learner(
            self.settings, NOW_S, x, keeps=True, shares=True, snapshot=self.snapshot(kept)
        )
        learner.come_back()
        learner.tick(NOW_S)
        return learner

    def client(self, v: str) -> Client:
        client = Client(self.settings, self.packets[v].client, 0.0)
        for earlier in before(self.bounds, v):
            client.submit([earlier.encode()], NOW_S)
            client.flush(NOW_S)
        return client

    # To the specification's terms.

    def number(self, ballot: Ballot) -> int:
        r, p = ballot
        return (r - 1) * self.bounds.proposers + p if r else 0

    def names(self, ranges: Iterable[Any]) -> Batch:
        return tuple(self._names[tuple(r)] for r in ranges)

    def batch(self, batch: bytes) -> Batch:
        return self._names_of_bytes[batch]

    def label(self, event: events.Event, who: int, msgs: Iterable[Message] = ()) -> Label | None:
        """The step that an event is; None if it is beyond the instances of the model. Of a snapshot
        that is installed, `msgs` says which it was."""
        most = self.bounds.instances
        match event:
            case events.Broadcast():
                return "Broadcast", *self.names(event.values)
            case events.Phase1a(ballot=b, first=f, last=t):
                return ("Phase1a", self.number(b), f, t) if f <= most else None
            case events.Phase1b(ballot=b, first=f, last=t):
                return "Phase1b", who, self.number(b), f, t
            case events.Phase2a(ballot=b, instance=i, batch=batch, quorum=q):
                return "Phase2a", self.number(b), i, self.names(batch), tuple(q)
            case events.Phase2b(ballot=b, instance=i):
                return "Phase2b", who, self.number(b), i
            case events.Decide(ballot=b, instance=i, quorum=q):
                return "Decide", self.number(b), i, tuple(q)
            case events.Learn(ballot=b, instance=i, quorum=q):
                return "Learn", who, self.number(b), i, () if q is UNSET else tuple(q)
            case events.Deliver(instance=i):
                return "Deliver", who, i
            case events.InstallSnapshot(instance=i, position=n):
                given = [m for m in msgs if m[0] == "Snapshot"]
                found = [m for m in given if (m[1], len(m[2])) == (i, n)]
                return "InstallSnapshot", who, found[0] if found else (i, n)
            case (
                events.TakeSnapshot()
                | events.Checkpoint()
                | events.Restart()
                | events.SendSnapshot()
            ):
                return type(event).__name__, who
            case events.Trim(last=i):
                return "Trim", who, i
        raise ValueError(f"no such event: {event}")

    def delivered(self, packets: Iterable[Packet]) -> list[str]:
        return list(self.names(describe(list(packets))))

    def sent(self, message: messages.Message, who: int) -> Message | None:
        """The specification's message that was sent; None if it has none for that, or if it is
        beyond the instances of the model."""
        most = self.bounds.instances
        match message:
            case messages.Prepare(ballot=b, first=f, last=t):
                return ("1a", self.number(b), f, t) if f <= most else None
            case messages.Promise(ballot=b, first=f, last=t, votes=votes):
                said = {(v.instance, self.number(v.ballot), self.batch(v.batch)) for v in votes}
                return "1b", who, self.number(b), f, t, frozenset(said)
            case messages.Accept(ballot=b, instance=i, batch=batch):
                return "2a", self.number(b), i, self.batch(batch)
            case messages.Accepted(ballot=b, instance=i, more=0):
                return "2b", who, self.number(b), i
            case messages.Decide(ballot=b, instance=i):
                return "Decide", self.number(b), i
        return None


def place(kept: Kept) -> Place:
    return Place(kept[0], len(kept[1]))


def own(state: State, kind: str, b: int) -> list[Message]:
    """The messages of one kind in one ballot."""
    at = 2 if kind in ("1b", "2b") else 1
    found = [m for m in state.msgs if m[0] == kind and m[at] == b]
    return sorted(found, key=repr)


def batch_of(state: State, b: int, i: int) -> Batch:
    """BatchOf(b, i)"""
    return next(m[3] for m in state.msgs if m[0] == "2a" and m[1] == b and m[2] == i)
