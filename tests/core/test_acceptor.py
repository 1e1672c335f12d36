"""The acceptor, message by message."""

from paxos.core import events
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import Ballot
from paxos.core.batch import encode_batch, pack
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Group,
    Message,
    Prepare,
    Promise,
    Reject,
    Votes,
    encode_messages,
)
from paxos.core.settings import Settings
from paxos.core.step import PromiseWrite, Step, VoteWrite

LOW, HIGH = Ballot(1, 1), Ballot(1, 2)
BATCH = encode_batch([pack("1.1", 1, [b"x"])])


def give(acceptor: Acceptor, *messages: Message) -> Step:
    for message in messages:
        acceptor.receive(1, message, 0.0)
    return acceptor.flush(0.0)


def test_a_promise_is_durable_traced_and_sent() -> None:
    step = give(Acceptor(Settings()), Prepare(LOW, 1, 3))
    assert step.writes == [PromiseWrite(LOW)]
    assert step.events == [events.Phase1b(ballot=LOW, first=1, last=3, votes=[])]
    assert step.sends == [(Group.PROPOSERS, Promise(LOW, 1, 3, []))]


def test_no_promise_below_the_promise() -> None:
    acceptor = Acceptor(Settings())
    give(acceptor, Prepare(HIGH, 1, 1))
    step = give(acceptor, Prepare(LOW, 1, 1))
    assert step.sends == [(Group.PROPOSERS, Reject(HIGH))]
    assert not step.writes and not step.events


def test_one_promise_for_all_instances() -> None:
    acceptor = Acceptor(Settings())
    give(acceptor, Prepare(HIGH, 1, 1))
    step = give(acceptor, Accept(LOW, 9, BATCH))
    assert step.sends == [(Group.PROPOSERS, Reject(HIGH))]
    assert not acceptor.votes


def test_a_vote_is_a_promise() -> None:
    acceptor = Acceptor(Settings())
    step = give(acceptor, Accept(HIGH, 1, BATCH))
    assert [type(write) for write in step.writes] == [VoteWrite]
    assert acceptor.promised == HIGH
    assert give(acceptor, Prepare(LOW, 1, 1)).sends == [(Group.PROPOSERS, Reject(HIGH))]


def test_a_second_accept_is_answered_but_no_second_vote() -> None:
    acceptor = Acceptor(Settings())
    give(acceptor, Accept(LOW, 1, BATCH))
    step = give(acceptor, Accept(LOW, 1, BATCH))
    assert step.sends == [(Group.PROPOSERS, Accepted(LOW, 1))]
    assert not step.writes and not step.events


def test_direct_learning_sends_votes_to_the_learners() -> None:
    step = give(Acceptor(Settings(direct_learning=True)), Accept(LOW, 1, BATCH))
    assert step.urgent == [(Group.LEARNERS, Accepted(LOW, 1))]
    assert step.later == [(Group.PROPOSERS, Accepted(LOW, 1))], "the leader can wait"


def test_promises_of_many_votes_come_in_parts_that_fit() -> None:
    settings = Settings(message_bytes=500)
    acceptor = Acceptor(settings)
    batch = encode_batch([pack("1.1", 1, [bytes(settings.max_value_bytes)])])
    for instance in (2, 3, 7):
        give(acceptor, Accept(LOW, instance, batch))
    sends = give(acceptor, Prepare(HIGH, 1, 9)).sends
    promises = [message for _, message in sends if isinstance(message, Promise)]
    assert [(p.first, p.last) for p in promises] == [(1, 2), (3, 6), (7, 9)]
    assert [[v.instance for v in p.votes] for p in promises] == [[2], [3], [7]]
    assert all(len(encode_messages([p])) <= settings.message_bytes for p in promises)


def test_a_promise_covers_a_bounded_range() -> None:
    acceptor = Acceptor(Settings(prepare_instances=10))
    [(_, promise)] = give(acceptor, Prepare(LOW, 5, 10**15)).sends
    assert isinstance(promise, Promise)
    assert (promise.first, promise.last) == (5, 14)


def test_asked_it_says_its_votes_to_who_learns_from_votes() -> None:
    for direct, group in ((False, Group.PROPOSERS), (True, Group.LEARNERS)):
        acceptor = Acceptor(Settings(direct_learning=direct))
        give(acceptor, Accept(LOW, 2, BATCH))
        [(to, votes)] = give(acceptor, Ask(1, 10**15)).sends
        assert to is group
        assert isinstance(votes, Votes)
        assert [vote.instance for vote in votes.votes] == [2]
        assert not give(acceptor, Ask(3, 9)).sends
