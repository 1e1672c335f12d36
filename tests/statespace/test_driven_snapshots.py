"""What is wrong with a learner that keeps checkpoints is seen when it is driven over a graph."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from paxos.core import events
from paxos.core.checkpoint import Snapshot
from paxos.core.learner import Learner
from tests.statespace import cast
from tests.statespace.cast import Cast
from tests.statespace.drive import OfGraph
from tests.statespace.drive_snapshots import DriverOfAll
from tests.statespace.rows import TINY, of_rules
from tests.statespace.walk import Wrong


class TellsNobody(Learner):
    """Acceptors do not hear of its checkpoint."""

    def kept_checkpoint(self, *place: Any, durable: bool) -> None:
        super().kept_checkpoint(*place, durable=durable)
        self._telling._report_s = 1e9


class TakesNoTable(Learner):
    """Its snapshot forgets what it delivered of which client."""

    def snapshot(self) -> Snapshot:
        return replace(super().snapshot(), clients=[])


class SaysAnotherPlace(Learner):
    """Its checkpoint is not of where it took the snapshot."""

    def kept_checkpoint(self, *place: Any, durable: bool) -> None:
        super().kept_checkpoint(*place, durable=durable)
        (event,) = self.step.events
        assert isinstance(event, events.Checkpoint)
        self.step.events[:] = [replace(event, instance=event.instance + 1)]


class BeginsAnew(Learner):
    """It says that it came back, and did not."""

    def come_back(self, *, giver: int = 0) -> None:
        super().come_back(giver=giver)
        self.prefix = 0


class NeedsNothing(Learner):
    """It says that it needs no more what it has delivered."""

    @property
    def needless(self) -> int:
        return self.prefix


def drive(learner: type[Learner], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cast, "Learner", learner)
    graph = of_rules(TINY["checkpoint"])
    driver = DriverOfAll(Cast(TINY["checkpoint"]), OfGraph(graph))
    for node, steps in enumerate(graph.steps):
        driver.drive(node, steps)


@pytest.mark.parametrize(
    "bug", [TellsNobody, TakesNoTable, SaysAnotherPlace, BeginsAnew, NeedsNothing]
)
def test_a_bug_of_checkpoints_is_found(bug: type[Learner], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Wrong):
        drive(bug, monkeypatch)


def test_a_learner_without_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    drive(Learner, monkeypatch)
