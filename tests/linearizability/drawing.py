"""A history that no copy has, drawn: a lane for each client, a bar for each operation.

Shown are the last operations of the longest order that was found, numbered in that order, and in
red those that can come next there, and do not fit. Needs matplotlib.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.linearizability.history import Operation
from tests.linearizability.wgl import Found

BEFORE = 14
"""Operations of the order that are shown."""

MOST_LEFT = 14
"""Of those that are in no order, the first ones."""

FITS, UNKNOWN, FITS_NOT, AFTER = "#2ca02c", "#bcbd22", "#d62728", "#bbbbbb"


class Bar(NamedTuple):
    """An operation to draw."""

    operation: Operation
    label: str
    colour: str


def shown(found: Found) -> list[Bar]:
    """What is drawn: the end of the order, and the beginning of what is left."""
    first = max(0, len(found.order) - BEFORE)
    bars = [
        Bar(one, f"{number}: {one.words}", FITS if one.answer else UNKNOWN)
        for number, one in enumerate(found.order[first:], first + 1)
    ]
    left = sorted(found.left, key=lambda one: one.called_ns)[:MOST_LEFT]
    first_return = min((one.returned_ns or 0 for one in found.left), default=0)
    for one in left:
        can_be_next = one.called_ns <= first_return
        bars.append(Bar(one, one.words, FITS_NOT if can_be_next else AFTER))
    return bars


def why(key: str, found: Found) -> str:
    """In a line or two: after what, and what is left."""
    there = found.register
    value = "nothing" if there.value is None else there.value
    version = f"@{there.version}" if there.is_known else f"after @{there.version}"
    reds = [bar for bar in shown(found) if bar.colour == FITS_NOT]
    fits = "; ".join(f"{bar.operation.client}: {bar.label}" for bar in reds)
    return (
        f"key {key}: after {len(found.order)} operations there is {value} {version}, "
        f"and none of these can be the next: {fits}"
    )


def draw(key: str, found: Found, path: Path) -> None:
    """Draw it into a file, in the form that its ending says."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = shown(found)
    clients = sorted({bar.operation.client for bar in bars})
    rows = _rows(bars, clients)
    height = max(rows.values(), default=0) + 1
    with pyplot.rc_context({"svg.hashsalt": "linearizability", "font.size": 9}):
        figure, axes = pyplot.subplots(figsize=(13, 0.34 * height + 1.2))
        start = min((bar.operation.called_ns for bar in bars), default=0)
        end = max((bar.operation.returned_ns or bar.operation.called_ns for bar in bars), default=1)
        for k, bar in enumerate(bars):
            _bar(axes, bar, rows[k], start, end)
        firsts = {bars[k].operation.client: row for k, row in reversed(rows.items())}
        axes.set_yticks(list(firsts.values()), list(firsts))
        axes.invert_yaxis()
        axes.set_xlabel("milliseconds")
        axes.set_title(f"key {key}: in this order; then none of the red ones fits", loc="left")
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        figure.tight_layout()
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=110, facecolor="white", metadata=metadata)
        pyplot.close(figure)


def _rows(bars: Sequence[Bar], clients: Sequence[str]) -> dict[int, int]:
    """The row of each bar, by its number: those of one client below one another, so that labels do
    not meet."""
    rows, row = {}, 0
    for client in clients:
        own = [k for k, bar in enumerate(bars) if bar.operation.client == client]
        for k in sorted(own, key=lambda k: bars[k].operation.called_ns):
            rows[k] = row
            row += 1
    return rows


def _bar(axes: Any, bar: Bar, row: int, start_ns: int, end_ns: int) -> None:
    called, returned = bar.operation.called_ns, bar.operation.returned_ns
    from_ms = (called - start_ns) / 1e6
    to_ms = ((end_ns if returned is None else returned) - start_ns) / 1e6
    axes.barh(
        row,
        max(to_ms - from_ms, (end_ns - start_ns) / 4e8),
        0.7,
        from_ms,
        color=bar.colour,
        alpha=0.75,
        linestyle="--" if returned is None else "-",
        edgecolor="#444444",
    )
    is_late = from_ms > (end_ns - start_ns) / 1e6 * 0.6
    x, align = (from_ms, "right") if is_late else (to_ms, "left")
    axes.text(x, row, f" {bar.label} ", va="center", fontsize=8, ha=align)
