"""`conformance explain`: the verdict on a run, a drawing of what led to it, and the run in other
tools' formats. No drawing is done here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.cli.check import say
from conformance.cli.exit_status import complain, printable
from conformance.cli.judging import ask_tlc, judge_source
from conformance.draw import export
from conformance.draw.rejection import picture
from conformance.draw.spacetime import NEEDS_MATPLOTLIB
from conformance.inputs.source import Source, opened
from conformance.paths import TRACES
from conformance.replay.verdict import Verdict
from conformance.tlc.interrupts import termination_as_interrupt
from conformance.trace.reader import Run, TraceError


def add_arguments(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("run", type=Path, metavar="RUN_DIR", help="a folder with a run's traces")
    explain.add_argument("--tlc", action="store_true", help="let TLC judge the run too")
    explain.add_argument(
        "--keep", type=Path, metavar="DIR", help="with --tlc: leave TLC's files in this folder"
    )
    explain.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="DIR",
        help="where the drawing goes (default: RUN_DIR; for a sample trace, the current folder)",
    )
    explain.add_argument("--shiviz", type=Path, metavar="FILE", help="write the run for ShiViz")
    explain.add_argument("--itf", type=Path, metavar="FILE", help="write the run's states as ITF")


def main(args: argparse.Namespace) -> int:
    """The whole command; its exit status."""
    try:
        with termination_as_interrupt(), opened(str(args.run)) as source:
            return _explain(source, args)
    except TraceError as error:
        complain(str(error))
        return 2


def _explain(source: Source, args: argparse.Namespace) -> int:
    judged = judge_source(source)
    said = judged.judgement
    if args.tlc or args.keep is not None:
        [said] = ask_tlc([judged], keep=args.keep)
    say(said, full=True)
    run, verdict = judged.run, judged.verdict
    if run is None or verdict is None or (verdict.events == 0 and verdict.violation is None):
        return said.exit_status
    try:
        _draw(run, verdict, args)
    except BrokenPipeError:
        raise  # of our own output
    except (OSError, ImportError, ValueError) as error:
        complain(_plain(error))
        return 2
    return said.exit_status


def _draw(run: Run, verdict: Verdict, args: argparse.Namespace) -> None:
    drawn = picture(run, verdict, args.out or _usual_place(args.run))
    print(printable("  drawn     " + ", ".join(map(str, drawn))))
    if args.shiviz:
        export.shiviz(run, args.shiviz)
        print(f"  ShiViz    {args.shiviz}")
    if args.itf:
        export.itf(run, args.itf, verdict)
        print(f"  ITF       {args.itf}")


def _usual_place(run: Path) -> Path:
    """Where the drawing goes if nobody says: to the run, if it is a folder and no sample."""
    samples = (TRACES / "good", TRACES / "bad")
    return (
        Path()
        if not run.is_dir() or any(run.resolve().is_relative_to(folder) for folder in samples)
        else run
    )


def _plain(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: cannot be written: {error.strerror}"
    if isinstance(error, ImportError):
        return NEEDS_MATPLOTLIB
    return str(error)
