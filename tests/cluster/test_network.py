"""What real networks do: interfaces that go and come back, and packets that are lost for their
size. Each process is on a host of its own. Skipped where the machine cannot have such hosts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.hosts import Hosts, missing
from tests.cluster.processes import conformance, wait_for

pytestmark = pytest.mark.multicast

LARGE = [b"%d " % n + b"x" * 20_000 for n in range(5)]
SMALL = [b"value %d" % n for n in range(300)]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    if reason := missing("ip", "iptables"):
        pytest.skip(reason)
    with Hosts(tmp_path, learners=1, proposers=1) as made:
        made.start_all(proposers=1, learners=1)
        made.start("client-1")
        made.say("client-1", b"first")
        made.wait_delivered(1, "learner-1")
        yield made


def said(hosts: Hosts, name: str, text: str) -> bool:
    return text in hosts.log(name).read_text(encoding="utf-8")


def finish(hosts: Hosts, values: list[bytes]) -> None:
    hosts.wait_delivered(len(values) + 1, "learner-1")
    hosts.stop()
    assert sorted(hosts.lines("learner-1")) == sorted([b"first", *values])
    conformance(hosts.run_dir)


def test_an_interface_that_is_made_again(hosts: Hosts) -> None:
    """Of one who mostly hears, of one who answers, and of one who leads."""
    sent = []
    for name in ("learner-1", "acceptor-1", "proposer-1", "client-1"):
        hosts.destroy_interface(name)
        wait_for(partial(said, hosts, name, "interface eth0 is gone"), "word of it")
        hosts.make_interface(name)
        wait_for(partial(said, hosts, name, "interface eth0 is back"), "word of it")
        sent.append(b"with another interface at " + name.encode())
        hosts.say("client-1", sent[-1])
        hosts.wait_delivered(1 + len(sent), "learner-1")
        assert hosts.log(name).read_text(encoding="utf-8").count("interface eth0") == 2
    finish(hosts, sent)


def test_an_interface_that_is_made_again_while_nobody_looks(hosts: Hosts) -> None:
    """It is another one, and has all that the old one had."""
    hosts.destroy_interface("learner-1")
    hosts.make_interface("learner-1")
    hosts.say("client-1", *SMALL)
    finish(hosts, SMALL)


def test_fragments_are_lost(hosts: Hosts) -> None:
    """Large values, and many small ones, arrive: what IP would cut is sent in parts."""
    for name in hosts.processes:
        hosts.drop(name, "-f")
    hosts.say("client-1", *SMALL, *LARGE)
    hosts.wait_delivered(1 + len(SMALL) + len(LARGE), "learner-1")
    counted = hosts.on_host("learner-1", "iptables", "-w", "-t", "raw", "-nvxL", "PREROUTING")
    assert counted.splitlines()[2].split()[0] == "0", "no fragment was sent at all"
    finish(hosts, SMALL + LARGE)


def test_a_path_that_carries_less_than_the_interface(hosts: Hosts) -> None:
    """The senders find out, and say so."""
    for name in hosts.processes:
        hosts.drop(name, "-p", "udp", "-m", "length", "--length", "1301:65535")
    hosts.say("client-1", *SMALL, *LARGE)
    finish(hosts, SMALL + LARGE)
    assert said(hosts, "client-1", "packets of more than 1")
    assert said(hosts, "proposer-1", "packets of more than 1")
