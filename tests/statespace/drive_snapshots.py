"""Has learners that keep checkpoints take the steps of a graph: see drive.py."""

from __future__ import annotations

from typing import Any

from conformance.statespace.graph import BEGINNING, NO_VOTE, Message, State
from paxos.core import messages
from tests.statespace.cast import NOW_S
from tests.statespace.drive import Driver
from tests.statespace.walk import Wrong

DIGEST = bytes(32)

NOTHING = "a learner takes, gives and comes back with no snapshot of nothing"
STATION = "a learner takes a snapshot as it delivers, and one at a time"


class DriverOfAll(Driver):
    """Drives the roles over the steps of a graph, those of snapshots too."""

    def _takesnapshot(self, node: Any, state: State, x: int) -> str | None:
        """It takes one as it delivers: it is given what it delivered last, and what it does after
        that is followed."""
        i = state.prefix[x - 1]
        if i == 0:
            return NOTHING
        if state.taken[x - 1] != BEGINNING or state.checkpoint[x - 1][0] == i:
            return STATION
        b, _ = vote = state.learned[x - 1][i - 1]
        if vote == NO_VOTE:
            raise Wrong(f"it did not learn what it delivered, in {state}")
        before = (*state.prefix[: x - 1], i - 1, *state.prefix[x:])
        learned = (*state.learned[x - 1][: i - 1], NO_VOTE, *state.learned[x - 1][i:])
        votes = (*state.learned[: x - 1], learned, *state.learned[x:])
        learner = self.cast.learner(x, state._replace(prefix=before, learned=votes))
        q = sorted(m[1] for m in state.msgs if m[0] == "2b" and m[2:] == (b, i))
        self._tell(learner, state, b, i, tuple(q[: self.cast.settings.quorum2]))
        step = learner.flush(NOW_S)
        del step.events[:2]  # Learn and Deliver
        walk = self._walk(node, learner, x)
        if walk.follow(step)[:1] != [("TakeSnapshot", x)]:
            raise Wrong(f"{walk.taken}: not taken at once, from {state}")
        self.executed.update(walk.taken)
        return None

    def _checkpoint(self, node: Any, state: State, x: int) -> None:
        learner = self.cast.learner(x, state)
        walk = self._walk(node, learner, x)
        learner.kept_checkpoint(state.taken[x - 1][0], NOW_S, durable=True)
        self._must(walk, ("Checkpoint", x))

    def _restart(self, node: Any, state: State, x: int) -> str | None:
        if state.checkpoint[x - 1] == BEGINNING:
            return NOTHING
        learner = self.cast.back(x, state.checkpoint[x - 1])
        self._must(self._walk(node, learner, x), ("Restart", x))
        return None

    def _recovercheckpoint(self, node: Any, state: State, x: int) -> None:
        """It crashes when what it took is durable."""
        self._comes_back(node, state, ("RecoverCheckpoint", x))

    def _recoverinstall(self, node: Any, state: State, x: int, m: Message) -> None:
        """It crashes when what it was given is durable."""
        self._comes_back(node, state, ("RecoverInstall", x, m))

    def _comes_back(self, node: Any, state: State, label: Any) -> None:
        x, after = label[1], self.steps.step(node, label)
        durable = state.taken[x - 1] if label[0] == "RecoverCheckpoint" else label[2][1:]
        learner = self.cast.back(x, durable)
        self._must(self._walk(after, learner, x), ("Restart", x))
        self.executed.add((node, label))

    def _sendsnapshot(self, node: Any, state: State, x: int) -> str | None:
        """Another learner wants it, and asks for a part."""
        kept = state.checkpoint[x - 1]
        if kept == BEGINNING:
            return NOTHING
        learner = self.cast.learner(x, state)
        assert learner.transfer is not None
        learner.transfer.giver.has(kept[0], len(kept[1]), DIGEST, 1)
        walk = self._walk(node, learner, x)
        learner.receive(9, messages.SnapshotAsk(x, DIGEST, [(0, 0)]), NOW_S)
        self._must(walk, ("SendSnapshot", x))
        return None

    def _installsnapshot(self, node: Any, state: State, x: int, m: Message) -> None:
        learner = self.cast.learner(x, state)
        walk = self._walk(node, learner, x)
        if not learner.install(self.cast.snapshot(m[1:]), 9, NOW_S):
            raise Wrong(f"it does not take over {m} in {state}")
        self._must(walk, ("InstallSnapshot", x, m))
