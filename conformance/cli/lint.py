"""`conformance lint`: all that is wrong with traces as input, and what to write instead."""

from __future__ import annotations

import argparse

from conformance.cli.exit_status import complain, printable
from conformance.inputs.source import opened
from conformance.lint.linter import Linted, lint_run
from conformance.trace.reader import TraceError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="a folder with the traces of one run; or such a folder as a tar archive, or all its "
        "lines in one file; - is standard input",
    )


def main(args: argparse.Namespace) -> int:
    """Print what is found in each run; the exit status. A fault outweighs a run without traces."""
    statuses = {_lint(run) for run in args.runs}
    return 1 if 1 in statuses else max(statuses)


def _lint(run: str) -> int:
    try:
        with opened(run) as source:
            linted = lint_run(source.folder)
            for line in linted.findings.lines():
                print(printable(source.words(line)))
    except TraceError as error:
        complain(str(error))
        return 2
    print(printable(f"{run}: {_summary(linted)}"), flush=True)
    return 1 if linted.findings.count("fault") else 0


def _summary(linted: Linted) -> str:
    looked = f"{_some(linted.events, 'event')} of {_some(linted.files, 'file')}"
    faults, warnings = (linted.findings.count(level) for level in ("fault", "warning"))
    if not faults:
        also = f", {_some(warnings, 'warning')}" if warnings else ""
        return f"nothing is wrong with {looked}{also}"
    return f"{_some(faults, 'fault')} and {_some(warnings, 'warning')} in {looked}"


def _some(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
