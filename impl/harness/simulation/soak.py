"""Seed after seed until the time is up, on all cores; the first one that fails is made smaller."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from itertools import count

from harness.simulation.meetings import Coverage
from harness.simulation.plan import Request
from harness.simulation.pool import outcomes
from harness.simulation.report import faults, listed, report
from harness.simulation.run import Outcome, simulate
from harness.simulation.shrink import Simulate, shrink
from paxos.runtime.report import say, tell

PROGRESS_S = 10.0
"""How often there is a line of progress."""


class Totals:
    """What all runs came to."""

    def __init__(self) -> None:
        self.began_s = self._said_s = time.monotonic()
        self.seeds = self.events = self.delivered = 0
        self.simulated_s = 0.0
        self.injected: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count a run; now and then, say how far it all is."""
        self.seeds += 1
        self.events += outcome.events
        self.delivered += outcome.delivered
        self.simulated_s += outcome.simulated_s
        self.injected += outcome.injected
        if time.monotonic() - self._said_s >= PROGRESS_S:
            self._said_s = time.monotonic()
            say(self.line())

    def line(self) -> str:
        seconds = time.monotonic() - self.began_s
        return (
            f"[{seconds:5.0f} s] {self.seeds:,} seeds, {self.events:,} events "
            f"({self.events / max(seconds, 1e-9):,.0f} a second), {self.delivered:,} values "
            f"delivered, {self.simulated_s:,.0f} simulated seconds"
        )


def soak(
    first: Request, seconds: float, simulate: Simulate = simulate, jobs: int | None = None
) -> int:
    """Run `first`, and the same with the seeds after its own, for `seconds`, or until one fails.
    The exit status: 0 if none failed, 1 if one did. Raises `RunError`."""
    totals, coverage, failed = Totals(), Coverage(), None
    say(f"seeds from {first.seed} on, {first.steps:,} steps each, for {seconds:g} s")
    requests = (_request(first, seed, coverage) for seed in count(first.seed))
    try:
        for outcome in outcomes(requests, simulate, jobs, totals.began_s + seconds):
            totals.add(outcome)
            coverage.met += outcome.met
            if outcome.failure:
                failed = outcome
                break
    finally:
        lines = [totals.line(), *faults(totals.injected), *listed("meetings", str(coverage))]
        tell("\n".join(lines))
    if failed is None:
        tell("  verdict    every run conforms to MultiPaxos, and delivered all")
        return 0
    say(f"seed {failed.request.seed} fails ({failed.request.command()}); making it smaller")
    tell(report(shrink(failed, simulate)))
    return 1


def _request(first: Request, seed: int, coverage: Coverage) -> Request:
    """Every second run goes towards a pair of mechanisms that has not met, unless the user has
    named one."""
    steered = seed % 2 == 1 and first.towards is None
    return replace(first, seed=seed, towards=coverage.next() if steered else first.towards)
