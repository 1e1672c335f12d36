"""Sets of integers that mostly come in runs, kept as their runs.

Instances covered by promises and values delivered are 1, 2, 3, ... with a few gaps for a while:
as intervals they cost memory for the gaps only, however long the trace is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class IntervalSet:
    """A set of integers as sorted, disjoint, non-adjacent closed intervals."""

    __slots__ = ("firsts", "lasts")

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self.lasts: list[int] = []

    def __contains__(self, x: int) -> bool:
        k = bisect_right(self.firsts, x) - 1
        return k >= 0 and x <= self.lasts[k]

    def runs(self) -> Iterator[tuple[int, int]]:
        """The intervals, ascending."""
        return zip(self.firsts, self.lasts, strict=True)

    def within(self, first: int, last: int) -> Iterator[int]:
        """The members from `first` to `last`, ascending."""
        k = bisect_left(self.lasts, first)
        while k < len(self.firsts) and self.firsts[k] <= last:
            yield from range(max(first, self.firsts[k]), min(last, self.lasts[k]) + 1)
            k += 1

    def overlaps(self, first: int, last: int) -> bool:
        """Whether any of first..last is a member."""
        k = bisect_left(self.lasts, first)
        return k < len(self.firsts) and self.firsts[k] <= last

    def add(self, first: int, last: int) -> int:
        """Add first..last; how many of them are new."""
        firsts, lasts = self.firsts, self.lasts
        if firsts and first == lasts[-1] + 1:  # the common case: the next one
            lasts[-1] = last
            return last - first + 1
        lo = bisect_left(lasts, first - 1)  # the first run that first..last touches or precedes
        hi = bisect_right(firsts, last + 1)  # one past the last run that it touches
        new = last - first + 1
        for k in range(lo, hi):
            new -= max(0, min(last, lasts[k]) - max(first, firsts[k]) + 1)
        if lo < hi:
            first, last = min(first, firsts[lo]), max(last, lasts[hi - 1])
        firsts[lo:hi] = [first]
        lasts[lo:hi] = [last]
        return new

    def remove(self, first: int, last: int) -> None:
        """Take out first..last, as far as they are members."""
        lo, hi = bisect_left(self.lasts, first), bisect_right(self.firsts, last)
        rest = [
            (f, n)
            for start, end in list(self.runs())[lo:hi]
            for f, n in ((start, min(end, first - 1)), (max(start, last + 1), end))
            if f <= n
        ]
        self.firsts[lo:hi] = [f for f, _ in rest]
        self.lasts[lo:hi] = [n for _, n in rest]

    def remove_to(self, last: int) -> None:
        """Take out all members up to `last`."""
        k = bisect_left(self.lasts, last + 1)
        del self.firsts[:k], self.lasts[:k]
        if self.firsts:
            self.firsts[0] = max(self.firsts[0], last + 1)


class RangesAsked:
    """Ranges from..to, of which only containment in a single one is asked.

    A range inside another one is dropped, so that what is left ascends in both ends, and one
    bisection finds the only candidate.
    """

    __slots__ = ("firsts", "lasts")

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self.lasts: list[int] = []

    def add(self, first: int, last: int) -> None:
        if self.contain(first, last):
            return
        lo = bisect_left(self.firsts, first)
        hi = bisect_right(self.lasts, last, lo)
        self.firsts[lo:hi] = [first]
        self.lasts[lo:hi] = [last]

    def contain(self, first: int, last: int) -> bool:
        """Whether one of the ranges has all of first..last."""
        k = bisect_right(self.firsts, first) - 1
        return k >= 0 and last <= self.lasts[k]

    def runs(self) -> Iterator[tuple[int, int]]:
        return zip(self.firsts, self.lasts, strict=True)
