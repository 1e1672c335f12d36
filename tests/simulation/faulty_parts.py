"""Bugs, planted in what is around the roles: the order of a step, the disk, the clock, the asking
again. Each does no harm until something goes wrong of the kinds that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from harness.simulation.disk import PlainDisk
from harness.simulation.process import Process
from harness.simulation.stages import STAGES
from paxos.core.learner import Learner
from paxos.core.messages import Ask
from paxos.core.step import Step, Write
from paxos.runtime.clock import Clock
from paxos.runtime.handover import PASSES, Handover
from paxos.runtime.storage import MemoryStorage, Storage

# The order of a step.


class SavesLast(Process):
    """What others have seen is not durable yet."""

    order = ("trace", "deliver", "send", "save")


class TracesBeforeSaving(Process):
    """The trace has what the disk may not have."""

    order = ("trace", "save", "deliver", "send")


class SendsBeforeTracing(Process):
    """Others have seen what the trace may not have."""

    order = ("save", "deliver", "send", "trace")


class SendsBeforeSaving(Process):
    """While the disk works, others go on with what was said."""

    order = ("send", "save", "trace", "deliver")


class OneCommitForAll(Handover):
    """All roles of a replica are heard out, and then there is one commit for all of them, and one
    writing of the traces: so a vote is durable before it is in a trace for what it is."""

    def settle(self, now_s: float) -> bool:
        if len(self._parties) == 1:
            return super().settle(now_s)
        steps: list[tuple[Any, Step]] = []
        parties = [cast("Any", party) for party in self._parties.values()]
        ready = [party for party in parties if party.is_ready(now_s)]
        for _ in range(PASSES):
            for party in ready:
                party.is_touched = False
                steps.append((party, party.role.flush(now_s)))
                self.hand(party, steps[-1][1].sends, now_s)
            ready = [party for party in parties if party.role and party.is_touched]
        self._do_together(steps)
        return True

    def _do_together(self, steps: Sequence[tuple[Any, Step]]) -> None:
        for name, work in STAGES.items():
            for party, step in steps:
                stage = getattr(party, f"_{name}")
                if party.doom and party.doom.stage == name and getattr(step, work):
                    party._die(step, name, stage, party.doom.part)
                    return
                stage(step)
        for party, step in steps:
            party._end(step)


class HandsNothingOver(Handover):
    """What a replica drops as its own, nobody has told its roles."""

    def hand(self, *_: object) -> None:
        pass


# What surrounds a role.


class LosesTheLastGroup(PlainDisk):
    """It says that a group is durable when only the one before it is."""

    def __init__(self, role: str, process_id: int) -> None:
        super().__init__(role, process_id)
        self._written: list[Sequence[Write]] = []

    def open(self, clock: Clock) -> Storage:
        self._written = self._written[:-1]
        storage = MemoryStorage()
        for writes in self._written:
            storage.apply(writes)
        storage.save = self._save  # type: ignore[method-assign]
        return storage

    def _save(self, writes: Sequence[Write]) -> None:
        self._written.append(list(writes))


class StartsAfresh(Clock):
    """In each life it begins with what the wall clock says then."""

    def resume(self, last: int) -> None:
        pass


class RefusesTheFuture(Clock):
    """It does not follow who is more than an hour ahead of its own wall clock."""

    def merge(self, remote: int) -> bool:
        if self.last < remote and remote > self.wall() + 3_600_000_000:
            return False
        return super().merge(remote)


class NeverAsks(Learner):
    """What it has missed, it waits for."""

    def _ask(self, questions: Iterable[Ask]) -> None:
        list(questions)


@dataclass(frozen=True)
class FaultyPart:
    """A planted bug: what it stands in for, what a run with it fails of, and the kinds of faults
    without which no run does."""

    part: str
    make: Callable[..., Any]
    found_as: set[str]
    needs: set[str]


RECOVERS_LESS = {"Recover.promise", "Recover.votes", "Recover.round", "Recover.trimmed"}
NOT_IN_THE_TRACE = {
    "Phase1b.asked",
    "Phase2a.promises",
    "Phase2a.broadcast",
    "Phase2b.proposed",
    "Decide.voted",
    "Learn.decided",
}
CRASHES = {"crash", "outage"}

FAULTY_PARTS = [
    FaultyPart("process", SavesLast, RECOVERS_LESS, CRASHES),
    FaultyPart("process", TracesBeforeSaving, RECOVERS_LESS, CRASHES),
    FaultyPart("process", SendsBeforeTracing, NOT_IN_THE_TRACE, CRASHES),
    FaultyPart("process", SendsBeforeSaving, NOT_IN_THE_TRACE, {*CRASHES, "slow-disk"}),
    FaultyPart("disk", LosesTheLastGroup, RECOVERS_LESS, CRASHES),
    FaultyPart("clock", StartsAfresh, {"clock"}, {"clock"}),
    FaultyPart("clock", RefusesTheFuture, {"not delivered"}, {"clock"}),
    FaultyPart(
        "learner", NeverAsks, {"not delivered"}, {*CRASHES, "loss", "partition", "leader", "link"}
    ),
]

ONE_COMMIT = FaultyPart(
    "handover", OneCommitForAll, {"Recover.new votes", "Recover.new promise"}, CRASHES
)
"""In replicas."""
