"""Runs with one thing wrong where promises are per instance, where learners of a Synod count votes,
or where a proposer relies on what it heard before: see bad_runs.py."""

from __future__ import annotations

from tests.conformance.bad_begin import A, B, ahead, wrong
from tests.conformance.good_runs import heard_before, promises_per_instance, synod_direct
from tests.conformance.scenario import Scenario, rng


def each() -> Scenario:
    """Acceptors 1 and 2 have promised (3, 2) in instance 1, (1, 1) in 2..5, and voted in 2."""
    s = Scenario("bad", prepare_ahead=True, direct_learning=True, promise_scope="instance")
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((3, 2), 1)
    s.prepare((1, 1), 2, 5)
    s.settle((1, 1), 2, A)
    return s


KEPT = [[1, 1, [3, 2]], [2, 5, [1, 1]]]


# -- promises per instance ----------------------------------------------------------------------
@wrong("Phase1b.promise")
def promise_below_the_promise_of_an_instance() -> Scenario:
    s = each()
    s.ask((2, 1), 1, 2)
    s.promise(1, (2, 1), 1, 2)
    return s


@wrong("Phase2b.promise")
def vote_below_the_promise_of_the_instance() -> Scenario:
    s = each()
    s.propose((1, 1), 3, B)
    s.ask((2, 2), 3)
    s.promise(1, (2, 2), 3)
    s.vote(1, (1, 1), 3)
    return s


@wrong("Phase1b.promise")
def promise_below_the_vote_of_the_instance() -> Scenario:
    s = each()
    s.ask((3, 1), 2)
    s.prepare((3, 1), 2, q=(2, 3))
    s.propose((3, 1), 2, A, q=(2, 3))
    s.vote(1, (3, 1), 2)
    s.ask((2, 2), 2)
    s.promise(1, (2, 2), 2)
    return s


@wrong("Phase2a.promises")
def propose_on_promises_for_another_instance() -> Scenario:
    s = each()
    s.propose((3, 2), 2, A)
    return s


@wrong("Recover.promise")
def restart_without_the_promise_of_an_instance() -> Scenario:
    s = each()
    s.recover("acceptor-1.2", promises=[KEPT[0], [2, 4, [1, 1]]], votes=s.votes_of(1, 1, 5))
    return s


@wrong("Recover.promise")
def restart_with_a_lower_promise_in_an_instance() -> Scenario:
    s = each()
    s.recover("acceptor-1.2", promises=[[1, 5, [1, 1]]], votes=s.votes_of(1, 1, 5))
    return s


@wrong("Recover.new promise")
def restart_with_a_promise_that_its_instance_was_not_asked_for() -> Scenario:
    s = each()
    s.recover("acceptor-1.2", promises=[[1, 2, [3, 2]], [3, 5, [1, 1]]], votes=s.votes_of(1, 1, 5))
    return s


@wrong("Phase1b.promise")
def promise_as_if_each_instance_had_a_promise() -> Scenario:
    s = ahead()
    s.ask((2, 2), 7)
    s.promise(1, (2, 2), 7)
    s.ask((1, 1), 8)
    s.promise(1, (1, 1), 8)
    return s


@wrong("Phase1b.promise")
def restart_and_promise_below_the_promise_of_an_instance() -> Scenario:
    s = promises_per_instance()
    s.ask((1, 2), 5)
    s.promise(1, (1, 2), 5, life=2)
    return s


# -- learners of a Synod that count votes -------------------------------------------------------
@wrong("Learn.quorum")
def synod_learns_from_one_vote() -> Scenario:
    s = synod_direct()
    s.learn("1.2", (1, 2), 1, q=(3,))
    return s


@wrong("Learn.decided")
def synod_learns_from_votes_that_it_does_not_name_before_a_quorum_voted() -> Scenario:
    s = synod_direct()
    s.learn("1.2", (1, 1), 1, q=())
    return s


@wrong("Learn.decided")
def synod_learns_from_votes_of_two_ballots() -> Scenario:
    s = synod_direct()
    s.learn("1.2", (1, 1), 1, q=(1, 2))
    return s


@wrong("Decide.indirect")
def synod_decides_with_direct_learning() -> Scenario:
    s = synod_direct()
    s.decide(2, (1, 2), 1, q=(2, 3))
    return s


@wrong("Learn.quorum")
def synod_counts_votes_without_direct_learning() -> Scenario:
    s = Scenario("bad", spec="Synod")
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A, learners=())
    s.add("learner-1.1", "Learn", ballot=[1, 1], instance=1, batch=[A], quorum=[1, 2])
    return s


# -- what a proposer heard before ---------------------------------------------------------------
@wrong("Phase2a.highest")
def propose_what_it_heard_though_a_higher_vote_is_reported() -> Scenario:
    s = heard_before()
    s.prepare((4, 1), 1, q=(1, 2))
    s.propose((4, 1), 1, rng("1.1", 1))
    return s


@wrong("Phase2a.highest")
def propose_what_another_proposer_heard() -> Scenario:
    s = Scenario("bad", prepare_ahead=True)
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.prepare((1, 2), 1, q=(2, 3))
    s.propose((1, 2), 1, B, q=(2, 3))
    s.vote(3, (1, 2), 1)
    s.prepare((2, 1), 1, q=(3,))
    s.prepare((3, 2), 1, q=(1, 2))
    s.propose((3, 2), 1, B)
    return s


@wrong("Phase2a.once")
def propose_the_same_batch_again() -> Scenario:
    s = ahead()
    s.propose((1, 1), 1, A)
    s.propose((1, 1), 1, A)
    return s
