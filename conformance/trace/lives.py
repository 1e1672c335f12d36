"""Which learner of the specification each incarnation of a learner in a trace is.

One that keeps no checkpoints, or has lost them, is a new learner each time it is started. One that
comes back with its checkpoint, as its first event says (Restart), is the same learner as the
incarnation before it that kept them. A learner is named after its first incarnation: `2.1`.
"""

from __future__ import annotations

from collections.abc import Container

from conformance.trace.process import Process
from conformance.trace.schema import Event, Restart


class LearnerLives:
    """Tell it the events of learners in their order. `keeps` has the names of the processes whose
    header says that they keep checkpoints."""

    def __init__(self, keeps: Container[str] = ()) -> None:
        self.keeps = keeps
        self._of: dict[Process, str] = {}
        self._last: dict[int, str] = {}  # by id: the last one that keeps checkpoints

    def enter(self, process: Process, event: Event) -> str:
        """The learner that this incarnation is, by its first event, which this is if it is new."""
        life = self._of.get(process)
        if life is None:
            life = process.member
            if str(process) in self.keeps:
                if isinstance(event, Restart):
                    life = self._last.get(process.id, life)
                self._last[process.id] = life
            self._of[process] = life
        return life

    def known(self, process: Process) -> str | None:
        """The learner that this incarnation is; None if it has had no event yet."""
        return self._of.get(process)

    def last(self, number: int) -> str | None:
        """The learner that learner `number` is, or was last, where it keeps checkpoints."""
        return self._last.get(number)
