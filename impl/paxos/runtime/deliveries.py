"""Where a learner's deliveries go: a sink that the node gives them to, a step at a time. Standard
output is one, in three forms."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType

from paxos.core.batch import unpack
from paxos.core.checkpoint import Snapshot
from paxos.core.step import Delivery
from paxos.errors import RunError, reason
from paxos.runtime.checkpoint_file import Application, CheckpointFile
from paxos.runtime.checkpointing import Checkpointing
from paxos.runtime.framing import LENGTH
from paxos.runtime.streams import write_all

STANDARD_OUTPUT = 1

WRITE_BYTES = 1 << 20
"""Where a step delivers much at once, as when a gap closes, it is written in pieces of about so
much: as lines it takes three times the memory."""


class Deliveries(Protocol):
    """What a node gives its deliveries to."""

    @property
    def is_full(self) -> bool:
        """Whether the learner is to hear nothing for now, as it could hand over nothing. What is
        said meanwhile is lost to it, and asked for later."""

    @property
    def application(self) -> Application | None:
        """What the values are applied to, whose state is kept in checkpoints; None: no learner that
        hands over here keeps any."""

    def begin(self, checkpoints: Checkpointing) -> None:
        """Go on from the newest checkpoint, if there is one, and keep more of them there. Called
        once, before anything is delivered. Raises `InputError` or `RunError` if it cannot."""

    def keep(self, snapshot: Snapshot) -> None:
        """Make durable the state that all that was delivered before this has led to. As `deliver`,
        without waiting for it; what comes of it, the `Checkpointing` tells."""

    def install(self, checkpoint: CheckpointFile) -> None:
        """Replace the state by that of another learner's checkpoint, which is durable here now, in
        its turn: what was delivered before is part of it, and what is delivered next comes after
        it."""

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take what one step delivers, in the order of the positions. Clients are told when this
        has returned. It is called under the node's lock: nothing is received meanwhile, and what
        comes then waits in the socket, or is lost and asked for later.

        Raises `RunError` if it cannot take them: that ends the process."""


class Output:
    """Deliveries, written to a file descriptor. Who reads slowly is waited for."""

    is_full = False
    application: Application | None = None

    def __init__(self, form: str = "lines", first: int = 1, fd: int = STANDARD_OUTPUT) -> None:
        """`form` is one of `FORMS`. Values before position `first` are not written."""
        self._encode = FORMS[form]
        self._first = first
        self._fd = fd

    def begin(self, checkpoints: Checkpointing) -> None:
        raise NotImplementedError("it keeps no checkpoints")

    def keep(self, snapshot: Snapshot) -> None:
        raise NotImplementedError("it keeps no checkpoints")

    def install(self, checkpoint: CheckpointFile) -> None:
        raise NotImplementedError("what another one has written is not here")

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Write them, `WRITE_BYTES` at a time; returns when the system has taken all of it."""
        wanted: list[tuple[Delivery, int]] = []
        size = 0
        for delivery in deliveries:
            if delivery.position + delivery.packet.count > self._first:
                wanted.append((delivery, max(0, self._first - delivery.position)))
                size += len(delivery.packet.payload)
            if size >= WRITE_BYTES:
                self.write(self._encode(wanted))
                wanted, size = [], 0
        if wanted:
            self.write(self._encode(wanted))

    def write(self, data: bytes) -> None:
        """Write bytes of the output. Raises `RunError`."""
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise RunError(f"standard output: {reason(error)}") from error


Wanted = Sequence[tuple[Delivery, int]]
"""Deliveries, and how many values of each to leave out at its beginning."""


def _lines(wanted: Wanted) -> bytes:
    """A line a value: what values are told apart by, if none has a newline in it."""
    values = [value for delivery, skip in wanted for value in unpack(delivery.packet)[skip:]]
    values.append(b"")
    return b"\n".join(values)


def _frames(wanted: Wanted) -> bytes:
    """Each value with its length before it, which any bytes can be told apart by."""
    parts: list[bytes] = []
    for delivery, skip in wanted:
        for value in unpack(delivery.packet)[skip:]:
            parts += (LENGTH.pack(len(value)), value)
    return b"".join(parts)


class _Object(Struct):
    """A value in the form `json`."""

    instance: int
    position: int
    client: str
    seq: int
    value: str | UnsetType = UNSET
    """The value, where it is UTF-8."""
    base64: str | UnsetType = UNSET
    """The value, where it is not."""


_json = msgspec.json.Encoder().encode


def _objects(wanted: Wanted) -> bytes:
    """An object a line."""
    lines: list[bytes] = []
    for delivery, skip in wanted:
        packet, at = delivery.packet, delivery.position
        for number, value in enumerate(unpack(packet)):
            if number < skip:
                continue
            shown = _Object(delivery.instance, at + number, packet.client, packet.first + number)
            try:
                shown.value = value.decode()
            except UnicodeDecodeError:
                shown.base64 = b64encode(value).decode("ascii")
            lines.append(_json(shown))
    lines.append(b"")
    return b"\n".join(lines)


FORMS: dict[str, Callable[[Wanted], bytes]] = {"lines": _lines, "json": _objects, "raw": _frames}
"""What standard output may look like."""
