"""The output of a learner that keeps checkpoints: what it has written is forced to disk before its
place in the order is, and it goes on after that when it starts again.

A checkpoint remembers how long the output was. What was written after it is cut off when the
learner starts again, and written again as it is delivered again, so that the file has each value
once. A pipe can neither be forced to disk nor cut: what its reader has stored, it has to know
itself.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.core.checkpoint import Snapshot
from paxos.errors import InputError, reason
from paxos.runtime.checkpoint_file import Application, CheckpointFile
from paxos.runtime.checkpointing import Checkpointing
from paxos.runtime.deliveries import STANDARD_OUTPUT, Output
from paxos.runtime.folders import sync_folder
from paxos.runtime.report import say


class Written(Struct, frozen=True):
    """What a checkpoint remembers of the output."""

    bytes: Annotated[int, Meta(ge=0)] | None
    """Its length; None: it was no file."""


class KeptOutput(Output):
    """Deliveries, written to a file descriptor and remembered."""

    def __init__(self, form: str = "lines", first: int = 1, fd: int = STANDARD_OUTPUT) -> None:
        """As for `Output`."""
        super().__init__(form, first, fd)
        self.application = Application(f"standard output, {form}", 1, transferable=False)
        self._is_file = False
        self._bytes = 0
        self._checkpoints: Checkpointing | None = None

    def begin(self, checkpoints: Checkpointing) -> None:
        """See `paxos.runtime.deliveries.Deliveries`."""
        self._checkpoints = checkpoints
        store = checkpoints.store
        try:
            found = os.fstat(self._fd)
            self._is_file = stat.S_ISREG(found.st_mode)
            if self._is_file:
                self._go_on(found.st_size, store.newest, store.path_of("output"))
            else:
                say(
                    f"{store.member}: standard output is no regular file, so it is not forced to "
                    "disk; after a checkpoint that this learner goes on from, some values may come "
                    "again, and after a power cut some may be missing"
                )
        except OSError as error:
            raise InputError(f"standard output: {reason(error)}") from error

    def _go_on(self, size: int, newest: CheckpointFile | None, note: Path) -> None:
        """Cut off what no checkpoint tells of. Where there is none, a note says how long the output
        was at the very first."""
        told: int | None
        if newest:
            told = msgspec.json.decode(b"".join(newest.application()), type=Written).bytes
        elif note.exists():
            told = _read(note)
        else:
            told = size
            _write(note, size)
        self._bytes = size if told is None else told
        if size < self._bytes:
            raise InputError(
                f"standard output has {size} bytes, and had {self._bytes} when this learner kept "
                "its last checkpoint; append to the same file (`>>`, not `>`), or give it another "
                "data folder to begin anew"
            )
        os.ftruncate(self._fd, self._bytes)
        os.lseek(self._fd, self._bytes, os.SEEK_SET)
        with suppress(OSError):  # its name is to be found again, too
            sync_folder(Path(f"/proc/self/fd/{self._fd}").resolve().parent)

    def write(self, data: bytes) -> None:
        super().write(data)
        self._bytes += len(data)

    def keep(self, snapshot: Snapshot) -> None:
        """See `paxos.runtime.deliveries.Deliveries`."""
        assert self._checkpoints, "snapshots are taken by who keeps them"
        written = Written(self._bytes if self._is_file else None)
        self._checkpoints.write(snapshot, lambda: self._force(written))

    def _force(self, written: Written) -> bytes:
        """First the output, and then what is remembered of it. Raises `OSError`."""
        if self._is_file:
            os.fdatasync(self._fd)
        return msgspec.json.encode(written)


def _read(note: Path) -> int:
    try:
        told = msgspec.json.decode(note.read_bytes(), type=Written).bytes
    except msgspec.MsgspecError as error:
        raise InputError(
            f"{note} is damaged: {error}; it says how long the output was before the first value: "
            "remove it, and empty the output"
        ) from error
    return told or 0


def _write(note: Path, size: int) -> None:
    made = note.with_name(f"{note.name}.tmp")
    with made.open("wb") as file:
        file.write(msgspec.json.encode(Written(size)))
        file.flush()
        os.fsync(file.fileno())
    made.rename(note)
    sync_folder(note.parent)
