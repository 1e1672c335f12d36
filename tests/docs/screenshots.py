"""The pictures of the pages in docs/pages.md: python -m tests.docs.screenshots [folder].

Six kinds of page, one of them twice, each as it is at two widths, light and dark. They are made of
what the repository holds: runs of traces/, three models, and the tables and plots of docs/compare
and docs/bench. Needs Chromium. The pictures have few colours, so that they are small.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from conformance.cli.main import main as conformance
from harness.measure import figures_page
from tests.conformance.report.browser import SIZES, Opened, launched, opened
from tests.paths import ROOT

FOLDER = ROOT / "docs" / "pages"
COLOURS = 240
COUNTEREXAMPLE, GRAPH = "synod-own-value", "paxos-keeps-promise"
SNAPSHOTS = "paxos-checkpoint-ahead"
FIRST = ("throughput", "latency", "load", "speed")
"""Plots that come first, as on the pages that the commands write."""


def follow(it: Opened) -> None:
    """A run: a value along its critical path."""
    it.page.evaluate("document.getElementById('filters').open = true")
    it.page.fill("#follow", "1.1:1")
    it.page.keyboard.press("Enter")
    it.page.evaluate("document.getElementById('filters').open = false")


def to_the_end(it: Opened) -> None:
    """A counterexample: its last state."""
    it.page.keyboard.press("End")


def of_one_instance(it: Opened) -> None:
    """A state graph: only instance 1, and of the state the snapshots of learners."""
    it.page.select_option("#view", index=1)
    it.page.locator("text=checkpoint").last.scroll_into_view_if_needed()


def nothing(_: Opened) -> None:
    """The page as it opens."""


BEFORE: dict[str, Callable[[Opened], None]] = {
    "run": follow,
    "violation": nothing,
    "counterexample": to_the_end,
    "comparison": nothing,
    "benchmark": nothing,
    "graph": nothing,
    "snapshots": of_one_instance,
}
"""The kinds of pages, and what is done on each before its picture is taken."""


def pages(folder: Path) -> dict[str, Path]:
    """Write a page of each kind into the folder; where they are."""
    runs = {"run": "good/failover", "violation": "bad/propose_own_value_over_a_vote"}
    for name, run in runs.items():
        _say_nothing("report", f"traces/{run}", "--output", str(folder / f"{name}.html"))
    _say_nothing("spec", "--model", COUNTEREXAMPLE, "--report", "--work", str(folder))
    for model in (GRAPH, SNAPSHOTS):
        _say_nothing("spec", "--model", model, "--graph", "--work", str(folder))
    figures = {}
    for name in ("compare", "bench"):
        kept = ROOT / "docs" / name
        tables = (kept / "table.md").read_text(encoding="utf-8")
        files = sorted(kept.glob("*.svg"), key=lambda p: (p.stem not in FIRST, p.stem))
        plots = [(p.stem, figures_page.inline(p, p.stem)) for p in files]
        figures[name] = folder / f"{name}.html"
        figures[name].write_text(figures_page.render(tables, plots), encoding="utf-8")
    return {
        "run": folder / "run.html",
        "violation": folder / "violation.html",
        "counterexample": folder / "counterexamples" / f"{COUNTEREXAMPLE}.html",
        "comparison": figures["compare"],
        "benchmark": figures["bench"],
        "graph": folder / "graphs" / f"{GRAPH}.html",
        "snapshots": folder / "graphs" / f"{SNAPSHOTS}.html",
    }


def _say_nothing(*command: str) -> None:
    """Run `conformance` as at the top of the checkout, so that a picture has no other place."""
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with contextlib.chdir(ROOT), quiet[0], quiet[1]:
        conformance(list(command))


def name_of(kind: str, width: int, dark: bool) -> str:
    return f"{kind}-{width}-{'dark' if dark else 'light'}.png"


def take(into: Path) -> None:
    """Write all pictures into the folder."""
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pages-") as folder, launched() as browser:
        for kind, file in pages(Path(folder)).items():
            for width in SIZES:
                for dark in (False, True):
                    with opened(browser, file, width=width, dark=dark) as it:
                        BEFORE[kind](it)
                        it.drawn()
                        data = it.page.screenshot()
                    save(data, into / name_of(kind, width, dark))


def save(data: bytes, into: Path) -> None:
    """Write a picture with few colours."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    few = picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(into, optimize=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
