"""The wall clock of one machine, which may be wrong: off, and too fast or too slow."""

from __future__ import annotations

from collections.abc import Callable


class WallClock:
    """What a machine takes for the time."""

    def __init__(self, true_us: Callable[[], int], now_s: Callable[[], float]) -> None:
        """`true_us` is the time that no machine knows; `now_s` that of the simulation."""
        self._true_us = true_us
        self._now_s = now_s
        self._offset_us = 0  # how far it was off when it was set last
        self._drift = 0.0  # how much too fast it has gone since, in parts of the true time
        self._set_s = 0.0

    def show_us(self) -> int:
        """What it shows, in microseconds."""
        return self._true_us() + self.error_us()

    def error_us(self) -> int:
        """How far it is off."""
        drifted_s = self._drift * (self._now_s() - self._set_s)
        return self._offset_us + int(drifted_s * 1e6)

    def set(self, offset_us: int, drift: float = 0.0) -> None:
        """Set it so far off, and let it go too fast by `drift`; it is right with 0."""
        self._offset_us, self._drift = offset_us, drift
        self._set_s = self._now_s()
