"""A simulated process: a role, its clock, its disk and its inbox, through all its incarnations.

It is driven as `paxos.runtime.seat` drives a role: what has arrived is one group, and each step is
done in one order, make durable, trace, deliver, send. A crash may come at any point of that order;
it loses the inbox, the role, and whatever was not durable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, Protocol

from harness.simulation.disk import Disk
from harness.simulation.network import Network
from paxos.core.batch import unpack
from paxos.core.events import Event
from paxos.core.messages import Group, Message, decode_messages, encode_messages
from paxos.core.names import Member, ProcessName
from paxos.core.places import Placed
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.step import Delivery, Discarded, Step
from paxos.runtime.clock import Clock
from paxos.runtime.envelope import array, shared
from paxos.runtime.outbox import Outbox
from paxos.runtime.storage import Storage

INBOX = 20_000
"""Datagrams that are kept for a process, as a socket's buffer keeps them; more are lost."""


STAGES = {"save": "writes", "trace": "events", "deliver": "deliveries", "send": "urgent"}
"""The stages of a step, in their order, and what of it each does. What need not be sent at once is
held back, and lost in a crash."""


@dataclass(frozen=True)
class Doom:
    """A crash to come: in the next step that has something to do in this stage."""

    stage: str
    part: float
    """How much of the stage is done before: from 0, nothing, to 1, all. A save is whole or not."""


class World(Protocol):
    """What a process has around it: the cluster that it is one of."""

    now_s: float
    settings: Settings
    group_s: float
    packed: bool
    steps: int
    injected: Counter[str]
    network: Network
    observe: Callable[[Event], None]
    tear: Callable[[Event], None]
    born: Callable[[Process], None]
    deliver: Callable[[Process, Delivery], None]
    hear: Callable[[Process, int, Message], None]

    def make_disk(self, role: str, process_id: int) -> Disk: ...

    def make_clock(self, wall: Callable[[], int]) -> Clock: ...

    def make_role(self, process: Process) -> Role: ...

    def wall_us(self) -> int: ...

    def coin(self) -> bool: ...

    def schedule(self, at_s: float, action: Callable[..., None], *arguments: Any) -> None: ...

    def after(self, delay_s: float, action: Callable[..., None], *arguments: Any) -> None: ...

    def send(
        self, sender: Process, group: Group, messages: Sequence[Message], body: bytes, clock: int
    ) -> None: ...


class Process:
    """One process. Its role is None while it is down."""

    order: Sequence[str] = tuple(STAGES)
    """In which the stages of a step are done."""

    def __init__(self, world: World, role_name: str, process_id: int) -> None:
        self.world = world
        self.role_name = role_name
        self.id = process_id
        self.key = Member(role_name, process_id)
        self.disk = world.make_disk(role_name, process_id)
        self.incarnation = 0
        self.name = ProcessName(self.key, 0)
        self.role: Role | None = None
        self.output: list[bytes] = []
        self.discarded: list[Discarded] = []
        """What a client has heard to be lost."""
        self.placed: list[Placed] = []
        """What a client has heard of where its values are."""
        self.positions: dict[int, bytes] = {}
        """What a learner has delivered, by position."""
        self.failure = ""
        """Why it has ended, if it did so by itself."""
        self.wall_offset_us = 0
        """How far its wall clock was off when it was set last."""
        self.wall_drift = 0.0
        """How much too fast it has gone since, in parts of the true time."""
        self._wall_set_s = 0.0
        self.save_s = 0.0
        """How long its disk takes to make a step durable."""
        self.pause_s: Callable[[], float] | None = None
        """How long it waits for a processor after a step; None: it has one to itself."""
        self.doom: Doom | None = None
        self.storage: Storage
        self.clock: Clock
        self._stages: list[Callable[[Step], None]] = [
            getattr(self, f"_{stage}") for stage in self.order
        ]
        self._inbox: list[tuple[float, int, int, int, bytes]] = []
        """A heap of `(when it arrives, count, sender's id, sender's clock, datagram)`."""
        self._arrivals = 0
        self._group_s = world.group_s
        self._wake_s = inf  # when it will look for something to do
        self._outbox = Outbox(world.settings.in_flight)
        self._holds = 0  # reasons to be held up at present: stopped, or waiting for its disk
        self._rest: tuple[Step, int] | None = None  # of a step: what the disk holds up, and where
        self._seq = 0
        self._traced_us = 0  # its clock at the last event that is in a trace

    # Incarnations.

    def start(self) -> None:
        """Start, or start again with what the disk holds."""
        now_s = self.world.now_s
        self.incarnation += 1
        self.name = ProcessName(self.key, self.incarnation)
        self.output, self.doom, self._rest = [], None, None
        self.discarded, self.placed, self.positions = [], [], {}
        self._outbox = Outbox(self.world.settings.in_flight)
        self.failure = ""
        self._seq = self._holds = 0
        self._inbox = [arrival for arrival in self._inbox if arrival[0] > now_s]
        heapify(self._inbox)
        self.clock = self.world.make_clock(self.wall_us)
        self.clock.resume(self._traced_us)
        self.storage = self.disk.open(self.clock)
        self.world.born(self)
        self.storage.begin(self.incarnation)
        self.role = self.world.make_role(self)
        if self.incarnation > 1:
            self.role.come_back()
        self._perform(self.role.flush(now_s))

    def crash(self) -> None:
        """Lose everything but the disk."""
        self.role = self.doom = self._rest = None
        self._wake_s = inf

    def wall_us(self) -> int:
        """The wall clock of its machine."""
        return self.world.wall_us() + self.wall_error_us()

    def wall_error_us(self) -> int:
        """How far its wall clock is off."""
        drifted_s = self.wall_drift * (self.world.now_s - self._wall_set_s)
        return self.wall_offset_us + int(drifted_s * 1e6)

    def set_wall(self, offset_us: int, drift: float = 0.0) -> None:
        """Set its wall clock so far off, and let it go too fast by `drift`; it is right with 0."""
        self.wall_offset_us, self.wall_drift = offset_us, drift
        self._wall_set_s = self.world.now_s

    def hold(self) -> None:
        """Stop it, as SIGSTOP does, until `release`; what arrives meanwhile waits."""
        self._holds += 1
        self._wake_s = inf

    def release(self, incarnation: int) -> None:
        """Let it go on, if it is still the same incarnation."""
        if self.role is None or incarnation != self.incarnation:
            return
        self._holds -= 1
        if self._holds:
            return
        if self._rest:
            step, at = self._rest
            self._rest = None
            self._go_on(step, at, saved=True)
        else:
            self._plan()

    # What wakes it.

    def arrive(self, at_s: float, sender: int, clock: int, datagram: bytes) -> None:
        """A datagram will arrive at `at_s`."""
        if len(self._inbox) >= INBOX:
            self.world.injected["lost"] += 1
            return
        self._arrivals += 1
        heappush(self._inbox, (at_s, self._arrivals, sender, clock, datagram))
        if at_s + self._group_s < self._wake_s and self.role is not None and not self._holds:
            self._wake_at(at_s + self._group_s)

    def act(self, action: Callable[[float], None]) -> bool:
        """Have `action(now)` done to the role, as a client's reader does; False if it is down or
        held up."""
        if self.role is None or self._holds:
            return False
        action(self.world.now_s)
        self._perform(self.role.flush(self.world.now_s))
        return True

    def _wake_at(self, at_s: float) -> None:
        self._wake_s = at_s
        self.world.schedule(at_s, self._wake, at_s)

    def _plan(self) -> None:
        """See to it that it wakes when there is something to do."""
        if self.role is None or self._holds:
            return
        due_s = min(self.role.deadline_s(), self._outbox.due_s)
        if self._inbox and self._inbox[0][0] + self._group_s < due_s:
            due_s = self._inbox[0][0] + self._group_s
        if due_s < self._wake_s:
            self._wake_at(max(due_s, self.world.now_s))

    def _wake(self, planned_s: float) -> None:
        """Handle one group, or one tick."""
        role, now_s = self.role, self.world.now_s
        if planned_s != self._wake_s or role is None:
            return  # something more urgent, or a crash, came between
        self._wake_s = inf
        is_due = min(role.deadline_s(), self._outbox.due_s) <= now_s
        has_group = bool(self._inbox) and self._inbox[0][0] + self._group_s <= now_s
        if is_due and (not has_group or self.world.coin()):  # two threads race for the role
            if role.deadline_s() <= now_s:
                role.tick(now_s)
        elif has_group:
            self._consume(role, now_s)
        else:
            self._plan()
            return
        self.world.steps += 1
        self._perform(role.flush(now_s))
        if self.pause_s and (pause_s := self.pause_s()):
            self.world.injected["waits for a processor"] += 1
            self.hold()
            self.world.after(pause_s, self.release, self.incarnation)

    def _consume(self, role: Role, now_s: float) -> None:
        inbox, clock = self._inbox, self.clock
        while inbox and inbox[0][0] <= now_s:
            _, _, sender, stamp, datagram = heappop(inbox)
            if clock.merge(stamp):
                for message in decode_messages(datagram):
                    self.world.hear(self, sender, message)
                    role.receive(sender, message, now_s)
            else:
                self.world.injected["clock refused"] += 1

    # Steps.

    def _perform(self, step: Step) -> None:
        """Do what the role wants done."""
        for value in step.discarded:
            self.world.injected[f"values {value.fate.name.lower().replace('_', ' ')}"] += 1
            self.discarded.append(value)
        if self.doom is None and not self.save_s:
            for stage in self._stages:
                stage(step)
            self._end(step)
        else:
            self._go_on(step, 0)

    def _go_on(self, step: Step, at: int, *, saved: bool = False) -> None:
        """Do the stages from the `at`-th on; a slow disk may hold them up, and a crash end them."""
        for number in range(at, len(self._stages)):
            name, stage = self.order[number], self._stages[number]
            work = getattr(step, STAGES[name])
            if name == "save" and work and self.save_s and not saved:
                self._wait_for_the_disk(step, number)
                return
            if self.doom is not None and self.doom.stage == name and work:
                self._die(step, name, stage, self.doom.part)
                return
            stage(step)
        self._end(step)

    def _end(self, step: Step) -> None:
        """A step is done; if the role cannot go on after it, that is the end of the process."""
        if step.failure:
            self.world.injected["learners too late"] += 1
            self.failure = step.failure
            self.crash()
        else:
            self._plan()

    def _wait_for_the_disk(self, step: Step, at: int) -> None:
        self.world.injected["slow saves"] += 1
        self._rest = step, at
        self.hold()
        self.world.schedule(self.world.now_s + self.save_s, self.release, self.incarnation)

    def _die(self, step: Step, name: str, stage: Callable[[Step], None], part: float) -> None:
        """Do a part of a stage, and crash."""
        work = getattr(step, STAGES[name])
        done = round(part * len(work))
        setattr(step, STAGES[name], work[:done])
        stage(step)
        if name == "trace" and done < len(work):
            self.world.tear(self._stamp(work[done]))
        when = "after" if done == len(work) else "within" if done else "before"
        self.world.injected[f"crash {when} {name}"] += 1
        self.crash()

    def _save(self, step: Step) -> None:
        if step.writes:
            self.storage.save(step.writes)

    def _trace(self, step: Step) -> None:
        for event in step.events:
            self.world.observe(self._stamp(event))
            self._traced_us = event.hlc

    def _stamp(self, event: Event) -> Event:
        self._seq += 1
        event.process, event.seq, event.hlc = str(self.name), self._seq, self.clock.tick()
        return event

    def _deliver(self, step: Step) -> None:
        for delivery in step.deliveries:
            self.world.deliver(self, delivery)
            values = unpack(delivery.packet)
            self.output += values
            self.positions.update(enumerate(values, delivery.position))
        self.placed += step.placed

    def _send(self, step: Step) -> None:
        now_s = self.world.now_s
        if step.urgent:
            self._transmit(step.urgent)
        if step.later:
            self._outbox.add(step.later, now_s)
        if self._outbox.is_due(now_s):
            self._transmit(self._outbox.take())

    def _transmit(self, sends: Sequence[tuple[Group, Message]]) -> None:
        """Send each message in a datagram of its own: the more can go wrong with them. If messages
        are to be packed, those to a group share datagrams, as in `paxos.runtime.seat`."""
        if self.world.packed:
            self._transmit_packed(sends)
            return
        stamp = self.clock.tick()
        sent = self.world.network.sent[self.key]
        message: Message | None = None
        body = b""
        for group, to_send in sends:
            if to_send is not message:
                message, body = to_send, encode_messages([to_send])
            sent.add(to_send, len(body))
            self.world.send(self, group, [to_send], body, stamp)

    def _transmit_packed(self, sends: Sequence[tuple[Group, Message]]) -> None:
        by_group: dict[Group, list[Message]] = {}
        for group, message in sends:
            by_group.setdefault(group, []).append(message)
        sent = self.world.network.sent[self.key]
        for group, messages in by_group.items():
            encoded = [encode_messages(message) for message in messages]
            for message, data in zip(messages, encoded, strict=True):
                sent.add(message, len(data))
            at = 0
            for some in shared(encoded, self.world.settings.message_bytes):
                inside = messages[at : at + len(some)]
                at += len(some)
                self.world.send(self, group, inside, array(some), self.clock.tick())
