"""When a learner takes snapshots, and up to where it has them durable.

It takes one every so many instances or bytes, at the same instances as other learners, so that they
have the same checkpoints; not while one is on its way to the disk; and not before it has rested for
a few times as long as the last one took, so that checkpoints never take most of its time.
"""

from msgspec import Struct

from paxos.core.settings import Settings

REST = 4.0
"""A rest takes so many times as long as the last checkpoint took: they take a fifth of the time."""


class Place(Struct, frozen=True):
    """Of a snapshot: instances `1..prefix` are delivered, `position` values."""

    prefix: int = 0
    position: int = 0


class Keeping:
    """The checkpoints of one learner that keeps them."""

    def __init__(self, settings: Settings, kept: Place, now_s: float) -> None:
        self._instances = settings.checkpoint_instances
        self._bytes = settings.checkpoint_bytes
        self.kept = kept
        """Of the newest checkpoint that is durable."""
        self.taken: Place | None = None
        """Of the snapshot that is on its way."""
        self.kept_s = now_s
        """When it became durable, or this learner began with it."""
        self._now_s = self._taken_s = self._rested_s = now_s

    @property
    def age_us(self) -> int:
        """How long the newest checkpoint has been there, in microseconds, as it was last looked."""
        return max(0, int((self._now_s - self.kept_s) * 1e6))

    def look(self, now_s: float) -> None:
        """It is this late."""
        self._now_s = now_s

    def is_due(self, instance: int, before_bytes: int, after_bytes: int) -> bool:
        """Whether to take a snapshot, now that `instance` is delivered, with which the bytes that
        were delivered so far have grown."""
        is_station = (
            instance % self._instances == 0
            or before_bytes // self._bytes < after_bytes // self._bytes
        )
        return is_station and self.taken is None and self._now_s >= self._rested_s

    def take(self, place: Place) -> None:
        """A snapshot is on its way."""
        self.taken, self._taken_s = place, self._now_s

    def end(self, now_s: float, *, durable: bool) -> Place | None:
        """It has arrived, or it was lost on its way: the one before stands. Where the new
        checkpoint is, if there is one."""
        place, self.taken = self.taken, None
        self._rested_s = now_s + REST * (now_s - self._taken_s)
        if place is None or not durable:
            return None
        self.kept, self.kept_s = place, now_s
        return place

    def install(self, place: Place, now_s: float) -> None:
        """Another's snapshot is durable as the newest checkpoint."""
        self.kept, self.kept_s, self.taken = place, now_s, None
