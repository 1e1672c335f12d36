"""The `conformance` command: what it takes, what it prints, how it exits. No checking happens
here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from conformance.explain import explain, summary
from conformance.log import TraceError
from conformance.replay import check_run

EXITS = """\
exit status:
  0  every run conforms (check), every model gives what its manifest says (spec)
  1  a run violates the specification, or a model does not give what it should
  2  unknown: something was missing, or the input could not be read
"""


def parser(with_spec: bool = True) -> argparse.ArgumentParser:
    """The command's arguments. With `spec`, conformance.models is imported for its own."""
    top = argparse.ArgumentParser(
        prog="conformance",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXITS,
        description="Hold recorded traces against the TLA+ specification, and that against TLC.",
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
        "--assume",
        action="append",
        default=[],
        type=_assumption,
        metavar="CONSTANT=VALUE",
        help="judge by this value of a constant (direct_learning=false, prepare_ahead=false, "
        "max_batch=1) in place of the one that the run was made under; may be repeated",
    )
    check.add_argument("-q", "--quiet", action="store_true", help="one line a run")
    spec = commands.add_parser(
        "spec",
        help="check the specifications' models with TLC",
        description="Run the models of spec/models/manifest.yaml with TLC: verdict, states\n"
        "and depth must be what the manifest says.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXITS,
    )
    if with_spec:
        from conformance import models  # only then: it needs what `check` does not

        models.add_arguments(spec)
    return top


def _assumption(text: str) -> tuple[str, bool | int]:
    name, _, value = text.partition("=")
    switches: dict[str, bool | int] = {"true": True, "false": False}
    if name in ("direct_learning", "prepare_ahead") and value in switches:
        return name, switches[value]
    if name == "max_batch" and value.isdecimal() and int(value) > 0:
        return name, int(value)
    raise argparse.ArgumentTypeError(
        f"{text!r}: expected direct_learning or prepare_ahead =true or =false, or max_batch=N"
    )


def check(runs: list[Path], quiet: bool, assume: Mapping[str, bool | int] | None = None) -> int:
    """Check each run and print its verdict; the exit status. A violation outweighs an unknown."""
    kinds = set()
    for directory in runs:
        try:
            verdict = check_run(directory, assume)
        except (TraceError, ValueError) as error:
            print(f"conformance: {error}", file=sys.stderr)
            kinds.add("unknown")
            continue
        kinds.add(verdict.kind)
        print((summary if quiet else explain)(str(directory), verdict), flush=True)
    return 1 if "violation" in kinds else 2 if "unknown" in kinds else 0


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    with_spec = bool(argv) and argv[0] == "spec"
    args = parser(with_spec).parse_args(argv)
    try:
        if args.command == "spec":
            from conformance import models

            return models.main(args)
        return check(args.runs, args.quiet, dict(args.assume))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away: nothing is left to say
        sys.stderr.close()
        return 2
