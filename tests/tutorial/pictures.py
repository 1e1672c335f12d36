"""The drawings of the tutorial: python -m tests.tutorial.pictures [folder].

Most are runs of the programs in docs/tutorial/, drawn by what draws a rejected trace. A test makes
them again and holds those in docs/tutorial/ to them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from conformance.draw.spacetime import draw
from conformance.replay.run_folder import check_run
from tests.docs.sequences import events
from tests.paths import ROOT
from tests.tutorial.session import FOLDER

RUNS = {
    "first": (["first.py"], "One value, and nobody in the way"),
    "takeover": (
        ["takeover.py"],
        "Proposer 2 takes over, and takes up the vote that it is told of",
    ),
    "late": (["late.py"], "Acceptor 1 votes below its promise"),
    "duel": (["duel.py", "2"], "Two proposers preempt each other"),
}
"""By the name of its drawing: a program with what it is given after the folder, and the title."""

TRACER = ROOT / "traces" / "tracers" / "python"


def record(program: str, *given: str, into: Path) -> None:
    """Run a program of the tutorial; its traces are in `into`."""
    subprocess.run(
        [sys.executable, FOLDER / program, into, *given],
        env={**os.environ, "PYTHONPATH": str(TRACER), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )


def draw_run(name: str, path: Path) -> None:
    """Draw the run of this name into an SVG file, with a cross where it is rejected."""
    (program, *given), title = RUNS[name]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / name
        record(program, *given, into=run)
        verdict = check_run(run)
        rejected = 0 if verdict.violation is None else verdict.events + 1
        draw(events(run), [path], title=title, rejected=rejected)


def draw_quorums(path: Path) -> None:
    """Draw three acceptors and two of their majorities into an SVG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Ellipse

    with pyplot.rc_context({"svg.hashsalt": "quorums", "font.size": 10}):
        figure = pyplot.figure(figsize=(5, 1.8))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, 5)
        axes.set_ylim(0, 1.8)
        axes.axis("off")
        for x, words, style in (
            (1.75, "voted in ballot 1", "-"),
            (3.25, "asked in ballot 2", "--"),
        ):
            axes.add_patch(Ellipse((x, 0.8), 2.9, 1.1, fill=False, linestyle=style, linewidth=1.5))
            axes.text(x + (x - 2.5) * 1.3, 1.5, words, ha="center")
        for number, x in enumerate((1.0, 2.5, 4.0), 1):
            axes.text(x, 0.8, f"acceptor {number}", ha="center", va="center")
        figure.savefig(path, facecolor="white", metadata={"Date": None})
        pyplot.close(figure)


PICTURES: dict[str, Callable[[Path], None]] = {
    **{name: partial(draw_run, name) for name in RUNS},
    "quorums": draw_quorums,
}
"""Each drawing, and what draws it."""


if __name__ == "__main__":
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for drawing, make in PICTURES.items():
        make(to / f"{drawing}.svg")
