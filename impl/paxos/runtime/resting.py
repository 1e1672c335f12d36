"""Work that is not urgent, in short pieces with rests between them.

The roles of a cluster take turns on few cores, with `SCHED_BATCH`: who is woken does not interrupt
who runs. Something that works on without a pause keeps its core for a whole turn, many
milliseconds, whatever its niceness, and a value on its way may meet it in every process. The class
that is always interrupted, `SCHED_IDLE`, would not end at all on a machine that is busy.
"""

import time
from collections.abc import Callable

WORK_BYTES = 256 << 10
"""To be digested and written at a time, before a rest: a third of a millisecond."""

LEAST_S = 0.0002
"""It rests when it has worked so long: to wake up costs something too, and pieces may be tiny."""


class Resting:
    """Rests, in the thread that has made it, as long as that has worked since the last rest."""

    def __init__(
        self,
        worked_s: Callable[[], float] = time.thread_time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`worked_s()`: the processor time of this thread."""
        self._worked_s = worked_s
        self._sleep = sleep
        self._rested_s = worked_s()

    def rest(self) -> None:
        """Let others have the core, if it is time."""
        now_s = self._worked_s()
        if now_s >= self._rested_s + LEAST_S:
            self._sleep(now_s - self._rested_s)
            self._rested_s = now_s
