"""A replica that comes too late, or has lost its files, gets the checkpoint of another one."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import paxos
from paxos.core.learner import Learner
from paxos.runtime.incoming import Incoming
from tests.api.test_state_machine import Ledger, events, replica, said, trims
from tests.cluster.processes import Cluster, conformance, wait_for

PATIENCE_S = 60.0


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of three replicas that make checkpoints often, and keep nothing else for long."""
    roles = {"acceptors": 3, "proposers": 3, "learners": 3, "clients": 3}
    settings = {"checkpoints": True, "checkpoint_instances": 5, "retain_instances": 0}
    with Cluster(tmp_path, **roles, **settings) as cluster:
        yield cluster


def trimmed(cluster: Cluster) -> int:
    """How far acceptors have trimmed."""
    return max((event["to"] for event in trims(cluster)), default=0)


def busy_until_trimmed(one: paxos.Replica, cluster: Cluster, beyond: int = 0) -> None:
    """Values, until acceptors have trimmed more than `beyond` instances."""
    while trimmed(cluster) <= beyond:
        one.broadcast(b"%d" % one.applied).result(PATIENCE_S)


def close(*replicas: paxos.Replica) -> None:
    for one in replicas:
        one.close()


def test_one_that_starts_after_all_was_trimmed(three: Cluster) -> None:
    first, second = (replica(three, Ledger(), n) for n in (1, 2))
    busy_until_trimmed(first, three)
    ledger = Ledger()
    third = replica(three, ledger, 3)
    wait_for(lambda: third.applied >= first.applied, "what was delivered before")
    assert ledger.restored > 0
    assert first.broadcast(b"after").result(PATIENCE_S)
    wait_for(lambda: ledger.values[-1:] == ["after"], "what is delivered after")
    close(first, second, third)
    (sent,) = events(three.run_dir, "SendSnapshot")
    (installed,) = events(three.run_dir, "InstallSnapshot")
    assert (sent["instance"], sent["position"]) == (installed["instance"], installed["position"])
    conformance(three.run_dir)


def test_one_whose_checkpoints_are_lost_while_clients_go_on(three: Cluster) -> None:
    """Its acceptor has its own files, and votes as before."""
    first, second, third = (replica(three, Ledger(), n) for n in (1, 2, 3))
    busy_until_trimmed(first, three)
    third.close()
    for path in (three.run_dir / "data").glob("learner-3.checkpoint-*"):
        path.unlink()
    busy_until_trimmed(first, three, trimmed(three))
    stop = threading.Event()

    def broadcast() -> None:
        while not stop.is_set():
            first.broadcast(b"meanwhile").result(PATIENCE_S)

    thread = threading.Thread(target=broadcast)
    thread.start()
    ledger = Ledger()
    try:
        third = replica(three, ledger, 3)
        before = first.applied
        wait_for(lambda: third.applied > before, "what is delivered now")
    finally:
        stop.set()
        thread.join()
    assert ledger.restored > 0
    wait_for(lambda: third.applied == first.applied, "all")
    close(first, second, third)
    conformance(three.run_dir)


def test_an_application_that_cannot_take_it_ends_with_one_error_and_loses_nothing(
    three: Cluster,
) -> None:
    class Failing(Ledger):
        def restore(self, pieces: Iterator[bytes]) -> None:
            raise KeyError("total")

    first, second = (replica(three, Ledger(), n) for n in (1, 2))
    busy_until_trimmed(first, three)
    third = replica(three, Failing(), 3)
    with pytest.raises(paxos.ApplicationError, match=r"restore\(\) from checkpoint .* raised Key"):
        third.wait(PATIENCE_S)
    third.close()
    third = replica(three, ledger := Ledger(), 3)
    assert ledger.restored > 0, "from what was installed"
    wait_for(lambda: third.applied >= first.applied, "all")
    close(first, second, third)
    conformance(three.run_dir)


@pytest.mark.tlc
def test_the_newest_is_damaged_and_what_came_since_the_one_before_is_trimmed(
    three: Cluster, said: list[str]
) -> None:
    """It goes back to the one before, where the acceptors cannot help, and takes another's. Both
    judges accept that, and with it what else there is of checkpoints: one that restarts."""
    first, second = (replica(three, Ledger(), n) for n in (1, 2))
    busy_until_trimmed(first, three)
    third = replica(three, Ledger(), 3)
    folder = three.run_dir / "data"
    while len(kept := sorted(folder.glob("learner-3.checkpoint-*"), key=_prefix)) < 2:
        first.broadcast(b"%d" % first.applied).result(PATIENCE_S)
    third.close()
    kept = sorted(folder.glob("learner-3.checkpoint-*"), key=_prefix)
    kept[-1].write_bytes(kept[-1].read_bytes()[:-1])
    busy_until_trimmed(first, three, _prefix(kept[-1]))
    third = replica(three, ledger := Ledger(), 3)
    wait_for(lambda: third.applied >= first.applied, "what was delivered before")
    assert [line for line in said if "is damaged" in line]
    assert ledger.restored > 0
    second.close()
    second = replica(three, Ledger(), 2)
    assert second.broadcast(b"after").result(PATIENCE_S)
    close(first, second, third)
    installs = events(three.run_dir, "InstallSnapshot")
    givers = [e["from"] for e in installs if e["process"].startswith("learner-3.")]
    own = givers.index(3)  # one that is slow may have needed more than one before
    assert givers[:own] and givers[own + 1 :], "another one's, its own, another one's"
    assert givers.count(3) == 1, givers
    assert events(three.run_dir, "Restart") and trims(three)
    assert "takes all" in conformance(three.run_dir, "--tlc")


def _prefix(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


class Heavy(Ledger):
    """One whose snapshots take long to send."""

    ballast = b" " * 400_000

    def snapshot(self) -> Iterator[bytes]:
        yield json.dumps(self.values).encode()
        yield self.ballast


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Cluster]:
    """The same, where learners give no more than 200,000 bytes per second."""
    roles = {"acceptors": 3, "proposers": 3, "learners": 3, "clients": 3}
    settings = {"checkpoints": True, "checkpoint_instances": 5, "retain_instances": 0}
    with Cluster(tmp_path, **roles, **settings, transfer_bytes_s=200_000) as cluster:
        yield cluster


def share(one: paxos.Replica) -> tuple[int, float]:
    """From whom it takes a checkpoint, and how much of that it has."""
    (learner,) = (seat.role for seat in one._host.node.seats if seat.member.role == "learner")
    assert isinstance(learner, Learner) and learner.transfer
    return learner.transfer.taker.giver, learner.transfer.taker.share


def test_its_giver_ends_in_the_middle(slow: Cluster) -> None:
    """The other one has the same file or another; and the one that ended comes back."""
    replicas = {n: replica(slow, Heavy(), n) for n in (1, 2)}
    busy_until_trimmed(replicas[1], slow)
    ledger = Heavy()
    third = replica(slow, ledger, 3)
    wait_for(lambda: share(third)[1] > 0.2, "some of a checkpoint")
    giver = share(third)[0]
    (learner,) = (s.role for s in third._host.node.seats if s.member.role == "learner")
    assert learner.standing().giver == giver and learner.standing().taken_percent >= 20
    assert share(third)[1] < 0.9 and third.applied == 0
    replicas[giver].close()
    wait_for(lambda: third.applied > 0, "the checkpoint of the other one")
    assert ledger.restored > 0
    replicas[giver] = replica(slow, Heavy(), giver)
    assert third.broadcast(b"after").result(PATIENCE_S)
    wait_for(lambda: len({one.applied for one in (*replicas.values(), third)}) == 1, "all")
    close(*replicas.values(), third)
    conformance(slow.run_dir)


def test_one_that_is_closed_in_the_middle_goes_on_there(slow: Cluster) -> None:
    """And when it is done, nothing of it is left."""
    first, second = (replica(slow, Heavy(), n) for n in (1, 2))
    busy_until_trimmed(first, slow)
    third = replica(slow, Heavy(), 3)
    wait_for(lambda: share(third)[1] > 0.2, "some of a checkpoint")
    third.close()
    third = replica(slow, Heavy(), 3)
    assert share(third)[1] > 0.2
    wait_for(lambda: third.applied >= first.applied, "all")
    assert not list((slow.run_dir / "data").glob("learner-3.*incoming*"))
    close(first, second, third)


def test_no_room_for_it_is_said_once_and_ends(
    slow: Cluster, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (replica(slow, Heavy(), n) for n in (1, 2))
    busy_until_trimmed(first, slow)
    is_full = threading.Event()
    is_full.set()

    def write_at(incoming: Incoming, offset: int, part: bytes) -> None:
        if is_full.is_set():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(incoming, offset, part)

    write = Incoming.write_at
    monkeypatch.setattr(Incoming, "write_at", write_at)
    third = replica(slow, Heavy(), 3)
    wait_for(lambda: any("No space left" in line for line in said), "a word of it")
    is_full.clear()
    wait_for(lambda: third.applied >= first.applied, "all")
    keeps = [line for line in said if "cannot keep another learner's checkpoint" in line]
    assert keeps == [
        "learner-3.1: cannot keep another learner's checkpoint: No space left on device; it goes "
        "on trying"
    ]
    close(first, second, third)


__all__ = ["said"]
