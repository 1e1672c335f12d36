"""The hybrid logical clock: wall-clock microseconds that also respect causality.

It reads the wall clock, but never goes back, never shows the same time twice, and is always later
than the clock of whatever was received. So sorting events of all processes by it puts every cause
before its effects. (Kulkarni et al., "Logical Physical Clocks", with one number for both parts.)
"""

import time
from collections.abc import Callable

MAX_AHEAD_US = 3_600_000_000
"""A remote clock that is further ahead of this machine's is not followed: one broken clock would
drag those of the whole cluster along."""


def wall_us() -> int:
    """The wall clock, in microseconds."""
    return time.time_ns() // 1000


class Clock:
    """A process's hybrid logical clock. Not thread-safe: used under the node's lock."""

    def __init__(self, wall: Callable[[], int] = wall_us) -> None:
        self._wall = wall
        self.last = 0

    def tick(self) -> int:
        """The time of a new event: later than all before."""
        self.last = max(self._wall(), self.last + 1)
        return self.last

    def resume(self, last: int) -> None:
        """Go on from `last`, which this process's clock had reached in an earlier life."""
        self.last = max(self.last, last)

    def merge(self, remote: int) -> bool:
        """Note the clock of something received, and say whether it was plausible."""
        if remote <= self.last:
            return True
        if remote > self._wall() + MAX_AHEAD_US:
            return False
        self.last = remote
        return True
