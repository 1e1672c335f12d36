"""An acceptor's large batches: written once, on the disk before any row speaks of them, and gone
when no vote needs them. Of power cuts is `test_power_cut.py`, of damage `test_storage_damage.py`.
"""

from __future__ import annotations

import errno
import os
import re
import resource
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.step import TrimWrite, VoteWrite, Write
from paxos.errors import InputError
from paxos.runtime import batch_files
from paxos.runtime.batch_files import (
    BLOCK_BYTES,
    LARGE_BYTES,
    MOST_PIECES,
    MUCH_BYTES,
    segments_of,
)
from paxos.runtime.clock import Clock
from paxos.runtime.sqlite_storage import SqliteStorage
from tests.runtime.test_storage_damage import scratch

__all__ = ["scratch"]

SEGMENT_BYTES = 4 * BLOCK_BYTES
"""A header and three votes, each saved by itself."""
BALLOT = Ballot(1, 1)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """For commits in which anything is large."""
    monkeypatch.setattr(batch_files, "MUCH_BYTES", 0)
    monkeypatch.setattr(batch_files, "SEGMENT_BYTES", SEGMENT_BYTES)


def on_disk(folder: Path) -> SqliteStorage:
    return SqliteStorage(folder, {"role": "acceptor", "id": 1}, Clock())


def vote(instance: int, size: int = LARGE_BYTES + 1, round: int = 1) -> Vote:
    return Vote(instance, Ballot(round, 1), (b"<%d %d>" % (instance, round) * size)[:size])


def votes(*instances: int, size: int = LARGE_BYTES + 1, round: int = 1) -> list[Write]:
    return [VoteWrite(vote(instance, size, round)) for instance in instances]


def numbers(folder: Path) -> list[int]:
    return sorted(segments_of(folder, "acceptor-1"))


def with_two_segments(folder: Path) -> SqliteStorage:
    """Votes 1 to 5 need the first one, and vote 6 the second."""
    storage = on_disk(folder)
    storage.save(votes(1, 2, 3, 4, 5))
    storage.save(votes(6))
    return storage


def reopened(storage: SqliteStorage) -> SqliteStorage:
    storage.close()
    return on_disk(storage.path.parent)


# Where a batch is.


def test_a_large_batch_is_written_once_and_a_small_one_is_in_its_row(scratch: Path) -> None:
    storage = on_disk(scratch)
    small, large = vote(1, LARGE_BYTES), vote(2, LARGE_BYTES + 1)
    storage.save([VoteWrite(small), VoteWrite(large)])
    written = {path.name: path.read_bytes() for path in scratch.iterdir()}
    assert written["acceptor-1.batches-1"].count(large.batch) == 1
    assert [name for name, data in written.items() if b"<2 1><2 1>" in data] == [
        "acceptor-1.batches-1"
    ]
    assert "acceptor-1.batches-1" not in [n for n, data in written.items() if b"<1 1>" in data]
    assert dict(storage.votes) == {1: small, 2: large}
    storage = reopened(storage)
    assert dict(storage.votes) == {1: small, 2: large}
    storage.close()


def test_who_votes_for_no_large_batch_has_no_such_file(scratch: Path) -> None:
    storage = on_disk(scratch)
    storage.save(votes(*range(1, 100), size=LARGE_BYTES))
    assert numbers(scratch) == []
    storage.close()


def test_what_is_large_is_apart_where_a_commit_has_much_of_it(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_files, "MUCH_BYTES", MUCH_BYTES)
    storage = on_disk(scratch)
    storage.save(votes(1, size=MUCH_BYTES))
    storage.save([*votes(2, size=MUCH_BYTES - 1), *votes(*range(3, 23), size=LARGE_BYTES)])
    assert numbers(scratch) == []
    storage.save([*votes(1, 2, size=MUCH_BYTES // 2 + 1, round=2), *votes(3, size=9, round=2)])
    assert numbers(scratch) == [1]
    assert b"<3 2>" not in (scratch / "acceptor-1.batches-1").read_bytes()
    storage = reopened(storage)
    assert len(storage.votes) == 22
    assert storage.votes[1] == vote(1, MUCH_BYTES // 2 + 1, round=2)
    storage.close()


class Calls:
    """The calls for one file of batches, and what SQLite is told, in their order."""

    def __init__(self, storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        storage._database.set_trace_callback(self._statement)
        for name in ("pwritev", "pwrite", "fdatasync", "fsync"):
            monkeypatch.setattr(os, name, self._noting(name, getattr(os, name)))
        monkeypatch.setattr(batch_files, "sync_folder", self._noting("sync_folder", lambda _: None))

    def _statement(self, text: str) -> None:
        self.made.append(text.partition(" ")[0])

    def _noting(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        def noting(*arguments: object) -> object:
            self.made.append(name)
            return call(*arguments)

        return noting


def test_a_group_is_one_write_and_one_sync_before_its_commit_is_begun(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = on_disk(scratch)
    storage.save(votes(1))
    calls = Calls(storage, monkeypatch)
    storage.save(votes(2, 3, 4))
    insert = ["INSERT"] * 3
    assert calls.made == ["pwritev", "fdatasync", "BEGIN", *insert, "COMMIT", "pwrite"]
    calls.made.clear()
    storage.save(votes(5, 6, size=100))
    assert calls.made == ["BEGIN", "INSERT", "INSERT", "COMMIT", "pwrite"], "as ever"
    storage.close()


def test_a_segment_has_its_name_and_its_header_on_the_disk_before_a_commit(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = on_disk(scratch)
    calls = Calls(storage, monkeypatch)
    storage.save(votes(1))
    batches = ["sync_folder", "pwritev", "fdatasync"]
    assert calls.made == ["pwritev", *batches, "INSERT", "pwrite"]
    storage.close()


def test_what_is_forced_is_never_written_again(scratch: Path) -> None:
    """Each group begins in a block of its own, and a life in a segment of its own."""
    storage, before = on_disk(scratch), b""
    for n in range(1, 4):
        storage.save(votes(n))
        data = (scratch / "acceptor-1.batches-1").read_bytes()
        assert data.startswith(before)
        assert len(before) % BLOCK_BYTES == 0
        before = data
    storage = reopened(storage)
    storage.save(votes(4))
    assert (scratch / "acceptor-1.batches-1").read_bytes() == before
    assert numbers(scratch) == [1, 2]
    storage.close()


def test_a_group_of_more_than_one_system_call_takes(scratch: Path) -> None:
    storage = on_disk(scratch)
    every = range(1, MOST_PIECES + 7)
    storage.save(votes(*every))
    storage = reopened(storage)
    assert all(storage.votes[n] == vote(n) for n in every)
    storage.close()


def test_a_write_that_does_less_than_all_is_gone_on_with(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwritev, pwrite = os.pwritev, os.pwrite
    storage = on_disk(scratch)
    monkeypatch.setattr(os, "pwritev", lambda fd, some, at: pwritev(fd, [some[0][:5_000]], at))
    monkeypatch.setattr(os, "pwrite", lambda fd, some, at: pwrite(fd, some[:3_000], at))
    storage.save(votes(1, 2))
    storage = reopened(storage)
    assert dict(storage.votes) == {1: vote(1), 2: vote(2)}
    storage.close()


def test_a_file_that_is_there_is_never_begun_again(scratch: Path) -> None:
    storage = on_disk(scratch)
    (scratch / "acceptor-1.batches-1").write_bytes(b"of whom?")
    with pytest.raises(OSError, match="batches-1: File exists"):
        storage.save(votes(1))
    assert (scratch / "acceptor-1.batches-1").read_bytes() == b"of whom?"
    storage.close()


# What is not needed any more.


def test_a_segment_goes_when_the_last_vote_in_it_is_trimmed(scratch: Path) -> None:
    storage = on_disk(scratch)
    for n in range(1, 13):
        storage.save(votes(n))
    assert numbers(scratch) == [1, 2, 3, 4]
    storage.save([TrimWrite(5)])
    assert numbers(scratch) == [2, 3, 4], "a vote needs the second"
    storage.save([TrimWrite(6)])
    assert numbers(scratch) == [3, 4]
    storage.save([TrimWrite(12)])
    assert numbers(scratch) == [4], "it is being written"
    storage.save(votes(13))
    storage = reopened(storage)
    assert dict(storage.votes) == {13: vote(13)}
    storage.close()


def test_a_segment_goes_when_all_votes_in_it_are_cast_again(scratch: Path) -> None:
    storage = on_disk(scratch)
    storage.save(votes(1, 2, 3, 4, 5))
    storage.save(votes(1, 2, 3, 4, round=2))
    assert numbers(scratch) == [1, 2]
    storage.save(votes(5, size=10, round=2))
    assert numbers(scratch) == [2]
    storage = reopened(storage)
    assert storage.votes[1] == vote(1, round=2)
    assert storage.votes[5] == vote(5, 10, round=2)
    storage.close()


def test_the_disk_holds_what_votes_need_and_little_more(scratch: Path) -> None:
    """Through new ballots, trimming and restarts."""
    storage, retained = on_disk(scratch), 20
    for n in range(1, 301):
        storage.save([*votes(n, n - 1, round=n), *[TrimWrite(n - retained)] * (n > retained)])
        if n % 50 == 0:
            storage = reopened(storage)
            storage.begin(n)
        used = sum(path.stat().st_size for path in segments_of(scratch, "acceptor-1").values())
        live = retained * (LARGE_BYTES + 2 * BLOCK_BYTES)
        assert used < 2 * live + 3 * SEGMENT_BYTES, "every vote was cast twice"
    storage.close()


def test_a_segment_that_is_needed_stays_until_the_commit_is_made(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = with_two_segments(scratch)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SqliteStorage, "_commit", interrupt)
        storage.save([TrimWrite(5)])
    storage = reopened(storage)
    assert sorted(storage.votes) == [1, 2, 3, 4, 5, 6]
    storage.close()


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("what", ["unlink", "are_saved", "_count_commit"])
def test_what_a_crash_has_left_goes_when_a_life_begins_and_not_before(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Before, it is not known that the database is the right one, and no old copy."""
    storage = with_two_segments(scratch)
    places: dict[str, object] = {"unlink": Path, "are_saved": storage.votes}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(places.get(what, storage), what, interrupt)
        storage.save([TrimWrite(5)])
    storage = reopened(storage)
    assert sorted(storage.votes) == [6]
    assert numbers(scratch) == [1, 2]
    storage.begin(2)
    assert numbers(scratch) == [2]
    storage.save(votes(7))
    assert numbers(scratch) == [2, 3]
    storage.close()


def test_what_no_row_speaks_of_means_nothing(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batches of a commit that never came, whole, in part or not as they were."""
    storage = on_disk(scratch)
    storage.save(votes(1))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SqliteStorage, "_commit", interrupt)
        storage.save(votes(2, 1, round=2))
    storage.close()
    path = scratch / "acceptor-1.batches-1"
    whole = path.read_bytes()
    for end in (b"", whole[BLOCK_BYTES + 9_000 : -1_000], b"\xff" * 5_000):
        path.write_bytes(whole[: BLOCK_BYTES + LARGE_BYTES + 1] + end)
        storage = on_disk(scratch)
        assert storage.votes.pop(1) == vote(1)
        assert 2 not in storage.votes
        storage.save(votes(3))
        storage.close()


# What fails.


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize(
    ("where", "what", "new_segment"),
    [
        (os, "open", True),
        (os, "pwritev", True),
        (batch_files, "sync_folder", True),
        (os, "pwritev", False),
        (os, "fdatasync", False),
    ],
)
def test_what_cannot_be_written_is_an_error_and_the_state_before_it_stands(
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    what: str,
    new_segment: bool,
    number: int,
) -> None:
    storage = on_disk(scratch)
    storage.begin(1)
    storage.save(votes(1, 2, 3) if new_segment else votes(1))
    kept = dict(storage.votes)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(where, what, fail)
        with pytest.raises(OSError, match=rf"batches-\d: {os.strerror(number)}"):
            storage.save([*votes(4, 5), TrimWrite(3)])
    storage = reopened(storage)
    storage.begin(2)
    assert dict(storage.votes) == kept
    storage.save(votes(6))
    storage = reopened(storage)
    assert dict(storage.votes) == {**kept, 6: vote(6)}
    storage.close()


def test_a_disk_that_is_full_in_the_middle_of_a_batch(scratch: Path) -> None:
    storage = on_disk(scratch)
    storage.save(votes(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (BLOCK_BYTES + 30_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"acceptor-1\.batches-1: File too large"):
            storage.save(votes(2, 3, size=30_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    storage = reopened(storage)
    assert dict(storage.votes) == {1: vote(1)}
    storage.close()


def test_a_segment_that_cannot_be_removed_is_named(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = with_two_segments(scratch)

    def fail(path: Path, missing_ok: bool) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(OSError, match="batches-1: Operation not permitted"):
        storage.save([TrimWrite(5)])
    storage.close()


def test_a_segment_that_cannot_be_read_is_no_damage(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = on_disk(scratch)
    storage.save(votes(1))
    storage.close()

    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(InputError, match="Input/output error") as refused:
        on_disk(scratch)
    assert "is lost" not in str(refused.value)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_however_many_segments_there_are_few_files_are_open(scratch: Path) -> None:
    storage = on_disk(scratch)
    before = open_files()
    for n in range(1, 61):
        storage.save(votes(n))
    assert len(numbers(scratch)) == 20
    assert sum(len(vote.batch) for vote in storage.votes.values()) > 60 * LARGE_BYTES
    assert open_files() == before + 1
    storage = reopened(storage)
    assert open_files() == before
    storage.close()


# Whose they are.


def refused(folder: Path) -> str:
    with pytest.raises(InputError, match=r"^storage .*is lost with it, so it must not run") as told:
        on_disk(folder)
    assert "\n" not in str(told.value)
    return str(told.value)


def of_two(folder: Path) -> Sequence[Path]:
    """The folders of two storages of one acceptor, which have saved the same, in two segments."""
    folders = folder / "one", folder / "other"
    for one in folders:
        storage = on_disk(one)
        for n in range(1, 7):
            storage.save(votes(n))
        storage.close()
        assert numbers(one) == [1, 2]
    return folders


def test_a_segment_of_another_storage(scratch: Path) -> None:
    """Of the same acceptor, and with the same batches."""
    one, other = of_two(scratch)
    (other / "acceptor-1.batches-1").rename(one / "acceptor-1.batches-1")
    assert "acceptor-1.batches-1 is not its own, or damaged" in refused(one)


def test_an_older_segment_of_the_same_name(scratch: Path) -> None:
    """Of this storage, from before it was removed; the batches in it are as long."""
    storage = on_disk(scratch)
    storage.save(votes(1, 2))
    old = (scratch / "acceptor-1.batches-1").read_bytes()
    storage.save([TrimWrite(2)])
    storage = reopened(storage)
    storage.begin(2)
    assert numbers(scratch) == []
    storage = reopened(storage)
    storage.save(votes(3, 4))
    storage.close()
    assert len((scratch / "acceptor-1.batches-1").read_bytes()) == len(old)
    (scratch / "acceptor-1.batches-1").write_bytes(old)
    assert "the vote in instance 3 does not have its digest" in refused(scratch)


def test_segments_that_have_changed_places(scratch: Path) -> None:
    one, _ = of_two(scratch)
    first, second = (one / f"acceptor-1.batches-{n}" for n in (1, 2))
    first.rename(one / "third")
    second.rename(first)
    (one / "third").rename(second)
    assert "does not have its digest" in refused(one)


def test_a_segment_that_is_missing(scratch: Path) -> None:
    one, _ = of_two(scratch)
    (one / "acceptor-1.batches-2").unlink()
    assert "acceptor-1.batches-2 is missing" in refused(one)


def test_a_segment_that_is_cut_off(scratch: Path) -> None:
    one, _ = of_two(scratch)
    os.truncate(one / "acceptor-1.batches-2", BLOCK_BYTES + LARGE_BYTES)
    assert "acceptor-1.batches-2 ends before it" in refused(one)


@pytest.mark.parametrize("first_commit", [True, False])
def test_segments_without_their_database(scratch: Path, first_commit: bool) -> None:
    """Not even if the rest says that there was no commit yet."""
    one, _ = of_two(scratch)
    (one / "acceptor-1.db").unlink()
    (one / "acceptor-1.commits").unlink()
    if first_commit:
        on_disk(scratch / "new").close()
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(SqliteStorage, "_connect", interrupt)
            on_disk(scratch / "begun")
        (scratch / "begun" / "acceptor-1.commits").rename(one / "acceptor-1.commits")
    assert re.search(r"acceptor-1\.batches-\d is there, but", refused(one))


def test_other_files_are_left_alone(scratch: Path) -> None:
    names = ("acceptor-1.batches-x", "acceptor-1.batches-01", "acceptor-11.batches-1", "notes")
    for name in names:
        (scratch / name).write_text("mine", encoding="utf-8")
    storage = on_disk(scratch)
    storage.begin(1)
    assert all((scratch / name).exists() for name in names)
    storage.close()
