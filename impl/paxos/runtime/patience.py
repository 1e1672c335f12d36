"""How long somebody has waited: only the time in which it was running counts.

A process that is stopped, in a container that is frozen or on a machine that sleeps, finds on
waking that much time has gone by, in which nobody could do anything.
"""

import time

LOOK_S = 0.05
"""How often whoever waits is to look."""

MAX_LOOK_S = 5 * LOOK_S
"""What lies between two looks counts as no more than this."""


class Patience:
    """Is over when its owner has looked, in vain, for `limit_s`."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self.renew()

    def renew(self) -> None:
        """Something came: begin anew."""
        self._waited_s = 0.0
        self._looked_s = time.monotonic()

    def is_over(self) -> bool:
        """Look, and say whether that was long enough."""
        now_s = time.monotonic()
        self._waited_s += min(now_s - self._looked_s, MAX_LOOK_S)
        self._looked_s = now_s
        return self._waited_s > self._limit_s
