"""How far a run is: one line kept up to date on a terminal, a line now and then elsewhere."""

import os
import time
from collections.abc import Sequence

from paxos.runtime.report import say

TERMINAL_S, OTHER_S = 0.2, 5.0
"""How often something is shown, at most."""

COMPARING_S = 1.0
"""Comparing outputs is shown, for the first time, when it takes longer than this."""


class Line:
    """The line in which something is shown."""

    def __init__(self, first_s: float | None = None) -> None:
        """`first_s`: when it is first shown (default: as often as later)."""
        self._live = os.isatty(2)
        self._interval_s = TERMINAL_S if self._live else OTHER_S
        self._shown_s = time.monotonic()
        self._due_s = self._shown_s + (self._interval_s if first_s is None else first_s)
        self._width = 0

    def passed_s(self) -> float | None:
        """How long it was shown last, or begun; None: it is not time to show it again."""
        now_s = time.monotonic()
        return now_s - self._shown_s if now_s >= self._due_s else None

    def show(self, line: str) -> None:
        """Show it."""
        self._shown_s = time.monotonic()
        self._due_s = self._shown_s + self._interval_s
        if self._live:
            say("\r" + line.ljust(self._width), end="")
            self._width = len(line)
        else:
            say(line)

    def end(self) -> None:
        """Leave the terminal clean."""
        if self._live and self._width:
            say("\r" + " " * self._width + "\r", end="")


class Progress:
    """Shows how many of the wanted values each learner has delivered."""

    def __init__(self, names: Sequence[str], wanted: int) -> None:
        self._names = names
        self._wanted = wanted
        self._line = Line()
        self._shown = 0

    def show(self, counts: Sequence[int]) -> None:
        """Show `counts`, if it is time to."""
        passed_s = self._line.passed_s()
        if passed_s is None:
            return
        rate = (min(counts) - self._shown) / passed_s
        self._shown = min(counts)
        self._line.show(f"delivered {self.summary(counts)}, {rate:.0f} values/s")

    def summary(self, counts: Sequence[int]) -> str:
        """`counts` in words."""
        listed = ", ".join(f"{name} {n}" for name, n in zip(self._names, counts, strict=True))
        return f"{listed} of {self._wanted}"

    def end(self) -> None:
        """Leave the terminal clean."""
        self._line.end()


class Comparing:
    """Shows that outputs are compared, and how much of them was read."""

    def __init__(self) -> None:
        self._line = Line(COMPARING_S)
        self._bytes = 0

    def add(self, more_bytes: int) -> None:
        """So much more was read; show it, if it is time to."""
        self._bytes += more_bytes
        if self._line.passed_s() is not None:
            self._line.show(f"comparing outputs, {self._bytes >> 20} MiB read")

    def end(self) -> None:
        """Leave the terminal clean."""
        self._line.end()
