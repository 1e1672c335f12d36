"""Holds what a role does against the graph: its events must be steps from the state it was in,
and what it sends, stores, delivers and keeps must be what these steps say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from conformance.statespace.graph import NO_VOTE, Label, Message, Snapshot, State
from paxos.core import events, messages
from paxos.core.acceptor import Acceptor
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.messages import Group
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.step import Step
from paxos.runtime.storage import MemoryStorage
from tests.statespace.cast import Cast


class Steps(Protocol):
    """The steps that the specification allows: a graph, or one that is made on the way."""

    def state(self, node: Any) -> State: ...
    def step(self, node: Any, label: Label) -> Any: ...

    # The state after a step, None if that is not allowed.


class Wrong(AssertionError):
    """A role did what the specification does not allow, or not what it must."""


TO: dict[str, set[Group]] = {
    "1a": {Group.ACCEPTORS},
    "1b": {Group.PROPOSERS},
    "2a": {Group.ACCEPTORS},
    "2b": {Group.PROPOSERS},
    "Decide": {Group.LEARNERS},
}
"""Who gets which message; learners that learn from votes get 2a and 2b too."""


class Walk:
    """One role, from one state on, by what it does."""

    def __init__(self, cast: Cast, steps: Steps, node: Any, role: Role, who: int) -> None:
        self.cast, self.steps = cast, steps
        self.node, self.role, self.who = node, role, who
        self.start: State = steps.state(node)
        self.taken: list[tuple[Any, Label]] = []  # where, which
        self.beyond: set[Message] = set()  # said, but left out of the graph
        self.disk = MemoryStorage()
        if isinstance(role, Acceptor):
            self.disk.promised, self.disk.votes = role.promised, dict(role.votes)
            self.disk.trimmed = role.trimmed

    @property
    def state(self) -> State:
        return self.steps.state(self.node)

    def follow(self, step: Step) -> list[Label]:
        """What the role did: the steps it took. Raises Wrong."""
        delivered: list[str] = []
        for event in step.events:
            label = self.cast.label(event, self.who, self.state.msgs)
            if label is None:
                continue
            before, target = self.state, self.steps.step(self.node, label)
            if target is None and self._is_one_too_many(label, before):
                self.beyond.add(("1a", *label[1:]))
                continue
            if target is None:
                raise Wrong(f"{label} is no step from {before}")
            self.taken.append((self.node, label))
            self.node = target
            self._says(event, before)
            if isinstance(event, events.Deliver):
                delivered += self.cast.names(event.values)
        if step.taken:
            _, values, _ = self.state.taken[self.who - 1]
            self._equal("table taken", step.taken.snapshot.clients, self.cast.table(values))
        self._sends(step)
        self._stores(step)
        if not self.cast.settings.synod:
            self._equal(
                "delivered", self.cast.delivered(d.packet for d in step.deliveries), delivered
            )
        self._keeps()
        return [label for _, label in self.taken]

    def _is_one_too_many(self, label: Label, state: State) -> bool:
        """Whether it is a question beyond those that the graph is made for."""
        asked = sum(m[0] == "1a" for m in state.msgs)
        return bool(label[0] == "Phase1a" and asked >= self.cast.bounds.requests)

    def _equal(self, what: str, found: Any, due: Any) -> None:
        if found != due:
            raise Wrong(f"{what}: {found}, not {due}, after {self.taken} from {self.start}")

    def _says(self, event: events.Event, before: State) -> None:
        """What an event says beyond the step's parameters."""
        match event:
            case events.Phase1b(first=f, last=t, votes=votes):
                said = {(i, self.cast.number(b), self.cast.names(x)) for i, b, x in votes}
                have = enumerate(before.vote[self.who - 1], 1)
                due = {(i, *v) for i, v in have if f <= i <= t and v != NO_VOTE}
                self._equal("votes reported", said, due)
            case events.Learn(instance=i, batch=batch):
                due_batch = self.state.learned[self.who - 1][i - 1][1]
                self._equal("batch learned", self.cast.names(batch), due_batch)
            case events.TakeSnapshot(instance=i, position=position):
                self._equal("taken", (i, position), at(self.state.taken[self.who - 1]))
            case events.Checkpoint(instance=i, position=position):
                self._equal("checkpoint", (i, position), at(self.state.checkpoint[self.who - 1]))
            case (
                events.Restart(instance=i, position=position)
                | events.SendSnapshot(instance=i, position=position)
            ):
                self._equal("checkpoint", (i, position), at(before.checkpoint[self.who - 1]))
            case events.Deliver(position=position, values=values):
                had = before.delivered[self.who - 1]
                self._equal("position", position, len(had) + 1)
                new = self.state.delivered[self.who - 1][len(had) :]
                self._equal("values", self.cast.names(values), new)

    def _sends(self, step: Step) -> None:
        """Each new message of the steps is sent, and no message that was not sent by then."""
        groups: dict[Message, set[Group]] = {}
        by_acceptors = set[Message]()  # the learners need not hear these from the leader
        for group, message in step.sends:
            sent = self.cast.sent(message, self.who)
            if sent is not None and sent not in self.beyond:
                groups.setdefault(sent, set()).add(group)
                if isinstance(message, messages.Accept) and message.teller:
                    by_acceptors.add(sent)
            if isinstance(message, messages.Decide):
                batch = self.cast.batch(message.batch)
                proposed = ("2a", self.cast.number(message.ballot), message.instance, batch)
                self._equal("batch decided", proposed in self.state.msgs or sent is None, True)
        self._equal("sent without a step", set(groups) - self.state.msgs, set())
        told = self._told(step)
        due = self.state.msgs - self.start.msgs - set(groups)
        due -= {("Delivered", self.who, i) for i in range(1, told + 1)}
        kept = self._needless(step)  # they hear of one checkpoint, the newest
        due -= {m for m in due if m[0] == "Checkpointed" and m[2] <= kept}
        if any(isinstance(event, events.SendSnapshot) for event in step.events):
            due -= {m for m in due if m[0] == "Snapshot"}  # it goes in parts
        self._equal("not sent", due, set())
        for sent, reached in groups.items():
            learns = self.cast.bounds.direct and sent[0] in ("2a", "2b")
            reaches = {Group.LEARNERS} if learns and sent not in by_acceptors else set()
            self._equal(f"{sent} to", reached, TO[sent[0]] | reaches)

    def _told(self, step: Step) -> int:
        """How far a learner has told the acceptors that it delivered: it need not tell of each
        instance for itself."""
        told = max(
            (m.prefix for group, m in step.sends
             if isinstance(m, messages.Delivered) and group is Group.ACCEPTORS),
            default=0,
        )  # fmt: skip
        if told and not self.cast.settings.synod and told != self.state.prefix[self.who - 1]:
            raise Wrong(f"it says that it delivered up to {told} in {self.state}")
        return told

    def _needless(self, step: Step) -> int:
        """Which checkpoint a learner has told the acceptors of."""
        needless = [m.needless or 0 for _, m in step.sends if isinstance(m, messages.Delivered)]
        told = max(needless, default=0)
        said = [m[2] for m in self.state.msgs if m[0] == "Checkpointed" and m[1] == self.who]
        if told > max(said, default=0):
            raise Wrong(f"it says that it has a checkpoint of {told} in {self.state}")
        return told

    def _stores(self, step: Step) -> None:
        """What an acceptor made durable is what the state says; others make nothing durable."""
        self.disk.save(step.writes)
        if not isinstance(self.role, Acceptor):
            self._equal("writes", step.writes, [])
            return
        self._equal("promise stored", self.cast.number(self.disk.promised), self._promised())
        self._equal("votes stored", self._votes(self.disk.votes), self._voted())
        self._equal("trimming stored", self.disk.trimmed, self.state.trimmed[self.who - 1])
        if self.state == self.start:
            self._equal("writes", step.writes, [])

    def _keeps(self) -> None:
        """The role's variables are those of the state."""
        role = self.role
        if isinstance(role, Acceptor):
            self._equal("promise", self.cast.number(role.promised), self._promised())
            self._equal("votes", self._votes(role.votes), self._voted())
            self._equal("trimmed", role.trimmed, self.state.trimmed[self.who - 1])
        elif isinstance(role, Learner) and not self.cast.settings.synod:
            self._equal("prefix", role.prefix, self.state.prefix[self.who - 1])
            self._equal("values", role.position, len(self.state.delivered[self.who - 1]))
            if role.keeping:
                taken, kept = role.keeping.taken, role.keeping.kept
                places = at(self.state.taken[self.who - 1]), at(self.state.checkpoint[self.who - 1])
                found = (taken.prefix, taken.position) if taken else (0, 0)
                self._equal("taken, kept", (found, (kept.prefix, kept.position)), places)
            learned = {
                i: batch
                for i, (b, batch) in enumerate(self.state.learned[self.who - 1], 1)
                if b and i > role.prefix
            }
            held = {i: self.cast.names(ranges) for i, (_, ranges) in role.learned.items()}
            self._equal("learned", held, learned)
        else:
            assert isinstance(role, Client | Proposer | Learner)

    def _promised(self) -> int:
        promised: int = self.state.promised[self.who - 1]  # of the log
        return promised

    def _voted(self) -> dict[int, Any]:
        return {i: v for i, v in enumerate(self.state.vote[self.who - 1], 1) if v != NO_VOTE}

    def _votes(self, votes: Mapping[int, messages.Vote]) -> dict[int, Any]:
        return {i: (self.cast.number(v.ballot), self.cast.batch(v.batch)) for i, v in votes.items()}


def at(snapshot: Snapshot) -> tuple[int, int]:
    """Its instance, and how many values are delivered."""
    return snapshot[0], len(snapshot[1])
