"""The simulated network: who gets which datagram, and when.

A datagram to a group reaches each of its processes by itself: for one it may be lost, for another
duplicated, held back or cut off by a partition. Each kind of fault is drawn from a stream of random
numbers of its own, so that a run without one of them meets the others as it did before.

A process may have links (`harness.simulation.link`): its egress carries a multicast once, and each
receiver's ingress carries it again. Without links, nothing takes longer than the delay drawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Protocol

from harness.simulation.link import Link, Schedule, wire_bytes
from paxos.core.messages import Accept, Message
from paxos.core.names import Member
from paxos.datagram import HEADER_BYTES


class Endpoint(Protocol):
    """A process, as the network knows it."""

    key: Member
    id: int

    def arrive(self, at_s: float, sender: int, clock: int, datagram: bytes) -> None:
        """A datagram reaches it; with the sender's id and clock."""


@dataclass(frozen=True)
class Faults:
    """What the network does now: probabilities per message and receiver; times in seconds."""

    loss: float = 0.0
    accept_loss: float = 0.0
    """Of Accepts, beyond that: proposals that reach few acceptors make leaders compete."""
    duplicate: float = 0.0
    reorder: float = 0.0
    """Of messages that are held back, for up to `held_s` beyond their delay."""
    held_s: float = 0.02
    delay_s: tuple[float, float] = (0.0001, 0.0003)


@dataclass(frozen=True, eq=False)
class Cut:
    """A partition, in one direction: nothing gets from `senders` to `receivers`."""

    senders: Collection[Member]
    receivers: Collection[Member]

    def parts(self, sender: Member, receiver: Member) -> bool:
        """Whether this is why nothing gets there."""
        return sender in self.senders and receiver in self.receivers


@dataclass
class Sent:
    """What a process has handed to the network, in all its incarnations, whatever became of it."""

    datagrams: int = 0
    """A multicast is one datagram."""
    wire_bytes: int = 0
    """With all headers, of every packet."""
    messages: Counter[str] = field(default_factory=Counter)
    """By type."""
    message_bytes: Counter[str] = field(default_factory=Counter)
    """By type, without the headers of datagrams."""

    def add(self, message: Message, size: int) -> None:
        """A message of so many bytes is in a datagram."""
        kind = type(message).__name__
        self.messages[kind] += 1
        self.message_bytes[kind] += size


class Network:
    """Takes datagrams to their receivers' inboxes."""

    def __init__(self, seed: int, injected: Counter[str], schedule: Schedule) -> None:
        self.faults = Faults()
        self.cuts: list[Cut] = []
        self.egress: dict[Member, Link] = {}
        """What a process sends goes through its link, if it has one."""
        self.ingress: dict[Member, Link] = {}
        """So does what reaches it. What it sends itself does not leave its machine."""
        self.sent: defaultdict[Member, Sent] = defaultdict(Sent)
        self._injected = injected
        self._schedule = schedule
        self._delay = Random(f"{seed}/network/delay").random
        self._loss = Random(f"{seed}/network/loss").random
        self._duplicate = Random(f"{seed}/network/duplicate").random
        self._reorder = Random(f"{seed}/network/reorder").random

    def limit(
        self, links: dict[Member, Link], key: Member, rate_bytes_s: float, room: float
    ) -> None:
        """From now on, have the link of `key` in `links` (`egress` or `ingress`) carry so much, and
        its queue hold so many bytes."""
        if key in links:
            links[key].rate_bytes_s, links[key].queue_bytes = rate_bytes_s, room
        else:
            links[key] = Link(self._schedule, rate_bytes_s, room)

    def lift(self, links: dict[Member, Link], key: Member) -> None:
        """Let it carry whatever comes, at once, after what waits in its queue."""
        self.limit(links, key, inf, inf)

    def send(
        self,
        now_s: float,
        sender: Endpoint,
        receivers: Iterable[Endpoint],
        messages: Sequence[Message],
        body: bytes,
        clock: int,
    ) -> None:
        """Send a datagram to `receivers`; in its `body` are `messages`; `clock` is the sender's."""
        size = len(body) + HEADER_BYTES
        sent = self.sent[sender.key]
        sent.datagrams += 1
        sent.wire_bytes += wire_bytes(size)
        link = self.egress.get(sender.key)
        if link is None:
            self._spread(now_s, sender, receivers, messages, body, clock)
        elif not link.carry(now_s, size, self._spread, sender, receivers, messages, body, clock):
            self._injected["queue full"] += 1

    def _spread(
        self,
        now_s: float,
        sender: Endpoint,
        receivers: Iterable[Endpoint],
        messages: Sequence[Message],
        body: bytes,
        clock: int,
    ) -> None:
        """The datagram has left its sender's machine: draw what becomes of it on the way."""
        faults = self.faults
        shortest_s, longest_s = faults.delay_s
        spread_s = longest_s - shortest_s
        for receiver in receivers:
            if self.cuts and any(cut.parts(sender.key, receiver.key) for cut in self.cuts):
                self._injected["cut off"] += 1
                continue
            if faults.loss and self._loss() < faults.loss:
                self._injected["lost"] += 1
                continue
            if faults.accept_loss and _proposes(messages) and self._loss() < faults.accept_loss:
                self._injected["lost"] += 1
                continue
            arrives_s = now_s + shortest_s + spread_s * self._delay()
            if faults.reorder and self._reorder() < faults.reorder:
                self._injected["held back"] += 1
                arrives_s += faults.held_s * self._reorder()
            self._reach(arrives_s, sender, receiver, clock, body)
            if faults.duplicate and self._duplicate() < faults.duplicate:
                self._injected["duplicated"] += 1
                again_s = 3 * (shortest_s + spread_s * self._duplicate())
                self._reach(now_s + again_s, sender, receiver, clock, body)

    def _reach(
        self, at_s: float, sender: Endpoint, receiver: Endpoint, clock: int, body: bytes
    ) -> None:
        if receiver.key in self.ingress and receiver is not sender:
            self._schedule(at_s, self._enter, at_s, sender, receiver, clock, body)
        else:
            receiver.arrive(at_s, sender.id, clock, body)

    def _enter(
        self, now_s: float, sender: Endpoint, receiver: Endpoint, clock: int, body: bytes
    ) -> None:
        """The datagram has come to its receiver's link."""
        link = self.ingress.get(receiver.key)
        if link is None:
            receiver.arrive(now_s, sender.id, clock, body)
        elif not link.carry(
            now_s, len(body) + HEADER_BYTES, receiver.arrive, sender.id, clock, body
        ):
            self._injected["queue full"] += 1


def _proposes(messages: Iterable[Message]) -> bool:
    return any(type(message) is Accept for message in messages)
