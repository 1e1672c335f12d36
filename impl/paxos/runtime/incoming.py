"""A checkpoint of another learner of which not all is here, in two files: its parts, each in its
place, and a log that says which of them are there, so that a learner that is killed goes on taking
it where it was. Nothing here is a checkpoint (`paxos.runtime.checkpoint_store`).

The log begins with what is received, and for whom; each part that is written is then appended: its
number, and a digest of number and bytes. A part is there if the log has it and its bytes have that
digest. So nothing need be forced to disk: what a power cut has lost, or a disk damaged, is missing.
"""

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct

from paxos.core.messages import SnapshotOffer
from paxos.core.step import PartWrite
from paxos.runtime.streams import write_all

DIGEST_BYTES = 16
LENGTH = struct.Struct("<I")
NUMBER = struct.Struct("<Q")
RECORD_BYTES = NUMBER.size + DIGEST_BYTES

MAX_HEAD_BYTES = 65_536


class Owner(Struct, array_like=True, frozen=True):
    """Who receives: what is kept for another cluster or application is of no use."""

    identity: Mapping[str, str | int | bool]
    application: str
    version: int


class Head(Struct, array_like=True, frozen=True):
    """What is received, and for whom."""

    owner: Owner
    offer: SnapshotOffer


class Incoming:
    """One that is being received."""

    def __init__(self, path: Path, offer: SnapshotOffer, fd: int, log: int) -> None:
        self.path = path
        self.offer = offer
        self.fd = fd
        self._log = log

    @classmethod
    def begin(cls, path: Path, owner: Owner, offer: SnapshotOffer) -> Self:
        """Begin to receive what is offered, in the file `path`. Raises `OSError`."""
        begun = cls(path, offer, *_open(path, os.O_CREAT | os.O_TRUNC))
        head = msgspec.msgpack.encode(Head(owner, offer))
        try:
            write_all(begun._log, LENGTH.pack(len(head)) + head + _digest(head))
        except BaseException:
            begun.close()
            raise
        return begun

    @classmethod
    def resume(cls, path: Path, owner: Owner) -> Self | None:
        """What an earlier life of this learner was receiving in `path`; None if that cannot be
        used. Raises `OSError`."""
        fd, log = _open(path, 0)
        head, end = _read_head(log)
        if head is None or head.owner != owner:
            os.close(fd)
            os.close(log)
            return None
        torn = (os.fstat(log).st_size - end) % RECORD_BYTES
        os.ftruncate(log, os.fstat(log).st_size - torn)
        os.lseek(log, 0, os.SEEK_END)
        return cls(path, head.offer, fd, log)

    def here(self) -> Iterator[int]:
        """The numbers of the parts that are there, in no order. Raises `OSError`."""
        _, records_at = _read_head(self._log)
        for at in range(records_at, os.fstat(self._log).st_size, RECORD_BYTES):
            record = os.pread(self._log, RECORD_BYTES, at)
            (number,) = NUMBER.unpack_from(record)
            first = number * self.offer.part_bytes
            length = min(self.offer.part_bytes, self.offer.size - first)
            if length > 0:
                part = os.pread(self.fd, length, first)
                if len(part) == length and record == _record(number, part):
                    yield number

    def keep(self, part: PartWrite) -> None:
        """Keep a part of it. Raises `OSError`; it cannot be used any more then."""
        self.write_at(part.number * self.offer.part_bytes, part.data)
        write_all(self._log, _record(part.number, part.data))

    def write_at(self, offset: int, part: bytes) -> None:
        """Write bytes of the file that is received. Raises `OSError`."""
        while part:
            done = os.pwrite(self.fd, part, offset)
            part, offset = part[done:], offset + done

    def leave(self) -> None:
        """Receive no more for now: what is there stays, for the next life."""
        for fd in (self.fd, self._log):
            if fd >= 0:
                os.close(fd)
        self.fd = self._log = -1

    def close(self) -> None:
        """It is received, or will not be: nothing of it stays under its name."""
        if self.fd >= 0:
            self.leave()
            remove(self.path)


def log_of(path: Path) -> Path:
    """Where it is said what is in `path`."""
    return path.with_name(f"{path.name}.parts")


def remove(path: Path) -> None:
    """Remove what is received in `path`."""
    for name in (path, log_of(path)):
        with suppress(OSError):
            name.unlink()


def _open(path: Path, flags: int) -> tuple[int, int]:
    """Both files of it."""
    fd = os.open(path, os.O_RDWR | flags, 0o666)
    try:
        return fd, os.open(log_of(path), os.O_RDWR | flags, 0o666)
    except BaseException:
        os.close(fd)
        raise


def _read_head(log: int) -> tuple[Head | None, int]:
    """The head, if it is what was written, and where the records begin."""
    start = os.pread(log, LENGTH.size, 0)
    (length,) = LENGTH.unpack(start) if len(start) == LENGTH.size else (0,)
    end = LENGTH.size + length
    if length > MAX_HEAD_BYTES:
        return None, end
    head = os.pread(log, length, LENGTH.size)
    if not head or os.pread(log, DIGEST_BYTES, end) != _digest(head):
        return None, end
    try:
        return msgspec.msgpack.decode(head, type=Head), end + DIGEST_BYTES
    except msgspec.MsgspecError:
        return None, end  # of another version of this program


def _record(number: int, part: bytes) -> bytes:
    packed = NUMBER.pack(number)
    return packed + _digest(packed, part)


def _digest(*pieces: bytes) -> bytes:
    digest = blake2b(digest_size=DIGEST_BYTES)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
