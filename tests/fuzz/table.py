"""A cluster in one thread, a datagram at a time, with nothing random in it: the real roles, each
behind a real envelope, as a node has them. Hostile datagrams can be given to any of them.
"""

from __future__ import annotations

from collections import Counter, deque

from paxos.core.acceptor import Acceptor
from paxos.core.batch import unpack
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.messages import Group, encode_messages
from paxos.core.names import Member
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.runtime.envelope import PRESENCE, PROTOCOL, Envelope, RejectedError, bodies
from paxos.runtime.freshness import Freshness
from paxos.runtime.hello import encode_about
from paxos.runtime.presence import Presence, Self
from paxos.runtime.questions import Answer, Question

MEMBERS = {"client": 2, "proposer": 2, "acceptor": 3, "learner": 2}
CLUSTER = b"fuzzing!"
STEP_S = 0.0005

SMALL = Settings(
    learners=MEMBERS["learner"],
    retain_instances=4,
    direct_learning=True,
    prepare_ahead=True,
    max_batch=8,
    message_bytes=1_000,
    window=8,
    in_flight=4,
    client_packets=4,
    waiting_packets=40,
    waiting_bytes=3_000,
    ask_instances=8,
    learner_instances=24,
    prepare_instances=16,
    reach_instances=50,
    asked_instances=32,
    promised_instances=64,
    delivered_spans=50,
    open_ballots=2,
    clients=9,
    max_value_bytes=10_000,
    unfinished_values=1,
    outcomes=20,
    chosen_clients=10,
    chosen_gaps=5,
    heartbeat_s=0.02,
    failover_s=0.1,
    retry_s=0.01,
    resend_s=0.05,
    gap_s=0.01,
    repair_s=0.04,
)
"""Limits that are soon met, and little patience."""


class Seat:
    """One process: its role, and what a node has in front of it."""

    def __init__(self, name: str, number: int, role: Role, key: bytes | None) -> None:
        self.name = name
        self.role = role
        self.number = number
        self.nonce = 10 * (1 + list(MEMBERS).index(name)) + number
        self.envelope = Envelope(CLUSTER, name, number, 1, MEMBERS, key, self.nonce)
        self.freshness = Freshness()
        self.be_present(0.0)

    def be_present(self, now_s: float) -> None:
        """It is there, from `now_s` on."""
        me = Self(Member(self.name, self.number), "fuzz", self.nonce, "host", 1)
        self.presence = Presence(me, self.freshness, now_s, say=lambda text: None)
        self.presence.begin(1)


class Table:
    """All processes. What they send waits in a queue, from which it can be taken out and lost."""

    def __init__(self, settings: Settings = SMALL, key: bytes | None = None) -> None:
        self.settings = settings
        self.now_s = 0.0
        self.clock = 0
        self.recorded: list[bytes] = []
        """Every datagram that was sent."""
        self.delivered: dict[Role, list[bytes]] = {}
        self.refused: Counter[str] = Counter()
        """What the roles dropped because of a limit."""
        self.ended: Counter[str] = Counter()
        """Why processes ended, or would have: they go on all the same."""
        self._queue: deque[tuple[Seat, bytes]] = deque(maxlen=500)
        self.seats = [
            Seat(name, number, self._make(name, number), key)
            for name, count in MEMBERS.items()
            for number in range(1, count + 1)
        ]
        self._groups = {
            group: [seat for seat in self.seats if group.value == f"{seat.name}s"]
            for group in Group
        }

    def _make(self, name: str, number: int) -> Role:
        match name:
            case "client":
                return Client(self.settings, f"{number}.1", 0.0)
            case "proposer":
                return Proposer(self.settings, number, 0.0)
            case "acceptor":
                return Acceptor(self.settings, acceptor_id=number)
            case _:
                keeps = number > 1
                return Learner(self.settings, 0.0, number, keeps=keeps, shares=keeps)

    def tick_clock(self) -> int:
        """A clock for one more datagram."""
        self.clock += 1
        return self.clock

    def submit(self, *values: bytes) -> None:
        """Have each client that has room broadcast `values`."""
        for seat in self.seats:
            if isinstance(seat.role, Client) and seat.role.room() >= len(values):
                seat.role.submit(values, self.now_s)
                self._flush(seat)

    def read(self) -> None:
        """Have a read begin at each learner."""
        for seat in self.seats:
            if isinstance(seat.role, Learner):
                seat.role.reads.begin()
                self._flush(seat)

    def give(self, seat: Seat, datagram: bytes) -> str | None:
        """A datagram arrives. None if it was consumed; otherwise why not."""
        try:
            received = seat.envelope.open(datagram)
        except RejectedError as error:
            return str(error)
        if isinstance(received.about, Question | Answer):  # a node keeps them from its role
            return "a question, or an answer to one"
        presence = seat.presence
        refuse = presence.refusal if received.about is None else presence.hear
        if refusal := refuse(received, self.now_s):
            return refusal[0]
        for message in received.messages:
            seat.role.receive(received.sender, message, self.now_s)
        self._flush(seat)
        return None

    def step(self) -> None:
        """One of the datagrams that are under way arrives, and time passes."""
        if self._queue:
            seat, datagram = self._queue.popleft()
            self.give(seat, datagram)
        self.now_s += STEP_S
        for seat in self.seats:
            seat.presence.tick(self.now_s)
            if seat.role.deadline_s() <= self.now_s:
                seat.role.tick(self.now_s)
            self._flush(seat)

    def lose(self) -> None:
        """The datagram that would be the next to arrive is lost."""
        if self._queue:
            self._queue.popleft()

    def run(self, steps: int) -> None:
        """Nobody disturbs it for a while."""
        for _ in range(steps):
            self.step()

    def settle(self) -> None:
        """Nobody disturbs it until all that was broadcast is delivered everywhere."""
        clients = [seat.role for seat in self.seats if isinstance(seat.role, Client)]
        learners = [seat.role for seat in self.seats if isinstance(seat.role, Learner)]
        for _ in range(100):
            self.run(200)
            behind = len({learner.position for learner in learners}) > 1
            if not behind and all(client.finished for client in clients):
                return
        raise AssertionError("not everything is delivered, though nothing is in the way")

    def _flush(self, seat: Seat) -> None:
        step = seat.role.flush(self.now_s)
        for delivery in step.deliveries:
            self.delivered.setdefault(seat.role, []).extend(unpack(delivery.packet))
        self.refused.update(step.refused)
        by_group: dict[Group, list[bytes]] = {}
        for group, message in step.sends:
            by_group.setdefault(group, []).append(encode_messages(message))
        for group, encoded in by_group.items():
            for body in bodies(encoded, self.settings.message_bytes + 100):
                self._send(seat, group, body, PROTOCOL)
        for group, about in seat.presence.take():
            self._send(seat, group, encode_about(about), PRESENCE)
        if seat.presence.failure:
            self.ended[seat.name] += 1
            seat.be_present(self.now_s)

    def _send(self, seat: Seat, group: Group, body: bytes, kind: int) -> None:
        datagram = seat.envelope.seal(self.tick_clock(), body, kind=kind)
        self.recorded.append(datagram)
        self._queue.extend((receiver, datagram) for receiver in self._groups[group])
