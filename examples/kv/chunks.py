"""A snapshot of the store as bytes: frames, each a length and a list in MessagePack.

Made piece by piece, so that no second copy of a large state is in memory, and read from pieces that
may have been cut anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from kv.sessions import Row

KEYS_OF_A_FRAME = 1_000
"""So many keys with their values are encoded at a time."""

LENGTH_BYTES = 4

Item = tuple[str, bytes, int]
"""A key, its value and the version of that."""


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What is not a key."""

    position: int
    sessions: list[Row]


_head = msgspec.msgpack.Decoder(Head)
_items = msgspec.msgpack.Decoder(list[Item])


def dump(
    position: int, sessions: list[Row], entries: Mapping[str, tuple[bytes, int]]
) -> Iterator[bytes]:
    """The head, then the keys, then an empty frame, so that one that was cut short is noticed."""
    yield _frame(Head(position, sessions))
    some: list[Item] = []
    for key, entry in entries.items():
        some.append((key, *entry))
        if len(some) == KEYS_OF_A_FRAME:
            yield _frame(some)
            some = []
    if some:
        yield _frame(some)
    yield _frame([])


def load(pieces: Iterable[bytes]) -> tuple[Head, Iterator[Item]]:
    """The same back. Raises `ValueError`, at once or while the keys are iterated."""
    frames = _frames(pieces)
    first = next(frames, None)
    if first is None:
        raise ValueError("an empty snapshot")
    try:
        head = _head.decode(first)
    except msgspec.DecodeError as error:
        raise ValueError(f"no snapshot of the store: {error}") from None
    return head, _entries(frames)


def _entries(frames: Iterator[bytes]) -> Iterator[Item]:
    for frame in frames:
        try:
            items = _items.decode(frame)
        except msgspec.DecodeError as error:
            raise ValueError(f"no snapshot of the store: {error}") from None
        if not items:
            return
        yield from items
    raise ValueError("a snapshot of the store that was cut short")


def _frame(items: Head | list[Item]) -> bytes:
    body = msgspec.msgpack.encode(items)
    return len(body).to_bytes(LENGTH_BYTES) + body


def _frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(held[:LENGTH_BYTES])
            if len(held) < end:
                break
            yield bytes(held[LENGTH_BYTES:end])
            del held[:end]
    if held:
        raise ValueError("a snapshot of the store that was cut within a frame")
