"""An acceptor whose votes are on disk and not in memory does what one does that has them in memory;
and a vote that the disk does not give back ends it."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos.core.acceptor import Acceptor
from paxos.core.ballot import Ballot
from paxos.core.batch import encode_batch, pack
from paxos.core.messages import Accept, Ask, Delivered, Message, Prepare, Vote
from paxos.core.settings import Settings
from paxos.core.step import Step, TrimWrite, VoteWrite
from paxos.errors import InputError, RunError
from paxos.runtime import batch_files
from paxos.runtime.clock import Clock
from paxos.runtime.sqlite_storage import SqliteStorage
from paxos.runtime.storage import MemoryStorage, Storage
from tests.runtime.test_storage_damage import scratch

__all__ = ["scratch"]

SMALL = Settings(message_bytes=500, learners=1, retain_instances=2, direct_learning=True)
BALLOT = Ballot(1, 1)


def on_disk(folder: Path) -> SqliteStorage:
    return SqliteStorage(folder, {"role": "acceptor", "id": 1}, Clock())


def acceptor_of(storage: Storage, settings: Settings = SMALL) -> Acceptor:
    return Acceptor(settings, storage.promised, storage.acceptor_votes(), storage.trimmed, 1)


def said(step: Step) -> tuple[object, ...]:
    return step.writes, step.events, step.sends, step.refused


@pytest.fixture(autouse=True, scope="module")
def some_batches_are_large() -> Iterator[None]:
    """Of those that hypothesis makes; and that segments come and go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_files, "LARGE_BYTES", 100)
        patch.setattr(batch_files, "MUCH_BYTES", 0)
        patch.setattr(batch_files, "SEGMENT_BYTES", 50_000)
        yield


ballots = st.builds(Ballot, st.integers(1, 3), st.integers(1, 2))
instances = st.integers(1, 12)
batches = st.integers(0, 150).map(lambda n: encode_batch([pack("1.1", 1, [b"v" * n])]))
messages = st.one_of(
    st.builds(Accept, ballots, instances, batches, st.integers(0, 2)),
    st.builds(Prepare, ballots, instances, instances),
    st.builds(Ask, instances, instances),
    st.builds(Delivered, instances),
)
groups = st.lists(messages, min_size=1, max_size=6)


@settings(max_examples=150)
@given(st.lists(st.tuples(groups, st.sampled_from(["goes on", "is killed", "is killed unsaved"]))))
def test_it_says_what_one_in_memory_says(
    tmp_path_factory: pytest.TempPathFactory, life: list[tuple[list[Message], str]]
) -> None:
    """Also of what it has voted for in the same step, and after a crash before or after that was
    saved."""
    folder, model = tmp_path_factory.mktemp("data"), MemoryStorage()
    storage = on_disk(folder)
    disk, memory = acceptor_of(storage), Acceptor(SMALL, acceptor_id=1)
    for group, then in life:
        for message in group:
            for one in (disk, memory):
                one.receive(1, message, 0.0)
        step, expected = disk.flush(0.0), memory.flush(0.0)
        assert said(step) == said(expected)
        assert dict(disk.votes) == memory.votes
        if then != "is killed unsaved":
            storage.save(step.writes)
            model.save(expected.writes)
        if then != "goes on":
            storage.close()
            storage = on_disk(folder)
            disk = acceptor_of(storage)
            memory = acceptor_of(model)
            for one in (disk, memory):
                one.come_back()
            assert said(disk.flush(0.0)) == said(memory.flush(0.0))
    storage.close()


def test_votes_that_are_saved_are_not_in_memory(scratch: Path) -> None:
    """Nor are they when they have been read, or when the process starts."""
    storage = on_disk(scratch)
    tracemalloc.start()
    try:
        for n in range(1, 201):
            storage.save([VoteWrite(Vote(n, BALLOT, b"%03d" % n * 10_000))])
        assert all(vote.batch == b"%03d" % n * 10_000 for n, vote in storage.votes.items())
        storage.close()
        storage = on_disk(scratch)
        assert len(storage.votes) == 200
        assert tracemalloc.get_traced_memory()[0] < 1 << 20, "of 6 MB"
        assert tracemalloc.get_traced_memory()[1] < 2 << 20, "never"
    finally:
        tracemalloc.stop()
    storage.close()


def test_a_ballot_is_known_without_reading_the_vote(scratch: Path) -> None:
    storage = on_disk(scratch)
    storage.save([VoteWrite(Vote(n, Ballot(n, 1), b"")) for n in (1, 2, 3)])
    storage.save([TrimWrite(1)])
    storage.votes[3] = Vote(3, Ballot(7, 2), b"not saved")
    storage._database.execute("DELETE FROM votes")
    ballots = [storage.ballot(n) for n in (1, 2, 3, 4)]
    assert ballots == [None, Ballot(2, 1), Ballot(7, 2), None]
    storage.close()


# What the disk does not give back.


def batch(n: int, times: int = 5_000) -> bytes:
    return encode_batch([pack("1.1", 1, [b"<%04d>" % n * times])])


def in_rows(folder: Path) -> SqliteStorage:
    """More votes than SQLite has in memory, all of them in the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_files, "LARGE_BYTES", 8_000)
        return filled(folder, 400, 1_200)


def in_segments(folder: Path) -> SqliteStorage:
    return filled(folder, 200, 5_000)


def filled(folder: Path, count: int, times: int) -> SqliteStorage:
    storage = on_disk(folder)
    for n in range(1, count + 1):
        storage.save([VoteWrite(Vote(n, BALLOT, batch(n, times)))])
    storage._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return storage


def has(storage: SqliteStorage, what: bytes) -> Path:
    """The file of the storage that has it."""
    (path,) = (path for path in storage.path.parent.iterdir() if what in path.read_bytes())
    return path


def delete(storage: SqliteStorage) -> None:
    storage._database.execute("DELETE FROM votes WHERE instance = 5")


def put_an_older_one_back(storage: SqliteStorage) -> None:
    """With its own digest."""
    storage._database.execute(
        "UPDATE votes SET (batch, segment, start, size, digest) = (x'00', 0, 0, 0, 1) "
        "WHERE instance = 5"
    )


def put_the_row_of_another_in(storage: SqliteStorage) -> None:
    storage._database.execute(
        "UPDATE votes SET (batch, segment, start, size, digest) = "
        "(SELECT batch, segment, start, size, digest FROM votes WHERE instance = 6) "
        "WHERE instance = 5"
    )


def change_a_byte(storage: SqliteStorage) -> None:
    path = has(storage, b"<0005><0005>")
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(content.index(b"<0005><0005>"))
        file.write(b"<0005><0006>")


def cut_it_off(storage: SqliteStorage) -> None:
    path = has(storage, b"<0110><0110>")
    with path.open("r+b") as file:
        file.truncate(path.read_bytes().index(b"<0110>") + 100)


def take_it_away(storage: SqliteStorage) -> None:
    has(storage, b"<0005><0005>").unlink()


def make_it_no_file(storage: SqliteStorage) -> None:
    path = has(storage, b"<0005><0005>")
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("where", "damage", "instance", "why"),
    [
        (in_rows, delete, 5, "it is not there"),
        (in_rows, put_an_older_one_back, 5, "it does not have its digest"),
        (in_rows, put_the_row_of_another_in, 5, "it does not have its digest"),
        (in_rows, change_a_byte, 5, "it does not have its digest"),
        (in_rows, cut_it_off, 110, "it does not have its digest"),  # SQLite reads zeros
        (in_segments, delete, 5, "it is not there"),
        (in_segments, put_an_older_one_back, 5, "it does not have its digest"),
        (in_segments, put_the_row_of_another_in, 5, "it does not have its digest"),
        (in_segments, change_a_byte, 5, "it does not have its digest"),
        (in_segments, cut_it_off, 110, r"acceptor-1\.batches-\d+ ends before it"),
        (in_segments, take_it_away, 5, r"acceptor-1\.batches-\d+ is missing"),
        (in_segments, make_it_no_file, 5, ".*Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("asks", [Ask, lambda first, last: Prepare(Ballot(2, 2), first, last)])
def test_a_vote_that_was_damaged_meanwhile_is_never_left_out(
    scratch: Path,
    where: Callable[[Path], SqliteStorage],
    damage: Callable[[SqliteStorage], None],
    instance: int,
    why: str,
    asks: Callable[[int, int], Message],
) -> None:
    """The process ends, as with a step that cannot be saved, and says nothing of the vote."""
    storage = where(scratch)
    acceptor = acceptor_of(storage, replace(SMALL, message_bytes=40_000))
    damage(storage)
    expected = rf"acceptor-1\.db: the vote in instance {instance} cannot .* cast: {why}.*; start"
    with pytest.raises(RunError, match=expected) as failure:
        acceptor.receive(1, asks(instance, instance), 0.0)
    assert "\n" not in str(failure.value)
    assert not acceptor.step
    acceptor.receive(1, asks(50, 50), 0.0)
    assert acceptor.flush(0.0), "others are there"
    storage.close()


@pytest.mark.parametrize("where", [in_rows, in_segments])
def test_a_damaged_file_is_refused_at_the_start(
    scratch: Path, where: Callable[[Path], SqliteStorage]
) -> None:
    """All of it is verified then, if one by one."""
    storage = where(scratch / "running")
    change_a_byte(storage)
    shutil.copytree(scratch / "running", scratch / "copy")
    storage.close()
    with pytest.raises(InputError, match="the vote in instance 5 does not have its digest; what"):
        on_disk(scratch / "copy")
