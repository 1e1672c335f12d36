"""Watches a simulated run: every event is replayed against the specification as it happens.

Values in parts are values to the specification; that learners make the same of them is asked here:
each incarnation of each learner delivers the same, at the same positions, from the first one on or
from where its snapshot is; and its application is in the same state there.
Where the cluster promises it, the values of one client come in order: that is asked of what is
delivered, whatever the events say.

It sees an event as a reader of the trace does, as the line that is written; a digest of all lines
says whether two runs are the same. Besides what the specification asks, it holds the clocks to
what traces promise: a process's clock goes forward, through all its incarnations.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import msgspec

from conformance.replay.checker import Checker, Recorded
from conformance.trace.schema import AnyEvent
from harness.simulation.process import Process
from harness.simulation.state_machine import NO_STATE
from harness.simulation.traces import Traces
from paxos.core.ballot import Ballot
from paxos.core.events import Event
from paxos.core.messages import Accept, Group, Message
from paxos.core.names import Member, ProcessName
from paxos.core.step import Delivery

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyEvent).decode


class Monitor:
    """The judge of one run."""

    def __init__(
        self,
        spec: str,
        constants: Mapping[str, Any],
        cluster: Mapping[str, Sequence[int]],
        traces: Traces | None = None,
    ) -> None:
        self._keeps: set[str] = set()  # names of learners that keep checkpoints
        self.checker = Checker(constants, cluster, spec, recorded=Recorded(keeps=self._keeps))
        self.fifo = bool(constants.get("fifo"))
        self.disorder = ""
        """What is wrong with the clocks; empty: nothing so far."""
        self.is_rejected = False
        """Whether the run is wrong already."""
        self.contradiction = ""
        """What a proposer said that it may not say; empty: nothing so far."""
        self.difference = ""
        """How what a learner delivers differs from what others do; empty: not so far."""
        self._proposed: dict[tuple[Ballot, int], bytes] = {}
        self._order: list[Delivery] = []  # of the learner that was the first to come so far
        self._states: list[bytes] = [NO_STATE]  # of its machine, before each of these and at last
        self._last: dict[str, int] = {}  # of each client, the last value in it
        self._done: Counter[ProcessName] = Counter()  # how much of it each has delivered
        self._clocks: dict[Member, int] = {}
        self._digest = blake2b(digest_size=8)
        self._traces = traces

    def born(self, process: Process) -> None:
        """A process starts: its trace begins."""
        if process.keeper:
            self._keeps.add(str(process.name))
        if self._traces:
            self._traces.begin(process.name)

    def observe(self, event: Event) -> None:
        """An event has happened."""
        line = _encode(event)
        self._digest.update(line)
        if self._traces:
            self._traces.write(event.process, line + b"\n")
        self.checker.feed(event.process, _decode(line))
        who = ProcessName.parse(event.process).member
        before = self._clocks.get(who, 0)
        self._clocks[who] = event.hlc
        if event.hlc <= before and not self.is_rejected:
            self.disorder = (
                f"the clock of {event.process} shows {event.hlc} at its event {event.seq}, but "
                f"{who} had an event at {before} before that"
            )
        if self.disorder or self.checker.verdict is not None:
            self.is_rejected = True

    def say(
        self, sender: Process, group: Group, messages: Sequence[Message], body: bytes, clock: int
    ) -> None:
        """A datagram is sent. Traces have no batches of votes, so a second proposal of a ballot in
        an instance shows there only if it comes to be learned; here it shows at once."""
        for message in messages:
            if isinstance(message, Accept):
                key = message.ballot, message.instance
                if self._proposed.setdefault(key, message.batch) != message.batch:
                    self.contradiction = (
                        f"{sender.name} proposes two batches in instance {message.instance} in "
                        f"ballot {message.ballot}"
                    )
                    self.is_rejected = True

    def deliver(self, learner: Process, delivery: Delivery) -> None:
        """A learner has delivered something."""
        at = self._done[learner.name]
        self._done[learner.name] += 1
        if at == len(self._order):
            self._order.append(delivery)
            self._take_turn(learner, delivery)
            self._states.append(learner.machine.state)
        theirs = self._order[at]
        if (theirs.position, theirs.packet) != (delivery.position, delivery.packet):
            self.difference = (
                f"{learner.name} delivers {_place(delivery)}, and others, or its earlier "
                f"incarnations, deliver {_place(theirs)}"
            )
        elif at and delivery.position <= self._order[at - 1].position:
            self.difference = f"{learner.name} delivers {_place(delivery)} after later positions"
        elif learner.machine.state != self._states[at + 1]:
            self.difference = f"{learner.name} has a state of its own after {_place(delivery)}"
        self.is_rejected |= bool(self.difference)

    def restored(self, learner: Process, position: int) -> None:
        """A learner goes on from a snapshot: is the state that it has now the one that values up to
        this position make?"""
        at = bisect_right(self._order, position, key=attrgetter("position"))
        self._done[learner.name] = at
        if learner.machine.state != self._states[at]:
            self.difference = (
                f"{learner.name} goes on from position {position} with a state that is not the one "
                "of the values up to there"
            )
            self.is_rejected = True

    def _take_turn(self, learner: Process, delivery: Delivery) -> None:
        """The first learner to come so far: is it in its client's order? A value in parts has the
        number of its first part."""
        packet = delivery.packet
        last = self._last.get(packet.client, 0)
        if self.fifo and packet.first <= last:
            self.difference = f"{learner.name} delivers {_place(delivery)} after value {last}"
        self._last[packet.client] = max(last, packet.last)

    def tear(self, event: Event) -> None:
        """A crash came while this event was written."""
        line = _encode(event)
        self._digest.update(line[: len(line) // 2])
        if self._traces:
            self._traces.write(event.process, line[: len(line) // 2])

    def digest(self) -> str:
        """Of all lines, in the order in which they were written."""
        return self._digest.hexdigest()


def _place(delivery: Delivery) -> str:
    packet = delivery.packet
    return f"value {packet.first} of client {packet.client} at position {delivery.position}"
