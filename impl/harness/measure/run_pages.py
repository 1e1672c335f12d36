"""The page of a run that was measured, `conformance report`'s, beside the tables."""

from __future__ import annotations

from pathlib import Path

from conformance.replay.report import explain, summary
from conformance.replay.verdict import Verdict
from conformance.report.run_page import Asked, run_page
from conformance.report.window import MOST_SHOWN
from conformance.report.write import write
from conformance.trace.reader import Run

SHOWN = 1_000
"""Events that the page of a run that conforms shows in full, from its beginning. A measurement
makes many runs, of hundreds of thousands of events each."""


def show(run: Run, verdict: Verdict, name: str, out: Path) -> str:
    """Write the page of a run below `out`, where the page of the measurement is.

    Returns:
        The run's page, from `out`; "" if there is nothing to show.

    Raises:
        OSError: it cannot be written.
    """
    if run.header is None or not (verdict.events or verdict.violation or verdict.hangs):
        return ""
    most = SHOWN if verdict.kind == "conforms" else MOST_SHOWN
    asked = Asked(name, summary(name, verdict), explain(name, verdict), most=most)
    path = out / "pages" / f"{name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write(run_page(run, verdict, asked), path)
    return path.relative_to(out).as_posix()
