"""The transfer of a snapshot: a learner that comes too late for what acceptors still know takes the
checkpoint of another one.

The taker says how far it is. Whoever has a checkpoint of more offers it; the taker chooses an offer
and asks its giver for parts, a few at a time, until it has all. What does not come is asked for
again. A giver that says nothing any more is left for another one: if that has the same file, as
learners with the same state mostly do, the taker goes on where it was, otherwise it begins anew.
So does a taker that was started again: what it had is kept on its disk.

Nothing that was received is used before all of it is there and was verified as a whole, which the
runtime does. So to lose a part is to lose the one message that a snapshot is in the specification,
and a giver that lies is found out at the end, and not asked for the same file again.

Everybody hears every part, as all are in one group: learners that come late together take one file
together. A giver sends no more per second than `transfer_bytes_s`, however many ask, and what it
gives stays there until it was not asked for it for a while, though it has newer checkpoints since.

Spec: `SendSnapshot`, `InstallSnapshot`.
"""

from paxos.core import events
from paxos.core.giver import Giver
from paxos.core.messages import (
    Message,
    SnapshotAsk,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWanted,
)
from paxos.core.settings import Settings
from paxos.core.step import Step
from paxos.core.taker import Taker


class Transfer:
    """Both sides of it, of one learner."""

    def __init__(self, settings: Settings, learner_id: int) -> None:
        self.giver = Giver(settings, learner_id)
        self.taker = Taker(settings)
        self._id = learner_id

    def receive(self, sender: int, message: Message, now_s: float, step: Step) -> None:
        """Consume what another learner says."""
        if sender == self._id:
            return
        match message:
            case SnapshotWanted():
                self.giver.on_wanted(message, step)
            case SnapshotAsk():
                if begun := self.giver.on_ask(message, now_s):
                    event = events.SendSnapshot(instance=begun.prefix, position=begun.position)
                    step.events.append(event)
            case SnapshotOffer():
                self.taker.on_offer(sender, message, now_s)
            case SnapshotPart():
                self.taker.on_part(sender, message, now_s, step)
            case _:
                pass

    @property
    def due_s(self) -> float:
        """When `tick` is next wanted."""
        return min(self.giver.due_s, self.taker.due_s)

    def tick(self, now_s: float, step: Step, prefix: int = 0) -> None:
        """Do what is due. Instances `1..prefix` are delivered."""
        self.taker.reach(prefix)
        self.giver.tick(now_s, step)
        self.taker.tick(now_s, step)
