"""The acceptor, message by message."""

from paxos.core import events
from paxos.core.acceptor import LEAST_TRIMMED, Acceptor
from paxos.core.ballot import Ballot
from paxos.core.batch import encode_batch, pack
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Delivered,
    Group,
    Message,
    Prepare,
    Promise,
    Reject,
    Trimmed,
    Vote,
    Votes,
    encode_messages,
)
from paxos.core.settings import Settings
from paxos.core.step import PromiseWrite, Step, TrimWrite, VoteWrite

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


def test_votes_in_instances_in_a_row_are_one_message() -> None:
    accepts = [Accept(LOW, n, BATCH) for n in (3, 4, 5, 7, 8)] + [Accept(HIGH, 9, BATCH)]
    step = give(Acceptor(Settings(direct_learning=True)), *accepts)
    said = [Accepted(LOW, 3, more=2), Accepted(LOW, 7, more=1), Accepted(HIGH, 9)]
    assert step.urgent == [(Group.LEARNERS, accepted) for accepted in said]
    assert step.later == [(Group.PROPOSERS, accepted) for accepted in said]
    assert len(step.events) == len(step.writes) == 6, "and votes all the same"


def test_a_batch_that_it_tells_comes_between_the_votes_before_and_after() -> None:
    """A learner takes what it was not told of earlier instances for lost. Proposers are told no
    batches."""
    acceptor = Acceptor(Settings(direct_learning=True), acceptor_id=2)
    tellers = {1: 3, 2: 3, 3: 2, 4: 3, 5: 0}
    step = give(acceptor, *(Accept(LOW, n, BATCH, teller) for n, teller in tellers.items()))
    assert [message for _, message in step.urgent] == [
        Accepted(LOW, 1, 3, more=1),
        Votes([Vote(3, LOW, BATCH)]),
        Accepted(LOW, 4, 3),
        Accepted(LOW, 5, 0),
    ]
    assert step.later == [(Group.PROPOSERS, Accepted(LOW, 1, more=4))]


def test_what_else_it_says_comes_between_the_votes_before_and_after() -> None:
    step = give(
        Acceptor(Settings()), Accept(LOW, 1, BATCH), Prepare(LOW, 8, 8), Accept(LOW, 2, BATCH)
    )
    assert [type(message) for _, message in step.urgent] == [Accepted, Promise, Accepted]


def test_of_votes_for_more_than_a_message_the_first_part_is_promised() -> None:
    settings = Settings(message_bytes=500)
    acceptor = Acceptor(settings)
    batch = encode_batch([pack("1.1", 1, [bytes(settings.packed_value_bytes)])])
    for instance in (2, 3, 7):
        give(acceptor, Accept(LOW, instance, batch))
    promises = [
        message
        for first in (1, 3, 7)
        for _, message in give(acceptor, Prepare(HIGH, first, 9)).sends
        if isinstance(message, Promise)
    ]
    assert [(p.first, p.last) for p in promises] == [(1, 2), (3, 6), (7, 9)]
    assert [[v.instance for v in p.votes] for p in promises] == [[2], [3], [7]]
    assert all(len(encode_messages([p])) <= settings.message_bytes for p in promises)


def test_a_batch_that_fits_no_promise_is_not_voted_for() -> None:
    """The vote could never be told to a new leader, and its instance would never be finished."""
    settings = Settings(message_bytes=500)
    packets = [pack("1.1", n, [b"x"]) for n in range(1, 100)]
    fits, too_large = (encode_batch(packets[:n]) for n in (35, 36))
    assert len(fits) <= settings.max_batch_bytes < len(too_large)
    acceptor = Acceptor(settings)
    step = give(acceptor, Accept(LOW, 1, too_large))
    assert not step
    assert step.refused == {
        "Accepts of batches that fit no answer (is datagram_bytes the same?)": 1
    }
    assert give(acceptor, Accept(LOW, 1, fits)).writes == [VoteWrite(Vote(1, LOW, fits))]


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


def test_an_answer_says_where_it_ended_only_if_there_was_no_room_for_all() -> None:
    """Whoever asks goes on from there; 0: all that it asked for is told."""
    large = encode_batch([pack("1.1", 1, [bytes(150)])])
    acceptor = Acceptor(Settings(message_bytes=500))
    give(acceptor, *[Accept(LOW, instance, large) for instance in (1, 2, 3, 4)])

    def told(last: int, room: int) -> list[tuple[int, list[int]]]:
        sends = give(acceptor, Ask(1, last, 0, room)).sends
        votes = [message for _, message in sends if isinstance(message, Votes)]
        return [(some.last, [vote.instance for vote in some.votes]) for some in votes]

    assert told(4, 2000) == [(0, [1, 2]), (0, [3, 4])]
    assert told(4, 500) == [(2, [1, 2])]
    assert told(2, 500) == [(0, [1, 2])]


def test_asked_for_what_another_tells_it_says_only_the_ballots() -> None:
    acceptor = Acceptor(Settings(direct_learning=True), acceptor_id=2)
    give(acceptor, Accept(LOW, 2, BATCH))
    assert give(acceptor, Ask(1, 9, 3)).sends == [(Group.LEARNERS, Accepted(LOW, 2))]
    [(_, votes)] = give(acceptor, Ask(1, 9, 2)).sends
    assert isinstance(votes, Votes)


def trimming(retain: int = 2, learners: int = 2, votes: int = 9) -> Acceptor:
    acceptor = Acceptor(Settings(learners=learners, retain_instances=retain))
    give(acceptor, *[Accept(LOW, instance, BATCH) for instance in range(1, votes + 1)])
    return acceptor


def hear(acceptor: Acceptor, *prefixes: tuple[int, int]) -> Step:
    for learner, prefix in prefixes:
        acceptor.receive(learner, Delivered(prefix, []), 0.0)
    return acceptor.flush(0.0)


def test_it_trims_what_every_learner_has_delivered_but_for_some() -> None:
    acceptor = trimming()
    assert not hear(acceptor, (1, 9))
    step = hear(acceptor, (2, 7))
    assert step.writes == [TrimWrite(5)]
    assert step.events == [events.Trim(last=5)]
    assert not step.sends
    assert sorted(acceptor.votes) == [6, 7, 8, 9]
    assert hear(acceptor, (2, 9)).writes == [TrimWrite(7)]


def test_what_a_learner_delivered_before_it_started_again_counts() -> None:
    acceptor = trimming()
    assert hear(acceptor, (1, 7), (2, 9)).writes == [TrimWrite(5)]
    assert not hear(acceptor, (2, 1))
    assert hear(acceptor, (1, 9)).writes == [TrimWrite(7)]


def test_it_trims_in_steps() -> None:
    acceptor = trimming(retain=8, learners=1, votes=20)
    assert not hear(acceptor, (1, 9))
    assert hear(acceptor, (1, 10)).writes == [TrimWrite(2)]


def test_it_trims_nothing_if_it_does_not_know_all_learners() -> None:
    assert not hear(trimming(learners=0), (1, 9), (2, 9))
    assert not hear(trimming(learners=3), (1, 9), (2, 9), (4, 9))
    assert not hear(trimming(), (1, 9), (1, 9))


def test_it_trims_a_part_in_each_step() -> None:
    """A whole checkpoint at once would keep everybody waiting; storage is bounded all the same, as
    a step that votes more trims more."""
    acceptor = trimming(retain=0, learners=1, votes=200)
    assert hear(acceptor, (1, 200)).writes == [TrimWrite(LEAST_TRIMMED)]
    assert min(acceptor.votes) == acceptor.trimmed + 1 == LEAST_TRIMMED + 1
    votes = [Accept(LOW, instance, BATCH) for instance in range(201, 251)]
    step = give(acceptor, *votes)
    assert step.writes[-1] == TrimWrite(LEAST_TRIMMED + 2 * len(votes))
    assert step.events[-1] == events.Trim(last=LEAST_TRIMMED + 2 * len(votes))
    for _ in range(10):
        give(acceptor)
    assert acceptor.trimmed == 200, "and no further than all have delivered"
    assert sorted(acceptor.votes) == list(range(201, 251))
    assert not give(acceptor).writes


def test_of_what_it_trimmed_it_only_says_so() -> None:
    acceptor = trimming()
    hear(acceptor, (1, 7), (2, 7))
    step = give(acceptor, Prepare(HIGH, 1, 5))
    assert step.sends == [(Group.PROPOSERS, Trimmed(5))]
    assert not step.writes and not step.events and acceptor.promised == LOW
    step = give(acceptor, Accept(HIGH, 5, BATCH))
    assert step.sends == [(Group.PROPOSERS, Trimmed(5))]
    assert not step.writes and not step.events
    step = give(acceptor, Ask(2, 5))
    assert step.sends == [(Group.LEARNERS, Trimmed(5))]


def test_of_a_range_it_answers_what_is_left() -> None:
    acceptor = trimming()
    hear(acceptor, (1, 7), (2, 7))
    trimmed, (to, votes) = give(acceptor, Ask(1, 6)).sends
    assert trimmed == (Group.LEARNERS, Trimmed(5))
    assert to is Group.PROPOSERS
    assert isinstance(votes, Votes)
    assert [vote.instance for vote in votes.votes] == [6]
    step = give(acceptor, Prepare(HIGH, 1, 6))
    assert step.writes == [PromiseWrite(HIGH)]
    trimmed, (_, promise) = step.sends
    assert trimmed == (Group.PROPOSERS, Trimmed(5))
    assert isinstance(promise, Promise)
    assert (promise.first, promise.last) == (6, 6)


def test_it_comes_back_knowing_what_it_trimmed() -> None:
    acceptor = Acceptor(Settings(learners=1, retain_instances=0), LOW, {}, 7)
    acceptor.come_back()
    (event,) = acceptor.flush(0.0).events
    assert event == events.Recover(promised=LOW, votes=[], trimmed=7)
    assert not hear(acceptor, (1, 7))
    assert give(acceptor, Accept(LOW, 7, BATCH)).sends == [(Group.PROPOSERS, Trimmed(7))]


def test_it_comes_back_knowing_that_the_log_is_as_long_as_what_it_trimmed() -> None:
    far = 10**9
    acceptor = Acceptor(Settings(learners=1), LOW, {}, far)
    assert [e.instance for e in give(acceptor, Accept(LOW, far + 1, BATCH)).events] == [far + 1]  # type: ignore[attr-defined]
