"""What several runs give of one figure: the median, and the range."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from msgspec import Struct


class Spread(Struct):
    """Median, least and most of several runs."""

    median: float
    least: float
    most: float


def spread(figures: Iterable[float | None]) -> Spread | None:
    """Of the figures that are known; None of nothing."""
    known = [figure for figure in figures if figure is not None]
    middling = middle(known)
    return None if middling is None else Spread(middling, min(known), max(known))


def middle(figures: Iterable[float | None]) -> float | None:
    """The median of the figures that are known; None of nothing."""
    known = [figure for figure in figures if figure is not None]
    return median(known) if known else None
