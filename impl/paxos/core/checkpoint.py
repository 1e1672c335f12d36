"""The snapshot: all that a learner knows of what was delivered, as it is at one instance.

A learner that begins with a snapshot goes on as the one would that it was taken of: it delivers the
same values at the same positions, passes over the same ones, and tells clients the same. A
checkpoint is a snapshot that is durable; the application's state at the same instance is kept with
it (`paxos.runtime.checkpoint_store`). Learners that have delivered the same have the same snapshot,
byte for byte, whoever takes it.

Spec: `TakeSnapshot`, `Checkpoint`, `Restart`; `prefix`, `delivered` and `known`.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.core.ballot import Natural, Positive
from paxos.core.batch import ClientName
from paxos.core.messages import Outcome, Span

__all__ = ["Snapshot", "SnapshotError", "UnfinishedValue", "decode_snapshot", "encode_snapshot"]


class SnapshotError(ValueError):
    """These bytes are no snapshot of a learner. The text says what is wrong, as in "it is cut"."""


class UnfinishedValue(Struct, array_like=True, frozen=True, gc=False):
    """A value with missing parts (`paxos.core.assembler`): of which client, its first number, the
    position of the part that was delivered last, and the parts, each with its header."""

    client: ClientName
    first: Positive
    position: Positive
    parts: Annotated[list[bytes], Meta(min_length=1)]


class Snapshot(Struct, array_like=True, frozen=True, kw_only=True):
    """The state of a learner that has delivered instances `1..prefix`, `position` values."""

    prefix: Positive
    position: Natural
    delivered_bytes: Natural
    """Payload of what was delivered."""
    clients: list[Span]
    """Which values of which clients were delivered (`paxos.core.client_table`)."""
    unfinished: list[UnfinishedValue]
    """The one to which a part was added the longest ago first."""
    outcomes: list[Outcome]
    """What became of values in parts, the oldest first."""
    places: list[tuple[ClientName, dict[Positive, tuple[Natural, Natural]]]]
    """Where packets were delivered, by their first values: the clients in the order in which they
    were heard of, and of each the oldest packet first."""


encode_snapshot = msgspec.msgpack.Encoder().encode
"""The bytes of a `Snapshot`. They take long to make where many parts are unfinished."""

_decode = msgspec.msgpack.Decoder(Snapshot).decode


def decode_snapshot(data: bytes) -> Snapshot:
    """The snapshot that `data` is. Whether it makes sense as a whole is found when a learner begins
    with it. Raises `SnapshotError`."""
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotError(f"the learner's part of it cannot be read: {error}") from error
