"""The files of checkpoints: what is written is read, and what is not so is refused."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from paxos.config import Config
from paxos.core.checkpoint import Snapshot
from paxos.core.messages import SnapshotOffer
from paxos.errors import InputError
from paxos.runtime import checkpoint_file, checkpoint_store, report
from paxos.runtime.checkpoint_file import PREAMBLE, Application, CheckpointFile, DamagedError
from paxos.runtime.checkpoint_store import CheckpointStore
from tests.cluster.processes import ENVIRONMENT

IDENTITY = Config(checkpoints=True).identity()
KV = Application("kv", 3)
STATE = [b"one", b"", bytes(range(256)) * 20]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(report._Said, "listener", lines.append)
    return lines


def opened(folder: Path, application: Application = KV, **changed: str) -> CheckpointStore:
    return CheckpointStore(folder, 1, {**IDENTITY, **changed}, application)


def snapshot(prefix: int) -> Snapshot:
    return Snapshot(
        prefix=prefix,
        position=2 * prefix,
        delivered_bytes=7,
        clients=[("1.1", 1, prefix)],
        unfinished=[],
        outcomes=[],
        places=[],
    )


def filled(folder: Path, *prefixes: int) -> list[Path]:
    """The files after a learner has kept these, the newest last."""
    store = opened(folder)
    for prefix in prefixes:
        store.adopt(store.write(snapshot(prefix), STATE))
    store.close()
    return [folder / f"learner-1.checkpoint-{prefix}" for prefix in prefixes]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"learner-1.lock"}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    filled(tmp_path / "deep" / "folder", 10)
    store = opened(tmp_path / "deep" / "folder")
    assert store.newest
    assert store.newest.snapshot() == snapshot(10)
    assert b"".join(store.newest.application()) == b"".join(STATE)
    assert (store.newest.prefix, store.newest.position) == (10, 20)
    assert store.newest.read(0, 1 << 30) == store.newest.path.read_bytes()


def test_learners_with_the_same_state_have_the_same_bytes(tmp_path: Path) -> None:
    first = CheckpointStore(tmp_path, 1, IDENTITY, KV)
    second = CheckpointStore(tmp_path, 2, IDENTITY, KV)
    one = first.write(snapshot(5), STATE)
    other = second.write(snapshot(5), [b"".join(STATE)])
    assert one.read_bytes() == other.read_bytes()


def test_the_newest_and_the_one_before_stand(tmp_path: Path) -> None:
    filled(tmp_path, 9, 10, 110)
    assert names(tmp_path) == {"learner-1.checkpoint-10", "learner-1.checkpoint-110"}
    store = opened(tmp_path)
    assert store.newest and store.newest.prefix == 110


def test_one_that_is_older_than_another_that_was_received_is_not_the_newest(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for prefix in (500, 100):
        store.adopt(store.write(snapshot(prefix), STATE))
    assert store.newest and store.newest.prefix == 500


def test_what_is_open_can_be_read_when_it_has_gone(tmp_path: Path) -> None:
    [path] = filled(tmp_path, 1)
    given = CheckpointFile(path)
    filled(tmp_path, 2, 3)
    assert not path.exists()
    assert b"".join(given.application()) == b"".join(STATE)


def test_a_store_with_nothing_in_it(tmp_path: Path) -> None:
    assert opened(tmp_path).newest is None


# Damage.


def regions(path: Path) -> dict[str, range]:
    """The parts of a file, by what is in them."""
    whole = CheckpointFile(path)
    core_at, core_end = whole._core_at, whole._core_at + whole.head.core_bytes
    end = whole.bytes - checkpoint_file.DIGEST_BYTES
    whole.close()
    return {
        "magic": range(0, 8),
        "format": range(8, 12),
        "length": range(12, 16),
        "head": range(PREAMBLE.size, core_at),
        "core": range(core_at, core_end),
        "application": range(core_end, end),
        "digest": range(end, end + checkpoint_file.DIGEST_BYTES),
    }


@pytest.mark.parametrize(
    "region", ["magic", "format", "length", "head", "core", "application", "digest"]
)
def test_a_bit_that_is_changed_anywhere_is_noticed_and_the_one_before_is_used(
    tmp_path: Path, region: str, said: list[str]
) -> None:
    older, newer = filled(tmp_path, 10, 20)
    good = newer.read_bytes()
    places = regions(newer)[region]
    random = Random(region)
    for at in {places[0], places[-1], *random.sample(places, min(8, len(places)))}:
        said.clear()
        newer.write_bytes(good[:at] + bytes([good[at] ^ 1 << random.randrange(8)]) + good[at + 1 :])
        store = opened(tmp_path)
        assert store.newest and store.newest.path == older, at
        store.close()
        [line] = said
        assert (
            f"checkpoint {newer} is damaged: it does not have its digest; it goes on from" in line
        )
        aside = newer.with_name(f"{newer.name}.damaged")
        assert aside.exists() and not newer.exists(), "it does not stand in the way of the next"
        aside.unlink()


def test_what_was_lost_is_known_until_there_is_one_of_its_own(tmp_path: Path) -> None:
    """A life that finds the newest one damaged is another learner, and says so in its trace; it may
    be killed before it has said it. When it has a checkpoint of its own, it has said it: that may
    be older than what was lost, and is what the same learner goes on from."""
    older, newer = filled(tmp_path, 10, 20)
    newer.write_bytes(newer.read_bytes()[:-1])
    for _ in range(3):
        store = opened(tmp_path)
        assert store.newest and store.newest.path == older
        assert store.giver == 1, "it goes on from what its earlier life has left"
        store.close()
    filled(tmp_path, 15)
    assert not opened(tmp_path).giver


def test_what_another_one_gave_is_of_an_earlier_life_when_what_followed_is_damaged(
    tmp_path: Path,
) -> None:
    given, own = filled(tmp_path, 20, 30)
    (tmp_path / "learner-1.given").write_text("20 3")
    own.write_bytes(own.read_bytes()[:-1])
    for _ in range(2):
        store = opened(tmp_path)
        assert store.newest and store.newest.path == given
        assert store.giver == 1
        store.close()


def test_a_file_that_is_cut_anywhere_is_noticed(tmp_path: Path, said: list[str]) -> None:
    older, newer = filled(tmp_path, 10, 20)
    good = newer.read_bytes()
    cuts = {0, 1, 8, 15, 16, 47, 48, len(good) - 1, *range(100, len(good), 997)}
    for at in sorted(cuts):
        newer.write_bytes(good[:at])
        store = opened(tmp_path)
        assert store.newest and store.newest.path == older, at
        store.close()
    newer.write_bytes(good + b"\0")
    assert opened(tmp_path).newest.path == older  # type: ignore[union-attr]
    assert len(said) == len(cuts) + 1


def test_if_all_are_damaged_it_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    for path in filled(tmp_path, 10, 20):
        path.write_bytes(path.read_bytes()[:-1])
    before = names(tmp_path)
    with pytest.raises(InputError, match=r"checkpoint-20 is damaged: .* no other one is whole"):
        opened(tmp_path)
    assert names(tmp_path) == before


def test_one_that_was_interrupted_is_none(tmp_path: Path) -> None:
    filled(tmp_path, 10)
    (tmp_path / "learner-1.77.tmp").write_bytes(b"half of it")
    store = opened(tmp_path)
    assert store.newest and store.newest.prefix == 10
    assert names(tmp_path) == {"learner-1.checkpoint-10"}


# Whose it is.


def test_one_of_another_cluster(tmp_path: Path) -> None:
    filled(tmp_path, 10)
    with pytest.raises(InputError, match="`cluster` is paxos there, and other here; use the conf"):
        opened(tmp_path, cluster="other")
    off = Config().identity()
    with pytest.raises(InputError, match="`checkpoints` is True there, and False here"):
        CheckpointStore(tmp_path, 1, off, KV)


def test_one_of_another_application_or_version(tmp_path: Path) -> None:
    filled(tmp_path, 10)
    with pytest.raises(InputError, match="is of the application 'kv', and this is 'bank'; use"):
        opened(tmp_path, Application("bank", 3))
    for version in (2, 4):
        with pytest.raises(InputError, match=f"version 3 of 'kv', and this is version {version};"):
            opened(tmp_path, Application("kv", version))


def test_one_of_a_later_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_file, "FORMAT", 2)
    filled(tmp_path, 10)
    monkeypatch.undo()
    with pytest.raises(InputError, match="has format 2, but this program reads and writes format"):
        opened(tmp_path)


# Who may use it.


def test_two_at_a_time_cannot_have_it(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(InputError, match="learner 1 is running, or was paused; end that process"):
        opened(tmp_path)
    CheckpointStore(tmp_path, 2, IDENTITY, KV).close()
    store.close()
    opened(tmp_path).close()


def test_what_is_closed_can_be_opened_while_a_child_has_inherited_it(tmp_path: Path) -> None:
    """One process may have several learners, and fork for any of them."""
    store = opened(tmp_path)
    inherited = os.dup(store._lock_fd)  # of one open file, as after a fork
    store.close()
    opened(tmp_path).close()
    os.close(inherited)


HOLDS = """
import os, sys, time
from pathlib import Path
from paxos.runtime.checkpoint_file import Application
from paxos.runtime.checkpoint_store import CheckpointStore
store = CheckpointStore(Path(sys.argv[1]), 1, {}, Application("kv", 3))
if os.fork() == 0:
    sys.stdin.read(1)  # until it is told to end
    os._exit(0)
print("forked", flush=True)
os._exit(0)
"""


def test_what_a_killed_one_has_left_behind_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert left.stdin and left.stdout
    assert left.stdout.readline() == b"forked\n"
    left.wait()
    looked: list[float] = []

    def look(pause_s: float) -> None:
        looked.append(pause_s)
        if len(looked) == 3:
            assert left.stdin
            left.stdin.close()

    monkeypatch.setattr("paxos.runtime.checkpoint_store.time.sleep", look)
    opened(tmp_path).close()
    assert len(looked) >= 3
    left.stdout.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied; see to it that learner 1 may"):
        opened(tmp_path)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"checkpoints .*file: .*; see to it that learner 1 may"):
        opened(tmp_path / "file")


# A disk that fails.


@pytest.mark.parametrize("name", ["open", "write", "fsync", "rename", "sync_folder"])
def test_whatever_fails_the_ones_before_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    filled(tmp_path, 10)
    store = opened(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        if name == "rename":
            broken.setattr(Path, "rename", fail)
        elif name in ("write", "sync_folder"):
            broken.setattr(
                checkpoint_store, {"write": "write_all", "sync_folder": name}[name], fail
            )
        else:
            broken.setattr(f"paxos.runtime.checkpoint_store.os.{name}", fail)
        with pytest.raises(OSError, match="No space"):
            store.write(snapshot(20), STATE)
    assert store.newest and store.newest.snapshot() == snapshot(10)
    store.close()
    again = opened(tmp_path)
    assert again.newest and again.newest.prefix == (20 if name == "sync_folder" else 10)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
    again.adopt(again.write(snapshot(30), STATE))
    assert again.newest.prefix == 30


def test_an_application_that_raises_leaves_the_ones_before(tmp_path: Path) -> None:
    def state() -> Iterator[bytes]:
        yield b"a beginning"
        raise ZeroDivisionError

    filled(tmp_path, 10)
    store = opened(tmp_path)
    with pytest.raises(ZeroDivisionError):
        store.write(snapshot(20), state())
    assert names(tmp_path) == {"learner-1.checkpoint-10"}


# Another learner's.

OFFER = SnapshotOffer(prefix=20, position=20, digest=bytes(32), size=1_000, part_bytes=100)


def test_what_is_received_in_parts_is_verified_as_a_whole(tmp_path: Path) -> None:
    [given] = filled(tmp_path / "giver", 20)
    data = given.read_bytes()
    store = opened(tmp_path / "taker")
    incoming = store.incoming(OFFER)
    for at in Random(1).sample(range(0, len(data), 100), -(-len(data) // 100)):
        incoming.write_at(at, data[at : at + 100])
    received = store.accept(incoming, store.verify(incoming)[0], 3)
    assert received is store.newest and received.snapshot() == snapshot(20)
    assert received.path.read_bytes() == data
    assert names(tmp_path / "taker") == {"learner-1.checkpoint-20", "learner-1.given"}
    store.close()
    for _ in range(2):  # a life may end before it has said whose it is
        store = opened(tmp_path / "taker")
        assert store.giver == 3
        store.close()
    filled(tmp_path / "taker", 30)
    assert opened(tmp_path / "taker").giver == 0


def test_what_is_received_and_is_none_leaves_the_ones_before(tmp_path: Path) -> None:
    [given] = filled(tmp_path / "giver", 20)
    data = given.read_bytes()
    filled(tmp_path / "taker", 10)
    for wrong in (data[:-1], data[:50] + b"?" + data[51:], b""):
        store = opened(tmp_path / "taker")
        incoming = store.incoming(OFFER)
        incoming.write_at(0, wrong)
        with pytest.raises(DamagedError):
            store.verify(incoming)
        incoming.close()
        assert store.newest and store.newest.prefix == 10
        store.close()
        assert names(tmp_path / "taker") == {"learner-1.checkpoint-10"}
    store = CheckpointStore(tmp_path / "other", 1, {**IDENTITY, "cluster": "other"}, KV)
    incoming = store.incoming(OFFER)
    incoming.write_at(0, data)
    with pytest.raises(InputError, match="is of another cluster"):
        store.verify(incoming)
