"""Stopping: how signals, failed threads and a dead parent reach the main thread.

The main thread waits on a pipe. A signal handler may write to a pipe at any moment, which cannot
be said of locks and conditions.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

from paxos.runtime.streams import readable


class Stop:
    """A request to stop, made once or several times, and the first failure."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self.requested = False
        self.interrupted = False
        """It was Ctrl-C, or another SIGINT."""
        self.failure: BaseException | None = None

    def on_signals(self) -> None:
        """Let SIGTERM and SIGINT request a stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: self._signalled(number))
        # Python runs the handler once the main thread is awake. A signal that another thread was
        # given, or that came just before the main thread went to sleep, wakes it by this byte.
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def _signalled(self, number: int) -> None:
        self.interrupted |= number == signal.SIGINT
        self.request()

    @staticmethod
    def ignore_signals() -> None:
        """From here on the process ends by itself, and is not to be cut short: Python takes its
        handlers away before it is done."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    def request(self, failure: BaseException | None = None) -> None:
        """Ask the main thread to stop, because of `failure` or because it is time."""
        self.note(failure)
        self.requested = True
        with suppress(BlockingIOError):
            os.write(self._writer, b"\0")

    def retired(self, why: str) -> None:
        """A role of the process cannot go on: its exit status will tell."""

    def note(self, failure: BaseException | None) -> None:
        """Remember the first failure."""
        if self.failure is None:
            self.failure = failure

    def wait(
        self,
        timeout_s: float | None = None,
        parent_fd: int | None = None,
        news: Iterable[int] = (),
    ) -> bool:
        """Wait until a stop is requested, `parent_fd` is closed at its other end, there is
        something to read at one of `news`, or the time is up. Whether to stop."""
        ends = {self._reader} if parent_fd is None else {self._reader, parent_fd}
        ready = readable([*ends, *news], timeout_s)
        return self.requested or not ends.isdisjoint(ready)
