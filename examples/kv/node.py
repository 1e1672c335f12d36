"""One replica of the store in this process: between the event loop of the server and the threads of
the library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import paxos
from kv.commands import Command, Result, encode
from kv.overview import Overview
from kv.store import Store
from kv.watching import Feed

ANSWER_S = 5.0
"""How long a request waits for a majority."""

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
        self.feed = Feed(asyncio.get_running_loop())
        self.store = Store(self.feed.add, self.feed.begin)
        self._answer_s = answer_s
        self._replica = paxos.Replica(
            config, number, machine=self.store, has_client=True, run_dir=run_dir
        )
        self._overview = Overview(config)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._replica.close()

    async def close(self) -> None:
        """End the replica, and so all that waits for it, a write with `paxos.NotKnownError`."""
        self.feed.end()
        await asyncio.to_thread(self._replica.close)

    @property
    def position(self) -> int:
        """Of the last command that is applied here."""
        return self._replica.applied

    def wait(self) -> None:
        """Until it has failed or was closed; blocks a thread."""
        with suppress(paxos.RunError):  # the library has said it
            self._replica.wait()

    async def write(self, command: Command) -> Result:
        """Broadcast a command; its result, once it is applied here. Raises `TimeoutError` if that
        takes too long, and what `paxos.Replica.abroadcast` raises."""
        async with asyncio.timeout(self._answer_s):
            result = await self._replica.abroadcast(encode(command), timeout_s=0.0)
        assert isinstance(result, Result)
        return result

    async def read(self, ask: Callable[[Store], Found], *, stale: bool) -> Read[Found]:
        """Ask the store, once all that was acknowledged before is applied here, or at once. Raises
        `TimeoutError`, and what `paxos.Replica.reading` raises."""
        if not stale:
            return Read(await self._replica.aread(lambda: ask(self.store), self._answer_s), None)
        seen = await asyncio.to_thread(
            self._replica.read_stale, lambda: ask(self.store), self._answer_s
        )
        return Read(seen.result, seen.age_s)

    async def status(self) -> dict[str, Any]:
        """This replica, as it is."""
        return {
            "replica": self.number,
            "position": self.position,
            "keys": len(self.store),
            "bytes": self.store.total_bytes,
            "watchers": self.watchers,
        }

    async def cluster(self) -> dict[str, Any]:
        """All processes."""
        return await self._overview.ask()
