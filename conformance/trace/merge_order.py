"""Sorted sequences to one, where each is begun only when it is its turn.

A run has a file for each life of each process, and the first event of one may be large: an acceptor
comes back with all its votes. `heapq.merge` would hold the first event of every file from the
beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush, heapreplace
from typing import Any, TypeVar

Row = TypeVar("Row")
Key = tuple[Any, ...]
NEVER: Key = (float("inf"),)


def merge(
    begins: Iterable[tuple[Key, Callable[[], Iterator[Row]]]], key: Callable[[Row], Key]
) -> Iterator[Row]:
    """The rows of all sequences by their keys; of equal ones, those of an earlier sequence first.
    `begins` has a key that is at most that of the first row, and what begins the sequence."""
    waiting = sorted(((first, n, begin) for n, (first, begin) in enumerate(begins)), reverse=True)
    heap: list[tuple[Key, int, Row, Callable[[], Row]]] = []
    while waiting or heap:
        while waiting and (not heap or waiting[-1][0] <= heap[0][0]):
            _, n, begin = waiting.pop()
            rows = begin()
            for row in rows:
                heappush(heap, (key(row), n, row, rows.__next__))
                break
        turn = waiting[-1][0] if waiting else NEVER  # of the next one
        while heap and heap[0][0] < turn:
            _, n, row, advance = heap[0]
            yield row
            try:
                row = advance()
            except StopIteration:
                heappop(heap)
            else:
                heapreplace(heap, (key(row), n, row, advance))
