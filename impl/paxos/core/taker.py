"""Taking another learner's checkpoint, part by part (`paxos.core.transfer`).

Spec: `InstallSnapshot`.
"""

from collections.abc import Iterable
from math import inf

from paxos.core.ballot import LARGEST_INT
from paxos.core.giver import parts_of
from paxos.core.intervals import IntervalSet
from paxos.core.messages import (
    MAX_ASKED_SPANS,
    Group,
    SnapshotAsk,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWanted,
)
from paxos.core.portions import portions
from paxos.core.settings import Settings
from paxos.core.step import PartWrite, Step, Transferred

WANT_S, MAX_WANT_S = 0.1, 2.0
"""How long a taker waits before it says again that it wants a snapshot: at first, and at most, as
it doubles."""

FAITHFUL_S = 4 * WANT_S
"""Where parts came of a snapshot, another one is not taken until it has waited so long for an
answer to what it wants: whoever has the same may answer later."""

ASK_S = 0.2
"""It asks again for parts when none of them has come for so long."""

SILENT_S = 2.0
"""It leaves a giver that has sent nothing for so long."""

AHEAD = 8
"""Parts that others have asked for are kept too, up to so many times `transfer_parts` beyond its
own: so what is here has few gaps to be remembered."""

NOT_WANTED = LARGEST_INT + 1
"""Beyond every instance."""

REFUSED = 16
"""Digests of files that turned out to be wrong, of which the last ones are remembered."""


class Taker:
    """Takes a snapshot from whoever gives one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.prefix = NOT_WANTED
        """The learner is there, and cannot go on without a snapshot."""
        self.offer: SnapshotOffer | None = None
        """What is taken; its parts may be kept although nobody gives it at present."""
        self.giver = 0
        """The learner that gives it; 0: nobody."""
        self._got = IntervalSet()  # parts that are here, their numbers plus one
        self._count = 0  # of them
        self._has_gained = False  # some came of its last giver, or are of an earlier life
        self._refused: dict[bytes, None] = {}
        self._want_s = WANT_S
        self._heard_s = -inf
        self._asked_up_to = 0  # parts before this one were asked for
        self._is_whole = False
        self.due_s = inf

    @property
    def is_wanted(self) -> bool:
        """Whether it cannot go on without a snapshot."""
        return self.prefix != NOT_WANTED

    @property
    def share(self) -> float:
        """How much of it is here: from 0 to 1."""
        return self._count / parts_of(self.offer) if self.offer else 0.0

    def want(self, prefix: int, now_s: float) -> None:
        """Nobody can tell what comes after instance `prefix`."""
        if not self.is_wanted:
            self.due_s, self._want_s = now_s, WANT_S
        self.prefix = prefix

    def resume(self, offer: SnapshotOffer, parts: Iterable[int]) -> None:
        """An earlier life has kept these parts of it. It goes on with them when it wants one and
        is offered the same. Where all are here, one is asked for again: so its giver is heard,
        which is later than it gave it to anybody, before it is used."""
        self.offer = offer
        for number in parts:
            if number + 1 not in self._got and self._count + 1 < parts_of(offer):
                self._got.add(number + 1, number + 1)
                self._count += 1
        self._has_gained = self._count > 0

    def reach(self, prefix: int) -> None:
        """Instances `1..prefix` are delivered."""
        if self.prefix < prefix or (self.offer and self.offer.prefix <= prefix):
            self.end()  # acceptors could tell after all, or it has installed one

    def end(self) -> None:
        """It can go on, by itself or with the snapshot that it has taken."""
        self.prefix, self.due_s = NOT_WANTED, inf
        self._leave()
        self._forget()
        self._refused.clear()

    def refuse(self, now_s: float, *, is_wrong: bool = True) -> None:
        """What it has taken is not used. If it is wrong, the same is not taken again; if there was
        no room for it, it takes it later."""
        if self.offer and is_wrong:
            self._refused[self.offer.digest] = None
            if len(self._refused) > REFUSED:
                del self._refused[next(iter(self._refused))]
        self._leave()
        self._forget()
        self.due_s = now_s if is_wrong else now_s + MAX_WANT_S

    def on_offer(self, sender: int, offer: SnapshotOffer, now_s: float) -> None:
        """Take it, if it helps and nobody gives anything. What is here of the same file stays."""
        if offer.prefix <= self.prefix or self._is_whole:  # or nothing is wanted
            return
        if offer.digest in self._refused or offer.size > self._settings.transfer_bytes:
            return
        if self.giver:
            return
        if self.offer != offer:
            if self._has_gained and self._want_s <= FAITHFUL_S:
                return
            self._forget()
            self.offer = offer
        self._has_gained = False
        self.giver, self._heard_s, self._asked_up_to = sender, now_s, 0
        self.due_s = now_s

    def on_part(self, sender: int, part: SnapshotPart, now_s: float, step: Step) -> None:
        """Keep it, if it is of what is taken and not here yet, whoever asked for it. With the last
        one, its sender is whose snapshot this is: that one is known to have given it."""
        offer = self.offer
        if offer is None or part.digest != offer.digest or self._is_whole or not self.giver:
            return
        offset = part.number * offer.part_bytes
        if len(part.data) != min(offer.part_bytes, offer.size - offset):
            step.refuse("parts of checkpoints that are not of their size")
            return
        self._heard_s = now_s
        reach = self._asked_up_to + AHEAD * self._settings.transfer_parts
        if part.number + 1 in self._got or part.number >= reach:
            return
        self._got.add(part.number + 1, part.number + 1)
        self._count += 1
        self._has_gained = True
        step.kept.append(PartWrite(offer, part.number, part.data))
        if self._count == parts_of(offer):
            step.transferred = Transferred(sender, offer.prefix, offer.digest)
            self._is_whole, self.due_s = True, inf
        elif self._under_way() <= self._settings.transfer_parts // 2:
            self.due_s = now_s

    def tick(self, now_s: float, step: Step) -> None:
        """Say what is wanted, or ask for what is missing."""
        if now_s < self.due_s:
            return
        if self.giver and now_s >= self._heard_s + SILENT_S:
            self._leave()
        if not self.giver:
            step.send(SnapshotWanted(self.prefix), Group.LEARNERS)
            self.due_s = now_s + self._want_s
            self._want_s = min(2 * self._want_s, MAX_WANT_S)
            return
        if now_s >= self._heard_s + ASK_S:
            self._asked_up_to = 0  # what was asked for, or sent, was lost
        self._ask(step)
        self.due_s = now_s + ASK_S

    def _ask(self, step: Step) -> None:
        """Ask for the next parts, and those before that are missing."""
        assert self.offer, "there is a giver"
        room = self._settings.transfer_parts - self._under_way()
        number, count, spans = self._asked_up_to, parts_of(self.offer), list[tuple[int, int]]()
        while room > 0 and number < count and len(spans) < MAX_ASKED_SPANS:
            first = self._got.first_missing(number + 1) - 1
            if first >= count:
                break
            last = first
            while last + 1 < count and last + 2 not in self._got and last - first + 1 < room:
                last += 1
            spans.append((first, last))
            room -= last - first + 1
            number = last + 1
        for some in portions(SnapshotAsk, spans, self._settings.fitting_bytes):
            self._asked_up_to = some[-1][1] + 1
            step.send(SnapshotAsk(self.giver, self.offer.digest, some), Group.LEARNERS)

    def _under_way(self) -> int:
        """How many parts were asked for and are not here."""
        here = sum(
            min(last, self._asked_up_to) - first + 1
            for first, last in self._got.intervals()
            if first <= self._asked_up_to
        )
        return self._asked_up_to - here

    def _leave(self) -> None:
        """Take it from another one; what is here stays."""
        self.giver, self._want_s = 0, WANT_S

    def _forget(self) -> None:
        """Nothing is taken."""
        self.offer, self._got, self._count = None, IntervalSet(), 0
        self._asked_up_to, self._is_whole, self._has_gained = 0, False, False
