"""How the values in a stream of bytes are told apart, when a client reads them.

`lines`: a line a value. Any bytes but the newline may be in a value; an empty line is a value, and
so is a last line without a newline. `raw`: the length of a value in `LENGTH` bytes, highest first,
and then the value, which may be any bytes.
"""

from collections.abc import Callable, Iterator
from struct import Struct

from paxos.errors import InputError, reason
from paxos.runtime.streams import read

CHUNK_BYTES = 1 << 18
"""Read at a time, at most: so much that the last values of a chunk, which may fill no packet, are
few of them."""

LENGTH = Struct(">I")
"""What stands before each value in the form `raw`."""


class ValueTooLongError(InputError):
    """A value that is larger than a value may be. `where` says which one; `size` is a number of
    bytes, in words."""

    def __init__(self, where: str, size: str, limit: int) -> None:
        super().__init__(
            f"{where}: a value of {size} is too large, {limit} are the most; shorten it, or raise "
            "`max_value_bytes` in the configuration (of a Synod `datagram_bytes`)"
        )


Split = Callable[[int, int, str], Iterator[list[bytes]]]
"""Given a file descriptor, the most bytes in a value, and what to call the source: the values in
what can be read, some at a time. Raises `InputError`, after the values before the fault, when a
value is too large, the stream ends within one, or it cannot be read."""


def _chunks(fd: int, source: str) -> Iterator[bytes]:
    """What can be read from `fd`, and b"" at its end."""
    while True:
        try:
            chunk = read(fd, CHUNK_BYTES)
        except OSError as error:
            raise InputError(f"{source}: {reason(error)}") from error
        yield chunk
        if not chunk:
            return


def split_lines(fd: int, limit: int, source: str) -> Iterator[list[bytes]]:
    """See `Split`; a line a value."""
    begun: list[bytes] = []  # of a line of which the end has not come, joined once
    begun_bytes, line = 0, 1
    for chunk in _chunks(fd, source):
        values = chunk.split(b"\n")
        if len(values) > 1 and begun:
            values[0] = b"".join((*begun, values[0]))
            begun, begun_bytes = [], 0
        begun.append(values.pop())
        begun_bytes += len(begun[-1])
        long = next((i for i, value in enumerate(values) if len(value) > limit), None)
        if long is not None:
            yield values[:long]
            where = f"{source}, line {line + long}"
            raise ValueTooLongError(where, f"{len(values[long])} bytes", limit)
        if values:
            yield values
        line += len(values)
        if begun_bytes > limit:
            size = f"{begun_bytes} bytes{' or more' if chunk else ''}"
            raise ValueTooLongError(f"{source}, line {line}", size, limit)
    if begun_bytes:
        yield [b"".join(begun)]


def split_frames(fd: int, limit: int, source: str) -> Iterator[list[bytes]]:
    """See `Split`; each value has its length before it."""
    pending, number = bytearray(), 1
    for chunk in _chunks(fd, source):
        pending += chunk
        values: list[bytes] = []
        at, size = 0, -1
        while size <= limit and len(pending) - at >= LENGTH.size:
            (size,) = LENGTH.unpack_from(pending, at)
            start = at + LENGTH.size
            if size > limit or len(pending) - start < size:
                break
            values.append(bytes(pending[start : start + size]))
            at = start + size
        del pending[:at]
        if values:
            yield values
        number += len(values)
        if size > limit:
            raise ValueTooLongError(f"{source}, value {number}", f"{size} bytes", limit)
    if pending:
        raise InputError(
            f"{source}, value {number}: it ends within the value; in the form `raw` each value has "
            f"its length before it, in {LENGTH.size} bytes, highest first"
        )


SPLITS: dict[str, Split] = {"lines": split_lines, "raw": split_frames}
"""By name of the form."""
