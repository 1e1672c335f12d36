"""Space-time diagrams: a lane per process, time downwards, messages as arrows.

Which events of a trace are drawn is decided in rejection.py, and which steps of a counterexample
in counterexample.py; here it is only how. Needs matplotlib.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEEDS_MATPLOTLIB = (
    "drawing needs matplotlib; run `make setup` in a checkout, or `pip install 'paxos[plots]'`"
)

LANE = 2.25  # inches
ROW = 0.46
COLOURS = {
    "value": "#7f7f7f",
    "1a": "#1f77b4",
    "1b": "#17becf",
    "2a": "#2ca02c",
    "2b": "#bcbd22",
    "Decide": "#9467bd",
}
REJECTED = "#d62728"
LANES = ("service", "client", "proposer", "acceptor", "learner")


class Lane(NamedTuple):
    """Whose events are below one another: an incarnation of a process (0: its model has none), or
    all processes of a role (id 0)."""

    role: str
    id: int = 0
    incarnation: int = 0

    def __str__(self) -> str:
        number = f"-{self.id}" if self.id else ""
        return f"{self.role}{number}" + (f".{self.incarnation}" if self.incarnation else "")


@dataclass(frozen=True)
class Shown:
    """An event to draw: its number, whose it is, a few words, and which earlier events sent it
    which messages."""

    number: int
    lane: Lane
    text: str
    causes: tuple[tuple[int, str], ...] = ()


def lanes(events: Sequence[Shown]) -> list[Lane]:
    """The processes, clients first and learners last."""
    return sorted({s.lane for s in events}, key=lambda x: (LANES.index(x.role), *x[1:]))


def draw(
    events: Sequence[Shown],
    paths: Sequence[Path],
    *,
    title: str = "",
    rejected: int = 0,
    why: Sequence[str] = (),
    word: str = "rejected",
) -> None:
    """Draw the events, from the first to the last one, into each of the files; the ending of a
    name says how. The event numbered `rejected` is marked with the word, and `why` stands below."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = lanes(events)
    width = _width(columns)
    height = ROW * (len(events) + 2) + 0.24 * len(why) + 1.1
    # A drawing of the same run is the same file: no date, no random names.
    with pyplot.rc_context({"svg.hashsalt": "conformance", "font.size": 9}):
        figure = pyplot.figure(figsize=(width, height))
        below = (0.24 * len(why) + 0.25) / height
        axes = figure.add_axes((0.01, below, 0.98, 1 - below - 0.45 / height))
        _lanes(axes, columns, len(events), _messages(events))
        _events(axes, events, columns, rejected, word)
        figure.text(0.015, 1 - 0.28 / height, title, fontsize=10, fontweight="bold")
        for k, line in enumerate(why):
            y = (0.24 * (len(why) - k) - 0.06) / height
            figure.text(0.015, y, line, color=REJECTED, fontsize=9, family="monospace")
        for path in paths:
            metadata = {"Date": None} if path.suffix == ".svg" else {}
            figure.savefig(path, dpi=120, facecolor="white", metadata=metadata)
        pyplot.close(figure)


def _width(columns: Sequence[Lane]) -> float:
    """Of the whole drawing, in inches."""
    return max(6.5, LANE * len(columns) + 0.6)


CHARACTER = 0.085  # inches, of a label in bold


def _messages(events: Sequence[Shown]) -> list[str]:
    """The kinds of messages drawn, for the key below the lanes."""
    sent = {message for shown in events for _, message in shown.causes}
    return [message for message in COLOURS if message in sent]


def _lanes(axes: Axes, columns: Sequence[Lane], rows: int, messages: Sequence[str]) -> None:
    axes.set_xlim(-0.12, len(columns) - 0.02)
    axes.set_ylim(rows + 0.6, -1.1)
    axes.axis("off")
    for x, name in enumerate(columns):
        axes.plot([x, x], [-0.4, rows + 0.3], color="#cccccc", linewidth=1.2, zorder=1)
        axes.text(x, -0.75, str(name), ha="left", va="center", fontweight="bold", zorder=4)
    for k, message in enumerate(messages):
        axes.text(
            0.03 + k * 0.36,
            rows + 0.35,
            f"\N{RIGHTWARDS ARROW} {message}",
            color=COLOURS[message],
            fontsize=8.5,
        )


def _events(
    axes: Axes, events: Sequence[Shown], columns: Sequence[Lane], rejected: int, word: str
) -> None:
    row = {shown.number: k for k, shown in enumerate(events)}
    lane = {shown.number: columns.index(shown.lane) for shown in events}
    before: int | None = None
    for shown in events:
        n = shown.number
        for cause, message in shown.causes:
            if cause in row and lane[cause] != lane[n]:
                axes.annotate(
                    "",
                    xy=(lane[n], row[n]),
                    xytext=(lane[cause], row[cause]),
                    arrowprops={
                        "arrowstyle": "-|>",
                        "color": COLOURS[message],
                        "linewidth": 1.1,
                        "shrinkA": 3,
                        "shrinkB": 4,
                    },
                    zorder=2,
                )
        bad = n == rejected
        colour = REJECTED if bad else "#222222"
        axes.plot(
            lane[n], row[n], "X" if bad else "o", color=colour, markersize=9 if bad else 5, zorder=5
        )
        text = shown.text + (f"  {word}" if bad else "")
        room = (len(columns) - lane[n]) * _width(columns) / (len(columns) + 0.1)
        fits = len(text) * CHARACTER < room
        axes.text(
            lane[n] + 0.03 if fits else len(columns) - 0.06,
            row[n] - 0.3,
            text,
            ha="left" if fits else "right",
            va="center",
            color=colour,
            fontsize=8.5,
            fontweight="bold" if bad else "normal",
            zorder=4,
            bbox={
                "facecolor": "white",
                "edgecolor": colour if bad else "none",
                "pad": 1.2,
                "alpha": 0.88,
            },
        )
        if before is not None and n > before + 1:
            axes.text(-0.1, row[n] - 0.5, "\N{VERTICAL ELLIPSIS}", color="#888888", va="center")
        before = n
