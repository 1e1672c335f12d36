"""A run as the command is given it, to a folder that the reader of traces can read.

What is given is a folder, or a stream: a file, or standard input. A stream is told by its first
bytes and not by its name: gzip or zstd, and in that, or by itself, a tar archive of a run folder or
NDJSON of all processes. A stream is unpacked into a temporary folder, which lasts as long as the
source. Its places are given, and the checker's words put, in terms of what was given.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from conformance.inputs.archive import Archive
from conformance.inputs.one_file import OneFile
from conformance.inputs.stream import MAX_UNPACKED_BYTES, Unpacked, unreadable
from conformance.trace.reader import TraceError

STANDARD_INPUT = "-"
IS_TAR = b"ustar"  # at IS_TAR_AT, in every archive that is younger than 1988
IS_TAR_AT = 257


class Origin(NamedTuple):
    """Where a line of a process's trace was before it was unpacked: a file, a line of it, and in an
    archive the member that the line is of."""

    file: str
    line: int
    member: str = ""


@dataclass(frozen=True)
class Source:
    """A run that can be read: its folder. `name` is what the command was given."""

    name: str
    folder: Path
    archive: Archive | None = None
    one_file: OneFile | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.one_file.warnings if self.one_file else ()

    def origin(self, process: str, line: int) -> Origin:
        """Where this line of the process's file, counted from 1, was."""
        if self.one_file is not None:
            return Origin(self.name, self.one_file.line(process, line))
        if self.archive is not None:
            return Origin(self.name, line, self.archive.member(f"{process}.ndjson"))
        return Origin(str(self.folder / f"{process}.ndjson"), line)

    def words(self, text: str) -> str:
        """The text with the places of what was given in place of those of the folder."""
        shown = "standard input" if self.name == STANDARD_INPUT else self.name
        if self.one_file is not None:
            return self.one_file.words(text, shown)
        if self.archive is not None:
            return self.archive.words(text, shown)
        return text


@contextmanager
def opened(
    name: str, most_bytes: int = MAX_UNPACKED_BYTES, within: str | None = None
) -> Iterator[Source]:
    """The run of this name; "-" is standard input. Raises TraceError if there is none, or if it is
    not safe to unpack, or more than `most_bytes`. It is unpacked `within` this folder, or where
    temporary files are."""
    path = Path(name)
    if name != STANDARD_INPUT and (path.is_dir() or not path.exists()):
        yield Source(name, path)  # whether there is a run, the reader says
        return
    with tempfile.TemporaryDirectory(prefix="conformance-", dir=within) as folder:
        yield _unpacked(name, Path(folder), most_bytes)


def _unpacked(name: str, folder: Path, most_bytes: int) -> Source:
    try:
        with _stream(name) as raw, Unpacked.of(raw, name, most_bytes) as stream:
            head = stream.peek(IS_TAR_AT + len(IS_TAR))
            if head[IS_TAR_AT:].startswith(IS_TAR):
                archive = Archive.unpack(stream, name, folder)
                return Source(name, archive.folder, archive=archive)
            if head.lstrip()[:1] in (b"{", b"\xef"):  # an object, or a byte order mark
                one_file = OneFile.split(stream, name, folder)
                return Source(name, one_file.folder, one_file=one_file)
    except OSError as error:
        raise unreadable(name, error) from None
    what = "is empty" if not head else "is no run"
    raise TraceError(
        f"{name}: {what}; give a run folder, a tar archive of one, or NDJSON of all its processes "
        "(both may be packed by gzip or zstd)"
    )


def _stream(name: str) -> BinaryIO:
    if name != STANDARD_INPUT:
        return Path(name).open("rb")
    # A copy: what is closed is not standard input.
    return open(sys.stdin.fileno(), "rb", closefd=False)
