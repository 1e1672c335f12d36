"""The client, message by message."""

from dataclasses import replace

import pytest

from paxos.core import events
from paxos.core.batch import unpack
from paxos.core.client import Client, ValueTooLargeError
from paxos.core.messages import Delivered, Group, Inquire, Submit, encode_messages
from paxos.core.places import NOWHERE, Placed
from paxos.core.settings import Settings
from paxos.core.step import Step

BATCHING = Settings(max_batch=100)


def submitted(step: Step) -> list[list[bytes]]:
    return [
        unpack(packet)
        for to, message in step.sends
        if isinstance(message, Submit) and to is Group.PROPOSERS
        for packet in message.packets
    ]


def test_one_value_a_packet_without_batching() -> None:
    client = Client(Settings(), "1.1", 0.0)
    client.submit([b"a", b"b"], 0.0)
    step = client.flush(0.0)
    assert submitted(step) == [[b"a"], [b"b"]]
    assert len(step.sends) == 1, "in one message all the same"
    [broadcast] = step.events
    assert isinstance(broadcast, events.Broadcast)
    assert [r[:3] for r in broadcast.values] == [("1.1", 1, 1), ("1.1", 2, 1)]


def test_many_values_a_packet_with_batching() -> None:
    client = Client(BATCHING, "1.1", 0.0)
    client.submit([b"a", b"", b"c"], 0.0)
    assert submitted(client.flush(0.0)) == [[b"a", b"", b"c"]]


def test_packets_fit_a_message() -> None:
    client = Client(Settings(max_batch=100, message_bytes=400, first_messages=9), "1.1", 0.0)
    values = [bytes(70)] * 20
    client.submit(values, 0.0)
    step = client.flush(0.0)
    assert [value for packet in submitted(step) for value in packet] == values
    assert all(len(encode_messages([message])) <= 400 for _, message in step.sends)


def test_the_largest_value_and_one_byte_more() -> None:
    client = Client(replace(BATCHING, max_value_bytes=5_000), "1.1", 0.0)
    largest = bytes(5_000)
    client.submit([largest], 0.0)
    with pytest.raises(ValueTooLargeError, match="5000 are the most"):
        client.submit([b"small", largest + b"x"], 0.0)
    assert submitted(client.flush(0.0)) == [[largest]], "nothing of a refused call is broadcast"


def test_in_a_replica_values_wait_for_what_is_under_way_and_go_together() -> None:
    """One alone never waits, and what fills a packet does not."""
    settings = Settings(max_batch=4, message_bytes=2_000, own_acceptor=1, resend_s=1.0)
    client = Client(settings, "1.1", 0.0)
    assert not client.is_worth_a_step(0, 0)
    assert client.is_worth_a_step(1, 1)
    client.submit([b"a"], 0.0)
    client.flush(0.0)
    assert not client.is_worth_a_step(3, 3)
    assert client.is_worth_a_step(4, 4), "as many values as a packet has"
    assert client.is_worth_a_step(1, settings.fitting_payload_bytes), "or bytes"
    client.receive(1, Delivered(1, [("1.1", 1, 1)]), 0.1)
    assert client.is_worth_a_step(3, 3)


def test_values_do_not_wait_for_what_is_lost() -> None:
    client = Client(replace(BATCHING, own_acceptor=1, resend_s=1.0), "1.1", 0.0)
    client.submit([b"a"], 0.0)
    client.flush(0.0)
    assert not client.is_worth_a_step(1, 1)
    client.flush(1.0)  # which sends it again
    assert client.is_worth_a_step(1, 1)


def test_a_client_by_itself_waits_for_nothing_that_is_under_way() -> None:
    client = Client(BATCHING, "1.1", 0.0)
    client.submit([b"a"], 0.0)
    client.flush(0.0)
    assert client.is_worth_a_step(1, 1)


def test_what_is_resent_is_counted() -> None:
    client = Client(Settings(resend_s=1.0, max_batch=1), "1.1", 0.0)
    client.submit([b"a", b"b"], 0.0)
    client.flush(0.0)
    assert client.repeated == 0
    client.flush(1.0)
    assert client.repeated == 2, "two packets"


def test_resends_until_delivered_less_and_less_often() -> None:
    settings = Settings(resend_s=1.0)
    client = Client(settings, "1.1", 0.0)
    client.submit([b"a"], 0.0)
    first = client.flush(0.0)
    times = []
    for _ in range(4):
        times.append(client.deadline_s())
        client.tick(times[-1])
        step = client.flush(times[-1])
        inquiry = Group.LEARNERS, Inquire([("1.1", 1, 1)])
        assert step.sends == [*first.sends, inquiry] and not step.events
    assert times == [1.0, 3.0, 7.0, 11.0], "up to a bound"
    client.receive(1, Delivered(1, [("1.1", 1, 1)]), 16.0)
    assert client.finished
    client.tick(30.0)
    assert not client.flush(30.0)
    assert client.deadline_s() == float("inf")


def test_it_sends_again_at_once_when_a_learner_is_heard_after_a_silence() -> None:
    """Whatever the learner says: the path is open again."""
    client = Client(Settings(resend_s=1.0), "1.1", 0.0)
    client.submit([b"a"], 0.0)
    client.flush(0.0)
    while (now_s := client.deadline_s()) < 7.0:
        client.tick(now_s)
        client.flush(now_s)
    client.receive(1, Delivered(1, [("2.1", 1, 1)]), 6.5)
    assert submitted(client.flush(6.5)) == [[b"a"]]


def test_what_later_ones_overtake_is_resent_at_once() -> None:
    client = Client(Settings(), "1.1", 0.0)
    client.submit([b"%d" % n for n in range(1, 9)], 0.0)
    client.flush(0.0)

    def resent(*delivered: int) -> list[list[bytes]]:
        for seq in delivered:
            client.receive(1, Delivered(seq, [("1.1", seq, seq)]), 0.0)
        return submitted(client.flush(0.0))

    assert resent(2, 3) == [], "1 may be on its way yet"
    assert resent(4) == [[b"1"]]
    assert resent(6) == []
    assert resent(1) == [], "which of the two sendings of 1 arrived, nobody knows"
    assert resent(8) == [[b"5"]], "once"
    assert client.repeated == 2


def test_a_resent_packet_can_be_overtaken_again() -> None:
    client = Client(Settings(), "1.1", 0.0)
    client.submit([b"a", b"b", b"c", b"d"], 0.0)
    client.flush(0.0)
    client.receive(1, Delivered(1, [("1.1", 2, 4)]), 0.0)
    assert submitted(client.flush(0.0)) == [[b"a"]]
    client.submit([b"e", b"f", b"g"], 0.0)
    client.flush(0.0)
    client.receive(1, Delivered(1, [("1.1", 5, 7)]), 0.0)
    assert submitted(client.flush(0.0)) == [[b"a"]]


def test_room_is_bounded_and_comes_back() -> None:
    client = Client(Settings(client_packets=2), "1.1", 0.0)
    assert client.room() == 2
    client.submit([b"a", b"b"], 0.0)
    assert client.room() == 0
    client.receive(1, Delivered(9, [("1.2", 1, 2), ("1.1", 2, 2)]), 0.0)
    assert client.room() == 1
    assert not client.finished


def test_a_delivery_of_part_of_a_packet_is_not_one_of_all() -> None:
    client = Client(BATCHING, "1.1", 0.0)
    client.submit([b"a", b"b", b"c"], 0.0)
    client.receive(1, Delivered(1, [("1.1", 1, 2)]), 0.0)
    assert not client.finished
    client.receive(1, Delivered(1, [("1.1", 1, 10**12)]), 0.0)
    assert client.finished


def test_synod_is_over_once_anything_is_delivered() -> None:
    client = Client(Settings(synod=True), "1.1", 0.0)
    client.submit([b"a", b"b"], 0.0)
    client.receive(1, Delivered(1, []), 0.0)
    assert client.finished
    client.submit([b"c"], 1.0)
    assert client.finished


# Places.


def placing() -> Client:
    """A client that wants places, with values 1 and 2 in a packet, and 3 and 4 in another."""
    client = Client(Settings(max_batch=2, resend_s=1.0), "1.1", 0.0, wants_places=True)
    client.submit([b"a", b"b", b"c", b"d"], 0.0)
    client.flush(0.0)
    return client


def test_a_place_says_that_it_is_delivered_too() -> None:
    client = placing()
    client.receive(1, Delivered(7, [], [("1.1", 1, 7, 20), ("2.1", 3, 7, 22)]), 0.1)
    step = client.flush(0.1)
    assert step.placed == [Placed(1, 2, 7, 20)]
    assert [count for count, _, _ in step.acknowledged] == [2]
    assert list(client.outstanding) == [3], "and not what another client broadcast"


def test_asks_where_what_is_delivered_is_and_does_not_send_it_again() -> None:
    """The first message that told it is lost."""
    client = placing()
    client.receive(1, Delivered(7, [("1.1", 1, 2)]), 0.1)
    step = client.flush(0.1)
    assert step.placed == [] and not client.finished
    assert client.outstanding_values == 2, "the others: these are delivered"
    assert step.sends == [(Group.LEARNERS, Inquire([("1.1", 1, 2)]))]
    client.receive(1, Delivered(7, [("1.1", 1, 2)]), 0.2)
    assert not client.flush(0.2).sends, "it waits for the answer"
    asked: list[int] = []
    sent: list[int] = []
    while len(asked) < 4:
        now_s = client.deadline_s()
        client.tick(now_s)
        for _, message in client.flush(now_s).sends:
            if isinstance(message, Submit):
                sent += [packet.first for packet in message.packets]
            else:
                assert isinstance(message, Inquire)
                asked += [first for _, first, _ in message.values]
    assert set(sent) == {3} and 1 in asked
    client.receive(2, Delivered(7, [], [("1.1", 1, 7, 20)]), now_s)
    step = client.flush(now_s)
    assert step.placed == [Placed(1, 2, 7, 20)]
    assert step.acknowledged == [], "they were counted when they were known to be delivered"


def test_what_learners_have_forgotten_is_delivered_all_the_same() -> None:
    client = placing()
    client.receive(1, Delivered(7, [("1.1", 1, 2)], [("1.1", 1, 0, 0)]), 0.1)
    step = client.flush(0.1)
    assert step.placed == [Placed(1, 2, NOWHERE, NOWHERE)]
    assert list(client.outstanding) == [3]


def test_who_does_not_want_places_does_not_ask() -> None:
    client = Client(Settings(), "1.1", 0.0)
    client.submit([b"a"], 0.0)
    client.flush(0.0)
    client.receive(1, Delivered(7, [("1.1", 1, 1)]), 0.1)
    step = client.flush(0.1)
    assert client.finished and not step.sends and not step.placed


def test_one_value_of_a_synod_has_a_place_and_the_others_have_not() -> None:
    client = Client(Settings(synod=True), "1.1", 0.0, wants_places=True)
    client.submit([b"a", b"b"], 0.0)
    client.flush(0.0)
    client.receive(1, Delivered(1, [("1.1", 2, 2)], [("1.1", 2, 1, 1)]), 0.1)
    assert client.flush(0.1).placed == [Placed(2, 1, 1, 1)]
    assert client.finished
