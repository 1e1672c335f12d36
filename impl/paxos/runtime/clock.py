"""The hybrid logical clock: wall-clock microseconds that also respect causality.

It reads the wall clock, but never goes back, never shows the same time twice, and is always later
than the clock of whatever was received. So sorting events of all processes by it puts every cause
before its effects. (Kulkarni et al., "Logical Physical Clocks", with one number for both parts.)

It orders events, and nothing else: nothing waits for it, and nobody is refused because wall clocks
differ. Where one is ahead, the others follow it, and count on from there, one at each event, until
their own wall clocks have caught up. `docs/decisions/clocks.md` says why, and what else was
considered.
"""

import time
from collections.abc import Callable

LATEST_WALL_US = 7_258_118_400_000_000
"""The beginning of the year 2200. A wall clock beyond it is broken, and is not believed: the
process only counts. There is no earliest: a wall clock that is behind is never the greater one."""

LATEST_US = 2**53 - 1
"""In the year 2255; a clock beyond it is not followed. No honest process comes near: what it shows
is a wall clock that somebody believed, up to 2200, plus at most one for each event and datagram of
the cluster since; at a million a second that takes 55 years more, and none of it depends on what a
peer's wall clock shows. (Readers of JSON that have no other numbers than doubles read it exactly.)
"""


def wall_us() -> int:
    """The wall clock, in microseconds."""
    return time.time_ns() // 1000


class Clock:
    """A process's hybrid logical clock. Not thread-safe: used under the node's lock."""

    def __init__(self, wall: Callable[[], int] = wall_us) -> None:
        self._wall = wall
        self.last = 0
        self.disbelieved = 0
        """What an earlier incarnation has left, if it is beyond `LATEST_US`; 0: nothing such."""

    def wall(self) -> int:
        """The wall clock, in microseconds; 0 if it is not believed."""
        wall = self._wall()
        return wall if 0 < wall <= LATEST_WALL_US else 0

    def tick(self) -> int:
        """The time of a new event: later than all before."""
        wall = self._wall()
        self.last = max(wall if wall <= LATEST_WALL_US else 0, self.last + 1)
        return self.last

    def ticks(self, count: int) -> int:
        """The times of `count` new events, at least one: the first of as many in a row."""
        first = self.tick()
        self.last += count - 1
        return first

    def resume(self, last: int) -> None:
        """Go on from `last`, which this process's clock had reached in an earlier incarnation. What
        no honest clock reaches is not believed."""
        if last > LATEST_US:
            self.disbelieved = last
        else:
            self.last = max(self.last, last)

    def merge(self, remote: int) -> bool:
        """Follow the clock of something received. False, if no honest process can have sent it."""
        if remote > LATEST_US:
            return False
        self.last = max(self.last, remote)
        return True
