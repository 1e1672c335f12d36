"""The places that clients hear of in simulated runs are those where learners have their values; and
bugs that are planted in what learners say are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.simulation.plan import Request
from harness.simulation.run import Outcome, simulate
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.messages import PacketPlace
from paxos.core.places import NOWHERE, Placed
from paxos.core.settings import Settings
from paxos.core.telling import Telling

STEPS = 2_000
SEEDS = range(4)


def run(seed: int, learner: Callable[..., Learner] = Learner) -> Outcome:
    return simulate(Request(seed, STEPS, checkpoints=False), parts={"learner": learner})


def test_clients_hear_where_their_values_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many do, and the runs conform."""
    heard: list[Placed] = []
    delivered = Client._delivered

    def look(client: Client, *arguments: Any, is_placed: bool) -> None:
        if is_placed:
            heard.append(client.step.placed[-1])
        delivered(client, *arguments, is_placed=is_placed)

    monkeypatch.setattr(Client, "_delivered", look)
    for seed in SEEDS:
        outcome = run(seed)
        assert outcome.failure is None, outcome.failure
    assert len([placed for placed in heard if placed.position != NOWHERE]) > 50


class TellsTheNextPosition(Telling):
    def place(self, place: PacketPlace) -> None:
        client, first, instance, position = place
        super().place((client, first, instance, position and position + 1))


class TellsTheInstance(Telling):
    """For the position: it is the same only in a log of one value an instance and no gaps."""

    def place(self, place: PacketPlace) -> None:
        client, first, instance, _ = place
        super().place((client, first, instance, instance))


def learner_that(tells: type[Telling]) -> Callable[..., Learner]:
    def make(settings: Settings, now_s: float, learner_id: int, **life: Any) -> Learner:
        learner = Learner(settings, now_s, learner_id, **life)
        learner._telling = tells(settings, now_s)
        return learner

    return make


@pytest.mark.parametrize("tells", [TellsTheNextPosition, TellsTheInstance])
def test_a_planted_bug_is_found(tells: type[Telling]) -> None:
    learner = learner_that(tells)
    for seed in range(30):
        failure = run(seed, learner).failure
        if failure is not None:
            assert "is at position" in failure.text
            return
    raise AssertionError("not found")
