"""What the four roles share: how they are driven.

For each group of messages that it drained, the runtime calls `receive` for every one and then
`flush` once; when `deadline_s` has come it calls `tick` and `flush`. What a role does per group
and not per message (packing, proposing, acknowledging) it does in `_finish`.
"""

from math import inf

from paxos.core.messages import Message
from paxos.core.settings import Settings
from paxos.core.standing import Standing
from paxos.core.step import Step
from paxos.core.waiting import Wait


class Role:
    """A role of the protocol. Subclasses handle the messages that concern them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.step = Step()
        self.repeated = 0
        """To be counted only: messages and packets that were said again for want of an answer."""

    def come_back(self) -> None:
        """Say first, in the trace, with what durable state this incarnation begins (spec:
        `Recover`). To be called once, before anything else, unless the process is new. A role
        that keeps nothing has nothing to say: it comes back as another process."""

    def kept_checkpoint(self, prefix: int, now_s: float, *, durable: bool) -> None:
        """Of a learner: the snapshot that was taken at `prefix` is durable as a checkpoint, or will
        not be."""

    def receive(self, sender: int, message: Message, now_s: float) -> None:
        """Consume `message` from process `sender` (its id within its role)."""
        raise NotImplementedError

    def tick(self, now_s: float) -> None:
        """Do what is due at `now_s`."""

    def deadline_s(self) -> float:
        """When `tick` is next wanted; infinity: not until something is received."""
        return inf

    def waits_for(self) -> Wait | None:
        """What it cannot go on without at present, for the user; None: all is well. Pure."""
        return None

    def standing(self) -> Standing:
        """Where it is, for the user. Pure."""
        raise NotImplementedError

    def flush(self, now_s: float) -> Step:
        """Finish the group and return the step to be done for it."""
        self._finish(now_s)
        step, self.step = self.step, Step()
        return step

    def _finish(self, now_s: float) -> None:
        """Add to the step what is done once per group."""
