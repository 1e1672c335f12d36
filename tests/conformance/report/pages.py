"""Pages of runs, for the tests of what is in them and of how they look."""

from __future__ import annotations

from pathlib import Path

from conformance.replay.run_folder import judge
from conformance.report.page import Page, Step
from conformance.report.run_page import Asked, run_page
from conformance.report.window import MOST_SHOWN
from conformance.trace.reader import open_run


def page_of(folder: Path, near: str = "", instances: str = "", most: int = MOST_SHOWN) -> Page:
    """The page of the run in this folder."""
    run = open_run(folder)
    asked = Asked(folder.name, "in a line", "in full", near, instances, most)
    return run_page(run, judge(run), asked)


def state_after(page: Page, number: int) -> dict[tuple[str, str, str], str]:
    """What is in each cell after the step of this number: by table, row and column."""
    held = dict(page.before)
    for step in page.steps:
        if step.number <= number:
            held.update((*step.between, *step.changes))
    named = {k: (page.tables[t].name, row, column) for k, (t, row, column) in enumerate(page.cells)}
    return {named[k]: text for k, text in held.items() if text}


def step_of(page: Page, kind: str, nth: int = 0) -> Step:
    return [s for s in page.steps if s.kind == kind][nth]
