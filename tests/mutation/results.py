"""What became of each mutant: a JSON line each in a file, and a table of them all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

KILLED = ("failed", "timeout")
SURVIVED = "passed"


@dataclass(frozen=True)
class Result:
    """`status`: "failed" (a test saw the change), "timeout" (a test did not end) or "passed" (it
    survived). `test` is the first that saw it; empty, if tests could not even be collected."""

    rank: str
    name: str
    part: str
    path: str
    line: int
    status: str
    test: str
    tests: int  # how many were to be run
    seconds: float

    @property
    def killed(self) -> bool:
        """Did a test see it?"""
        return self.status in KILLED


def read(file: Path) -> dict[str, Result]:
    """The last result of each mutant, by its rank. A line that was cut off is passed over."""
    found: dict[str, Result] = {}
    if not file.exists():
        return found
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            result = Result(**json.loads(line))
        except ValueError:
            continue
        found[result.rank] = result
    return found


def append(file: Path, result: Result) -> None:
    """Add a result. After a line that was cut off, it begins a new one."""
    with file.open("ab+") as out:
        if out.tell():
            out.seek(-1, 2)
            if out.read(1) != b"\n":
                out.write(b"\n")
        out.write(json.dumps(asdict(result)).encode() + b"\n")


def table(results: Iterable[Result]) -> str:
    """Of each file and part: mutants, killed, those of them by a limit on time, survived; rate."""
    by_part: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        by_part.setdefault(result.part, {}).setdefault(result.path, []).append(result)
    rows: list[tuple[str, ...]] = [("", "mutants", "killed", "by time", "survived", "rate")]
    for part, files in sorted(by_part.items()):
        rows += [_row(path, of) for path, of in sorted(files.items())]
        rows.append(_row(f"all of {part}", [r for of in files.values() for r in of]))
    everything = [r for files in by_part.values() for of in files.values() for r in of]
    rows.append(_row("all", everything))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _row(name: str, results: list[Result]) -> tuple[str, ...]:
    killed = sum(result.killed for result in results)
    by_time = sum(result.status == "timeout" for result in results)
    rate = f"{100 * killed / len(results):.1f} %" if results else "-"
    numbers = (len(results), killed, by_time, len(results) - killed)
    return (name, *map(str, numbers), rate)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        cell.rjust(width) if k else cell.ljust(width)
        for k, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others])
