"""Which clients a datagram is for: all that it is about hear it, and hardly anybody else."""

from __future__ import annotations

from functools import partial

import pytest

from paxos.core.messages import Delivered, Fate, Group, Message, Outcome, Outcomes
from paxos.core.names import Member
from paxos.runtime.addressing import (
    EVERYBODY,
    EVERYBODY_S,
    Addressing,
    about,
    address,
    of_presence,
)
from paxos.runtime.hello import Hello, Reason, Unheard
from tests.runtime.harness import Harness

FIRST, SECOND = Delivered(9, [("1.1", 1, 5)]), Delivered(9, [("2.7", 1, 5)])


@pytest.mark.parametrize(
    ("messages", "clients"),
    [
        ([FIRST], {1}),
        ([FIRST, SECOND], {1, 2}),
        ([Delivered(9, [("1.1", 1, 5)], [("3.1", 6, 2, 8)])], {1, 3}),
        ([Outcomes([Outcome("5.1", 1, 5, Fate.DELIVERED, 3, 4)]), FIRST], {1, 5}),
        ([Delivered(9, [("65.1", 1, 5)])], {1}),
    ],
)
def test_those_that_messages_are_about_hear_them(
    messages: list[Message], clients: set[int]
) -> None:
    bits = about(messages)
    assert {client for client in range(64) if bits & address(client)} == clients


def test_what_is_about_nobody_is_for_everybody() -> None:
    assert about([FIRST, Delivered(9, [])]) == EVERYBODY


def test_everybody_hears_now_and_then_that_learners_are_there() -> None:
    addressing = Addressing(synod=False)
    said = [addressing.of([FIRST], n * EVERYBODY_S / 4) == EVERYBODY for n in range(9)]
    assert said == [True, False, False, False] * 2 + [True]


def test_all_clients_of_a_synod_hear_that_a_value_is_chosen() -> None:
    addressing = Addressing(synod=True)
    assert [addressing.of([FIRST], 0.0) for _ in range(3)] == [EVERYBODY] * 3


def test_namesakes_hear_of_a_client_and_all_clients_of_others() -> None:
    hello = Hello(1, False, 0, "", 7)
    assert of_presence(hello, Member("client", 66)) == address(2)
    assert of_presence(hello, Member("proposer", 66)) == EVERYBODY
    unheard = Unheard(3, 1, Reason.EARLIER, 1, 0, 2, 0)
    assert of_presence(unheard, Member("proposer", 1)) == address(3)


def say(harness: Harness, message: Message, group: Group) -> None:
    harness.role.step.send(message, group)


def test_a_seat_addresses_what_it_sends_to_clients() -> None:
    harness = Harness()
    try:
        sent = harness.world.sent
        for message, group in [(FIRST, Group.CLIENTS)] * 2 + [(FIRST, Group.PROPOSERS)]:
            harness.role.on_flush = partial(say, harness, message, group)
            harness.node.run_in_steps(lambda now_s: True)
        to = [int.from_bytes(datagram[45:53]) for _, datagram in sent]
        assert to == [EVERYBODY, address(1), EVERYBODY]
    finally:
        harness.node.stop()
