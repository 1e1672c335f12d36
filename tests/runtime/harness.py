"""A node whose world writes down what is done, for the tests of what it does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any

from paxos.config import Endpoint, FaultRates, Groups
from paxos.core.ballot import Ballot
from paxos.core.messages import (
    Message,
    encode_messages,
)
from paxos.core.names import Member, ProcessName
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.standing import Standing
from paxos.core.step import Delivery
from paxos.runtime.clock import Clock
from paxos.runtime.envelope import Envelope, bodies
from paxos.runtime.faults import Faults
from paxos.runtime.freshness import Freshness
from paxos.runtime.node import Node
from paxos.runtime.presence import Presence, Self
from paxos.runtime.seat import Seat, Surroundings
from paxos.runtime.shutdown import Stop
from paxos.runtime.socket_filter import Block
from paxos.runtime.tracer import TraceError

B = Ballot(1, 1)
PROPOSER = Member("proposer", 1)
HEADER_BYTES = len(Envelope(b"cluster!", "client", 1, 1, {}).seal(0, b""))
MEMBERS = {"client": 1, "proposer": 1, "acceptor": 3, "learner": 1}


OUTSIDE = ("network", "storage", "tracer", "deliveries")


class Recorder:
    """What a node has around it, writing down what is done, in order."""

    def __init__(self) -> None:
        self.packet_bytes = 65_507
        self.look_s = inf
        self.done: list[str] = []
        self.sent: list[tuple[Endpoint, bytes]] = []
        self.delivered: list[Delivery] = []
        self.arriving: list[bytes] = []  # and a byte in the socket for each time
        self._changing = threading.Lock()
        self._socket, self._far_end = socket.socketpair(type=socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.failing = ""
        self.commits = 0

    def _do(self, what: str) -> None:
        if self.failing == what:
            raise OSError(28, "No space left on device")
        self.done.append(what)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self, timeout_s: float) -> list[bytes]:
        with suppress(BlockingIOError):
            self._socket.recv(1)
        with self._changing:
            datagrams, self.arriving = self.arriving, []
        return datagrams

    def arrive(self, *datagrams: bytes) -> None:
        """All at once: they are one group."""
        with self._changing:
            self.arriving += datagrams
        self._far_end.send(b"\0")

    def send(self, to: Endpoint, datagram: bytes) -> None:
        self._do("send")
        self.sent.append((to, datagram))

    def save(self, writes: Sequence[object]) -> None:
        self._do("save")

    def write(self, written: Sequence[object]) -> None:
        if self.failing == "trace":
            raise TraceError("trace: No space left on device")
        self._do("trace")

    is_full = False  # of deliveries

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        self._do("deliver")
        self.delivered += deliveries

    def ignore(self, block: Block) -> None:
        pass

    def close(self) -> None:
        self._do("close")


class Fake(Role):
    """A role that does whatever the test says."""

    def __init__(self) -> None:
        super().__init__(Settings())
        self.received: list[tuple[int, Message]] = []
        self.groups = 0
        self.due_s = inf
        self.ticked = threading.Event()
        self.on_flush: Callable[[], object] = lambda: None

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        self.received.append((sender, message))

    def tick(self, now_s: float) -> None:
        assert now_s >= self.due_s
        self.due_s = inf
        self.ticked.set()

    def deadline_s(self) -> float:
        return self.due_s

    def standing(self) -> Standing:
        return Standing(ballot=B, leads=True, prefix=3, top=5, pending=2)

    def _finish(self, now_s: float) -> None:
        self.groups += 1
        self.on_flush()


class Quiet(Presence):
    """Does not say by itself that it is there."""

    due_s = inf

    def tick(self, now_s: float) -> None:
        pass


class Harness:
    def __init__(self, strict_trace: bool = False, has_mates: bool = False) -> None:
        self.world = Recorder()
        outside: dict[str, Any] = dict.fromkeys(OUTSIDE, self.world)
        self.role = Fake()
        self.stop = Stop()
        self.other = Envelope(b"cluster!", "acceptor", 2, 1, MEMBERS)
        self.clock = self.commits = 0  # of the other
        self.own_clock = Clock()
        me = Self(PROPOSER, "cluster", 77, "host", 1)
        self.presence = Quiet(me, Freshness(), time.monotonic())
        self.presence.begin(1)
        around = Surroundings(
            groups=Groups(),
            envelope=Envelope(b"cluster!", "proposer", 1, 1, MEMBERS),
            datagram_bytes=1000,
            clock=self.own_clock,
            faults=Faults(FaultRates(), str(PROPOSER)),
            presence=self.presence,
            strict_trace=strict_trace,
            has_mates=has_mates,
            **outside,
        )
        self.seat = Seat(ProcessName(PROPOSER, 1), self.role, around)
        self.node = Node([self.seat], self.stop)

    def datagram(self, *messages: Message, clock: int = 0) -> bytes:
        (body,) = bodies(map(encode_messages, messages), 60_000)
        self.clock += 1
        return self.other.seal(clock or self.clock, body, commits=self.commits)

    def wait(self, condition: Callable[[], object]) -> None:
        until = time.monotonic() + 5
        while not condition() and time.monotonic() < until:
            time.sleep(0.001)
        assert condition()
