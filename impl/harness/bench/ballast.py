"""A replica with a state of a given size, which is all that its machine has to carry.

Run as a process (`python -m harness.bench.ballast CONFIG RUN_DIR ID STATE_BYTES`). When its replica
is there it writes a line to standard output: how many values its state is of. From then on it
leaves in `RUN_DIR/applied-ID` how many it has applied.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import paxos
from harness.bench.helper import end_with_parent

PIECE_BYTES = 1 << 20
COUNT = struct.Struct("<q")
LOOK_S = 0.01


class Ballast(paxos.StateMachine):
    """Counts values, and carries bytes."""

    name = "ballast"

    def __init__(self, size: int) -> None:
        self.count = 0
        self.pieces = [os.urandom(PIECE_BYTES) for _ in range(size // PIECE_BYTES)]

    def apply(self, position: int, value: bytes) -> None:
        """Count it."""
        self.count += 1

    def snapshot(self) -> Iterator[bytes]:
        """The count, and all that it carries."""
        yield COUNT.pack(self.count)
        yield from self.pieces

    def restore(self, pieces: Iterator[bytes]) -> None:
        """Carry another one's."""
        first = next(pieces)
        (self.count,) = COUNT.unpack_from(first)
        self.pieces = [first[COUNT.size :], *pieces]


def main() -> int:
    """Be the replica that the command line says, until the parent closes standard input."""
    config, run_dir, number, size = sys.argv[1:]
    end_with_parent()
    path = Path(run_dir, f"applied-{number}")
    with paxos.Replica(config, int(number), machine=Ballast(int(size)), run_dir=run_dir) as replica:
        print(replica.applied, flush=True)
        while not replica.wait(0):
            path.write_text(str(replica.applied), encoding="ascii")
            time.sleep(LOOK_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
