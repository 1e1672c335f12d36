"""`paxos status`: where every process of a cluster is, as a table or as JSON."""

import argparse
import os
import time
from pathlib import Path

import msgspec

from paxos import arguments, config
from paxos.config import Config
from paxos.core.names import ROLES, Member
from paxos.runtime.asking import Asker
from paxos.runtime.keys import read_key
from paxos.runtime.report import tell
from paxos.runtime.standings import Report, report, table

WATCH_S = 2.0
"""How often it is asked with --watch, where nothing else is said."""

CLEAR = "\x1b[H\x1b[2J"
"""Makes a terminal empty."""

DESCRIPTION = "Ask every process of a cluster where it is, and show what they answer."
EXITS = """\
exit status:
  0    every acceptor, proposer and learner of the configuration has answered, and one leads;
       clients may be missing, since they end when their values are delivered
  1    one of them is silent, or nobody leads
  2    bad input: a line says what, where and what to do
  130  Ctrl-C, as with --watch
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `paxos status`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, EXITS
    parser.add_argument("--config", metavar="FILE", type=Path, required=True)
    parser.add_argument(
        "--key-file", metavar="FILE", type=Path, help="the cluster's (default: the configuration's)"
    )
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=arguments.seconds,
        default=1.0,
        help="who has not answered after S seconds is silent (default 1)",
    )
    parser.add_argument(
        "--watch",
        metavar="S",
        type=arguments.seconds,
        nargs="?",
        const=WATCH_S,
        help=f"ask again every S seconds (default {WATCH_S:g}) until Ctrl-C",
    )
    parser.add_argument(
        "--format",
        choices=("table", "json"),
        default="table",
        help="json: one object, or with --watch one a line",
    )


def main(options: argparse.Namespace) -> int:
    """Run the command; its exit status. Raises `InputError` or `RunError`."""
    key_file = options.key_file and str(options.key_file.absolute())
    cluster = config.override(config.load(options.config), key_file=key_file)
    asker = Asker(cluster, read_key(cluster.key_file))
    try:
        while True:
            began_s = time.monotonic()
            found = _ask(asker, cluster, options.timeout)
            _show(found, options)
            if options.watch is None:
                return 0 if found.is_well else 1
            time.sleep(max(0.0, began_s + options.watch - time.monotonic()))
    finally:
        asker.close()


def _ask(asker: Asker, cluster: Config, timeout_s: float) -> Report:
    wanted = [
        Member(role, number)
        for role in ROLES
        if getattr(cluster, f"{role}s") is not None
        for number in cluster.ids(role)
    ]
    is_complete = len({member.role for member in wanted}) == len(ROLES)
    answers = asker.ask(wanted if is_complete else (), timeout_s)
    return report(str(cluster.identity()["cluster"]), wanted, answers.values())


def _show(found: Report, options: argparse.Namespace) -> None:
    if options.format == "json":
        text = msgspec.json.encode(found).decode()
        if options.watch is None:
            text = msgspec.json.format(text, indent=2)
        tell(text)
        return
    clear = CLEAR if options.watch and os.isatty(1) else ""
    tell(f"{clear}{table(found)}" + ("\n" if options.watch and not clear else ""))
