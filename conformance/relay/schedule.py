"""A schedule: what the YAML file of `conformance relay` says, as typed records.

`docs/relay.md` describes the file; schedule_file.py reads it, and checks what goes beyond shapes.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType

MAX_NODES = 64
MAX_STEPS = 1_000
MAX_RULES = 1_000
MAX_FILE_BYTES = 1 << 20
MAX_DELAY_MS = 60_000
MAX_WAIT_S = 3_600

Chance = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=MAX_WAIT_S)]
NodeName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}\Z")]
Names = str | Annotated[tuple[str, ...], Meta(min_length=1)]
Protocol = Literal["udp", "tcp"]

RESERVED = ("bind", "file", "folder", "python")
"""Placeholders that stand for something else than a node."""


class ScheduleError(Exception):
    """The schedule cannot be used. One line: which file, where in it, what to do."""


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    """A process of the cluster. Without `run` somebody else starts it."""

    run: str | Annotated[tuple[str, ...], Meta(min_length=1)] | UnsetType = UNSET
    bind: str | UnsetType = UNSET
    """host:port of its own, on the loopback. Unset: a free one, if its command has `{bind}`."""
    file: str | UnsetType = UNSET
    """The text of a configuration file that is written for it; `{file}` is its path."""
    environment: dict[str, str] = {}

    @property
    def command(self) -> tuple[str, ...]:
        """The words of `run`; none if there is no `run`."""
        if self.run is UNSET:
            return ()
        return tuple(shlex.split(self.run)) if isinstance(self.run, str) else self.run

    @property
    def texts(self) -> tuple[str, ...]:
        """All that may have placeholders in it."""
        file = () if self.file is UNSET else (self.file,)
        return (*self.command, *file, *self.environment.values())


class Between(Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from"}):
    """The links whose ends have these names; `*` and `?` stand for any part of a name."""

    source: str = "*"
    to: str = "*"

    def matches(self, source: str, to: str) -> bool:
        return fnmatchcase(source, self.source) and fnmatchcase(to, self.to)


class Rule(Between, frozen=True, forbid_unknown_fields=True):
    """How the links that match treat what they carry."""

    message: str | UnsetType = UNSET
    """Only datagrams that have the bytes which `messages` gives for this name."""
    loss: Chance = 0
    duplicate: Chance = 0
    reorder: Chance = 0
    delay_ms: float | tuple[float, ...] = 0
    stall: bool = False

    def __post_init__(self) -> None:
        d = self.delay_ms
        if (isinstance(d, tuple) and len(d) != 2) or not (
            0 <= self.delay_range_ms[0] <= self.delay_range_ms[1] <= MAX_DELAY_MS
        ):
            raise ValueError(
                "delay_ms is a number or [lowest, highest], in milliseconds from 0 to "
                f"{MAX_DELAY_MS}"
            )

    @property
    def delay_range_ms(self) -> tuple[float, float]:
        d = self.delay_ms
        return (d[0], d[-1]) if isinstance(d, tuple) else (d, d)


class Wait(Between, frozen=True, forbid_unknown_fields=True):
    """Wait for a time; or until files of the run folder have lines in which all the patterns are
    found; or until so many datagrams more have passed on the links; or until processes have
    ended by themselves."""

    seconds: Seconds | UnsetType = UNSET
    file: str | UnsetType = UNSET
    has: Names | UnsetType = UNSET
    count: Annotated[int, Meta(ge=1)] = 1
    datagrams: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    ended: Names | UnsetType = UNSET
    within_s: Seconds = 30

    @property
    def patterns(self) -> tuple[str, ...]:
        """Regular expressions."""
        if self.has is UNSET:
            return ()
        return (self.has,) if isinstance(self.has, str) else self.has

    def __post_init__(self) -> None:
        kinds = [self.seconds, self.file, self.datagrams, self.ended]
        if sum(kind is not UNSET for kind in kinds) != 1:
            raise ValueError("expected one of seconds, file (with has), datagrams, ended")
        if (self.file is UNSET) != (self.has is UNSET):
            raise ValueError("`file` and `has` go together: which files, and what to wait for")
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"has: {pattern!r} is no regular expression: {error}") from None
        if isinstance(self.file, str) and (not self.file or Path(self.file).is_absolute()):
            raise ValueError("`file` is a name in the run folder, such as acceptor-1.*.ndjson")


class Tell(Struct, frozen=True, forbid_unknown_fields=True):
    """Write a line to a process's standard input."""

    to: str
    line: str


STEPS: dict[str, Any] = {
    "start": Names,
    "stop": Names,
    "kill": Names,
    "pause": Names,
    "resume": Names,
    "tell": Tell,
    "link": Rule,
    "partition": Annotated[tuple[Names, ...], Meta(min_length=2)],
    "cut": Between,
    "reset": Between,
    "heal": Literal["partition", "links"] | None,
    "wait": Wait,
}


class Step(NamedTuple):
    """One step, and how the file says it; `names` are the nodes that it is about, in order."""

    kind: str
    value: Any
    words: str
    names: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()


class Schedule(NamedTuple):
    """A schedule that can be run."""

    seed: int
    protocol: Protocol
    first_port: int | None
    nodes: dict[str, Node]
    messages: dict[str, bytes]
    links: tuple[Rule, ...]
    steps: tuple[Step, ...]


def address(text: str, where: str) -> tuple[str, int]:
    """host:port on the loopback. Raises `ValueError`."""
    host, _, port = text.rpartition(":")
    try:
        loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError(
            f"{where}: {text!r} is no address on the loopback, such as 127.0.0.1:7001; the relay "
            "serves this machine only"
        )
    return host, int(port)
