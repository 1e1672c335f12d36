"""Seed after seed until the time is up, on all cores; the first one that fails is made smaller."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from paxos.errors import RunError
from paxos.runtime.report import say
from paxos.simulate.plan import Request
from paxos.simulate.report import faults, report
from paxos.simulate.run import Outcome, simulate
from paxos.simulate.shrink import Simulate, shrink

PROGRESS_S = 10.0
"""How often there is a line of progress."""


class Totals:
    """What all runs came to."""

    def __init__(self) -> None:
        self.began_s = time.monotonic()
        self.seeds = self.events = self.delivered = 0
        self.simulated_s = 0.0
        self.injected: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.events += outcome.events
        self.delivered += outcome.delivered
        self.simulated_s += outcome.simulated_s
        self.injected += outcome.injected

    def line(self) -> str:
        seconds = time.monotonic() - self.began_s
        return (
            f"[{seconds:5.0f} s] {self.seeds:,} seeds, {self.events:,} events "
            f"({self.events / max(seconds, 1e-9):,.0f} a second), {self.delivered:,} values "
            f"delivered, {self.simulated_s:,.0f} simulated seconds"
        )


def soak(first: Request, seconds: float, simulate: Simulate = simulate) -> int:
    """Run `first`, and the same with the seeds after its own, for `seconds`, or until one fails.
    The exit status: 0 if none failed, 1 if one did. Raises `RunError`."""
    totals, failed = Totals(), None
    say(f"seeds from {first.seed} on, {first.steps:,} steps each, for {seconds:g} s")
    said_s = totals.began_s
    try:
        for outcome in _outcomes(first, totals.began_s + seconds, simulate):
            totals.add(outcome)
            if outcome.failure:
                failed = outcome
                break
            if time.monotonic() - said_s >= PROGRESS_S:
                said_s = time.monotonic()
                say(totals.line())
    finally:
        print("\n".join([totals.line(), *faults(totals.injected)]), flush=True)
    if failed is None:
        print("  verdict    every run conforms to MultiPaxos, and delivered all", flush=True)
        return 0
    say(f"seed {failed.request.seed} fails ({failed.request.command()}); making it smaller")
    print(report(shrink(failed, simulate)), flush=True)
    return 1


def _outcomes(first: Request, until_s: float, simulate: Simulate) -> Iterator[Outcome]:
    """The runs, as they are done: a few under way at any time."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pool = ProcessPoolExecutor(workers, initializer=_ignore_interrupts)
    under_way: set[Future[Outcome]] = set()
    request = first
    try:
        while under_way or time.monotonic() < until_s:
            while len(under_way) < 2 * (workers or 1) and time.monotonic() < until_s:
                under_way.add(pool.submit(simulate, request))
                request = replace(request, seed=request.seed + 1)
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            yield from sorted((f.result() for f in done), key=lambda outcome: outcome.request.seed)
    except BrokenProcessPool as error:
        raise RunError("a process that ran seeds was killed (is there memory enough?)") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    """The process that started this one says when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
