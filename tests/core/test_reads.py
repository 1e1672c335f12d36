"""Reads of a learner: whom it asks, which answers count, and when it has delivered enough."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.core.acceptor import Acceptor
from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import NO_OP
from paxos.core.learner import Learner
from paxos.core.messages import (
    Accept,
    Ask,
    Decide,
    Delivered,
    Group,
    Message,
    Prepare,
    Query,
    Reached,
    Vote,
)
from paxos.core.reads import MOST_TARGETS, Reads
from paxos.core.settings import Settings
from paxos.core.step import Step, VoteWrite

SETTINGS = Settings(acceptors=3)
READER = "1.7"
B = Ballot(1, 1)


def learner_of(settings: Settings = SETTINGS) -> Learner:
    return Learner(settings, 0.0, 1, incarnation=7)


def give(learner: Learner, *said: tuple[int, Message], now_s: float = 1.0) -> Step:
    for sender, message in said:
        learner.receive(sender, message, now_s)
    return learner.flush(now_s)


def queries(step: Step) -> list[Message]:
    return [m for group, m in step.sends if group is Group.ACCEPTORS and isinstance(m, Query)]


def deliver(learner: Learner, last: int) -> Step:
    return give(learner, *((1, Decide(B, i, NO_OP)) for i in range(learner.prefix + 1, last + 1)))


def test_it_asks_the_acceptors_and_waits_for_a_quorum() -> None:
    learner = learner_of()
    deliver(learner, 5)
    number = learner.reads.begin()
    step = give(learner)
    assert queries(step) == [Query(READER, number)]
    assert not step.current
    assert not give(learner, (1, Reached(READER, number, 5))).current, "one is no quorum"
    assert not give(learner, (1, Reached(READER, number, 5))).current, (
        "nor is one that says it twice"
    )
    assert give(learner, (2, Reached(READER, number, 3))).current == number


def test_it_waits_until_it_has_delivered_what_a_quorum_says() -> None:
    learner = learner_of()
    number = learner.reads.begin()
    give(learner)
    step = give(learner, (1, Reached(READER, number, 2)), (3, Reached(READER, number, 0)))
    assert not step.current
    assert not deliver(learner, 1).current
    assert deliver(learner, 2).current == number


def test_where_nothing_was_voted_for_it_reads_nothing() -> None:
    learner = learner_of()
    number = learner.reads.begin()
    give(learner)
    answers = [(a, Reached(READER, number, 0)) for a in (1, 2)]
    assert give(learner, *answers).current == number


def test_of_the_answers_it_takes_the_lowest_quorum() -> None:
    """One that has voted for what will never be chosen does not hold it up, if others answer."""
    learner = learner_of()
    deliver(learner, 3)
    number = learner.reads.begin()
    give(learner)
    assert not give(
        learner, *((a, Reached(READER, number, n)) for a, n in ((1, 9), (2, 3)))
    ).current
    assert give(learner, (3, Reached(READER, number, 3))).current == number
    assert not give(learner, (3, Reached(READER, number, 3))).current, "it is over"


def test_it_asks_for_what_it_has_not_delivered() -> None:
    """An acceptor has voted in an instance that nobody has told this learner of."""
    learner = learner_of()
    number = learner.reads.begin()
    give(learner)
    give(learner, *((a, Reached(READER, number, 2)) for a in (1, 2)))
    asked: list[Message] = []
    for now_s in (2.0, 3.0):
        learner.tick(now_s)
        asked += [m for _, m in learner.flush(now_s).sends if isinstance(m, Ask)]
    assert asked[0] == Ask(1, 2, 1)


def test_a_query_for_all_that_wait_and_another_for_those_that_come_later() -> None:
    """What is said to a query was said before a read that begins later."""
    learner = learner_of()
    first, also_first = learner.reads.begin(), learner.reads.begin()
    give(learner)
    second, also_second = learner.reads.begin(), learner.reads.begin()
    assert (first, second) == (also_first, also_second) == (1, 2)
    assert not queries(give(learner)), "one is under way"
    step = give(learner, *((a, Reached(READER, first, 0)) for a in (1, 2)))
    assert step.current == first
    assert queries(step) == [Query(READER, second)]
    assert not give(learner, (3, Reached(READER, first, 0))).current
    assert give(learner, *((a, Reached(READER, second, 0)) for a in (1, 2))).current == second
    assert not queries(give(learner, now_s=9.0)), "nobody reads"


def test_a_later_answer_is_as_good_for_a_read_that_waits() -> None:
    learner = learner_of()
    first = learner.reads.begin()
    give(learner)
    give(learner, *((a, Reached(READER, first, 9)) for a in (1, 2)))
    second = learner.reads.begin()
    give(learner)
    assert give(learner, *((a, Reached(READER, second, 0)) for a in (2, 3))).current == second


def test_a_read_that_waits_for_long_asks_again() -> None:
    """What it was told first may never be chosen, or not be true."""
    learner = learner_of()
    first = learner.reads.begin()
    give(learner)
    give(learner, *((a, Reached(READER, first, LARGEST_INT)) for a in (1, 2)))
    due_s = learner.reads.due_s
    learner.tick(due_s)
    assert queries(learner.flush(due_s)) == [Query(READER, first + 1)]
    answers = [(a, Reached(READER, first + 1, 0)) for a in (1, 2)]
    assert give(learner, *answers, now_s=due_s).current == first + 1
    give(learner, now_s=due_s)
    assert learner.reads.due_s == float("inf"), "no read waits"


@pytest.mark.parametrize(
    ("acceptor", "reader", "number"),
    [(2, "1.6", 1), (2, "2.7", 1), (2, READER, 2), (0, READER, 1), (4, READER, 1)],
)
def test_an_answer_to_another_question_or_of_a_stranger_is_none(
    acceptor: int, reader: str, number: int
) -> None:
    learner = learner_of()
    learner.reads.begin()
    give(learner)
    answers = (1, Reached(READER, 1, 0)), (acceptor, Reached(reader, number, 0))
    assert not give(learner, *answers).current
    assert give(learner, (2, Reached(READER, 1, 0))).current


def test_it_asks_again_less_and_less_often() -> None:
    learner = learner_of()
    learner.reads.begin()
    give(learner, now_s=0.0)
    pauses: list[float] = []
    at_s = 0.0
    for _ in range(6):
        due_s = learner.reads.due_s
        assert learner.deadline_s() <= due_s
        learner.tick(due_s)
        assert queries(learner.flush(due_s)) == [Query(READER, 1)]
        pauses.append(due_s - at_s)
        at_s = due_s
    assert all(later >= 1.9 * earlier for earlier, later in itertools.pairwise(pauses))
    wait = learner.waits_for()
    assert wait and wait.text == (
        "answers of 2 acceptors, to read: none answered, acceptors 1, 2, 3 not"
    )
    give(learner, (2, Reached(READER, 1, 0)), now_s=at_s + 60)
    assert learner.reads.due_s > at_s + 60, "somebody is heard after a silence: it asks at once"


def test_it_says_until_when_it_is_known_to_have_all() -> None:
    """What was delivered anywhere after it asked may be missing."""
    learner = learner_of()
    assert learner.reads.current_s == float("-inf")
    number = learner.reads.begin()
    give(learner, now_s=5.0)
    give(learner, *((a, Reached(READER, number, 1)) for a in (1, 2)), now_s=6.0)
    assert learner.reads.current_s == float("-inf")
    give(learner, (1, Decide(B, 1, NO_OP)), now_s=7.0)
    assert learner.reads.current_s == 5.0


def test_what_waits_is_bounded() -> None:
    """Of too many, an earlier one waits for the instance of a later one."""
    reads = Reads(SETTINGS, READER, 0.0)
    for n in range(1, 3 * MOST_TARGETS):
        assert reads.begin() == n
        reads.finish(Step(), 0, 0.0)
        for acceptor in (1, 2):
            reads.hear(acceptor, Reached(READER, n, n), 0.0)
        assert len(reads._targets) <= MOST_TARGETS
    for prefix in range(1, 3 * MOST_TARGETS):
        step = Step()
        reads.finish(step, prefix, 0.0)
        assert step.current <= prefix, "none ends too early"
    assert step.current == 3 * MOST_TARGETS - 1


# Acceptors.


def answer(acceptor: Acceptor, *before: tuple[int, Message]) -> Step:
    for sender, message in before:
        acceptor.receive(sender, message, 0.0)
    acceptor.receive(1, Query(READER, 4), 0.0)
    return acceptor.flush(0.0)


def reached(step: Step) -> list[int]:
    return [m.instance for group, m in step.urgent if isinstance(m, Reached)]


def test_an_acceptor_says_how_far_it_has_voted() -> None:
    acceptor = Acceptor(SETTINGS, acceptor_id=2)
    assert answer(acceptor).sends == [(Group.LEARNERS, Reached(READER, 4, 0))]
    assert reached(answer(acceptor, (1, Prepare(B, 1, 100)))) == [0], "a promise is no vote"
    step = answer(acceptor, (1, Accept(B, 7, NO_OP)), (1, Accept(B, 3, NO_OP)))
    assert [write.vote.instance for write in step.writes if isinstance(write, VoteWrite)] == [7, 3]
    assert reached(step) == [7]


def test_it_says_so_after_a_restart_too() -> None:
    votes = {i: Vote(i, B, NO_OP) for i in (5, 9, 7)}
    assert reached(answer(Acceptor(SETTINGS, B, votes, 4, 2))) == [9]


def test_what_it_has_trimmed_counts_as_voted() -> None:
    """It may never have voted there, or have forgotten it."""
    settings = replace(SETTINGS, learners=1, retain_instances=0)
    acceptor = Acceptor(settings, acceptor_id=2)
    answer(acceptor, (1, Accept(B, 1, NO_OP)), (1, Delivered(8, [])))
    assert not acceptor.votes
    assert reached(answer(acceptor)) == [8]
    assert reached(answer(Acceptor(settings, B, {}, 8, 2))) == [8]


def test_it_answers_so_many_in_a_step() -> None:
    acceptor = Acceptor(replace(SETTINGS, answered_queries=3), acceptor_id=2)
    for _ in range(2):
        for _ in range(4):
            acceptor.receive(1, Query(READER, 4), 0.0)
        step = acceptor.flush(0.0)
        assert len(step.sends) == 3
        assert step.refused == {"Queries beyond those of one step": 1}


def test_in_a_replica_its_learner_is_answered_without_the_network() -> None:
    settings = replace(SETTINGS, own_acceptor=1)
    mine = answer(Acceptor(settings, acceptor_id=1))
    assert mine.inside == [(Group.LEARNERS, Reached(READER, 4, 0))]
    assert not mine.urgent
    acceptor = Acceptor(settings, acceptor_id=1)
    acceptor.receive(2, Query("2.7", 4), 0.0)
    others = acceptor.flush(0.0)
    assert others.urgent == [(Group.LEARNERS, Reached("2.7", 4, 0))]
    assert not others.inside


# All together.

Votes = dict[int, set[int]]


@given(
    votes=st.dictionaries(st.integers(1, 5), st.sets(st.integers(1, 8)), max_size=5),
    order=st.permutations(range(1, 6)),
    delivered=st.integers(0, 8),
)
def test_no_read_ends_below_what_was_chosen(
    votes: Votes, order: Sequence[int], delivered: int
) -> None:
    """Whatever five acceptors have voted, and in whatever order they answer: an instance that three
    have voted in may be chosen."""
    settings = Settings(acceptors=5)
    chosen = max((i for i in range(1, 9) if sum(i in v for v in votes.values()) >= 3), default=0)
    learner = learner_of(settings)
    deliver(learner, delivered)
    number = learner.reads.begin()
    give(learner)
    for acceptor in order:
        last = max(votes.get(acceptor, ()), default=0)
        step = give(learner, (acceptor, Reached(READER, number, last)))
        assert not step.current or delivered >= chosen
    third = sorted(max(votes.get(a, ()), default=0) for a in range(1, 6))[2]
    assert (number <= learner.reads._ended) == (delivered >= third)
