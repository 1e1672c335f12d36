"""What campaigns found, as one table: how much was run, what failed, and which faults were met."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.simulation.records import Record, read
from harness.simulation.seeds import Seeds


@dataclass
class Failures:
    """Runs that failed in the same way."""

    seeds: int
    smallest: Record
    """The one with the smallest seed."""


class Table:
    """Built from records, in any order; a run that is there twice counts once."""

    def __init__(self) -> None:
        self.seeds = self.events = self.delivered = self.again = 0
        self.simulated_s = 0.0
        self.failures: dict[str, Failures] = {}
        self._times: Counter[str] = Counter()
        self._met: Counter[str] = Counter()
        self._known: defaultdict[str, Seeds] = defaultdict(Seeds)

    def add(self, record: Record) -> None:
        """Count a run."""
        kind_of_run = record.command.replace(f"--seed {record.seed}", "", 1)
        if not self._known[kind_of_run].add(record.seed):
            self.again += 1
            return
        self.seeds += 1
        self.events += record.events
        self.delivered += record.delivered
        self.simulated_s += record.simulated_s
        self._times.update(record.faults)
        self._met.update(record.faults.keys())
        if record.verdict == "fails":
            alike = self.failures.setdefault(record.failure, Failures(0, record))
            alike.seeds += 1
            if record.seed < alike.smallest.seed:
                alike.smallest = record

    def __str__(self) -> str:
        rows = [
            f"{self.seeds:,} seeds, {self.events:,} events, {self.delivered:,} values delivered, "
            f"{self.simulated_s:,.0f} simulated seconds",
            *([f"{self.again:,} are there more than once, and counted once"] if self.again else []),
            "",
            *_columns(
                ("failure", "seeds", "again with"),
                [
                    (kind, f"{alike.seeds:,}", alike.smallest.command)
                    for kind, alike in sorted(self.failures.items())
                ]
                or [("none", "0", "")],
            ),
            "",
            *_columns(
                ("fault", "seeds", "times"),
                [
                    (kind, f"{self._met[kind]:,}", f"{self._times[kind]:,}")
                    for kind in sorted(self._met)
                ]
                or [("none", "0", "0")],
            ),
        ]
        return "\n".join(rows)


def _columns(head: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> list[str]:
    """Laid out: text to the left, counts to the right."""
    name = max(len(row[0]) for row in [head, *rows])
    count = max(len(row[1]) for row in [head, *rows])
    last = max(len(row[2]) for row in [head, *rows]) if head[2] == "times" else 0
    return [f"{a:<{name}}  {b:>{count}}  {c:>{last}}".rstrip() for a, b, c in [head, *rows]]


def table(files: Iterable[Path]) -> Table:
    """Of all records in `files`. Raises `InputError`."""
    made = Table()
    for path in files:
        for record in read(path):
            made.add(record)
    return made
