"""Runs in which the lives of a process are not as they must be: see bad_runs.py."""

from __future__ import annotations

from tests.conformance.bad_begin import A, ahead, begun, decided, wrong
from tests.conformance.good_runs import synod
from tests.conformance.scenario import Scenario


@wrong("Life.order")
def an_earlier_life_votes_after_the_next_has_begun() -> Scenario:
    s = ahead(direct_learning=True)
    s.propose((1, 1), 1, A)
    s.recover("acceptor-1.2", promised=[1, 1], votes=[])
    s.vote(1, (1, 1), 1)
    return s


@wrong("Life.order")
def an_earlier_life_proposes_after_the_next_has_begun() -> Scenario:
    s = ahead()
    s.recover("proposer-1.2", round=1)
    s.propose((1, 1), 1, A)
    return s


@wrong("Life.begins")
def the_first_life_recovers() -> Scenario:
    s = Scenario("bad")
    s.broadcast("1.1", A)
    s.recover("acceptor-1.1", votes=[])
    return s


CLOCK = 1_700_000_000_000_000
"""A number of a life that keeps nothing."""


def without_storage() -> Scenario:
    """An acceptor and a proposer number their first lives by the time."""
    s = Scenario("bad")
    s.broadcast("1.1", A)
    ballot = [1, 1]
    s.add(f"proposer-1.{CLOCK}", "Phase1a", ballot=ballot, **{"from": 1, "to": 1})
    for a in (1, 2):
        params = {"from": 1, "to": 1, "votes": []}
        assert not s.add(f"acceptor-{a}.{CLOCK + a}", "Phase1b", ballot=ballot, **params)
    return s


@wrong("Life.comes back")
def a_second_life_of_an_acceptor_without_storage() -> Scenario:
    s = without_storage()
    params = {"from": 1, "to": 1, "votes": []}
    s.add(f"acceptor-1.{CLOCK + 9}", "Phase1b", ballot=[1, 1], **params)
    return s


@wrong("Life.begins")
def the_first_life_without_storage_recovers() -> Scenario:
    s = without_storage()
    s.recover(f"acceptor-3.{CLOCK}", votes=[])
    return s


@wrong("Life.begins")
def a_life_recovers_twice() -> Scenario:
    s = begun()
    s.recover("acceptor-1.2", promised=[1, 1], votes=[])
    s.recover("acceptor-1.2", promised=[1, 1], votes=[])
    return s


@wrong("Life.begins")
def a_learner_recovers_late() -> Scenario:
    s = decided()
    s.learn("2.2", (1, 1), 1)
    s.recover("learner-2.2")
    return s


@wrong("Life.comes back")
def a_second_life_of_an_acceptor_without_recover() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1, life=2)
    return s


@wrong("Life.comes back")
def a_second_life_of_a_proposer_without_recover() -> Scenario:
    s = begun()
    s.add("proposer-1.2", "Phase1a", ballot=[2, 1], **{"from": 1, "to": 1})
    return s


@wrong("Phase1a.new")
def the_next_life_asks_in_the_same_ballot() -> Scenario:
    s = ahead()
    s.recover("proposer-1.2", round=1)
    s.add("proposer-1.2", "Phase1a", ballot=[1, 1], **{"from": 5, "to": 6})
    return s


@wrong("Phase2a.new")
def the_next_life_proposes_in_the_same_ballot() -> Scenario:
    s = ahead()
    s.recover("proposer-1.2", round=1)
    s.add("proposer-1.2", "Phase2a", ballot=[1, 1], instance=2, batch=[A], quorum=[1, 2])
    return s


@wrong("Life.order")
def synod_an_earlier_life_votes() -> Scenario:
    s = synod()
    s.recover("acceptor-3.2", promised=[1, 2], votes=s.votes_of(3, 1, 1))
    s.vote(3, (1, 2), 1)
    return s


@wrong("Phase1a.new")
def synod_the_next_life_asks_in_the_same_ballot() -> Scenario:
    s = synod()
    s.recover("proposer-1.2", round=4)
    s.add("proposer-1.2", "Phase1a", ballot=[4, 1], **{"from": 1, "to": 1})
    return s


@wrong("Recover.one vote")
def synod_restarts_with_two_votes() -> Scenario:
    s = synod()
    s.recover("acceptor-3.2", promised=[1, 2], votes=[*s.votes_of(3, 1, 1), [1, [1, 1], [A]]])
    return s
