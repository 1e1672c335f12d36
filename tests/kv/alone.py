"""The server over a store of its own, without a cluster: a command is applied when it comes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from kv.commands import Command, Result, encode
from kv.node import Node, Read
from kv.serving import server_of
from kv.store import Store
from kv.watching import Feed

Found = TypeVar("Found")


class Alone(Node):
    """A node that is the whole cluster."""

    def __init__(self) -> None:
        self.number = 1
        self.watchers = 0
        self.feed = Feed(asyncio.get_running_loop(), most=100)
        self.store = Store(self.feed.add, self.feed.begin)
        self.failure: Exception | None = None
        """What the next commands end with, after they are applied."""

    @property
    def position(self) -> int:
        return self.store.position

    async def write(self, command: Command) -> Result:
        result = self.store.apply(self.store.position + 1, encode(command))
        if self.failure:
            raise self.failure
        return result

    async def read(self, ask: Callable[[Store], Found], *, stale: bool) -> Read[Found]:
        return Read(ask(self.store), 0.25 if stale else None)

    async def status(self) -> dict[str, Any]:
        return {
            "replica": 1,
            "position": self.position,
            "keys": len(self.store),
            "bytes": self.store.total_bytes,
            "watchers": self.watchers,
        }

    async def cluster(self) -> dict[str, Any]:
        return {"leader": "", "ballot": [0, 0], "missing": [], "processes": []}


class Served:
    """Its server, in a thread of its own."""

    node: Alone
    address: str

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self.node = Alone()
        runner = web.ServerRunner(server_of(self.node), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.address = f"{host}:{port}"
        self._ready.set()
        await self._ended.wait()
        await runner.cleanup()
