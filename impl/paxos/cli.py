"""The `paxos` command: from its options (`paxos.options`) to its exit status. What it does is in
`paxos.runtime`.

Exit status 0: done; 1: something failed, or not everything was delivered; 2: the input is wrong, or
the machine has not enough of something (memory, threads, descriptors) to go on; 130: Ctrl-C.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from paxos.errors import INTERRUPTED, InputError, RunError
from paxos.options import HARNESS, PROCESSES, ROLES, STATUS, SWITCHES, make_parser
from paxos.runtime.report import explained, say, say_in, tell_parent
from paxos.runtime.shutdown import Stop
from paxos.runtime.streams import reserve_standard

if TYPE_CHECKING:
    from paxos.config import Config
    from paxos.core.names import Member, Replica
    from paxos.runtime.pace import Limits


def main(words: Sequence[str] | None = None) -> int:
    """Run the command with `words` (default: the process's own); the exit status, which is that of
    an interruption wherever Ctrl-C has ended it. Nothing ends in a traceback: what nobody has
    foreseen is a line too, and no verdict."""
    reserve_standard()
    # A parent that blocks signals hands that down to what it starts; none of it is meant for us.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    failed, verbose, stop = 1, False, None
    try:
        words = sys.argv[1:] if words is None else words
        options = make_parser(words).parse_args(words)
        verbose = options.role in (*PROCESSES, "run") and options.verbose
        failed = 2 if options.role == "simulate" else 1  # there, 1 is the verdict on the protocol
        stop = None if options.role in (*HARNESS, "status") else Stop()
        status = _run(options, stop)
    except KeyboardInterrupt:
        say("stopped")
        return INTERRUPTED
    except Exception as error:
        status = explained(error, failed)
        if verbose and not isinstance(error, InputError | RunError | OSError):
            say(traceback.format_exc())
    return INTERRUPTED if stop and stop.interrupted else status


def _run(options: argparse.Namespace, stop: Stop | None) -> int:
    if options.role == "status":
        return int(import_module(STATUS).main(options))
    if stop is None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # it has children to end
        return int(import_module(f"{HARNESS[options.role][0]}.command").main(options))
    stop.on_signals()
    return _run_cluster(options, stop) if options.role == "run" else _run_role(options, stop)


def _run_role(options: argparse.Namespace, stop: Stop) -> int:
    from paxos import config  # not before the signal handlers are there
    from paxos.runtime.process import ProcessOptions, run_process

    if options.parent_fd is not None:
        tell_parent(options.parent_fd)
    if options.log:
        say_in(options.log)
    metrics_address, metrics_port = options.metrics or (None, None)
    metrics = {"metrics_address": metrics_address, "metrics_port": metrics_port}
    cluster = config.override(config.load(options.config), **metrics, **_common(options))
    return run_process(
        _who(options),
        cluster,
        stop,
        ProcessOptions(
            run_dir=options.run_dir,
            limits=_limits(options),
            **_streams(options, cluster),
            batch_values=getattr(options, "batch", None),
            verbose=options.verbose,
            parent_fd=options.parent_fd,
        ),
    )


def _who(options: argparse.Namespace) -> Member | Replica:
    """The process that the command line names."""
    from paxos.core.names import Member, Replica

    if options.role == "replica":
        return Replica(options.id, has_client=options.client)
    return Member(options.role, options.id)


def _run_cluster(options: argparse.Namespace, stop: Stop) -> int:
    from paxos import config
    from paxos.core.names import REPLICA_ROLES
    from paxos.runtime.cluster import ClusterOptions, run_cluster

    base = config.load(options.config) if options.config else config.Config()
    counts = {f"{role}s": getattr(options, f"{role}s") for role in ROLES}
    if options.replicas:
        each = {f"{role}s": options.replicas for role in REPLICA_ROLES}
        counts = {name: count or each.get(name) for name, count in counts.items()}
    switches = {name: getattr(options, name) for name in ("tracing", *dict(SWITCHES))}
    wanted = config.override(
        base, milestone=options.milestone, **counts, **switches, **_common(options)
    )
    how = ClusterOptions(
        values=options.values,
        run_dir=options.run_dir,
        replicas=options.replicas or 0,
        stall_s=options.timeout,
        verbose=options.verbose,
        client_options=[
            f"--{name}={getattr(options, name)}"
            for name in ("rate", "outstanding")
            if getattr(options, name) is not None
        ],
    )
    return run_cluster(wanted, stop, how)


def _streams(options: argparse.Namespace, cluster: Config) -> dict[str, Any]:
    """What a client's standard input and a learner's standard output look like."""
    from paxos.runtime.acks import print_acks
    from paxos.runtime.deliveries import Output
    from paxos.runtime.framing import SPLITS
    from paxos.runtime.kept_output import KeptOutput

    if options.role == "client":
        return {
            "split": SPLITS[options.format],
            "hear_places": print_acks if options.acks else None,
        }
    if options.role in ("learner", "replica"):
        if cluster.checkpoints or options.checkpoint:
            return {"deliveries": KeptOutput(options.format, options.first)}
        return {"deliveries": Output(options.format, options.first)}
    return {}


def _limits(options: argparse.Namespace) -> Limits:
    from paxos.runtime.pace import Limits

    if options.role not in ("client", "replica"):
        return Limits()
    rate = math.inf if options.rate is None else options.rate
    return Limits(rate, options.outstanding)


def _common(options: argparse.Namespace) -> dict[str, float | int | str | None]:
    """What every process takes as an option of its own."""
    key_file = options.key_file and str(options.key_file.absolute())
    data_dir = options.data_dir and str(options.data_dir.absolute())
    faults = {name: getattr(options, name) for name in ("loss", "duplicate", "reorder", "seed")}
    sizes = {name: getattr(options, name) for name in ("datagram_bytes", "max_value_bytes")}
    files = {"key_file": key_file, "storage": options.storage, "data_dir": data_dir}
    return {**files, **sizes, **faults}
