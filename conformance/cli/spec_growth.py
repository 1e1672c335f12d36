"""The `spec-growth` command: measures how models grow, and writes what docs/model-checking.md says
of it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.cli.exit_status import complain
from conformance.modelcheck.scaling import Point, measured
from conformance.modelcheck.scaling_report import draw, insert, text
from conformance.paths import HOME
from conformance.tlc import errors, runner
from conformance.tlc.interrupts import termination_as_interrupt

DOCS = HOME / "docs"
"""Of a checkout; an installed package has none."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec-growth`."""
    parser.add_argument(
        "--limit", type=float, default=300, metavar="SECONDS", help="of each run (default: 300)"
    )
    parser.add_argument("--heap", type=int, default=4096, metavar="MB", help="Java heap of a run")
    parser.add_argument(
        "--docs",
        type=Path,
        default=DOCS,
        metavar="DIR",
        help="the folder of model-checking.md (default: docs/ of the checkout)",
    )


def main(args: argparse.Namespace) -> int:
    """Measures, and writes docs/growth.svg and the tables of docs/model-checking.md."""
    page = args.docs / "model-checking.md"
    if not page.is_file():  # said before the measuring, which takes an hour
        complain(f"{page} does not exist; run this in a checkout, or name its docs with --docs")
        return 2

    def say(p: Point) -> None:
        found = f"{p.states:,} states in {p.seconds:.1f} s" if p.finished else "not finished"
        print(f"{p.constant} = {p.value}: {found}", file=sys.stderr, flush=True)

    try:
        with termination_as_interrupt():
            growth = measured(args.limit, args.heap, say)
        insert(page, text(growth))
        draw(growth, args.docs / "growth.svg")
    except (errors.TlcError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written: {runner.short_path(page)}, {runner.short_path(args.docs / 'growth.svg')}")
    return 0
