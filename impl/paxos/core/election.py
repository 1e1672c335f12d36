"""Who leads: by heartbeat. Safety never depends on it; that one proposer leads alone for long
enough is what makes values arrive, and no algorithm can promise it (Fischer, Lynch, Paterson 1985).

The leader is the proposer with the highest ballot. A proposer that hears no heartbeat of the
highest ballot it knows for `failover_s` takes a higher one and leads. The pauses differ from
proposer to proposer, so that they do not all try at once. A proposer that hears a leader which it
gave up was wrong to: its patience grows, so that a leader stays also where messages take longer
than `failover_s`. How long they take nobody needs to know.

Spec: `Election`, in the end a leader stays (`LeaderStays`).
"""

from paxos.core.ballot import LARGEST_INT, NO_BALLOT, Ballot
from paxos.core.settings import Settings

STAGGER = 0.25
"""Each proposer waits so much of `failover_s` longer than the one before it."""

MOST_GROWN = 8
"""Patience grows to so many times what it was: links that stay slower need a larger `failover_s`.
It does not shrink again before the proposer is restarted."""


class Election:
    """One proposer's view of who leads."""

    def __init__(self, settings: Settings, proposer_id: int, round_used: int, now_s: float) -> None:
        self._settings = settings
        self._id = proposer_id
        self._patience_s = settings.failover_s * (1 + STAGGER * (proposer_id - 1))
        self._grown = 1
        self._gave_up = False  # a leader, and has not heard that it was wrong to
        self.highest = Ballot(round_used, proposer_id) if round_used else NO_BALLOT
        self.ballot: Ballot | None = None
        """The ballot that this proposer leads with."""
        # At first: only as long as it takes to hear a leader that is already there.
        head_start_s = 2 * settings.heartbeat_s
        self.due_s = now_s + head_start_s + self._patience_s - settings.failover_s

    def wait(self, now_s: float) -> None:
        """Do not try to lead before a leader has not been heard for as long as that takes."""
        self.due_s = now_s + self._grown * self._patience_s

    def notice(self, ballot: Ballot) -> None:
        """A heartbeat says that another proposer leads, or led when it was sent. If this proposer
        has taken over since, it has not been patient enough. Spec: `Notice`."""
        if self._gave_up and ballot < self.highest and ballot.proposer != self._id:
            self._grown = min(2 * self._grown, MOST_GROWN)
            self._gave_up = False  # more of them may be under way: one mistake counts once

    def heard(self, ballot: Ballot, now_s: float) -> bool:
        """A heartbeat, a message or a rejection shows that `ballot` is in use. Returns whether
        this proposer has just lost its lead by that."""
        if ballot < self.highest or ballot == self.ballot:
            return False
        self.highest = ballot
        self.wait(now_s)
        lost = self.ballot is not None
        self.ballot = None
        return lost

    def take_lead(self) -> Ballot | None:
        """Lead with a ballot higher than every one heard of. None if no round is left: who says
        what is not true can use them up with one message, and then nobody can lead any more."""
        if self.highest.round >= LARGEST_INT:
            return None
        self.ballot = self.highest = Ballot(self.highest.round + 1, self._id)
        self._gave_up = True
        return self.ballot
