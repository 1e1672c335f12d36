"""A simulated process: a role, its clock, its disk and its inbox, through all its incarnations.

It is driven as `paxos.runtime.seat` drives a role: what has arrived is one group, and each step is
done in one order, make durable, trace, deliver, send. A crash may come at any point of that order;
it loses the inbox, the role, and whatever was not durable.

A replica is three of these that are together: they have one clock, stand still together and crash
together, and hand over to one another as those of `paxos.runtime.node` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Protocol

from harness.simulation.arrivals import Arrivals
from harness.simulation.keeper import Keeper
from harness.simulation.packing import by_group, one_by_one
from harness.simulation.stages import STAGES, Doom
from harness.simulation.state_machine import Machine
from harness.simulation.surroundings import Surroundings
from harness.simulation.wall_clock import WallClock
from paxos.core.events import Event
from paxos.core.messages import Group, Message, decode_messages
from paxos.core.names import Member, ProcessName
from paxos.core.places import Placed
from paxos.core.role import Role
from paxos.core.step import Delivery, Discarded, Step
from paxos.runtime.clock import Clock
from paxos.runtime.handover import Handover, heard_with
from paxos.runtime.outbox import Outbox
from paxos.runtime.storage import Storage


class World(Surroundings, Protocol):
    """What a process has around it: the cluster that it is one of."""

    born: Callable[[Process], None]
    deliver: Callable[[Process, Delivery], None]
    reach: Callable[[Process, int], None]
    restored: Callable[[Process, int], None]
    hear: Callable[[Process, int, Message], None]

    def make_keeper(self, process: Process) -> Keeper | None: ...

    def make_role(self, process: Process) -> Role: ...

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
        self.key = self.member = Member(role_name, process_id)
        self.disk = world.make_disk(role_name, process_id)
        self.incarnation = 0
        self.name = ProcessName(self.key, 0)
        self.role: Role | None = None
        self.machine = Machine(world.archive)
        """What a learner gives its values to."""
        self.keeper = world.make_keeper(self)
        """Of a learner that keeps checkpoints."""
        self.discarded: list[Discarded] = []
        """What a client has heard to be lost."""
        self.placed: list[Placed] = []
        """What a client has heard of where its values are."""
        self.failure = ""
        """Why it has ended, if it did so by itself."""
        self.wall = WallClock(world.wall_us, lambda: world.now_s)
        self.together: Sequence[Process] = [self]
        """All roles of the operating system's process that it is in, itself included."""
        self.handover = Handover([self])
        self.is_touched = False
        """Whether its role has heard something since its last step."""
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
        self._arrivals = Arrivals()
        self._group_s = world.group_s
        self._wake_s = inf  # when it will look for something to do
        self._outbox = Outbox(world.settings.in_flight)
        self._said: Sequence[tuple[Group, Message]] = ()  # of the last step, for the others
        self._holds = 0  # reasons to be held up at present: stopped, or waiting for its disk
        self._rest: tuple[Step, int] | None = None  # of a step: what the disk holds up, and where
        self._seq = 0
        self._traced_us = 0  # its clock at the last event that is in a trace

    # Incarnations.

    @property
    def output(self) -> list[bytes]:
        """What a learner has delivered."""
        return self.machine.output

    def restore(self, state: Iterable[bytes], position: int) -> None:
        """Go on with an application's state of this position."""
        self.machine.restore(state)
        self.world.restored(self, position)

    @property
    def is_up(self) -> bool:
        """Whether it runs, if with other roles than this one."""
        return any(process.role is not None for process in self.together)

    def start(self) -> None:
        """Start, or start again with what the disk holds, with those that it is together with."""
        clock = self.world.make_clock(self.wall.show_us)
        for process in self.together:
            process._begin(clock)
        self._settle()

    def _begin(self, clock: Clock) -> None:
        self.incarnation += 1
        self.name = ProcessName(self.key, self.incarnation)
        self.machine, self.doom, self._rest = Machine(self.world.archive), None, None
        self.discarded, self.placed = [], []
        self._outbox = Outbox(self.world.settings.in_flight)
        self.failure = ""
        self._seq = self._holds = 0
        self._arrivals.miss(self.world.now_s)
        self.clock = clock
        self.clock.resume(self._traced_us)
        self.storage = self.disk.open(self.clock)
        self.world.born(self)
        self.storage.begin(self.incarnation)
        if self.keeper:
            self.keeper.open()
        self.role = self.world.make_role(self)
        if self.keeper:
            self.keeper.come_back()
        elif self.incarnation > 1:
            self.role.come_back()
        self.is_touched = True

    def crash(self) -> None:
        """Lose everything but the disks, with those that it is together with."""
        for process in self.together:
            process._lose()

    def _lose(self) -> None:
        self.role = self.doom = self._rest = None
        self._wake_s = inf
        if self.keeper:
            self.keeper.lose()

    def hold(self) -> None:
        """Stop it, as SIGSTOP does, until `release`; what arrives meanwhile waits."""
        for process in self.together:
            process._holds += 1
            process._wake_s = inf

    def release(self, incarnation: int) -> None:
        """Let it go on, if it is still the same incarnation."""
        if not self.is_up or incarnation != self.incarnation:
            return
        for process in self.together:
            process._holds -= 1
        if self._holds:
            return
        waiting = [process for process in self.together if process._rest]
        for process in waiting:
            process._end_what_is_begun()
        if waiting:
            self._settle()
        for process in self.together:
            process._plan()

    def _end_what_is_begun(self) -> None:
        """Go on with the step that its disk has held up."""
        assert self._rest, "there is one"
        step, at = self._rest
        self._rest = None
        if self._go_on(step, at, saved=True):
            self.handover.hand(self, self._said, self.world.now_s)

    # What wakes it.

    def arrive(self, at_s: float, sender: int, clock: int, datagram: bytes) -> None:
        """A datagram will arrive at `at_s`."""
        if not self._arrivals.add(at_s, sender, clock, datagram):
            self.world.injected["lost"] += 1
            return
        if at_s + self._group_s < self._wake_s and self.role is not None and not self._holds:
            self._wake_at(at_s + self._group_s)

    def act(self, action: Callable[[float], None]) -> bool:
        """Have `action(now)` done to the role, as a client's reader does; False if it is down or
        held up."""
        if self.role is None or self._holds:
            return False
        action(self.world.now_s)
        self.is_touched = True
        self._settle()
        return True

    def _wake_at(self, at_s: float) -> None:
        self._wake_s = at_s
        self.world.schedule(at_s, self._wake, at_s)

    def _plan(self) -> None:
        """See to it that it wakes when there is something to do."""
        if self.role is None or self._holds:
            return
        group_s = self._arrivals.first_s + self._group_s
        due_s = min(self.role.deadline_s(), self._outbox.due_s, group_s)
        if due_s < self._wake_s:
            self._wake_at(max(due_s, self.world.now_s))

    def _wake(self, planned_s: float) -> None:
        """Handle one group, or one tick."""
        role, now_s = self.role, self.world.now_s
        if planned_s != self._wake_s or role is None:
            return  # something more urgent, or a crash, came between
        self._wake_s = inf
        is_due = min(role.deadline_s(), self._outbox.due_s) <= now_s
        has_group = self._arrivals.first_s + self._group_s <= now_s
        if is_due and (not has_group or self.world.coin()):  # either may come first
            if role.deadline_s() <= now_s:
                role.tick(now_s)
            self.is_touched = True
        elif has_group:
            for process in self.together:
                process._consume(now_s)
        else:
            self._plan()
            return
        self.world.steps += 1
        self._settle()
        if self.pause_s and (pause_s := self.pause_s()):
            self.world.injected["waits for a processor"] += 1
            self.hold()
            self.world.after(pause_s, self.release, self.incarnation)

    def _consume(self, now_s: float) -> None:
        role, arrivals, clock = self.role, self._arrivals, self.clock
        while role and arrivals.first_s <= now_s:
            self.is_touched = True
            sender, stamp, datagram = arrivals.take()
            if clock.merge(stamp):
                for message in decode_messages(datagram):
                    self.world.hear(self, sender, message)
                    role.receive(sender, message, now_s)
            else:
                self.world.injected["clock refused"] += 1

    # Steps.

    def _settle(self) -> None:
        """Have all that are together do their steps, and see to it that they wake."""
        if not self._holds and not self.handover.settle(self.world.now_s):
            self.world.after(0.0, self._settle)
        for process in self.together:
            process._plan()

    def is_ready(self, now_s: float) -> bool:
        """Whether it has a step to do."""
        return self.role is not None and (self.is_touched or self._outbox.is_due(now_s))

    def hand(self, sender: Member, message: Message, now_s: float) -> None:
        """Consume what another one says that is together with it."""
        if self.role is not None:
            self.world.hear(self, sender.id, message)
            self.is_touched = True
            self.role.receive(sender.id, message, now_s)

    def perform(self, now_s: float) -> Sequence[tuple[Group, Message]] | None:
        """Do a step; what those that are together with it are to hear of it. None: the disk holds
        it up, or a crash came."""
        assert self.role is not None, "only who is up does steps"
        self.is_touched = False
        step = self.role.flush(now_s)
        return self._said if self._perform(step) else None

    def _perform(self, step: Step) -> bool:
        """Do what the role wants done; False if it is not done, or not yet."""
        for value in step.discarded:
            self.world.injected[f"values {value.fate.name.lower().replace('_', ' ')}"] += 1
            self.discarded.append(value)
        if self.doom is None and not self.save_s:
            for stage in self._stages:
                stage(step)
            self._end(step)
            return True
        return self._go_on(step, 0)

    def _go_on(self, step: Step, at: int, *, saved: bool = False) -> bool:
        """Do the stages from the `at`-th on; a slow disk may hold them up, and a crash end them."""
        for number in range(at, len(self._stages)):
            name, stage = self.order[number], self._stages[number]
            work = getattr(step, STAGES[name])
            if name == "save" and work and self.save_s and not saved:
                self._wait_for_the_disk(step, number)
                return False
            if self.doom is not None and self.doom.stage == name and work:
                self._die(step, name, stage, self.doom.part)
                return False
            stage(step)
        self._end(step)
        return True

    def _end(self, step: Step) -> None:
        """A step is done; if the role cannot go on after it, it ends, and no other one."""
        if step.failure:
            self.world.injected["learners too late"] += 1
            self.failure = step.failure
            self._lose()

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
        if done < len(work):
            step.current = 0  # who reads is told after all that is delivered
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
        if step.installed and self.keeper:
            self.keeper.go_on()
        for number, delivery in enumerate(step.deliveries):
            self._keep(step, number)
            self.machine.apply(delivery)
            self.world.deliver(self, delivery)
        self._keep(step, len(step.deliveries))
        self.placed += step.placed
        if step.current:
            self.world.reach(self, step.current)

    def _keep(self, step: Step, number: int) -> None:
        """A snapshot has its place among what is delivered."""
        if step.taken and step.taken.after == number and self.keeper:
            self.keeper.take(step.taken.snapshot)

    def _send(self, step: Step) -> None:
        now_s = self.world.now_s
        if self.keeper:
            step.urgent += self.keeper.transfer(step)
        if step.urgent:
            self._transmit(step.urgent)
        if step.later:
            self._outbox.add(step.later, now_s)
        held = self._outbox.take() if self._outbox.is_due(now_s) else []
        self._transmit(held)
        self._said = heard_with(step, held)

    def _transmit(self, sends: Sequence[tuple[Group, Message]]) -> None:
        """Hand it to the network, each message by itself or packed."""
        sent, room = self.world.network.sent[self.key], self.world.settings.message_bytes
        is_packed, clock = self.world.packed, 0
        for datagram in by_group(sends, room) if is_packed else one_by_one(sends):
            clock = self.clock.tick() if is_packed or not clock else clock
            for message, size in zip(datagram.messages, datagram.sizes, strict=True):
                sent.add(message, size)
            self.world.send(self, datagram.group, datagram.messages, datagram.body, clock)
