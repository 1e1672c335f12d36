"""Datagrams between nodes: loss, delay, duplication, reordering, and stalling them until `heal`.

One event loop, one socket for each link. What waits is bounded: beyond that it is dropped and
counted, as a network does.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Any

from conformance.relay.faults import Faults
from conformance.relay.links import HOST, Address, Addresses, Link

MAX_HELD_BYTES = 64 << 20
"""Of datagrams that are delayed, stalled or waiting to be overtaken, in all links together."""

MAX_HELD = 100_000
"""Datagrams that are held, in all links together."""

OVERTAKEN_S = 0.05
"""The longest that a datagram waits for the one that is to overtake it."""

RECEIVE_BUFFER_BYTES = 4 << 20


class UdpLinks:
    """All links of a cluster."""

    def __init__(self, faults: Faults, addresses: Addresses) -> None:
        self.faults = faults
        self.addresses = addresses
        self.links: dict[Link, _Link] = {}
        self.heard_from: dict[str, Address] = {}
        """Nodes without an address of their own: where their last datagram came from."""
        self.held = self.held_bytes = 0
        faults.healed.append(self.release)

    async def open(self, link: Link, port: int) -> None:
        """Listen for a link, at a port or at a free one (0). Raises `OSError`."""
        loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            sock.bind((HOST, port))
            self.links[link] = _Link(self, link)
            await loop.create_datagram_endpoint(lambda: self.links[link], sock=sock)
        except BaseException:
            sock.close()
            raise
        self.addresses.links[link] = sock.getsockname()

    def release(self) -> None:
        """Send what was stalled and is not any more."""
        for link in self.links.values():
            link.release()

    async def close(self) -> None:
        for link in self.links.values():
            if link.transport is not None:
                link.transport.close()

    def take(self, data: bytes) -> bool:
        """Whether there is room to hold it."""
        if self.held >= MAX_HELD or self.held_bytes + len(data) > MAX_HELD_BYTES:
            return False
        self.held += 1
        self.held_bytes += len(data)
        return True

    def give(self, data: bytes) -> None:
        """It is held no longer."""
        self.held -= 1
        self.held_bytes -= len(data)


class _Link(asyncio.DatagramProtocol):
    def __init__(self, all_links: UdpLinks, ends: Link) -> None:
        self.all, self.ends = all_links, ends
        self.transport: asyncio.DatagramTransport | None = None
        self.stalled: deque[bytes] = deque()
        self.overtaken: deque[bytes] = deque()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        source, to = self.ends
        self.all.heard_from[source] = address
        rule, fate = self.all.faults.next(source, to, data)
        if fate.lost:
            self._count("lost")
            return
        if fate.twice:
            self._count("duplicated")
        for _ in range(2 if fate.twice else 1):
            if rule.stall:
                self._hold(self.stalled, data, "stalled")
            elif fate.overtaken:
                if self._hold(self.overtaken, data, "reordered"):
                    asyncio.get_running_loop().call_later(OVERTAKEN_S, self._pass_overtaken)
            elif fate.delay_s and self._hold(None, data, "delayed"):
                asyncio.get_running_loop().call_later(fate.delay_s, self._send_held, data)
            elif not fate.delay_s:
                self._send(data)
        if not (fate.overtaken or fate.delay_s or rule.stall):
            self._pass_overtaken()

    def release(self) -> None:
        kept: deque[bytes] = deque()
        while self.stalled:
            data = self.stalled.popleft()
            if self.all.faults.rule(*self.ends, data).stall:
                kept.append(data)
            else:
                self._send_held(data)
        self.stalled = kept

    def _pass_overtaken(self) -> None:
        while self.overtaken:
            self._send_held(self.overtaken.popleft())

    def _hold(self, queue: deque[bytes] | None, data: bytes, what: str) -> bool:
        if not self.all.take(data):
            self._count("dropped: too many are held")
            return False
        self._count(what)
        if queue is not None:
            queue.append(data)
        return True

    def _send_held(self, data: bytes) -> None:
        self.all.give(data)
        self._send(data)

    def _send(self, data: bytes) -> None:
        source, to = self.ends
        target = self.all.addresses.own.get(to) or self.all.heard_from.get(to)
        back = self.all.links[to, source].transport
        if target is None:
            self._count(f"dropped: {to} has said nothing yet, and has no address")
        elif back is not None and not back.is_closing():
            back.sendto(data, target)
            self._count("passed on")

    def _count(self, what: str) -> None:
        self.all.faults.count(*self.ends, what)
