"""Value files and learners' outputs: counting lines, and telling whether everything was delivered.

Files are read as streams; a line is a value, whatever its bytes, and a last line without a newline
is one too.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b, sha256
from pathlib import Path

from paxos.errors import InputError, reason
from paxos.runtime.framing import split_lines

CHUNK_BYTES = 1 << 20

Note = Callable[[int], None]
"""Told of so many bytes more that were read: comparing takes long where outputs are long."""

SHOWN = 3
"""Values shown of those that are missing or too many."""

SHOWN_BYTES = 40
"""Of each of them, so much of its beginning."""

KEPT_BYTES = 200
"""A longer value is told from others by a digest: all of them together need not fit the memory."""


def count_values(path: Path, limit: int) -> int:
    """The number of values in `path`. Raises `InputError` if it cannot be read, or has a value of
    more than `limit` bytes."""
    if path.exists() and not path.is_file():
        raise InputError(f"values {path}: expected a file; it is read twice, so no pipe will do")
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"values {path}: {reason(error)}") from error
    try:
        return sum(len(values) for values in split_lines(fd, limit, f"values {path}"))
    finally:
        os.close(fd)


class LineCounter:
    """Counts the lines of a growing file, reading only what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.lines = 0

    def update(self) -> int:
        """The number of complete lines so far."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while chunk := file.read(CHUNK_BYTES):
                self._offset += len(chunk)
                self.lines += chunk.count(b"\n")
        return self.lines


def _say_nothing(more_bytes: int) -> None:
    """For whom nobody waits."""


def compare(
    inputs: Sequence[Path], outputs: Sequence[Path], note: Note = _say_nothing
) -> list[str]:
    """What is wrong with the learners' `outputs`, in words: they must be the same sequence, made
    of every value of `inputs` exactly as often as it is there. [] if nothing is wrong."""
    digests = [_digest(path, note) for path in outputs]
    problems = _differences(outputs, digests)
    expected = Counter(_fingerprint(line) for path in inputs for line in _lines(path, note))
    checked: set[bytes] = set()
    for path, digest in zip(outputs, digests, strict=True):
        if digest in checked:
            continue
        checked.add(digest)
        delivered = Counter(map(_fingerprint, _lines(path, note)))
        if delivered != expected:
            problems += _explain(path, expected - delivered, "missing")
            problems += _explain(path, delivered - expected, "too many")
    return problems


def compare_one(
    inputs: Sequence[Path], outputs: Sequence[Path], note: Note = _say_nothing
) -> list[str]:
    """As `compare`, for a Synod: every output is the same single value, one of the inputs."""
    problems = _differences(outputs, [_digest(path, note) for path in outputs])
    for path in outputs:
        values = list(_lines(path))
        if len(values) != 1:
            problems.append(f"{path} has {len(values)} values, not one")
        elif not any(values[0] in _lines(source) for source in inputs):
            problems.append(f"{path} has {_show(values)}, which nobody broadcast")
    return problems


def _differences(outputs: Sequence[Path], digests: Sequence[bytes]) -> list[str]:
    first = outputs[0]
    return [
        f"{path} differs from {first}, first in line {_first_difference(first, path)}"
        for path, digest in zip(outputs, digests, strict=True)
        if digest != digests[0]
    ]


def _first_difference(one: Path, other: Path) -> int:
    number = 0
    for number, (a, b) in enumerate(zip(_lines(one), _lines(other), strict=False), 1):
        if a != b:
            return number
    return number + 1


def _explain(path: Path, values: Counter[bytes], what: str) -> list[str]:
    if not values:
        return []
    return [f"{path}: {values.total()} values {what}, such as {_show(list(values)[:SHOWN])}"]


def _show(values: Iterable[bytes]) -> str:
    return ", ".join(repr(value[:SHOWN_BYTES])[1:] for value in values)


def _fingerprint(value: bytes) -> bytes:
    """The value, or if it is long, its beginning and what tells it from others."""
    if len(value) <= KEPT_BYTES:
        return value
    return value[:KEPT_BYTES] + blake2b(value).digest()


def _lines(path: Path, note: Note = _say_nothing) -> Iterator[bytes]:
    with path.open("rb") as file:
        while lines := file.readlines(CHUNK_BYTES):
            yield from (line.removesuffix(b"\n") for line in lines)
            note(sum(map(len, lines)))


def _digest(path: Path, note: Note) -> bytes:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            note(len(chunk))
    return digest.digest()
