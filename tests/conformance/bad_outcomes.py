"""Runs with one thing wrong in Decide, Learn, Deliver, Trim, Recover, or in a Synod: see
bad_runs.py."""

from __future__ import annotations

from tests.conformance.bad_begin import A, B, ahead, begun, decided, trimmed, wrong
from tests.conformance.good_runs import synod
from tests.conformance.scenario import Scenario


# -- Decide, Learn, Deliver ---------------------------------------------------------------------
@wrong("Decide.quorum")
def decide_with_a_minority() -> Scenario:
    s = decided()
    s.decide(2, (1, 1), 1, q=(2,))
    return s


@wrong("Decide.voted")
def decide_before_the_votes() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.decide(1, (1, 1), 1)
    return s


@wrong("Decide.voted")
def decide_on_votes_of_two_ballots() -> Scenario:
    s = ahead()
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.prepare((2, 2), 1, q=(1, 3))
    s.propose((2, 2), 1, A, q=(1, 3))
    s.vote(3, (2, 2), 1)
    s.decide(2, (2, 2), 1, q=(1, 3))
    return s


@wrong("Decide.indirect")
def decide_with_direct_learning() -> Scenario:
    s = decided(direct_learning=True)
    s.decide(1, (1, 1), 1)
    return s


@wrong("Learn.quorum")
def learn_from_one_vote() -> Scenario:
    s = decided(direct_learning=True)
    s.learn("2.1", (1, 1), 1, q=(1,))
    return s


@wrong("Learn.quorum")
def learn_from_two_votes_of_five() -> Scenario:
    """Enough where a quorum of phase 2 is two, and no header says so."""
    s = Scenario("two_votes", acceptors=5, direct_learning=True)
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1, q=(1, 2, 3, 4))
    s.propose((1, 1), 1, A, q=(1, 2, 3, 4))
    for acceptor in (1, 5):
        s.vote(acceptor, (1, 1), 1)
    s.learn("1.1", (1, 1), 1, q=(1, 5))
    return s


@wrong("Learn.quorum")
def learn_counting_votes_without_direct_learning() -> Scenario:
    s = decided()
    s.add("learner-2.1", "Learn", ballot=[1, 1], instance=1, batch=[A], quorum=[1, 2])
    return s


@wrong("Learn.once")
def learn_twice() -> Scenario:
    s = decided()
    s.learn("1.1", (1, 1), 1)
    return s


@wrong("Learn.decided")
def learn_undecided() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.vote(2, (1, 1), 1)
    s.learn("1.1", (1, 1), 1)
    s.idle += ["proposer-2.1"]
    return s


@wrong("Learn.decided")
def learn_from_votes_of_two_ballots() -> Scenario:
    s = ahead(direct_learning=True)
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.prepare((2, 2), 1, q=(1, 3))
    s.propose((2, 2), 1, A, q=(1, 3))
    s.vote(3, (2, 2), 1)
    s.learn("1.1", (2, 2), 1, q=(1, 3))
    return s


@wrong("Learn.batch")
def learn_another_batch() -> Scenario:
    s = decided()
    s.learn("2.1", (1, 1), 1, B)
    return s


@wrong("Deliver.next")
def deliver_over_a_gap() -> Scenario:
    s = ahead()
    s.settle((1, 1), 2, B)
    s.deliver("1.1", 2)
    return s


@wrong("Deliver.next")
def deliver_an_instance_twice() -> Scenario:
    s = decided()
    s.deliver("1.1", 1)
    s.deliver("1.1", 1)
    return s


@wrong("Deliver.learned")
def deliver_unlearned() -> Scenario:
    s = decided()
    s.deliver("2.1", 1, values=[A])
    return s


@wrong("Deliver.values")
def deliver_a_duplicate() -> Scenario:
    s = decided()
    s.deliver("1.1", 1)
    s.settle((1, 1), 2, A, learners=("1.1",))
    s.deliver("1.1", 2, values=[A])
    return s


@wrong("Deliver.values")
def deliver_less() -> Scenario:
    s = decided()
    s.deliver("1.1", 1, values=[])
    return s


@wrong("Deliver.values")
def deliver_in_another_order() -> Scenario:
    s = ahead(max_batch=4)
    s.settle((1, 1), 1, A, B)
    s.deliver("1.1", 1)
    s.deliver("2.1", 1, values=[B, A])
    return s


@wrong("Deliver.position")
def deliver_at_another_position() -> Scenario:
    s = decided()
    s.deliver("1.1", 1, position=2)
    return s


# -- Trim ---------------------------------------------------------------------------------------
@wrong("Trim.further")
def trim_again() -> Scenario:
    s = trimmed()
    s.trim(1, 1)
    return s


@wrong("Trim.delivered")
def trim_what_one_learner_has_not_delivered() -> Scenario:
    s = decided()
    s.deliver("1.1", 1)
    s.learn("2.1", (1, 1), 1)
    s.trim(1, 1)
    return s


@wrong("Trim.delivered")
def trim_what_two_lives_delivered_in_parts() -> Scenario:
    s = ahead()
    s.settle((1, 1), 1, A)
    s.settle((1, 1), 2, B)
    for i in (1, 2):
        s.deliver("1.1", i)
    s.deliver("2.1", 1)
    s.recover("learner-2.2")
    s.learn("2.2", (1, 1), 2)
    s.trim(1, 2)
    return s


@wrong("Trim.delivered")
def trim_with_learners_that_nobody_knows() -> Scenario:
    s = Scenario("bad", prepare_ahead=True, learners=())
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1, 4)
    s.settle((1, 1), 1, A)
    for learner in ("1.1", "2.1"):
        s.deliver(learner, 1)
    s.trim(1, 1)
    return s


# -- Recover ------------------------------------------------------------------------------------
@wrong("Recover.promise")
def restart_without_the_promise() -> Scenario:
    s = begun()
    s.recover("acceptor-1.2", votes=[])
    return s


@wrong("Recover.votes")
def restart_without_a_vote() -> Scenario:
    s = decided()
    s.recover("acceptor-1.2", promised=[1, 1], votes=[])
    return s


@wrong("Recover.votes")
def restart_with_an_altered_vote() -> Scenario:
    s = decided()
    s.recover("acceptor-1.2", promised=[1, 1], votes=[[1, [1, 1], [B]]])
    return s


@wrong("Recover.new votes")
def restart_with_a_vote_below_the_promise() -> Scenario:
    s = decided()
    s.propose((1, 1), 2, B)
    s.ask((2, 2), 3)
    s.promise(1, (2, 2), 3)
    s.recover("acceptor-1.2", promised=[2, 2], votes=[[1, [1, 1], [A]], [2, [1, 1], [B]]])
    return s


@wrong("Recover.new votes")
def restart_with_a_vote_for_nothing() -> Scenario:
    s = decided()
    s.recover("acceptor-1.2", promised=[1, 1], votes=[[1, [1, 1], [A]], [2, [1, 1], [B]]])
    return s


@wrong("Recover.new promise")
def restart_with_an_unasked_promise() -> Scenario:
    s = begun()
    s.recover("acceptor-1.2", promised=[7, 2], votes=[])
    s.idle += ["proposer-2.1"]
    return s


@wrong("Recover.trimmed")
def restart_without_what_was_trimmed() -> Scenario:
    s = trimmed()
    s.recover("acceptor-1.2", promised=[1, 1], votes=s.votes_of(1, 1, 2))
    return s


@wrong("Recover.votes")
def restart_with_a_vote_that_was_trimmed() -> Scenario:
    s = trimmed()
    votes = s.votes_of(2, 1, 2)
    s.recover("acceptor-1.2", promised=[1, 1], votes=votes, trimmed=1)
    return s


@wrong("Recover.new trim")
def restart_with_what_was_not_delivered_trimmed() -> Scenario:
    s = decided()
    s.deliver("1.1", 1)
    s.learn("2.1", (1, 1), 1)
    s.recover("acceptor-1.2", promised=[1, 1], votes=[], trimmed=1)
    return s


@wrong("Recover.round")
def restart_in_a_used_round() -> Scenario:
    s = begun()
    s.recover("proposer-1.2")
    return s


@wrong("Recover.round")
def restart_in_a_round_below_the_one_before() -> Scenario:
    s = begun()
    s.recover("proposer-1.2", round=5)
    s.recover("proposer-1.3", round=3)
    return s


@wrong("Recover.new votes")
def restart_with_an_unseen_vote_for_another_batch() -> Scenario:
    s = decided()
    s.propose((1, 1), 2, B)
    votes = [*s.votes_of(1, 1, 1), [2, [1, 1], [A]]]
    s.recover("acceptor-1.2", promised=[1, 1], votes=votes)
    return s


@wrong("Recover.one vote")
def restart_with_two_votes_in_an_instance() -> Scenario:
    s = decided()
    votes = [[1, [9, 2], [B]], *s.votes_of(1, 1, 1)]
    s.recover("acceptor-1.2", promised=[1, 1], votes=votes)
    return s


# -- Synod --------------------------------------------------------------------------------------
@wrong("Phase1a.wanted")
def synod_for_nothing() -> Scenario:
    s = Scenario("bad", spec="Synod")
    s.ask((1, 1), 1)
    s.idle += ["client-1.1", "client-2.1"]
    return s


@wrong("Phase1a.instance")
def synod_asks_for_a_second_instance() -> Scenario:
    s = synod()
    s.ask((3, 1), 2)
    return s


@wrong("Phase2a.instance")
def synod_proposes_in_a_second_instance() -> Scenario:
    s = synod()
    s.propose((1, 2), 2, B, q=(2, 3))
    return s


@wrong("Phase1b.instance")
def synod_promises_a_second_instance() -> Scenario:
    s = synod()
    s.promise(3, (1, 2), 2)
    return s


@wrong("Phase2b.instance")
def synod_votes_in_a_second_instance() -> Scenario:
    s = synod()
    s.vote(3, (1, 2), 2)
    return s


@wrong("Decide.instance")
def synod_decides_in_a_second_instance() -> Scenario:
    s = synod()
    s.decide(2, (1, 2), 2, q=(2, 3))
    return s


@wrong("Learn.instance")
def synod_learns_in_a_second_instance() -> Scenario:
    s = synod()
    s.learn("1.2", (1, 2), 2, A)
    return s


@wrong("Phase2a.value")
def synod_proposes_the_no_op() -> Scenario:
    s = Scenario("bad", spec="Synod")
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1)
    return s


@wrong("Recover.trimmed")
def synod_trims() -> Scenario:
    s = synod()
    s.recover("acceptor-2.2", promised=[1, 2], votes=[], trimmed=1)
    return s


@wrong("Phase2a.highest")
def synod_ignores_a_vote() -> Scenario:
    s = synod()
    s.prepare((2, 1), 1)
    s.propose((2, 1), 1, B)
    return s


@wrong("Learn.decided")
def synod_learns_undecided() -> Scenario:
    s = synod()
    s.learn("1.2", (1, 1), 1)
    return s
