"""The `spec-distributed` command: one model, on TLC's distributed mode. How that runs is in
distributed.py.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path

from conformance.cli.arguments import positive
from conformance.cli.spec import report
from conformance.modelcheck.distributed import (
    LOOPBACK,
    Party,
    Setup,
    address_towards,
    run,
    worker_command,
)
from conformance.modelcheck.manifest import ManifestError, Model, choose, load
from conformance.modelcheck.progress import Display, Running
from conformance.modelcheck.run import HEAP_MB, SECONDS, Row, table
from conformance.paths import MANIFEST
from conformance.tlc import errors, runner
from conformance.tlc.interrupts import termination_as_interrupt
from conformance.tlc.output import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec-distributed`."""
    parser.add_argument("--model", required=True, metavar="NAME", help="the model to run")
    parser.add_argument(
        "--worker",
        action="append",
        default=[],
        metavar="HOST",
        help="a host that ssh reaches without a password; may be repeated (default: two workers "
        "on this machine)",
    )
    parser.add_argument(
        "--by-hand", action="store_true", help="start no worker: only print how to start one"
    )
    parser.add_argument(
        "--local", type=positive, default=2, metavar="N", help="workers on this machine"
    )
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="of each worker (default: all cores of a host, one here)",
    )
    parser.add_argument(
        "--address",
        metavar="ADDRESS",
        help="of this machine, for the workers (default: the one that faces the first host)",
    )
    parser.add_argument("--port", type=int, default=0, help="of the server (default: a free one)")
    parser.add_argument(
        "--remote-java", default="java", metavar="JAVA", help="Java on the hosts (default: java)"
    )
    parser.add_argument("--timeout", type=positive, metavar="SECONDS", help="time limit")
    parser.add_argument("--heap", type=positive, metavar="MB", help="Java heap of each process")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Runs the command: 0 as the manifest says, 1 if not, 2 bad input or no verdict."""
    try:
        if not args.model:
            raise ManifestError(
                "which model? `conformance spec --list` lists them; with make, give MODEL=name"
            )
        [model] = choose(load(args.manifest), "all", [args.model])
        hosts = tuple(args.worker)
        setup = Setup(
            hosts=hosts,
            local=0 if args.by_hand else args.local,
            address=args.address or (address_towards(hosts[0]) if hosts else LOOPBACK),
            port=args.port,
            threads=args.threads,
            remote_java=args.remote_java,
        )
        limits = runner.Limits(
            args.timeout or SECONDS[model.size], args.heap or HEAP_MB[model.size]
        )
        with termination_as_interrupt():
            row = _run(model, args.manifest.parent, setup, limits)
    except (ManifestError, errors.TlcError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table([row]))
    if row.result and row.result.violation:
        print(f"the whole counterexample: conformance spec --model {model.name}")
    return report([row])


def _run(model: Model, folder: Path, setup: Setup, limits: runner.Limits) -> Row:
    display, running = Display(1), Running(time.monotonic())

    def say(party: Party) -> None:
        own = LOOPBACK if setup.address == LOOPBACK else "ITS_ADDRESS"
        words = worker_command(setup, party.port, "java", "tla2tools.jar", "/tmp", own)
        started = f"{len(party.workers)} workers" if party.workers else "no worker"
        print(f"server at {setup.address}:{party.port}, {started} started", file=sys.stderr)
        print(f"another may join with: {shlex.join(words)}", file=sys.stderr, flush=True)

    told, lost = 0.0, 0

    def note(seen: Progress) -> None:
        nonlocal running, told, lost
        running = running.after(seen)
        if seen.lost > lost:
            lost = seen.lost
            display.clear()
            left = f"{seen.joined - lost} of {seen.joined} workers are left"
            print(f"a worker is lost: {left}, and do its work too", file=sys.stderr, flush=True)
        if sys.stderr.isatty() or time.monotonic() > told + 10:
            told = time.monotonic()
            display.live(0, [(model.name, running)])

    try:
        result = run(model, folder, setup, limits, on_start=say, on_progress=note)
    finally:
        display.clear()
    # How many states there are until an error, and how deep, depends on how the work is shared out.
    return Row(model, result, figures="states" if result.completed else "none")
