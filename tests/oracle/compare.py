"""The Python model of `conformance` beside the oracle, on one run."""

from __future__ import annotations

from conformance.replay.checker import Checker, Recorded
from conformance.replay.verdict import Violation
from tests.oracle.judge import Run, verdict


def by_the_model(run: Run) -> tuple[int, Violation] | None:
    """The number of the first event that the Python model refuses, and why."""
    recorded = Recorded(keeps=run.keeps)
    checker = Checker(run.constants, run.cluster, run.spec, recorded=recorded)
    for number, line in enumerate(run.lines, 1):
        event = {key: x for key, x in line.items() if key != "process"}
        violation = checker.feed(line["process"], event)
        if violation is not None:
            return number, violation
    return None


def difference(run: Run) -> str | None:
    """How the two differ on the run; None if they refuse the same event, or none."""
    theirs, ours = verdict(run), by_the_model(run)
    if (theirs and theirs[0]) == (ours and ours[0]):
        return None
    mine = f"event {ours[0]} by {ours[1].name}" if ours else "nothing"
    other = f"event {theirs[0]} by {theirs[1]}" if theirs else "nothing"
    return f"the model refuses {mine}, the oracle {other}"
