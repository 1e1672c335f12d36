"""IntervalSet against Python's own set."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from paxos.core.intervals import IntervalSet

SPANS = st.tuples(st.integers(0, 40), st.integers(0, 6)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(SPANS), SPANS)
def test_like_a_set(spans: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    intervals, numbers = IntervalSet(), set[int]()
    for first, last in spans:
        intervals.add(first, last)
        numbers |= set(range(first, last + 1))
    wanted = set(range(asked[0], asked[1] + 1))
    assert intervals.covers(*asked) == (wanted <= numbers)
    assert intervals.overlaps(*asked) == bool(wanted & numbers)
    assert (asked[0] in intervals) == (asked[0] in numbers)
    assert intervals.first_missing(asked[0]) == min(set(range(asked[0], 60)) - numbers)


@given(st.lists(SPANS))
def test_intervals_are_few(spans: list[tuple[int, int]]) -> None:
    """They are disjoint, in order, and do not touch."""
    intervals = IntervalSet()
    for first, last in spans:
        intervals.add(first, last)
    found = intervals.intervals()
    assert all(first <= last for first, last in found)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))
