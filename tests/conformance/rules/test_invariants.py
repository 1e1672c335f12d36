"""The invariants find what the guards would have stopped, each one, as the slow ones do."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.replay.checker import SPECS
from tests.conformance.scenario import Scenario, rng
from tests.conformance.slow import false_invariants, false_synod_invariants
from tests.conformance.walk import Walk

A, B = rng("1.1", 1), rng("2.1", 1)
GUARDS = sorted(
    f"{a.name}.{g.name}" for a in SPECS["MultiPaxos"].actions.values() for g in a.guards
)


def two_chosen(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A)
    s.prepare((1, 2), 1)
    s.settle((1, 2), 1, B, learners=())


def unbroadcast(s: Scenario) -> None:
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A)
    s.deliver("1.1", 1)


def delivered_again(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1, 2)
    for i in (1, 2):
        s.settle((1, 1), i, A)
        s.deliver("1.1", i, values=[A], position=i)


def other_order(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1, 2)
    s.settle((1, 1), 1, A)
    s.settle((1, 1), 2, B)
    s.deliver("1.1", 1)
    s.deliver("1.1", 2)
    s.deliver("2.1", 2)


def early(s: Scenario) -> None:
    s.broadcast("1.1", A, rng("1.1", 2))
    s.prepare((1, 1), 1, 2)
    s.settle((1, 1), 1, rng("1.1", 2))
    s.deliver("1.1", 1, values=[rng("1.1", 2)])


def other_order_of_the_shorter(s: Scenario) -> None:
    """The learner that is behind goes astray at its second delivery, and then catches up."""
    other_order_start(s)
    s.deliver("2.1", 1)
    s.deliver("2.1", 2, values=[B, A], position=2)


def other_order_start(s: Scenario) -> None:
    s.broadcast("1.1", A, rng("1.1", 2))
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1, 2)
    s.settle((1, 1), 1, rng("1.1", 2))
    s.settle((1, 1), 2, A, B)
    s.deliver("1.1", 1)
    s.deliver("1.1", 2)


def two_proposals(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, A)
    s.propose((1, 1), 1, B)


def low_promise(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.prepare((1, 2), 1)
    s.propose((1, 2), 1, A)
    s.vote(1, (1, 2), 1)
    s.promise(1, (1, 1), 1)


def low_promise_at_restart(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.recover("acceptor-1.2", votes=s.votes_of(1, 1, 1))


def one_vote(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.learn("1.1", (1, 1), 1)


def strange_ballot(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.ask((1, 3), 1, by=1)


def big_batch(s: Scenario) -> None:
    s.broadcast("1.1", A, rng("1.1", 2), rng("1.1", 3))
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, A, rng("1.1", 2), rng("1.1", 3))


def strange_vote(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.ask((1, 1), 1)
    s.promise(1, (1, 1), 1, votes=[[1, [1, 7], [A]]])


def trims_early(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A)
    s.deliver("1.1", 1)
    s.trim(1, 1)


def trims_early_at_restart(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A)
    s.deliver("1.1", 1)
    s.recover("acceptor-1.2", promised=[1, 1], votes=[], trimmed=1)


def votes_where_it_trimmed(s: Scenario) -> None:
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A)
    for learner in ("1.1", "2.1"):
        s.deliver(learner, 1)
    s.trim(1, 1)
    s.prepare((1, 2), 1, q=(2, 3))
    s.propose((1, 2), 1, A, q=(2, 3))
    s.vote(1, (1, 2), 1)


CASES: list[tuple[str, set[str], Callable[[Scenario], None]]] = [
    ("Agreement", {"Phase2a.highest"}, two_chosen),
    ("Integrity", {"Phase2a.broadcast", "Phase1a.prepare"}, unbroadcast),
    ("Integrity", {"Deliver.values"}, delivered_again),
    ("TotalOrder", {"Deliver.next"}, other_order),
    ("TotalOrder", {"Deliver.values"}, other_order_of_the_shorter),
    ("FIFO", {"Deliver.values"}, early),
    ("OneBatchPerBallot", {"Phase2a.once"}, two_proposals),
    ("VotesBelowPromise", {"Phase1b.promise"}, low_promise),
    ("VotesBelowPromise", {"Recover.promise", "Recover.new promise"}, low_promise_at_restart),
    ("TrimmedIsOver", {"Trim.delivered"}, trims_early),
    ("TrimmedIsOver", {"Recover.new trim"}, trims_early_at_restart),
    ("TrimmedIsOver", {"Phase2b.trimmed"}, votes_where_it_trimmed),
    ("LearnedFromOneBallot", {"Learn.decided"}, one_vote),
    ("TypeOK", {"Phase1a.owner"}, strange_ballot),
    ("TypeOK", {"Phase2a.batch"}, big_batch),
    ("TypeOK", {"Phase1b.votes"}, strange_vote),
]


def astray(name: str, disabled: set[str]) -> Scenario:
    return Scenario(
        "astray", disabled=disabled, prepare_ahead=True, max_batch=2, fifo=name == "FIFO"
    )


@pytest.mark.parametrize(("name", "disabled", "make"), CASES)
def test_each_invariant_catches_what_a_missing_guard_lets_through(
    name: str, disabled: set[str], make: Callable[[Scenario], None]
) -> None:
    s = astray(name, disabled)
    make(s)
    assert s.violation is not None, "nothing was found"
    assert (s.violation.kind, s.violation.name) == ("invariant", name)
    assert name in false_invariants(s.state)


@pytest.mark.parametrize(("name", "disabled", "make"), CASES)
def test_without_the_invariant_it_is_not_caught(
    name: str, disabled: set[str], make: Callable[[Scenario], None]
) -> None:
    """So it is this invariant that catches it, and the case is about nothing else."""
    s = astray(name, {*disabled, name})
    make(s)
    assert s.violation is None


def test_the_vote_that_is_named_is_one_above_the_promise() -> None:
    """Not one in the ballot promised, which is all right."""
    s = Scenario("astray", disabled={"Phase1b.promise"}, prepare_ahead=True, max_batch=2)
    s.broadcast("1.1", A)
    s.prepare((1, 1), 1, 2)
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.prepare((1, 2), 2)
    s.propose((1, 2), 2, A)
    s.vote(1, (1, 2), 2)
    s.promise(1, (1, 1), 1)
    assert s.violation is not None
    assert s.violation.name == "VotesBelowPromise"
    assert s.violation.fault.actual.startswith("in instance 2: ")


def test_synod_invariants() -> None:
    s = Scenario("astray", spec="Synod", disabled={"Phase2a.highest"})
    two_chosen(s)
    assert s.violation is not None
    assert s.violation.name == "Agreement"
    s = Scenario("astray", spec="Synod", disabled={"Phase2a.broadcast", "Phase1a.wanted"})
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A)
    assert s.violation is not None
    assert s.violation.name == "Integrity"
    s = Scenario("astray", spec="Synod", disabled={"Learn.batch"})
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, A)
    s.learn("2.2", (1, 1), 1, B)
    assert s.violation is not None
    assert s.violation.name == "Agreement"
    assert "Agreement" in false_synod_invariants(s.state)


@given(
    st.integers(0, 2**32),
    st.sets(st.sampled_from(GUARDS), max_size=4),
    st.booleans(),
    st.booleans(),
)
def test_incremental_invariants_say_what_the_definitions_say(
    seed: int, disabled: set[str], direct: bool, ahead: bool
) -> None:
    walk = Walk(
        seed, disabled, instances=2, direct_learning=direct, prepare_ahead=ahead, max_batch=2
    )
    for _ in range(250):
        walk.step()
        false = false_invariants(walk.state)
        if walk.broken is not None:
            assert walk.broken[0].name in false
            return
        assert not false, walk.scenario.lines[-1]


@given(st.integers(0, 2**32))
def test_guards_change_nothing(seed: int) -> None:
    walk = Walk(seed, instances=2, prepare_ahead=True)
    for _ in range(60):
        before = pickle.dumps(walk.state)
        taken = len(walk.scenario.lines)
        looked: list[bytes] = []
        walk.looked = lambda seen=looked: seen.append(pickle.dumps(walk.state))  # type: ignore[misc]
        walk.step()
        assert looked == [before]
        assert taken <= len(walk.scenario.lines)
