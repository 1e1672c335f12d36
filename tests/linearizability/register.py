"""One key of one copy: what an operation may find there and what it leaves.

A version is the position of the write in the order of all values, so versions of later writes are
higher. The version of a write whose answer was lost is not known until somebody reads it.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.linearizability.history import Operation


class Register(NamedTuple):
    """What is there."""

    value: str | None = None
    """None: nothing."""
    version: int = 0
    """Of the last write, also of a delete."""
    is_known: bool = True
    """If not, the version is higher than this."""

    def _read(self, version: int) -> Register | None:
        """The same once it is known to have `version`; None if it cannot have."""
        matches = version == self.version if self.is_known else version > self.version
        return Register(self.value, version) if matches else None

    def _write(self, value: str | None, version: int | None) -> Register | None:
        if version is None:
            return Register(value, self.version, is_known=False)
        return Register(value, version) if version > self.version else None

    def step(self, operation: Operation) -> Register | None:
        """What is there after the operation was done with this answer; None if it cannot have had
        it. One whose answer is not known was done: if it was not, the search leaves it out."""
        answer = operation.answer
        version = answer.version if answer else None
        match operation.name:
            case "put":
                return self._write(operation.value, version)
            case "delete":
                if answer and not answer.done:
                    return self._find(answer.version) if self.value is None else None
                return self._write(None, version) if self.value is not None else None
            case "cas":
                if answer and not answer.done:
                    return (
                        self._find(answer.version) if answer.version != operation.expect else None
                    )
                found = self._find(operation.expect)
                return found and found._write(operation.value, version)
            case "get":
                if not answer:
                    return self
                return self._find(answer.version) if answer.value == self.value else None

    def _find(self, version: int) -> Register | None:
        """The same where a client was told of `version`, which is 0 where nothing is."""
        if self.value is None:
            return self if version == 0 else None
        return self._read(version) if version else None
