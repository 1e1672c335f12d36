"""Runs with one thing wrong each, and the rule that must say so: traces/bad.

Each function makes a correct beginning, and last the event that must be rejected.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.good_runs import synod
from tests.conformance.scenario import Scenario, rng

A, B, C = rng("1.1", 1), rng("2.1", 1), rng("1.1", 2)
BAD: dict[str, tuple[str, Callable[[], Scenario]]] = {}


def wrong(rule: str) -> Callable[[Callable[[], Scenario]], Callable[[], Scenario]]:
    """Enter the run below under its name, with the rule that must reject its last event."""

    def enter(make: Callable[[], Scenario]) -> Callable[[], Scenario]:
        BAD[make.__name__] = (rule, make)
        return make

    return enter


def begun(**constants: bool | int) -> Scenario:
    """Two values are broadcast; proposer 1 has its promises for instances 1..4 (or 1)."""
    s = Scenario("bad", **constants)  # type: ignore[arg-type]
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1, 4 if constants.get("prepare_ahead") else 1)
    return s


def ahead(**constants: bool | int) -> Scenario:
    return begun(prepare_ahead=True, **constants)


def decided(**constants: bool | int) -> Scenario:
    """... and value A is chosen in instance 1, and learned by learner 1."""
    s = ahead(**constants)
    s.settle((1, 1), 1, A, learners=("1.1",))
    return s


# -- Broadcast ----------------------------------------------------------------------------------
@wrong("Broadcast.own")
def broadcast_for_another() -> Scenario:
    s = Scenario("bad")
    s.broadcast("1.1", B)
    return s


@wrong("Broadcast.fresh")
def broadcast_twice() -> Scenario:
    s = begun()
    s.broadcast("1.1", A)
    return s


@wrong("Broadcast.fresh")
def broadcast_overlap() -> Scenario:
    s = Scenario("bad", max_batch=9)
    s.broadcast("1.1", rng("1.1", 1, 4))
    s.broadcast("1.1", rng("1.1", 4, 2))
    return s


# -- Phase 1 ------------------------------------------------------------------------------------
@wrong("Phase1a.owner")
def ballot_of_another() -> Scenario:
    s = begun()
    s.ask((2, 2), 1, by=1)
    return s


@wrong("Phase1a.range")
def ask_empty_range() -> Scenario:
    s = ahead()
    s.ask((2, 1), 3, 2)
    return s


@wrong("Phase1a.prepare")
def ask_for_nothing() -> Scenario:
    s = Scenario("bad")
    s.ask((1, 1), 1)
    s.idle += ["client-1.1", "client-2.1", "proposer-2.1"]
    return s


@wrong("Phase1a.prepare")
def ask_ahead_without_the_optimisation() -> Scenario:
    s = begun()
    s.ask((1, 1), 2, 5)
    return s


@wrong("Phase1a.prepare")
def ask_when_all_is_proposed() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A)
    s.prepare((1, 1), 2)
    s.propose((1, 1), 2, B)
    s.ask((1, 1), 3)
    s.idle += ["proposer-2.1"]
    return s


@wrong("Phase1b.range")
def promise_empty_range() -> Scenario:
    s = ahead()
    s.promise(3, (1, 1), 3, 2)
    return s


@wrong("Phase1b.asked")
def promise_unasked() -> Scenario:
    s = begun()
    s.promise(3, (2, 2), 1)
    s.idle += ["proposer-2.1"]
    return s


@wrong("Phase1b.asked")
def promise_more_than_asked() -> Scenario:
    s = ahead()
    s.ask((1, 1), 5, 8)
    s.promise(3, (1, 1), 4, 5)
    return s


@wrong("Phase1b.promise")
def promise_below_promise() -> Scenario:
    s = begun()
    s.ask((2, 2), 1)
    s.promise(1, (2, 2), 1)
    s.promise(1, (1, 1), 1)
    return s


@wrong("Phase1b.votes")
def promise_hides_vote() -> Scenario:
    s = decided()
    s.ask((2, 2), 1, 4)
    s.promise(2, (2, 2), 1, 4, votes=[])
    return s


@wrong("Phase1b.votes")
def promise_invents_vote() -> Scenario:
    s = decided()
    s.ask((2, 2), 1, 4)
    s.promise(3, (2, 2), 1, 4, votes=[[1, [1, 1], [A]]])
    return s


@wrong("Phase1b.votes")
def promise_alters_vote() -> Scenario:
    s = decided()
    s.ask((2, 2), 1, 4)
    s.promise(2, (2, 2), 1, 4, votes=[[1, [1, 1], [B]]])
    return s


# -- Phase 2 ------------------------------------------------------------------------------------
@wrong("Phase2a.owner")
def propose_in_ballot_of_another() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A, by=2)
    return s


@wrong("Phase2a.quorum")
def propose_with_a_minority() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A, q=(1,))
    return s


@wrong("Phase2a.quorum")
def propose_counting_one_promise_twice() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A, q=(1, 1))
    return s


@wrong("Phase2a.quorum")
def propose_counting_a_stranger() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A, q=(1, 4))
    return s


@wrong("Phase2a.batch")
def propose_too_much() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A, B)
    return s


@wrong("Phase2a.batch")
def propose_a_value_twice_in_one_batch() -> Scenario:
    s = ahead(max_batch=4)
    s.propose((1, 1), 1, A, B, A)
    return s


@wrong("Phase2a.once")
def propose_twice() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A)
    s.propose((1, 1), 1, B)
    return s


@wrong("Phase2a.promises")
def propose_without_promises() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A, q=(1, 3))
    s.idle += ["acceptor-3.1"]
    return s


@wrong("Phase2a.promises")
def propose_on_promises_of_an_older_ballot() -> Scenario:
    s = begun()
    s.ask((2, 1), 1)
    s.promise(1, (2, 1), 1)
    s.propose((2, 1), 1, A)
    return s


@wrong("Phase2a.promises")
def propose_beyond_the_promised_range() -> Scenario:
    s = ahead()
    s.propose((1, 1), 5, A)
    return s


@wrong("Phase2a.broadcast")
def propose_what_nobody_broadcast() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, C)
    return s


@wrong("Phase2a.broadcast")
def propose_altered_value() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, rng("1.1", 1, salt="altered"))
    return s


@wrong("Phase2a.broadcast")
def propose_part_of_a_range() -> Scenario:
    s = Scenario("bad", prepare_ahead=True, max_batch=4)
    s.broadcast("1.1", rng("1.1", 1, 4))
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, rng("1.1", 1, 2))
    return s


@wrong("Phase2a.gap")
def propose_no_op_above_everything() -> Scenario:
    s = ahead()
    s.propose((1, 1), 1, A)
    s.propose((1, 1), 2)
    s.idle += ["proposer-2.1"]
    return s


@wrong("Phase2a.highest")
def propose_own_value_over_a_vote() -> Scenario:
    s = decided()
    s.prepare((2, 2), 1, 4, q=(2, 3))
    s.propose((2, 2), 1, B, q=(2, 3))
    return s


@wrong("Phase2a.highest")
def propose_no_op_over_a_vote() -> Scenario:
    s = decided()
    s.prepare((2, 2), 1, 4, q=(2, 3))
    s.propose((2, 2), 1, q=(2, 3))
    return s


@wrong("Phase2a.highest")
def propose_the_lowest_vote() -> Scenario:
    s = ahead()
    s.propose((1, 1), 1, A)
    s.prepare((1, 2), 1, q=(2, 3))
    s.propose((1, 2), 1, B, q=(2, 3))
    s.vote(3, (1, 2), 1)
    s.vote(1, (1, 1), 1)
    s.prepare((2, 1), 1, q=(1, 3))
    s.propose((2, 1), 1, A, q=(1, 3))
    return s


@wrong("Phase2b.proposed")
def vote_for_nothing() -> Scenario:
    s = begun()
    s.vote(1, (1, 1), 1)
    return s


@wrong("Phase2b.promise")
def vote_below_promise() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A)
    s.ask((2, 2), 1)
    s.promise(3, (2, 2), 1)
    s.vote(3, (1, 1), 1)
    return s


@wrong("Phase2b.promise")
def vote_below_vote() -> Scenario:
    s = ahead()
    s.propose((1, 1), 1, A)
    s.prepare((2, 2), 2, q=(2, 3))
    s.propose((2, 2), 2, B, q=(2, 3))
    s.vote(1, (2, 2), 2)
    s.vote(1, (1, 1), 1)
    return s


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


@wrong("Recover.round")
def restart_in_a_used_round() -> Scenario:
    s = begun()
    s.recover("proposer-1.2")
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


@wrong("Phase2a.value")
def synod_proposes_the_no_op() -> Scenario:
    s = Scenario("bad", spec="Synod")
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1)
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
