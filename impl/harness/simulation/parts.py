"""What a simulated process is made of: the real parts, or others in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from harness.simulation.disk import Disk, PlainDisk
from harness.simulation.keeper import Keeper
from harness.simulation.process import Process
from harness.simulation.scheduler import Scheduler
from paxos.core.acceptor import Acceptor
from paxos.core.client import Client
from paxos.core.learner import Learner
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.runtime.clock import Clock

Parts = Mapping[str, Callable[..., Any]]
"""Constructors to use in place of the real ones, by what they make: a role, `disk`, `clock`,
`keeper` or `process`; this is how bugs are planted. And `store`, without which learners keep no
checkpoints."""


class Assembly(Scheduler):
    """Time, and what the processes in it are made of."""

    def __init__(self, seed: int, settings: Settings, parts: Parts) -> None:
        super().__init__()
        self.seed = seed
        self.settings = settings
        self.parts = parts

    def random(self, stream: str) -> Random:
        """A stream of random numbers of its own."""
        return Random(f"{self.seed}/{stream}")

    def make_disk(self, role: str, process_id: int) -> Disk:
        disk: Disk = self.parts.get("disk", PlainDisk)(role, process_id)
        return disk

    def make_keeper(self, process: Process) -> Keeper | None:
        """Of a learner, if learners keep checkpoints and there is a place for them."""
        store = self.parts.get("store")
        if process.role_name != "learner" or not self.settings.checkpoints or store is None:
            return None
        make, random = self.parts.get("keeper", Keeper), self.random(f"keeper/{process.id}")
        keeper: Keeper = make(process, store(process.id), random)
        return keeper

    def make_clock(self, wall: Callable[[], int]) -> Clock:
        clock: Clock = self.parts.get("clock", Clock)(wall)
        return clock

    def make_role(self, process: Process) -> Role:
        """The role as the storage left it."""
        make, storage = self.parts.get(process.role_name), process.storage
        settings = self.settings
        if len(process.together) > 1:
            settings = replace(settings, own_acceptor=process.id)
        role: Role
        match process.role_name:
            case "client":
                role = (make or Client)(
                    settings,
                    process.name.client,
                    self.now_s,
                    wants_places=process.id % 2 == 1,  # the others are done without
                )
            case "proposer":
                role = (make or Proposer)(settings, process.id, self.now_s, storage.round)
            case "acceptor":
                votes = storage.acceptor_votes()
                role = (make or Acceptor)(
                    settings, storage.promised, votes, storage.trimmed, process.id
                )
            case _:
                make = partial(make or Learner, incarnation=process.incarnation)
                arguments, keeper = (settings, self.now_s, process.id), process.keeper
                role = keeper.make(make, *arguments) if keeper else make(*arguments)
        return role
