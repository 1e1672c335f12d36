"""Simulated runs in which learners keep checkpoints and give them to one another: they conform and
end with everything at every learner, whatever crashes in the middle of what; planted bugs of each
kind are found."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.simulation.disk import APPLICATION
from harness.simulation.keeper import Fate, Keeper
from harness.simulation.parts import Parts
from harness.simulation.plan import CHECKPOINT_RUNS, Request, draw
from harness.simulation.run import Outcome, simulate
from paxos.config import Config
from paxos.core.checkpoint import Snapshot
from paxos.core.client_table import ClientTable
from paxos.core.learner import Learner
from paxos.core.messages import (
    Group,
    Message,
    SnapshotAsk,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWanted,
)
from paxos.core.step import Step, Taken
from paxos.runtime.checkpoint_file import CheckpointFile
from paxos.runtime.checkpoint_store import CheckpointStore

STEPS = 4_000
SEEDS = range(40)
"""Runs within which a bug must show; they are the same every time."""


def run(seed: int, steps: int = STEPS, parts: Parts | None = None, **asked: Any) -> Outcome:
    asked = {"learners": 3, **asked}
    return simulate(Request(seed, steps, checkpoints=True, **asked), parts=parts)


# Without bugs.


@cache
def runs() -> tuple[Outcome, ...]:
    return tuple(run(seed) for seed in range(14))


def test_runs_conform_and_every_learner_ends_with_everything() -> None:
    assert [outcome.failure for outcome in runs() if outcome.failure] == []


@pytest.mark.parametrize(
    "what",
    [
        "checkpoints that met a full disk",
        "checkpoints that lost in a crash",
        "checkpoints that durable in a crash",
        "crash within a checkpoint",
        "crash after a checkpoint",
        "folders lost",
        "checkpoints damaged",
        "snapshots installed",
        "transfers resumed",
        "outages",
    ],
)
def test_crashes_come_in_the_middle_of_it(what: str) -> None:
    assert sum((outcome.injected for outcome in runs()), Counter())[what]


def test_the_same_request_is_the_same_run() -> None:
    assert run(3).digest == runs()[3].digest


def test_some_runs_have_checkpoints_if_nobody_says() -> None:
    plans = [draw(Request(seed)) for seed in range(200)]
    share = sum(plan.config.checkpoints for plan in plans) / len(plans)
    assert abs(share - CHECKPOINT_RUNS) < 0.1


class FaultsEndMeanwhile(Keeper):
    """Its disk was wrong when a snapshot was taken, and is not any more."""

    def take(self, snapshot: Snapshot) -> None:
        self.fates = [Fate.CRASH_BEFORE, Fate.CRASH_AFTER]
        super().take(snapshot)
        self.fates = [Fate.DURABLE]


def test_a_snapshot_that_comes_to_the_disk_after_the_faults_harms_nobody() -> None:
    """Who crashes then is not started again, as whoever would see to it has ended."""
    outcome = run(1, parts={"keeper": FaultsEndMeanwhile}, without=("snapshot",))
    assert outcome.failure is None
    assert not outcome.injected["checkpoints that durable in a crash"]
    assert not outcome.injected["checkpoints that lost in a crash"]


# Bugs.


class AheadOfWhatWasDelivered(Learner):
    """Its snapshots say one instance more."""

    def snapshot(self) -> Snapshot:
        return msgspec.structs.replace(super().snapshot(), prefix=self.prefix + 1)


class ForgetsTheTable(Learner):
    """Its snapshots do not say which values were delivered."""

    def snapshot(self) -> Snapshot:
        return msgspec.structs.replace(super().snapshot(), clients=[], unfinished=[], outcomes=[])


class TornSnapshots(Learner):
    """The application's state is that before the step, and its own that after it."""

    def flush(self, now_s: float) -> Step:
        step = super().flush(now_s)
        if step.taken:
            step.taken = Taken(step.taken.snapshot, 0)
        return step


class InstallsWhatIsOlder(Learner):
    def install(self, snapshot: Snapshot, giver: int, now_s: float) -> bool:
        self.prefix = min(self.prefix, snapshot.prefix - 1)
        return super().install(snapshot, giver, now_s)


class TellsWhatItHasDelivered(Learner):
    """And not what is in its checkpoint: so acceptors trim that."""

    @property
    def needless(self) -> int | None:
        return self.prefix


class ForgettingTable(ClientTable):
    """It forgets ended incarnations, and takes what comes of them later for new."""

    def _is_over(self, client: str) -> bool:
        return False


class ForgetsSessions(Learner):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._use(ForgettingTable(self.settings))

    def _use(self, table: ClientTable) -> None:
        table.restore(self.table.spans())
        self.table = table

    def _restore(self, snapshot: Snapshot) -> None:
        super()._restore(snapshot)
        self._use(ForgettingTable(self.settings))


class SaysItIsDurableAtOnce(Keeper):
    """Acceptors trim what is on its way to the disk, and lost with a crash. What others are given
    meanwhile is the one before, which is all that there is."""

    def take(self, snapshot: Snapshot) -> None:
        super().take(snapshot)
        tell = partial(self._kept, snapshot.prefix, True)
        self._process.world.after(0.0, self._tell, self._process.incarnation, tell)


class ComesBackAsTheSame(Keeper):
    """Though its newest checkpoint is damaged, by which acceptors have trimmed."""

    def come_back(self) -> None:
        self._learner().come_back()


class InstallsAgain(Keeper):
    """What it has received comes once more, later, as messages may."""

    def _install(self, snapshot: Snapshot, giver: int, now_s: float) -> None:
        super()._install(snapshot, giver, now_s)
        again = partial(super()._install, snapshot, giver)
        self._process.world.after(0.05, self._tell, self._process.incarnation, again)


class HearsAnotherCluster(Keeper):
    """A learner of another cluster, with the same id as one of this one, offers what it has."""

    def transfer(self, step: Step) -> Iterator[tuple[Group, Message]]:
        own = step.urgent[:]
        yield from super().transfer(step)
        for _, message in own:
            match message:
                case SnapshotWanted(prefix=prefix):
                    snapshot = msgspec.structs.replace(
                        self._learner().snapshot(), prefix=prefix + 50
                    )
                    self._theirs = another_clusters(snapshot)
                    digest = self._theirs[-32:]
                    size = len(self._theirs)
                    offer = SnapshotOffer(prefix + 50, snapshot.position, digest, size, size)
                    self._hear(offer)
                case SnapshotAsk(digest=digest) if digest == getattr(self, "_theirs", b"")[-32:]:
                    self._hear(SnapshotPart(digest, 0, self._theirs))

    def _hear(self, message: Message) -> None:
        other = self._process.member.id % 3 + 1

        def hear(now_s: float) -> None:
            self._learner().receive(other, message, now_s)

        self._process.world.after(0.0, self._tell, self._process.incarnation, hear)


def another_clusters(snapshot: Snapshot) -> bytes:
    """The file of a checkpoint of another cluster."""
    with tempfile.TemporaryDirectory() as folder:
        store = CheckpointStore(Path(folder), 1, Config(cluster="another").identity(), APPLICATION)
        data = store.write(snapshot, [b""]).read_bytes()
        store.close()
    return data


class ChecksNothing(CheckpointFile):
    def check(self, *_: Any) -> None:
        pass


BUGS: list[tuple[Parts, set[str]]] = [
    ({"learner": AheadOfWhatWasDelivered}, {"Restart.place"}),
    ({"learner": ForgetsTheTable}, {"Deliver.values", "different deliveries"}),
    ({"learner": TornSnapshots}, {"different deliveries"}),
    ({"learner": InstallsWhatIsOlder, "keeper": InstallsAgain}, {"InstallSnapshot.newer"}),
    ({"learner": TellsWhatItHasDelivered}, {"Trim.delivered"}),
    ({"learner": ForgetsSessions}, {"Deliver.values"}),
    ({"keeper": SaysItIsDurableAtOnce}, {"Restart.place", "Life.return", "SendSnapshot.place"}),
    ({"keeper": ComesBackAsTheSame}, {"Restart.place"}),
]


def fails(parts: Parts, kinds: set[str]) -> None:
    for seed in SEEDS:
        failure = run(seed, parts=parts).failure
        if failure is not None:
            print(f"seed {seed}: {failure.kind}")
            assert failure.kind in kinds, failure
            return
    pytest.fail(f"{len(SEEDS)} runs with the bug are right")


@pytest.mark.parametrize(
    ("parts", "kinds"),
    BUGS,
    ids=["-".join(p.__name__ for p in parts.values()) for parts, _ in BUGS],
)
def test_a_planted_bug_is_found(parts: Parts, kinds: set[str]) -> None:
    fails(parts, kinds)


def test_a_snapshot_of_another_cluster_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = [run(seed, parts={"keeper": HearsAnotherCluster}) for seed in range(8)]
    assert [outcome.failure for outcome in outcomes if outcome.failure] == []
    assert sum(outcome.injected["checkpoints refused"] for outcome in outcomes)
    monkeypatch.setattr("paxos.runtime.checkpoint_store.CheckpointFile", ChecksNothing)
    fails({"keeper": HearsAnotherCluster}, {"InstallSnapshot.sent"})


def test_a_snapshot_that_comes_again_changes_nothing() -> None:
    outcomes = [run(seed, parts={"keeper": InstallsAgain}) for seed in range(8)]
    assert [outcome.failure for outcome in outcomes if outcome.failure] == []
    assert sum(outcome.injected["snapshots received too late"] for outcome in outcomes)
