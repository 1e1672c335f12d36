"""How far a run is: one line kept up to date on a terminal, a line now and then elsewhere."""

import os
import time
from collections.abc import Sequence

from paxos.runtime.report import say

TERMINAL_S, OTHER_S = 0.2, 5.0
"""How often something is shown, at most."""


class Progress:
    """Shows how many of the wanted values each learner has delivered."""

    def __init__(self, names: Sequence[str], wanted: int) -> None:
        self._names = names
        self._wanted = wanted
        self._live = os.isatty(2)
        self._interval_s = TERMINAL_S if self._live else OTHER_S
        self._shown_s = time.monotonic()
        self._shown = 0
        self._width = 0

    def show(self, counts: Sequence[int]) -> None:
        """Show `counts`, if it is time to."""
        now_s = time.monotonic()
        passed_s = now_s - self._shown_s
        if passed_s < self._interval_s:
            return
        rate = (min(counts) - self._shown) / passed_s
        self._shown_s, self._shown = now_s, min(counts)
        line = f"delivered {self.summary(counts)}, {rate:.0f} values/s"
        if self._live:
            say("\r" + line.ljust(self._width), end="")
            self._width = len(line)
        else:
            say(line)

    def summary(self, counts: Sequence[int]) -> str:
        """`counts` in words."""
        listed = ", ".join(f"{name} {n}" for name, n in zip(self._names, counts, strict=True))
        return f"{listed} of {self._wanted}"

    def end(self) -> None:
        """Leave the terminal clean."""
        if self._live and self._width:
            say("\r" + " " * self._width + "\r", end="")
