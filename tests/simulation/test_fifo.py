"""Runs in which the values of one client keep their order conform, and deliver all; and bugs that
are planted in what keeps it are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from harness.simulation.plan import Request, draw
from harness.simulation.run import Outcome, simulate
from paxos.core.backlog import Backlog
from paxos.core.batch import Packet
from paxos.core.client import Client
from paxos.core.client_table import ClientTable
from paxos.core.intervals import IntervalSet
from paxos.core.learner import Learner
from paxos.core.proposer import Proposer
from paxos.core.step import Step

STEPS = 2_000
SEEDS = range(40)
"""Runs within which a bug must show; they are the same every time."""


def run(seed: int, **parts: Callable[..., Any]) -> Outcome:
    return simulate(Request(seed, STEPS, fifo=True, checkpoints=False), parts=parts)


def test_some_runs_are_drawn_with_fifo() -> None:
    drawn = {draw(Request(seed)).settings.fifo for seed in range(20)}
    assert drawn == {True, False}
    assert "--fifo" in Request(1, fifo=True).command()


def test_runs_conform_and_some_values_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[Packet] = []
    is_due = ClientTable.is_due

    def look(table: ClientTable, packet: Packet) -> bool:
        due = is_due(table, packet)
        if not due and not table.is_settled(packet):
            passed.append(packet)
        return due

    monkeypatch.setattr(ClientTable, "is_due", look)
    for seed in range(12):
        outcome = run(seed)
        assert outcome.failure is None, outcome.failure
    assert passed


class AnyTurn(ClientTable):
    def is_due(self, packet: Packet) -> bool:
        done = self._delivered.get(packet.client, IntervalSet())
        return not done.overlaps(packet.first, packet.last)


class AfterOneThatIsMissing(ClientTable):
    def is_due(self, packet: Packet) -> bool:
        done = self._delivered.get(packet.client, IntervalSet())
        return packet.first == done.first_missing(1) + 1 or super().is_due(packet)


class DeliversAtAnyTurn(Learner):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.table = AnyTurn(self.settings)


class TakesWhatItPassedOverForDelivered(Learner):
    """What comes after it is delivered, though it was not."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.table = AfterOneThatIsMissing(self.settings)


class SaysThatPassedOverIsDelivered(Learner):
    """So its client forgets it."""

    def _deliver(self, instance: int, packets: Any, ranges: Any) -> None:
        super()._deliver(instance, packets, ranges)
        for packet in packets:
            self.table.add(packet.client, packet.first, packet.last)


class HandsOverBackwards(Learner):
    """Its events are right, and what the application gets is not; all learners do the same."""

    def flush(self, now_s: float) -> Step:
        step = super().flush(now_s)
        packets = [d.packet for d in step.deliveries]
        clients = {packet.client for packet in packets}
        if len(clients) == 1 < len(packets) and len({p.count for p in packets}) == 1:
            places = [(d.instance, d.position) for d in step.deliveries]
            step.deliveries[:] = [
                type(d)(*place, packet)
                for d, place, packet in zip(step.deliveries, places, packets[::-1], strict=True)
            ]
        return step


class SkipsANumber(Client):
    def submit(self, values: Any, now_s: float, since_s: float | None = None) -> None:
        super().submit(values, now_s, since_s)
        self.next_seq += self.next_seq % 7 == 0


class Forgetful(Backlog):
    """What is chosen is done with."""

    def mark_chosen(self, packets: Iterable[Packet], instance: int) -> None:
        for packet in packets:
            self._remember_chosen(packet.client, packet.first, packet.last)
        self.drop(packets)


class TakesChosenForDelivered(Proposer):
    def __init__(self, settings: Any, *arguments: Any) -> None:
        super().__init__(settings, *arguments)
        self.backlog = Forgetful(settings)


BUGS: list[tuple[str, type, set[str]]] = [
    ("learner", DeliversAtAnyTurn, {"Deliver.values"}),
    ("learner", TakesWhatItPassedOverForDelivered, {"Deliver.values"}),
    ("learner", SaysThatPassedOverIsDelivered, {"Deliver.values", "not delivered"}),
    ("learner", HandsOverBackwards, {"different deliveries"}),
    ("client", SkipsANumber, {"Broadcast.turn"}),
    ("proposer", TakesChosenForDelivered, {"not delivered"}),
]


@pytest.mark.parametrize(("role", "bug", "kinds"), BUGS, ids=lambda x: getattr(x, "__name__", ""))
def test_a_planted_bug_is_found(role: str, bug: type, kinds: set[str]) -> None:
    for seed in SEEDS:
        failure = run(seed, **{role: bug}).failure
        if failure is not None:
            assert failure.kind in kinds, failure
            return
    pytest.fail(f"{len(SEEDS)} runs with the bug are right")
