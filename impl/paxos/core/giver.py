"""Giving a learner's checkpoint to others, part by part (`paxos.core.transfer`).

Spec: `SendSnapshot`.
"""

from math import inf

from paxos.core.messages import Group, SnapshotAsk, SnapshotOffer, SnapshotWanted
from paxos.core.portions import SNAPSHOT_PART_BYTES
from paxos.core.settings import Settings
from paxos.core.step import PartRead, Step

TICK_S = 0.005
"""How often a giver sends, and what it may send at a time: its bytes of so long."""

IDLE_S = 10.0
"""A giver that was not asked for so long is done."""


class Giver:
    """Gives parts of this learner's checkpoint."""

    def __init__(self, settings: Settings, learner_id: int) -> None:
        self._settings = settings
        self._id = learner_id
        self.newest: SnapshotOffer | None = None
        """Of the newest checkpoint."""
        self.serving: SnapshotOffer | None = None
        """Of the one that is asked for."""
        self._asked: dict[int, None] = {}  # parts, in the order in which they are to be sent
        self._asked_s = self._paid_s = -inf  # until then, what was sent takes its share of time
        self.due_s = inf
        """When to send the next parts, or to look whether anybody still asks."""

    def has(self, prefix: int, position: int, digest: bytes, size: int) -> None:
        """This is the newest checkpoint now: its place, and its file's digest and size in bytes."""
        room = self._settings.fitting_bytes - SNAPSHOT_PART_BYTES
        self.newest = SnapshotOffer(prefix, position, digest, size, min(size, room))

    def on_wanted(self, wanted: SnapshotWanted, step: Step) -> None:
        """Offer what is being given, if it helps, so that those who come late take it together; or
        the newest."""
        for offer in (self.serving, self.newest):
            if offer and offer.prefix > wanted.prefix:
                step.send(offer, Group.LEARNERS)
                return

    def on_ask(self, ask: SnapshotAsk, now_s: float) -> SnapshotOffer | None:
        """Note what is asked for. The offer that is given now, if it was not before."""
        offer = next((o for o in (self.serving, self.newest) if o and o.digest == ask.digest), None)
        if ask.giver != self._id or offer is None:
            return None
        begins = self.serving is not offer
        if begins:
            self.serving = offer
            self._asked.clear()
        last = parts_of(offer) - 1
        for first, end in ask.parts:
            for number in range(first, min(end, last) + 1):
                if len(self._asked) >= self._settings.transfer_parts:
                    break
                self._asked[number] = None
        self._asked_s = now_s
        self.due_s = min(self.due_s, max(now_s, self._paid_s))
        return offer if begins else None

    def tick(self, now_s: float, step: Step) -> None:
        """Send the next parts. What one tick may not send waits for the next one."""
        offer = self.serving
        if offer is None or now_s < self.due_s:
            return
        self._paid_s = max(self._paid_s, now_s - TICK_S)
        while self._asked and self._paid_s <= now_s:
            number = next(iter(self._asked))
            del self._asked[number]
            offset = number * offer.part_bytes
            size = min(offer.part_bytes, offer.size - offset)
            step.reads.append(PartRead(offer.digest, number, offset, size))
            self._paid_s += size / self._settings.transfer_bytes_s
        if self._asked:
            self.due_s = max(self._paid_s, now_s + TICK_S)
        elif now_s < self._asked_s + IDLE_S:
            self.due_s = self._asked_s + IDLE_S
        else:
            self.serving, self.due_s = None, inf


def parts_of(offer: SnapshotOffer) -> int:
    """Of how many parts it is."""
    return -(-offer.size // offer.part_bytes)
