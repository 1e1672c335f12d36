"""Which seeds: a range, a shard of it, and a set of those that are done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

BLOCK = 65_536
"""Seeds whose marks are kept together."""


@dataclass(frozen=True)
class Shard:
    """One of `of` parts of all seeds, each of which is in exactly one: which one a seed is in does
    not depend on the range."""

    number: int = 1
    of: int = 1


@dataclass(frozen=True)
class Range:
    """The seeds `first..last` that are in a shard."""

    first: int
    last: int
    shard: Shard = Shard()

    def of_shard(self, shard: Shard | None) -> Range:
        """Those of them that are in `shard`; None: all."""
        return replace(self, shard=shard or Shard())

    def __iter__(self) -> Iterator[int]:
        """In their order."""
        return iter(self._seeds())

    def __len__(self) -> int:
        return len(self._seeds())

    def _seeds(self) -> range:
        skip = (self.shard.number - self.first) % self.shard.of
        return range(self.first + skip, self.last + 1, self.shard.of)

    def __str__(self) -> str:
        part = f", shard {self.shard.number}/{self.shard.of}" if self.shard.of > 1 else ""
        return f"{self.first}..{self.last}{part}"


class Seeds:
    """A set of seeds: a bit for each, in blocks, so that a billion of them fit."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self._count = 0

    def add(self, seed: int) -> bool:
        """Put `seed` in the set; whether it was not in it."""
        if seed in self:
            return False
        block = self._blocks.setdefault(seed // BLOCK, bytearray(BLOCK // 8))
        block[seed % BLOCK // 8] |= 1 << seed % 8
        self._count += 1
        return True

    def __contains__(self, seed: int) -> bool:
        block = self._blocks.get(seed // BLOCK)
        return block is not None and bool(block[seed % BLOCK // 8] >> seed % 8 & 1)

    def __len__(self) -> int:
        return self._count
