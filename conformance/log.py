"""Read a run: its trace files, validated line by line and merged into one causal order,
streaming.

What is legal about a file is decided here; what is legal about an event is decided by the model.
The memory in use does not depend on the length of the files.
"""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from conformance.events import SCHEMA, AnyEvent, Header, actions_of

MAX_LINE = 16 << 20  # bytes; a Recover line may list all votes of an acceptor
MAX_FILES = 1000  # they are all open at once
CHUNK = 1 << 18
NAME = re.compile(r"(acceptor|proposer|learner|client)-([1-9]\d{0,18})\.([1-9]\d{0,18})\.ndjson")
AGAIN = "record the run again, or remove the file to check without it"

# hlc, process, seq, event: sorts by the merge order, and never compares two events.
Row = tuple[int, str, int, AnyEvent]


class TraceError(Exception):
    """The trace cannot be read. The message is one line: where, what, and what to do."""


class _Version(msgspec.Struct):
    event: str
    schema: int


_header = msgspec.json.Decoder(Header)
_event = msgspec.json.Decoder(AnyEvent)
_version = msgspec.json.Decoder(_Version)


@dataclass
class TraceFile:
    """One incarnation's file. `header` is None if the process died before it was written."""

    path: Path
    process: str
    header: Header | None = None
    torn: bool = False
    size: int = 0  # bytes, when it was first read; what is appended later is not looked at

    def fail(self, line: int, what: str, todo: str = AGAIN) -> TraceError:
        return TraceError(f"{self.path}:{line}: {what}; {todo}")

    def rows(self) -> Iterator[Row]:
        """The events, each checked against the header and the event before it."""
        if self.header is None:
            return
        process = self.process
        allowed = actions_of(self.header.role, self.header.spec)
        clock = seq = 0
        with _open(self.path) as f:
            lines = self._lines(f)
            next(lines)
            for line in lines:
                seq += 1
                try:
                    event = _event.decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                    raise self.fail(seq + 1, _plain(error)) from None
                if event.process != process:
                    raise self.fail(
                        seq + 1, f"process is {event.process}, but this is the file of {process}"
                    )
                if event.seq != seq:
                    raise self.fail(
                        seq + 1,
                        f"seq is {event.seq}, but {seq} comes next: lines are lost or moved",
                    )
                if event.hlc <= clock:
                    raise self.fail(
                        seq + 1, f"hlc {event.hlc} is not above {clock}, that of the line before it"
                    )
                if event.action not in allowed:
                    raise self.fail(
                        seq + 1,
                        f"{event.action} is no action of a {self.header.role} "
                        f"under {self.header.spec}",
                    )
                clock = event.hlc
                yield clock, process, seq, event

    def read_header(self) -> None:
        with _open(self.path) as f:
            self.size = os.fstat(f.fileno()).st_size
            line = next(self._lines(f), None)
        if line is None:
            return
        try:
            version = _version.decode(line)
            if version.event != "Header":
                raise self.fail(1, f"the first line is {version.event}, not Header")
            if version.schema != SCHEMA:
                raise self.fail(
                    1,
                    f"schema version {version.schema}, but this checker reads version {SCHEMA}",
                    "use the checker that came with the writer of the trace",
                )
            self.header = _header.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self.fail(1, f"not a header: {_plain(error)}") from None
        h = self.header
        if h.process != self.process or h.process != f"{h.role}-{h.id}.{h.incarnation}":
            raise self.fail(
                1,
                f"the header says {h.process}, {h.role}, {h.id}, {h.incarnation}: "
                f"that is not the {self.process} of the file's name",
            )
        if not h.constants.fit(h.spec):
            raise self.fail(1, f"{h.spec} has no optimisations, but {_show(h.constants)}")
        if not h.cluster.admits(h.role, h.id):
            raise self.fail(1, f"{h.role} {h.id} is not in the cluster of its own header")

    def _lines(self, f: BinaryIO) -> Iterator[bytes]:
        """The complete lines.

        What follows the last newline was being written when the process died.
        """
        rest, number, left = b"", 0, self.size
        while chunk := self._read(f, min(CHUNK, left)):
            left -= len(chunk)
            parts = (rest + chunk).split(b"\n")
            rest = parts.pop()
            number += len(parts)
            if len(rest) > MAX_LINE:
                raise self.fail(number + 1, f"the line is longer than {MAX_LINE} bytes")
            yield from parts
        self.torn = bool(rest)

    def _read(self, f: BinaryIO, size: int) -> bytes:
        try:
            return f.read(size)
        except OSError as error:
            raise TraceError(f"{self.path}: cannot be read: {error.strerror}; {AGAIN}") from None


@dataclass
class Run:
    """The trace files of one execution. `header` is one of theirs: what counts is equal in all."""

    directory: Path
    files: list[TraceFile] = field(default_factory=list)
    header: Header | None = None

    def rows(self) -> Iterator[Row]:
        """All events in merge order: (hlc, process, seq). A cause comes before its effect."""
        return heapq.merge(*(f.rows() for f in self.files))

    def processes(self) -> frozenset[str]:
        return frozenset(f.process for f in self.files)


def open_run(directory: Path) -> Run:
    """Find the trace files of a run and read their headers, which must agree. Raises TraceError."""
    run = Run(directory)
    for path in _trace_paths(directory):
        named = NAME.fullmatch(path.name)
        if named is None:
            raise TraceError(
                f"{path}:1: a trace file is named role-id.incarnation.ndjson; rename or remove it"
            )
        file = TraceFile(path, path.name.removesuffix(".ndjson"))
        file.read_header()
        run.files.append(file)
        if file.header is not None:
            _agree(run, file)
    return run


def _agree(run: Run, file: TraceFile) -> None:
    assert file.header is not None
    if run.header is None:
        run.header = file.header
    for name in ("run", "spec", "constants", "cluster"):
        mine, theirs = getattr(file.header, name), getattr(run.header, name)
        if mine != theirs:
            raise file.fail(
                1,
                f"the header's {name} differs from that of {run.header.process}: "
                f"{_show(mine)} here, {_show(theirs)} there",
                "keep the files of one run, and only those, in one folder",
            )


def _trace_paths(directory: Path) -> list[Path]:
    try:
        paths = sorted(directory.glob("*.ndjson"))
        if not directory.is_dir():
            what = "is not a folder" if directory.exists() else "does not exist"
            raise TraceError(
                f"{directory}: {what}; give the folder that holds a run's *.ndjson files"
            )
    except OSError as error:
        raise TraceError(f"{directory}: cannot be read: {error.strerror}") from None
    if not paths and any(directory.glob("*/*.ndjson")):
        raise TraceError(
            f"{directory}: the runs are in folders below this one; name those: {directory}/*"
        )
    if len(paths) > MAX_FILES:
        raise TraceError(
            f"{directory}: {len(paths)} trace files, more than {MAX_FILES}; split the run"
        )
    return paths


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise TraceError(f"{path}:1: cannot be read: {error.strerror}; {AGAIN}") from None


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).replace("\n", " ").rstrip(".")


def _show(part: object) -> str:
    return part if isinstance(part, str) else msgspec.json.encode(part).decode()
