"""Traces: header, numbering, times, and what happens when they cannot be written."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import msgspec
import pytest

from paxos.config import Config, FaultRates
from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.names import Member, ProcessName
from paxos.runtime.clock import Clock
from paxos.runtime.tracer import (
    TraceError,
    Tracer,
    header,
    last_clock,
    next_incarnation,
    trace_path,
)

B = Ballot(2, 1)
ACCEPTOR = Member("acceptor", 2)


def create(folder: Path, incarnation: int = 1, wall: int = 1000) -> tuple[Tracer, Path]:
    config = Config(proposers=2, learners=2, clients=2, faults=FaultRates(loss=0.25))
    path = trace_path(folder, ProcessName(ACCEPTOR, incarnation))
    head = header(config, "some-run", ProcessName(ACCEPTOR, incarnation))
    return Tracer.create(path, head, Clock(lambda: wall)), path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_header_says_who_keeps_checkpoints() -> None:
    learner = ProcessName(Member("learner", 1), 2)
    head = header(Config(checkpoints=True), "run", learner, keeps=True)
    assert (head.constants["checkpoints"], head.keeps) == (True, True)
    plain = json.loads(msgspec.json.encode(header(Config(), "run", learner)))
    assert "checkpoints" not in plain["constants"] and "keeps" not in plain


def test_header_and_events(tmp_path: Path) -> None:
    tracer, path = create(tmp_path)
    tracer.write([events.Phase2b(ballot=B, instance=1), events.Phase2b(ballot=B, instance=2)])
    tracer.write([events.Phase1a(ballot=B, first=3, last=4)])
    head, *written = lines(path)
    assert head["event"] == "Header"
    assert head["process"] == "acceptor-2.1"
    assert head["cluster"] == {
        "acceptors": [1, 2, 3],
        "proposers": [1, 2],
        "learners": [1, 2],
        "clients": [1, 2],
    }
    assert isinstance(config := head["config"], dict)
    assert config["faults.loss"] == "0.25", "no fractions in a trace"
    assert [e["seq"] for e in written] == [1, 2, 3]
    assert [e["hlc"] for e in written] == [1000, 1001, 1002]
    assert written[2] == {
        "event": "Phase1a",
        "process": "acceptor-2.1",
        "seq": 3,
        "hlc": 1002,
        "ballot": [2, 1],
        "from": 3,
        "to": 4,
    }
    assert "null" not in path.read_text(encoding="utf-8")


def test_all_headers_of_a_cluster_agree_where_no_number_is_configured() -> None:
    heads = [
        header(Config(), "r", ProcessName(member, 1))
        for member in (Member("client", 3), Member("learner", 1))
    ]
    assert heads[0].cluster == heads[1].cluster
    assert 3 in heads[0].cluster["clients"]


def test_one_system_call_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer, _ = create(tmp_path)
    calls: list[int] = []
    real = os.write

    def write(fd: int, data: bytes) -> int:
        calls.append(fd)
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    tracer.write([events.Phase2b(ballot=B, instance=n) for n in range(1, 100)])
    assert len(calls) == 1


def test_incarnations_are_counted_from_the_files(tmp_path: Path) -> None:
    assert next_incarnation(tmp_path, ACCEPTOR) == 1
    create(tmp_path)
    create(tmp_path, 9)
    (tmp_path / "acceptor-22.50.ndjson").touch()
    (tmp_path / "acceptor-2.x.ndjson").touch()
    assert next_incarnation(tmp_path, ACCEPTOR) == 10
    assert next_incarnation(tmp_path, Member("acceptor", 1)) == 1
    with pytest.raises(FileExistsError):
        create(tmp_path, 9)


def test_the_clock_of_the_last_life_is_found_in_its_trace(tmp_path: Path) -> None:
    assert last_clock(tmp_path, ACCEPTOR) == 0
    tracer, _ = create(tmp_path, wall=5000)
    assert last_clock(tmp_path, ACCEPTOR) == 0, "only a header"
    tracer.write([events.Phase2b(ballot=B, instance=n) for n in range(1, 4)])
    _, path = create(tmp_path, 2)
    assert last_clock(tmp_path, ACCEPTOR) == 5002
    with path.open("ab") as file:
        votes = b"[1,[1,1],[]]," * 100_000
        for clock in (7000, 7001):
            file.write(b'{"event":"Recover","hlc":%d,"votes":[%s[]]}\n' % (clock, votes))
        file.write(b'{"event":"Phase2b","hlc":80')
    assert last_clock(tmp_path, ACCEPTOR) == 7001, "lines are long, and the last is torn"
    assert last_clock(tmp_path, Member("acceptor", 1)) == 0


def test_a_trace_that_cannot_grow_ends_and_says_so(tmp_path: Path) -> None:
    tracer, path = create(tmp_path)
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
    try:
        with pytest.raises(TraceError, match=r"acceptor-2\.1\.ndjson: File too large"):
            tracer.write([events.Phase2b(ballot=B, instance=n) for n in range(1, 10)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    torn = path.read_bytes()
    assert len(torn) == size + 100
    tracer.write([events.Phase2b(ballot=B, instance=10)])
    assert path.read_bytes() == torn, "nothing may follow a torn line"
    tracer.close()
