"""Values in parts, from the client that cuts them to learners that put them together."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos.core import client as client_module
from paxos.core.ballot import Ballot
from paxos.core.batch import Packet, encode_batch, is_part, unpack
from paxos.core.client import Client, ValueTooLargeError
from paxos.core.events import Broadcast
from paxos.core.learner import Learner
from paxos.core.messages import (
    Decide,
    Delivered,
    Fate,
    Group,
    Inquire,
    Message,
    Outcome,
    Outcomes,
    Submit,
)
from paxos.core.settings import Settings
from paxos.core.standing import Standing
from paxos.core.step import Delivery, Step

B = Ballot(1, 1)
SMALL = Settings(max_batch=100, message_bytes=400, max_value_bytes=10_000, first_messages=64)
LARGE = bytes(range(256)) * 4


def packets(step: Step) -> list[Packet]:
    """What a client submits."""
    return [p for _, message in step.sends if isinstance(message, Submit) for p in message.packets]


def submit(client: Client, *values: bytes) -> list[Packet]:
    client.submit(values, 0.0)
    return packets(client.flush(0.0))


def decide(learner: Learner, *batches: list[Packet], first: int = 1) -> Step:
    for instance, batch in enumerate(batches, first):
        learner.receive(1, Decide(B, instance, encode_batch(batch)), 0.0)
    return learner.flush(0.0)


def values(step: Step) -> list[bytes]:
    return [value for delivery in step.deliveries for value in unpack(delivery.packet)]


def said(step: Step, kind: type[Message], group: Group) -> list[Message]:
    return [message for to, message in step.sends if to is group and isinstance(message, kind)]


def give(client: Client, *messages: Message) -> Step:
    for message in messages:
        client.receive(1, message, 1.0)
    return client.flush(1.0)


# The client.


def test_a_large_value_is_cut_in_its_place() -> None:
    client = Client(SMALL, "1.1", 0.0)
    cut = submit(client, b"a", b"b", LARGE, b"c")
    assert [is_part(packet) for packet in cut] == [False, True, True, True, True, False]
    assert [(packet.first, packet.last) for packet in cut] == [
        (1, 2),
        *[(n, n) for n in (3, 4, 5, 6)],
        (7, 7),
    ]
    assert client.outstanding_values == 4
    assert client.standing() == Standing(values=0, pending=4)
    give(client, Delivered(9, [("1.1", 1, 7)]))
    assert client.standing() == Standing(values=3, pending=1), (
        "all parts, and not known to be whole"
    )


def test_a_trace_has_no_endless_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "EVENT_PACKETS", 3)
    client = Client(SMALL, "1.1", 0.0)
    client.submit([LARGE * 2], 0.0)
    ranges = [
        [first for _, first, _, _ in event.values]
        for event in client.flush(0.0).events
        if isinstance(event, Broadcast)
    ]
    assert ranges == [[1, 2, 3], [4, 5, 6], [7, 8]]


def test_what_fits_a_packet_is_not_cut() -> None:
    client = Client(SMALL, "1.1", 0.0)
    most = SMALL.packed_value_bytes
    assert [is_part(packet) for packet in submit(client, bytes(most))] == [False]
    assert [is_part(packet) for packet in submit(client, bytes(most + 1))] == [True, True]


def test_a_value_above_the_limit_is_refused_and_none_is_broadcast() -> None:
    client = Client(SMALL, "1.1", 0.0)
    with pytest.raises(ValueTooLargeError, match="a value of 10001 bytes; 10000 are the most"):
        client.submit([b"a", bytes(10_001)], 0.0)
    assert not client.flush(0.0)
    assert submit(client, bytes(10_000))


def test_a_synod_has_no_parts() -> None:
    synod = replace(SMALL, synod=True, max_batch=1)
    client = Client(synod, "1.1", 0.0)
    with pytest.raises(ValueTooLargeError):
        client.submit([bytes(SMALL.packed_value_bytes + 1)], 0.0)


def test_there_is_no_room_while_parts_wait_for_the_window() -> None:
    """So a client holds one call's values at a time, however large."""
    client = Client(replace(SMALL, first_messages=2), "1.1", 0.0)
    assert len(submit(client, bytes(10_000))) == 2
    assert client.room() == 0
    give(client, Delivered(9, [("1.1", 1, 30)]))
    assert client.room() == 0, "parts wait still"


def test_a_value_is_delivered_when_learners_say_that_it_is_whole() -> None:
    client = Client(SMALL, "1.1", 0.0)
    submit(client, LARGE)
    assert not give(client, Delivered(9, [("1.1", 1, 3)])).acknowledged
    step = give(client, Delivered(9, [("1.1", 1, 4)]))
    assert not step.acknowledged and not client.finished and client.outstanding_values == 1
    asked = Inquire([("1.1", 1, 4)], in_parts=True)
    assert step.sends == [(Group.LEARNERS, asked)], "what became of it was lost"
    step = give(client, Outcomes([Outcome("1.1", 1, 4, Fate.DELIVERED, 7, 9)]))
    assert [count for count, _, _ in step.acknowledged] == [1]
    assert client.finished and not step.sends and client.deadline_s() == float("inf")


def test_the_question_is_repeated_until_it_is_answered() -> None:
    client = Client(SMALL, "1.1", 0.0)
    submit(client, LARGE)
    give(client, Delivered(9, [("1.1", 1, 4)]))
    for _ in range(3):
        now_s = client.deadline_s()
        client.tick(now_s)
        step = client.flush(now_s)
        assert step.sends == [(Group.LEARNERS, Inquire([("1.1", 1, 4)], in_parts=True))]


def test_an_outcome_that_comes_first_ends_it_all() -> None:
    client = Client(SMALL, "1.1", 0.0)
    submit(client, LARGE)
    step = give(client, Outcomes([Outcome("1.1", 1, 4, Fate.DELIVERED, 7, 9)]))
    assert client.finished and len(step.acknowledged) == 1 and not step.sends
    assert not give(client, Delivered(9, [("1.1", 1, 4)])).acknowledged


@pytest.mark.parametrize(
    "fate", [Fate.NO_ROOM, Fate.TOO_OLD, Fate.LATER_INCARNATION, Fate.FORGOTTEN]
)
def test_what_was_not_delivered_is_said_once_and_its_parts_are_still_broadcast(fate: Fate) -> None:
    client = Client(SMALL, "1.1", 0.0)
    submit(client, b"a", LARGE)
    step = give(client, *[Outcomes([Outcome("1.1", 2, 5, fate)])] * 2)
    [told] = step.discarded
    assert (told.first, told.fate) == (2, fate)
    assert told.text.startswith("value 2 of 1.1, of 1024 bytes, ")
    assert not client.finished and client.outstanding_values == 1
    step = give(client, Delivered(9, [("1.1", 1, 5)]))
    assert client.finished and [count for count, _, _ in step.acknowledged] == [1]
    assert not step.discarded


def test_what_is_not_its_own_a_client_does_not_mind() -> None:
    client = Client(SMALL, "1.1", 0.0)
    submit(client, LARGE)
    step = give(
        client,
        Outcomes([Outcome("2.1", 1, 4, Fate.DELIVERED), Outcome("1.1", 2, 4, Fate.NO_ROOM)]),
    )
    assert not step.acknowledged and not step.discarded and client.outstanding_values == 1


# The learner.


def test_a_learner_says_what_became_of_a_value_before_it_says_that_its_parts_are_delivered() -> (
    None
):
    client, learner = Client(SMALL, "1.1", 0.0), Learner(SMALL, 0.0)
    cut = submit(client, b"a", LARGE)
    step = decide(learner, cut[:3], cut[3:])
    assert values(step) == [b"a", LARGE]
    to_client = [message for to, message in step.sends if to is Group.CLIENTS]
    assert to_client[0] == Outcomes([Outcome("1.1", 2, 5, Fate.DELIVERED, 2, 5)])
    give(client, *to_client)
    assert client.finished


def test_a_learner_says_it_again_when_it_is_asked() -> None:
    client, learner = Client(SMALL, "1.1", 0.0), Learner(SMALL, 0.0)
    cut = submit(client, LARGE)
    whole = Inquire([("1.1", 1, 4)], in_parts=True)
    decide(learner, cut[:3])
    learner.receive(1, whole, 0.0)
    assert not said(learner.flush(0.0), Outcomes, Group.CLIENTS)
    decide(learner, cut[3:], first=2)
    learner.receive(1, whole, 0.0)
    outcome = Outcome("1.1", 1, 4, Fate.DELIVERED, 2, 4)
    assert said(learner.flush(0.0), Outcomes, Group.CLIENTS) == [Outcomes([outcome])]
    learner.receive(1, Inquire([("1.1", 1, 4)]), 0.0)
    assert not said(learner.flush(0.0), Outcomes, Group.CLIENTS), "of parts alone"


def test_what_a_learner_has_forgotten_it_says_so() -> None:
    client, learner = Client(SMALL, "1.1", 0.0), Learner(replace(SMALL, outcomes=1), 0.0)
    decide(learner, submit(client, LARGE), submit(client, LARGE))
    learner.receive(1, Inquire([("1.1", 1, 4)], in_parts=True), 0.0)
    forgotten = Outcome("1.1", 1, 4, Fate.FORGOTTEN)
    assert said(learner.flush(0.0), Outcomes, Group.CLIENTS) == [Outcomes([forgotten])]


def test_a_value_chosen_twice_is_delivered_once() -> None:
    client, learner = Client(SMALL, "1.1", 0.0), Learner(SMALL, 0.0)
    cut = submit(client, LARGE)
    assert values(decide(learner, cut[:2], cut[:3], cut, cut)) == [LARGE]


def test_a_later_incarnation_of_a_client_ends_its_earlier_values() -> None:
    learner = Learner(SMALL, 0.0)
    old, new = Client(SMALL, "1.1", 0.0), Client(SMALL, "1.2", 0.0)
    cut = submit(old, LARGE)
    step = decide(learner, cut[:3], submit(new, b"a"))
    assert Outcomes([Outcome("1.1", 1, 4, Fate.LATER_INCARNATION)]) in said(
        step, Outcomes, Group.CLIENTS
    )
    assert not values(decide(learner, cut[3:], first=3))


def test_what_others_lie_is_counted() -> None:
    client, learner = (
        Client(replace(SMALL, max_value_bytes=20_000), "1.1", 0.0),
        Learner(SMALL, 0.0),
    )
    step = decide(learner, submit(client, bytes(10_001))[:3])
    assert step.refused == {"parts of values above max_value_bytes": 3}


# All learners alike.

CLIENTS = ("1.1", "1.2", "2.1", "3.1")


@st.composite
def logs(draw: st.DrawFn) -> list[list[Packet]]:
    """What is chosen in each instance: packets of several clients, some of them large values in
    parts, in any order, some twice, some never."""
    chosen: list[Packet] = []
    for name in CLIENTS:
        client = Client(replace(SMALL, max_value_bytes=20_000), name, 0.0)
        for size in draw(st.lists(st.sampled_from((1, 30, 400, 1_500, 3_000, 11_000)), max_size=4)):
            chosen += submit(client, draw(st.binary(min_size=1, max_size=1)) * size)
            give(client, Delivered(1, [(name, 1, 10_000)]))
    random = draw(st.randoms(use_true_random=False))
    random.shuffle(chosen)
    chosen = [packet for packet in chosen if random.random() > 0.02]
    chosen += random.sample(chosen, len(chosen) // 3)
    batches: list[list[Packet]] = []
    while chosen:
        count = random.randint(0, 6)
        batches.append(chosen[:count])
        del chosen[:count]
    return batches


def hear(
    limits: Settings, log: list[list[Packet]], random: Random
) -> tuple[list[Delivery], list[Outcome]]:
    """What a learner delivers that hears of the instances in some order, at some times."""
    learner = Learner(limits, 0.0)
    delivered, outcomes = [], []
    said = [Decide(B, n, encode_batch(batch)) for n, batch in enumerate(log, 1)]
    said += random.sample(said, len(said) // 4)
    random.shuffle(said)
    now_s = random.random() * 1e6
    for message in said:
        learner.receive(1, message, now_s)
        if random.random() < 0.5:
            now_s += random.random() * 1e4
            step = learner.flush(now_s)
            delivered += step.deliveries
            outcomes += [
                outcome
                for to, message in step.sends
                if isinstance(message, Outcomes)
                for outcome in message.values
            ]
    step = learner.flush(now_s)
    return delivered + step.deliveries, outcomes


@settings(max_examples=60, deadline=None)
@given(logs(), st.integers(0, 2**32), st.sampled_from((5, 50, 10**6)), st.sampled_from((1, 2, 8)))
def test_all_learners_deliver_the_same_whole_values_at_the_same_places(
    log: list[list[Packet]], seed: int, positions: int, unfinished: int
) -> None:
    limits = replace(
        SMALL, unfinished_positions=positions, unfinished_values=unfinished, outcomes=3
    )
    first, _ = hear(limits, log, Random(seed))
    for number in range(1, 4):
        assert hear(limits, log, Random(seed + number))[0] == first
    assert [x.position for x in first] == sorted({x.position for x in first})
    keys = [(x.packet.client, x.packet.first) for x in first]
    assert len(keys) == len(set(keys)), "each at most once"


@settings(max_examples=60, deadline=None)
@given(logs(), st.integers(0, 2**32))
def test_without_pressure_what_is_whole_is_delivered_in_the_place_of_its_last_part(
    log: list[list[Packet]], seed: int
) -> None:
    """Compared with a few lines that know nothing of limits."""
    limits = replace(SMALL, max_value_bytes=20_000, unfinished_values=1_000)
    log = [[packet for packet in batch if packet.client != "1.1"] for batch in log]
    expected: list[bytes] = []
    seen: dict[tuple[str, int], Packet] = {}
    for packet in (packet for batch in log for packet in batch):
        if (packet.client, packet.first) in seen:
            continue
        seen[packet.client, packet.first] = packet
        if not is_part(packet):
            expected += unpack(packet)
            continue
        index, count = (int.from_bytes(packet.payload[k : k + 4], "little") for k in (2, 6))
        first = packet.first - index
        parts = [seen.get((packet.client, first + k)) for k in range(count)]
        if all(parts):
            expected.append(b"".join(part.payload[14:] for part in parts if part))
    delivered, _ = hear(limits, log, Random(seed))
    assert [value for x in delivered for value in unpack(x.packet)] == expected
