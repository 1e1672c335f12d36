"""Phase 2 of one instance, as its proposer sees it: what it proposed, and who voted for it.

Spec: `Phase2a`, `VotedTogether`.
"""

from collections.abc import Sequence

from paxos.core.batch import Packet


class Phase2:
    """A batch that was proposed in an instance, in this ballot."""

    __slots__ = ("_pause_s", "batch", "due_s", "packets", "votes")

    def __init__(
        self, batch: bytes, packets: Sequence[Packet], now_s: float, pause_s: float
    ) -> None:
        self.batch = batch
        self.packets = packets
        self.due_s = now_s + pause_s
        """When the proposal is to be said again, if it is not answered before."""
        self.votes: set[int] = set()
        """The acceptors that voted for it."""
        self._pause_s = pause_s

    def postpone(self, now_s: float, longest_s: float) -> None:
        """It was said again: wait twice as long the next time, up to `longest_s`."""
        self._pause_s = min(2 * self._pause_s, longest_s)
        self.due_s = now_s + self._pause_s
