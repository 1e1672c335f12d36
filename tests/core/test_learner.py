"""The learner, message by message."""

from dataclasses import replace

import msgspec
import pytest

from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.batch import NO_OP, Packet, encode_batch, pack, unpack
from paxos.core.gaps import REST
from paxos.core.learner import Learner
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Delivered,
    Group,
    Heartbeat,
    Inquire,
    Message,
    Trimmed,
    Vote,
    Votes,
)
from paxos.core.settings import Settings
from paxos.core.step import Step

FIRST, SECOND = Ballot(1, 1), Ballot(2, 2)


def packet(seq: int) -> Packet:
    return pack("1.1", seq, [b"value %d" % seq])


def batch(*seqs: int) -> bytes:
    return encode_batch([packet(seq) for seq in seqs])


def give(learner: Learner, *messages: tuple[int, Message], now_s: float = 0.0) -> Step:
    for sender, message in messages:
        learner.receive(sender, message, now_s)
    return learner.flush(now_s)


def voted(instance: int, ballot: Ballot = FIRST) -> list[tuple[int, Message]]:
    return [(acceptor, Accepted(ballot, instance)) for acceptor in (1, 2)]


def values(step: Step) -> list[bytes]:
    return [value for d in step.deliveries for value in unpack(d.packet)]


def test_delivers_in_order_whatever_the_order_of_learning() -> None:
    learner = Learner(Settings(), 0.0)
    step = give(learner, (1, Decide(FIRST, 2, batch(2))))
    assert not step.deliveries
    step = give(learner, (1, Decide(FIRST, 1, batch(1))))
    assert values(step) == [b"value 1", b"value 2"]
    assert [type(e) for e in step.events] == [events.Learn, events.Deliver, events.Deliver]


def test_a_no_op_delivers_nothing_and_is_passed() -> None:
    learner = Learner(Settings(), 0.0)
    step = give(learner, (1, Decide(FIRST, 1, NO_OP)), (1, Decide(FIRST, 2, batch(1))))
    assert values(step) == [b"value 1"]
    assert learner.prefix == 2


def test_delivers_a_value_once() -> None:
    learner = Learner(Settings(), 0.0)
    step = give(learner, (1, Decide(FIRST, 1, batch(1))), (1, Decide(FIRST, 2, batch(1, 2))))
    assert values(step) == [b"value 1", b"value 2"]
    deliver = step.events[-1]
    assert isinstance(deliver, events.Deliver)
    assert deliver.position == 2 and [r[1] for r in deliver.values] == [2]
    assert [(d.instance, d.position) for d in step.deliveries] == [(1, 1), (2, 2)]


def test_direct_a_quorum_of_distinct_acceptors_in_one_ballot() -> None:
    learner = Learner(Settings(direct_learning=True), 0.0)
    give(learner, (1, Accept(FIRST, 1, batch(1))), (2, Accept(SECOND, 1, batch(1))))
    assert not give(learner, (1, Accepted(FIRST, 1)), (1, Accepted(FIRST, 1))).deliveries
    assert not give(learner, (2, Accepted(SECOND, 1))).deliveries
    step = give(learner, (3, Accepted(SECOND, 1)))
    learn = step.events[0]
    assert isinstance(learn, events.Learn)
    assert learn.ballot == SECOND and learn.quorum == [2, 3]


def test_direct_votes_in_instances_in_a_row() -> None:
    """Also of what is delivered, or learned, and of what nothing else was heard of."""
    learner = Learner(Settings(direct_learning=True), 0.0)
    give(learner, *((1, Accept(FIRST, i, batch(i))) for i in (1, 2, 3, 4)), *voted(1), *voted(3))
    assert learner.prefix == 1
    assert not give(learner, (1, Accepted(FIRST, 1, more=4))).deliveries
    step = give(learner, (2, Accepted(FIRST, 1, more=6)))
    assert values(step) == [b"value 2", b"value 3", b"value 4"]
    assert [e.quorum for e in step.events if isinstance(e, events.Learn)] == [[1, 2]] * 2
    assert learner.top == 7
    assert [learner.heard.voters(i) for i in (5, 6)] == [{1, 2}, {2}]


def test_direct_votes_before_the_batch() -> None:
    learner = Learner(Settings(direct_learning=True), 0.0)
    assert not give(learner, (1, Accepted(FIRST, 1)), (2, Accepted(FIRST, 1))).deliveries
    assert values(give(learner, (1, Accept(FIRST, 1, batch(1))))) == [b"value 1"]


def test_asks_for_what_it_misses_and_goes_on_asking() -> None:
    settings = Settings(direct_learning=True, ask_instances=3)
    learner = Learner(settings, 0.0)
    give(learner, (1, Heartbeat(FIRST, 5)))
    asked: list[tuple[Group, Message]] = []
    now_s = 0.0
    while not asked:
        now_s = learner.deadline_s()
        learner.tick(now_s)
        asked = [s for s in learner.flush(now_s).sends if isinstance(s[1], Ask)]
    ask = Ask(1, 3, 1, 2 * settings.message_bytes)
    assert asked == [(Group.ACCEPTORS, ask), (Group.PROPOSERS, ask)]
    answer = Votes([Vote(i, FIRST, batch(i)) for i in (1, 2, 3)])
    step = give(learner, (1, answer), (3, answer), now_s=now_s)
    assert learner.prefix == 3
    ask = Ask(4, 5, 2, 4 * settings.message_bytes)
    assert (Group.ACCEPTORS, ask) in step.sends, "the next window, at once, and twice as much"


def test_it_asks_for_less_when_nothing_comes_and_goes_on_where_an_answer_ended() -> None:
    settings = Settings(direct_learning=True)
    learner = Learner(settings, 0.0)
    give(learner, (1, Heartbeat(FIRST, 90)))
    rooms: list[int] = []
    pauses: list[float] = []
    asked_s = now_s = 0.0
    while len(rooms) < 10:
        now_s = learner.deadline_s()
        learner.tick(now_s)
        for _, said in learner.flush(now_s).urgent:
            if isinstance(said, Ask):
                rooms.append(said.room)
                teller = said.teller
                pauses.append(now_s - asked_s)
                asked_s = now_s
    most = settings.message_bytes
    assert rooms[::2] == [2 * most, 2 * most, most, most, most], "lost once may be by chance"
    assert pauses[4] > pauses[2], "and less often"
    told = Votes([Vote(1, FIRST, batch(1)), Vote(2, FIRST, batch(2))], 2)
    give(learner, (teller, told), now_s=now_s)
    step = give(learner, (teller % 3 + 1, Votes(told.votes)), now_s=now_s)
    assert learner.prefix == 2
    [ask] = [said for said in asks(step) if isinstance(said, Ask)]
    assert (ask.first, ask.last) == (3, 90), "what did not fit the answer, at once"


def asks(step: Step) -> list[Message]:
    return [
        msgspec.structs.replace(said, room=0)
        for to, said in step.sends
        if to is Group.ACCEPTORS and isinstance(said, Ask)
    ]


def chosen(*instances: int) -> list[tuple[int, Message]]:
    """What lets a learner learn these: the batch, and two votes."""
    return [
        said
        for i in instances
        for said in (
            (1, Accept(FIRST, i, batch(i))),
            (1, Accepted(FIRST, i)),
            (2, Accepted(FIRST, i)),
        )
    ]


def test_what_later_instances_overtake_is_asked_for_at_once() -> None:
    learner = Learner(Settings(direct_learning=True), 0.0)
    assert asks(give(learner, *chosen(1, 3, 5))) == [Ask(2, 2, 1)], "4 may be on its way yet"
    assert asks(give(learner, *chosen(6))) == [Ask(4, 4, 2)], "and 2 was asked for"
    assert asks(give(learner, *chosen(7))) == []
    assert learner.prefix == 1


def test_a_batch_is_lost_if_later_ones_of_the_same_teller_have_come() -> None:
    """Of an instance that it has votes for, it waits for the batch as long as that may come."""
    learner = Learner(Settings(direct_learning=True), 0.0)
    give(learner, *chosen(1), *((a, Accepted(FIRST, 2)) for a in (1, 2)))
    assert asks(give(learner, *chosen(3))) == []
    others = [(a, Accepted(FIRST, 4)) for a in (1, 2)]
    assert asks(give(learner, *others, *((a, Accepted(FIRST, 5)) for a in (1, 2)))) == []
    assert asks(give(learner, (1, Accept(FIRST, 4, batch(4))))) == [Ask(2, 2, 1)]


def test_it_asks_again_if_the_prefix_does_not_grow_whatever_else_comes() -> None:
    learner = Learner(Settings(direct_learning=True), 0.0)
    give(learner, *chosen(1, 3, 4, 5))
    again: list[Message] = []
    for instance in range(6, 12):
        now_s = learner.deadline_s()
        assert now_s < 1
        learner.tick(now_s)
        again += asks(give(learner, *chosen(instance), now_s=now_s))
    assert {(ask.first, ask.last) for ask in again if isinstance(ask, Ask)} == {(2, 2)}
    assert len(again) >= 3


def test_far_behind_it_rests_before_it_asks_for_more() -> None:
    learner = Learner(Settings(direct_learning=True, ask_instances=3), 0.0)
    give(learner, (1, Heartbeat(FIRST, 50)))

    def until_it_asks() -> tuple[float, list[Message]]:
        asked: list[Message] = []
        while not asked:
            now_s = learner.deadline_s()
            learner.tick(now_s)
            asked = asks(learner.flush(now_s))
        return now_s, asked

    asked_s, asked = until_it_asks()
    assert asked == [Ask(1, 3, 1)]
    answer = Votes([Vote(i, FIRST, batch(i)) for i in (1, 2, 3)])
    step = give(learner, (1, answer), (3, answer), now_s=asked_s + 1)
    assert learner.prefix == 3 and asks(step) == []
    again_s, asked = until_it_asks()
    assert again_s == asked_s + 1 + REST
    assert asked == [Ask(4, 6, 2)]


def test_a_client_hears_of_all_that_was_delivered_without_a_gap() -> None:
    learner = Learner(Settings(), 0.0)
    give(learner, (1, Decide(FIRST, 1, batch(1, 2))), (1, Decide(FIRST, 2, batch(4))))
    step = give(learner, (1, Decide(FIRST, 3, batch(3))))
    assert (Group.CLIENTS, Delivered(3, [("1.1", 1, 4)], [("1.1", 3, 3, 4)])) in step.sends
    assert (Group.PROPOSERS, Delivered(3, [("1.1", 3, 3)])) in step.sends


def test_one_learner_tells_a_client_at_once_and_the_others_later() -> None:
    """`packet` is of client 1."""
    delivered = Delivered(1, [("1.1", 1, 1)], [("1.1", 1, 1, 1)])
    for learner_id, at_once in ((1, True), (2, False)):
        learner = Learner(Settings(learners=2), 0.0, learner_id)
        step = give(learner, (1, Decide(FIRST, 1, batch(1))))
        assert ((Group.CLIENTS, delivered) in step.urgent) is at_once
        assert ((Group.CLIENTS, delivered) in step.later) is not at_once


@pytest.mark.parametrize(("client", "home"), [(1, 2), (2, 2), (3, 3)])
def test_among_replicas_it_is_not_the_one_of_the_leader(client: int, home: int) -> None:
    """There the votes of others have to come back, while with another one its own are there."""
    settings = Settings(learners=3, direct_learning=True)
    heard = (1, Accept(FIRST, 1, of(client))), (1, Accepted(FIRST, 1)), (2, Accepted(FIRST, 1))
    assert who_tells(settings, *heard) == [home]


@pytest.mark.parametrize("client", [1, 2, 3])
def test_among_replicas_the_one_of_the_leader_tells_what_it_decides(client: int) -> None:
    assert who_tells(Settings(learners=3), (1, Decide(FIRST, 1, of(client)))) == [1]


def of(client: int) -> bytes:
    """A batch with a value of this client."""
    return encode_batch([pack(f"{client}.1", 1, [b"v"])])


def who_tells(settings: Settings, *heard: tuple[int, Message]) -> list[int]:
    """Which of three replicas tells the client at once, after each has heard the same. FIRST is a
    ballot of the first one."""
    assert FIRST.proposer == 1
    told = []
    for number in (1, 2, 3):
        learner = Learner(replace(settings, own_acceptor=number), 0.0, number)
        step = give(learner, *heard)
        told += [number for group, _ in step.urgent if group == Group.CLIENTS]
    return told


def test_asked_again_another_acceptor_tells_the_batches() -> None:
    learner = Learner(Settings(direct_learning=True), 0.0, 1)
    give(learner, (1, Heartbeat(FIRST, 1)))
    tellers: list[int] = []
    for _ in range(9):
        now_s = learner.deadline_s()
        learner.tick(now_s)
        tellers += [m.teller for g, m in learner.flush(now_s).sends if isinstance(m, Ask)]
    assert {1, 2, 3} == set(tellers)


def test_acknowledges_and_acknowledges_again_to_who_inquires() -> None:
    learner = Learner(Settings(), 0.0)
    delivered = Delivered(1, [("1.1", 1, 1)], [("1.1", 1, 1, 1)])
    step = give(learner, (1, Decide(FIRST, 1, batch(1))))
    assert (Group.CLIENTS, delivered) in step.sends
    assert (Group.PROPOSERS, Delivered(1, delivered.values)) in step.sends, "to whom it is nothing"
    assert (Group.CLIENTS, delivered) in give(learner, (1, Inquire([("1.1", 1, 1)]))).sends
    assert not give(learner, (1, Inquire([("1.1", 2, 2)]))).sends


def test_listens_to_a_bounded_number_of_instances() -> None:
    learner = Learner(Settings(direct_learning=True, learner_instances=10), 0.0)
    give(learner, *[(1, Accept(FIRST, instance, batch(1))) for instance in range(1, 100)])
    assert learner.top == 99
    assert len(learner.heard.open) == 10
    give(learner, (1, Accepted(FIRST, 1, more=1_000_000)))
    assert len(learner.heard.open) == 10


def test_keeps_a_bounded_number_of_bytes_but_all_that_is_under_way() -> None:
    few = Settings(direct_learning=True, learner_bytes=10_000, in_flight=4)
    learner = Learner(few, 0.0)
    for instance in range(1, 41):
        large = encode_batch([pack("1.1", instance, [b"v" * 1_000])])
        give(learner, (1, Accept(FIRST, instance, large)), *voted(instance))
    assert learner.prefix == 40
    for instance in range(42, 100):  # 41 is lost
        large = encode_batch([pack("1.1", instance, [b"v" * 1_000])])
        give(learner, (1, Accept(FIRST, instance, large)), *voted(instance))
    assert [*learner.learned] == [*range(42, 50)], "as much as ten thousand bytes hold"
    for instance in range(42, 100):
        huge = encode_batch([pack("1.1", instance, [b"v" * 7_000])])
        give(learner, (1, Accept(SECOND, instance, huge)), *voted(instance, SECOND))
    give(learner, (1, Accept(FIRST, 41, batch(41))), *voted(41))
    assert learner.prefix == 49, "and it goes on"


def test_what_too_few_acceptors_remember_is_said_to_be_gone() -> None:
    learner = Learner(Settings(), 0.0)
    assert not give(learner, (1, Trimmed(7)), (1, Trimmed(8))).failure
    assert not give(learner, (9, Trimmed(7))).failure, "no acceptor of the cluster"
    failure = give(learner, (3, Trimmed(5))).failure
    assert failure.startswith("instances 1 to 5 are gone: 2 of 3 acceptors")
    assert "retain_instances" in failure


def test_what_is_trimmed_below_its_prefix_is_no_matter() -> None:
    learner = Learner(Settings(), 0.0)
    give(learner, (1, Decide(FIRST, 1, batch(1))))
    assert not give(learner, (1, Trimmed(1)), (2, Trimmed(1)), (3, Trimmed(1))).failure
    assert not give(learner, (1, Trimmed(2))).failure
    give(learner, (1, Decide(FIRST, 2, batch(2))))
    assert not give(learner, (2, Trimmed(3))).failure, "acceptor 1 spoke of what is delivered now"
    assert give(learner, (1, Trimmed(3))).failure


def test_it_reports_to_the_acceptors_from_time_to_time() -> None:
    learner = Learner(Settings(), 0.0)
    reported = (Group.ACCEPTORS, Delivered(1, []))
    assert reported in give(learner, (1, Decide(FIRST, 1, batch(1)))).sends
    step = give(learner, (1, Decide(FIRST, 2, batch(2))))
    assert Group.ACCEPTORS not in [group for group, _ in step.sends]
    now_s = learner.deadline_s()
    learner.tick(now_s)
    assert (Group.ACCEPTORS, Delivered(2, [])) in learner.flush(now_s).sends


def test_far_behind_a_rest_is_no_wait_for_what_is_new() -> None:
    """It rests between its questions; that nothing comes then says nothing of the network."""
    learner = Learner(Settings(direct_learning=True, ask_instances=3), 0.0)
    give(learner, (1, Heartbeat(FIRST, 300)))
    now_s = 0.0
    for first in range(1, 270, 3):
        asked: list[Message] = []
        while not asked:
            now_s = learner.deadline_s()
            learner.tick(now_s)
            asked = asks(learner.flush(now_s))
        answer = Votes([Vote(i, FIRST, batch(i)) for i in range(first, first + 3)])
        now_s += 0.01
        give(learner, (1, answer), (3, answer), now_s=now_s)
        assert learner.prefix == first + 2
    asked_s = now_s
    asked = []
    while len(asked) < 2:  # now an answer is lost
        now_s = learner.deadline_s()
        learner.tick(now_s)
        asked += asks(learner.flush(now_s))
    assert now_s - asked_s < 1
