"""Watches the wall clocks, for the user's sake: nothing depends on them but the times in traces.

Each datagram says what the wall clock of its sender showed. A process whose wall clock is far from
those of others, or whose hybrid clock is far ahead of its own wall clock, says so, once, and again
when that changes.
"""

from collections.abc import Callable
from math import inf

from paxos.core.names import Member
from paxos.runtime.clock import LATEST_US, LATEST_WALL_US, Clock
from paxos.runtime.notice import Notice
from paxos.runtime.report import say

FAR_US = 60_000_000
"""Clocks that are further apart than a minute are wrong: with NTP it is milliseconds."""

LOOK_S = 1.0
"""How often it is looked. What is seen at one look only is not said: after a pause, a process hears
first what was sent before it."""

HEARD_S = 10.0
"""Who was not heard for so long is not compared any more."""

NAMED = 4
"""Processes that one line names."""


class Skew:
    """The wall clocks that one process hears of. Used under the node's lock.

    Memory: one entry for each configured process."""

    def __init__(self, process: str, clock: Clock, out: Callable[[str], None] = say) -> None:
        self._clock = clock
        self._heard: dict[Member, tuple[int, float]] = {}
        """What its wall clock showed, in microseconds, and when that was heard."""
        self._far_us = 0  # a clock beyond this may be far ahead of the wall clock
        self._ahead_since = ""
        """Since when its clock is far ahead of its wall clock; empty: it is not."""
        self._before: frozenset[tuple[Member, bool]] = frozenset()
        """Who was far at the last look, and whether ahead."""
        self._epoch_us: int | None = (
            None  # what its wall clock showed at the monotonic clock's zero
        )
        self._apart = Notice(process, out)
        self._dragged = Notice(process, out)
        self._unbelieved = Notice(process, out)
        self._left = Notice(process, out)
        self.due_s = -inf
        """When to look again, at the next opportunity."""

    def start(self, now_s: float) -> None:
        """Before anything is sent or received: what an earlier incarnation has left."""
        if self._clock.disbelieved:
            self._left.update(
                "left",
                f"clock: its last incarnation has left one beyond {LATEST_US}, which is not "
                "believed; this one begins with the wall clock",
            )
        if self._ahead_us() > FAR_US:
            self._ahead_since = "its last incarnation"
        self.look(now_s)

    def hear(self, peer: Member, clock: int, wall_us: int, now_s: float) -> None:
        """A datagram of `peer` is about to be consumed: what its two clocks show. `wall_us` is 0 if
        its sender has not said."""
        if 0 < wall_us <= LATEST_WALL_US:
            self._heard[peer] = wall_us, now_s
        if clock > self._far_us and not self._ahead_since:
            self._far_us = self._clock.wall() + FAR_US
            if self._clock.last <= self._far_us < clock:
                self._ahead_since = f"it heard {peer}, whose clock was so far ahead"

    def look(self, now_s: float) -> None:
        """Compare, and say what is to be said."""
        self.due_s = now_s + LOOK_S
        wall_us = self._clock.wall()
        self._unbelieved.update(
            None if wall_us else "unbelieved",
            "clock: this machine's wall clock is not between the years 1970 and 2200, and is not "
            "believed; set it. Nothing is lost meanwhile: events are counted instead",
            "clock: this machine's wall clock is believed again",
        )
        if wall_us:
            self._far_us = wall_us + FAR_US
            self._notice_a_step(wall_us, now_s)
            self._look_at_own()
            self._look_at_others(wall_us, now_s)

    def _ahead_us(self) -> int:
        """How far its hybrid clock is ahead of its wall clock, if that is believed."""
        wall_us = self._clock.wall()
        return self._clock.last - wall_us if wall_us else 0

    def _look_at_own(self) -> None:
        ahead_us = self._ahead_us()
        if ahead_us > FAR_US:
            since = self._ahead_since = self._ahead_since or "this machine's clock was set back"
            self._dragged.update(
                since,
                f"clock: this process's is {_span(ahead_us)} ahead of this machine's wall clock, "
                f"since {since}; set the clocks that are wrong. Nothing is lost, but until "
                "the wall clock has caught up, times in its trace are counted and not told",
            )
        elif ahead_us < FAR_US // 2:
            self._ahead_since = ""
            self._dragged.update(
                None, "", "clock: this process's follows this machine's wall clock again"
            )

    def _notice_a_step(self, wall_us: int, now_s: float) -> None:
        """Where the wall clock was set, what others showed before is not compared with it: theirs
        may have been set with it."""
        epoch_us = wall_us - round(now_s * 1e6)
        if self._epoch_us is None or abs(epoch_us - self._epoch_us) > FAR_US // 2:
            self._epoch_us = epoch_us
            self._heard.clear()

    def _look_at_others(self, wall_us: int, now_s: float) -> None:
        offsets = {
            peer: round(theirs_us + (now_s - at_s) * 1e6) - wall_us
            for peer, (theirs_us, at_s) in self._heard.items()
            if now_s - at_s <= HEARD_S
        }
        far = {(peer, us > 0) for peer, us in offsets.items() if abs(us) > FAR_US}
        certain = far & self._before
        self._before = frozenset(far)
        if certain:
            self._apart.update(
                _kind(certain, heard=len(offsets) - len(far - certain)),
                "clock: this machine's is " + _apart({p: offsets[p] for p, _ in certain}) + "; set "
                "the one that is wrong. Nothing is lost meanwhile, but times in traces are those "
                "of the clock that is furthest ahead",
            )
        elif offsets and not far:
            self._apart.update(
                None, "", "clock: this machine's and those of all that it hears agree again"
            )


def _kind(far: set[tuple[Member, bool]], heard: int) -> frozenset[object]:
    """What must change for it to be said again. Where all are far on one side, it is one's own
    clock that differs, however many others there are."""
    directions = {ahead for _, ahead in far}
    if len(far) == heard and len(directions) == 1:
        return frozenset(directions)
    return frozenset(far)


def _apart(offsets: dict[Member, int]) -> str:
    """Where one's own clock is, seen from those that are far."""
    parts = []
    for ahead, side in ((False, "ahead of"), (True, "behind")):
        some = sorted((p for p, us in offsets.items() if (us > 0) == ahead), key=str)
        if some:
            furthest_us = max(abs(offsets[p]) for p in some)
            more = f" and {len(some) - NAMED} more" if len(some) > NAMED else ""
            parts.append(
                f"{_span(furthest_us)} {side} that of {', '.join(map(str, some[:NAMED]))}{more}"
            )
    return ", and ".join(parts)


def _span(us: int) -> str:
    """A time in words, in the largest unit that it has two of."""
    minutes = round(us / 60e6)
    hours = round(minutes / 60)
    if hours >= 48:
        return f"{round(hours / 24)} days"
    return f"{hours} h" if minutes >= 120 else f"{minutes} min"
