"""Links in the simulation: a rate and a queue, what does not fit, and what is counted."""

from __future__ import annotations

from collections import Counter
from math import inf
from random import Random
from typing import Any

import pytest

from harness.simulation import network_faults
from harness.simulation import run as run_module
from harness.simulation.cluster import Shape, Simulation
from harness.simulation.link import Link, packets, wire_bytes
from harness.simulation.plan import Request, draw
from harness.simulation.process import Process
from harness.simulation.run import simulate
from paxos.core.ballot import Ballot
from paxos.core.messages import Group, Heartbeat, Message, decode_messages, encode_messages
from paxos.core.names import Member
from paxos.core.settings import Settings
from paxos.datagram import HEADER_BYTES
from tests.simulation.congestion import MBIT, goodput

PAYLOAD = 972
"""1,000 bytes as a packet."""


@pytest.mark.parametrize(
    ("datagram_bytes", "sizes"),
    [
        (0, [28]),
        (1_400, [1_428]),
        (1_472, [1_500]),
        (1_473, [1_500, 21]),
        (2_952, [1_500, 1_500]),
        (65_507, [1_500] * 44 + [415]),
    ],
)
def test_a_large_datagram_travels_in_fragments(datagram_bytes: int, sizes: list[int]) -> None:
    assert list(packets(datagram_bytes)) == sizes
    headers = 8 + 20 * len(sizes)
    assert wire_bytes(datagram_bytes) == datagram_bytes + headers


class Wire:
    """A link, and when what got through it arrived."""

    def __init__(self, rate_bytes_s: float, queue_bytes: float) -> None:
        self.world = Simulation(0, Settings(), Shape(0, 0, 0))
        self.link = Link(self.world.schedule, rate_bytes_s, queue_bytes)
        self.arrived: list[tuple[float, str]] = []

    def carry(self, name: str, datagram_bytes: int = PAYLOAD) -> bool:
        return self.link.carry(self.world.now_s, datagram_bytes, self._arrive, name)

    def _arrive(self, at_s: float, name: str) -> None:
        assert at_s == pytest.approx(self.world.now_s)
        self.arrived.append((round(at_s, 6), name))


def test_datagrams_leave_one_after_another_at_the_rate() -> None:
    wire = Wire(10_000, inf)
    assert wire.carry("a") and wire.carry("b")
    wire.world.run(1.0)
    wire.carry("c")
    wire.world.run(2.0)
    assert wire.arrived == [(0.1, "a"), (0.2, "b"), (1.1, "c")]


def test_what_the_queue_has_no_room_for_is_lost() -> None:
    wire = Wire(10_000, 2_500)
    assert [wire.carry(name) for name in "abc"] == [True, True, False]
    assert wire.carry("small", 400)
    wire.world.run(0.15)  # one has left
    assert wire.carry("d")
    wire.world.run(1.0)
    assert [name for _, name in wire.arrived] == ["a", "b", "small", "d"]


def test_fragments_that_fit_use_the_link_for_nothing() -> None:
    wire = Wire(10_000, 3_500)
    assert not wire.carry("large", 4_000)  # 1,500, 1,500 and 1,068
    assert wire.carry("small", 400)
    wire.world.run(1.0)
    assert wire.arrived == [(0.3428, "small")]


def test_a_link_gets_faster_and_slower() -> None:
    wire = Wire(10_000, inf)
    for name in "abcd":
        wire.carry(name)
    wire.world.run(0.15)
    wire.link.rate_bytes_s = 1_000  # the one under way goes on as it began
    wire.world.run(0.7)
    wire.link.rate_bytes_s = inf
    wire.world.run(5.0)
    assert wire.arrived == [(0.1, "a"), (0.2, "b"), (1.2, "c"), (1.2, "d")]


class Idle(Process):
    """Starts nothing by itself, and keeps what arrives."""

    def start(self) -> None:
        super().start()
        self.hold()
        self.arrived: list[tuple[float, list[Message]]] = []

    def arrive(self, at_s: float, sender: int, clock: int, body: bytes) -> None:
        self.arrived.append((round(at_s, 4), decode_messages(body)))


def idle(**shape: Any) -> Simulation:
    world = Simulation(0, Settings(), Shape(**shape), parts={"process": Idle})
    world.network.sent.clear()
    return world


BALLOT = Ballot(1, 1)
BEAT = Heartbeat(BALLOT, 0)


PROPOSER = Member("proposer", 1)


def send(world: Simulation, group: Group, sender: Member = PROPOSER) -> None:
    body = encode_messages([BEAT])
    world.send(world.processes[sender], group, [BEAT], body, 1)


def size() -> int:
    return wire_bytes(len(encode_messages([BEAT])) + HEADER_BYTES)


def arrivals(world: Simulation, role: str) -> list[float]:
    """When each process of a role heard, in delays of a fast network."""
    world.run(10.0)
    processes = world.of(role)
    return [at_s for p in processes if isinstance(p, Idle) for at_s, _ in p.arrived]


def test_a_multicast_uses_its_senders_link_once() -> None:
    world = idle(learners=2)
    world.network.egress[Member("proposer", 1)] = Link(world.schedule, size(), inf)
    send(world, Group.LEARNERS)
    send(world, Group.ACCEPTORS)
    assert arrivals(world, "learner") == pytest.approx([1.0, 1.0], abs=0.01)
    assert arrivals(world, "acceptor") == pytest.approx([2.0, 2.0, 2.0], abs=0.01)


def test_each_receiver_has_a_link_of_its_own() -> None:
    world = idle(learners=2)
    world.network.ingress[Member("learner", 1)] = Link(world.schedule, size() / 2, inf)
    world.network.ingress[Member("acceptor", 1)] = Link(world.schedule, size(), size())
    send(world, Group.LEARNERS)
    send(world, Group.ACCEPTORS)
    send(world, Group.ACCEPTORS, Member("proposer", 2))
    assert arrivals(world, "learner") == pytest.approx([2.0, 0.0], abs=0.01)
    assert arrivals(world, "acceptor") == pytest.approx([1.0, *[0.0] * 4], abs=0.01)
    assert world.injected == {"queue full": 1}


def test_what_a_process_sends_itself_does_not_come_back_over_its_link() -> None:
    world = idle(proposers=2)
    for key in (Member("proposer", 1), Member("proposer", 2)):
        world.network.ingress[key] = Link(world.schedule, size(), inf)
    send(world, Group.PROPOSERS)
    assert arrivals(world, "proposer") == pytest.approx([0.0, 1.0], abs=0.01)


def test_a_limit_that_is_lifted_lets_what_waits_through_and_loses_nothing() -> None:
    world = idle(learners=1)
    links, key = world.network.egress, Member("proposer", 1)
    world.network.limit(links, key, size(), 10 * size())
    for _ in range(5):
        send(world, Group.LEARNERS)
    world.run(0.5)
    world.network.lift(links, key)
    for _ in range(20):
        send(world, Group.LEARNERS)
    assert arrivals(world, "learner") == pytest.approx([1.0] * 25, abs=0.01)
    assert not world.injected
    world.network.limit(links, key, size() / 2, size())
    send(world, Group.LEARNERS)
    world.run(20.0)
    assert max(arrivals(world, "learner")) == pytest.approx(12.0, abs=0.01)


def test_the_nemesis_makes_links_slow_within_what_is_promised() -> None:
    how_many = set()
    slowest, fastest = (rate * MBIT for rate in network_faults.RATES_MBIT)
    for seed in range(100):
        world = idle()
        _, undo = network_faults.link(world, Random(seed))
        links = [*world.network.egress.values(), *world.network.ingress.values()]
        keys = {*world.network.egress, *world.network.ingress}
        how_many.add("one" if len(keys) == 1 else "all" if len(keys) == 9 else "some")
        for link in links:
            assert slowest <= link.rate_bytes_s <= fastest
            assert link.queue_bytes >= 10 * wire_bytes(1_400)
            assert link.queue_bytes <= max(10 * wire_bytes(1_400), link.rate_bytes_s)
        undo()
        assert all(link.rate_bytes_s == link.queue_bytes == inf for link in links)
    assert how_many == {"one", "some", "all"}


def test_what_is_sent_is_counted_once_a_multicast_and_by_type() -> None:
    world = idle()
    proposer = world.process("proposer", 1)
    proposer._transmit([(group, BEAT) for group in (Group.LEARNERS, Group.ACCEPTORS)])
    sent = world.network.sent[Member("proposer", 1)]
    assert (sent.datagrams, sent.wire_bytes) == (2, 2 * size())
    assert sent.messages == {"Heartbeat": 2}
    assert sent.message_bytes == {"Heartbeat": 2 * len(encode_messages([BEAT]))}


def test_packed_messages_share_datagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, those to a group together, none larger than it may be."""
    world = idle(packed=True, learners=1)
    send = world.network.send

    def check(*arguments: Any) -> None:
        *_, messages, body, _ = arguments
        assert list(messages) == decode_messages(body)
        assert len(body) <= world.settings.message_bytes + 3
        send(*arguments)

    monkeypatch.setattr(world.network, "send", check)
    beats = [Heartbeat(BALLOT, top) for top in range(5_000)]
    groups = [Group.LEARNERS, Group.PROPOSERS]
    world.process("proposer", 1)._transmit([(g, beat) for beat in beats for g in groups])
    world.run(1.0)
    for process in (world.process("learner", 1), world.process("proposer", 2)):
        assert isinstance(process, Idle)
        said = sorted(messages[0].top for _, messages in process.arrived)  # type: ignore[union-attr]
        assert 1 < len(said) < 20
        heard = sorted(
            (message for _, messages in process.arrived for message in messages),
            key=lambda message: getattr(message, "top", -1),
        )
        assert heard == beats
    sent = world.network.sent[Member("proposer", 1)]
    assert sent.messages == {"Heartbeat": 10_000}
    assert sent.datagrams < 40


def test_a_run_with_links_that_limit_nothing_is_the_run_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Event for event, in packed runs and in others."""

    class Linked(Simulation):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            for key in self.processes:
                self.network.egress[key] = Link(self.schedule, inf, inf)
                self.network.ingress[key] = Link(self.schedule, inf, inf)

    requests = [Request(seed, 2_000) for seed in range(6)]
    assert {draw(request).shape.packed for request in requests} == {True, False}
    without = [simulate(request).digest for request in requests]
    monkeypatch.setattr(run_module, "Simulation", Linked)
    assert [simulate(request).digest for request in requests] == without


def test_a_cluster_on_a_fast_link_is_measured() -> None:
    """The measuring device itself."""
    result = goodput(1_000 * MBIT, 1.0, values=200, value_bytes=1_000)
    assert result.is_complete
    assert result.value_bytes == 200_000
    assert sum(result.shares(0.0, inf)) == 200
    assert result.goodput_bytes_s <= 1_000 * MBIT
    assert result.sent_bytes > result.by_type["Accept"] > result.value_bytes
    assert result.sent_bytes == sum(result.sent.values()) == result.by_type.total()


def test_a_cluster_on_a_slow_link_delivers_no_more_than_it_carries() -> None:
    result = goodput(MBIT / 10, 0.5, values=20, value_bytes=1_000, limit_s=5.0)
    assert 0 < result.goodput_bytes_s <= MBIT / 10
    assert result.delivered_at(0.05) == 0, "12,500 bytes a second: a value takes 0.08 s"
    assert isinstance(result.injected, Counter)
