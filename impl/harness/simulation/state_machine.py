"""The application of a simulated learner: a state machine whose state tells all that it was given.

The state is a digest of all values, in their order and at their positions; machines with the same
were given the same. What is made durable of it is that digest. The values themselves need not be:
the archive of a run knows which ones a digest is of.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from paxos.core.batch import unpack
from paxos.core.step import Delivery

NO_STATE = b""
"""Of a machine that was given nothing."""

DIGEST_BYTES = 16

Archive = dict[bytes, tuple[list[bytes], list[int], int]]
"""By the digest: lists that begin with the values that it is of and with their positions, and how
many these are."""


class Machine:
    """What a learner has delivered in its present incarnation, and what it went on from."""

    def __init__(self, archive: Archive) -> None:
        self.state = NO_STATE
        self.output: list[bytes] = []
        """The values, in their order."""
        self._positions: list[int] = []
        self._archive = archive

    @property
    def positions(self) -> dict[int, bytes]:
        """The values, by position."""
        return dict(zip(self._positions, self.output, strict=False))

    def apply(self, delivery: Delivery) -> None:
        """Values are delivered."""
        for position, value in enumerate(unpack(delivery.packet), delivery.position):
            given = self.state + position.to_bytes(8) + value
            self.state = blake2b(given, digest_size=DIGEST_BYTES).digest()
            self.output.append(value)
            self._positions.append(position)

    def snapshot(self) -> bytes:
        """The state as it is."""
        self._archive.setdefault(self.state, (self.output, self._positions, len(self.output)))
        return self.state

    def restore(self, pieces: Iterable[bytes]) -> None:
        """Go on from a state of any learner. One that no machine had is of no values."""
        self.state = b"".join(pieces)
        output, positions, count = self._archive.get(self.state, ([], [], 0))
        self.output, self._positions = output[:count], positions[:count]
