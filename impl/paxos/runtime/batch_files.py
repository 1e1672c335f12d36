"""An acceptor's large batches: each written once, beside its database, which says where it is.

Of acceptor 1 they are in `acceptor-1.batches-1`, `acceptor-1.batches-2` and so on, its segments: a
header that says whose it is, and then batches, only ever appended. The batches of a commit are on
the disk before the commit is begun, so whatever a row of the database speaks of is there. What no
row speaks of means nothing: a batch whose commit never came, one whose vote was trimmed or cast
again in a later ballot. A segment in which there is nothing else is removed, once the commit that
said so is made. Nothing is overwritten; every start begins a segment of its own.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from paxos.errors import reason
from paxos.runtime.folders import sync_folder
from paxos.runtime.records import IN_ROW, Place, encode_header

LARGE_BYTES = 4_000
"""Only batches of more than this are here: a smaller one costs about as much in its row."""

MUCH_BYTES = 32_000
"""And only where a commit has more than this of them: less is on the disk sooner with its rows, by
one sync instead of two."""

SEGMENT_BYTES = 32 << 20
"""A segment that has as much is not appended to any more."""

BLOCK_BYTES = 4_096
"""What is appended begins at a multiple of this, so that nothing that was forced to disk before is
written again with it."""

MOST_PIECES = 1_000
"""Of what is written by one system call; systems allow 1,024."""


class BatchFiles:
    """The large batches of one acceptor, and how many votes need each of the segments. Used by who
    has its database to itself."""

    def __init__(self, folder: Path, stem: str) -> None:
        """Those of `stem`, such as `acceptor-1`, in `folder`."""
        self._folder, self._stem = folder, stem
        self._storage_id = 0
        found = segments_of(folder, stem)
        self._votes = Counter(dict.fromkeys(found, 0))
        self._unused = set(found)
        self._last = max(found, default=0)
        self._fd = -1  # of the last one, if it was begun in this life
        self._end = 0

    # Writing.

    def place(self, batches: Sequence[bytes]) -> list[Place]:
        """Where each of the batches of a commit is: in its row, or here, where it is durable then.
        Raises `OSError` if it might not be: then nothing more may be saved in this life."""
        large = [batch for batch in batches if len(batch) > LARGE_BYTES]
        if sum(map(len, large)) <= MUCH_BYTES:
            return [IN_ROW] * len(batches)
        places = iter(self._append(large))
        return [next(places) if len(batch) > LARGE_BYTES else IN_ROW for batch in batches]

    def _append(self, batches: Sequence[bytes]) -> list[Place]:
        """All of them by one write and one sync."""
        try:
            if self._fd < 0 or self._end >= SEGMENT_BYTES:
                self._begin_segment()
            places, end = [], self._end
            for batch in batches:
                places.append(Place(self._last, end, len(batch)))
                end += len(batch)
            padding = -end % BLOCK_BYTES
            _write(self._fd, [*batches, bytes(padding)], self._end)
            os.fdatasync(self._fd)
        except OSError as error:
            raise OSError(f"{self._path(self._last)}: {reason(error)}") from error
        self._end = end + padding
        return places

    def _begin_segment(self) -> None:
        self.close()
        self._last += 1
        self._fd = os.open(self._path(self._last), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        header = encode_header(self._storage_id).ljust(BLOCK_BYTES, b"\0")
        _write(self._fd, [header], 0)  # forced to disk with the first batches
        sync_folder(self._folder)
        self._end = BLOCK_BYTES
        self._unused.add(self._last)

    # Reading.

    def read(self, place: Place) -> bytes:
        """What is at a place; whether that is the batch, its digest must say. Raises `ValueError`:
        nothing can be there; `OSError`: it cannot be read."""
        if place == IN_ROW:
            return b""
        path = self._path(place.segment)
        with _opened(path) as fd:
            if not 0 <= place.start <= place.start + place.size <= os.fstat(fd).st_size:
                raise ValueError(f"{path.name} ends before it")
            return os.pread(fd, place.size, place.start)

    def check(self, storage_id: int) -> None:
        """They belong to the storage with this number: see that the segments do that votes need.
        Raises `ValueError`, `OSError`."""
        self._storage_id, header = storage_id, encode_header(storage_id)
        for segment in self._votes.keys() - self._unused:
            path = self._path(segment)
            with _opened(path) as fd:
                if os.pread(fd, len(header), 0) != header:
                    raise ValueError(f"{path.name} is not its own, or damaged")

    # Who needs them.

    def hold(self, segment: int) -> None:
        """A vote needs it. 0: none does."""
        if segment:
            self._votes[segment] += 1
            self._unused.discard(segment)

    def release(self, segment: int) -> None:
        """That vote needs it no more, once this is committed."""
        if segment:
            self._votes[segment] -= 1
            if not self._votes[segment]:
                self._unused.add(segment)

    def remove_unused(self) -> None:
        """After a commit: remove what no vote needs. Raises `OSError`."""
        if not self._unused:
            return
        begun = {self._last} if self._fd >= 0 else set()
        for segment in self._unused - begun:
            path = self._path(segment)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OSError(f"{path}: {reason(error)}") from error
            self._unused.discard(segment)
            del self._votes[segment]

    def _path(self, segment: int) -> Path:
        return self._folder / f"{self._stem}.batches-{segment}"

    def close(self) -> None:
        """Let go of the files."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def segments_of(folder: Path, stem: str) -> dict[int, Path]:
    """The segments that are there, by their numbers."""
    named = re.compile(rf"{stem}\.batches-([1-9]\d*)")
    found = ((named.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(name[1]): path for name, path in found if name}


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Its descriptor, to be read from."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise ValueError(f"{path.name} is missing") from None
    try:
        yield fd
    finally:
        os.close(fd)


def _write(fd: int, pieces: Sequence[bytes], start: int) -> None:
    """Write all of `pieces`, one after the other, from `start` on; usually by one system call."""
    for first in range(0, len(pieces), MOST_PIECES):
        some = pieces[first : first + MOST_PIECES]
        size, written = sum(map(len, some)), os.pwritev(fd, some, start)
        while written < size:  # the disk is full, or nearly so
            written += os.pwrite(fd, b"".join(some)[written:], start + written)
        start += size
