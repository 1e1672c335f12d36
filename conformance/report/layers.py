"""Places of the nodes of a graph in layers by depth, so that a page needs no layout of its own.

A layer is a row, or several below one another where it is wide. In it the nodes stand in the order
of the middle of their neighbours in the layer above, and then below, so that fewer edges cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, sqrt

Point = tuple[float, float]

LEAST_ACROSS = 16
"""A layer of so many nodes is always one row."""

SWEEPS = 4
BETWEEN = 1.6
"""From one layer to the next, where 1 is from a row to the next of one layer."""


def places(depths: Sequence[int], edges: Iterable[tuple[int, int]]) -> list[Point]:
    """Where each node stands, given its depth: 1 is the distance of two nodes of a row."""
    neighbours: dict[int, set[int]] = {node: set() for node in range(len(depths))}
    for source, target in edges:
        if abs(depths[source] - depths[target]) == 1:
            neighbours[source].add(target)
            neighbours[target].add(source)
    layers: list[list[int]] = [[] for _ in range(max(depths, default=-1) + 1)]
    for node, depth in enumerate(depths):
        layers[depth].append(node)
    x: dict[int, float] = {}
    for layer in layers:
        _spread(layer, x)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            beside = depths[layer[0]] + (-1 if down else 1) if layer else 0
            middle = {n: _middle(n, neighbours[n], depths, beside, x) for n in layer}
            layer.sort(key=lambda n, middle=middle: middle[n])  # type: ignore[misc]
            _spread(layer, x)
    return _rows(layers, max(LEAST_ACROSS, ceil(1.4 * sqrt(len(depths)))))


def _middle(
    node: int, near: set[int], depths: Sequence[int], beside: int, x: Mapping[int, float]
) -> float:
    """The middle of its neighbours in the layer beside; where it stands, if it has none."""
    found = [x[n] for n in near if depths[n] == beside]
    return sum(found) / len(found) if found else x[node]


def _spread(layer: Sequence[int], x: dict[int, float]) -> None:
    for k, node in enumerate(layer):
        x[node] = k - (len(layer) - 1) / 2


def _rows(layers: Sequence[Sequence[int]], across: int) -> list[Point]:
    found: dict[int, Point] = {}
    y = 0.0
    for layer in layers:
        rows = ceil(len(layer) / across) or 1
        each = ceil(len(layer) / rows) or 1
        for row in range(rows):
            # The order goes along each column of rows, so that neighbours stay close.
            own = layer[row::rows] if rows > 1 else layer
            for k, node in enumerate(own):
                found[node] = (k - (min(each, len(own)) - 1) / 2, y + row)
        y += rows - 1 + BETWEEN
    return [found[node] for node in range(len(found))]
