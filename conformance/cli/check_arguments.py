"""What `conformance check` is told."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from conformance.cli.arguments import positive
from conformance.cli.check import Options
from conformance.cli.check import check as check_runs
from conformance.cli.exit_status import complain
from conformance.formats.judgement import Shard
from conformance.formats.render import FORMS
from conformance.replay.checker import HAPPENED, SPECS
from conformance.trace.schema import LARGEST_NUMBER

MAX_SHARDS = 10_000


def add_arguments(check: argparse.ArgumentParser) -> None:
    check.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN",
        help="a folder with the trace files of one run, role-id.incarnation.ndjson; or a tar"
        " archive of one, or one file with the lines of all its processes, each also packed by gzip"
        " or zstd; or -, any of these on standard input",
    )
    check.add_argument(
        "--tlc",
        action="store_true",
        help="let TLC judge the traces too: each must be a behaviour of the specification itself",
    )
    check.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="with --tlc: leave what TLC reads and writes in this folder",
    )
    check.add_argument(
        "--coverage",
        action="store_true",
        help="say which actions, and which ways to meet each guard, the runs exercised (one job)",
    )
    check.add_argument(
        "--assume",
        action="append",
        default=[],
        type=_assumption,
        metavar="CONSTANT=VALUE",
        help="judge by this value of a constant (direct_learning=false, prepare_ahead=false, "
        "max_batch=1) in place of the one that the run was made under; may be repeated",
    )
    check.add_argument(
        "--waive",
        action="append",
        default=[],
        type=_guard,
        metavar="RULE",
        help="go on past violations of this guard, such as Phase2b.promise, and say that it did; "
        "may be repeated; not with --tlc",
    )
    check.add_argument(
        "--require",
        action="append",
        default=[],
        choices=list(HAPPENED.values()),
        help="no verdict (status 2) on a run in which nothing was proposed, or learned",
    )
    check.add_argument(
        "-q", "--quiet", action="store_true", help="one line a run, also of one that is rejected"
    )
    _add_forms(check)


def _add_forms(check: argparse.ArgumentParser) -> None:
    """In which form, where, by how many."""
    check.add_argument(
        "--format",
        choices=FORMS,
        default="text",
        help="the form of what is said: words, JSON (traces/verdict.schema.json), JUnit, SARIF, or"
        " annotations for GitHub (docs/ci.md)",
    )
    check.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="the file for it, which is there whole or not at all; words go to standard output",
    )
    check.add_argument(
        "--jobs",
        type=positive,
        metavar="N",
        help="judge by so many processes: runs at a time, or windows of one that is long"
        " (default: 1 of the core, and 2 of TLC)",
    )
    check.add_argument(
        "--shard",
        type=_shard,
        metavar="K/N",
        help="judge the K-th of N parts of the runs; `conformance merge` puts the JSON together",
    )


def main(args: argparse.Namespace) -> int:
    if args.coverage and args.format != "text" and args.output is None:
        complain(f"--coverage says words, and standard output has {args.format}; add --output FILE")
        return 2
    if args.waive and (args.tlc or args.keep is not None):
        complain("TLC judges by the whole specification and waives nothing; leave out --tlc")
        return 2
    return check_runs(args.runs, options(args))


def options(args: argparse.Namespace) -> Options:
    return Options(
        quiet=args.quiet,
        assume=dict(args.assume),
        tlc=args.tlc or args.keep is not None,
        keep=args.keep,
        coverage=args.coverage,
        form=args.format,
        output=args.output,
        jobs=args.jobs,
        shard=args.shard,
        waived=tuple(args.waive),
        required=tuple(args.require),
    )


def _assumption(text: str) -> tuple[str, bool | int]:
    name, _, value = text.partition("=")
    switches: dict[str, bool | int] = {"true": True, "false": False}
    if name in ("direct_learning", "prepare_ahead") and value in switches:
        return name, switches[value]
    if name == "max_batch" and value.isdecimal() and 0 < int(value[:20]) <= LARGEST_NUMBER:
        return name, int(value)
    raise argparse.ArgumentTypeError(
        f"{text!r}: expected direct_learning or prepare_ahead =true or =false, or max_batch=N"
        f" from 1 to {LARGEST_NUMBER}"
    )


def _guard(text: str) -> str:
    """A rule that may be waived. Invariants are what the rules are for."""
    known = {name for spec in SPECS.values() for name in spec.guards()}
    if text in known:
        return text
    near = difflib.get_close_matches(text, sorted(known), 1, 0.4)
    meant = f"; did you mean {near[0]}?" if near else "; verdicts name the guards"
    raise argparse.ArgumentTypeError(f"{text!r} is no guard of a specification{meant}")


def _shard(text: str) -> Shard:
    index, slash, of = text.partition("/")
    if slash and index.isdecimal() and of.isdecimal():
        shard = Shard(int(index[:20]), int(of[:20]))
        if 1 <= shard.index <= shard.of <= MAX_SHARDS:
            return shard
    raise argparse.ArgumentTypeError(
        f"{text!r}: expected K/N, such as 2/8, with K from 1 to N and N at most {MAX_SHARDS}"
    )
