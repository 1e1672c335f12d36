"""Values in parts in simulated runs: they are met, some are discarded, all learners agree; and bugs
that are planted in how they are cut, put together and discarded are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from harness.simulation.plan import Request, draw
from harness.simulation.run import Outcome, simulate
from paxos.core.assembler import Assembler
from paxos.core.batch import Packet, WholeValue
from paxos.core.client import Client, InParts
from paxos.core.learner import Learner
from paxos.core.messages import Fate, Message
from paxos.core.part import join_parts
from paxos.core.settings import Settings

STEPS = 3_000
SEEDS = [seed for seed in range(200) if draw(Request(seed)).load.large]


def run(seed: int, **parts: Callable[..., Any]) -> Outcome:
    return simulate(Request(seed, STEPS, checkpoints=False), parts=parts)


def test_runs_with_large_values_conform_and_learners_agree() -> None:
    for seed in SEEDS[:8]:
        outcome = run(seed)
        assert outcome.failure is None, f"{outcome.request.command()}\n{outcome.failure.text}"


def test_values_are_put_together_and_some_are_discarded() -> None:
    """In the same runs: what is asked of them is asked of both."""
    fates: set[Fate] = set()

    class Watched(Assembler):
        def _settle(self, key: tuple[str, int], fate: Fate, *where: int) -> None:
            fates.add(fate)
            super()._settle(key, fate, *where)

    wanted = {Fate.DELIVERED, Fate.NO_ROOM, Fate.TOO_OLD, Fate.LATER_INCARNATION}
    for seed in SEEDS:
        assert run(seed, learner=learner_with(Watched)).failure is None
        if fates >= wanted:
            return
    assert fates >= wanted


def learner_with(assembler: type[Assembler]) -> Callable[..., Learner]:
    def make(settings: Settings, now_s: float, learner_id: int, **life: Any) -> Learner:
        learner = Learner(settings, now_s, learner_id, **life)
        learner.assembler = assembler(settings)
        return learner

    return make


# Bugs.


class DeliversBeforeTheLastPart(Assembler):
    """It takes a value for whole when the part with the highest number is there."""

    def add(self, instance: int, position: int, packet: Packet) -> WholeValue | None:
        whole = super().add(instance, position, packet)
        told = next((x for k, x in self._unfinished.items() if k[0] == packet.client), None)
        if whole or not told or told.told.count - 1 not in told.parts:
            return whole
        key = next(k for k, x in self._unfinished.items() if x is told)
        self._settle(key, Fate.DELIVERED, instance, position)
        return WholeValue(*key, 1, join_parts(part for _, part in sorted(told.parts.items())))


class MixesTheValuesOfAClient(Assembler):
    """It knows a value by its client and by its length."""

    def add(self, instance: int, position: int, packet: Packet) -> WholeValue | None:
        for client, first in self._unfinished:
            if client == packet.client and packet.first > first:
                index = int.from_bytes(packet.payload[2:6], "little")
                packet = Packet(client, first + index, 1, packet.payload)
                break
        return super().add(instance, position, packet)


class SeesPartsTwice(Learner):
    """A part that comes again, because it was chosen again, counts as another one of its value."""

    def _deliver(self, instance: int, packets: Any, ranges: Any) -> None:
        for packet in packets:
            done = self.table._delivered.get(packet.client)
            if done and done.overlaps(packet.first, packet.last):
                for value in self.assembler._unfinished.values():
                    index = int.from_bytes(packet.payload[2:6], "little")
                    if index in value.parts and len(value.parts) < value.told.count - 1:
                        missing = (n for n in range(value.told.count) if n not in value.parts)
                        value.parts[next(missing)] = packet.payload
        super()._deliver(instance, packets, ranges)


class DiscardsByItsOwnTime(Learner):
    """What has missing parts for long is discarded, as this learner's clock has it."""

    began_s: dict[tuple[str, int], float]

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        self.began_s = getattr(self, "began_s", {})
        for key in list(self.assembler._unfinished):
            if now_s - self.began_s.setdefault(key, now_s) > 0.002:
                self.assembler._settle(key, Fate.TOO_OLD)
        super().receive(sender, message, now_s)


class DeliversAtTheFirstPart(Assembler):
    """A value has the position of its first part, though it was not whole then."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.first: dict[tuple[str, int], int] = {}

    def add(self, instance: int, position: int, packet: Packet) -> WholeValue | None:
        whole = super().add(instance, position, packet)
        if whole is None:
            for key in self._unfinished:
                self.first.setdefault(key, position)
        return whole


class AtTheFirstPart(Learner):
    """The same."""

    def __init__(self, *args: Any, **life: Any) -> None:
        super().__init__(*args, **life)
        self.assembler = DeliversAtTheFirstPart(self.settings)

    def _hand_over(self, instance: int, packet: Packet) -> None:
        before = len(self.step.deliveries)
        super()._hand_over(instance, packet)
        for at, delivery in enumerate(self.step.deliveries[before:], before):
            if type(delivery.packet) is WholeValue:
                assert isinstance(self.assembler, DeliversAtTheFirstPart)
                key = delivery.packet.client, delivery.packet.first
                first = self.assembler.first[key]
                self.step.deliveries[at] = type(delivery)(instance, first, delivery.packet)


class TakesPartsForTheValue(Client):
    """All parts are delivered, so the value is."""

    def _part_delivered(self, value: InParts) -> None:
        super()._part_delivered(value)
        if not value.left and value.first in self.in_parts:
            del self.in_parts[value.first]
            self._flight.forget(value.last)
            self._acknowledge(1, value.since_s, value.since_s)


class NeverAsksWhatBecame(Client):
    """What learners say with the last part is not lost, it thinks."""

    def _part_delivered(self, value: InParts) -> None:
        super()._part_delivered(value)
        self._flight.forget(value.last)


@dataclass(frozen=True)
class Bug:
    part: str
    make: Callable[..., Any]
    found_as: frozenset[str]
    name: str


def bug(part: str, make: Callable[..., Any], *found_as: str) -> Bug:
    made = learner_with(make) if isinstance(make, type) and issubclass(make, Assembler) else make
    return Bug(part, made, frozenset(found_as), make.__name__)


DIFFERENT, LOST = "different deliveries", "not delivered"
BUGS = [
    bug("learner", DeliversBeforeTheLastPart, LOST),
    bug("learner", MixesTheValuesOfAClient, LOST),
    bug("learner", SeesPartsTwice, LOST),
    bug("learner", DiscardsByItsOwnTime, DIFFERENT),
    bug("learner", AtTheFirstPart, DIFFERENT),
    bug("client", TakesPartsForTheValue, LOST),
    bug("client", NeverAsksWhatBecame, LOST),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    for seed in SEEDS:
        outcome = run(seed, **{bug.part: bug.make})
        if outcome.failure is not None:
            assert outcome.failure.kind in bug.found_as, outcome.failure.text
            return
    pytest.fail(f"{len(SEEDS)} runs with the bug conform, and all learners agree")
