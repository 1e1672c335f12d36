"""Multicast sockets, for real, on the loopback interface."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

import pytest

from paxos.config import Config, Endpoint, Groups
from paxos.errors import InputError
from paxos.runtime.groups import ChosenGroups
from paxos.runtime.multicast import DRAIN, DRAIN_BYTES, Multicast
from paxos.runtime.socket_filter import marked, of_others

pytestmark = pytest.mark.multicast


@pytest.fixture
def groups() -> Iterator[Groups]:
    with ChosenGroups(Config()) as chosen:
        assert chosen.groups
        yield chosen.groups


def receive(node: Multicast, count: int) -> list[bytes]:
    datagrams: list[bytes] = []
    until = time.monotonic() + 5
    while len(datagrams) < count and time.monotonic() < until:
        datagrams += node.receive(0.1)
    return datagrams


@pytest.mark.parametrize("interface", ["127.0.0.1", "lo"])
def test_every_process_of_a_role_hears_its_group(groups: Groups, interface: str) -> None:
    if interface == "lo" and "lo" not in [name for _, name in socket.if_nameindex()]:
        pytest.skip("the loopback interface has another name here")
    one, two = (Multicast(groups.learners, interface, 0) for _ in range(2))
    other = Multicast(groups.clients, interface, 0)
    other.send(groups.learners, b"headbody")
    one.send(groups.learners, b"from one")
    for node in (one, two):
        assert receive(node, 2) == [b"headbody", b"from one"]
    assert other.receive(0.0) == []
    for node in (one, two, other):
        node.close()


def test_a_burst_waits_in_the_buffer(groups: Groups) -> None:
    node = Multicast(groups.learners, "127.0.0.1", 0)
    sent = [b"%d" % n + bytes(1000) for n in range(100)]
    for datagram in sent:
        node.send(groups.learners, datagram)
    assert receive(node, 100) == sent
    assert node.receive_buffer_bytes >= 200_000
    node.close()


def test_draining_is_bounded(groups: Groups) -> None:
    node = Multicast(groups.learners, "127.0.0.1", 0)
    for _ in range(DRAIN + 1):
        node.send(groups.learners, b"x")
    assert len(node.receive(1.0)) == DRAIN
    assert len(node.receive(1.0)) == 1
    node.close()


@pytest.mark.parametrize("take", ["receive", "receive_from"])
def test_draining_large_datagrams_is_bounded(groups: Groups, take: str) -> None:
    node = Multicast(groups.learners, "127.0.0.1", 0)
    size = DRAIN_BYTES // 32
    for _ in range(35):
        node.send(groups.learners, bytes(size))
    assert [len(getattr(node, take)(1.0)) for _ in range(2)] == [32, 3]
    node.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a filter of Linux")
def test_what_is_marked_is_dropped_by_the_kernel(groups: Groups) -> None:
    """So it wakes nobody. What is too short to be marked, or marked elsewhere, is heard."""
    mark = bytes(range(1, 9))
    node, mouth = (Multicast(groups.learners, "127.0.0.1", 0) for _ in range(2))
    node.ignore(marked(13, mark))
    heard = [b"", b"short", bytes(13) + mark[:-1], bytes(12) + mark + b"x", bytes(30)]
    heard += [bytes(13) + b"\0" + mark[1:], bytes(13) + mark[:-1] + b"\0"]
    for datagram in (bytes(13) + mark, bytes(13) + mark + bytes(100), *heard):
        mouth.send(groups.learners, datagram)
    assert receive(node, len(heard)) == heard
    node._listen_anew()
    mouth.send(groups.learners, bytes(13) + mark)
    mouth.send(groups.learners, b"heard")
    assert receive(node, 1) == [b"heard"], "also with another socket"
    for one in (node, mouth):
        one.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a filter of Linux")
@pytest.mark.parametrize("bit", [0, 31, 32, 63])
def test_what_is_for_others_is_dropped_by_the_kernel(groups: Groups, bit: int) -> None:
    """Beside what is marked. What begins otherwise, or is too short, is heard."""
    mark, own = bytes(range(1, 9)), 1 << bit
    node, mouth = (Multicast(groups.clients, "127.0.0.1", 0) for _ in range(2))
    node.ignore(marked(20, mark))
    node.ignore(of_others(b"abc", 5, own))

    def datagram(to: int, start: bytes = b"abcd-") -> bytes:
        return start + to.to_bytes(8) + bytes(7) + b"end"

    everybody = 2**64 - 1
    heard = [datagram(own), datagram(everybody), datagram(0, b"abx--"), b"abcd-", b""]
    for said in (datagram(0), datagram(everybody - own), bytes(20) + mark, *heard):
        mouth.send(groups.clients, said)
    assert receive(node, len(heard)) == heard
    for one in (node, mouth):
        one.close()


def test_the_largest_datagram(groups: Groups) -> None:
    node = Multicast(groups.learners, "127.0.0.1", 0)
    node.send(groups.learners, bytes(65_507))
    assert [len(d) for d in receive(node, 1)] == [65_507]
    with pytest.raises(OSError, match="too long"):
        node.send(groups.learners, bytes(65_508))
    node.close()


@pytest.mark.parametrize(
    "interface", ["203.0.113.7", "no-such-if", "999.1.1.1", "not valid at all!"]
)
def test_an_interface_that_is_not_there(groups: Groups, interface: str) -> None:
    with pytest.raises(InputError, match="no network interface"):
        Multicast(groups.learners, interface, 0)


def test_a_busy_port(groups: Groups) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", groups.learners.port))
        with pytest.raises(InputError, match=f"port {groups.learners.port} .* in use"):
            Multicast(groups.learners, "127.0.0.1", 0)


def test_choices_do_not_meet() -> None:
    chosen = [ChosenGroups(Config()) for _ in range(8)]
    ports = [getattr(c.groups, role).port for c in chosen for role in Groups.__struct_fields__]
    assert len(set(ports)) == len(ports) == 32
    assert len({c.cluster for c in chosen}) == 8
    for choice in chosen:
        choice.__exit__()


def test_what_is_configured_is_kept() -> None:
    groups = Groups(clients=Endpoint("239.1.1.1", 5555))
    with ChosenGroups(Config(groups=groups, cluster="mine")) as chosen:
        assert (chosen.groups, chosen.cluster) == (groups, "mine")
