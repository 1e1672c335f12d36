"""The file of a checkpoint: what is in it, and how it is read and verified.

In this order: eight bytes that say what it is; the version of the format; the length of a head, and
the head, which says whose it is, of which application, and of which place in the order; the
learner's part; the application's part, to the end; and a digest of all of that. A later format may
change everything but the first twelve bytes and the digest at the end. Nothing in it is of one
learner or one moment, so that learners with the same state have the same bytes.
"""

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.core.ballot import Natural, Positive
from paxos.core.checkpoint import Snapshot, SnapshotError, decode_snapshot
from paxos.errors import InputError, reason
from paxos.runtime.resting import WORK_BYTES

MAGIC = b"PaxosCkp"
FORMAT = 1
"""The version of all this; another one is refused."""

DIGEST_BYTES = 32
CHUNK_BYTES = 1 << 20
"""Files are read in pieces of this size at most."""

MAX_HEAD_BYTES = 65_536

PREAMBLE = struct.Struct("<8sII")

Identity = Mapping[str, str | int | bool]
"""What makes the cluster (`paxos.config.Config.identity`)."""

Name = Annotated[str, Meta(max_length=1_000)]


class Application(Struct, frozen=True):
    """Whose state is kept beside the learner's."""

    name: Name
    version: Natural
    transferable: bool = True
    """Whether what one learner keeps is of use to another one."""


class Head(Struct, array_like=True, frozen=True, kw_only=True):
    """What a checkpoint is of."""

    identity: dict[str, str | int | bool]
    application: Name
    version: Natural
    prefix: Positive
    """Instances `1..prefix` are delivered,"""
    position: Natural
    """so many values."""
    core_bytes: Natural
    """Of the learner's part."""


class DamagedError(Exception):
    """A file is not what was written. The text says what is wrong, as in "it is cut"."""


def begin_file(head: Head) -> bytes:
    """The bytes before the learner's part."""
    encoded = msgspec.msgpack.encode(head)
    return PREAMBLE.pack(MAGIC, FORMAT, len(encoded)) + encoded


class CheckpointFile:
    """A whole checkpoint, open for reading. It can be read on after its name is gone."""

    def __init__(
        self, path: Path, *, is_own: bool = False, rest: Callable[[], object] = lambda: None
    ) -> None:
        """Open and verify the file; not all of it, if it was just written. While it is verified,
        `rest` is called between pieces. Raises `DamagedError`, `OSError`, and `InputError` for one
        in a format that this program does not know."""
        self.path = path
        self._fd = -1
        self._fd = os.open(path, os.O_RDONLY)
        try:
            found = os.fstat(self._fd)
            self.bytes = found.st_size
            """Of the whole file."""
            self.made_s = found.st_mtime
            """When it was written, by the wall clock."""
            self.digest = self._told_digest() if is_own else self._verify(rest)
            """Of all of it: files with the same are the same."""
            self.head, self._core_at = self._read_head()
        except BaseException:
            self.close()
            raise

    def __del__(self) -> None:
        self.close()

    def again(self) -> "CheckpointFile":
        """The same, for another reader. Raises `OSError`."""
        other = copy(self)
        other._fd = os.dup(self._fd)
        return other

    def close(self) -> None:
        """Read no more; done by itself when nobody has it any more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def prefix(self) -> int:
        """Instances `1..prefix` are delivered."""
        return self.head.prefix

    @property
    def position(self) -> int:
        """So many values are."""
        return self.head.position

    def read(self, offset: int, count: int) -> bytes:
        """Bytes of the file as it is; fewer at its end. Raises `OSError`."""
        parts = []
        while count > 0 and (part := os.pread(self._fd, min(count, CHUNK_BYTES), offset)):
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return b"".join(parts)

    def snapshot(self) -> Snapshot:
        """The learner's part. Raises `DamagedError`, `OSError`."""
        try:
            snapshot = decode_snapshot(self.read(self._core_at, self.head.core_bytes))
        except SnapshotError as error:
            raise DamagedError(str(error)) from error
        if (snapshot.prefix, snapshot.position) != (self.prefix, self.position):
            raise DamagedError("its parts are of different places in the order")
        return snapshot

    def application(self) -> Iterator[bytes]:
        """The application's part, in pieces. Raises `OSError`."""
        offset = self._core_at + self.head.core_bytes
        end = self.bytes - DIGEST_BYTES
        while offset < end:
            part = os.pread(self._fd, min(CHUNK_BYTES, end - offset), offset)
            if not part:
                raise OSError("a checkpoint has become shorter while it was read")
            yield part
            offset += len(part)

    def check(self, identity: Identity, application: Application) -> None:
        """Raise `InputError` unless it is of this cluster and application."""
        theirs = self.head.identity
        for key in (*identity, *theirs):  # a switch that is off may be left out
            mine, other = identity.get(key, False), theirs.get(key, False)
            if mine != other:
                raise InputError(
                    f"checkpoint {self.path} is of another cluster: `{key}` is {other} there, and "
                    f"{mine} here; use the configuration that it was written with, or another data "
                    "folder for another cluster"
                )
        if self.head.application != application.name:
            raise InputError(
                f"checkpoint {self.path} is of the application {self.head.application!r}, and this "
                f"is {application.name!r}; use another data folder for another application"
            )
        if self.head.version != application.version:
            raise InputError(
                f"checkpoint {self.path} is of version {self.head.version} of "
                f"{application.name!r}, and this is version {application.version}; use the version "
                "that wrote it"
            )

    # Verifying.

    def _told_digest(self) -> bytes:
        """What the file says at its end."""
        return self.read(max(0, self.bytes - DIGEST_BYTES), DIGEST_BYTES)

    def _verify(self, rest: Callable[[], object]) -> bytes:
        """The digest, which is that of what comes before it."""
        start = self.read(0, PREAMBLE.size)
        if len(start) < PREAMBLE.size or self.bytes < PREAMBLE.size + DIGEST_BYTES:
            raise DamagedError("it is cut")
        magic, version, _ = PREAMBLE.unpack(start)
        found, left = blake2b(digest_size=DIGEST_BYTES), self.bytes - DIGEST_BYTES
        while left:
            part = os.read(self._fd, min(WORK_BYTES, left))
            if not part:
                raise DamagedError("it is cut")
            found.update(part)
            left -= len(part)
            rest()
        told = self._told_digest()
        if magic != MAGIC or told != found.digest():
            raise DamagedError("it does not have its digest")
        if version != FORMAT:
            raise InputError(
                f"checkpoint {self.path} has format {version}, but this program reads and writes "
                f"format {FORMAT}; use the program that wrote it"
            )
        return told

    def _read_head(self) -> tuple[Head, int]:
        """The head, and where the learner's part begins."""
        _, _, length = PREAMBLE.unpack(self.read(0, PREAMBLE.size))
        if length > MAX_HEAD_BYTES:
            raise DamagedError("its head is too long")
        try:
            head = msgspec.msgpack.decode(self.read(PREAMBLE.size, length), type=Head)
        except msgspec.MsgspecError as error:
            raise DamagedError(f"its head cannot be read: {error}") from error
        core_at = PREAMBLE.size + length
        if core_at + head.core_bytes + DIGEST_BYTES > self.bytes:
            raise DamagedError("it is shorter than its head says")
        return head, core_at


def why(error: DamagedError | OSError) -> str:
    """In words, why a file could not be read."""
    return reason(error) if isinstance(error, OSError) else str(error)
