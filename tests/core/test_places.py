"""The places that a learner tells clients of, and remembers."""

from __future__ import annotations

from paxos.core.ballot import Ballot
from paxos.core.batch import encode_batch, pack
from paxos.core.learner import Learner
from paxos.core.messages import Decide, Delivered, Group, Inquire, Message, PacketPlace
from paxos.core.places import Places
from paxos.core.settings import Settings
from paxos.core.step import Step

FIRST = Ballot(1, 1)


def give(learner: Learner, *messages: Message) -> Step:
    for message in messages:
        learner.receive(1, message, 0.0)
    return learner.flush(0.0)


def told(step: Step, group: Group = Group.CLIENTS) -> list[PacketPlace]:
    said = [m for to, m in step.sends if to is group and isinstance(m, Delivered)]
    return [place for message in said for place in message.places]


def test_the_place_of_each_packet() -> None:
    learner = Learner(Settings(), 0.0)
    packets = pack("1.1", 1, [b"a", b"b"]), pack("2.1", 1, [b"c"]), pack("1.1", 3, [b"d"])
    step = give(learner, Decide(FIRST, 1, encode_batch(packets)), Decide(FIRST, 2, b""))
    assert sorted(told(step)) == [("1.1", 1, 1, 1), ("1.1", 3, 1, 4), ("2.1", 1, 1, 3)]
    assert told(step, Group.PROPOSERS) == []
    assert told(give(learner, Decide(FIRST, 3, encode_batch([pack("2.1", 2, [b"e"])])))) == [
        ("2.1", 2, 3, 5)
    ], "what was said before is not said again"


def test_what_is_chosen_twice_is_where_it_was_first() -> None:
    learner = Learner(Settings(), 0.0)
    batch = encode_batch([pack("1.1", 1, [b"a", b"b"])])
    give(learner, Decide(FIRST, 1, batch))
    step = give(learner, Decide(FIRST, 2, batch))
    assert told(step) == [("1.1", 1, 1, 1)] and not step.deliveries


def test_who_inquires_is_told_again_what_is_remembered() -> None:
    learner = Learner(Settings(placed_packets=3), 0.0)
    for seq in range(1, 6):
        give(learner, Decide(FIRST, seq, encode_batch([pack("1.1", seq, [b"v"])])))
    spans = [("1.1", seq, seq) for seq in (2, 3, 5, 6)]
    assert told(give(learner, Inquire(spans))) == [
        ("1.1", 2, 0, 0),
        ("1.1", 3, 3, 3),
        ("1.1", 5, 5, 5),
    ], "and nothing of what is not delivered"


def test_few_places_of_few_clients() -> None:
    places = Places(Settings(placed_packets=3, placed_clients=2))
    for client in ("1.1", "2.1"):
        for seq in range(1, 6):
            places.note(client, seq, seq, seq)
    places.note("1.1", 6, 11, 11)
    places.note("3.1", 1, 12, 12)
    assert sorted(places.remembered()) == [1, 3]
    assert places.recall("2.1", 5) == ("2.1", 5, 0, 0), "heard of least lately"
    assert places.recall("1.1", 6) == ("1.1", 6, 11, 11)
    assert places.recall("1.1", 3) == ("1.1", 3, 0, 0)
