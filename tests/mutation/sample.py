"""All changes to the product, and a sample of them that depends on the seed alone.

The place of a change in the sample comes from a digest of what it is, not from where it stands:
when a file is moved, or another one is changed, most of the sample stays what it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from tests.mutation.operators import Edit, changes, edits
from tests.mutation.targets import files

LONGEST = 90  # characters of a text that is shown


@dataclass(frozen=True)
class Mutant:
    """A change to a file. `again` counts those before it in the function that read the same."""

    part: str
    path: str  # below the root, with /
    source: bytes  # without the change
    edit: Edit
    again: int

    @property
    def old(self) -> str:
        """What the change takes the place of."""
        return self.source[self.edit.start : self.edit.end].decode()

    @property
    def name(self) -> str:
        """What it is, in a line."""
        place = self.edit.function or "the module"
        line = self.source.splitlines()[self.edit.line - 1].decode().strip()
        within = f" in `{_short(line)}`" if _short(self.old) != _short(line) else ""
        change = f"`{_short(self.old)}` becomes `{_short(self.edit.new)}`"
        return f"{self.path}: {place}: {change}{within}"

    def rank(self, seed: int) -> str:
        """Its place among all others: the sample is those with the lowest."""
        file = self.path.rpartition("/")[2]
        what = [seed, file, self.edit.function, self.old, self.edit.new, self.again]
        return sha256(repr(what).encode()).hexdigest()


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def of_file(part: str, path: str, source: bytes) -> list[Mutant]:
    """All changes to a file, some of which change nothing."""
    seen: Counter[tuple[str, bytes, str]] = Counter()
    found = []
    for edit in edits(source):
        what = (edit.function, source[edit.start : edit.end], edit.new)
        found.append(Mutant(part, path, source, edit, seen[what]))
        seen[what] += 1
    return found


def everything(root: Path) -> list[Mutant]:
    """All changes to all files that are looked at, some of which change nothing."""
    return [
        mutant
        for path, part in sorted(files(root).items())
        for mutant in of_file(part, path, (root / path).read_bytes())
    ]


def sample(mutants: Iterable[Mutant], seed: int, count: int) -> list[Mutant]:
    """`count` of those that change something, in the order in which they are to be run. A larger
    sample begins with a smaller one."""
    ranked = sorted(mutants, key=lambda m: (m.rank(seed), m.path))
    return list(islice((m for m in ranked if changes(m.source, m.edit)), count))
