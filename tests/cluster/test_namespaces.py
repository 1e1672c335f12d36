"""A real network: each process on a host of its own, cables pulled and put in again, datagrams lost
on the way. Skipped where the machine cannot have such hosts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.hosts import Hosts, missing
from tests.cluster.processes import conformance, wait_for

pytestmark = pytest.mark.multicast


@pytest.fixture
def hosts(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hosts]:
    programs = getattr(request, "param", ["ip"])
    if reason := missing(*programs):
        pytest.skip(reason)
    with Hosts(tmp_path, learners=2) as made:
        made.start_all()
        made.start("client-1")
        yield made


def numbered(first: int, last: int) -> list[bytes]:
    return [b"value %d" % n for n in range(first, last + 1)]


def finish(hosts: Hosts, count: int) -> None:
    hosts.wait_delivered(count, "learner-1", "learner-2")
    hosts.stop()
    assert hosts.lines("learner-1") == hosts.lines("learner-2")
    assert Counter(hosts.lines("learner-1")) == Counter(numbered(1, count))
    conformance(hosts.run_dir)


def test_links_are_cut_and_heal(hosts: Hosts) -> None:
    hosts.say("client-1", *numbered(1, 50))
    hosts.wait_delivered(50, "learner-1", "learner-2")
    leader = hosts.leader()
    other = "proposer-1" if leader == "proposer-2" else "proposer-2"

    hosts.cut("acceptor-1", "learner-2", leader)  # a minority, and the leader: another takes over
    hosts.say("client-1", *numbered(51, 100))
    hosts.wait_delivered(100, "learner-1")
    assert len(hosts.lines("learner-2")) == 50
    assert hosts.leader() == other
    hosts.heal("acceptor-1", "learner-2", leader)  # the old leader still believes that it leads
    hosts.say("client-1", *numbered(101, 150))
    hosts.wait_delivered(150, "learner-1", "learner-2")

    hosts.cut("acceptor-2", "acceptor-3")  # a majority: nothing is decided
    trace = hosts.run_dir / "acceptor-1.1.ndjson"
    size = trace.stat().st_size
    hosts.say("client-1", *numbered(151, 200))
    wait_for(lambda: trace.stat().st_size > size, "vote of the acceptor that is left")
    hosts.kill("acceptor-1")
    assert len(hosts.lines("learner-1")) == 150
    hosts.heal("acceptor-2", "acceptor-3")
    hosts.start("acceptor-1")
    finish(hosts, 200)


@pytest.mark.parametrize("hosts", [["ip", "iptables"]], indirect=True)
def test_datagrams_are_lost_on_the_way(hosts: Hosts) -> None:
    everybody = list(hosts.processes)
    hosts.lose(0.2, *everybody)
    for first in range(1, 301, 20):
        hosts.say("client-1", *numbered(first, first + 19))
        hosts.wait_delivered(first + 9, "learner-1")
    leader = hosts.leader()
    assert all(hosts.lost(name) for name in everybody)
    hosts.wait_delivered(300, "learner-1", "learner-2")
    hosts.lose(1.0, "acceptor-1", leader)  # one way: they are heard by all, and hear nobody
    hosts.say("client-1", *numbered(301, 350))
    time.sleep(1.0)  # while the leader's heartbeats say that all is well
    hosts.lose_no_more(1.0, "acceptor-1", leader)
    finish(hosts, 350)
