"""The network of a process that is not alone on its machine: interfaces go and come back, and not
every packet that an interface carries arrives.

It is used as `paxos.runtime.multicast.Multicast` is, which the loopback needs alone.
"""

import os
import time
from collections.abc import Callable
from math import inf

from paxos.config import Endpoint, Groups
from paxos.forms import ROLE_GROUPS
from paxos.runtime.multicast import Multicast
from paxos.runtime.notice import Notice
from paxos.runtime.parts import Parts
from paxos.runtime.report import say
from paxos.runtime.socket_filter import Block

LOOK_S = 1.0
"""How often it is looked whether the interface is still the same."""

GONE = "interface {0} is gone, or has lost its address; nothing is sent or heard until it is back"
BACK = "interface {0} is back"
SMALLER = (
    "packets of more than {0} bytes do not arrive at every process (is there a tunnel, or a "
    "smaller MTU, on the way?); from now on what is larger is sent in parts of {0} bytes"
)


class Network:
    """A process's ear and mouth on a real network."""

    def __init__(
        self,
        sockets: Multicast,
        groups: Groups,
        own: Endpoint,
        cluster: bytes,
        key: bytes | None,
        out: Callable[[str], None] = say,
    ) -> None:
        """`sockets` hear `own`, one of `groups`; `cluster` is 8 bytes that name the cluster."""
        self._sockets = sockets
        self._out = out
        self._groups: list[Endpoint] = [getattr(groups, name) for name in ROLE_GROUPS]
        self._numbers = {endpoint: number for number, endpoint in enumerate(self._groups)}
        self._parts = Parts(cluster, os.urandom(8), self._numbers[own], sockets.packet_bytes, key)
        self.look_s = -inf
        """When `receive` looks whether the interface is still the same."""
        self.name(ROLE_GROUPS[self._numbers[own]].removesuffix("s"))

    def name(self, process: str) -> None:
        """What the process is called in what is said."""
        self._process = process
        self._interface = Notice(process, self._out)

    @property
    def packet_bytes(self) -> int:
        """The largest datagram that travels in one packet."""
        return self._parts.packet_bytes

    @property
    def receive_buffer_bytes(self) -> int:
        """The size of the buffer in which datagrams wait."""
        return self._sockets.receive_buffer_bytes

    def fileno(self) -> int:
        """As that of `Multicast`."""
        return self._sockets.fileno()

    def receive(self, timeout_s: float) -> list[bytes]:
        """Wait for datagrams; [] if none came within `timeout_s`, or if there was something to look
        after."""
        now_s = time.monotonic()
        if now_s >= self.look_s:
            self.look_s = now_s + LOOK_S
            self._look()
        datagrams = []
        for packet, source in self._sockets.receive_from(min(timeout_s, self.look_s - now_s)):
            datagram, answer, to, smaller = self._parts.arrive(packet, source)
            if datagram is not None:
                datagrams.append(datagram)
            if answer is not None and to < len(self._groups):
                self._answer(to, answer)
            if smaller is not None:
                self._out(f"{self._process}: {SMALLER.format(smaller)}")
        return datagrams

    def _look(self) -> None:
        name = self._sockets.interface
        there = self._sockets.look()
        self._parts.packet_bytes = min(self._parts.packet_bytes, self._sockets.packet_bytes)
        self._interface.update(None if there else "gone", GONE.format(name), BACK.format(name))

    def _answer(self, to: int, packet: bytes) -> None:
        try:
            self._sockets.send(self._groups[to], packet)
        except OSError:  # as if it were lost
            return

    def ignore(self, block: Block) -> None:
        """As `Multicast`: of datagrams in one packet, which are nearly all."""
        self._sockets.ignore(block)

    def send(self, to: Endpoint, datagram: bytes) -> None:
        """Send one datagram, in parts if need be. Raises `OSError` if the system refuses it."""
        packets = self._parts.split(datagram)
        for packet in packets:
            self._sockets.send(to, packet)
        number = self._numbers[to]
        if said := self._parts.report(number, [len(p) for p in packets], time.monotonic()):
            self._sockets.send(to, said)

    def close(self) -> None:
        """Close the sockets; nobody may be in `receive`."""
        self._sockets.close()
