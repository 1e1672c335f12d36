"""Hostile datagrams in number: nothing raises, nothing grows, and without the key nothing is even
consumed."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from paxos.core.learner import Learner
from tests.fuzz.fuzzing import BrokenError, disturb, fuzz, hostile, warm_table
from tests.fuzz.table import SMALL

INPUTS = 100_000


@pytest.mark.timeout(300)
def test_hostile_datagrams_raise_nothing_and_make_nothing_grow() -> None:
    outcomes = fuzz(0, INPUTS)
    assert outcomes["consumed"] > INPUTS / 4, "an input that is refused tests no role"
    for met in (
        "malformed",
        "received before",
        "of an earlier incarnation",
        "of a process whose storage is older than what it has said",
        "ended by a lie",
        "Accepts for instances that are too far ahead",
        "Prepares for too many instances",
        "Asks for too many instances",
        "Asks for too many instances, or too far ahead",
        "Submits of too many values, or too many clients",
        "lists of delivered values beyond those of one step",
        "votes in more ballots of one instance than a learner counts",
        "chances to lead, as all rounds are used up",
    ):
        assert outcomes[met], met


def test_one_seed_is_one_run() -> None:
    assert fuzz(7, 3_000) == fuzz(7, 3_000) != fuzz(8, 3_000)


@pytest.mark.parametrize(
    "limit",
    [
        "asked_instances",
        "chosen_clients",
        "chosen_gaps",
        "clients",
        "learner_instances",
        "open_ballots",
        "reach_instances",
        "waiting_bytes",
        "waiting_packets",
    ],
)
def test_without_a_limit_something_grows(limit: str) -> None:
    """So a run of `INPUTS` meets each, and the fuzzer sees what it would not be without."""
    without: dict[str, Any] = {limit: 10**9}
    with pytest.raises(BrokenError, match="AssertionError"):
        fuzz(0, INPUTS, replace(SMALL, **without))


@pytest.mark.parametrize("seed", range(3))
def test_without_the_key_only_what_is_recorded_is_consumed_and_all_is_delivered(seed: int) -> None:
    random = Random(seed)
    table, recorded = warm_table(random, key=b"the key of this table")
    said = set(recorded)
    learners = [seat.role for seat in table.seats if isinstance(seat.role, Learner)]
    consumed = 0
    for _ in range(4_000):
        datagram = hostile(random, table, recorded)
        if table.give(random.choice(table.seats), datagram) is None:
            consumed += 1
            assert datagram in said
        disturb(table, random)
    assert not table.ended, "what was recorded ends nobody"
    assert consumed < 400, "what was recorded is consumed by who did not receive it, once"
    for values in ([], [b"last"]):
        table.submit(*values)
        table.settle()
    one, two = (table.delivered[learner] for learner in learners)
    assert one == two
    assert one[-2:] == [b"last", b"last"], "of each client"
