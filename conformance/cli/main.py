"""The `conformance` command: what it takes, what it prints, how it exits. No checking happens
here.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from conformance import paths
from conformance.cli import check as checking
from conformance.cli import check_arguments, lint
from conformance.cli import merge as merging
from conformance.cli.arguments import Say, version
from conformance.cli.exit_status import complain, guarded
from conformance.trace.reader import TraceError

EXITS = """\
exit status:
  0  every run conforms (check, merge), every model gives what its manifest says (spec)
  1  a run violates the specification, or a model does not give what it should
  2  unknown: something was missing, or the input could not be read (`lint` says all that is wrong)
"""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        complain(f"{message} (`{self.prog} --help` tells more)")
        sys.exit(2)


def parser(with_spec: bool = True, with_relay: bool = True) -> argparse.ArgumentParser:
    """The command's arguments. With `spec`, conformance.modelcheck.run is imported for its own, and
    with `relay` conformance.relay."""
    top = _Parser(
        prog="conformance",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXITS,
        description="Hold recorded traces against the TLA+ specification, and that against TLC.",
    )
    top.add_argument(
        "--version",
        action=Say,
        const=lambda: f"conformance {version()}",
        help="say the version, and exit",
    )
    top.add_argument(
        "--files",
        action=Say,
        const=lambda: paths.HOME,
        help="say which folder has spec/ and traces/, and exit",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check",
        help="replay the traces of runs against the specification they name",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXITS,
        description="Read all trace files of each run, merge them into one causal order, and\n"
        "replay them: every event must be an enabled action of the specification that the\n"
        "header names, and all invariants must hold after it.",
    )
    check_arguments.add_arguments(check)
    merging.add_arguments(
        commands.add_parser(
            "merge",
            help="put the verdicts of several machines together, or into another form",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=EXITS,
            description="Read what `conformance check --format json --output FILE` wrote, of\n"
            "every shard, and write it as one, in any form. A missing shard is an error.",
        )
    )
    _add_explain(commands)
    lint.add_arguments(
        commands.add_parser(
            "lint",
            help="say all that is wrong with traces as input, and what to write instead",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=lint.EXITS,
            description="Look at the trace files of each run without judging the protocol: their\n"
            "names, headers, lines and clocks, kinds of events that are never written, and what\n"
            "the header says and the events contradict. For who writes traces for the first time.",
        )
    )
    spec = commands.add_parser(
        "spec",
        help="check the specifications' models with TLC",
        description="Run the models of spec/models/manifest.yaml with TLC: verdict, states\n"
        "and depth must be what the manifest says.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXITS,
    )
    distributed = commands.add_parser(
        "spec-distributed",
        help="check one model with workers on several machines",
        description="Run one model on TLC's distributed mode: the server here, workers on other\n"
        "hosts (by ssh, which needs Java there and nothing else), or two on this machine.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXITS,
    )
    grow = commands.add_parser("spec-growth", help="measure how models grow with their constants")
    if with_spec:
        from conformance.cli import spec as spec_command
        from conformance.cli import spec_distributed, spec_growth

        spec_command.add_arguments(spec)
        spec_distributed.add_arguments(distributed)
        spec_growth.add_arguments(grow)
    relay = commands.add_parser(
        "relay", help="faults on purpose: a relay between processes, by a schedule that also kills"
    )
    if with_relay:
        from conformance.cli import relay_command

        relay_command.add_arguments(relay)
    return top


def _add_explain(commands: argparse._SubParsersAction[_Parser]) -> None:
    explain = commands.add_parser(
        "explain",
        help="draw what led to the event that is rejected",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXITS,
        description="Check a run, and draw what led to the event that is rejected (or how the run\n"
        "ends, if it conforms): a lane per process, messages as arrows. The drawing goes into\n"
        "explained.svg and explained.png. Other tools read the whole run: ShiViz, Apalache (ITF).",
    )
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


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    return guarded(lambda: _run(argv))


def _run(argv: list[str]) -> int:
    first = argv[0] if argv else ""
    args = parser(first.startswith("spec"), first == "relay").parse_args(argv)
    try:
        return _command(args)
    except TraceError as error:
        complain(str(error))
        return 2


def _command(args: argparse.Namespace) -> int:
    if args.command == "spec":
        from conformance.cli import spec as spec_command

        return spec_command.main(args)
    if args.command == "spec-distributed":
        from conformance.cli import spec_distributed

        return spec_distributed.main(args)
    if args.command == "spec-growth":
        from conformance.cli import spec_growth

        return spec_growth.main(args)
    if args.command == "merge":
        return merging.main(args)
    if args.command == "lint":
        return lint.lint(args.runs)
    if args.command == "relay":
        from conformance.cli import relay_command

        return relay_command.main(args)
    if args.command == "explain":
        from conformance.cli.explain import explain_run  # only then: it draws

        return explain_run(args)
    if args.coverage and args.format != "text" and args.output is None:
        complain(f"--coverage says words, and standard output has {args.format}; add --output FILE")
        return 2
    return checking.check(args.runs, check_arguments.options(args))
