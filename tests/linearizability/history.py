"""Operations of clients as they saw them, and the files that hold them: a line of JSON each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client was told."""

    version: int = 0
    """Of a write: its own. Of a get, or of a write that was refused: that of what is there, 0 if
    nothing is."""
    value: str | None = None
    """Of a get: what is there."""
    done: bool = True
    """Of a compare-and-set: whether it was done. Of a delete: whether anything was there."""


class Operation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of one client, on one key. Times are of one clock, in nanoseconds."""

    client: str
    key: str
    name: Literal["get", "put", "cas", "delete"]
    called_ns: int
    returned_ns: int | None = None
    """None: it is not known whether it was done, or will be."""
    answer: Answer | None = None
    """None if, and only if, it has not returned."""
    value: str | None = None
    """What a put or a compare-and-set wants to be there."""
    expect: int = 0
    """The version that a compare-and-set wants to find; 0: nothing."""

    def __post_init__(self) -> None:
        if (self.returned_ns is None) != (self.answer is None):
            raise ValueError("an operation has both a return and an answer, or neither")
        if self.returned_ns is not None and self.returned_ns < self.called_ns:
            raise ValueError("an operation returns before it is called")

    @property
    def words(self) -> str:
        """As a drawing or a report shows it."""
        asked = self.name if self.name in ("get", "delete") else f"{self.name} {self.value}"
        if self.name == "cas":
            asked += f" if @{self.expect}"
        if self.answer is None:
            return f"{asked}: not known"
        if self.name == "get":
            found = "nothing" if self.answer.value is None else self.answer.value
            return f"{asked}: {found} @{self.answer.version}"
        return f"{asked}: {'@' if self.answer.done else 'no, @'}{self.answer.version}"


_line = msgspec.json.Decoder(Operation)


def read(paths: Iterable[Path]) -> list[Operation]:
    """The operations in all of the files. Raises `ValueError` with the place of what is none. The
    last line of a client that was killed may be torn, and is left out."""
    found = []
    for path in paths:
        lines = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], 1):
            try:
                found.append(_line.decode(line))
            except (msgspec.DecodeError, ValueError) as error:
                raise ValueError(f"{path}: line {number}: {error}") from None
    return found


def write(path: Path, operations: Iterable[Operation]) -> None:
    """The same back into a file."""
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in operations))


def by_key(operations: Iterable[Operation]) -> Iterator[tuple[str, list[Operation]]]:
    """The operations of each key, in the order in which they were called. A history is linearizable
    if that of each key is (Herlihy and Wing 1990, locality)."""
    keys: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        keys[operation.key].append(operation)
    for key in sorted(keys):
        yield key, sorted(keys[key], key=lambda one: one.called_ns)
