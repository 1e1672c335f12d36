"""Runs of TLC side by side: as many as the cores take and the free memory has room for.

TLC counts states the same every time with one worker only. So what uses several cores is several
models at once, not several workers for one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

from conformance.modelcheck.progress import Display, Running
from conformance.tlc.output import Progress

Stop = threading.Event
_Outcome = TypeVar("_Outcome")

_MORE_THAN_HEAP = 1.2
"""What Java takes in all, in units of its heap."""


def cores() -> int:
    """How many this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_mb() -> int:
    """Memory that can be had now: what Linux says is available, otherwise two thirds of all."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) >> 10
    except OSError:
        pass
    return (os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20) * 2 // 3


def abreast(
    heap_mb: Mapping[str, int],
    run: Callable[[str, Callable[[Progress], None], Stop], _Outcome],
    words: Callable[[_Outcome], tuple[str, float | None]],
    *,
    jobs: int,
    memory_mb: int | None = None,
) -> dict[str, _Outcome]:
    """Runs each of the names and gives its outcome; words says one in a line, with its seconds.

    heap_mb says what each may take. The next is started when a core is free and the heaps of those
    that run leave it room; if none of those that wait has room, it waits for one to end. Alone, a
    run starts whatever it needs. Leaving early (KeyboardInterrupt) stops those that run.
    """
    memory_mb = free_mb() if memory_mb is None else memory_mb
    stop, display = Stop(), Display(len(heap_mb))
    running: dict[str, Running] = {}
    waiting, outcomes = list(heap_mb), dict[str, _Outcome]()
    futures: dict[Future[_Outcome], str] = {}

    def start(name: str, pool: ThreadPoolExecutor) -> None:
        running[name] = Running(time.monotonic())

        def note(seen: Progress) -> None:
            running[name] = running[name].after(seen)

        futures[pool.submit(run, name, note, stop)] = name

    def next_that_fits() -> str | None:
        taken = sum(heap_mb[name] for name in futures.values())
        if not futures:
            return waiting[0] if waiting else None
        room = memory_mb / _MORE_THAN_HEAP - taken
        return next((name for name in waiting if heap_mb[name] <= room), None)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            while waiting or futures:
                while len(futures) < jobs and (name := next_that_fits()):
                    waiting.remove(name)
                    start(name, pool)
                done, _ = wait(futures, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    name = futures.pop(future)
                    outcomes[name] = future.result()
                    display.finished(name, *words(outcomes[name]), len(outcomes))
                display.live(len(outcomes), [(n, running[n]) for n in futures.values()])
        finally:
            stop.set()  # ends what still runs if we are leaving early
            pool.shutdown(cancel_futures=True)
            display.clear()
    return outcomes
