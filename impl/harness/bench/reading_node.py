"""A replica that reads: with many reads under way, and then one at a time.

Run as a process (`python -m harness.bench.reading_node CONFIG RUN_DIR ID SECONDS`). When its
replica is there it writes a line to standard output, and when it has read, another one: what it
measured, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from concurrent.futures import Future

import paxos
from harness.bench.ballast import Ballast
from harness.bench.helper import end_with_parent

OUTSTANDING = 2_000
"""Reads under way."""


def main() -> int:
    """Be the replica that the command line says, until the parent closes standard input."""
    config, run_dir, number, seconds = sys.argv[1:]
    end_with_parent()
    machine = Ballast(0)
    with paxos.Replica(config, int(number), machine=machine, run_dir=run_dir) as replica:
        replica.barrier(None)
        print(replica.applied, flush=True)
        found = {
            "rate": _many(replica, machine, float(seconds)),
            "one_us": _one(replica, machine, float(seconds)),
        }
        print(json.dumps(found), flush=True)
        replica.wait()
    return 0


def _many(replica: paxos.Replica, machine: Ballast, seconds: float) -> float:
    """Reads per second with many under way."""
    began_s, done = time.monotonic(), 0
    waiting: deque[Future[int]] = deque()
    while (now_s := time.monotonic()) < began_s + seconds:
        while len(waiting) < OUTSTANDING:
            waiting.append(replica.reading(lambda: machine.count))
        waiting.popleft().result()
        done += 1
    for read in waiting:
        read.cancel()
    return done / (now_s - began_s)


def _one(replica: paxos.Replica, machine: Ballast, seconds: float) -> float:
    """The median of how long a read takes, in microseconds, one at a time."""
    waits_s, until_s = list[float](), time.monotonic() + seconds
    while (now_s := time.monotonic()) < until_s:
        replica.read(lambda: machine.count)
        waits_s.append(time.monotonic() - now_s)
    return 1e6 * sorted(waits_s)[len(waits_s) // 2]


if __name__ == "__main__":
    sys.exit(main())
