"""What came of each seed of a campaign, as a file of JSON lines.

A line is written at once and whole, so that whoever is killed loses no seed that was done; a last
line that is torn all the same is as if it were not there.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec
from msgspec import Meta, Struct

from harness.simulation.run import Outcome
from paxos.errors import InputError, RunError, reason
from paxos.runtime.streams import write_all

MAX_LINE_BYTES = 65_536
"""No record is longer; where there is no line end for longer than that, there is no record."""

Natural = Annotated[int, Meta(ge=0, le=2**53)]
Time = Annotated[float, Meta(ge=0, le=1e12)]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of one seed. The same program and the same command make the same record."""

    seed: Natural
    verdict: Literal["conforms", "fails"]
    failure: str
    """The kind, as `harness.simulation.run.Failure` has it; empty: none."""
    steps: Natural
    events: Natural
    delivered: Natural
    simulated_s: Time
    calm_s: Time
    digest: str
    faults: dict[str, Natural]
    command: str
    """What to type to have this run again."""


def record(outcome: Outcome) -> Record:
    """The record of a run."""
    return Record(
        outcome.request.seed,
        "fails" if outcome.failure else "conforms",
        outcome.failure.kind if outcome.failure else "",
        outcome.steps,
        outcome.events,
        outcome.delivered,
        round(outcome.simulated_s, 6),
        round(outcome.calm_s, 6),
        outcome.digest,
        dict(sorted(outcome.injected.items())),
        outcome.request.command(),
    )


_decode = msgspec.json.Decoder(Record).decode
_encode = msgspec.json.Encoder().encode


class RecordFile:
    """A file to which one campaign at a time appends. A context manager."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises `InputError` if it cannot be, or is no regular file, or
        if another campaign is writing it."""
        self.path = path
        self._end = 0  # of the last whole line
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _regular(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise InputError(f"file {path}: {reason(error)}") from error
        try:
            # Of this process alone: what it starts has no part in it, and cannot keep it.
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise InputError(
                f"file {path}: another campaign writes it; name another file, or wait"
            ) from error

    def read(self) -> Iterator[tuple[int, Record]]:
        """The records that are there, with the numbers of their lines. Raises `InputError`. After
        the last one, what is torn is cut off."""
        self._file.seek(0)
        for number, line in _lines(self.path, self._file):
            yield number, _parse(self.path, number, line)
            self._end += len(line)
        try:
            self._file.truncate(self._end)
            self._file.seek(self._end)
        except OSError as error:
            raise RunError(f"file {self.path}: {reason(error)}") from error

    def append(self, record: Record) -> None:
        """Add a record. Raises `RunError`."""
        try:
            write_all(self._file.fileno(), _encode(record) + b"\n")
        except OSError as error:
            raise RunError(f"file {self.path}: {reason(error)}") from error

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def read(path: Path) -> Iterator[Record]:
    """The records in a file, but for a torn one at its end. Raises `InputError`."""
    try:
        file = _regular(path, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"file {path}: {reason(error)}") from error
    with file:
        for number, line in _lines(path, file):
            yield _parse(path, number, line)


def _regular(path: Path, flags: int) -> BinaryIO:
    """Open what must be a regular file: another kind might never end, or keep us waiting."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"file {path}: not a regular file; name one that can be read again")
    return os.fdopen(descriptor, "rb" if flags == os.O_RDONLY else "r+b", buffering=0)


def _lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The whole lines, with their numbers."""
    number, rest = 0, b""
    while True:
        try:
            some = file.read(MAX_LINE_BYTES)
        except OSError as error:
            raise InputError(f"file {path}: {reason(error)}") from error
        *lines, rest = (rest + some).split(b"\n")
        for line in lines:
            number += 1
            yield number, line + b"\n"
        if len(rest) > MAX_LINE_BYTES:
            raise _no_record(path, number + 1, "too long")
        if not some:
            return


def _parse(path: Path, number: int, line: bytes) -> Record:
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _no_record(path, number, " ".join(str(error).split())) from error


def _no_record(path: Path, number: int, problem: str) -> InputError:
    return InputError(
        f"file {path}:{number}: no record of a simulated run: {problem}; name a file that "
        "`paxos simulate --out` has written"
    )
