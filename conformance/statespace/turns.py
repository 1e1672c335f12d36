"""FIFO in the graphs, where values are named v1, v2, ...: what may be delivered when."""

from __future__ import annotations

from conformance.statespace.graph import Batch, Bounds


def before(bounds: Bounds, value: str) -> set[str]:
    """Before(v): with FIFO, v1 for v2 and v3 for v4, which are of one client."""
    number = int(value[1:])
    return {f"v{number - 1}"} if bounds.fifo and number % 2 == 0 else set()


def append_new(bounds: Bounds, s: Batch, batch: Batch) -> Batch:
    """AppendNew(s, batch)"""
    for v in batch:
        if v not in s and before(bounds, v) <= set(s):
            s = (*s, v)
    return s
