"""The page of a run that was measured, `conformance report`'s, beside the tables."""

from __future__ import annotations

from pathlib import Path

from conformance.replay.report import explain, summary
from conformance.replay.run_folder import check_run
from conformance.report.run_page import Asked, run_page
from conformance.report.window import NoWindow
from conformance.report.write import write
from conformance.trace.reader import TraceError, open_run


def show(run_dir: Path, out: Path, instances: str = "") -> str:
    """Write the page of a run below `out`.

    Args:
        run_dir: the run's folder.
        out: where the page of the measurement is.
        instances: of a run that conforms, show these only, such as "1..20".

    Returns:
        The run's page, from `out`; "" if there is nothing to show, as the run cannot be read.

    Raises:
        OSError: it cannot be written.
    """
    path = out / "pages" / f"{run_dir.name}.html"
    try:
        run, verdict = open_run(run_dir), check_run(run_dir)
        if run.header is None or not (verdict.events or verdict.violation or verdict.hangs):
            return ""
        line, whole = summary(run_dir.name, verdict), explain(run_dir.name, verdict)
        shown = instances if verdict.kind == "conforms" else ""
        page = run_page(run, verdict, Asked(run_dir.name, line, whole, "", shown))
    except (TraceError, NoWindow, ValueError):
        return ""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(page, path)
    return path.relative_to(out).as_posix()
