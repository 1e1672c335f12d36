"""Damaged storage: a byte changed anywhere, a file cut off, deleted, or put in from elsewhere. What
is opened then is exactly the state that was saved (the byte meant nothing), or nothing is.

The files are those that a killed process leaves: a database into which a part was moved from the
log, a log with the rest, the number of commits, and large batches, of both of its lives.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest

from paxos.config import Config
from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.step import PromiseWrite, RoundWrite, TrimWrite, VoteWrite
from paxos.errors import InputError
from paxos.runtime import batch_files
from paxos.runtime.batch_files import BLOCK_BYTES, LARGE_BYTES
from paxos.runtime.clock import Clock
from paxos.runtime.sqlite_storage import PAGE_BYTES, SqliteStorage
from tests.cluster.processes import run

CONFIG = Config(cluster="damaged")
DB, WAL, COMMITS = "acceptor-1.db", "acceptor-1.db-wal", "acceptor-1.commits"
FIRST, SECOND = "acceptor-1.batches-1", "acceptor-1.batches-2"
MARK = Vote(99, Ballot(99, 1), b"after the damage")

State = tuple[Ballot, dict[int, Vote], int, int, int]


def on_disk(folder: Path, number: int = 1) -> SqliteStorage:
    identity = {"role": "acceptor", "id": number, **CONFIG.identity()}
    return SqliteStorage(folder, identity, Clock())


def state(storage: SqliteStorage) -> State:
    votes = dict(storage.votes)
    return storage.promised, votes, storage.trimmed, storage.round, storage.incarnation


def vote(draw: random.Random, instance: int, round: int) -> VoteWrite:
    """In every fourth instance one with a large batch."""
    size = draw.randrange(3_000) + (LARGE_BYTES if instance % 4 == 2 else 0)
    return VoteWrite(Vote(instance, Ballot(round, 2), draw.randbytes(size)))


def fill(storage: SqliteStorage, draw: random.Random, number: int) -> None:
    storage.begin(number)
    storage.save([PromiseWrite(Ballot(10 * number, 2)), RoundWrite(number)])
    for first in range(10 * number, 10 * number + 6, 2):
        storage.save([vote(draw, i, 10 * number) for i in (first, first + 1, first - 9)])
    storage.save([TrimWrite(3 * number)])


@pytest.fixture(autouse=True, scope="module")
def a_commit_has_much_that_is_large() -> Iterator[None]:
    """If it has anything that is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_files, "MUCH_BYTES", 0)
        yield


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, if the machine has such: thousands of fsyncs wait for nothing there."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """The files of a process that was killed in its second life, and its state. Half of what the
    database has is not in the log."""
    draw = random.Random(1)
    folder = tmp_path_factory.mktemp("life") / "running"
    copy = folder.with_name("killed")
    storage = on_disk(folder)
    fill(storage, draw, 1)
    storage.save([vote(draw, i, 11) for i in range(100, 160)])
    storage.close()
    storage = on_disk(folder)
    fill(storage, draw, 2)
    shutil.copytree(folder, copy)
    assert {path.name for path in copy.iterdir()} == {DB, WAL, COMMITS, FIRST, SECOND}
    kept = state(storage)
    storage.close()
    assert len(kept[1]) > 30
    assert sum(len(vote.batch) > LARGE_BYTES for vote in kept[1].values()) > 5
    return copy, kept


@pytest.fixture(scope="module")
def ended(
    tmp_path_factory: pytest.TempPathFactory, killed: tuple[Path, State]
) -> tuple[Path, State]:
    """The same of one that has ended by itself: all is in the database."""
    folder = tmp_path_factory.mktemp("ended")
    shutil.copytree(killed[0], folder, dirs_exist_ok=True)
    on_disk(folder).close()
    assert not (folder / WAL).exists()
    return folder, killed[1]


def open_damaged(folder: Path, expected: State) -> str:
    """What comes of opening the storage, now and again: "refused", or "right" if it is as it was
    before the damage, and can be written."""
    try:
        storage = on_disk(folder)
    except InputError as error:
        assert str(error).startswith("storage ")
        assert "\n" not in str(error)
        with pytest.raises(InputError):
            on_disk(folder)
        return "refused"
    assert state(storage) == expected
    storage.save([VoteWrite(MARK)])
    storage.close()
    storage = on_disk(folder)
    assert storage.votes == {**expected[1], MARK.instance: MARK}
    storage.close()
    return "right"


def outcomes(
    folder: Path, killed: tuple[Path, State], damages: Iterator[Callable[[Path], object]]
) -> Counter[str]:
    """Do each damage to a fresh copy of the files."""
    files, expected = killed
    seen: Counter[str] = Counter()
    for damage in damages:
        copy = folder / "data"
        shutil.copytree(files, copy)
        damage(copy)
        seen[open_damaged(copy, expected)] += 1
        shutil.rmtree(copy)
    return seen


def flip(name: str, position: int, mask: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[position] ^= mask
        (folder / name).write_bytes(content)

    return damage


def cut(name: str, length: int) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:length])


def test_without_damage_all_is_there(scratch: Path, killed: tuple[Path, State]) -> None:
    assert outcomes(scratch, killed, iter([lambda folder: None])) == {"right": 1}


@pytest.mark.parametrize(
    ("name", "how"),
    [(DB, "killed"), (WAL, "killed"), (FIRST, "killed"), (SECOND, "killed"), (DB, "ended")],
)
def test_a_byte_changed_anywhere(
    scratch: Path, request: pytest.FixtureRequest, name: str, how: str
) -> None:
    draw, count = random.Random(1), 300
    files: tuple[Path, State] = request.getfixturevalue(how)
    size = (files[0] / name).stat().st_size
    headers = range(100)  # where a byte means most
    places = [*headers, *(draw.randrange(size) for _ in range(count - len(headers)))]
    damages = (
        flip(name, place, draw.choice([1, 4, 128, draw.randrange(1, 256)])) for place in places
    )
    seen = outcomes(scratch, files, damages)
    assert seen["refused"] > count / 10


def test_a_byte_changed_in_the_number_of_commits(scratch: Path, killed: tuple[Path, State]) -> None:
    damages = (flip(COMMITS, place, mask) for place in range(16) for mask in (1, 128, 255))
    assert outcomes(scratch, killed, damages) == {"refused": 48}


@pytest.mark.parametrize("name", [DB, WAL, COMMITS, FIRST, SECOND])
def test_a_file_cut_off(scratch: Path, killed: tuple[Path, State], name: str) -> None:
    draw = random.Random(1)
    size = (killed[0] / name).stat().st_size
    pages = range(0, size, PAGE_BYTES if name == DB else 24 + PAGE_BYTES)
    lengths = {0, 1, 32, size - 1, *pages, *(draw.randrange(size) for _ in range(40))}
    seen = outcomes(scratch, killed, (cut(name, length) for length in lengths if length < size))
    assert seen["refused"] > len(lengths) / (4 if name == DB else 2)
    assert seen["right"] == 0 or name not in (WAL, COMMITS), "of others, some is not needed"


def test_a_power_cut(scratch: Path) -> None:
    """The end of the log never reached the disk, and the number of commits may be an older one: a
    state that was committed is found, the later the more of the log is there. If fewer commits are
    found than the number says, they are lost, and it is refused."""
    storage, draw = on_disk(scratch / "running"), random.Random(3)
    history = [state(storage)]  # after each commit
    counts = [(scratch / "running" / COMMITS).read_bytes()]
    for number in range(1, 13):
        storage.save([vote(draw, number, number), vote(draw, number // 2 + 1, number)])
        history.append(state(storage))
        counts.append((scratch / "running" / COMMITS).read_bytes())
    shutil.copytree(scratch / "running", scratch / "cut")
    storage.close()
    log = (scratch / "cut" / WAL).read_bytes()
    found = []
    for length in sorted({0, len(log), *(draw.randrange(len(log)) for _ in range(60))}):
        last = reopened(scratch, log[:length], counts[0])
        found.append(history.index(last))
        assert reopened(scratch, log[:length], counts[found[-1]]) == last
        of_full_size = log[:length].ljust(len(log) + PAGE_BYTES, b"\0")
        assert reopened(scratch, of_full_size, counts[0]) == last, "zeros follow"
        for count in counts[found[-1] + 1 :]:
            with pytest.raises(InputError, match="has lost commits"):
                reopened(scratch, log[:length], count)
    assert found == sorted(found)
    assert found[0] == 0
    assert found[-1] == 12
    assert len(set(found)) > 8


def reopened(scratch: Path, log: bytes, count: bytes) -> State:
    """The state that is read from the files in `cut` with this log and this number of commits."""
    copy = scratch / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(scratch / "cut", copy)
    (copy / WAL).write_bytes(log)
    (copy / COMMITS).write_bytes(count)
    storage = on_disk(copy)
    found = state(storage)
    storage.close()
    return found


@pytest.mark.parametrize(
    "gone",
    [
        gone
        for count in range(1, 5)
        for gone in combinations([DB, WAL, COMMITS, FIRST, SECOND], count)
    ],
)
def test_files_deleted(scratch: Path, killed: tuple[Path, State], gone: tuple[str, ...]) -> None:
    def damage(folder: Path) -> None:
        for name in gone:
            (folder / name).unlink()

    assert outcomes(scratch, killed, iter([damage])) == {"refused": 1}


@pytest.mark.parametrize("name", [DB, WAL, COMMITS, FIRST])
def test_a_file_of_another_process(scratch: Path, killed: tuple[Path, State], name: str) -> None:
    other = on_disk(scratch, 2)
    fill(other, random.Random(2), 1)
    copy = scratch / "copy"
    shutil.copytree(scratch, copy)
    other.close()

    def damage(folder: Path) -> None:
        shutil.copy(copy / name.replace("-1.", "-2."), folder / name)

    assert outcomes(scratch, killed, iter([damage])) == {"refused": 1}


@pytest.mark.parametrize("name", [DB, WAL, FIRST])
def test_an_old_copy_of_one_file(scratch: Path, killed: tuple[Path, State], name: str) -> None:
    """As from a backup that was put back in part."""
    storage = on_disk(scratch / "old")
    fill(storage, random.Random(1), 1)
    shutil.copytree(scratch / "old", scratch / "copy")
    storage.close()

    def damage(folder: Path) -> None:
        shutil.copy(scratch / "copy" / name, folder / name)

    assert outcomes(scratch, killed, iter([damage])) == {"refused": 1}


def test_a_row_changed_without_its_digest(scratch: Path, killed: tuple[Path, State]) -> None:
    """What SQLite itself would never notice."""
    statements = (
        "UPDATE votes SET round = round + 1 WHERE instance = 13",
        "UPDATE votes SET instance = 98 WHERE instance = 13",
        "UPDATE votes SET batch = x'' WHERE instance = 13",
        "UPDATE votes SET batch = 7 WHERE instance = 13",
        "DELETE FROM votes WHERE instance = 13",
        "DELETE FROM votes",
        "UPDATE votes SET state = x'07' WHERE instance = 13",
        "UPDATE votes SET state = 7 WHERE instance = 13",
        "UPDATE votes SET batch = x'00' WHERE segment > 0",
        "UPDATE votes SET segment = 3 - segment WHERE segment > 0",
        "UPDATE votes SET segment = 3 WHERE instance = 106",
        "UPDATE votes SET segment = -1 WHERE instance = 106",
        "UPDATE votes SET segment = 'x' WHERE instance = 106",
        "UPDATE votes SET segment = x'31' WHERE instance = 106",
        "UPDATE votes SET segment = 1.5 WHERE instance = 106",
        "UPDATE votes SET (segment, start, size) = (0, 0, 0) WHERE instance = 106",
        f"UPDATE votes SET start = start + {BLOCK_BYTES} WHERE instance = 106",
        "UPDATE votes SET start = -1 WHERE instance = 106",
        f"UPDATE votes SET start = {2**63 - 1} WHERE instance = 106",
        "UPDATE votes SET size = size - 1 WHERE instance = 106",
        "UPDATE votes SET size = -1 WHERE instance = 106",
        f"UPDATE votes SET size = {2**62} WHERE instance = 106",
        "UPDATE votes SET (segment, start, size, digest) = (SELECT segment, start, size, digest "
        "FROM votes WHERE instance = 110) WHERE instance = 106",
        "UPDATE state SET state = x''",
        "UPDATE state SET state = 7",
        "UPDATE state SET state = (SELECT state FROM votes WHERE instance = 11)",
        "DELETE FROM state",
        "DELETE FROM identity",
        "DROP TABLE votes",
        "CREATE TABLE more (x)",
        "ALTER TABLE votes ADD COLUMN more",
    )

    def change(statement: str) -> Callable[[Path], None]:
        def damage(folder: Path) -> None:
            database = sqlite3.connect(folder / DB)
            database.execute(statement)
            database.commit()
            database.close()

        return damage

    seen = outcomes(scratch, killed, map(change, statements))
    assert seen == {"refused": len(statements)}


def test_a_page_in_use_that_is_listed_as_free(scratch: Path, ended: tuple[Path, State]) -> None:
    """All that is read is right; the next commits would write over it."""

    def damage(folder: Path) -> None:
        content = bytearray((folder / DB).read_bytes())
        content[32:40] = (len(content) // PAGE_BYTES).to_bytes(4) + (1).to_bytes(4)
        (folder / DB).write_bytes(content)

    assert outcomes(scratch, ended, iter([damage])) == {"refused": 1}


def test_what_the_user_sees(tmp_path: Path, killed: tuple[Path, State]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("cluster: damaged\n", encoding="utf-8")
    shutil.copytree(killed[0], tmp_path / "data")
    (tmp_path / "data" / DB).unlink()
    ended = run("acceptor", 1, "--config", config, "--data-dir", tmp_path / "data")
    assert ended.returncode == 2
    assert ended.stderr == (
        f"error: storage {tmp_path}/data/{DB} is missing, but {COMMITS} is there; what acceptor 1 "
        "promised is lost with it, so it must not run in this cluster again unless all its files "
        "are put back as they were\n"
    )
    assert not (tmp_path / "data" / DB).exists()
