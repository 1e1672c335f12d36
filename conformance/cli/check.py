"""`conformance check`: the verdict on each run, by the Python model and, if asked, by TLC.

TLC is the authority, the Python model is quick and explains itself. What either of them rejects is
rejected; where they differ, one of them is wrong, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.exit_status import complain, printable
from conformance.replay.coverage import Coverage
from conformance.replay.report import explain, summary
from conformance.replay.run_folder import assumed, check_run
from conformance.replay.verdict import Verdict
from conformance.trace.reader import TraceError, open_run

if TYPE_CHECKING:
    from conformance.tlcjudge.validator import TlcVerdict

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
    from conformance.cli import agreement

    kinds: set[str] = set()
    all_by_tlc = _verdicts_by_tlc(verdicts, assume, keep)
    for directory, verdict in verdicts.items():
        by_tlc = all_by_tlc.get(directory)
        if by_tlc is None or isinstance(by_tlc, str):
            _say(directory, verdict, quiet, "the core")
            if by_tlc is not None:
                complain(f"{directory}: TLC gave no verdict: {by_tlc}")
                kinds.add("unknown")
            continue
        _say(directory, verdict, quiet, "the core and TLC")
        agreed = agreement.agree(verdict, by_tlc)
        if not (quiet and agreed):
            print(printable(agreement.words(verdict, by_tlc)), flush=True)
        if not agreed:
            kinds.add("violation")
    return kinds


def _verdicts_by_tlc(
    verdicts: Mapping[Path, Verdict], assume: Assume | None, keep: Path | None
) -> dict[Path, TlcVerdict | str]:
    """TLC's verdict on each run that it can be asked of, or why there is none."""
    from conformance.tlc.interrupts import termination_as_interrupt
    from conformance.tlcjudge import validator
    from conformance.tlcjudge.survey import survey

    found: dict[Path, TlcVerdict | str] = {}
    surveys = {}
    for directory, verdict in verdicts.items():
        try:
            run = open_run(directory)
            if run.header is not None and (verdict.kind != "unknown" or verdict.hangs):
                surveys[directory] = survey(run, assumed(run.header, assume))
        except TraceError as error:
            found[directory] = str(error)
    with termination_as_interrupt():
        judged = validator.Validator(keep=keep).verdicts(surveys.values())
    for directory, by_tlc in zip(surveys, judged, strict=True):
        found[directory] = str(by_tlc.error) if by_tlc.error is not None else by_tlc
    return found
