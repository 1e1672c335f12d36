"""A node with several roles: what is handed over when, what is not sent, and who goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import pytest

from paxos.config import FaultRates, Groups
from paxos.core import events
from paxos.core.messages import Accept, Group, Heartbeat, Reject, encode_messages
from paxos.core.names import Member, ProcessName
from paxos.core.step import PromiseWrite
from paxos.errors import RunError
from paxos.runtime.envelope import Envelope, Received, bodies
from paxos.runtime.faults import Faults
from paxos.runtime.freshness import Freshness
from paxos.runtime.node import Node
from paxos.runtime.outbox import HELD_MESSAGES
from paxos.runtime.presence import Self
from paxos.runtime.seat import Seat, Surroundings
from tests.runtime.harness import MEMBERS, OUTSIDE, B, Fake, Harness, Quiet, Recorder

VOTER, NONCE = Member("acceptor", 1), 77


class Together(Harness):
    """A proposer and an acceptor in one node, each with an outside of its own."""

    def __init__(self) -> None:
        super().__init__(has_mates=True)
        self.outside = Recorder()
        self.voter = Fake()
        me = Self(VOTER, "cluster", NONCE, "host", 1)
        presence = Quiet(me, Freshness(), time.monotonic())
        presence.begin(1)
        around = Surroundings(
            groups=Groups(),
            envelope=Envelope(b"cluster!", "acceptor", 1, 1, MEMBERS, nonce=NONCE),
            datagram_bytes=1000,
            clock=self.own_clock,
            faults=Faults(FaultRates(), str(VOTER)),
            presence=presence,
            has_mates=True,
            unsent={Group.LEARNERS},
            **dict.fromkeys(OUTSIDE, cast("Any", self.outside)),
        )
        second = Seat(ProcessName(VOTER, 1), self.voter, around)
        self.node = Node([self.seat, second], self.stop)


@pytest.fixture
def together() -> Iterator[Together]:
    made = Together()
    yield made
    made.node.stop()


def test_what_is_handed_over_is_durable_and_traced(together: Together) -> None:
    heard: list[list[str]] = []

    def hear(sender: int, message: object, now_s: float) -> None:
        heard.append(list(together.world.done))

    together.voter.receive = hear  # type: ignore[method-assign]

    def propose() -> None:
        if not heard:
            together.role.step.writes.append(PromiseWrite(B))
            together.role.step.events.append(events.Phase2b(ballot=B, instance=1))
            together.role.step.send(Accept(B, 1, b"\x90"), Group.ACCEPTORS)

    together.role.on_flush = propose
    together.node.run_in_steps(lambda now_s: True)
    assert heard == [["save", "trace", "send"]]


@pytest.mark.parametrize("failing", ["save", "trace"])
def test_nothing_is_handed_over_of_a_step_that_failed(failing: str) -> None:
    together = Together()
    together.world.failing = failing
    together.seat._strict_trace = True

    def propose() -> None:
        together.role.step.writes.append(PromiseWrite(B))
        together.role.step.events.append(events.Phase2b(ballot=B, instance=1))
        together.role.step.send(Accept(B, 1, b"\x90"), Group.ACCEPTORS)

    together.role.on_flush = propose
    with pytest.raises(RunError):
        together.node.run_in_steps(lambda now_s: True)
    assert together.voter.received == []
    assert together.outside.done == [], "and it has done nothing since"
    assert together.node.stop()


def test_events_of_several_roles_have_clocks_in_causal_order(together: Together) -> None:
    together.role.on_flush = lambda: (
        None
        if together.voter.received
        else together.role.step.send(Accept(B, 1, b"\x90"), Group.ACCEPTORS)
    )
    stamped: list[int] = []
    together.world.write = lambda written: stamped.append(together.own_clock.tick())  # type: ignore[method-assign]
    together.outside.write = lambda written: stamped.append(together.own_clock.tick())  # type: ignore[method-assign]
    together.role.step.events.append(events.Phase2b(ballot=B, instance=1))
    together.voter.step.events.append(events.Phase2b(ballot=B, instance=1))
    together.node.run_in_steps(lambda now_s: True)
    assert stamped == sorted(set(stamped)) and len(stamped) == 2


def test_what_can_wait_is_handed_over_when_it_is_sent(together: Together) -> None:
    together.role.step.send_later(Heartbeat(B, 1), Group.ACCEPTORS)
    together.node.run_in_steps(lambda now_s: True)
    assert together.world.sent == [] and together.voter.received == []
    for n in range(2, HELD_MESSAGES + 1):
        together.role.step.send_later(Heartbeat(B, n), Group.ACCEPTORS)
    together.node.run_in_steps(lambda now_s: True)
    assert len(together.world.sent) == 1
    assert [m for _, m in together.voter.received] == [
        Heartbeat(B, n) for n in range(1, HELD_MESSAGES + 1)
    ]


def test_own_datagrams_are_dropped_unopened(together: Together) -> None:
    """Its roles have heard of them already; a namesake's, which has another nonce, are heard."""
    (body,) = bodies([encode_messages(Heartbeat(B, 1))], 60_000)
    own = Envelope(b"cluster!", "proposer", 1, 1, MEMBERS, nonce=NONCE).seal(1, body)
    other = Envelope(b"cluster!", "proposer", 1, 1, MEMBERS, nonce=NONCE + 1).seal(2, body)
    second = together.node.seats[1]
    together.outside.arrive(own, other, own)
    received = second.receive()
    assert [opened.nonce for opened in received if isinstance(opened, Received)] == [NONCE + 1]
    assert len(received) == 1


def test_to_a_group_that_is_in_this_process_nothing_is_sent(together: Together) -> None:
    together.voter.step.send(Heartbeat(B, 1), Group.LEARNERS, Group.PROPOSERS)
    together.node.run_in_steps(lambda now_s: True)
    assert [to for to, _ in together.outside.sent] == [Groups().proposers]
    assert together.role.received == [(1, Heartbeat(B, 1))]


def test_a_role_that_cannot_go_on_leaves_the_others(
    together: Together, capfd: pytest.CaptureFixture[str]
) -> None:
    together.voter.step.failure = "it is gone"
    together.node.run_in_steps(lambda now_s: True)
    said = capfd.readouterr().err
    assert said == "error: acceptor-1.1: it is gone; without it, this process goes on\n"
    together.role.step.send(Accept(B, 1, b"\x90"), Group.ACCEPTORS)
    together.node.run_in_steps(lambda now_s: True)
    assert together.voter.received == []
    assert len(together.world.sent) == 1


def test_a_role_that_cannot_go_on_hears_nothing(together: Together) -> None:
    together.node.start()
    together.voter.step.failure = "it is gone"
    together.node.act(together.node.seats[1], lambda now_s: None)
    for heard in (1, 2):  # the first may come while it still listens
        together.outside.arrive(together.datagram(Reject(B)))
        together.world.arrive(together.datagram(Reject(B)))
        together.wait(partial(lambda count: len(together.role.received) == count, heard))
    assert together.outside.arriving, "nobody listens there"
    assert not together.voter.received
    assert together.node.stop()


def test_one_that_is_alone_ends_its_process() -> None:
    harness = Harness()
    harness.role.step.failure = "it is gone"
    with pytest.raises(RunError, match="it is gone"):
        harness.node.run_in_steps(lambda now_s: True)
