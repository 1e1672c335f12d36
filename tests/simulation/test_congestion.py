"""Slow links: values get through near the rate of the link, at little more cost than on a fast one,
and at once when it is fast again.

What is counted is in `tests.simulation.congestion`. Rates are of all links of all processes, each
on a host of its own, and goodput is of values alone. Every event is replayed against the
specification. No run depends on how fast this machine is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from harness.simulation.network import Faults
from paxos.config import override
from paxos.core.names import Member
from paxos.core.proposer import Proposer
from tests.simulation.congestion import DEFAULT, ELECTION_S, MBIT, Cluster, draw, goodput, problems

SECONDS = {0.1: 8.0, 1.0: 4.0, 10.0: 2.0, 100.0: 0.4}
"""By rate in Mbit/s: how long a load takes that uses all of it."""

RESUMES_S = 5.0
"""Within so long after a leader's crash values get through again on a link of 1 Mbit/s."""


@pytest.mark.parametrize("queue_s", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("rate_mbit", SECONDS)
def test_values_get_through_near_the_rate_of_the_link(rate_mbit: float, queue_s: float) -> None:
    """Half of it, and at 0.1 Mbit/s a quarter; and twice the bytes that are needed at most."""
    values = int(SECONDS[rate_mbit] * rate_mbit * MBIT / 1_000)
    assert problems(rate_mbit, queue_s, values=values) == []


@pytest.mark.parametrize("seed", range(3))
def test_so_do_they_on_links_that_are_drawn(seed: int) -> None:
    """More of them with `make soak`."""
    rate_mbit, queue_s, load = draw(seed)
    assert problems(rate_mbit, queue_s, **load) == []


def begun(*, clients: int = 1, rate_mbit: float = 1.0, queue_s: float = 0.5) -> Cluster:
    """A cluster whose leader leads, on such links."""
    cluster = Cluster(override(DEFAULT, clients=clients))
    cluster.limit(rate_mbit * MBIT, queue_s)
    cluster.run(ELECTION_S)
    cluster.begin()
    return cluster


def go_on(cluster: Cluster, seconds: float) -> None:
    cluster.run(cluster.world.now_s + seconds)


@pytest.mark.parametrize("rate_mbit", [0.1, 1.0, 10.0])
def test_when_the_limit_is_lifted_all_is_delivered_within_two_seconds(rate_mbit: float) -> None:
    cluster = begun(rate_mbit=rate_mbit)
    cluster.submit(1, int(6 * rate_mbit * MBIT / 1_000), 1_000)
    go_on(cluster, 4.0)
    assert not cluster.all_delivered(), "the link is slow"
    cluster.lift()
    assert cluster.run(cluster.world.now_s + 2.0, cluster.all_delivered)


@pytest.mark.parametrize("clients", [2, 4])
def test_clients_share_the_leaders_link_fairly(clients: int) -> None:
    """By Jain's index: 1 is equal shares, and 1/n all for one of n."""
    cluster = begun(clients=clients)
    for client in range(1, clients + 1):
        cluster.submit(client, 1_000, 1_000)
    go_on(cluster, 12.0)
    shares = cluster.result().shares(2.0, 12.0)
    assert sum(shares) > 12.0 * MBIT / 1_000 / 4, "the link is used"
    assert sum(shares) ** 2 / (clients * sum(share**2 for share in shares)) >= 0.8, shares


def test_a_link_may_get_slower_and_faster() -> None:
    """What is under way fits the new rate within a second, and uses a quarter of it at least."""
    cluster = begun(rate_mbit=6.0)
    cluster.submit(1, 8_000, 1_000)
    for rate_mbit in (6.0, 1.0, 3.0, 0.5, 6.0):
        cluster.limit(rate_mbit * MBIT, 0.3)
        go_on(cluster, 1.0)
        before = len(cluster.slowest())
        go_on(cluster, 2.0)
        delivered = (len(cluster.slowest()) - before) * 1_000
        assert delivered >= 2.0 * rate_mbit * MBIT / 4, rate_mbit


def test_random_loss_is_not_congestion() -> None:
    """One datagram in ten is lost for each receiver, on links that are not full."""
    values = 1_000
    without = goodput(10 * MBIT, 0.3, values=values)
    cluster = begun(rate_mbit=10.0, queue_s=0.3)
    cluster.world.network.faults = Faults(loss=0.1)
    cluster.submit(1, values, 1_000)
    assert cluster.run(cluster.world.now_s + 6 * without.seconds, cluster.all_delivered)


def leader(cluster: Cluster) -> Member:
    (process,) = [
        process
        for process in cluster.world.of("proposer")
        if isinstance(process.role, Proposer) and process.role.election.ballot is not None
    ]
    return process.key


def test_after_a_leaders_crash_values_get_through_again() -> None:
    cluster = begun()
    cluster.submit(1, 1_500, 1_000)
    go_on(cluster, 3.0)
    crashed = leader(cluster)
    cluster.world.crash(*crashed)
    go_on(cluster, 0.5)  # what was under way has arrived
    before = len(cluster.slowest())
    assert cluster.run(
        cluster.world.now_s + RESUMES_S, lambda: len(cluster.slowest()) > before + 10
    )
    began_s = cluster.world.now_s - cluster.began_s
    go_on(cluster, 4.0)
    assert len(cluster.result().delivered(began_s, began_s + 4.0)) >= 4.0 * MBIT / 1_000 / 4
    cluster.world.restart(*crashed)
    go_on(cluster, 1.0)
    before = len(cluster.slowest())
    go_on(cluster, 4.0)
    assert (len(cluster.slowest()) - before) >= 4.0 * MBIT / 1_000 / 4, "it takes nothing back"


def test_a_late_learner_catches_up_and_holds_up_nobody() -> None:
    cluster = begun()
    cluster.world.crash("learner", 2)
    cluster.submit(1, 1_000, 1_000)
    go_on(cluster, 6.0)
    one, two = cluster.world.of("learner")
    cluster.world.restart("learner", 2)
    counts = [len(one.output)]
    while not cluster.all_delivered() and cluster.world.now_s < 120:
        go_on(cluster, 3.0)
        counts.append(len(one.output))
    assert cluster.all_delivered(), (len(one.output), len(two.output))
    assert_goes_on(counts, 3.0 * MBIT / 1_000 / 8, cluster.broadcast)


def assert_goes_on(counts: Sequence[int], least: float, all_of_them: int) -> None:
    """In each interval so many more are delivered, until all are."""
    for before, after in pairwise(counts):
        assert after == all_of_them or after - before >= least, counts
