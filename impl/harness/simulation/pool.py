"""Many simulated runs on many cores."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from math import inf
from multiprocessing import connection, parent_process

from conformance.modelcheck.scheduler import cores
from harness.simulation.plan import Request
from harness.simulation.run import Outcome
from harness.simulation.shrink import Simulate
from paxos.errors import RunError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""A terminal sends the first to all processes at once, and others the second."""


def outcomes(
    requests: Iterator[Request], simulate: Simulate, jobs: int | None, until_s: float = inf
) -> Iterator[Outcome]:
    """The runs, as they are done: a few are under way at any time, in `jobs` processes (None: one
    for each core). None is begun after `until_s`, on the monotonic clock. Raises `RunError`."""
    workers = jobs or cores()
    pool = ProcessPoolExecutor(workers, initializer=_begin)
    under_way: set[Future[Outcome]] = set()
    try:
        while True:
            while len(under_way) < 2 * workers and time.monotonic() < until_s:
                request = next(requests, None)
                if request is None:
                    break
                with _held(SIGNALS):  # a process that is started here inherits that
                    under_way.add(pool.submit(simulate, request))
            if not under_way:
                return
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            yield from sorted((f.result() for f in done), key=lambda outcome: outcome.request.seed)
    except BrokenProcessPool as error:
        raise RunError("a process that ran seeds was killed (is there memory enough?)") from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _held(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """What is sent meanwhile comes afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """In a process that runs seeds: whoever started it says when to stop, or is gone."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
