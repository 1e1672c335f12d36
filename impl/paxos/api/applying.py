"""A state machine in a learner: what it is given, in the order, by a thread of its own."""

import threading
from collections.abc import Callable

from paxos.api.inbox import Inbox, Item, Mark
from paxos.api.place import DeliveredValue
from paxos.api.state_machine import StateMachine
from paxos.core.checkpoint import Snapshot
from paxos.errors import ApplicationError
from paxos.runtime.checkpoint_file import Application, CheckpointFile
from paxos.runtime.checkpointing import Checkpointing
from paxos.runtime.report import describe

Applied = Callable[[DeliveredValue, object], None]
"""Told of each value that is applied, and what came of it."""


class Applying(Inbox):
    """What a machine has not been given yet, and giving it. The machine's state is that after
    `position` values; both change under `lock`."""

    def __init__(self, machine: StateMachine, limit_bytes: int) -> None:
        super().__init__(limit_bytes, first=1)
        self.skipped: Callable[[int], object] = lambda position: None
        """Told of the position that a snapshot has brought the machine to."""
        self.read: Callable[[int], object] = lambda position: None
        """Told of the position whenever reads may be done."""
        self.machine = machine
        self.application = Application(machine.name, machine.version)
        self.lock = threading.Lock()
        self.position = 0
        """Values that were applied, here or before a snapshot."""
        self._checkpoints: Checkpointing | None = None

    def begin(self, checkpoints: Checkpointing) -> None:
        """See `paxos.runtime.deliveries.Deliveries`."""
        self._checkpoints = checkpoints
        if newest := checkpoints.store.newest:
            self._restore(newest)

    def run(self, applied: Applied, is_over: Callable[[], bool]) -> None:
        """Give the machine all that comes, until there is no more. Raises `ApplicationError`."""
        while items := self.all():
            for item in items:
                if is_over():
                    return
                self._take(item, applied)

    def _take(self, item: Item, applied: Applied) -> None:
        match item:
            case DeliveredValue():
                self._apply(item, applied)
            case Snapshot():
                self._keep(item)
            case Mark():
                self.read(self.position)
            case _:
                self._restore(item)
                item.close()
                self.read(self.position)

    def _apply(self, value: DeliveredValue, applied: Applied) -> None:
        with self.lock:
            try:
                result = self.machine.apply(value.position, value.value)
            except Exception as error:  # the application's, whatever it is
                raise ApplicationError(
                    f"at position {value.position} apply() raised {describe(error)}"
                ) from error
            self.position = value.position
        applied(value, result)

    def _keep(self, snapshot: Snapshot) -> None:
        """The state of the machine is that of the snapshot now."""
        assert self._checkpoints, "snapshots are taken by who keeps them"
        with self.lock:
            self._checkpoints.fork(snapshot, self.machine.snapshot)

    def _restore(self, checkpoint: CheckpointFile) -> None:
        with self.lock:
            try:
                self.machine.restore(checkpoint.application())
            except Exception as error:  # the application's, whatever it is
                raise ApplicationError(
                    f"restore() from checkpoint {checkpoint.path} raised {describe(error)}; the "
                    "checkpoint is as it was"
                ) from error
            self.position = checkpoint.position
        self.skipped(self.position)
