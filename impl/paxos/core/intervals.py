"""Sets of integers kept as intervals: sequence numbers and instances mostly come in runs, so what
was delivered or chosen in a long run is a few pairs and not a million entries."""

from bisect import bisect_left, bisect_right


class IntervalSet:
    """A set of integers, as disjoint closed intervals that do not touch, in order."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, first: int, last: int) -> None:
        """Put `first..last` in the set; `first <= last`."""
        starts, ends = self._starts, self._ends
        if starts and first > ends[-1]:  # mostly, the last one grows
            if first == ends[-1] + 1:
                ends[-1] = last
            else:
                starts.append(first)
                ends.append(last)
            return
        left = bisect_left(ends, first - 1)
        right = bisect_right(starts, last + 1)
        if left < right:
            first = min(first, starts[left])
            last = max(last, ends[right - 1])
        starts[left:right] = [first]
        ends[left:right] = [last]

    def keep_last(self, count: int) -> None:
        """Forget all but the last `count` intervals."""
        if len(self._starts) > count:
            del self._starts[:-count], self._ends[:-count]

    def covers(self, first: int, last: int) -> bool:
        """Whether all of `first..last` is in the set."""
        at = bisect_right(self._starts, first) - 1
        return at >= 0 and last <= self._ends[at]

    def overlaps(self, first: int, last: int) -> bool:
        """Whether any of `first..last` is in the set."""
        at = bisect_right(self._starts, last) - 1
        return at >= 0 and first <= self._ends[at]

    def around(self, number: int) -> tuple[int, int]:
        """The interval that holds `number`, which is in the set."""
        at = bisect_right(self._starts, number) - 1
        return self._starts[at], self._ends[at]

    def __contains__(self, number: int) -> bool:
        return self.covers(number, number)

    def first_missing(self, start: int) -> int:
        """The smallest integer from `start` up that is not in the set."""
        at = bisect_right(self._starts, start) - 1
        return self._ends[at] + 1 if at >= 0 and start <= self._ends[at] else start

    def intervals(self) -> list[tuple[int, int]]:
        """The intervals `(first, last)`, in order."""
        return list(zip(self._starts, self._ends, strict=True))
