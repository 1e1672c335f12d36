"""Runs with one thing wrong where the values of a client have their turn: see bad_runs.py."""

from __future__ import annotations

from tests.conformance.bad_begin import wrong
from tests.conformance.scenario import Scenario, rng

A, B, C, D = rng("1.1", 1), rng("1.1", 2), rng("1.1", 3), rng("2.1", 1)


def two_of_a_client(*batches: list[list[object]]) -> Scenario:
    """Clients broadcast A, B, C and D; these batches are chosen and learned by learner 1."""
    s = Scenario("bad", direct_learning=True, prepare_ahead=True, max_batch=4, fifo=True)
    s.broadcast("1.1", A, B)
    s.broadcast("1.1", C)
    s.broadcast("2.1", D)
    s.prepare((1, 1), 1, 4)
    for i, batch in enumerate(batches, 1):
        s.settle((1, 1), i, *batch, learners=("1.1",))
    return s


@wrong("Deliver.values")
def deliver_before_its_turn() -> Scenario:
    s = two_of_a_client([B], [A])
    s.deliver("1.1", 1, values=[B])
    return s


@wrong("Deliver.values")
def deliver_after_one_that_was_passed_over() -> Scenario:
    s = two_of_a_client([B, C, D], [A])
    s.deliver("1.1", 1, values=[C, D])
    return s


@wrong("Deliver.values")
def pass_over_a_value_in_its_turn() -> Scenario:
    s = two_of_a_client([A], [B, D])
    s.deliver("1.1", 1)
    s.deliver("1.1", 2, values=[D])
    return s


@wrong("Deliver.values")
def pass_over_a_whole_batch_for_one_value() -> Scenario:
    s = two_of_a_client([B, D], [A])
    s.deliver("1.1", 1, values=[])
    return s


@wrong("Deliver.values")
def deliver_later_what_was_kept_from_before_its_turn() -> Scenario:
    s = two_of_a_client([B], [A])
    s.deliver("1.1", 1)
    s.deliver("1.1", 2, values=[A, B])
    return s


@wrong("Broadcast.turn")
def broadcast_out_of_turn() -> Scenario:
    s = two_of_a_client([A])
    s.broadcast("1.1", rng("1.1", 5))
    return s


@wrong("Broadcast.turn")
def broadcast_from_the_second_value_on() -> Scenario:
    s = two_of_a_client([A])
    s.broadcast("2.2", rng("2.2", 2))
    return s
