"""Connections between nodes: delay, stall, cut and reset. A stream loses and reorders nothing.

A connection from `a` to `b` carries both links: what `a` says is of the link from `a` to `b`, the
answers are of the link from `b` to `a`. What waits is bounded by not reading further.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from conformance.relay.faults import Faults
from conformance.relay.links import HOST, Addresses, Link
from conformance.relay.schedule import Between

MAX_CONNECTIONS = 1_000
"""More are closed as soon as they are made."""

PIECE_BYTES = 64 << 10
"""Read at once, and delayed as one."""


class TcpLinks:
    """All links of a cluster, and the connections on them."""

    def __init__(self, faults: Faults, addresses: Addresses) -> None:
        self.faults = faults
        self.addresses = addresses
        self.connections: dict[asyncio.Task[None], tuple[Link, list[asyncio.StreamWriter]]] = {}
        self._servers: list[asyncio.Server] = []
        self._changed = asyncio.Event()
        faults.healed.append(self.release)

    async def open(self, link: Link, port: int) -> None:
        """Listen for a link, at a port or at a free one (0). Raises `OSError`."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.CancelledError):  # by `close`; asyncio would print a traceback
                await self._carry(link, reader, writer)

        server = await asyncio.start_server(connected, HOST, port, limit=PIECE_BYTES)
        self._servers.append(server)
        self.addresses.links[link] = server.sockets[0].getsockname()

    def release(self) -> None:
        """The rules have changed: whoever waits looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def end(self, between: Between, *, reset: bool) -> int:
        """End the connections on links that match, made from either end; how many."""
        ended = 0
        for (source, to), writers in list(self.connections.values()):
            if between.matches(source, to) or between.matches(to, source):
                ended += 1
                for writer in writers:
                    _reset(writer) if reset else writer.close()
        return ended

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self.connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        source, to = link
        target = self.addresses.own.get(to)
        assert task is not None
        if len(self.connections) >= MAX_CONNECTIONS or target is None:
            self.faults.count(source, to, "connections refused")
            writer.close()
            return
        writers = [writer]
        self.connections[task] = (link, writers)
        self.faults.count(source, to, "connections")
        try:
            onward, back = await asyncio.open_connection(*target, limit=PIECE_BYTES)
            writers.append(back)
            await asyncio.gather(
                self._pump(link, reader, back), self._pump((to, source), onward, writer)
            )
        except OSError:
            pass  # one of the two is gone, and now the other hears of it
        finally:
            del self.connections[task]
            for each in writers:
                with suppress(OSError):
                    each.close()

    async def _pump(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on what one end says, until it says no more."""
        while data := await reader.read(PIECE_BYTES):
            _, fate = self.faults.next(*link, data)
            if fate.delay_s:
                self.faults.count(*link, "delayed")
                await asyncio.sleep(fate.delay_s)
            if self.faults.rule(*link).stall:
                self.faults.count(*link, "stalled")
            while self.faults.rule(*link).stall:
                await self._changed.wait()
            writer.write(data)
            await writer.drain()
            self.faults.count(*link, "passed on")
        with suppress(OSError, RuntimeError):
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as if its other end had crashed: by RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
