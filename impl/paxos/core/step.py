"""The step: what a role wants done after a group of messages or a tick.

The one rule of the runtime is the order: first make `writes` durable, then append `events` to the
trace, then hand over `deliveries` and `placed`, then `sends`. So a promise or vote that anybody can
have seen is on disk and in the trace, and a value that a client is told was delivered is in the
output. As a step is of a group of messages, there is one commit for all of them (group commit).
"""

from msgspec import Struct

from paxos.core.ballot import Ballot
from paxos.core.batch import Packet
from paxos.core.checkpoint import Snapshot
from paxos.core.events import Event
from paxos.core.messages import Fate, Group, Message, SnapshotOffer, Vote
from paxos.core.places import Placed

__all__ = [
    "Delivery",
    "Discarded",
    "PromiseWrite",
    "RoundWrite",
    "Step",
    "Taken",
    "TrimWrite",
    "VoteWrite",
    "Write",
]


class PromiseWrite(Struct, frozen=True):
    """Durable: the acceptor's promise."""

    ballot: Ballot


class VoteWrite(Struct, frozen=True):
    """Durable: the acceptor's vote, which is a promise of its ballot too."""

    vote: Vote


class RoundWrite(Struct, frozen=True):
    """Durable: the highest round that the proposer has used."""

    round: int


class TrimWrite(Struct, frozen=True):
    """Durable: the acceptor has forgotten its votes in instances `1..last`, for good."""

    last: int


Write = PromiseWrite | VoteWrite | RoundWrite | TrimWrite


class Delivery(Struct, frozen=True, gc=False):
    """A packet that a learner delivers, and its place: the instance, and the position of its first
    value in the one order of all values, from 1 on. Its other values follow one by one."""

    instance: int
    position: int
    packet: Packet


class Taken(Struct, frozen=True):
    """A snapshot that a learner has taken, to be made durable as a checkpoint. The learner is told
    what came of it (`paxos.core.learner.Learner.kept_checkpoint`)."""

    snapshot: Snapshot
    after: int
    """It is of the state after so many of the step's deliveries."""


class PartRead(Struct, frozen=True):
    """Part `number` of the checkpoint with this digest is to be sent to the learners, as a
    `SnapshotPart`: bytes `offset..offset + size - 1` of its file."""

    digest: bytes
    number: int
    offset: int
    size: int


class PartWrite(Struct, frozen=True):
    """A part of another learner's checkpoint is to be kept, of the one that is offered so."""

    offer: SnapshotOffer
    number: int
    data: bytes


class Transferred(Struct, frozen=True):
    """All parts of a checkpoint are kept. It is to be verified as a whole, and made durable; the
    learner is told what came of it (`Learner.install`, `Learner.refuse_snapshot`)."""

    giver: int
    prefix: int
    digest: bytes


class Discarded(Struct, frozen=True):
    """A value that its client broadcast in parts, and that will not be delivered, or may not have
    been."""

    first: int
    """The number of its first part."""
    fate: Fate
    text: str
    """For the user: which value, and why."""


class Step:
    """Filled by a role, done by the runtime, in the order of the fields."""

    __slots__ = (
        *("acknowledged", "current", "deliveries", "discarded", "events", "failure", "inside"),
        *("installed", "kept", "later", "placed", "reads", "refused", "taken", "transferred"),
        *("urgent", "writes"),
    )

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.events: list[Event] = []
        self.installed = False
        """The learner goes on from another one's snapshot, which is durable: the application gets
        that before what this step delivers."""
        self.deliveries: list[Delivery] = []
        self.taken: Taken | None = None
        self.placed: list[Placed] = []
        """Values that a client has heard to be delivered, and where, if it wants to know."""
        self.urgent: list[tuple[Group, Message]] = []
        """To be sent at once."""
        self.later: list[tuple[Group, Message]] = []
        """To be sent, but nobody waits for it: it may be held back for a few milliseconds, to go
        with what follows. A datagram costs about the same whatever is in it."""
        self.reads: list[PartRead] = []
        self.kept: list[PartWrite] = []
        self.transferred: Transferred | None = None
        self.inside: list[tuple[Group, Message]] = []
        """For a role of the same process alone (`paxos.runtime.handover`)."""
        self.current = 0
        """Of a learner: its reads up to this number see all that they must, once the application
        has what is delivered (`paxos.core.reads`); 0: none does anew."""
        self.acknowledged: list[tuple[int, float, float]] = []
        """To be counted only: values that a client heard to be delivered, `(how many, since when
        they waited, until when)`."""
        self.discarded: list[Discarded] = []
        """To be reported only."""
        self.refused: dict[str, int] = {}
        """To be counted and reported only: what was dropped because of a limit, how often."""

        self.failure = ""
        """Why the role can do nothing more, for the user. The process is to be stopped, with an
        error, after what else the step says is done."""

    def refuse(self, what: str) -> None:
        """`what`, a few words from a small set, is dropped, as if it were lost."""
        self.refused[what] = self.refused.get(what, 0) + 1

    def send(self, message: Message, *groups: Group) -> None:
        """Send `message` to every process of each of `groups`."""
        for group in groups:
            self.urgent.append((group, message))

    def tell(self, message: Message, group: Group) -> None:
        """Hand `message` to the role of `group` in the same process, and send it to nobody."""
        self.inside.append((group, message))

    def send_later(self, message: Message, *groups: Group) -> None:
        """The same, when there is time."""
        for group in groups:
            self.later.append((group, message))

    @property
    def sends(self) -> list[tuple[Group, Message]]:
        """All that is said, and to which group."""
        return self.inside + self.urgent + self.later

    def __bool__(self) -> bool:
        says = self.inside or self.urgent or self.later or self.current
        transfer = self.reads or self.kept or self.transferred
        return bool(
            self.writes or self.events or self.deliveries or says or transfer or self.failure
        )
