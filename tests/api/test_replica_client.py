"""The client of a replica: it broadcasts through the proposer in its own process."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

import paxos
from paxos.config import Timings
from tests.cluster.processes import Cluster, conformance

PATIENCE_S = 30.0


def test_the_clients_of_three_replicas(tmp_path: Path) -> None:
    with Cluster(tmp_path, proposers=3, learners=3, clients=3) as cluster:
        replicas = [
            paxos.Replica(cluster.config, n, has_client=True, run_dir=cluster.run_dir)
            for n in (1, 2, 3)
        ]
        futures = {
            b"%d of %d" % (n, replica.client.outstanding): replica.client.broadcast(b"%d" % n)
            for n, replica in enumerate(replicas * 20)
        }
        positions = sorted(future.result(PATIENCE_S).position for future in futures.values())
        assert positions == list(range(1, 61))
        got = [[replica.get(PATIENCE_S) for _ in range(60)] for replica in replicas]
        assert got[0] == got[1] == got[2]
        for replica in replicas:
            replica.close()
        conformance(cluster.run_dir)


def made(cluster: Cluster) -> paxos.Replica:
    return paxos.Replica(cluster.config, 1, has_client=True, run_dir=cluster.run_dir)


@pytest.fixture
def only(tmp_path: Path) -> Cluster:
    """A cluster of one replica, in which nothing that is said needs the network."""
    return Cluster(tmp_path, acceptors=1, proposers=1, learners=1, clients=1, storage="memory")


def test_one_replica_is_a_cluster_without_a_datagram(only: Cluster) -> None:
    """Then no datagram ends a future: whoever made the roles do their steps does."""
    with only as cluster, made(cluster) as replica:
        for n in range(100):
            place = replica.client.broadcast_and_wait(b"%d" % n, PATIENCE_S)
            assert place.position == n + 1


def test_a_callback_that_broadcasts_again_and_again(only: Cluster) -> None:
    """Each delivery is known before `broadcast` returns, so callbacks would nest without end."""
    count, done = 2 * sys.getrecursionlimit(), threading.Event()
    with only as cluster, made(cluster) as replica:

        def next_one(before: Future[paxos.Place]) -> None:
            if before.result().position == count:
                done.set()
            else:
                replica.client.broadcast(b"another").add_done_callback(next_one)

        replica.client.broadcast(b"the first").add_done_callback(next_one)
        assert done.wait(PATIENCE_S)


def test_what_comes_while_a_value_is_under_way_shares_the_next_instance(tmp_path: Path) -> None:
    """Whoever hears that the first is delivered sees to the others: nothing else is sent here."""
    timings = Timings(resend_s=3.0)
    with Cluster(tmp_path, proposers=3, learners=3, clients=3, timings=timings) as cluster:
        first = made(cluster)
        futures = [first.client.broadcast(b"%d" % n) for n in range(9)]  # two acceptors are missing
        others = [paxos.Replica(cluster.config, n, run_dir=cluster.run_dir) for n in (2, 3)]
        places = [future.result(PATIENCE_S) for future in futures]
        assert [place.position for place in places] == list(range(1, 10))
        assert {place.instance for place in places[1:]} == {places[1].instance}
        for replica in (first, *others):
            replica.close()
        conformance(cluster.run_dir)


def test_several_values_at_once_share_an_instance(only: Cluster) -> None:
    with only as cluster, made(cluster) as replica:
        assert replica.client.broadcast_all([]) == []
        futures = replica.client.broadcast_all([b"a", b"b", b"c"])
        places = [future.result(PATIENCE_S) for future in futures]
        assert [place.position for place in places] == [1, 2, 3]
        assert len({place.instance for place in places}) == 1


def test_values_of_tasks_in_one_turn_of_their_loop_share_an_instance(only: Cluster) -> None:
    async def run(client: paxos.Client) -> list[paxos.Place]:
        return await asyncio.gather(*(client.abroadcast(b"%d" % n) for n in range(9)))

    with only as cluster, made(cluster) as replica:
        places = asyncio.run(run(replica.client))
        assert sorted(place.position for place in places) == list(range(1, 10))
        assert len({place.instance for place in places}) == 1


def test_a_thread_does_not_rely_on_what_an_event_loop_will_do(only: Cluster) -> None:
    """It may end before it comes to it."""
    with only as cluster, made(cluster) as replica:
        loop = asyncio.new_event_loop()
        task = loop.create_task(replica.client.abroadcast(b"in a loop"))
        loop.call_soon(loop.stop)
        loop.run_forever()  # its turn is over before it has the node see to the value
        future = replica.client.broadcast(b"in a thread")
        assert replica._host.client.next_seq == 3, "both are broadcast by now"
        assert future.result(PATIENCE_S).position == 2
        loop.run_until_complete(asyncio.wait_for(task, PATIENCE_S))
        loop.close()


def test_more_values_at_once_than_may_be_outstanding(only: Cluster) -> None:
    with only as cluster, made(cluster) as replica:
        with pytest.raises(ValueError, match="10001 values at once; 10000 may be outstanding"):
            replica.client.broadcast_all([b""] * 10_001)
        with pytest.raises(paxos.ValueTooLargeError):
            replica.client.broadcast_all([b"small", bytes((16 << 20) + 1)])
        assert replica.client.outstanding == 0


def test_what_is_outstanding_when_the_replica_is_closed(tmp_path: Path) -> None:
    with Cluster(tmp_path, proposers=3, learners=3, clients=3) as cluster:  # two are missing
        replica = made(cluster)
        future = replica.client.broadcast(b"nobody votes for it")
        replica.close()
        with pytest.raises(paxos.NotKnownError, match="1 value not known to be delivered"):
            future.result(0)
        with pytest.raises(paxos.ClosedError):
            replica.client.broadcast(b"too late")


def test_a_client_that_is_closed_leaves_its_replica(only: Cluster) -> None:
    with only as cluster, made(cluster) as replica:
        with replica.client as client:
            client.broadcast(b"one")
        with pytest.raises(paxos.ClosedError, match="the client of replica-1 is closed"):
            client.broadcast(b"two")
        assert replica.get(PATIENCE_S).value == b"one"
        client.close()


def test_a_replica_without_a_client(only: Cluster) -> None:
    with only as cluster:
        replica = paxos.Replica(cluster.config, 1, run_dir=cluster.run_dir)
        with replica, pytest.raises(TypeError, match="has_client=True"):
            _ = replica.client


def test_a_client_that_is_not_configured(tmp_path: Path) -> None:
    why = "client 3 is not in the configuration"
    with (
        Cluster(tmp_path, proposers=3, learners=3, clients=1) as cluster,
        pytest.raises(paxos.InputError, match=why),
    ):
        paxos.Replica(cluster.config, 3, has_client=True, run_dir=cluster.run_dir)
