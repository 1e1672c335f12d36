"""What is only just allowed, and what only just is not: the other side of the bad runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.replay import retention
from conformance.replay.checker import Checker
from conformance.replay.retention import Horizon
from conformance.replay.run_folder import replay
from conformance.trace.reader import open_run
from tests.conformance.bad_begin import A, B, C, ahead, begun
from tests.conformance.good_runs import plain
from tests.conformance.scenario import Scenario, rng


def test_a_no_op_fills_a_gap_below_the_highest_proposal_ever_made() -> None:
    s = ahead()
    s.propose((1, 1), 3, A)
    s.propose((1, 1), 1, B)
    assert s.propose((1, 1), 2) is None


def test_a_no_op_in_the_highest_instance_that_was_begun() -> None:
    s = ahead()
    s.propose((1, 1), 1, A)
    s.prepare((1, 2), 1, q=(2, 3))
    assert s.propose((1, 2), 1, q=(2, 3)) is None


def test_phase_1_for_the_highest_instance_that_was_begun() -> None:
    s = begun()
    s.propose((1, 1), 1, A)
    s.prepare((1, 1), 2)
    s.propose((1, 1), 2, B)
    assert s.ask((1, 1), 2) is None
    assert s.ask((1, 1), 1) is None
    assert s.ask((2, 2), 3) is None  # both values wait in this ballot
    assert s.ask((1, 1), 3) is not None


def test_the_same_ballot_may_be_promised_again() -> None:
    s = ahead()
    assert s.promise(1, (1, 1), 1, 4) is None
    s.ask((1, 1), 5, 6)
    assert s.promise(1, (1, 1), 6) is None


def test_a_vote_without_a_promise_of_the_ballot_itself() -> None:
    s = begun()
    s.propose((1, 1), 1, A)
    assert s.vote(3, (1, 1), 1) is None


def test_any_proposer_may_decide_and_again() -> None:
    s = ahead()
    s.settle((1, 1), 1, A)
    assert s.decide(2, (1, 1), 1) is None
    assert s.decide(2, (1, 1), 1) is None


def test_the_lower_of_two_chosen_ballots_may_be_learned() -> None:
    s = ahead()
    s.settle((1, 1), 1, A, learners=("1.1",))
    s.prepare((1, 2), 1)
    s.settle((1, 2), 1, A, learners=())
    assert s.learn("2.1", (1, 1), 1) is None
    assert s.learn("2.2", (1, 2), 1) is None


def test_promises_in_parts_cover_a_range() -> None:
    s = Scenario("parts", prepare_ahead=True)
    s.broadcast("1.1", A)
    s.ask((1, 1), 1, 4)
    for a in (1, 2):
        s.promise(a, (1, 1), 3, 4)
        s.promise(a, (1, 1), 1, 2)
    assert s.propose((1, 1), 2, A) is None


def test_two_requests_do_not_make_one_range() -> None:
    s = Scenario("parts", prepare_ahead=True)
    s.ask((1, 1), 1, 2)
    s.ask((1, 1), 3, 4)
    assert s.promise(1, (1, 1), 2, 3) is not None


def test_a_batch_is_full_at_max_batch_values() -> None:
    s = ahead(max_batch=3)
    s.broadcast("1.1", rng("1.1", 2, 2))
    assert s.propose((1, 1), 1, A, rng("1.1", 2, 2)) is None
    assert s.propose((1, 1), 2, A, B, rng("1.1", 2, 2)) is not None


def test_the_highest_round_is_the_one_to_recover() -> None:
    s = ahead()
    s.ask((5, 1), 1)
    s.ask((2, 1), 1)
    assert s.recover("proposer-1.2", round=4) is not None
    s = ahead()
    s.ask((5, 1), 1)
    assert s.recover("proposer-1.2", round=5) is None


def test_a_recovered_vote_may_be_later_than_the_one_in_the_trace() -> None:
    s = ahead()
    s.broadcast("1.1", C)
    s.propose((1, 1), 1, A)
    s.vote(1, (1, 1), 1)
    s.prepare((2, 2), 1, 2, q=(1, 2))
    s.propose((2, 2), 1, A)
    assert s.recover("acceptor-1.2", promised=[2, 2], votes=[[1, [2, 2], [A]]]) is None
    assert s.recover("acceptor-1.3", promised=[2, 2], votes=[[1, [1, 1], [A]]]) is not None


@pytest.mark.parametrize("forget_every", [1, 10_000])
def test_order_is_compared_also_when_most_of_it_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget_every: int
) -> None:
    monkeypatch.setattr(retention, "EVERY", forget_every)
    s = plain(5)
    last = max(k for k, x in enumerate(s.lines) if x["event"] == "Deliver")
    s.lines[last]["values"] = [rng("1.1", 99)]
    run = open_run(s.write(tmp_path))
    assert run.header is not None
    c = Checker(run.header.constants, run.header.cluster, disabled={"Deliver.values", "Integrity"})
    verdict = replay(run, c, Horizon.of(run))
    assert verdict.violation is not None
    assert verdict.violation.name == "TotalOrder"
