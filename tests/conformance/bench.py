"""How fast the two judges are: python -m tests.conformance.bench [--events N] [--tlc-events N].

The trace is made here, always the same, one file per process, and streamed: a leader that keeps
some instances in flight, three acceptors, two learners. Rates are per second of the clock and,
since other programs may run beside it, per second of processor time. How fast the machine itself
is, says the time of a digest (blake2b of 64 B). One job and two take turns; where the machine has
two cores to spare, the clock says how much faster two are, and elsewhere what each of the two took.
Each limit is met or missed; exit status 1 if one is missed with as many events as it is for.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
import timeit
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from conformance.replay.run_folder import check_run
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.validator import Validator
from conformance.trace.reader import open_run

EVENTS, TLC_EVENTS = 1_000_000, 100_000
PYTHON_RATE = 60_000  # events a second of processor time, of one core
AHEAD = 8  # times as many events a second of processor time as TLC
TWO_JOBS = 1.8  # times as fast as one, by the clock
PAIRS = 3  # of one job and two, of which the median counts
PYTHON_GROWTH_MB = 20  # more, for ten times the events
TLC_S = 60  # of the clock, for TLC_EVENTS
TLC_MB = 3072
WINDOW = 64  # instances that Phase 1 asks for at a time
FLIGHT = 8  # instances that are begun before the first of them is over
START = 1_700_000_000_000_000
PROCESSES = (
    *("client-1.1", "proposer-1.1", "acceptor-1.1", "acceptor-2.1", "acceptor-3.1"),
    *("learner-1.1", "learner-2.1"),
)


class Maker:
    """Writes events as lines, one microsecond after another."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, IO[str]] = {}
        self.seq = dict.fromkeys(PROCESSES, 0)
        self.events = 0
        for process in PROCESSES:
            self.files[process] = (folder / f"{process}.ndjson").open("w", buffering=1 << 20)
            self.files[process].write(json.dumps(header(process)) + "\n")

    def add(self, process: str, event: str, rest: str) -> None:
        self.events += 1
        self.seq[process] += 1
        head = f'{{"event":"{event}","process":"{process}","seq":{self.seq[process]}'
        self.files[process].write(f'{head},"hlc":{START + self.events},{rest}}}\n')

    def close(self) -> None:
        for f in self.files.values():
            f.close()


def header(process: str) -> dict[str, Any]:
    role, _, rest = process.partition("-")
    constants = {"direct_learning": False, "prepare_ahead": True, "max_batch": 1}
    cluster = {"acceptors": [1, 2, 3], "proposers": [1], "learners": [1, 2], "clients": [1]}
    return {
        "event": "Header",
        "schema": 1,
        "run": "bench",
        "process": process,
        "role": role,
        "id": int(rest[0]),
        "incarnation": 1,
        "spec": "MultiPaxos",
        "constants": constants,
        "cluster": cluster,
        "config": {"storage": "memory"},
    }


def make(folder: Path, events: int) -> int:
    """Write a run of about so many events; how many they are."""
    folder.mkdir(parents=True, exist_ok=True)
    maker, done = Maker(folder), 0
    while maker.events < events:
        if done % WINDOW == 0:
            span = f'"ballot":[1,1],"from":{done + 1},"to":{done + WINDOW}'
            maker.add("proposer-1.1", "Phase1a", span)
            for a in (1, 2, 3):
                maker.add(f"acceptor-{a}.1", "Phase1b", span + ',"votes":[]')
        flight = range(done + 1, done + FLIGHT + 1)
        for i in flight:
            batch = f'[["1.1",{i},1,"{i:016x}"]]'
            maker.add("client-1.1", "Broadcast", f'"values":{batch}')
            what = f'"ballot":[1,1],"instance":{i},"batch":{batch},"quorum":[1,2]'
            maker.add("proposer-1.1", "Phase2a", what)
        for a in (1, 2, 3):
            for i in flight:
                maker.add(f"acceptor-{a}.1", "Phase2b", f'"ballot":[1,1],"instance":{i}')
        for i in flight:
            rest = f'"ballot":[1,1],"instance":{i},"quorum":[2,3]'
            maker.add("proposer-1.1", "Decide", rest)
        for learner in (1, 2):
            for i in flight:
                batch = f'[["1.1",{i},1,"{i:016x}"]]'
                rest = f'"ballot":[1,1],"instance":{i},"batch":{batch}'
                maker.add(f"learner-{learner}.1", "Learn", rest)
                rest = f'"instance":{i},"position":{i},"values":{batch}'
                maker.add(f"learner-{learner}.1", "Deliver", rest)
        done += FLIGHT
    maker.close()
    return maker.events


def megabytes(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def digest_us() -> float:
    """Microseconds that a digest of 64 B takes here: the best of several."""
    data = bytes(64)
    return min(timeit.repeat(lambda: blake2b(data).digest(), number=10**5, repeat=7)) * 10


def used_s() -> tuple[float, float]:
    """Seconds of processor time so far: of this process, and of those that it waited for."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    mine, theirs = (x.ru_utime + x.ru_stime for x in both)
    return mine, theirs


def python(events: int) -> tuple[float, float]:
    """Measure the Python model; events per second of processor time, and the most MB so far."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        count = make(Path(name), events)
        clock, cpu = time.monotonic(), time.process_time()
        verdict = check_run(Path(name))
        clock, cpu = time.monotonic() - clock, time.process_time() - cpu
    assert verdict.kind == "conforms", verdict
    assert verdict.events == count
    memory = megabytes(resource.RUSAGE_SELF)
    print(
        f"Python model  {count:>9,} events  {clock:6.1f} s  {count / clock:>9,.0f} events/s"
        f"  ({count / cpu:,.0f} per second of processor time, one core;"
        f" {memory:.0f} MB)",
        flush=True,
    )
    return count / cpu, memory


def two_jobs(events: int) -> float:
    """How much faster two jobs of the Python model are than one, by the clock."""
    found, at_best = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        count = make(Path(name), events)
        for _ in range(PAIRS):
            clocks, work = [], []
            for jobs in (1, 2):
                clock, before = time.monotonic(), used_s()
                assert check_run(Path(name), jobs=jobs).kind == "conforms"
                clocks.append(time.monotonic() - clock)
                work.append([x - y for x, y in zip(used_s(), before, strict=True)])
            found.append(clocks[0] / clocks[1])
            at_best.append(sum(work[0]) / max(work[1]))
    print(
        f"Two jobs      {count:>9,} events  {statistics.median(found):.2f} times as fast as one"
        f"  (by processor time, if each had a core: {statistics.median(at_best):.2f})",
        flush=True,
    )
    return statistics.median(found)


def tlc(events: int, at_once: int = 2) -> tuple[float, float, float]:
    """Measure TLC, with the writing of its data; seconds of the clock per event, events per second
    of processor time, and MB."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        count = make(Path(name), events)
        clock, before = time.monotonic(), used_s()
        (by_tlc,) = Validator(at_once=at_once).judge([survey(open_run(Path(name)))])
        clock, cpu = time.monotonic() - clock, sum(used_s()) - sum(before)
    assert by_tlc.rejection is None, by_tlc.rejection
    memory = megabytes(resource.RUSAGE_CHILDREN)
    print(
        f"TLC, {at_once} at once{count:>9,} events  {clock:6.1f} s  {count / clock:>9,.0f} events/s"
        f"  ({count / cpu:,.0f} per second of processor time, in {by_tlc.windows} windows;"
        f" {memory:.0f} MB each)",
        flush=True,
    )
    return clock / count, count / cpu, memory


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--tlc-events", type=int, default=TLC_EVENTS)
    args = parser.parse_args(argv)
    _, few_mb = python(args.events // 10)
    rate, many_mb = python(args.events)
    faster = two_jobs(args.events)
    alone_s, _, _ = tlc(args.tlc_events, 1)
    each_s, tlc_rate, tlc_mb = tlc(args.tlc_events)
    raw_us = digest_us()
    print(
        f"Ratios        {rate / tlc_rate:.1f} events of the Python model to one of TLC;"
        f" {rate * raw_us / 1e6:.3f} to a digest of 64 B, which takes {raw_us:.2f} us;"
        f" two of TLC {alone_s / each_s:.2f} times as fast as one"
    )
    full, tlc_full = args.events >= EVENTS, args.tlc_events >= TLC_EVENTS
    ten = f"{PYTHON_GROWTH_MB} MB more for ten times the events"
    limits = [
        (f"Python model: at least {PYTHON_RATE:,} events/s", rate >= PYTHON_RATE, full),
        (f"Python model: at least {AHEAD} times TLC's", rate >= AHEAD * tlc_rate, tlc_full),
        (f"Python model: at most {ten}", many_mb - few_mb <= PYTHON_GROWTH_MB, full),
        (f"Python model: two jobs {TWO_JOBS} times as fast as one", faster >= TWO_JOBS, full),
        (f"TLC: {TLC_EVENTS:,} events in {TLC_S} s", each_s * TLC_EVENTS <= TLC_S, tlc_full),
        (f"TLC: at most {TLC_MB:,} MB", tlc_mb <= TLC_MB, tlc_full),
    ]
    for words, met, enough in limits:
        few = "" if enough else " (of too few events to tell)"
        print(f"{'met' if met else 'missed':<8}{words}{few}")
    return int(any(enough and not met for _, met, enough in limits))


if __name__ == "__main__":
    sys.exit(main())
