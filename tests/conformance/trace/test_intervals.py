"""Interval sets against plain sets, and ranges asked against a plain list of ranges."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.intervals import IntervalSet, RangesAsked

spans = st.tuples(st.integers(1, 30), st.integers(0, 6)).map(lambda x: (x[0], x[0] + x[1]))


@given(st.lists(spans, max_size=12), spans)
def test_interval_set_is_a_set(added: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    intervals, plain = IntervalSet(), set[int]()
    for first, last in added:
        new = set(range(first, last + 1))
        assert intervals.add(first, last) == len(new - plain)
        plain |= new
    assert [x for x in range(40) if x in intervals] == sorted(plain)
    assert list(intervals.within(*asked)) == sorted(plain & set(range(asked[0], asked[1] + 1)))
    assert intervals.overlaps(*asked) == bool(plain & set(range(asked[0], asked[1] + 1)))
    runs = list(intervals.runs())
    # As few intervals as there are runs: that is what keeps the memory small.
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(runs))


@given(st.lists(spans, max_size=12), spans)
def test_ranges_asked_contain_what_one_of_them_contains(
    added: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    ranges = RangesAsked()
    for first, last in added:
        ranges.add(first, last)
    first, last = asked
    assert ranges.contain(first, last) == any(f <= first and last <= t for f, t in added)
    runs = list(ranges.runs())
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(runs))
