"""The name of a process in a trace, decoded: `learner-2.1` is learner 2, in its incarnation 1.

An acceptor or a proposer is one process through all its incarnations, since it keeps its state; a
learner or a client, which keeps nothing, is a new one in each.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

Role = Literal["acceptor", "proposer", "learner", "client"]

ROLES: tuple[Role, ...] = get_args(Role)

NUMBER = "[1-9][0-9]{0,18}"
MEMBER = rf"{NUMBER}\.{NUMBER}"
"""What the rules and the values call a learner or a client: its id and its incarnation."""
PROCESS_NAME = rf"(?:{'|'.join(ROLES)})-{MEMBER}"

_PROCESS = re.compile(rf"({'|'.join(ROLES)})-({NUMBER})\.({NUMBER})")


class Process(NamedTuple):
    """One incarnation of a process."""

    role: Role
    id: int
    incarnation: int

    def __str__(self) -> str:
        return f"{self.role}-{self.member}"

    @property
    def keeps_state(self) -> bool:
        """Whether it is the same process as its other incarnations."""
        return self.role in ("acceptor", "proposer")

    @property
    def member(self) -> str:
        """Its member name, of id and incarnation: "2.1"."""
        return f"{self.id}.{self.incarnation}"

    @property
    def actor(self) -> int | str:
        """Who it is to the rules: an id; of a process that is new each time, its member name."""
        return self.id if self.keeps_state else self.member


@lru_cache(maxsize=1 << 14)
def decode(name: str) -> Process:
    """The process of this name. Raises ValueError if it is no such name."""
    found = _PROCESS.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is not a process name such as acceptor-1.1")
    role: Role = found[1]  # type: ignore[assignment]
    return Process(role, int(found[2]), int(found[3]))


@lru_cache(maxsize=1 << 14)
def member(name: str) -> tuple[int, int]:
    """The id and the incarnation in "2.1"."""
    number, _, incarnation = name.partition(".")
    return int(number), int(incarnation)


def id_of(name: str) -> int:
    """The id in "2.1"."""
    return member(name)[0]
