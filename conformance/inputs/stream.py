"""A stream of bytes, unpacked if it is packed, that never gives more than it may."""

from __future__ import annotations

import errno
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from conformance.trace.reader import TraceError

MAX_UNPACKED_BYTES = 16 << 30
"""Of one run. A few megabytes of zeros, packed, are more than any disk holds when unpacked."""

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
BUFFER_BYTES = 1 << 20
NEEDS_ZSTD = "is packed by zstd, which this Python cannot read; pip install 'paxos[ci]'"


class Unpacked(io.BufferedReader):
    """What the stream holds. Whatever is wrong with it is a TraceError that names it."""

    def __init__(self, raw: _Bounded) -> None:
        super().__init__(raw, BUFFER_BYTES)
        self._bounded = raw

    @classmethod
    @contextmanager
    def of(cls, raw: BinaryIO, name: str, most_bytes: int) -> Iterator[Unpacked]:
        packed: io.BufferedReader = io.BufferedReader(raw, BUFFER_BYTES)  # type: ignore[arg-type]
        plain, damage = _unpacker(packed, name)
        with plain, cls(_Bounded(plain, name, most_bytes, damage)) as found:
            yield found

    def peek(self, size: int = 0) -> bytes:
        """The first `size` bytes or more, fewer only if there are no more; they are not
        consumed."""
        return super().peek(size)

    def allow(self, size: int) -> None:
        """From here on no more than so many bytes may be read, besides what is buffered."""
        self._bounded.allow(size)


class _Bounded(io.RawIOBase):
    """Reads to the end of a stream, or to what is allowed."""

    def __init__(
        self, plain: BinaryIO, name: str, most_bytes: int, damage: tuple[type[Exception], ...]
    ) -> None:
        super().__init__()
        self._damage = damage
        self._plain = plain
        self._name = name
        self._most = most_bytes
        self._given = 0
        self._allowed = most_bytes

    def allow(self, size: int) -> None:
        self._allowed = min(self._most, self._given + size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._plain.read(len(buffer))  # all of it, however slow a pipe is
        except self._damage as error:
            raise TraceError(_damaged(self._name, error)) from None
        self._given += len(data)
        if self._given > self._allowed:
            raise TraceError(
                f"{self._name}: unpacks to more than {self._allowed} bytes; "
                "give the run as a folder"
            )
        buffer[: len(data)] = data
        return len(data)


def _unpacker(packed: io.BufferedReader, name: str) -> tuple[BinaryIO, tuple[type[Exception], ...]]:
    """What the stream holds, and what is raised if it is damaged."""
    head = packed.peek(len(ZSTD))
    if head.startswith(GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=packed)), (OSError, EOFError, zlib.error)
    if head.startswith(ZSTD):
        try:
            if sys.version_info >= (3, 14):
                from compression import zstd
            else:
                from backports import zstd
        except ImportError:
            raise TraceError(f"{name}: {NEEDS_ZSTD}") from None
        return cast(BinaryIO, zstd.ZstdFile(packed)), (OSError, EOFError, zstd.ZstdError)
    return packed, (OSError,)


def _damaged(name: str, error: Exception) -> str:
    what = " ".join(str(error).split()) or type(error).__name__
    return f"{name}: cannot be read ({what}); it was cut or damaged: pack it again"


def unreadable(name: str, error: OSError) -> TraceError:
    """A file or a folder that the system does not give, or has no room for."""
    where = f" ({error.filename})" if error.filename and str(error.filename) != name else ""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    todo = "make room, or name another folder in TMPDIR" if full else "make it readable"
    return TraceError(f"{name}: cannot be read: {error.strerror or error}{where}; {todo}")
