"""The time of a simulation, and what happens in it next."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any


class Scheduler:
    """Actions in the order of their times."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._queue: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def schedule(self, at_s: float, action: Callable[..., None], *arguments: Any) -> None:
        """Do `action(*arguments)` at `at_s`; what is due at the same time, in this order."""
        self._count += 1
        heappush(self._queue, (at_s, self._count, action, arguments))

    def after(self, delay_s: float, action: Callable[..., None], *arguments: Any) -> None:
        """Do `action(*arguments)` in `delay_s` from now."""
        self.schedule(self.now_s + delay_s, action, *arguments)

    def run(self, until_s: float = inf, done: Callable[[], bool] = lambda: False) -> bool:
        """Run until `done()`, or the time is up; returns whether it is done."""
        queue = self._queue
        while queue and queue[0][0] <= until_s:
            self.now_s, _, action, arguments = heappop(queue)
            action(*arguments)
            if done():
                return True
        if until_s < inf:
            self.now_s = max(self.now_s, until_s)
        return done()
