"""Who waits for what comes of a value: a thread with a future, or a task of an event loop.

Both are told by threads of the node or of the learner. To wake an event loop is a system call and a
switch of threads, so all that is told before the loop comes to it shares one.
"""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

Result = TypeVar("Result")


class Waiter(Protocol):
    """Told once, from any thread, without locks that a callback of an application might need."""

    def set_result(self, result: Any, /) -> None:
        """It is this."""

    def set_exception(self, exception: BaseException, /) -> None:
        """It has failed."""


class Pending(Future[Result]):
    """A future of what is under way: nothing takes it back."""

    def cancel(self) -> bool:
        """It cannot be."""
        return False


class Task:
    """A task of an event loop, which awaits `future`. If it is cancelled, nobody is told."""

    __slots__ = ("_wakings", "future")

    def __init__(self, wakings: "_Wakings", loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[Any] = loop.create_future()
        self._wakings = wakings

    def set_result(self, result: Any, /) -> None:
        """See `Waiter`."""
        self._wakings.add(self.future, result, None)

    def set_exception(self, exception: BaseException, /) -> None:
        """See `Waiter`."""
        self._wakings.add(self.future, None, exception)


class _Wakings:
    """What tasks of one event loop are to be told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []

    def add(self, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        with self._lock:
            self._told.append((future, result, error))
            is_first = len(self._told) == 1
        if is_first:
            with suppress(RuntimeError):  # the loop is closed
                future.get_loop().call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        """In the loop's thread."""
        with self._lock:
            told, self._told = self._told, []
        for future, result, error in told:
            if future.done():
                continue  # it was cancelled
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


class Tasks:
    """Makes waiters for the event loops that use it."""

    def __init__(self) -> None:
        self._wakings: WeakKeyDictionary[asyncio.AbstractEventLoop, _Wakings] = WeakKeyDictionary()

    def waiter(self) -> Task:
        """For the task that calls this."""
        loop = asyncio.get_running_loop()
        wakings = self._wakings.get(loop)
        if wakings is None:
            wakings = self._wakings.setdefault(loop, _Wakings())
        return Task(wakings, loop)
