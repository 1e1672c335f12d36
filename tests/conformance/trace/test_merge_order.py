"""Sorted sequences become one, and none is begun before its turn."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.merge_order import merge

Row = tuple[int, str]
SEQUENCES = st.lists(st.lists(st.integers(0, 30)).map(sorted), max_size=6)


def rows(n: int, numbers: list[int]) -> list[Row]:
    return [(x, f"{n}.{k}") for k, x in enumerate(numbers)]


@given(SEQUENCES, st.booleans())
def test_as_heapq_merges(sequences: list[list[int]], known: bool) -> None:
    every = [rows(n, numbers) for n, numbers in enumerate(sequences)]
    begins: list[tuple[tuple[int], Callable[[], Iterator[Row]]]] = [
        ((numbers[0] if known and numbers else 0,), lambda each=each: iter(each))  # type: ignore[misc]
        for each, numbers in zip(every, sequences, strict=True)
    ]
    found = list(merge(begins, lambda row: (row[0],)))
    expected = list(heapq.merge(*every, key=lambda row: row[0]))
    assert [row[0] for row in found] == [row[0] for row in expected]
    assert sorted(found) == sorted(expected)
    for each in every:  # each in its own order
        assert [row for row in found if row in each] == each


@given(SEQUENCES)
def test_of_equal_keys_the_earlier_sequence_comes_first(sequences: list[list[int]]) -> None:
    every = [rows(n, numbers) for n, numbers in enumerate(sequences) if numbers]
    begins: list[tuple[tuple[int], Callable[[], Iterator[Row]]]] = [
        ((each[0][0],), lambda each=each: iter(each))  # type: ignore[misc]
        for each in every
    ]
    found = list(merge(begins, lambda row: (row[0],)))
    assert found == list(heapq.merge(*every, key=lambda row: row[0]))


def test_a_sequence_is_begun_when_it_is_its_turn() -> None:
    begun: list[int] = []

    def begin(n: int) -> Iterator[Row]:
        begun.append(n)
        return iter([(10 * n, "first"), (10 * n + 5, "second")])

    found = merge([((10 * n,), lambda n=n: begin(n)) for n in (2, 0, 1)], lambda row: (row[0],))  # type: ignore[misc]
    for row in found:
        assert max(begun) * 10 <= row[0]
    assert begun == [0, 1, 2]
