"""`paxos simulate`: one seed; with `--minutes` one after another; with `--seeds` a campaign; with
`--table` what campaigns found."""

from __future__ import annotations

import argparse
import time
from math import inf

from harness.simulation.campaign import campaign
from harness.simulation.meetings import Pair, pair
from harness.simulation.plan import Request, draw
from harness.simulation.records import RecordFile
from harness.simulation.report import report
from harness.simulation.run import simulate
from harness.simulation.soak import soak
from harness.simulation.table import table
from paxos.errors import InputError
from paxos.runtime.report import tell


def main(options: argparse.Namespace) -> int:
    """Run; 0 if all conforms and is delivered, 1 if not. Raises `InputError` or `RunError`."""
    _check(options)
    if options.table:
        found = table(options.table)
        tell(str(found))
        return 1 if found.failures else 0
    request = Request(
        seed=_seed(options),
        steps=options.steps,
        acceptors=options.acceptors,
        proposers=options.proposers,
        learners=options.learners,
        clients=options.clients,
        quorums=tuple(options.quorums) if options.quorums else None,
        replicas=options.replicas,
        direct_learning=options.direct_learning,
        prepare_ahead=options.prepare_ahead,
        batching=options.batching,
        fifo=options.fifo,
        checkpoints=options.checkpoints,
        without=frozenset(options.without),
        storm_s=options.storm,
        towards=_pair(options.towards) if options.towards else None,
    )
    draw(request)  # what cannot be is said before anything is started
    seconds = inf if options.minutes is None else options.minutes * 60
    if options.seeds is not None:
        with RecordFile(options.out) as out:
            seeds = options.seeds.of_shard(options.shard)
            return campaign(request, seeds, out, jobs=options.jobs, seconds=seconds)
    if options.minutes is not None:
        return soak(request, seconds, jobs=options.jobs)
    outcome = simulate(request, trace_dir=options.trace, verbose=options.verbose)
    tell(report(outcome))
    return 1 if outcome.failure else 0


def _pair(mechanisms: list[str]) -> Pair:
    one, other = mechanisms
    if one == other:
        raise InputError(f"--towards {one} {other}: expected two mechanisms, not one twice")
    return pair(one, other)


def _seed(options: argparse.Namespace) -> int:
    if options.seed is not None:
        return int(options.seed)
    return 0 if options.minutes is None else int(time.time())


MANY = "--minutes", "--seeds"
EXCLUDE = {
    "--trace": MANY,
    "--verbose": MANY,
    "--seed": ("--seeds",),
    "--table": ("--seed", "--out", "--trace", "--verbose", *MANY),
}
"""Options that say different things about what to run."""

NEED = {"--shard": ("--seeds",), "--out": ("--seeds",), "--seeds": ("--out",), "--jobs": MANY}
"""Options that mean something only with one of others."""


def _check(options: argparse.Namespace) -> None:
    """Raise `InputError` if the options do not go together."""

    def is_given(option: str) -> bool:
        value = getattr(options, option.removeprefix("--"))
        return value is not None and value is not False

    for option, others in EXCLUDE.items():
        for other in others:
            if is_given(option) and is_given(other):
                raise InputError(f"{option} and {other} do not go together; give one of them")
    for option, needed in NEED.items():
        if is_given(option) and not any(map(is_given, needed)):
            raise InputError(f"{option} means nothing without {' or '.join(needed)}; give it too")
