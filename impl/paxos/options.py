"""The options of the `paxos` command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from paxos import arguments
from paxos.paths import SAMPLES

ROLES = ("acceptor", "proposer", "learner", "client")
PROCESSES = (*ROLES, "replica")
HARNESS = {
    "compare": ("harness.compare", "measure what each optimisation buys"),
    "simulate": ("harness.simulation", "run a cluster in one process, with faults"),
    "bench": ("harness.bench", "measure how fast the cluster is"),
}
"""What runs and measures clusters is loaded when it is asked for: nothing here needs it."""


STATUS = "paxos.runtime.status"
"""So is this."""


def make_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """What the command takes. Those of a subcommand of the harness are loaded if `words` begin with
    it."""
    parser = arguments.Parser(
        prog="paxos", description="Atomic broadcast from Multi-Paxos over multicast."
    )
    parser.add_argument(
        "--version",
        action=arguments.Say,
        const=lambda: f"paxos {arguments.version()}",
        help="say the version, and exit",
    )
    parser.add_argument(
        "--files",
        action=arguments.Say,
        const=lambda: SAMPLES,
        help="say which folder has sample values and configurations, and exit",
    )
    commands = parser.add_subparsers(dest="role", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a whole cluster on this machine")
    _add_run_options(run)
    for name, (package, about) in HARNESS.items():
        command = commands.add_parser(name, help=about)
        if words and words[0] == name:
            import_module(f"{package}.options").add_arguments(command)
    status = commands.add_parser("status", help="show where each process of a cluster is")
    if words and words[0] == "status":
        import_module(STATUS).add_arguments(status)
    for role in PROCESSES:
        command = commands.add_parser(role, help=f"run one {role}", description=_ABOUT[role])
        _add_process_options(command, role)
    return parser


def _add_process_options(command: argparse.ArgumentParser, role: str) -> None:
    command.add_argument("id", metavar="ID", type=int, help="its number, from 1")
    command.add_argument("--config", metavar="FILE", type=Path, required=True)
    command.add_argument(
        "--run-dir", metavar="DIR", type=Path, help="write the trace there (default: no trace)"
    )
    command.add_argument(
        "--log",
        metavar="FILE",
        type=Path,
        help="append what it says to FILE, which is made when there is something to say "
        "(default: standard error, where errors that end it always go)",
    )
    command.add_argument(
        "--metrics",
        metavar="[ADDRESS:]PORT",
        type=arguments.address,
        help="serve metrics for Prometheus there (default address: 127.0.0.1; default: none)",
    )
    command.add_argument("--parent-fd", type=int, help=argparse.SUPPRESS)
    if role in _BATCH:
        command.add_argument("--batch", metavar="N", type=arguments.whole_number, help=_BATCH[role])
    if role == "replica":
        command.add_argument(
            "--client",
            action="store_true",
            help="be the client with this number too, which broadcasts the values on standard "
            "input, a line a value",
        )
    if role in ("client", "replica"):
        _add_client_options(command)
    if role in ("client", "learner", "replica"):
        _add_stream_options(command, role)
    _add_common_options(command)


_ABOUT = {
    "acceptor": "An acceptor: it promises and votes.",
    "proposer": "A proposer: the one that leads gets values chosen.",
    "learner": "A learner: it writes each delivered value to standard output.",
    "replica": "A proposer, an acceptor and a learner with this number, in one process: what one "
    "deploys on a machine. As a learner, it writes each delivered value to standard output.",
    "client": "A client: it broadcasts the values on standard input, and ends when all of them are "
    "delivered.",
}


_BATCH = {
    "proposer": "propose no more than N values in an instance (default: `batch_values`)",
    "client": "hand over no more than N values together (default: `batch_values`); what is handed "
    "over together is proposed together, so no proposer's N may be less",
}
"""A process may put fewer values together than the configuration allows."""


SWITCHES = (
    ("direct_learning", "learners learn from votes, without waiting for a Decide"),
    ("prepare_ahead", "Phase 1 for a window of instances before values are known"),
    ("batching", "several values in one instance"),
    ("fifo", "the values of a client are delivered in the order in which it broadcast them"),
    ("checkpoints", "learners keep their state, and go on from it when they start again"),
)
"""The optimisations, FIFO and checkpoints, constants of the specification. Every process of a
cluster must have them alike, so only a whole cluster takes them as options; a process has them
configured."""

_OFF = ("fifo", "checkpoints")
"""Those that are off by default."""


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.description = (
        "Start a cluster, feed each client a file of values, a line a value, and stop when every "
        "learner has delivered all of them."
    )
    run.add_argument("--config", metavar="FILE", type=Path, help="default: the built-in one")
    for role, count in (("acceptor", 3), ("proposer", 2), ("learner", 2), ("client", 2)):
        run.add_argument(
            f"--{role}s", metavar="N", type=int, help=f"number of {role}s (default {count})"
        )
    run.add_argument(
        "--replicas",
        metavar="N",
        type=arguments.whole_number,
        help="so many processes that are proposer, acceptor and learner in one (default: none; "
        "there are as many of each role, unless more are asked for)",
    )
    run.add_argument(
        "--values", metavar="FILE", type=Path, nargs="+", help="one file a client (default: two)"
    )
    run.add_argument(
        "--run-dir",
        metavar="DIR",
        type=Path,
        help="folder for outputs, traces, logs (default: a new one under traces/runs)",
    )
    for name, what in SWITCHES:
        run.add_argument(
            f"--{name.replace('_', '-')}",
            action=argparse.BooleanOptionalAction,
            help=f"{what} (default: {'off' if name in _OFF else 'on'})",
        )
    run.add_argument(
        "--tracing",
        action=argparse.BooleanOptionalAction,
        help="write traces, so that the run can be checked (default: on)",
    )
    run.add_argument("--milestone", choices=("multipaxos", "synod"), help="synod: one value only")
    run.add_argument(
        "--timeout",
        metavar="S",
        type=arguments.seconds,
        default=60.0,
        help="give up when nothing was delivered for S seconds (default 60)",
    )
    _add_client_options(run)
    _add_common_options(run)


def _add_client_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate",
        metavar="VALUES_PER_S",
        type=arguments.rate,
        help="broadcast at this steady rate, each client (default: as fast as values are taken)",
    )
    parser.add_argument(
        "--outstanding",
        metavar="VALUES",
        type=arguments.whole_number,
        help="broadcast no more while so many are not delivered, each client; 1: one at a time",
    )


def _add_stream_options(parser: argparse.ArgumentParser, role: str) -> None:
    raw = "raw: the length in 4 bytes, highest first, and then the value, which may be any bytes"
    if role == "client":
        parser.add_argument(
            "--format",
            choices=("lines", "raw"),
            default="lines",
            help=f"what standard input looks like: a line a value (default), or {raw}",
        )
        parser.add_argument(
            "--acks",
            action="store_true",
            help="write a line for each value that is delivered: its number, its instance and its "
            "position in the order; - -: no learner remembers where",
        )
        return
    parser.add_argument(
        "--format",
        choices=("lines", "json", "raw"),
        default="lines",
        help="what a value looks like on standard output: a line (default); json: an object a line "
        f"with its place in the order, its client and its number; {raw}",
    )
    parser.add_argument(
        "--from",
        metavar="POSITION",
        dest="first",
        type=arguments.whole_number,
        default=1,
        help="write no value before this position in the order (default 1, the first)",
    )
    parser.add_argument(
        "--checkpoint",
        action="store_true",
        help="remember durably, in the folder where acceptors keep their files, what was written, "
        "and go on after it when started again; standard output has to be a file of its own, "
        "appended to (default: only where the configuration says `checkpoints`)",
    )


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    for name, what in (("loss", "lose"), ("duplicate", "duplicate"), ("reorder", "hold back")):
        parser.add_argument(
            f"--{name}",
            metavar="P",
            type=float,
            help=f"{what} a received datagram with probability P",
        )
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        type=Path,
        help="a secret that all processes share: drop what others send (default: no key)",
    )
    parser.add_argument("--seed", metavar="N", type=int, help="choose the faults by N (default 0)")
    parser.add_argument(
        "--datagram-bytes",
        metavar="N",
        type=arguments.whole_number,
        help="the largest datagram, up to 65507, in all processes alike (default 65507 on the "
        "loopback, 32768 on a network)",
    )
    parser.add_argument(
        "--max-value-bytes",
        metavar="N",
        type=arguments.whole_number,
        help="the largest value, in all processes alike (default 16777216)",
    )
    parser.add_argument(
        "--storage",
        choices=("sqlite", "memory"),
        help="where acceptors and proposers keep what they promised (default sqlite); memory: one "
        "that ends must not come back",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        help="where their files are (default: `data` in the run folder, or `paxos-data` here)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="say more on standard error")
