"""The values of the log, and what comes of applying them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

MAX_KEY_BYTES = 512
"""Of a key, as UTF-8."""

MAX_VALUE_BYTES = 1 << 20
"""Of a value."""

MAX_TOTAL_BYTES = 1 << 30
"""Of all keys and values together. Every replica has them in memory, and refuses the same write."""


class Problem(StrEnum):
    """Why a command was not done. All replicas say the same, as it is part of the state."""

    NONE = ""
    VERSION = "another version is there"
    ABSENT = "nothing is there"
    FULL = "the store is full"
    SESSION = "the session has ended"
    OLD = "a later request of the session was done"
    UNKNOWN = "no command of this version of the store"


class Request(msgspec.Struct, frozen=True, array_like=True):
    """Which request of which session a command is, so that it is done once however often it is
    sent. Sessions are numbered by the versions that opened them."""

    session: int
    number: int
    """Rises from request to request of a session, which has one under way at a time."""


class Write(msgspec.Struct, frozen=True, array_like=True, tag="write"):
    """Put a value, or delete what is there."""

    key: str
    value: bytes | None
    """None: delete."""
    expect: int | None = None
    """The version that must be there; 0: nothing must be; None: whatever is."""
    request: Request | None = None


class Open(msgspec.Struct, frozen=True, array_like=True, tag="open"):
    """Open a session; its number is the version of the result."""


Command = Write | Open


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What came of a command."""

    version: int
    """If it was done, its own: its position in the log. If not, of what is there; 0: nothing."""
    problem: Problem = Problem.NONE


class BadCommandError(ValueError):
    """A value of the log that no client of this version can have sent."""


encode = msgspec.msgpack.encode
_decoder: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)


def decode(value: bytes) -> Command:
    """The command in a value of the log. Raises `BadCommandError`."""
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadCommandError(f"no command: {error}") from None
