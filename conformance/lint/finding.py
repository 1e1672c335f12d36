"""What was found, by kinds: the first few of each kind in full, of the others how many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SHOWN_OF_A_KIND = 3

Level = Literal["fault", "warning"]


@dataclass(frozen=True)
class Place:
    """A line of a file, from 1."""

    path: Path
    line: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass
class Kind:
    """All findings of one kind. `shown` are the first SHOWN_OF_A_KIND of them."""

    level: Level
    name: str
    shown: list[str] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)
    count: int = 0

    def lines(self) -> Iterator[str]:
        """A line for each that is shown, and one for the others."""
        yield from self.shown
        if (more := self.count - len(self.shown)) > 0:
            files = f" (all: in {len(self.files)} files)" if len(self.files) > 1 else ""
            yield f"  ... and {more} more [{self.name}]{files}"


class Findings:
    """Faults, which `conformance check` refuses or would judge wrongly, and warnings: what is legal
    and probably not meant."""

    def __init__(self) -> None:
        self.kinds: dict[tuple[Level, str], Kind] = {}

    def fault(self, kind: str, at: Place, what: str, todo: str) -> None:
        self._add("fault", kind, at, what, todo)

    def warning(self, kind: str, at: Place, what: str, todo: str) -> None:
        self._add("warning", kind, at, what, todo)

    def _add(self, level: Level, name: str, at: Place, what: str, todo: str) -> None:
        kind = self.kinds.setdefault((level, name), Kind(level, name))
        kind.count += 1
        kind.files.add(at.path)
        if len(kind.shown) < SHOWN_OF_A_KIND:
            kind.shown.append(f"{at}: {level}: {what}; {todo} [{name}]")

    def count(self, level: Level) -> int:
        return sum(kind.count for kind in self.kinds.values() if kind.level == level)

    def lines(self) -> Iterator[str]:
        """Faults before warnings, each kind together, in the order in which they were found."""
        for level in ("fault", "warning"):
            for kind in self.kinds.values():
                if kind.level == level:
                    yield from kind.lines()
