"""What a simulated process is made of: the real parts, or others in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.simulation.disk import Disk, PlainDisk
from harness.simulation.process import Process
from paxos.core.acceptor import Acceptor
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.runtime.clock import Clock

Parts = Mapping[str, Callable[..., Any]]
"""Constructors to use in place of the real ones, by what they make: a role, `disk`, `clock`, or
`process`. This is how bugs are planted."""


def make_disk(parts: Parts, role: str, process_id: int) -> Disk:
    disk: Disk = parts.get("disk", PlainDisk)(role, process_id)
    return disk


def make_clock(parts: Parts, wall: Callable[[], int]) -> Clock:
    clock: Clock = parts.get("clock", Clock)(wall)
    return clock


def make_role(parts: Parts, settings: Settings, process: Process, now_s: float) -> Role:
    """The role as the storage left it."""
    make, storage = parts.get(process.role_name), process.storage
    role: Role
    match process.role_name:
        case "client":
            name = f"{process.id}.{process.incarnation}"
            role = (make or Client)(settings, name, now_s)
        case "proposer":
            role = (make or Proposer)(settings, process.id, now_s, storage.round)
        case "acceptor":
            role = (make or Acceptor)(
                settings, storage.promised, storage.votes, storage.trimmed, process.id
            )
        case _:
            role = (make or Learner)(settings, now_s, process.id)
    return role
