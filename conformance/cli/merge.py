"""`conformance merge`: the verdicts of several machines, or of one, in another form."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.cli.check import write
from conformance.cli.exit_status import complain
from conformance.cli.judgements import tool
from conformance.formats.judgement import total
from conformance.formats.render import FORMS
from conformance.formats.verdict_json import DocumentError, merge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "documents",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="what `conformance check --format json --output FILE` wrote, of each shard",
    )
    parser.add_argument(
        "--incomplete",
        action="store_true",
        help="shards may be missing: to put one of them into another form",
    )
    parser.add_argument("--format", choices=FORMS, default="json", help="the form (default: json)")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where it goes (default: standard output)"
    )


def main(args: argparse.Namespace) -> int:
    """The whole command; the exit status is that of all runs."""
    try:
        merged = merge(args.documents, tool(), args.incomplete)
    except DocumentError as error:
        complain(str(error))
        return 2
    write(merged, args.format, args.output)
    if args.output is not None:
        print(total(merged.runs))
    elif args.format == "text":
        print(FORMS["text"](merged), end="")
    return merged.exit_status
