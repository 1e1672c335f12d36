"""One replica of the store in this process: between the event loop of the server and the threads of
the library."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import paxos
from kv.commands import Command, Result, Write, encode
from kv.overview import Overview
from kv.store import Store
from kv.watching import Feed

ANSWER_S = 5.0
"""How long a request waits for a majority."""

RESULTS = 10_000

Found = TypeVar("Found")


@dataclass(frozen=True)
class Read(Generic[Found]):
    """What a read found."""

    found: Found
    age_s: float | None
    """Of a stale read: how long ago this replica was known to be up to date. None: linearizable."""


class Node:
    """A replica. Made within the event loop; a context manager."""

    def __init__(
        self, config: Path, number: int, *, run_dir: Path | None, answer_s: float = ANSWER_S
    ) -> None:
        """Raises `paxos.InputError` if it must not or cannot begin."""
        self.number = number
        self.watchers = 0
        self._config, self._answer_s = config, answer_s
        self._loop = asyncio.get_running_loop()
        self.feed = Feed(self._loop)
        self.store = Store(self.feed.add)
        self._lock = threading.Condition()
        self._results: dict[int, Result] = {}
        self._replica = paxos.Replica(config, number, self._apply, has_client=True, run_dir=run_dir)
        self._overview = Overview(config)

    def _apply(self, position: int, value: bytes) -> None:
        with self._lock:
            self._results[position] = self.store.apply(position, value)
            self._results.pop(position - RESULTS, None)
            self._lock.notify_all()

    def _applied(self, position: int) -> Result:
        with self._lock:
            self._lock.wait_for(lambda: position in self._results, self._answer_s)
            return self._results[position]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        with suppress(paxos.NotKnownError):
            self._replica.close()

    @property
    def position(self) -> int:
        """Of the last command that is applied here."""
        return self.store.position

    async def write(self, command: Command) -> Result:
        """Broadcast a command; its result, once it is applied here. Raises `TimeoutError`."""
        async with asyncio.timeout(self._answer_s):
            place = await self._replica.client.abroadcast(encode(command), 0.0)
            return await asyncio.to_thread(self._applied, place.position)

    async def read(self, ask: Callable[[Store], Found], *, stale: bool) -> Read[Found]:
        """Ask the store, once all that was acknowledged before is applied here, or at once."""
        if not stale:
            await self.write(Write("", None, -1))
        with self._lock:
            return Read(ask(self.store), 0.0 if stale else None)

    async def status(self) -> dict[str, Any]:
        """This replica, as it is."""
        with self._lock:
            return {
                "replica": self.number,
                "position": self.store.position,
                "keys": len(self.store),
                "bytes": self.store.total_bytes,
                "watchers": self.watchers,
            }

    async def cluster(self) -> dict[str, Any]:
        """All processes."""
        return await self._overview.ask()
