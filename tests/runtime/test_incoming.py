"""What a learner has received of a checkpoint when it is killed, and what its next life finds of
it: no part that is not what was sent, whatever has become of the files."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from random import Random

import msgspec
import pytest

from paxos.config import Config
from paxos.core.messages import SnapshotOffer
from paxos.core.step import PartWrite
from paxos.runtime.checkpoint_file import Application
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.incoming import RECORD_BYTES, Incoming, log_of

PART_BYTES = 50
DATA = Random(7).randbytes(7 * PART_BYTES + 21)
OFFER = SnapshotOffer(20, 20, blake2b(DATA, digest_size=32).digest(), len(DATA), PART_BYTES)
COUNT = 8
ORDER = (3, 0, 1, 7, 2)
"""The parts that are here, in the order in which they came."""

KV = Application("kv", 3)


def part(number: int) -> PartWrite:
    return PartWrite(OFFER, number, DATA[number * PART_BYTES : (number + 1) * PART_BYTES])


def opened(folder: Path, cluster: str = "main", application: Application = KV) -> CheckpointStore:
    return CheckpointStore(folder, 1, Config(cluster=cluster).identity(), application)


def begun(folder: Path) -> Path:
    """The file of one that a killed learner was receiving."""
    store = opened(folder)
    incoming = store.incoming(OFFER)
    for number in ORDER:
        incoming.keep(part(number))
    incoming.leave()
    store.close()
    return incoming.path


def found(folder: Path) -> set[int] | None:
    """The parts that its next life finds, each of which is what was sent. None: there is nothing.
    Then it receives the others, and has the whole."""
    store = opened(folder)
    incoming = store.resume()
    if incoming is None:
        assert {path.name for path in folder.iterdir()} == {"learner-1.lock"}
        store.close()
        return None
    assert incoming.offer == OFFER
    here = set(incoming.here())
    for number in set(range(COUNT)) - here:
        incoming.keep(part(number))
    assert incoming.path.read_bytes() == DATA
    incoming.leave()
    store.close()
    assert set(_again(folder)) == set(range(COUNT)), "what was kept since is found as well"
    return here


def _again(folder: Path) -> list[int]:
    store = opened(folder)
    incoming = store.resume()
    assert incoming
    here = list(incoming.here())
    incoming.leave()
    store.close()
    return here


def test_what_was_kept_is_there(tmp_path: Path) -> None:
    begun(tmp_path)
    assert found(tmp_path) == set(ORDER)


def test_killed_at_any_byte_of_the_log(tmp_path: Path) -> None:
    """A part is in its place before the log says so."""
    path = begun(tmp_path)
    data, log = path.read_bytes(), log_of(path).read_bytes()
    records_at = len(log) - len(ORDER) * RECORD_BYTES
    for size in range(len(log) + 1):
        path.write_bytes(data)
        log_of(path).write_bytes(log[:size])
        here = found(tmp_path)
        if size < records_at:
            assert here is None
        else:
            assert here == set(ORDER[: (size - records_at) // RECORD_BYTES])


def test_killed_in_the_middle_of_a_part(tmp_path: Path) -> None:
    path = begun(tmp_path)
    with path.open("r+b") as file:
        file.seek(4 * PART_BYTES)
        file.write(part(4).data[:20])
    assert found(tmp_path) == set(ORDER)


def test_a_power_cut_loses_any_part(tmp_path: Path) -> None:
    """What the log says was not forced to disk, and is zeros, old bytes, or beyond the end."""
    path = begun(tmp_path)
    data, log = path.read_bytes(), log_of(path).read_bytes()
    for number in ORDER:
        lost = bytearray(data)
        lost[number * PART_BYTES : (number + 1) * PART_BYTES] = bytes(len(part(number).data))
        path.write_bytes(lost)
        log_of(path).write_bytes(log)
        assert found(tmp_path) == set(ORDER) - {number}
    for size in range(0, len(data), 17):
        path.write_bytes(data[:size])
        log_of(path).write_bytes(log)
        assert found(tmp_path) == {n for n in ORDER if n * PART_BYTES + len(part(n).data) <= size}


def test_a_byte_is_changed_anywhere(tmp_path: Path) -> None:
    """One part at most is lost by that, or all if it is in the head."""
    path = begun(tmp_path)
    data, log = path.read_bytes(), log_of(path).read_bytes()
    records_at = len(log) - len(ORDER) * RECORD_BYTES
    random = Random(1)
    for at in range(len(log)):
        path.write_bytes(data)
        log_of(path).write_bytes(_flip(log, at, random))
        here = found(tmp_path)
        if at < records_at:
            assert here is None
        else:
            assert here == set(ORDER) - {ORDER[(at - records_at) // RECORD_BYTES]}
    for at in range(len(data)):
        path.write_bytes(_flip(data, at, random))
        log_of(path).write_bytes(log)
        assert found(tmp_path) == set(ORDER) - {at // PART_BYTES}


def _flip(data: bytes, at: int, random: Random) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


@pytest.mark.parametrize("missing", ["parts", "log"])
def test_one_of_the_two_files_is_missing(tmp_path: Path, missing: str) -> None:
    """Killed between making one and the other, or between removing them."""
    path = begun(tmp_path)
    (path if missing == "parts" else log_of(path)).unlink()
    assert found(tmp_path) is None


def test_what_another_cluster_or_application_was_receiving_goes(tmp_path: Path) -> None:
    for number, (cluster, application) in enumerate(
        (("other", KV), ("main", Application("kv", 4)), ("main", Application("chat", 3)))
    ):
        folder = tmp_path / str(number)
        begun(folder)
        store = opened(folder, cluster, application)
        assert store.resume() is None
        store.close()
        assert found(folder) is None


def test_of_several_the_last_that_can_be_used_is_gone_on_with(tmp_path: Path) -> None:
    """One was being verified when another one was begun."""
    store = opened(tmp_path)
    newer = msgspec.structs.replace(OFFER, prefix=30)
    for offer in (OFFER, newer, newer):
        incoming = store.incoming(offer)
        incoming.keep(PartWrite(offer, 0, part(0).data))
        incoming.leave()
    os.truncate(log_of(incoming.path), 10)
    store.close()
    store = opened(tmp_path)
    resumed = store.resume()
    assert resumed and resumed.offer == newer
    names = {path.name for path in tmp_path.iterdir()} - {"learner-1.lock"}
    assert names == {"learner-1.incoming-2", "learner-1.incoming-2.parts"}
    others = [store.incoming(OFFER) for _ in range(2)]
    assert len({resumed.path, *(other.path for other in others)}) == 3
    for one in (resumed, *others):
        one.close()
        one.close()
    assert {path.name for path in tmp_path.iterdir()} == {"learner-1.lock"}
    store.close()


def test_a_disk_that_cannot_be_read_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    begun(tmp_path)
    store = opened(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Incoming, "resume", fail)
        assert store.resume() is None
    store.close()
    assert found(tmp_path) is None
