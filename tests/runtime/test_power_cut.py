"""A power cut at any moment: what an acceptor has said is in its storage afterwards, and the
storage can be opened. The order of all that it does to its files is taken from the system calls of
a real process; what was not synced by then is gone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.step import PromiseWrite, TrimWrite, VoteWrite
from paxos.runtime import batch_files
from paxos.runtime.batch_files import BLOCK_BYTES, LARGE_BYTES
from paxos.runtime.clock import Clock
from paxos.runtime.sqlite_storage import SqliteStorage
from tests.cluster.processes import ENVIRONMENT
from tests.runtime.system_calls import cannot_be_watched
from tests.runtime.test_storage_damage import scratch
from tests.runtime.written import CALLS, Disk, Early, nothing

__all__ = ["scratch"]

IDENTITY: dict[str, str | int | bool] = {"role": "acceptor", "id": 1}
ROUNDS = 4
LIVES = 2


def batch(round: int) -> bytes:
    """Of every second round it is a large one."""
    return b"%d" % round * (100 if round % 2 else LARGE_BYTES + 1)


PROCESS = """
import sys
from pathlib import Path
from tests.runtime.test_power_cut import live
live(Path(sys.argv[1]))
"""


def open_storage(folder: Path) -> SqliteStorage:
    """With a log that has room for some of the commits of a life: the others make it longer."""
    return SqliteStorage(folder, IDENTITY, Clock(), log_pages=5)


def live(folder: Path) -> None:
    """Two lives of an acceptor, in each of which it says a round when it has saved it. It begins a
    segment for each large batch."""
    batch_files.MUCH_BYTES, batch_files.SEGMENT_BYTES = 0, 2 * BLOCK_BYTES
    last = 0
    for life in range(1, LIVES + 1):
        storage = open_storage(folder)
        storage.begin(life)
        for round in range(last + 1, last + ROUNDS + 1):
            ballot = Ballot(round, 1)
            vote = VoteWrite(Vote(round, ballot, batch(round)))
            storage.save([PromiseWrite(ballot), vote, *[TrimWrite(round - 2)] * (round % 3 == 0)])
            print(round, flush=True)
        last = round
        storage.close()


def check(folder: Path, said: int) -> None:
    """The storage in `folder` is whole, and has what was said, and perhaps what came next."""
    storage = open_storage(folder)
    round = storage.promised.round
    assert said <= round <= said + 1
    for instance, vote in storage.votes.items():
        assert vote == Vote(instance, Ballot(instance, 1), batch(instance))
    assert sorted(storage.votes) == list(range(storage.trimmed + 1, round + 1))
    storage.save([PromiseWrite(Ballot(99, 1))])
    storage.close()


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data folder of a process, and its system calls."""
    if reason := cannot_be_watched():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("run") / "data"
    watch = ["strace", "-f", "-y", "-s", "200000", "-e", f"trace={CALLS}", "-o"]
    subprocess.run(
        [*watch, folder.with_name("calls"), sys.executable, "-c", PROCESS, folder],
        env=ENVIRONMENT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder, folder.with_name("calls").read_text(encoding="utf-8")


def cut_at_each(disk: Disk, calls: str, found: Path, early: Early = nothing) -> Iterator[None]:
    """Look at what is there after each call that may have changed something."""
    for number, call in enumerate(disk.replay(calls), start=1):
        disk.restore(found, early)
        try:
            check(found, int(disk.said[-1]) if disk.said else 0)
        except BaseException as error:
            error.add_note(f"after the call {number}, {call}")
            raise
        shutil.rmtree(found)
        yield


EARLY: dict[str, Early] = {
    "gone": nothing,
    "written-early": lambda name: True,
    "batches-written-early": lambda name: "batches" in name,
    "all-but-batches-written-early": lambda name: "batches" not in name,
}


@pytest.mark.parametrize("early", EARLY)
def test_a_power_cut_after_any_system_call(
    scratch: Path, calls: tuple[Path, str], early: str
) -> None:
    disk = Disk(calls[0])
    cuts = sum(1 for _ in cut_at_each(disk, calls[1], scratch / "found", EARLY[early]))
    assert cuts > 100
    assert len(disk.said) == LIVES * ROUNDS


def test_a_new_database_is_there_whether_or_not_sqlite_syncs_its_folder(
    scratch: Path, calls: tuple[Path, str]
) -> None:
    """The first life, up to where it ends."""
    disk = Disk(calls[0], sqlite_syncs_folders=False)
    for _ in cut_at_each(disk, calls[1], scratch / "found"):
        if len(disk.said) == ROUNDS:
            return
    pytest.fail("not all is said")


def test_the_files_of_the_model_are_those_of_the_process(calls: tuple[Path, str]) -> None:
    """Otherwise it would show nothing."""
    folder, text = calls
    disk = Disk(folder)
    for _ in disk.replay(text):
        pass
    assert disk.folder is not None
    seen = {name: bytes(file.seen) for name, file in disk.folder.seen.items()}
    assert seen == {path.name: path.read_bytes() for path in folder.iterdir()}
