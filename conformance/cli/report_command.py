"""`conformance report`: the verdict on a run, and a page that shows it. No drawing is done here."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.cli.check import say
from conformance.cli.exit_status import complain, printable
from conformance.cli.judging import judge_source
from conformance.inputs.source import STANDARD_INPUT, Source, opened
from conformance.report.run_page import Asked, run_page
from conformance.report.window import NoWindow
from conformance.report.write import write
from conformance.tlc.interrupts import termination_as_interrupt
from conformance.trace.reader import TraceError


def add_arguments(report: argparse.ArgumentParser) -> None:
    report.add_argument(
        "run", metavar="RUN", help="a run, as `conformance check` takes it; - is standard input"
    )
    report.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="the page (default: the name of the run with .html, in the current folder)",
    )
    part = report.add_mutually_exclusive_group()
    part.add_argument(
        "--around",
        default="",
        metavar="EVENT",
        help="open at this event: its number, 120, or its file and line, acceptor-1.1.ndjson:53;"
        " of a long run, show what is around it",
    )
    part.add_argument(
        "--instances",
        default="",
        metavar="A..B",
        help="show what is about these instances only",
    )


def main(args: argparse.Namespace) -> int:
    """The whole command; its exit status is that of `conformance check`."""
    try:
        with termination_as_interrupt(), opened(args.run) as source:
            return _report(source, args)
    except (TraceError, NoWindow) as error:
        complain(str(error))
        return 2


def _report(source: Source, args: argparse.Namespace) -> int:
    judged = judge_source(source)
    said = judged.judgement
    run, verdict = judged.run, judged.verdict
    say(said, full=True)
    if run is None or verdict is None or not (verdict.events or verdict.violation or verdict.hangs):
        return said.exit_status  # there is nothing to show
    name = "standard-input" if args.run == STANDARD_INPUT else Path(args.run).resolve().name
    if not Path(args.run).is_dir():  # run.tar.gz
        name = name.partition(".")[0] or name
    asked = Asked(name, said.line, said.report, args.around, args.instances)
    output = args.output or Path(f"{name}.html")
    page = run_page(run, verdict, asked)
    write(page, output)
    print(printable(f"  page      {output}"), flush=True)
    return said.exit_status
