"""Runs with one thing wrong in Broadcast, Phase 1 or Phase 2: see bad_runs.py."""

from __future__ import annotations

from tests.conformance.bad_begin import A, B, C, ahead, begun, decided, trimmed, wrong
from tests.conformance.scenario import START, Scenario, rng


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


@wrong("Phase1b.trimmed")
def promise_for_what_it_trimmed() -> Scenario:
    s = trimmed()
    s.ask((2, 2), 1, 4)
    s.promise(1, (2, 2), 1, 4)
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
def propose_with_a_quorum_of_votes() -> Scenario:
    """Two votes decide, and a proposer takes so many promises for enough."""
    s = Scenario("quorum_of_votes", acceptors=5, quorums=(4, 2))
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, A)
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
    whole = rng("1.1", 1, 4)
    s.broadcast("1.1", whole)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, ["1.1", 1, 2, whole[3]])
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
def vote_at_the_clock_of_its_proposal() -> Scenario:
    s = begun()
    s.propose((1, 1), 1, A)
    s.lines[-1]["hlc"] = START + 10_000
    s.add("acceptor-1.1", "Phase2b", ballot=[1, 1], instance=1, hlc=START + 10_000)
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


@wrong("Phase2b.trimmed")
def vote_in_what_it_trimmed() -> Scenario:
    s = trimmed()
    s.prepare((2, 2), 1, 4, q=(2, 3))
    s.propose((2, 2), 1, A, q=(2, 3))
    s.vote(1, (2, 2), 1)
    return s
