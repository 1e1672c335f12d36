"""What TLC prints of states, as numbers; and parts of states, as TLA+."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Values = tuple[str, ...]
"""A batch, or a sequence."""


def number(name: Any) -> int:
    return name if isinstance(name, int) else int(str(name)[1:]) - 1


def plain(values: Any) -> Values:
    return tuple(str(v) for v in values)


def log_of(said: Any) -> tuple[frozenset[Values], ...]:
    return tuple(frozenset(map(plain, some)) for some in said)


def pairs(some: Iterable[Sequence[int]]) -> frozenset[tuple[int, ...]]:
    return frozenset(tuple(each) for each in some)


def at_most(size: int) -> frozenset[tuple[int, int]]:
    return frozenset((a, b) for b in range(size) for a in range(b + 1))


def named(letter: str, size: int) -> str:
    return braces(f"{letter}{n + 1}" for n in range(size))


def braces(some: Iterable[str]) -> str:
    return "{" + ", ".join(some) + "}"


def brackets(some: Iterable[str]) -> str:
    return "<<" + ", ".join(some) + ">>"
