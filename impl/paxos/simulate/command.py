"""`paxos simulate`: one seed, or with `--minutes` one after another, and what came of it."""

from __future__ import annotations

import argparse
import signal
import time

from paxos.errors import InputError
from paxos.runtime.report import say
from paxos.simulate.plan import Request, draw
from paxos.simulate.report import report
from paxos.simulate.run import simulate
from paxos.simulate.soak import soak


def main(options: argparse.Namespace) -> int:
    """Run; 0 if all conforms and is delivered, 1 if not, 130 if interrupted. Raises `InputError` or
    `RunError`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options)
    except KeyboardInterrupt:
        say("stopped")
        return 130


def _run(options: argparse.Namespace) -> int:
    request = Request(
        seed=_seed(options),
        steps=options.steps,
        acceptors=options.acceptors,
        proposers=options.proposers,
        learners=options.learners,
        clients=options.clients,
        direct_learning=options.direct_learning,
        prepare_ahead=options.prepare_ahead,
        batching=options.batching,
        without=frozenset(options.without),
        storm_s=options.storm,
    )
    draw(request)  # what cannot be is said before anything is started
    if options.minutes is None:
        outcome = simulate(request, trace_dir=options.trace, verbose=options.verbose)
        print(report(outcome))
        return 1 if outcome.failure else 0
    if options.trace:
        raise InputError("--trace is for one run, and --minutes for many; give one of them")
    if options.verbose:
        raise InputError("--verbose is for one run, and --minutes for many; give one of them")
    return soak(request, options.minutes * 60)


def _seed(options: argparse.Namespace) -> int:
    if options.seed is not None:
        return int(options.seed)
    return 0 if options.minutes is None else int(time.time())
