"""The order of one client's values: what learners pass over, and what a leader proposes when."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.batch import Packet, decode_batch, encode_batch, pack
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.messages import (
    Accept,
    Accepted,
    Decide,
    Delivered,
    Group,
    Message,
    Promise,
    Submit,
    Vote,
)
from paxos.core.proposer import Proposer
from paxos.core.settings import Settings
from paxos.core.step import Step

BALLOT = Ballot(1, 1)
FIFO = Settings(fifo=True, max_batch=4)
LEADING = Settings(fifo=True, prepare_ahead=True, direct_learning=True, window=16, max_batch=2)


def packet(seq: int, client: str = "1.1", count: int = 1) -> Packet:
    return pack(client, seq, [b"value %d" % n for n in range(seq, seq + count)])


def learn(learner: Learner, instance: int, packets: Iterable[Packet]) -> Step:
    decide = Decide(BALLOT, instance, encode_batch(list(packets)))
    learner.receive(1, decide, 0.0)
    return learner.flush(0.0)


def delivered(step: Step) -> list[tuple[str, int]]:
    return [(d.packet.client, d.packet.first) for d in step.deliveries]


def told(step: Step) -> list[tuple[str, int, int]]:
    sent = [m for _, m in (*step.sends, *step.later)]
    return [span for m in sent if isinstance(m, Delivered) for span in m.values]


# Learners.


def test_a_value_before_its_turn_is_passed_over_and_delivered_when_it_comes_again() -> None:
    learner = Learner(FIFO, 0.0)
    assert delivered(learn(learner, 1, [packet(2), packet(1, "2.1"), packet(1)])) == [
        ("2.1", 1),
        ("1.1", 1),
    ]
    assert delivered(learn(learner, 2, [packet(3), packet(2), packet(1)])) == [("1.1", 2)]
    assert delivered(learn(learner, 3, [packet(3)])) == [("1.1", 3)]
    assert learner.position == 4


def test_what_was_passed_over_is_in_no_event_and_told_to_nobody() -> None:
    learner = Learner(FIFO, 0.0)
    step = learn(learner, 1, [packet(2)])
    deliver = step.events[-1]
    assert isinstance(deliver, events.Deliver)
    assert (deliver.values, deliver.position) == ([], 1)
    assert told(step) == []


def test_after_one_that_was_passed_over_nothing_of_its_client_is_delivered() -> None:
    learner = Learner(FIFO, 0.0)
    assert delivered(learn(learner, 1, [packet(1), packet(3), packet(4)])) == [("1.1", 1)]


def test_without_fifo_nothing_is_passed_over() -> None:
    learner = Learner(Settings(max_batch=4), 0.0)
    assert delivered(learn(learner, 1, [packet(2), packet(1)])) == [("1.1", 2), ("1.1", 1)]


RUNS = {c: [packet(1, c), packet(2, c, 3), packet(5, c), packet(6, c, 2)] for c in ("1.1", "2.7")}
LOGS = st.lists(
    st.lists(st.sampled_from([p for run in RUNS.values() for p in run]), max_size=4, unique=True),
    max_size=12,
)


@given(log=LOGS, order=st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_every_log_is_delivered_in_order_and_alike_however_it_is_learned(
    log: list[list[Packet]], order: Random
) -> None:
    """Held against the definition: of each client what is delivered is a prefix of what it has
    broadcast, as long as the log allows."""
    instances = list(enumerate(log, 1))
    straight, shuffled = Learner(FIFO, 0.0), Learner(FIFO, 0.0)
    found = [d for i, batch in instances for d in delivered(learn(straight, i, batch))]
    order.shuffle(instances)
    assert [d for i, batch in instances for d in delivered(learn(shuffled, i, batch))] == found
    for client, run in RUNS.items():
        mine = [first for c, first in found if c == client]
        assert mine == [p.first for p in run[: len(mine)]]
        chosen = [p for batch in log for p in batch if p.client == client]
        due = 0
        for p in chosen:
            due += due < len(run) and p == run[due]
        assert len(mine) == due


# Clients.


def test_a_client_says_what_is_delivered_with_what_it_submits() -> None:
    client = Client(FIFO, "1.1", 0.0)
    client.submit([b"a"], 0.0)
    client.submit([b"b"], 0.0)
    submits = [m for _, m in client.flush(0.0).sends if isinstance(m, Submit)]
    assert [m.delivered for m in submits] == [0]
    client.receive(1, Delivered(1, [("1.1", 1, 1)]), 0.01)
    client.submit([b"c"], 0.01)
    submits = [m for _, m in client.flush(0.01).sends if isinstance(m, Submit)]
    assert [(m.delivered, [p.first for p in m.packets]) for m in submits] == [(1, [3])]


def test_a_client_sends_the_lowest_again_before_all_others() -> None:
    """Nothing else can be delivered before."""
    client = Client(replace(FIFO, first_messages=8), "1.1", 0.0)
    for n in range(4):
        client.submit([b"%d" % n], 0.01 * n)
        client.flush(0.01 * n)
    client.submit([b"new"], 9.0)
    submits = [m for _, m in client.flush(9.0).sends if isinstance(m, Submit)]
    sent = [p.first for m in submits for p in m.packets]
    assert sent == sorted(sent) and sent[0] == 1


# Leaders.


def give(proposer: Proposer, *messages: Message, sender: int = 1, now_s: float = 1.0) -> Step:
    for message in messages:
        proposer.receive(sender, message, now_s)
    return proposer.flush(now_s)


def proposals(step: Step) -> list[tuple[int, list[int]]]:
    accepts = [m for to, m in step.sends if isinstance(m, Accept) and to is Group.ACCEPTORS]
    return [(m.instance, [p.first for p in decode_batch(m.batch)]) for m in accepts]


def leading(*votes: Vote) -> tuple[Proposer, Step]:
    """A proposer that leads; these votes were reported to it."""
    proposer = Proposer(LEADING, 1, 0.0)
    proposer.tick(1.0)
    proposer.flush(1.0)
    give(proposer, Promise(BALLOT, 1, 16, list(votes)), sender=1)
    return proposer, give(proposer, Promise(BALLOT, 1, 16, []), sender=2)


def chosen(proposer: Proposer, instance: int) -> Step:
    give(proposer, Accepted(BALLOT, instance), sender=1)
    return give(proposer, Accepted(BALLOT, instance), sender=2)


def test_a_leader_lets_a_value_wait_for_the_one_before_it() -> None:
    proposer, _ = leading()
    assert proposals(give(proposer, Submit([packet(2)]))) == []
    assert proposals(give(proposer, Submit([packet(4)]))) == []
    assert proposals(give(proposer, Submit([packet(1)]))) == [(1, [1, 2])]
    assert proposals(give(proposer, Submit([packet(3)]))) == [(2, [3, 4])]


def test_a_leader_that_knows_nothing_begins_where_the_client_says() -> None:
    proposer, _ = leading()
    assert proposals(give(proposer, Submit([packet(500), packet(502)], 499))) == [(1, [500])]
    assert proposals(give(proposer, Submit([packet(502)], 501))) == [(2, [502])]


def test_what_is_delivered_gives_others_their_turn() -> None:
    proposer, _ = leading()
    give(proposer, Submit([packet(3), packet(4)]))
    assert proposals(give(proposer, Delivered(0, [("1.1", 2, 2)]))) == [(1, [3, 4])]


def test_what_comes_after_a_value_that_was_not_known_is_proposed_again_after_it() -> None:
    proposer, step = leading(Vote(2, Ballot(0, 2), encode_batch([packet(2)])))
    assert proposals(step) == [(2, [2]), (1, [])]
    assert proposals(give(proposer, Submit([packet(1)]))) == [(3, [1, 2])]
    for instance in (1, 2, 3):
        assert proposals(chosen(proposer, instance)) == []
    assert proposals(give(proposer, Delivered(2, []))) == []
    assert proposals(give(proposer, Submit([packet(2)]))) == []
    assert proposals(give(proposer, Delivered(3, [("1.1", 1, 2)]))) == []
    assert proposals(give(proposer, Submit([packet(2)]))) == []
    assert not proposer.backlog._waiting


def test_what_learners_passed_over_is_proposed_again_with_what_comes_after_it() -> None:
    proposer, _ = leading()
    assert proposals(give(proposer, Submit([packet(2), packet(3)], 1))) == [(1, [2, 3])]
    assert proposals(give(proposer, Submit([packet(4)], 1))) == [(2, [4])]
    chosen(proposer, 1)
    assert proposals(give(proposer, Submit([packet(2)], 1))) == []  # it may yet be delivered
    step = give(proposer, Delivered(1, [("1.1", 1, 1)]))
    assert proposals(step) == [(3, [2, 3]), (4, [4])]


def test_a_leader_that_is_obliged_to_a_value_before_its_turn_proposes_it_again_in_turn() -> None:
    proposer = Proposer(LEADING, 1, 0.0)
    give(proposer, Submit([packet(1), packet(2), packet(3)]))
    proposer.tick(1.0)
    proposer.flush(1.0)
    vote = Vote(1, Ballot(0, 2), encode_batch([packet(2)]))
    give(proposer, Promise(BALLOT, 1, 16, [vote]), sender=1)
    step = give(proposer, Promise(BALLOT, 1, 16, []), sender=2)
    assert proposals(step) == [(1, [2]), (2, [1, 2]), (3, [3])]


def test_what_waits_for_a_client_that_is_gone_is_dropped() -> None:
    proposer, _ = leading()
    give(proposer, Submit([packet(2)]))
    late_s = 1.0 + 2 * LEADING.abandoned_s
    give(proposer, Submit([packet(1, "2.1")]), now_s=late_s)
    assert ("1.1", 2) not in proposer.backlog._waiting


def test_a_value_in_its_turn_takes_the_place_of_one_that_waits_for_it() -> None:
    few = Settings(fifo=True, prepare_ahead=True, direct_learning=True, waiting_packets=3)
    proposer = Proposer(few, 1, 0.0)
    give(proposer, Submit([packet(seq) for seq in (2, 3, 4, 5)]))
    assert {seq for _, seq in proposer.backlog._waiting} == {2, 3, 4}
    give(proposer, Submit([packet(1)]))
    assert {seq for _, seq in proposer.backlog._waiting} == {1, 2, 3}
    give(proposer, Submit([packet(1, "2.1")]))
    assert {seq for _, seq in proposer.backlog._waiting} == {1, 2, 3}


def test_a_large_value_in_its_turn_takes_the_place_of_several() -> None:
    few = Settings(fifo=True, prepare_ahead=True, direct_learning=True, waiting_bytes=1_000)
    proposer = Proposer(few, 1, 0.0)
    give(proposer, Submit([pack("1.1", seq, [b"v" * 200]) for seq in (2, 3, 4, 5, 6)]))
    assert {seq for _, seq in proposer.backlog._waiting} == {2, 3, 4, 5}
    give(proposer, Submit([pack("1.1", 1, [b"v" * 300])]))
    assert {seq for _, seq in proposer.backlog._waiting} == {1, 2, 3}


def test_the_first_value_of_a_client_is_not_proposed_again_once_it_is_chosen() -> None:
    proposer, _ = leading()
    assert proposals(give(proposer, Submit([packet(1)]))) == [(1, [1])]
    chosen(proposer, 1)
    assert proposals(give(proposer, Submit([packet(1)]))) == []
