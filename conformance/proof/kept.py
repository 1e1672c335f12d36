"""What was proved before, in a file that a later run goes on with: a line for each obligation that
was proved, and for each counterexample that shows a conjunct to be needed."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Record(msgspec.Struct, frozen=True):
    """`digest` says of what, as digest.py makes it. For a counterexample, `said` is the line about
    it and `table` shows it."""

    digest: str
    name: str
    solver: str
    seconds: float
    said: str = ""
    table: str = ""


class Damaged(Exception):
    """The file has something else in it; says where."""


class Kept:
    """The records of a file; without one, of this run only. Raises OSError where the file cannot be
    read or written, and Damaged."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._records: dict[str, Record] = {}
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            lines = path.read_bytes().splitlines()
            for number, line in enumerate(lines, 1):
                try:
                    record = msgspec.json.decode(line, type=Record)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise Damaged(f"{path}:{number}: {error}") from None
                self._records[record.digest] = record

    def known(self, digest: str) -> Record | None:
        return self._records.get(digest)

    def note(self, record: Record) -> None:
        """Keep a record: it is in the file, as a whole, when this returns."""
        self._records[record.digest] = record
        if self._path is not None:
            with self._path.open("ab", buffering=0) as file:
                file.write(msgspec.json.encode(record) + b"\n")
