"""Reads of applications: they see what was delivered anywhere, or say how old what they see is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from math import inf
from pathlib import Path

import pytest

import paxos
from tests.cluster.processes import Cluster, wait_for

PATIENCE_S = 30.0


class Register(paxos.StateMachine):
    """The value that came last."""

    name, version = "register", 1

    def __init__(self) -> None:
        self.value = b""

    def apply(self, position: int, value: bytes) -> object:
        self.value = value
        return position

    def snapshot(self) -> bytes:
        return self.value

    def restore(self, pieces: Iterator[bytes]) -> None:
        self.value = b"".join(pieces)


class Slow:
    """A callback that can be held up."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, position: int, value: bytes) -> None:
        self.go_on.wait()
        self.values.append(value)


def test_each_replica_reads_what_the_client_was_told_of(tmp_path: Path) -> None:
    """At once, without waiting for anything."""
    with Cluster(tmp_path, proposers=3, learners=3, clients=1, checkpoints=True) as cluster:
        machines = [Register() for _ in range(3)]
        replicas = [
            paxos.Replica(cluster.config, n, machine=machine, run_dir=cluster.run_dir)
            for n, machine in enumerate(machines, 1)
        ]
        with paxos.Client(cluster.config, 1, run_dir=cluster.run_dir) as client:
            for n in range(20):
                place = client.broadcast_and_wait(b"%d" % n, PATIENCE_S)
                for replica, machine in zip(replicas, machines, strict=True):
                    seen = replica.read(lambda machine=machine: machine.value, PATIENCE_S)  # type: ignore[misc]
                    assert seen == b"%d" % n
                    assert replica.barrier(PATIENCE_S) == replica.applied == place.position
        assert replicas[0].applied == 20, "reads are no values"
        for replica in replicas:
            replica.close()


def test_a_replica_alone_asks_its_own_acceptor(tmp_path: Path) -> None:
    """Nothing of its own reaches it by the network."""
    with Cluster(tmp_path, acceptors=1, proposers=1, learners=1, clients=1) as cluster:
        machine = Register()
        with paxos.Replica(
            cluster.config, 1, machine=machine, has_client=True, run_dir=cluster.run_dir
        ) as replica:
            for n in range(1, 5):
                replica.client.broadcast_and_wait(b"%d" % n, PATIENCE_S)
                assert replica.read(lambda: machine.value, PATIENCE_S) == b"%d" % n


def test_reads_at_the_same_time_are_all_done(cluster: Cluster) -> None:
    slow = Slow()
    with (
        paxos.Client(cluster.config, 1) as client,
        paxos.Learner(cluster.config, 1, slow) as learner,
    ):
        client.broadcast_and_wait(b"value", PATIENCE_S)
        reads = [learner.reading(lambda: list(slow.values)) for _ in range(500)]
        assert all(read.result(PATIENCE_S) == [b"value"] for read in reads)
        assert asyncio.run(learner.aread(lambda: len(slow.values))) == 1


def test_a_read_waits_for_the_application(cluster: Cluster) -> None:
    slow = Slow()
    with (
        paxos.Client(cluster.config, 1) as client,
        paxos.Learner(cluster.config, 1, slow) as learner,
    ):
        slow.go_on.clear()
        client.broadcast_and_wait(b"value", PATIENCE_S)
        read = learner.reading(lambda: list(slow.values))
        try:
            with pytest.raises(paxos.ReadTimeoutError, match="busy with what came before"):
                learner.barrier(0.3)
            assert not read.done()
        finally:
            slow.go_on.set()
        assert read.result(PATIENCE_S) == [b"value"]


def test_what_is_iterated_is_there_after_a_barrier(cluster: Cluster) -> None:
    with paxos.Client(cluster.config, 1) as client, paxos.Learner(cluster.config, 1) as learner:
        assert learner.barrier(PATIENCE_S) == 0
        for n in range(5):
            client.broadcast_and_wait(b"%d" % n, PATIENCE_S)
        last = learner.barrier(PATIENCE_S)
        assert [learner.get(0).position for _ in range(5)] == [1, 2, 3, 4, last]
        with pytest.raises(TypeError, match="use `barrier`"):
            learner.read(lambda: None)


def test_without_a_majority_a_read_says_who_is_missing_and_a_stale_one_how_old_it_is(
    cluster: Cluster,
) -> None:
    slow = Slow()
    with (
        paxos.Client(cluster.config, 1) as client,
        paxos.Learner(cluster.config, 1, slow) as learner,
    ):
        assert learner.read_stale(lambda: 7).age_s == inf, "it has asked nobody yet"
        place = client.broadcast_and_wait(b"value", PATIENCE_S)
        learner.barrier(PATIENCE_S)
        fresh = learner.read_stale(lambda: list(slow.values), PATIENCE_S)
        assert (fresh.result, fresh.position) == ([b"value"], place.position)
        assert fresh.age_s < inf
        cluster.kill("acceptor-1", "acceptor-2")
        with pytest.raises(paxos.ReadTimeoutError, match="answers of 2 acceptors, to read"):
            learner.read(lambda: None, 0.5)
        older = learner.read_stale(lambda: list(slow.values), PATIENCE_S)
        assert older.result == [b"value"]
        assert older.age_s >= 0.5, "nobody has answered since"
        read = learner.reading(lambda: 1)
        cluster.start("acceptor-1", "acceptor-2")
        assert read.result(PATIENCE_S) == 1
        wait_for(lambda: learner.read_stale(lambda: 0).age_s < older.age_s, "a young read")


def test_what_a_read_raises_is_for_who_reads(cluster: Cluster) -> None:
    with paxos.Learner(cluster.config, 1, Slow()) as learner:
        with pytest.raises(ZeroDivisionError):
            learner.read(lambda: 1 / 0)
        assert learner.read(lambda: 1, PATIENCE_S) == 1, "the learner goes on"


def test_reads_that_are_left_are_told_so(cluster: Cluster) -> None:
    left: list[Future[int]] = []
    learner = paxos.Learner(cluster.config, 1, Slow())
    cluster.kill("acceptor-1", "acceptor-2")
    left.append(learner.reading(lambda: 1))
    learner.close()
    with pytest.raises(paxos.ClosedError, match="it was closed"):
        left[0].result(PATIENCE_S)
    with pytest.raises(paxos.ClosedError):
        learner.reading(lambda: 1)


def test_reads_that_wait_are_bounded(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.api.reading.READS", 3)
    slow = Slow()
    with paxos.Learner(cluster.config, 1, slow) as learner:
        cluster.kill("acceptor-1", "acceptor-2")
        waiting = [learner.reading(lambda: 1) for _ in range(3)]
        with pytest.raises(paxos.Full, match="3 reads that wait"):
            learner.reading(lambda: 1)
        cluster.start("acceptor-1", "acceptor-2")
        assert [read.result(PATIENCE_S) for read in waiting] == [1, 1, 1]
        assert learner.read(lambda: 1, PATIENCE_S) == 1


def test_the_callback_does_not_wait_for_itself(cluster: Cluster) -> None:
    raised: list[str] = []

    def apply(position: int, value: bytes) -> None:
        with pytest.raises(TypeError) as caught:
            learner.read(lambda: 1)
        raised.append(str(caught.value))

    with (
        paxos.Client(cluster.config, 1) as client,
        paxos.Learner(cluster.config, 1, apply) as learner,
    ):
        client.broadcast_and_wait(b"value", PATIENCE_S)
        wait_for(lambda: bool(raised), "the callback")
    assert "state of now" in raised[0]
