"""FIFO and sessions in the graphs, where values are named v1, v2, ...: what is delivered."""

from __future__ import annotations

from conformance.statespace.graph import Batch, Bounds


def before(bounds: Bounds, value: str) -> set[str]:
    """Before(v): with FIFO, v1 for v2 and v3 for v4, which are of one client."""
    number = int(value[1:])
    return {f"v{number - 1}"} if bounds.fifo and number % 2 == 0 else set()


def is_over(bounds: Bounds, value: str, s: Batch) -> bool:
    """IsOver(v, S): with sessions, v1, v2, ... are of one incarnation after another."""
    return bounds.checkpoints and any(int(w[1:]) > int(value[1:]) for w in s)


def append_new(bounds: Bounds, s: Batch, batch: Batch) -> Batch:
    """AppendNew(s, Range(s), batch)"""
    for v in batch:
        if v not in s and before(bounds, v) <= set(s) and not is_over(bounds, v, s):
            s = (*s, v)
    return s


def known_of(bounds: Bounds, s: Batch) -> frozenset[str]:
    """Remember({}, s): the client table of who has delivered s."""
    return frozenset(v for v in s if not is_over(bounds, v, s))
