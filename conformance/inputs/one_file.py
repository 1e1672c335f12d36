"""NDJSON of all processes of a run in one file: split into a file for each.

The lines of a process are in its own order, its header first; the lines of several processes may
alternate in any way. Memory in use does not depend on how long the file is: which line of it each
line was, is kept in files too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conformance.inputs.stream import Unpacked
from conformance.trace.process import PROCESS_NAME
from conformance.trace.reader import MAX_FILES, MAX_LINE, TraceError

PROCESS = re.compile(rb'"process"\s*:\s*"([^"]*)"')
NAME = re.compile(PROCESS_NAME)
PLACE = re.compile(rf"({NAME.pattern})\.ndjson(?::(\d+))?", re.ASCII)
NUMBER_BYTES = 8  # a line number, in the files of numbers
PENDING_BYTES = 32 << 20  # of all processes, before they are written
TODO = 'each line says "process":"role-id.incarnation", as in traces/README.md'


@dataclass(frozen=True)
class OneFile:
    """A file that was split: `folder` has the traces, `numbers` which line each of their lines
    was."""

    folder: Path
    numbers: Path
    warnings: tuple[str, ...] = ()

    def line(self, process: str, line: int) -> int:
        """Which line of the file it was; 0 if the process has no such line."""
        if line < 1:
            return 0
        try:
            with (self.numbers / process).open("rb") as f:
                f.seek((line - 1) * NUMBER_BYTES)
                return int.from_bytes(f.read(NUMBER_BYTES), "little")
        except OSError:
            return 0

    def words(self, text: str, shown: str) -> str:
        """The text with the lines of the file in place of those that it was split into."""

        def place(found: re.Match[str]) -> str:
            process, line = found[1], int(found[2] or 0)
            was = self.line(process, line) if line else 0
            return f"{shown}:{was}" if was else f"{shown} ({process})"

        return PLACE.sub(place, text.replace(f"{self.folder}/", "")).replace(
            str(self.folder), shown
        )

    @classmethod
    def split(cls, stream: Unpacked, name: str, into: Path) -> OneFile:
        """Raises TraceError if a line says no process."""
        found = cls(into / "run", into / "numbers")
        found.folder.mkdir()
        found.numbers.mkdir()
        files = _Files(found)
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise TraceError(
                    f"{name}:{number}: the line is longer than {MAX_LINE} bytes; {TODO}"
                )
            process = _process(line)
            if process is None and not line.endswith(b"\n"):
                torn = f"the last line, {number}, is torn, and does not say whose it is"
                files.flush()
                return cls(found.folder, found.numbers, (torn,))
            if process is None:
                raise TraceError(f"{name}:{number}: the line names no process; {TODO}")
            files.add(process, line, number)
            if len(files.known) > MAX_FILES:
                raise TraceError(f"{name}: more than {MAX_FILES} processes; split the run")
        files.flush()
        return found


def _process(line: bytes) -> str | None:
    found = PROCESS.search(line)
    name = found[1].decode("utf-8", "replace") if found else ""
    return name if NAME.fullmatch(name) else None


class _Files:
    """The files that are written, none of which is held open."""

    def __init__(self, found: OneFile) -> None:
        self._found = found
        self._pending: dict[str, tuple[list[bytes], list[bytes]]] = {}
        self._size = 0
        self.known: set[str] = set()

    def add(self, process: str, line: bytes, number: int) -> None:
        lines, numbers = self._pending.setdefault(process, ([], []))
        lines.append(line)
        numbers.append(number.to_bytes(NUMBER_BYTES, "little"))
        self.known.add(process)
        self._size += len(line)
        if self._size > PENDING_BYTES:
            self.flush()

    def flush(self) -> None:
        for process, (lines, numbers) in self._pending.items():
            with (self._found.folder / f"{process}.ndjson").open("ab") as f:
                f.writelines(lines)
            with (self._found.numbers / process).open("ab") as f:
                f.writelines(numbers)
        self._pending.clear()
        self._size = 0
