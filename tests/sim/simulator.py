"""A whole cluster in one thread: the real core, a simulated network and clock, one seed.

Messages go through the wire encoding. Each process handles what has arrived as one group, as the
runtime does. Loss, duplication and delay (and so reordering) are drawn per receiver; a crash loses
the inbox and everything that was not durable. What the seed and the arguments are, the run is.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from paxos.core import events
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.batch import decode_batch, describe, unpack
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.messages import Accept, Group, Message, Vote, decode_messages, encode_messages
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.step import PromiseWrite, RoundWrite, Step, VoteWrite

ROLE_OF = {
    Group.CLIENTS: "client",
    Group.PROPOSERS: "proposer",
    Group.ACCEPTORS: "acceptor",
    Group.LEARNERS: "learner",
}


@dataclass(frozen=True)
class Faults:
    """Probabilities per message and receiver; delays in seconds."""

    loss: float = 0.0
    accept_loss: float = 0.0
    """Of Accepts, beyond that: proposals that reach few acceptors make leaders compete."""
    duplicate: float = 0.0
    delay_s: tuple[float, float] = (0.0001, 0.0003)


@dataclass
class Disk:
    """What a process finds when it comes back."""

    promised: Ballot = NO_BALLOT
    votes: dict[int, Vote] = field(default_factory=dict)
    round: int = 0

    def save(self, step: Step) -> None:
        for write in step.writes:
            match write:
                case PromiseWrite(ballot):
                    self.promised = ballot
                case VoteWrite(vote):
                    self.promised = vote.ballot
                    self.votes[vote.instance] = vote
                case RoundWrite(round):
                    self.round = round


class Node:
    """One process: a role, a clock, an inbox."""

    def __init__(self, role_name: str, node_id: int, disk: Disk) -> None:
        self.role_name = role_name
        self.id = node_id
        self.disk = disk
        self.incarnation = 0
        self.role: Role | None = None  # None: crashed
        self.hlc = 0
        self.seq = 0
        self.inbox: list[tuple[int, int, bytes]] = []  # sender's id and clock, datagram
        self.woken = False
        self.next_tick_s = -1.0
        self.output: list[bytes] = []

    @property
    def name(self) -> str:
        return f"{self.role_name}-{self.id}.{self.incarnation}"


class Simulation:
    """A cluster. `observe` is called with each event as it happens, in a causal order."""

    def __init__(
        self,
        seed: int,
        settings: Settings,
        *,
        proposers: int = 2,
        learners: int = 2,
        clients: int = 2,
        faults: Faults | None = None,
        roles: dict[str, Callable[..., Role]] | None = None,
        observe: Callable[[events.Event], None] = lambda event: None,
    ) -> None:
        self.random = random.Random(seed)
        self.settings = settings
        self.faults = faults or Faults()
        self.roles = roles or {}
        """Constructors to use in place of the core's: how bugs are planted."""
        self.now_s = 0.0
        self.observe = observe
        self.groups = {
            "client": range(1, clients + 1),
            "proposer": range(1, proposers + 1),
            "acceptor": range(1, settings.acceptors + 1),
            "learner": range(1, learners + 1),
        }
        self.nodes = {
            (role, i): Node(role, i, Disk()) for role, ids in self.groups.items() for i in ids
        }
        self.cut: set[tuple[str, int]] = set()
        """Processes that neither send nor receive."""
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        for node in self.nodes.values():
            self.start(node)

    # Processes.

    def node(self, role: str, node_id: int) -> Node:
        return self.nodes[role, node_id]

    def start(self, node: Node) -> None:
        """Start a process, or start it again with what its disk holds."""
        node.incarnation += 1
        node.seq, node.hlc, node.inbox, node.output = 0, 0, [], []
        node.next_tick_s = -1.0
        node.role = self._make(node)
        if node.incarnation > 1:
            self._log_recovery(node.role)
        self._flush(node)

    def _log_recovery(self, role: Role) -> None:
        """Say what the process came back with, if it keeps anything."""
        if isinstance(role, Acceptor):
            recover = events.Recover(
                votes=[
                    (v.instance, v.ballot, describe(decode_batch(v.batch)))
                    for _, v in sorted(role.votes.items())
                ]
            )
            if role.promised != NO_BALLOT:
                recover.promised = role.promised
            role.step.events.append(recover)
        elif isinstance(role, Proposer) and role.election.highest != NO_BALLOT:
            role.step.events.append(events.Recover(round=role.election.highest.round))

    def _make(self, node: Node) -> Role:
        make = self.roles.get(node.role_name)
        match node.role_name:
            case "client":
                return (make or Client)(self.settings, f"{node.id}.{node.incarnation}", self.now_s)
            case "proposer":
                return (make or Proposer)(self.settings, node.id, self.now_s, node.disk.round)
            case "acceptor":
                return (make or Acceptor)(self.settings, node.disk.promised, node.disk.votes)
            case _:
                return (make or Learner)(self.settings, self.now_s)

    def crash(self, role: str, node_id: int) -> None:
        self.node(role, node_id).role = None

    def restart(self, role: str, node_id: int) -> None:
        if self.node(role, node_id).role is None:
            self.start(self.node(role, node_id))

    # Time.

    def at(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do `action` after `delay_s`."""
        self._count += 1
        heapq.heappush(self._queue, (self.now_s + delay_s, self._count, action))

    def run(self, until_s: float, done: Callable[[], bool] = lambda: False) -> bool:
        """Run until `done()`, or the time is up; returns whether it is done."""
        while self._queue and self._queue[0][0] <= until_s:
            self.now_s, _, action = heapq.heappop(self._queue)
            action()
            if done():
                return True
        self.now_s = max(self.now_s, until_s)
        return done()

    # One group of messages, or a tick.

    def submit(self, client_id: int, values: list[bytes]) -> None:
        """Have a client broadcast `values`, as fast as it has room for them."""
        node = self.node("client", client_id)
        client = node.role
        if not isinstance(client, Client):
            return
        room = client.room()
        if room:
            client.submit(values[:room], self.now_s)
            self._flush(node)
        if values[room:]:
            self.at(0.001, lambda: self.submit(client_id, values[room:]))

    def _handle(self, node: Node) -> None:
        node.woken = False
        role, inbox, node.inbox = node.role, node.inbox, []
        if role is None:
            return
        for sender, hlc, datagram in inbox:
            node.hlc = max(node.hlc, hlc) + 1
            for message in decode_messages(datagram):
                role.receive(sender, message, self.now_s)
        self._flush(node)

    def _tick(self, node: Node, incarnation: int) -> None:
        if node.role is None or node.incarnation != incarnation:
            return
        node.next_tick_s = -1.0
        node.role.tick(self.now_s)
        self._flush(node)

    def _flush(self, node: Node) -> None:
        """Do the step, in the order of its fields."""
        assert node.role is not None
        step = node.role.flush(self.now_s)
        node.disk.save(step)
        for event in step.events:
            node.seq += 1
            node.hlc = max(node.hlc + 1, int(self.now_s * 1e6) + 1)
            event.process, event.seq, event.hlc = node.name, node.seq, node.hlc
            self.observe(event)
        for packet in step.deliveries:
            node.output.extend(unpack(packet))
        for group, message in step.sends:
            self._send(node, group, message)
        due_s = node.role.deadline_s()
        if due_s < float("inf") and (node.next_tick_s < 0 or due_s < node.next_tick_s):
            node.next_tick_s = due_s
            incarnation = node.incarnation
            self.at(max(0.0, due_s - self.now_s), lambda: self._tick(node, incarnation))

    # The network.

    def _send(self, sender: Node, group: Group, message: Message) -> None:
        if (sender.role_name, sender.id) in self.cut:
            return
        datagram = encode_messages([message])
        assert len(datagram) <= self.settings.message_bytes + 64, "a message too large"
        node_hlc = sender.hlc
        for receiver_id in self.groups[ROLE_OF[group]]:
            receiver = self.node(ROLE_OF[group], receiver_id)
            for delay_s in self._fates(message):
                self.at(delay_s, partial(self._arrive, receiver, sender.id, node_hlc, datagram))

    def _fates(self, message: Message) -> Iterator[float]:
        """The delays after which one receiver gets a message: none, one or two of them."""
        if self.random.random() < self.faults.loss:
            return
        if isinstance(message, Accept) and self.random.random() < self.faults.accept_loss:
            return
        yield self.random.uniform(*self.faults.delay_s)
        if self.random.random() < self.faults.duplicate:
            yield self.random.uniform(*self.faults.delay_s) * 3

    def _arrive(self, node: Node, sender: int, hlc: int, datagram: bytes) -> None:
        if node.role is None or (node.role_name, node.id) in self.cut:
            return
        node.inbox.append((sender, hlc, datagram))
        if not node.woken:
            node.woken = True
            self.at(0.00002, lambda: self._handle(node))

    # What came of it.

    def outputs(self) -> list[list[bytes]]:
        """What each learner has delivered."""
        return [self.node("learner", i).output for i in self.groups["learner"]]
