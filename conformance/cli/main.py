"""The `conformance` command: what it takes, what it prints, how it exits. No checking happens
here.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from conformance import paths
from conformance.cli.arguments import Say, version
from conformance.cli.exit_status import complain, guarded
from conformance.trace.reader import TraceError

EXITS = """\
exit status:
  0  every run conforms (check, merge), every model gives what its manifest says (spec)
  1  a run violates the specification, or a model does not give what it should
  2  unknown: something was missing, or the input could not be read (`lint` says all that is wrong)
  130  interrupted by Ctrl-C, as every subcommand
"""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        complain(f"{message} (`{self.prog} --help` tells more)")
        sys.exit(2)


class Command(NamedTuple):
    """A subcommand. Its module declares its arguments (add_arguments) and runs it (main). It is
    imported only when it is asked for: one draws, another runs TLC."""

    name: str
    module: str
    help: str
    description: str = ""
    exits: str | None = EXITS

    def load(self) -> Any:
        return import_module(f"conformance.cli.{self.module}")


COMMANDS = (
    Command(
        "check",
        "check_arguments",
        "replay the traces of runs against the specification they name",
        "Read all trace files of each run, merge them into one causal order, and\n"
        "replay them: every event must be an enabled action of the specification that the\n"
        "header names, and all invariants must hold after it.",
    ),
    Command(
        "merge",
        "merge",
        "put the verdicts of several machines together, or into another form",
        "Read what `conformance check --format json --output FILE` wrote, of\n"
        "every shard, and write it as one, in any form. A missing shard is an error.",
    ),
    Command(
        "explain",
        "explain",
        "draw what led to the event that is rejected",
        "Check a run, and draw what led to the event that is rejected (or how the run\n"
        "ends, if it conforms): a lane per process, messages as arrows. The drawing goes into\n"
        "explained.svg and explained.png. Other tools read the whole run: ShiViz, Apalache (ITF).",
    ),
    Command(
        "report",
        "report_command",
        "write a page that shows a run: events, messages, the state after each",
        "Check a run, and write one HTML file that shows it, for any browser and without\n"
        "network: lanes and messages, and at each event the state that the specification has,\n"
        "the action's text with its conjuncts, and at a violation the one that is false.",
    ),
    Command(
        "lint",
        "lint",
        "say all that is wrong with traces as input, and what to write instead",
        "Look at the trace files of each run without judging the protocol: their\n"
        "names, headers, lines and clocks, kinds of events that are never written, and what\n"
        "the header says and the events contradict. For who writes traces for the first time.",
        """\
exit status:
  0  nothing is wrong with any run; there may be warnings: what is legal and probably not meant
  1  there are faults
  2  there was nothing to read
""",
    ),
    Command(
        "spec",
        "spec",
        "check the specifications' models with TLC",
        "Run the models of spec/models/manifest.yaml with TLC: verdict, states\n"
        "and depth must be what the manifest says.",
    ),
    Command(
        "spec-distributed",
        "spec_distributed",
        "check one model with workers on several machines",
        "Run one model on TLC's distributed mode: the server here, workers on other\n"
        "hosts (by ssh, which needs Java there and nothing else), or two on this machine.",
    ),
    Command(
        "spec-growth", "spec_growth", "measure how models grow with their constants", exits=None
    ),
    Command(
        "spec-figures",
        "spec_figures",
        "count each model's states by depth, and what TLC evaluates",
        "Check the models once more and count: states at each depth, the probability that\n"
        "two states were taken for one, and how often each conjunct was evaluated. Writes\n"
        "docs/model-figures.md. What is counted already is kept, until the model changes.",
        """\
exit status:
  0  all that was asked for is counted
  2  a model gave no figures, or the input could not be read
""",
    ),
    Command(
        "spec-doc",
        "spec_doc",
        "write the specifications as pages with links, and as PDF where LaTeX is",
        "Write a page for each module, in which every name is a link to its definition,\n"
        "and, where there is a LaTeX, a PDF of each module of spec/ (TLC's tla2tex makes it).",
        """\
exit status:
  0  written; without LaTeX the pages only
  2  a page or a PDF could not be made
""",
    ),
    Command(
        "spec-mutants",
        "spec_mutants",
        "weaken the specification one conjunct at a time: does a model notice?",
        "Change one conjunct, bound, quantifier or effect of a module at a time, and run the\n"
        "models that could see it, cheapest first, until a property fails. Those that survive\n"
        "are explained in spec/models/mutants.yaml.",
        """\
exit status:
  0  every mutant is killed, or it is listed why it cannot be
  1  one survived and is not listed, or is listed and was killed
  2  unknown: something was missing, or the input could not be read
  130  interrupted by Ctrl-C; the same command goes on from there
""",
    ),
    Command(
        "prove",
        "prove",
        "prove the inductive invariants for all constants, with an SMT solver",
        "Ask the solver z3 whether Inv of the *Inductive modules is inductive, for any\n"
        "number of acceptors, ballots and values, and gives the properties; and show for each\n"
        "conjunct what is wrong without it.",
        """\
exit status:
  0  all is proved, and each conjunct is needed, or said not to be
  1  something is false: there is a counterexample, or a conjunct that is not needed
  2  unknown: the solver gave up, or is missing, or there is no such module
  130  interrupted by Ctrl-C; the same command goes on from there
""",
    ),
    Command(
        "relay",
        "relay_command",
        "faults on purpose: a relay between processes, by a schedule that also kills",
        exits=None,
    ),
)


def parser(asked: str = "") -> argparse.ArgumentParser:
    """The command's arguments: of the subcommand that is asked for all, of others the name."""
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
    for command in COMMANDS:
        own = commands.add_parser(
            command.name,
            help=command.help,
            description=command.description or None,
            epilog=command.exits,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.name == asked:
            command.load().add_arguments(own)
    return top


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    return guarded(lambda: _run(argv))


def _run(argv: list[str]) -> int:
    args = parser(argv[0] if argv else "").parse_args(argv)
    [command] = (c for c in COMMANDS if c.name == args.command)
    try:
        status: int = command.load().main(args)
    except TraceError as error:
        complain(str(error))
        return 2
    return status
