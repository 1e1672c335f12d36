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
from conformance.cli.arguments import Say, version
from conformance.cli.exit_status import complain, guarded
from conformance.trace.reader import TraceError
from conformance.trace.schema import MOST

EXITS = """\
exit status:
  0  every run conforms (check), every model gives what its manifest says (spec)
  1  a run violates the specification, or a model does not give what it should
  2  unknown: something was missing, or the input could not be read
"""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        complain(f"{message} (`{self.prog} --help` tells more)")
        sys.exit(2)


def parser(with_spec: bool = True) -> argparse.ArgumentParser:
    """The command's arguments. With `spec`, conformance.modelcheck.run is imported for its own."""
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
    check.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN_DIR",
        help="a folder with the trace files of one run: role-id.incarnation.ndjson",
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
        help="say which actions, and which ways to meet each guard, the runs exercised",
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
    check.add_argument("-q", "--quiet", action="store_true", help="one line a run")
    _add_explain(commands)
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
    return top


def _assumption(text: str) -> tuple[str, bool | int]:
    name, _, value = text.partition("=")
    switches: dict[str, bool | int] = {"true": True, "false": False}
    if name in ("direct_learning", "prepare_ahead") and value in switches:
        return name, switches[value]
    if name == "max_batch" and value.isdecimal() and 0 < int(value[:20]) <= MOST:
        return name, int(value)
    raise argparse.ArgumentTypeError(
        f"{text!r}: expected direct_learning or prepare_ahead =true or =false, or max_batch=N"
        f" from 1 to {MOST}"
    )


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
    with_spec = bool(argv) and argv[0].startswith("spec")
    args = parser(with_spec).parse_args(argv)
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
    if args.command == "explain":
        from conformance.cli.explain import explain_run  # only then: it draws

        return explain_run(args)
    return checking.check(
        args.runs,
        quiet=args.quiet,
        assume=dict(args.assume),
        tlc=args.tlc or args.keep is not None,
        keep=args.keep,
        coverage=args.coverage,
    )
