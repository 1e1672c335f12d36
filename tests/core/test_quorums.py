"""Quorums that need not be majorities: five acceptors, of which four promise and two vote."""

from collections.abc import Iterable
from itertools import combinations, product
from typing import Any

import pytest

from paxos.core.ballot import Ballot
from paxos.core.batch import NO_OP, pack
from paxos.core.learner import Learner
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Message,
    Promise,
    Reached,
    Submit,
    Trimmed,
    Votes,
)
from paxos.core.messages import Vote as Voted
from paxos.core.proposer import Proposer
from paxos.core.quorum import check_quorums, quorum_size
from paxos.core.settings import Settings
from paxos.core.step import Step

FOUR_TWO = Settings(acceptors=5, phase1_quorum=4, phase2_quorum=2)
B = Ballot(1, 1)


def give(role: Any, said: Iterable[tuple[int, Message]]) -> Step:
    for sender, message in said:
        role.receive(sender, message, 1.0)
    step: Step = role.flush(1.0)
    return step


def sent(step: Step, kind: type[Any]) -> list[Any]:
    return [message for _, message in step.sends if isinstance(message, kind)]


@pytest.mark.parametrize("acceptors", range(1, 6))
def test_quorums_are_taken_if_each_of_one_phase_meets_each_of_the_other(acceptors: int) -> None:
    for one, two in product(range(1, 7), repeat=2):
        pairs = product(*(combinations(range(acceptors), size) for size in (one, two)))
        meet = max(one, two) <= acceptors and all({*p} & {*q} for p, q in pairs)
        if meet:
            check_quorums(one, two, acceptors)
        else:
            with pytest.raises(ValueError, match="expected quorums that meet"):
                check_quorums(one, two, acceptors)


def test_they_are_majorities_if_nobody_says_otherwise() -> None:
    for acceptors in range(1, 9):
        settings = Settings(acceptors=acceptors)
        assert settings.quorum1 == settings.quorum2 == quorum_size(acceptors)


def test_four_promises_and_two_votes() -> None:
    proposer = Proposer(FOUR_TWO, 1, 0.0)
    proposer.tick(1.0)
    give(proposer, [(1, Submit([pack("1.1", 1, [b"a"])]))])
    promise = Promise(B, 1, 1, [])
    assert not sent(give(proposer, [(a, promise) for a in (1, 2, 3, 3)]), Accept)
    assert sent(give(proposer, [(5, promise)]), Accept)
    assert not sent(give(proposer, [(4, Accepted(B, 1)), (4, Accepted(B, 1))]), Decide)
    assert sent(give(proposer, [(2, Accepted(B, 1))]), Decide)


def test_a_leader_decides_for_a_learner_by_two_votes() -> None:
    proposer = Proposer(FOUR_TWO, 1, 0.0)
    proposer.tick(1.0)
    votes = Votes([Voted(1, Ballot(0, 2), NO_OP)])
    give(proposer, [(1, Ask(1, 1))])
    assert not sent(give(proposer, [(3, votes)]), Decide)
    assert sent(give(proposer, [(4, votes)]), Decide)


def test_a_learner_learns_from_two_votes() -> None:
    learner = Learner(
        Settings(acceptors=5, phase1_quorum=4, phase2_quorum=2, direct_learning=True), 0.0
    )
    give(learner, [(1, Accept(B, 1, NO_OP)), (4, Accepted(B, 1))])
    assert learner.prefix == 0
    give(learner, [(2, Accepted(B, 1))])
    assert learner.prefix == 1


def test_a_read_asks_as_many_as_promise() -> None:
    """Two voted in instance 3, and any four of five have one of them."""
    learner = Learner(FOUR_TWO, 0.0, 1, incarnation=7)
    number = learner.reads.begin()
    give(learner, [])
    give(learner, [(1, Decide(B, 1, NO_OP))])
    answers = [(a, Reached("1.7", number, 3 if a > 3 else 0)) for a in (1, 2, 3, 4)]
    assert not give(learner, answers[:3]).current
    assert not give(learner, answers[3:]).current
    assert give(learner, [(1, Decide(B, i, NO_OP)) for i in (2, 3)]).current == number


@pytest.mark.parametrize(
    ("gone", "wants", "fails"), [(1, False, False), (2, True, False), (4, True, True)]
)
def test_what_can_be_learned_no_more(gone: int, wants: bool, fails: bool) -> None:
    """With two acceptors less nothing is run again, though two votes would be heard; with four
    less nobody can learn it."""
    trimmed = [(a, Trimmed(5)) for a in range(1, gone + 1)]
    alone = Learner(FOUR_TWO, 0.0, 1)
    assert bool(give(alone, trimmed).failure) == fails
    taking = Learner(
        Settings(acceptors=5, phase1_quorum=4, phase2_quorum=2, checkpoints=True),
        *(0.0, 1),
        keeps=True,
        shares=True,
    )
    give(taking, trimmed)
    assert taking.transfer
    assert taking.transfer.taker.is_wanted == wants
