"""The simulated network: who gets which datagram, and when.

A datagram to a group reaches each of its processes by itself: for one it may be lost, for another
duplicated, held back or cut off by a partition. Each kind of fault is drawn from a stream of random
numbers of its own, so that a run without one of them meets the others as it did before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from paxos.core.messages import Accept, Message

if TYPE_CHECKING:
    from paxos.simulate.process import Process

Key = tuple[str, int]
"""A process, through all its lives: its role and its id."""


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

    senders: Collection[Key]
    receivers: Collection[Key]

    def parts(self, sender: Key, receiver: Key) -> bool:
        """Whether this is why nothing gets there."""
        return sender in self.senders and receiver in self.receivers


class Network:
    """Takes datagrams to their receivers' inboxes."""

    def __init__(self, seed: int, injected: Counter[str]) -> None:
        self.faults = Faults()
        self.cuts: list[Cut] = []
        self._injected = injected
        self._delay = Random(f"{seed}/network/delay").random
        self._loss = Random(f"{seed}/network/loss").random
        self._duplicate = Random(f"{seed}/network/duplicate").random
        self._reorder = Random(f"{seed}/network/reorder").random

    def send(
        self,
        now_s: float,
        sender: Process,
        receivers: Iterable[Process],
        message: Message,
        datagram: bytes,
        clock: int,
    ) -> None:
        """Send `datagram`, in which `message` is, to `receivers`; `clock` is the sender's."""
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
            if faults.accept_loss and type(message) is Accept and self._loss() < faults.accept_loss:
                self._injected["lost"] += 1
                continue
            arrives_s = now_s + shortest_s + spread_s * self._delay()
            if faults.reorder and self._reorder() < faults.reorder:
                self._injected["held back"] += 1
                arrives_s += faults.held_s * self._reorder()
            receiver.arrive(arrives_s, sender.id, clock, datagram)
            if faults.duplicate and self._duplicate() < faults.duplicate:
                self._injected["duplicated"] += 1
                again_s = 3 * (shortest_s + spread_s * self._duplicate())
                receiver.arrive(now_s + again_s, sender.id, clock, datagram)
