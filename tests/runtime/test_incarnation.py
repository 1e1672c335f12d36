"""How an incarnation begins: its number, its storage, its trace and its clock agree, and a process
that has forgotten what it promised does not begin."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from paxos.config import Config
from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.names import Member
from paxos.core.step import RoundWrite, VoteWrite
from paxos.errors import InputError, RunError
from paxos.runtime import incarnation, tracer
from paxos.runtime.clock import Clock, wall_us
from paxos.runtime.incarnation import Beginning, Incarnation, begin

MEMORY = Config(storage="memory")


def start(
    run_dir: Path | None,
    role: str = "acceptor",
    config: Config | None = None,
    wall: int = 1_000,
    *,
    with_cluster: bool = False,
) -> tuple[Incarnation, Clock]:
    clock = Clock(lambda: wall)
    return begin(
        Member(role, 1), config or Config(), run_dir, clock, how=Beginning(with_cluster)
    ), clock


def end(life: Incarnation) -> None:
    life.storage.close()
    if life.tracer:
        life.tracer.close()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("role", ["acceptor", "proposer"])
def test_lives_are_numbered_and_keep_their_state(tmp_path: Path, role: str) -> None:
    for number in (1, 2, 3):
        life, _ = start(tmp_path, role)
        assert life.number == number
        assert life.storage.is_new == (number == 1)
        assert life.storage.round == 10 * (number - 1)
        life.storage.save([RoundWrite(10 * number)])
        end(life)
    assert {f"{role}-1.{n}.ndjson" for n in (1, 2, 3)} < files(tmp_path)


def test_the_number_is_above_those_of_the_storage_and_of_the_traces(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path / "data"))
    for _ in range(3):
        life, _ = start(None, config=config)
        end(life)
    assert life.number == 3
    life, _ = start(tmp_path / "run", config=config)
    assert life.number == 4
    end(life)
    (tmp_path / "run" / "acceptor-1.9.ndjson").touch()
    life, _ = start(tmp_path / "run", config=config)
    assert life.number == 10
    end(life)


def test_killed_before_its_number_was_durable(tmp_path: Path) -> None:
    """The trace is there already: the next life has the next number, and there is no gap."""
    life, _ = start(tmp_path)
    end(life)
    for name in ("acceptor-1.2.ndjson", "acceptor-1.3.ndjson"):
        (tmp_path / name).touch()
    life, _ = start(tmp_path)
    assert life.number == 4
    end(life)


def test_the_clock_goes_on_although_the_wall_clock_was_set_back(tmp_path: Path) -> None:
    life, clock = start(tmp_path, wall=9_000)
    assert life.tracer
    life.storage.save([VoteWrite(Vote(1, Ballot(1, 1), b"batch"))])
    life.tracer.write([events.Phase2b(ballot=Ballot(1, 1), instance=1)])
    end(life)
    life, clock = start(tmp_path, wall=500)
    assert clock.tick() > 9_000
    end(life)


@pytest.mark.parametrize("role", ["acceptor", "proposer", "learner", "client"])
def test_a_life_with_a_clock_far_ahead_is_followed_by_a_later_one(
    tmp_path: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was a day ahead, and is right again: number and clock go on from there, so that nothing of
    the next life is taken for the one before."""
    day_us = 86_400 * 10**6
    right_us = wall_us()
    monkeypatch.setattr(incarnation, "wall_us", lambda: right_us + day_us)
    life, _ = start(tmp_path, role, wall=right_us + day_us)
    assert life.tracer
    life.storage.save([VoteWrite(Vote(1, Ballot(1, 1), b"batch"))])
    life.tracer.write([events.Phase2b(ballot=Ballot(1, 1), instance=1)])
    end(life)
    monkeypatch.setattr(incarnation, "wall_us", lambda: right_us)
    later, clock = start(tmp_path, role, wall=right_us)
    assert later.number == life.number + 1
    assert clock.tick() > right_us + day_us
    end(later)


def test_a_clock_beyond_belief_that_a_trace_has_is_not_taken_up(tmp_path: Path) -> None:
    life, _ = start(tmp_path, wall=1_000)
    assert life.tracer
    end(life)
    with (tmp_path / "acceptor-1.1.ndjson").open("a") as file:
        file.write(f'{{"event":"Phase2b","process":"acceptor-1.1","seq":1,"hlc":{2**60}}}\n')
    life, clock = start(tmp_path, wall=2_000)
    assert (clock.tick(), clock.disbelieved) == (2_000, 2**60)
    end(life)


@pytest.mark.parametrize("role", ["learner", "client"])
def test_what_keeps_no_number_has_a_higher_one_each_time_in_whichever_folder(
    tmp_path: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "a", tmp_path / "b", None, tmp_path / "a"]
    numbers = []
    for folder in folders:
        life, _ = start(folder, role)
        numbers.append(life.number)
        end(life)
    assert numbers == sorted(set(numbers))
    monkeypatch.setattr(incarnation, "wall_us", lambda: 5)
    assert start(tmp_path / "a", role)[0].number == numbers[-1] + 1, "though the clock is set back"


@pytest.mark.parametrize("role", ["learner", "client"])
def test_learners_and_clients_keep_nothing_and_come_back_as_others(
    tmp_path: Path, role: str
) -> None:
    """With a cluster of their own, their numbers are short."""
    for number in (1, 2):
        life, _ = start(tmp_path, role, with_cluster=True)
        assert (life.number, life.data_dir, life.forgets) == (number, None, False)
        assert life.storage.is_new
        end(life)
    assert files(tmp_path) == {f"{role}-1.{n}.ndjson" for n in (1, 2)}


@pytest.mark.parametrize("config", [MEMORY, Config()], ids=["memory", "deleted"])
def test_what_has_forgotten_does_not_begin_and_leaves_no_file(
    tmp_path: Path, config: Config
) -> None:
    (tmp_path / "acceptor-1.1.ndjson").touch()
    for _ in range(2):
        with pytest.raises(InputError, match=r"acceptor 1 has run before in .*must not come back"):
            start(tmp_path, config=config)
        assert files(tmp_path) == {"acceptor-1.1.ndjson"}


@pytest.mark.parametrize("role", ["acceptor", "proposer"])
@pytest.mark.parametrize("how", ["memory", "deleted"])
@pytest.mark.parametrize("traced", [(False, False), (False, True), (True, False)])
def test_what_has_forgotten_does_not_begin_though_nothing_is_traced(
    tmp_path: Path, role: str, how: str, traced: tuple[bool, bool]
) -> None:
    first, second = (
        Config(tracing=tracing, storage="memory" if how == "memory" else "sqlite")
        for tracing in traced
    )
    end(start(tmp_path, role, first)[0])
    for path in tmp_path.glob("data/*"):
        path.unlink()
    with pytest.raises(InputError, match=rf"{role} 1 has run before in .*must not come back"):
        start(tmp_path, role, second)


def test_what_is_not_traced_and_has_kept_its_state_comes_back(tmp_path: Path) -> None:
    for number in (1, 2):
        life, _ = start(tmp_path, config=Config(tracing=False))
        assert (life.number, life.storage.is_new) == (number, number == 1)
        end(life)


def test_in_memory_the_number_is_higher_each_time_too(tmp_path: Path) -> None:
    numbers = [start(None, config=MEMORY)[0].number for _ in range(2)]
    assert numbers[0] < numbers[1]
    assert start(None, config=MEMORY)[0].forgets


def test_a_trace_that_cannot_be_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tracer, "write_all", full)
    with pytest.raises(RunError, match=r"acceptor-1\.1\.ndjson: No space left on device"):
        start(tmp_path, config=Config(trace="strict"))
    assert not capfd.readouterr().err
    life, _ = start(tmp_path, "learner", with_cluster=True)
    assert life.tracer is None
    assert life.trace_failed
    assert "learner-1.1.ndjson: No space left on device" in capfd.readouterr().err


def test_a_trace_that_is_not_wanted_has_not_failed(tmp_path: Path) -> None:
    life, _ = start(tmp_path, "learner", Config(tracing=False))
    assert not life.trace_failed
    assert files(tmp_path) == set()


# Asking the others.


def refuse(number: int, commits: int) -> int:
    raise InputError("somebody objects")


@pytest.mark.parametrize("role", ["acceptor", "proposer", "learner", "client"])
def test_what_is_refused_by_others_has_not_begun(tmp_path: Path, role: str) -> None:
    for _ in range(2):
        with pytest.raises(InputError, match="somebody objects"):
            begin(Member(role, 1), Config(), tmp_path, Clock(), ask=refuse)
    assert not list(tmp_path.glob("*.ndjson"))
    life, _ = start(tmp_path, role, with_cluster=True)
    assert (life.number, life.is_first) == (1, True)
    end(life)
    life, _ = start(tmp_path, role, with_cluster=True)
    assert (life.number, life.is_first) == (2, role in ("learner", "client"))
    end(life)


def test_a_role_that_begins_as_number_two_comes_back_though_it_never_was(tmp_path: Path) -> None:
    """Its replica was killed as it began for the first time, after another role had begun. A trace
    of number 2 says what it came back with: nothing."""
    life = begin(Member("acceptor", 1), Config(), tmp_path, Clock(), how=Beginning(least=2))
    assert (life.number, life.is_first) == (2, False)
    end(life)


def test_others_are_told_what_the_life_would_begin_with(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def ask(number: int, commits: int) -> int:
        asked.append((number, commits))
        return number

    for _ in range(2):
        life = begin(Member("acceptor", 1), Config(), tmp_path, Clock(), ask=ask)
        assert (life.number, life.storage.commits) == asked[-1]
        life.storage.save([RoundWrite(1)])
        end(life)
    assert asked[0][1] < asked[1][1]


def test_of_what_keeps_nothing_others_are_told_no_commits(tmp_path: Path) -> None:
    """Zero: there is no storage that could be an old copy."""
    asked: list[int] = []

    def ask(number: int, commits: int) -> int:
        asked.append(commits)
        return number

    end(begin(Member("acceptor", 1), MEMORY, tmp_path, Clock(), ask=ask))
    end(begin(Member("learner", 1), Config(), tmp_path, Clock(), ask=ask))
    assert asked == [0, 0]


@pytest.mark.parametrize("tracing", [True, False])
def test_what_keeps_no_number_takes_the_one_that_others_ask_for(
    tmp_path: Path, tracing: bool
) -> None:
    heard = 5 * 10**15
    life = begin(
        Member("client", 1), Config(tracing=tracing), tmp_path, Clock(), ask=lambda *_: heard + 1
    )
    assert life.number == heard + 1
    end(life)
