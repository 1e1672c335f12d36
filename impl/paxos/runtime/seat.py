"""A seat: one role in a process, and what is its own there: its name, its socket, its storage, its
trace, and what the user is told of it.

It does the role's steps, each in the one order that is right: make durable, write the trace,
deliver, send. Used under the node's lock, but for `receive`, which is for the node's thread.
"""

import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from paxos.config import Groups
from paxos.core.messages import Group, Message
from paxos.core.names import Member, ProcessName
from paxos.core.role import Role
from paxos.core.step import Discarded, Step
from paxos.errors import RunError, reason
from paxos.runtime.acks import HearDiscarded, HearPlaces
from paxos.runtime.addressing import Addressing, of_presence
from paxos.runtime.answering import Answering
from paxos.runtime.checkpointing import Checkpointing
from paxos.runtime.clock import LATEST_US, Clock
from paxos.runtime.deliveries import Deliveries
from paxos.runtime.envelope import (
    ANSWER,
    PRESENCE,
    Envelope,
    Received,
    RejectedError,
)
from paxos.runtime.faults import Faults
from paxos.runtime.handover import heard_with
from paxos.runtime.hello import encode_about
from paxos.runtime.multicast import Multicast
from paxos.runtime.network import Network
from paxos.runtime.outbox import Outbox
from paxos.runtime.presence import Presence
from paxos.runtime.questions import Answer, Question, encode
from paxos.runtime.report import Complaints, fail, say
from paxos.runtime.sending import Sending
from paxos.runtime.skew import Skew
from paxos.runtime.stats import Stats
from paxos.runtime.storage import Storage
from paxos.runtime.tracer import TraceError, Tracer
from paxos.runtime.transferring import Transferring
from paxos.runtime.waiting import Waiting

NOT_TAKEN = "because the application has not taken what was delivered before"
"""Messages that a learner did not hear; it asks for what it missed."""

Opened = Received | RejectedError
"""A datagram, taken apart; or why it is not for this role."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a seat has around it."""

    network: Multicast | Network
    groups: Groups
    envelope: Envelope
    datagram_bytes: int
    """The largest datagram that it may send."""
    clock: Clock
    """Of the whole process."""
    storage: Storage
    tracer: Tracer | None
    """None: it leaves no trace."""
    deliveries: Deliveries
    """Where a learner's deliveries go."""
    checkpoints: Checkpointing | None = None
    """Of a learner that keeps them."""
    transferring: Transferring | None = None
    """Of one that also gives them to others, and takes theirs."""
    hear_places: HearPlaces | None = None
    """Of a client that wants to know where its values are."""
    hear_current: Callable[[int], object] | None = None
    """Of a learner whose reads up to a number may see what is delivered."""
    hear_discarded: HearDiscarded | None = None
    """What becomes of values of a client that will not be delivered; None: the user is told."""
    faults: Faults
    presence: Presence
    strict_trace: bool = False
    """Whether the process stops when its trace cannot be written."""
    has_mates: bool = False
    """Whether there are other roles in the process, with which it hears of its own messages, and
    they of them, without the network (`paxos.runtime.handover`)."""
    unsent: Container[Group] = ()
    """Groups that nobody in another process is in."""


class Seat:
    """One role, driven by a node."""

    def __init__(self, process: ProcessName, role: Role, around: Surroundings) -> None:
        self.process = process
        self.member = process.member
        self.network = around.network
        self.role = role
        self._envelope = around.envelope
        self._clock = around.clock
        self._storage = around.storage
        self._tracer = around.tracer
        self._deliveries = around.deliveries
        self.checkpoints = around.checkpoints
        self.transferring = around.transferring
        self._hear_places = around.hear_places
        self._hear_discarded = around.hear_discarded
        self._hear_current = around.hear_current
        self._faults = around.faults
        self._strict_trace = around.strict_trace
        self._presence = around.presence
        self._has_mates = around.has_mates
        if self._has_mates:
            self.network.ignore(self._envelope.own)
        if self.member.role == "client":
            self.network.ignore(self._envelope.of_other_clients(self.member.id))
        self._skew = Skew(str(process), around.clock)
        self.patience = Waiting(process, role, time.monotonic())
        self.stats = Stats(process)
        self._complaints = Complaints(str(process), self.stats.dropped)
        self._answering = Answering(around.presence.me, role, self.stats)
        self._outbox = Outbox(role.settings.in_flight)
        self._sending = Sending(
            network=around.network,
            groups={group: getattr(around.groups, group.value) for group in Group},
            unsent=around.unsent,
            envelope=around.envelope,
            datagram_bytes=around.datagram_bytes,
            addressing=Addressing(synod=role.settings.synod),
            clock=around.clock,
            commits=lambda: around.storage.commits,
            stats=self.stats,
            complaints=self._complaints,
        )
        self.is_touched = True
        """Whether its role has heard or been told of something since its last step."""
        self._due_s: float | None = None  # None: something has happened since it was worked out
        self.before_step: Callable[[float], object] = _nothing
        """What acts on its role, at the time it is given, before each of its steps."""
        self.trace_failed = False
        self.discarded = 0
        """Values of a client that will not be delivered."""
        self.failure = ""
        """Why the role can do nothing more, for the user; empty: it can."""

    def begin(self, now_s: float) -> None:
        """Before anything is sent or received."""
        self._skew.start(now_s)

    def close(self) -> None:
        """There are no more steps: let go of trace and storage."""
        self._complaints.flush()
        self.stats.repeated = self.role.repeated
        if self.transferring:
            self.transferring.close()
        if self.checkpoints:
            self.checkpoints.close()
        if self._tracer:
            self._tracer.close()
        self._storage.close()

    # What it hears.

    @property
    def can_release(self) -> bool:
        """Whether `release_s` may come."""
        return self._faults.is_on or self.network.look_s < inf

    @property
    def release_s(self) -> float:
        """When `receive` is next wanted although nothing arrives."""
        return min(self._faults.deadline_s(), self.network.look_s)

    def receive(self) -> list[Opened]:
        """The datagrams that have come. Needs no lock."""
        datagrams = self.network.receive(0.0)
        if self._has_mates:  # they have heard it; mostly, the kernel has dropped it already
            datagrams = [datagram for datagram in datagrams if not self._envelope.is_own(datagram)]
        if self._faults.is_on:
            datagrams = self._faults.apply(datagrams, time.monotonic())
        return [self._open(datagram) for datagram in datagrams]

    def _open(self, datagram: bytes) -> Opened:
        try:
            return self._envelope.open(datagram)
        except RejectedError as error:
            return error

    def consume(self, group: Iterable[Opened], now_s: float) -> None:
        """Give the role what a group of datagrams has for it."""
        self.is_touched, self._due_s = True, None
        for received in group:
            if refusal := self._refusal(received, now_s):
                self._complaints.add(*refusal)
            elif isinstance(received, Received):
                self.stats.received += 1
                if self._is_held_up:
                    self._complaints.add(NOT_TAKEN)
                    continue
                receive, sender = self.role.receive, received.sender
                for message in received.messages:
                    receive(sender, message, now_s)
        if now_s >= self._skew.due_s:
            self._skew.look(now_s)

    @property
    def _is_held_up(self) -> bool:
        """Whether what it would hear cannot be handed over; other roles in the process go on."""
        return self._deliveries.is_full and self.member.role == "learner"

    def _refusal(self, received: Opened, now_s: float) -> tuple[str, int, str] | None:
        """Why a datagram is dropped, if it is, as `Complaints.add` takes it; otherwise its
        sender's clocks are noted."""
        if isinstance(received, RejectedError):
            return str(received), 1, received.detail
        clock = received.clock
        if clock > LATEST_US:
            who = f"of {received.role} {received.sender}"
            return f"{who}, with a clock that no honest process has", 1, ""
        match received.about:
            case None:
                refusal = self._presence.refusal(received, now_s)
            case Question():
                if answer := self._answering.answer(received, now_s):
                    self._sending.send_datagram(Group.CLIENTS, encode(answer), ANSWER)
                return None
            case Answer():  # for who has asked
                return None
            case _:
                refusal = self._presence.hear(received, now_s)
        if refusal:
            return refusal[0], 1, refusal[1]
        if received.about is None:
            peer = received.member
            if peer != self.member:  # proposers hear themselves too
                self._skew.hear(peer, clock, received.wall_us, now_s)
                self.patience.hear(peer, now_s)
            self._clock.merge(clock)
        return None

    def hand(self, sender: Member, message: Message, now_s: float) -> None:
        """Give the role a message of another one in this process."""
        self.is_touched = True
        self.patience.hear(sender, now_s)
        if self._is_held_up:
            self._complaints.add(NOT_TAKEN)
        else:
            self.role.receive(sender.id, message, now_s)

    # What it does by itself.

    @property
    def due_s(self) -> float:
        """When `tick` is next wanted."""
        if self._due_s is None:
            beside_s = min(self.patience.due_s, self._presence.due_s)
            self._due_s = min(self.role.deadline_s(), self._outbox.due_s, beside_s)
        return self._due_s

    def tick(self, now_s: float) -> None:
        """Do what is due. Raises why this process must end."""
        self._due_s = None
        if now_s >= self.patience.due_s:
            self.patience.look(now_s)
        self.be_present(now_s)
        if now_s >= self.role.deadline_s():
            self.role.tick(now_s)
            self.is_touched = True

    def be_present(self, now_s: float) -> None:
        """Say what is to be said beside the protocol. Raises why this process must end."""
        if not self._presence.wants(now_s):
            return
        self._due_s = None
        self._presence.tick(now_s)
        for group, about in self._presence.take():
            to = of_presence(about, self.member)
            self._sending.send_datagram(group, encode_about(about), PRESENCE, to)
        if self._presence.failure:
            raise self._presence.failure

    def is_ready(self, now_s: float) -> bool:
        """Whether there is a step to be done."""
        return self.is_touched or now_s >= self._outbox.due_s

    # Steps.

    def perform(self, now_s: float) -> Sequence[tuple[Group, Message]]:
        """Do what the role wants done, in this order (see `paxos.core.step`); what other roles in
        the process are to hear of it. After one that fails there must be no other: the role already
        believes that it was done."""
        self.is_touched, self._due_s = False, None
        self.before_step(now_s)
        step = self.role.flush(now_s)
        if step.writes:
            self._save(step)
        if step.events and self._tracer:
            self._trace(self._tracer, step)
        if step.deliveries or step.taken or step.installed or step.current:
            self._deliver(step)
        parts = self.transferring.perform(step, now_s) if self.transferring else ()
        if step.placed and self._hear_places:
            self._hear_places(step.placed)
        if step.urgent:
            self._sending.send(step.urgent)
        if step.later:
            self._outbox.add(step.later, now_s)
        held = self.send_held_back() if now_s >= self._outbox.due_s else ()
        if parts:
            self._sending.send([(Group.LEARNERS, part) for part in parts])
        for what, count in step.refused.items():
            self._complaints.add(what, count)
        if step.discarded:
            self._discard(step.discarded)
        if step.acknowledged:
            self.stats.acknowledged(step.acknowledged)
        self.failure = step.failure
        return heard_with(step, held) if self._has_mates else ()

    def _deliver(self, step: Step) -> None:
        """Hand over what is delivered, and a snapshot in its place among that; reads come last."""
        if step.installed:
            assert self.checkpoints and self.checkpoints.store.newest, "it was received"
            self._deliveries.install(self.checkpoints.store.newest.again())
        at = step.taken.after if step.taken else 0
        if step.taken:
            self._deliveries.deliver(step.deliveries[:at])
            self._deliveries.keep(step.taken.snapshot)
        if step.deliveries[at:]:
            self._deliveries.deliver(step.deliveries[at:])
        if step.current and self._hear_current:
            self._hear_current(step.current)

    def _discard(self, values: Sequence[Discarded]) -> None:
        self.discarded += len(values)
        if self._hear_discarded:
            self._hear_discarded(values)
            return
        for value in values:
            fail(f"{self.process}: {value.text}")

    def _save(self, step: Step) -> None:
        try:
            self._storage.save(step.writes)
        except OSError as error:
            raise RunError(f"storage: {reason(error)}") from error

    def _trace(self, tracer: Tracer, step: Step) -> None:
        try:
            tracer.write(step.events)
        except TraceError as error:
            # The protocol does not need the trace; whoever wants to check it must know.
            self.trace_failed = True
            if self._strict_trace:
                raise RunError(str(error)) from error
            say(f"{self.process}: {error}")

    def send_held_back(self) -> Sequence[tuple[Group, Message]]:
        """Send what waits for company, which waits no more: that."""
        held = self._outbox.take()
        self._sending.send(held)
        return held


def _nothing(now_s: float) -> None:
    """There is nothing to be done before a step."""
