"""How many bytes may be under way: a window that grows while the network and the receivers keep up,
and shrinks when they do not.

It grows as TCP's does (Jacobson 1988, RFC 5681): it doubles in each round trip at first, later it
grows by one message in a round trip, and it grows only while it is what limits the sender. It does
not grow while round trips show that a queue stands, and it shrinks by one message in a round trip
while the queue is longer than the path (as in TCP Vegas, Brakmo and Peterson 1995). It shrinks at
once when so much is lost that it cannot be by chance, or when something is lost and a long queue
stands (TCP Veno, Fu and Liew 2003). A little loss at random says nothing about the path.

Where answers wait for one another (a client's values are delivered in the order of the log), one
that is late holds up the others, and a long round trip is no proof of a queue.
"""

from math import inf

SHORT_QUEUE_S = 0.03
"""A queue that costs less, or less than half of a round trip without it, is none."""

LONG_QUEUE_S = 0.1
"""A queue that costs less, or less than a round trip without it, may be a processor that is busy:
what is lost then is no sign of congestion."""

BASE_S = 60.0
"""The shortest round trip of the last one to two such periods counts as the round trip without a
queue."""

LARGE_SHARE = 0.3
"""Where so much is lost, it is not by chance. Until then all that is lost is sent again."""

ENOUGH = 100
"""Answers and losses that it takes to speak of shares."""

LEAST_MESSAGES = 4
"""A window of so many messages does not shrink because of a queue alone."""

SHRINK = 0.8
"""What is left of a window that grew slowly: it is a little too large. One that grew twofold is
halved."""


class Window:
    """A window in bytes, for one sender."""

    __slots__ = (
        *("_answers", "_base_s", "_changed_s", "_least_s", "_losses", "_next_base_s", "_ordered"),
        *("_rested_s", "_segment", "_threshold", "_until_s", "limit", "round_s"),
    )

    def __init__(self, segment: int, first: int, *, ordered: bool) -> None:
        """`segment`: the bytes of the largest message; `first`: so many of them may be under way
        before anything is answered; `ordered`: answers wait for one another."""
        self._segment = segment
        self._ordered = ordered
        self.limit = float(first * segment)
        """So many bytes may be under way."""
        self._threshold = inf  # below it, the window grows twofold in a round trip
        self.round_s = 0.0
        """The shortest round trip of the last round; 0: none was measured."""
        self._least_s = inf  # and of this one, so far
        self._base_s = self._next_base_s = inf
        self._changed_s = -inf  # when these two were changed
        self._until_s = -inf  # the round ends then
        self._rested_s = -inf  # it shrank, and does not shrink again before
        self._answers = self._losses = 0

    def queue_s(self) -> float:
        """What queues on the way cost: the shortest round trip of a round has waited in them too,
        and for nothing else."""
        return max(0.0, self.round_s - self._base_s) if self.round_s else 0.0

    def _has_long_queue(self) -> bool:
        return not self._ordered and self.queue_s() > max(LONG_QUEUE_S, self._base_s)

    def measured(self, sample_s: float, now_s: float) -> None:
        """A round trip was measured."""
        if now_s - self._changed_s > BASE_S:
            self._base_s, self._next_base_s, self._changed_s = self._next_base_s, inf, now_s
        self._base_s = min(self._base_s, sample_s)
        self._next_base_s = min(self._next_base_s, sample_s)
        self._least_s = min(self._least_s, sample_s)
        self.round_s = self.round_s or sample_s

    def answered(self, size: int, now_s: float, *, is_full: bool) -> None:
        """A message of `size` bytes was answered; `is_full`: the window was used up."""
        self._look_at_round(now_s)
        self._answers += 1
        step = self._segment * size / self.limit
        if self.queue_s() <= max(SHORT_QUEUE_S, self._base_s / 2):
            if is_full:
                self.limit += step if self.limit >= self._threshold else size
            return
        self._threshold = min(self._threshold, self.limit)
        if self.queue_s() > max(2 * SHORT_QUEUE_S, self._base_s):
            self.limit = max(self.limit - step, min(self.limit, LEAST_MESSAGES * self._segment))

    def lost(self, now_s: float) -> None:
        """A message was lost, while others were answered."""
        self._look_at_round(now_s)
        self._losses += 1
        total = self._answers + self._losses
        is_large = total >= ENOUGH and self._losses > LARGE_SHARE * total
        if now_s >= self._rested_s and (is_large or self._has_long_queue()):
            factor = SHRINK if self.limit >= self._threshold else 0.5
            self.limit = self._threshold = max(factor * self.limit, float(self._segment))
            self._rested_s = now_s + self.round_s

    def silent(self) -> None:
        """Nothing at all is answered any more: begin anew."""
        self._threshold = max(self.limit / 2, self._segment)
        self.limit = float(self._segment)

    def _look_at_round(self, now_s: float) -> None:
        """Begin a new round, if the last one is over."""
        if now_s < self._until_s:
            return
        self.round_s = self.round_s if self._least_s == inf else self._least_s
        self._until_s, self._least_s = now_s + self.round_s, inf
        if self._answers + self._losses >= ENOUGH:
            self._answers = self._losses = 0
