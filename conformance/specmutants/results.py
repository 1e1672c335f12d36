"""What became of each run of a model on a mutant, in a file that an interrupted campaign goes on
with: a line for each run, which counts as long as nothing that it depends on has changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

Outcome = Literal["killed", "held", "unfinished", "error"]


class Run(msgspec.Struct, frozen=True):
    """One model, run on one mutant; digest is that of all modules with the change and of the
    configuration. said is the property that failed, or what TLC stopped at."""

    mutant: str
    model: str
    digest: str
    outcome: Outcome
    said: str = ""

    @property
    def is_end(self) -> bool:
        """Whether no other model is tried: what one cannot evaluate, another cannot either."""
        return self.outcome in ("killed", "error")


class Results:
    """The runs there have been. Raises OSError where the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: dict[tuple[str, str], Run] = {}
        if path.is_file():
            for line in path.read_bytes().splitlines():
                try:
                    run = msgspec.json.decode(line, type=Run)
                except msgspec.DecodeError:  # a line that was cut when the machine stopped
                    continue
                self._runs[run.model, run.digest] = run
        else:
            path.parent.mkdir(parents=True, exist_ok=True)

    def known(self, model: str, digest: str) -> Run | None:
        """The run of this model on just this text, if there was one that ended."""
        return self._runs.get((model, digest))

    def note(self, run: Run) -> None:
        """Keep a run: it is in the file when this returns."""
        self._runs[run.model, run.digest] = run
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(run) + b"\n")


class Fate(msgspec.Struct, frozen=True):
    """What became of a mutant in all: killed, or survived the models that it was tried on."""

    mutant: str
    runs: tuple[Run, ...]

    @property
    def killer(self) -> Run | None:
        return next((run for run in self.runs if run.outcome == "killed"), None)

    @property
    def verdict(self) -> str:
        """In words, for a line."""
        if run := self.killer:
            return f"killed by {run.said} of {run.model}"
        if not self.runs:
            return "survived: no model uses it"
        counts = [f"{len(self.runs)} models"]
        for outcome in ("unfinished", "error"):
            if some := [run for run in self.runs if run.outcome == outcome]:
                counts.append(f"{len(some)} {outcome}")
        return f"survived {', '.join(counts)}"


def survivors(fates: Iterable[Fate]) -> list[Fate]:
    """Those that no property saw."""
    return [fate for fate in fates if not fate.killer]
