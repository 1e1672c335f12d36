"""The state machine: keys with values and versions, changed by the commands of the log alone.

Replicas that have applied the same commands have the same state. A version is the position in the
log of the command that wrote it, so versions rise, and no two writes have the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest
from typing import NamedTuple

import paxos
from kv import chunks
from kv.commands import MAX_TOTAL_BYTES, BadCommandError, Open, Problem, Result, Write, decode
from kv.sessions import Sessions


class Entry(NamedTuple):
    """What is at a key."""

    value: bytes
    version: int


class Change(NamedTuple):
    """What a watcher is told."""

    version: int
    key: str
    value: bytes | None
    """None: it was deleted."""


class Store(paxos.StateMachine):
    """One copy. Used by one thread, that which applies."""

    name, version = "kv", 1

    def __init__(
        self,
        changed: Callable[[Change], object] = lambda _: None,
        restored: Callable[[int], object] = lambda _: None,
    ) -> None:
        """`changed` is called for each change, in the order of versions; `restored` when the state
        is another one, with its position."""
        self._changed, self._restored = changed, restored
        self._entries: dict[str, Entry] = {}
        self._sessions = Sessions()
        self.position = 0
        """Of the last command that was applied."""
        self.total_bytes = 0
        """Of all keys and values."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """What is there."""
        return self._entries.get(key)

    def list(self, prefix: str, most: int) -> list[tuple[str, Entry]]:
        """The first keys with a prefix, in their order. Looks at all keys."""
        found = ((key, entry) for key, entry in self._entries.items() if key.startswith(prefix))
        return nsmallest(most, found)

    def apply(self, position: int, value: bytes) -> Result:
        """Do the next command of the log, once."""
        self.position = position
        try:
            command = decode(value)
        except BadCommandError:
            return Result(0, Problem.UNKNOWN)
        if isinstance(command, Open):
            self._sessions.open(position)
            return Result(position)
        if command.request is None:
            return self._write(position, command)
        if answered := self._sessions.answer(command.request):
            return answered
        result = self._write(position, command)
        self._sessions.remember(command.request, result)
        return result

    def _write(self, position: int, command: Write) -> Result:
        before = self._entries.get(command.key)
        version = before.version if before else 0
        if command.expect is not None and command.expect != version:
            return Result(version, Problem.VERSION)
        if command.value is None and before is None:
            return Result(0, Problem.ABSENT)
        grown = self.total_bytes - (_size(command.key, before.value) if before else 0)
        if command.value is None:
            del self._entries[command.key]
        else:
            grown += _size(command.key, command.value)
            if grown > MAX_TOTAL_BYTES:
                return Result(version, Problem.FULL)
            self._entries[command.key] = Entry(command.value, position)
        self.total_bytes = grown
        self._changed(Change(position, command.key, command.value))
        return Result(position)

    def snapshot(self) -> Iterator[bytes]:
        """The whole state, in pieces."""
        return chunks.dump(self.position, self._sessions.rows(), self._entries)

    def restore(self, pieces: Iterable[bytes]) -> None:
        """Have that state and no other. Raises `ValueError` for what is no snapshot."""
        head, items = chunks.load(pieces)
        entries = {key: Entry(value, version) for key, value, version in items}
        self.position, self._entries = head.position, entries
        self._sessions = Sessions()
        self._sessions.load(head.sessions)
        self.total_bytes = sum(_size(key, entry.value) for key, entry in self._entries.items())
        self._restored(self.position)


def _size(key: str, value: bytes) -> int:
    return len(key.encode()) + len(value)
