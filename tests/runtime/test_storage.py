"""Storage: an acceptor or proposer finds again what its steps made durable, on disk or not."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos.config import Config
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.messages import Accept, Prepare, Vote
from paxos.core.settings import Settings
from paxos.core.step import PromiseWrite, RoundWrite, TrimWrite, VoteWrite, Write
from paxos.errors import InputError
from paxos.runtime.clock import Clock
from paxos.runtime.full_log import SPARE
from paxos.runtime.records import FORMAT
from paxos.runtime.sqlite_storage import CHECKPOINT_PAGES, LOG_PAGES, PAGE_BYTES, SqliteStorage
from paxos.runtime.storage import DurableState, MemoryStorage, Storage
from tests.cluster.processes import ENVIRONMENT

IDENTITY = {"role": "acceptor", "id": 1, **Config().identity()}


def on_disk(folder: Path, **changed: str | int) -> SqliteStorage:
    return SqliteStorage(folder, {**IDENTITY, **changed}, Clock())


def state(storage: DurableState | Storage) -> tuple[object, ...]:
    return storage.promised, dict(storage.votes), storage.trimmed, storage.round


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return MemoryStorage() if request.param == "memory" else on_disk(tmp_path)


def test_empty_at_first(storage: Storage) -> None:
    assert state(storage) == (NO_BALLOT, {}, 0, 0)
    assert storage.is_new
    assert storage.incarnation == 0


def test_the_last_write_counts(storage: Storage) -> None:
    old, new = Vote(1, Ballot(2, 1), b"old"), Vote(1, Ballot(3, 2), b"new")
    storage.save([PromiseWrite(Ballot(1, 1)), VoteWrite(old), RoundWrite(4)])
    storage.save([VoteWrite(new), RoundWrite(5)])
    assert storage.promised == Ballot(3, 2), "a vote is a promise too"
    assert storage.votes == {1: new}
    assert storage.round == 5


def test_trimming_forgets_the_votes_up_to_there(storage: Storage) -> None:
    votes = {n: Vote(n, Ballot(1, 1), b"%d" % n) for n in (1, 2, 3, 7)}
    storage.save([VoteWrite(vote) for vote in votes.values()])
    storage.save([TrimWrite(2), VoteWrite(Vote(8, Ballot(1, 1), b"8"))])
    assert sorted(storage.votes) == [3, 7, 8]
    storage.save([TrimWrite(10**15)])
    assert (storage.votes, storage.trimmed, storage.promised) == ({}, 10**15, Ballot(1, 1))


def test_to_trim_writes_little_of_what_is_forgotten(tmp_path: Path) -> None:
    """Some builds of SQLite overwrite what is deleted, in the log, too."""
    storage = on_disk(tmp_path)
    for n in range(1, 101):
        storage.save([VoteWrite(Vote(n, Ballot(1, 1), os.urandom(PAGE_BYTES)))])
    log_pages = "PRAGMA wal_checkpoint(RESTART)"
    storage._database.execute(log_pages).fetchone()
    storage.save([TrimWrite(90)])
    _, written, _ = storage._database.execute(log_pages).fetchone()
    assert 0 < written < 20
    storage.close()
    assert sorted(on_disk(tmp_path).votes) == list(range(91, 101))


def test_an_acceptor_comes_back_as_it_was(tmp_path: Path) -> None:
    storage, acceptor = on_disk(tmp_path), Acceptor(Settings())
    acceptor.receive(1, Prepare(Ballot(1, 1), 1, 5), 0.0)
    acceptor.receive(1, Accept(Ballot(1, 1), 2, b"\x90"), 0.0)
    acceptor.receive(2, Prepare(Ballot(4, 2), 3, 3), 0.0)
    storage.save(acceptor.flush(0.0).writes)
    storage.close()
    kept = on_disk(tmp_path)
    assert not kept.is_new
    again = Acceptor(Settings(), kept.promised, kept.acceptor_votes())
    assert (again.promised, again.votes) == (acceptor.promised, acceptor.votes)


ballots = st.builds(Ballot, st.integers(1, 2**53 - 1), st.integers(1, 9))
votes = st.builds(Vote, st.integers(1, 12), ballots, st.binary(max_size=40))
writes = st.one_of(
    st.builds(PromiseWrite, ballots),
    st.builds(VoteWrite, votes),
    st.builds(RoundWrite, st.integers(1, 2**53 - 1)),
)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.lists(writes, max_size=6), st.integers(0, 3), st.booleans())))
def test_on_disk_is_what_is_in_memory(
    tmp_path_factory: pytest.TempPathFactory, commits: list[tuple[list[Write], int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("data")
    storage, model = on_disk(folder), MemoryStorage()
    for number, (group, forgotten, reopen) in enumerate(commits, 1):
        if forgotten:
            group = [*group, TrimWrite(model.trimmed + forgotten)]
        for one in (storage, model):
            one.save(group)
        if reopen:
            storage.close()
            storage = on_disk(folder)
            assert storage.incarnation == number - 1
        assert state(storage) == state(model)
        storage.begin(number)
    storage.close()


def test_every_commit_is_forced_to_disk(tmp_path: Path) -> None:
    """As far as SQLite is told to. `tests/cluster/test_forced.py` sees the system calls."""
    for _ in range(2):
        storage = on_disk(tmp_path)
        settings = [
            storage._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode")
        ]
        assert settings == [2, "wal"], "FULL"
        storage.close()


# A log of full size.


PAGES = 4
"""That a commit of such a vote writes, at least."""


def test_a_full_log_never_grows(tmp_path: Path) -> None:
    """Of whatever life: new, gone on with after a clean end, after being killed, and from one that
    let its log grow. SQLite begins it again when it has `CHECKPOINT_PAGES`."""
    size = (PAGES - 1) * PAGE_BYTES
    folder, before = tmp_path / "0", on_disk(tmp_path / "0")
    for life, ends in enumerate([False, True, True, False], 1):
        kept = state(before)
        if ends:
            before.close()
        else:  # what a killed process leaves
            shutil.copytree(folder, tmp_path / str(life))
            before.close()
            folder = tmp_path / str(life)
        storage = SqliteStorage(folder, IDENTITY, Clock(), log_pages=LOG_PAGES)
        log = storage.path.with_name(f"{storage.path.name}-wal")
        full = log.stat().st_size
        assert full == 32 + LOG_PAGES * (24 + PAGE_BYTES)
        assert state(storage) == kept
        beginnings = {log.read_bytes()[:32]}
        for n in range(3 * CHECKPOINT_PAGES // PAGES):
            storage.save([VoteWrite(Vote(n, Ballot(life, 1), bytes([n % 256]) * size))])
            beginnings.add(log.open("rb").read(32))
            assert log.stat().st_size == full
        assert len(beginnings) > 2, "it was begun again"
        before = storage
    before.close()


def test_a_disk_with_little_room_has_a_log_that_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        f_bavail, f_frsize = SPARE * LOG_PAGES * PAGE_BYTES // 4096, 4096

    monkeypatch.setattr(os, "fstatvfs", lambda _: Full)
    storage = SqliteStorage(tmp_path, IDENTITY, Clock(), log_pages=LOG_PAGES)
    log = storage.path.with_name(f"{storage.path.name}-wal")
    assert log.stat().st_size == 0
    storage.close()


# Whose it is.


def test_each_incarnation_has_a_higher_number(tmp_path: Path) -> None:
    for number in (1, 2, 7):
        storage = on_disk(tmp_path)
        assert storage.incarnation < number
        storage.begin(number)
        storage.close()
    assert on_disk(tmp_path).incarnation == 7


def test_the_clock_of_a_new_life_is_later(tmp_path: Path) -> None:
    """Whatever the wall clock says by then."""
    storage = SqliteStorage(tmp_path, IDENTITY, clock := Clock(lambda: 5_000))
    clock.merge(6_000)
    storage.save([RoundWrite(1)])
    storage.close()
    SqliteStorage(tmp_path, IDENTITY, clock := Clock(lambda: 4_000)).close()
    assert clock.tick() == 6_001


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """A paused process and a new one of the same id would both vote."""
    first = on_disk(tmp_path)
    with pytest.raises(InputError, match="is in use: acceptor 1 is running, or was paused"):
        on_disk(tmp_path)
    assert on_disk(tmp_path, id=2).is_new
    first.save([RoundWrite(1)])
    first.close()
    assert on_disk(tmp_path).round == 1


@pytest.mark.parametrize(
    ("there", "here", "said"),
    [
        ({}, {"cluster": "other"}, "`cluster` is paxos there, and other here"),
        ({"acceptors": 5}, {}, "`acceptors` is 5 there, and 3 here"),
        ({"max_batch": 1}, {}, "`max_batch` is 1 there, and 1024 here"),
        ({"checkpoints": True}, {}, "`checkpoints` is True there, and False here"),
        ({}, {"checkpoints": True}, "`checkpoints` is False there, and True here"),
    ],
)
def test_the_state_of_another_cluster(
    tmp_path: Path, there: dict[str, int], here: dict[str, str], said: str
) -> None:
    on_disk(tmp_path, **there).close()
    with pytest.raises(InputError, match=rf"acceptor-1\.db is another's: {said}; use the conf"):
        on_disk(tmp_path, **here)


def test_the_state_of_another_process(tmp_path: Path) -> None:
    for part in files(on_disk(tmp_path, id=2)):
        part.rename(part.with_name(part.name.replace("2", "1")))
    with pytest.raises(InputError, match="another's: `id` is 2 there, and 1 here"):
        on_disk(tmp_path)


def files(storage: SqliteStorage) -> list[Path]:
    """Close a storage; the files that it leaves."""
    storage.close()
    return sorted(storage.path.parent.glob(f"{storage.path.stem}.*"))


def test_another_format(tmp_path: Path) -> None:
    on_disk(tmp_path).close()
    for version in (FORMAT - 1, FORMAT + 1):
        edit(tmp_path, f"PRAGMA user_version = {version}")
        said = f"has format {version}, but this program reads and writes format {FORMAT}; use the"
        with pytest.raises(InputError, match=said):
            on_disk(tmp_path)


def test_the_format_before_batches_had_files_of_their_own(tmp_path: Path) -> None:
    """Its tables are others, too."""
    on_disk(tmp_path).close()
    for column in ("segment", "start", "size"):
        edit(tmp_path, f"ALTER TABLE votes DROP COLUMN {column}")
    edit(tmp_path, "PRAGMA user_version = 3")
    with pytest.raises(InputError, match="has format 3, but this program reads and writes format"):
        on_disk(tmp_path)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    storage = on_disk(tmp_path)
    storage.close()
    storage.path.unlink()
    edit(tmp_path, "CREATE TABLE songs (title)")
    with pytest.raises(InputError, match="is no storage of this program"):
        on_disk(tmp_path)


def edit(folder: Path, statement: str) -> None:
    """Do something to the database of acceptor 1 with another program."""
    database = sqlite3.connect(folder / "acceptor-1.db")
    database.execute(statement)
    database.commit()
    database.close()


def test_places_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"storage .*file: File exists"):
        on_disk(tmp_path / "file")
    with pytest.raises(InputError, match=r"storage .*file/x: Not a directory"):
        on_disk(tmp_path / "file" / "x")


# When writing fails.


def test_what_cannot_be_written_is_an_error_and_the_state_before_it_stands(
    tmp_path: Path,
) -> None:
    storage = on_disk(tmp_path)
    storage.save([VoteWrite(Vote(1, Ballot(1, 1), b"kept"))])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"acceptor-1\.db: .*\(SQLITE_(FULL|IOERR\w*)\)"):
            storage.save([VoteWrite(Vote(n, Ballot(2, 1), b"x" * 7_000)) for n in (1, 2, 3)])
        storage.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    again = on_disk(tmp_path)
    assert state(again) == (Ballot(1, 1), {1: Vote(1, Ballot(1, 1), b"kept")}, 0, 0)


def batch(n: int) -> bytes:
    """Some are large, some are not."""
    return b"%d" % n * (2_000 if n % 3 else 20_000)


KILLED = """
import sys
from pathlib import Path
from paxos.runtime import batch_files
from tests.runtime.test_storage import *
batch_files.SEGMENT_BYTES = 100_000
storage = SqliteStorage(Path(sys.argv[1]), IDENTITY, Clock(), log_pages=LOG_PAGES)
for n in range(1, 1_000_000):
    storage.save([VoteWrite(Vote(n, Ballot(1, 1), batch(n)))])
    if n % 7 == 0:
        storage.save([TrimWrite(n - 5)])
    print(n, flush=True)
"""


@pytest.mark.parametrize("after", [1, 40, 200])
def test_a_process_that_is_killed_has_saved_what_it_has_said(tmp_path: Path, after: int) -> None:
    """At whatever point of a commit it is by then."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        said = int([*lines, *process.stdout.read().split(b"\n")[:-1]][-1])
    storage = on_disk(tmp_path)
    last = max(storage.votes)
    assert said <= last <= said + 1
    assert all(vote.batch == batch(n) for n, vote in storage.votes.items())
    assert sorted(storage.votes) == list(range(storage.trimmed + 1, last + 1))


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (os, "fsync"),
        (Path, "hardlink_to"),
        (SqliteStorage, "_connect"),
        (SqliteStorage, "_create"),
        (SqliteStorage, "_count_commit"),
    ],
)
def test_a_first_start_that_is_interrupted_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, what: str
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(where, what, die)
        on_disk(tmp_path)
    storage = on_disk(tmp_path)
    assert state(storage) == (NO_BALLOT, {}, 0, 0)
    storage.begin(1)
    storage.close()
    assert on_disk(tmp_path).incarnation == 1
