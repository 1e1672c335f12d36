"""A campaign: the seeds of a range, on all cores, each with a line in a file of what came of it.

It may be stopped or killed at any moment and started again: what the file has is not run again.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from harness.simulation.plan import Request
from harness.simulation.pool import outcomes
from harness.simulation.records import RecordFile, record
from harness.simulation.run import simulate
from harness.simulation.seeds import Range, Seeds
from harness.simulation.shrink import Simulate
from harness.simulation.soak import Totals
from harness.simulation.table import table
from paxos.errors import InputError
from paxos.runtime.report import say, tell


def campaign(
    like: Request,
    seeds: Range,
    out: RecordFile,
    *,
    jobs: int | None = None,
    seconds: float = inf,
    simulate: Simulate = simulate,
) -> int:
    """Run `like` with each of `seeds` that `out` does not have, begin none after `seconds`, and
    print the table of all that `out` has then. The exit status: 0 if none of these failed, 1 if one
    did. Raises `InputError` or `RunError`."""
    done = _done(like, out)
    here = sum(seed in done for seed in seeds) if len(done) else 0
    say(f"seeds {seeds}: {len(seeds):,}, of which {out.path} has {here:,}")
    totals = Totals()
    left = (replace(like, seed=seed) for seed in seeds if seed not in done)
    for outcome in outcomes(left, simulate, jobs, totals.began_s + seconds):
        out.append(record(outcome))
        totals.add(outcome)
        if outcome.failure:
            say(f"seed {outcome.request.seed} fails: {outcome.failure.kind}")
    say(f"{totals.line()}; {len(seeds) - here - totals.seeds:,} seeds are left")
    found = table([out.path])
    tell(str(found))
    return 1 if found.failures else 0


def _done(like: Request, out: RecordFile) -> Seeds:
    """The seeds that the file has. Raises `InputError` if it has other runs than these."""
    done = Seeds()
    for number, known in out.read():
        if known.command != replace(like, seed=known.seed).command():
            raise InputError(
                f"file {out.path}:{number}: of another campaign (`{known.command}`); give the same "
                "options, or name another file"
            )
        done.add(known.seed)
    return done
