"""The picture of who knows whom in ARCHITECTURE.md: python -m tests.docs.rooms [file].

The arrows are the imports that there are, without those that follow from others: an arrow from one
room to another says that the first knows the second, and whatever that one knows. Where the rooms
stand in the picture is decided here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.paths import ROOT
from tests.test_layout import imports, modules

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

FILE = ROOT / "docs" / "rooms.svg"

PLACES: dict[str, tuple[float, float]] = {
    "conformance.cli": (2.1, 5),
    "conformance.specmutants": (0.5, 5),
    "conformance.modelcheck": (0.5, 4),
    "conformance.report": (3.2, 4),
    "conformance.lint": (1.5, 4),
    "conformance.inputs": (2.45, 4),
    "conformance.formats": (3.4, 3),
    "conformance.draw": (0.6, 3),
    "conformance.statespace": (2.3, 3),
    "conformance.replay": (0.9, 2),
    "conformance.tlcjudge": (3.6, 2),
    "conformance.rules": (0.6, 1),
    "conformance.tlc": (3.3, 1),
    "conformance.trace": (1.4, 0),
    "conformance.tla": (3.3, 0),
    "conformance.relay": (4.5, 3.5),
    "conformance.proof": (4.5, 2.0),
    "harness": (4.8, 5),
    "paxos": (6.0, 4),
    "paxos.api": (6.6, 3),
    "paxos.runtime": (6.0, 2),
    "paxos.core": (6.0, 0),
}
"""Each room, and where it stands."""

ABOUT = {
    "conformance.specmutants": "weakened on purpose",
    "conformance.formats": "verdicts as data",
    "conformance.inputs": "runs",
    "conformance.lint": "mistakes of input",
    "conformance.report": "pages for a browser",
    "conformance.replay": "judge 1",
    "conformance.rules": "the actions, in Python",
    "conformance.tlcjudge": "judge 2",
    "conformance.tlc": "TLC as a program",
    "conformance.trace": "what a trace is",
    "conformance.tla": "what TLA+ text is",
    "conformance.relay": "faults on purpose",
    "conformance.proof": "for all constants",
    "harness": "runs and measures clusters",
    "paxos": "command line, configuration",
    "paxos.api": "for applications",
    "paxos.runtime": "threads, sockets, disk",
    "paxos.core": "the protocol",
}


def room_of(module: str) -> str:
    """The room that a module is in; empty: none, as it is where all rooms find their files."""
    parts = module.split(".")
    for size in (2, 1):
        if (name := ".".join(parts[:size])) in PLACES:
            return name
    return ""


def known() -> dict[str, set[str]]:
    """By room, the others whose modules it imports."""
    files = modules()
    found: dict[str, set[str]] = {room: set() for room in PLACES}
    for module, path in files.items():
        if room := room_of(module):
            rooms = {room_of(name) for name in imports(path) if name in files}
            found[room] |= rooms - {room, ""}
    return found


def arrows() -> list[tuple[str, str]]:
    """Who knows whom, without what follows. What is taken from the files beside them, errors and
    the configuration, is not drawn: the command line is beside them too, and knows all of it."""
    direct = known()
    for room in ("paxos.runtime", "paxos.api"):
        direct[room].remove("paxos")
    beyond = {room: _reached(direct, others) for room, others in direct.items()}
    return sorted((a, b) for a, others in direct.items() for b in others if b not in beyond[a])


def _reached(direct: dict[str, set[str]], others: set[str]) -> set[str]:
    """What the others know, and what those know, and so on."""
    found: set[str] = set()
    waiting = [room for other in others for room in direct[other]]
    while waiting:
        room = waiting.pop()
        if room not in found:
            found.add(room)
            waiting += direct[room]
    return found


def draw(path: Path) -> None:
    """Draw them into an SVG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.hashsalt": "rooms", "font.size": 9}):
        figure = pyplot.figure(figsize=(10.5, 6))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(-0.2, 7.4)
        axes.set_ylim(-0.6, 5.6)
        axes.axis("off")
        boxes = {room: _box(axes, room) for room in PLACES}
        figure.canvas.draw()  # now the boxes are as large as their words
        for start, end in arrows():
            ends = {"patchA": boxes[start].get_bbox_patch(), "patchB": boxes[end].get_bbox_patch()}
            look = {"arrowstyle": "-|>", "color": "#777777", "shrinkA": 0, "shrinkB": 2}
            arrow = axes.annotate(
                "", xy=PLACES[end], xytext=PLACES[start], arrowprops={**look, **ends}, zorder=1
            ).arrow_patch
            assert arrow is not None
            arrow.set_gid(f"{start} knows {end}")
        axes.text(2.1, 5.45, "conformance", ha="center", fontweight="bold")
        axes.text(6.0, 5.45, "impl", ha="center", fontweight="bold")
        figure.savefig(path, facecolor="white", metadata={"Date": None})
        pyplot.close(figure)


def _box(axes: Axes, room: str) -> Text:
    about = ABOUT.get(room)
    return axes.text(
        *PLACES[room],
        room.removeprefix("conformance.") + (f"\n{about}" if about else ""),
        ha="center",
        va="center",
        zorder=3,
        bbox={
            "boxstyle": "round,pad=0.4",
            "facecolor": "#eef3f8" if room.startswith("conformance") else "#f7f1e3",
            "edgecolor": "#555555",
        },
    )


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
    for knows, is_known in arrows():
        print(f"{knows} -> {is_known}")
