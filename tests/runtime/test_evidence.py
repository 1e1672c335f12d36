"""An old copy of a storage is refused where the run folder knows more; the storage that was there
last never is."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import pytest

from paxos.config import Config
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import Ballot
from paxos.core.messages import Accept, Delivered, Message, Prepare
from paxos.core.names import Member, ProcessName
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.errors import InputError
from paxos.runtime import evidence, tracer
from paxos.runtime.clock import Clock
from paxos.runtime.evidence import later_than
from paxos.runtime.incarnation import begin
from paxos.runtime.storage import MemoryStorage
from paxos.runtime.tracer import Tracer

SETTINGS = Settings(learners=1, retain_instances=2, prepare_ahead=True)
EMPTY_BATCH = b"\x90"


def start_trace(run_dir: Path, role: str, number: int) -> Tracer:
    process = ProcessName(Member(role, 1), number)
    head = tracer.header(Config(), "run", process)
    return Tracer.create(tracer.trace_path(run_dir, process), head, Clock())


def said(draw: random.Random, acceptor: Acceptor) -> Message:
    ballot = Ballot(acceptor.promised.round + draw.choice((0, 0, 0, 1)) or 1, 1)
    match draw.randrange(4):
        case 0:
            return Prepare(ballot, draw.randint(1, 5), 9)
        case 1:
            return Delivered(draw.randint(0, 12), [])
        case _:
            return Accept(ballot, draw.randint(1, 15), EMPTY_BATCH)


def history(run_dir: Path, draw: random.Random, steps: int) -> list[tuple[MemoryStorage, bool]]:
    """The states of an acceptor after each of its steps, and whether the step changed anything;
    the trace is in `run_dir`."""
    acceptor, storage = Acceptor(SETTINGS, acceptor_id=1), MemoryStorage()
    storage.begin(1)
    states = [(deepcopy(storage), True)]
    trace = start_trace(run_dir, "acceptor", 1)
    for _ in range(steps):
        acceptor.receive(1, said(draw, acceptor), 0.0)
        step = acceptor.flush(0.0)
        storage.save(step.writes)
        if step.events:
            trace.write(step.events)
        changed = vars(states[-1][0]) != vars(storage)
        states.append((deepcopy(storage), changed))
    trace.close()
    return states


@pytest.mark.parametrize("seed", range(10))
def test_an_acceptor_that_lacks_what_it_has_traced_is_found(tmp_path: Path, seed: int) -> None:
    states = history(tmp_path, random.Random(seed), 60)
    last = states[-1][0]
    assert last.trimmed and last.votes
    assert later_than(last, tmp_path, Member("acceptor", 1)) is None
    found = 0
    for (state, _), (_, changed) in pairwise(states):
        if vars(state) == vars(last):
            continue
        tells = later_than(state, tmp_path, Member("acceptor", 1))
        found += tells is not None
        if changed:
            assert tells, "it lacks the step that came next"
            assert "acceptor-1.1.ndjson has the" in tells
    assert found > 10


class Copies:
    """A process whose files are copied, and put back."""

    def __init__(self, folder: Path, role: str, config: Config) -> None:
        self.run_dir, self.role, self.config = folder / "run", role, config

    def live(self, work: Callable[[Role], None] = lambda role: None) -> int:
        """One life; its number."""
        life = begin(Member(self.role, 1), self.config, self.run_dir, Clock())
        storage = life.storage
        role: Role = (
            Acceptor(SETTINGS, storage.promised, storage.acceptor_votes(), storage.trimmed, 1)
            if self.role == "acceptor"
            else Proposer(SETTINGS, 1, 0.0, storage.round)
        )
        if not life.is_first:
            role.come_back()
        work(role)
        step = role.flush(0.0)
        storage.save(step.writes)
        if life.tracer:
            life.tracer.write(step.events)
            life.tracer.close()
        storage.close()
        return life.number

    def keep(self) -> None:
        shutil.copytree(self.run_dir / "data", self.run_dir / "kept")

    def put_back(self) -> None:
        shutil.rmtree(self.run_dir / "data")
        (self.run_dir / "kept").rename(self.run_dir / "data")


def vote(role: Role) -> None:
    role.receive(1, Accept(Ballot(1, 1), 1, EMPTY_BATCH), 0.0)


def promise(role: Role) -> None:
    role.receive(1, Prepare(Ballot(1, 1), 1, 9), 0.0)


def trim(role: Role) -> None:
    role.receive(1, Delivered(9, []), 0.0)


def lead(role: Role) -> None:
    role.tick(1_000.0)


WORK = {"acceptor": vote, "proposer": lead}


@pytest.mark.parametrize("tracing", [True, False])
@pytest.mark.parametrize("role", WORK)
def test_an_old_copy_of_all_files_of_a_process_does_not_begin(
    tmp_path: Path, role: str, tracing: bool
) -> None:
    copies = Copies(tmp_path, role, Config(tracing=tracing))
    copies.live()
    copies.keep()
    copies.live(WORK[role])
    copies.put_back()
    before = {p: p.read_bytes() for p in copies.run_dir.rglob("*") if p.is_file()}
    for _ in range(2):
        with pytest.raises(
            InputError,
            match=rf"data/{role}-1\.db is older than what {role} 1 has done: .*"
            r"it must not run in this cluster again unless all its files are put back",
        ):
            copies.live()
    unchanged = {p: p.read_bytes() for p in before if p.exists() and p.suffix != ".db"}
    assert unchanged == {p: c for p, c in before.items() if p.suffix != ".db"}


@pytest.mark.parametrize(
    ("role", "does", "tells"),
    [
        ("acceptor", vote, r"the vote in instance 1, ballot \(1, 1\)"),
        ("acceptor", promise, r"the promise of ballot \(1, 1\)"),
        ("acceptor", trim, "the trimming of instance 7"),
        ("proposer", lead, "round 1"),
    ],
)
def test_an_old_copy_from_the_same_life_does_not_begin(
    tmp_path: Path, role: str, does: Callable[[Role], None], tells: str
) -> None:
    copies = Copies(tmp_path, role, Config())

    def work(running: Role) -> None:
        copies.keep()
        does(running)

    copies.live(work)
    copies.put_back()
    with pytest.raises(InputError, match=rf"{role}-1\.1\.ndjson has {tells}; what {role} 1"):
        copies.live()


@pytest.mark.parametrize("tracing", [True, False])
@pytest.mark.parametrize("role", WORK)
def test_what_is_right_begins_again_and_again(tmp_path: Path, role: str, tracing: bool) -> None:
    copies = Copies(tmp_path, role, Config(tracing=tracing))
    assert [copies.live(WORK[role]) for _ in range(4)] == [1, 2, 3, 4]
    copies.keep()
    copies.put_back()
    assert copies.live() == 5


@pytest.mark.parametrize("left", ["", "header", "torn header"])
def test_a_life_that_ended_before_it_was_durable_is_no_evidence(tmp_path: Path, left: str) -> None:
    copies = Copies(tmp_path, "acceptor", Config())
    copies.live(vote)
    start_trace(copies.run_dir, "acceptor", 2).close()
    path = copies.run_dir / "acceptor-1.2.ndjson"
    path.write_bytes(path.read_bytes()[: {"": 0, "header": None, "torn header": 50}[left]])
    assert copies.live() == 3


def test_an_event_that_is_torn_is_evidence_of_a_life(tmp_path: Path) -> None:
    copies = Copies(tmp_path, "acceptor", Config())
    copies.live(vote)
    start_trace(copies.run_dir, "acceptor", 2).close()
    with (copies.run_dir / "acceptor-1.2.ndjson").open("ab") as file:
        file.write(b'{"ev')
    with pytest.raises(InputError, match="is of incarnation 2, and it knows of 1"):
        copies.live()


def test_only_the_end_of_a_long_trace_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is; what is in the end is enough."""
    states = history(tmp_path, random.Random(1), 400)
    last = states[-1][0]
    (path,) = tmp_path.glob("*.ndjson")
    monkeypatch.setattr(evidence, "TAIL_BYTES", 2_000)
    assert path.stat().st_size > 6_000
    assert later_than(last, tmp_path, Member("acceptor", 1)) is None
    assert later_than(states[0][0], tmp_path, Member("acceptor", 1))
    assert len(evidence._tail(path)) < 40


def test_a_mark_that_was_torn_says_nothing(tmp_path: Path) -> None:
    copies = Copies(tmp_path, "acceptor", Config(tracing=False))
    copies.live()
    mark = copies.run_dir / "acceptor-1.began"
    assert mark.read_bytes() == b"1\n"
    for content in (b"", b"99", b"garbage\n", b"9" * 50 + b"\n"):
        mark.write_bytes(content)
        copies.live()
    mark.write_bytes(b"99\n")
    with pytest.raises(InputError, match=r"incarnation 99 has run in .*, and it knows of 5"):
        copies.live()
