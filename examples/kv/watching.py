"""The last changes of this replica's store, for those who watch.

The thread that applies adds to them; the event loop of the server reads them and wakes who waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from itertools import takewhile

from kv.store import Change

MOST_CHANGES = 10_000
"""That are kept. Who is further behind has to read anew."""


class GoneError(Exception):
    """Changes that a watcher has not seen are not kept any more."""


class Feed:
    """Changes in the order of their versions."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int = MOST_CHANGES) -> None:
        """Who waits does so in `loop`."""
        self._loop = loop
        self._most = most
        self._lock = threading.Lock()
        self._changes: deque[Change] = deque()
        self._from = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._is_waking = False
        self.has_ended = False

    def begin(self, position: int) -> None:
        """The state is another one, as it was at `position`; of changes up to there nothing is
        known."""
        with self._lock:
            self._changes.clear()
            self._from = position
        self._loop.call_soon_threadsafe(self._wake)

    def add(self, change: Change) -> None:
        """By the thread that applies."""
        with self._lock:
            self._changes.append(change)
            if len(self._changes) > self._most:
                self._from = self._changes.popleft().version
            wake = bool(self._waiting) and not self._is_waking
            self._is_waking |= wake
        if wake:
            self._loop.call_soon_threadsafe(self._wake)

    def end(self) -> None:
        """There will be no more changes. In the event loop."""
        self.has_ended = True
        self._wake()

    def since(self, version: int) -> list[Change]:
        """All with higher versions. Raises `GoneError` if some of them are not kept."""
        with self._lock:
            if version < self._from:
                raise GoneError(f"changes up to version {self._from} are not kept; read anew")
            newer = list(takewhile(lambda c: c.version > version, reversed(self._changes)))
        return newer[::-1]

    async def more(self, version: int) -> list[Change]:
        """The same, once there are any; none if there will be none."""
        while not (found := self.since(version)) and not self.has_ended:
            waiter: asyncio.Future[None] = self._loop.create_future()
            with self._lock:
                self._waiting.add(waiter)
            try:
                if not (found := self.since(version)):  # or it came before we were among those
                    await waiter
            finally:
                with self._lock:
                    self._waiting.discard(waiter)
            if found:
                break
        return found

    def _wake(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, set()
            self._is_waking = False
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
