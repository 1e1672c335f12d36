"""Replicas inside applications: three copies of one are the whole cluster."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import paxos
from tests.cluster.processes import Cluster, conformance, wait_for

PATIENCE_S = 30.0


def alone(folder: Path) -> Cluster:
    """A cluster of which nothing runs yet."""
    return Cluster(folder, proposers=3, learners=3, clients=1)


def test_three_copies_are_a_cluster(tmp_path: Path) -> None:
    with alone(tmp_path) as cluster:
        replicas = [paxos.Replica(cluster.config, n, run_dir=cluster.run_dir) for n in (1, 2, 3)]
        with paxos.Client(cluster.config, 1, run_dir=cluster.run_dir) as client:
            places = [client.broadcast(b"%d" % n) for n in range(50)]
            order = {f.result(PATIENCE_S).position: b"%d" % n for n, f in enumerate(places)}
            assert sorted(order) == list(range(1, 51))
            for replica in replicas:
                got = [replica.get(PATIENCE_S) for _ in places]
                assert {value.position: value.value for value in got} == order
        for replica in replicas:
            replica.close()
        conformance(cluster.run_dir)


def test_a_slow_application_holds_up_the_learner_of_its_replica_alone(tmp_path: Path) -> None:
    """Two of three are there, so the acceptor of the slow one is needed for every value."""
    go_on = threading.Event()
    slow: list[bytes] = []

    def apply(position: int, value: bytes) -> None:
        go_on.wait()
        slow.append(value)

    count = 100
    with alone(tmp_path) as cluster:
        where = cluster.run_dir
        with (
            paxos.Replica(cluster.config, 1, run_dir=where) as other,
            paxos.Replica(cluster.config, 2, apply, waiting_bytes=2_000, run_dir=where) as held,
            paxos.Client(cluster.config, 1, run_dir=where) as client,
        ):
            for n in range(count):
                client.broadcast_and_wait(b"%d" % n, PATIENCE_S)
            assert held.waiting < count / 2
            go_on.set()
            wait_for(lambda: len(slow) == count, "all values")
            assert slow == [other.get(PATIENCE_S).value for _ in range(count)]
        conformance(where)


def test_the_application_hears_when_the_learner_cannot_go_on(tmp_path: Path) -> None:
    """As when all that it needs was trimmed. The acceptor goes on until the replica is closed."""
    with alone(tmp_path) as cluster:
        replica = paxos.Replica(cluster.config, 1, run_dir=cluster.run_dir)
        (learner,) = (s for s in replica._host.node.seats if s.member.role == "learner")
        with replica._host.node._lock:
            learner.role.step.failure = "instances 1 to 9 are gone"
            learner.is_touched = True
        replica._host.node.nudge()
        with pytest.raises(paxos.RunError, match=r"learner-1\.\d+: instances 1 to 9 are gone"):
            list(replica)
        assert not replica._host.is_closed and not replica._host.node._stopped
        replica.close()
