"""`conformance explain`: the verdict on a run, a drawing of what led to it, and the run in other
tools' formats. No drawing is done here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.cli import check
from conformance.cli.exit_status import complain, printable
from conformance.draw import export
from conformance.draw.rejection import picture
from conformance.draw.spacetime import NEEDS_MATPLOTLIB
from conformance.paths import TRACES
from conformance.replay.run_folder import check_run
from conformance.trace.reader import TraceError, open_run


def explain_run(args: argparse.Namespace) -> int:
    """The whole command; its exit status."""
    status = check.check(
        [args.run], check.Options(tlc=args.tlc or args.keep is not None, keep=args.keep)
    )
    try:
        opened = open_run(args.run)
        verdict = check_run(args.run)
    except TraceError:
        return status  # which said why
    if verdict.events == 0 and verdict.violation is None:
        return status
    try:
        drawn = picture(opened, verdict, args.out or _usual_place(args.run))
        print(printable("  drawn     " + ", ".join(map(str, drawn))))
        if args.shiviz:
            export.shiviz(opened, args.shiviz)
            print(f"  ShiViz    {args.shiviz}")
        if args.itf:
            export.itf(opened, args.itf, verdict)
            print(f"  ITF       {args.itf}")
    except BrokenPipeError:
        raise  # of our own output
    except (OSError, ImportError, ValueError) as error:
        complain(_plain(error))
        return 2
    return status


def _usual_place(run: Path) -> Path:
    """Where the drawing goes if nobody says: to the run. Sample traces are left as they are."""
    samples = (TRACES / "good", TRACES / "bad")
    return Path() if any(run.resolve().is_relative_to(folder) for folder in samples) else run


def _plain(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: cannot be written: {error.strerror}"
    if isinstance(error, ImportError):
        return NEEDS_MATPLOTLIB
    return str(error)
