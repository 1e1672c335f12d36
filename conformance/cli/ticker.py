"""How far a long command has come, on standard error if that is a terminal."""

from __future__ import annotations

import shutil
import sys
import threading
import time

PERIOD_S = 0.5
QUIET_S = 1.0
"""So long nothing is said: most commands have ended by then."""


class Ticker:
    """A line that says how many of the runs are judged, and since when it goes on."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._done = 0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Ticker:
        if sys.stderr is not None and sys.stderr.isatty():
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.clear()

    def done(self, runs: int) -> None:
        self._done = runs

    def clear(self) -> None:
        """Make room for a line of output; the next tick comes below it."""
        self._show("")

    def _tick(self) -> None:
        wait_s = QUIET_S
        while not self._ended.wait(wait_s):
            wait_s = PERIOD_S
            passed_s = time.monotonic() - self._started
            self._show(f"{self._done} of {self._runs} runs judged, {passed_s:.0f} s")

    def _show(self, line: str) -> None:
        if self._thread is None:
            return
        width = shutil.get_terminal_size().columns - 1
        with self._lock:
            print(f"\r\033[K{line[:width]}", end="", file=sys.stderr, flush=True)
