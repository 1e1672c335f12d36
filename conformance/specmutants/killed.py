"""spec/models/mutants-killed.jsonl: which property of which model sees each mutant, as it was
found.

A later run tries that model first; so what was found once is shown again in minutes. An entry whose
mutant changes another text by now counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from conformance.paths import MODELS
from conformance.specmutants.explained import ExplainedError
from conformance.specmutants.mutants import Mutant
from conformance.specmutants.results import Fate

KILLED = MODELS / "mutants-killed.jsonl"


class Kill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant, what it changes, and the property of the model that sees it."""

    mutant: str
    change: str
    model: str
    said: str

    @property
    def key(self) -> str:
        return f"{self.mutant}: {self.change}"


def load(path: Path = KILLED) -> dict[str, Kill]:
    """All there are, by mutant and change: "name: words". Raises ExplainedError."""
    kills: dict[str, Kill] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ExplainedError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        try:
            kill = msgspec.json.decode(line, type=Kill)
        except msgspec.DecodeError as error:
            raise ExplainedError(f"{path}:{number}: {error}") from error
        kills[kill.key] = kill
    return kills


def save(kills: Iterable[Kill], path: Path = KILLED) -> None:
    """Write them, a line for each, sorted. Raises OSError."""
    lines = sorted(msgspec.json.encode(kill) for kill in kills)
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def after(kills: Iterable[Kill], mutants: Iterable[Mutant], fates: Iterable[Fate]) -> list[Kill]:
    """What is to be kept when these have been tried: of the others, what was, if they are there."""
    by_name = {mutant.name: mutant for mutant in mutants}
    there = {mutant.key for mutant in by_name.values()}
    tried = {fate.mutant: fate.killer for fate in fates}
    result = [kill for kill in kills if kill.key in there and kill.mutant not in tried]
    for name, run in tried.items():
        if run is not None:
            result.append(Kill(name, by_name[name].words, run.model, run.said))
    return result
