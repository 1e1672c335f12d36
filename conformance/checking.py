"""`conformance check`: the verdict on each run, by the Python model and, if asked, by TLC.

TLC is the authority, the Python model is quick and explains itself. What either of them rejects is
rejected; where they differ, one of them is wrong, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.coverage import Coverage
from conformance.ending import complain, printable
from conformance.explain import explain, summary
from conformance.log import TraceError, open_run
from conformance.replay import Verdict, assumed, check_run

if TYPE_CHECKING:
    from conformance.judge import Ruling

Assume = Mapping[str, bool | int]


def check(
    runs: Iterable[Path],
    *,
    quiet: bool = False,
    assume: Assume | None = None,
    tlc: bool = False,
    keep: Path | None = None,
    coverage: bool = False,
) -> int:
    """Check each run and print its verdict, and who gave it; the exit status. A violation outweighs
    an unknown."""
    kinds: set[str] = set()
    counted = Coverage() if coverage else None
    verdicts: dict[Path, Verdict] = {}
    for directory in runs:
        try:
            verdicts[directory] = check_run(directory, assume, counted.checker if counted else None)
        except (TraceError, ValueError) as error:
            complain(str(error))
            kinds.add("unknown")
            continue
        if not tlc:
            _say(directory, verdicts[directory], quiet, "the core")
    if tlc:
        kinds |= _with_tlc(verdicts, assume, keep, quiet)
    if counted is not None:
        print(counted.report())
    kinds |= {verdict.kind for verdict in verdicts.values()}
    return 1 if "violation" in kinds else 2 if "unknown" in kinds else 0


def _say(directory: Path, verdict: Verdict, quiet: bool, judged: str) -> None:
    text = (summary if quiet else explain)(str(directory), verdict, judged)
    print(printable(text), flush=True)


def _with_tlc(
    verdicts: Mapping[Path, Verdict], assume: Assume | None, keep: Path | None, quiet: bool
) -> set[str]:
    """Print both judges' verdicts; what comes of TLC's, and of any difference."""
    from conformance import tlcreport  # only then: it needs Java

    kinds: set[str] = set()
    rulings = _rulings(verdicts, assume, keep)
    for directory, verdict in verdicts.items():
        ruling = rulings.get(directory)
        if ruling is None or isinstance(ruling, str):
            _say(directory, verdict, quiet, "the core")
            if ruling is not None:
                complain(f"{directory}: TLC gave no verdict: {ruling}")
                kinds.add("unknown")
            continue
        _say(directory, verdict, quiet, "the core and TLC")
        agreed = tlcreport.agree(verdict, ruling)
        if not (quiet and agreed):
            print(printable(tlcreport.report(verdict, ruling)), flush=True)
        if not agreed:
            kinds.add("violation")
    return kinds


def _rulings(
    verdicts: Mapping[Path, Verdict], assume: Assume | None, keep: Path | None
) -> dict[Path, Ruling | str]:
    """TLC's ruling on each run that it can be asked of, or why there is none."""
    from conformance import judge
    from conformance.abreast import termination_as_interrupt
    from conformance.survey import survey

    found: dict[Path, Ruling | str] = {}
    surveys = {}
    for directory, verdict in verdicts.items():
        try:
            run = open_run(directory)
            if run.header is not None and (verdict.kind != "unknown" or verdict.hangs):
                surveys[directory] = survey(run, assumed(run.header, assume))
        except TraceError as error:
            found[directory] = str(error)
    with termination_as_interrupt():
        judged = judge.Court(keep=keep).rule(surveys.values())
    for directory, ruling in zip(surveys, judged, strict=True):
        found[directory] = str(ruling.error) if ruling.error is not None else ruling
    return found
