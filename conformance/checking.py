"""`conformance check`: the verdict on each run, by the Python model and, if asked, by TLC.

TLC is the authority, the Python model is quick and explains itself. What either of them rejects is
rejected; where they differ, one of them is wrong, and the report says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from conformance.coverage import Coverage
from conformance.explain import explain, summary
from conformance.log import TraceError, open_run
from conformance.replay import Verdict, assumed, check_run

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
    """Check each run and print its verdict; the exit status. A violation outweighs an unknown."""
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
            print((summary if quiet else explain)(str(directory), verdicts[directory]), flush=True)
    if tlc:
        kinds |= _with_tlc(verdicts, assume, keep, quiet)
    if counted is not None:
        print(counted.report())
    kinds |= {verdict.kind for verdict in verdicts.values()}
    return 1 if "violation" in kinds else 2 if "unknown" in kinds else 0


def _with_tlc(
    verdicts: Mapping[Path, Verdict], assume: Assume | None, keep: Path | None, quiet: bool
) -> set[str]:
    """Print both judges' verdicts; what comes of TLC's, and of any difference."""
    from conformance import judge, tlc, tlcreport  # only then: it needs Java
    from conformance.abreast import termination_as_interrupt
    from conformance.survey import survey

    kinds: set[str] = set()
    rulings: dict[Path, judge.Ruling] = {}
    try:
        surveys = {}
        for directory, verdict in verdicts.items():
            run = open_run(directory)
            if run.header is not None and (verdict.kind != "unknown" or verdict.hangs):
                surveys[directory] = survey(run, assumed(run.header, assume))
        with termination_as_interrupt():
            judged = judge.Court(keep=keep).judge(surveys.values())
        rulings = dict(zip(surveys, judged, strict=True))
    except (TraceError, tlc.TlcError) as error:
        complain(str(error))
        kinds.add("unknown")
    for directory, verdict in verdicts.items():
        print((summary if quiet else explain)(str(directory), verdict))
        if (ruling := rulings.get(directory)) is None:
            continue
        agreed = tlcreport.agree(verdict, ruling)
        if not (quiet and agreed):
            print(tlcreport.report(verdict, ruling), flush=True)
        if not agreed:
            kinds.add("violation")
    return kinds


def complain(error: str) -> None:
    print(f"error: {error}", file=sys.stderr)
