"""How fast the two judges are: python -m tests.conformance.bench [--events N] [--tlc-events N].

The trace is made here, always the same, one file per process, and streamed: a leader that keeps
some instances in flight, three acceptors, two learners. Rates are per second of the clock and,
since other programs may run beside it, per second of processor time. Each limit is met or missed;
exit status 1 if one is missed with as many events as it is for.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from conformance.replay.run_folder import check_run
from conformance.tlcjudge.validator import judge
from conformance.trace.reader import open_run

EVENTS, TLC_EVENTS = 1_000_000, 100_000
PYTHON_RATE = 50_000  # events a second of processor time, of one core
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


def tlc(events: int) -> tuple[float, float]:
    """Measure TLC, with the writing of its data; seconds of the clock per event, and MB."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        count = make(Path(name), events)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        clock, cpu = time.monotonic(), time.process_time()
        (by_tlc,) = judge([open_run(Path(name))])
        clock, cpu = time.monotonic() - clock, time.process_time() - cpu
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert by_tlc.rejection is None, by_tlc.rejection
    cpu += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = megabytes(resource.RUSAGE_CHILDREN)
    print(
        f"TLC           {count:>9,} events  {clock:6.1f} s  {count / clock:>9,.0f} events/s"
        f"  ({count / cpu:,.0f} per second of processor time, in {by_tlc.windows} windows;"
        f" {memory:.0f} MB each)",
        flush=True,
    )
    return clock / count, memory


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--tlc-events", type=int, default=TLC_EVENTS)
    args = parser.parse_args(argv)
    _, few_mb = python(args.events // 10)
    rate, many_mb = python(args.events)
    each_s, tlc_mb = tlc(args.tlc_events)
    full, tlc_full = args.events >= EVENTS, args.tlc_events >= TLC_EVENTS
    ten = f"{PYTHON_GROWTH_MB} MB more for ten times the events"
    limits = [
        (f"Python model: at least {PYTHON_RATE:,} events/s", rate >= PYTHON_RATE, full),
        (f"Python model: at most {ten}", many_mb - few_mb <= PYTHON_GROWTH_MB, full),
        (f"TLC: {TLC_EVENTS:,} events in {TLC_S} s", each_s * TLC_EVENTS <= TLC_S, tlc_full),
        (f"TLC: at most {TLC_MB:,} MB", tlc_mb <= TLC_MB, tlc_full),
    ]
    for words, met, enough in limits:
        few = "" if enough else " (of too few events to tell)"
        print(f"{'met' if met else 'missed':<8}{words}{few}")
    return int(any(enough and not met for _, met, enough in limits))


if __name__ == "__main__":
    sys.exit(main())
