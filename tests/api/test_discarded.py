"""Values that learners discard for want of room: what their futures say is what learners do."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from random import Random

from paxos import Client, DiscardedError, Learner, Place
from paxos.config import FaultRates
from tests.cluster.processes import Cluster, conformance

PATIENCE_S = 60.0


def test_a_future_says_that_a_value_is_discarded_and_then_nobody_has_it(tmp_path: Path) -> None:
    """There is hardly room for the values that clients have under way at a time."""
    limits = {"datagram_bytes": 512, "max_value_bytes": 900, "clients": 6, "learners": 1}
    with Cluster(tmp_path, proposers=1, **limits, faults=FaultRates(loss=0.1)) as cluster:
        cluster.start_all(proposers=1, learners=0)
        with ExitStack() as stack:
            learner = stack.enter_context(Learner(cluster.config, 1, run_dir=cluster.run_dir))
            clients = [Client(cluster.config, n, run_dir=cluster.run_dir) for n in range(1, 7)]
            futures: dict[bytes, Future[Place]] = {}
            for client in map(stack.enter_context, clients):
                for _ in range(20):
                    value = Random(len(futures)).randbytes(900)
                    futures[value] = client.broadcast(value, PATIENCE_S)
            places: dict[int, bytes] = {}
            discarded = 0
            for value, future in futures.items():
                error = future.exception(PATIENCE_S)
                assert error is None or type(error) is DiscardedError, error
                if error is None:
                    places[future.result().position] = value
                else:
                    discarded += 1
            got = [learner.get(PATIENCE_S) for _ in places]
            assert all(client.outstanding == 0 for client in clients)
        assert 0 < discarded < len(futures)
        assert {delivered.position: delivered.value for delivered in got} == places
        cluster.stop()
        conformance(cluster.run_dir)
