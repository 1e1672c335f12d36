"""The checkpoints of a simulated learner, in the real store, and giving them to others.

What the runtime does in threads and children takes simulated time here, and a crash may come in the
middle of each: while a snapshot is on its way to the disk, when it is durable and nobody was told,
while a checkpoint is received, or when it was received and is not installed.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import partial
from itertools import islice
from random import Random
from typing import Protocol

from harness.simulation.disk import Store
from harness.simulation.state_machine import Machine
from harness.simulation.surroundings import Surroundings
from paxos.core.checkpoint import Snapshot, encode_snapshot
from paxos.core.learner import Learner
from paxos.core.messages import Group, Message, SnapshotPart
from paxos.core.names import Member
from paxos.core.role import Role
from paxos.core.step import Step, Transferred
from paxos.errors import InputError
from paxos.runtime.checkpoint_file import CheckpointFile, DamagedError
from paxos.runtime.checkpoint_store import CheckpointStore, checkpoints_in
from paxos.runtime.incoming import Incoming
from paxos.runtime.receiving import Receiving

DURATIONS_S = (0.0002, 0.002, 0.02, 0.1)
"""How long a disk may take for a checkpoint, in the mean."""

FOR_A_DAMAGE = 2
"""So many checkpoints: where the only one is damaged, somebody has to look at it."""


class Fate(Enum):
    """What becomes of a snapshot on its way to the disk."""

    DURABLE = "made durable"
    DISK_FULL = "met a full disk"
    CRASH_BEFORE = "lost in a crash"
    CRASH_AFTER = "durable in a crash"


class Kept(Protocol):
    """The process that it is of."""

    member: Member
    incarnation: int
    role: Role | None
    machine: Machine

    @property
    def world(self) -> Surroundings: ...

    def act(self, action: Callable[[float], None]) -> bool: ...

    def restore(self, state: Iterable[bytes], position: int) -> None: ...

    def crash(self) -> None: ...


class Keeper:
    """What one learner has of checkpoints, through all its incarnations."""

    def __init__(self, process: Kept, place: Store, random: Random) -> None:
        self._process = process
        self._place = place
        self._random = random
        self._mean_s = random.choice(DURATIONS_S)
        self.fates: list[Fate] = [Fate.DURABLE]
        """One of which becomes of the next snapshot."""
        self.furthest = 0
        """The highest prefix that was ever durable here."""
        self._durable = 0
        """The highest prefix that is durable here."""
        self.on_way: tuple[Snapshot, bytes] | None = None
        """A snapshot that is not durable yet, and the application's state with it."""
        self._store: CheckpointStore | None = None
        self._receiving: Receiving | None = None
        self._verified: Incoming | None = None  # the last one of which all was here
        self._files: dict[bytes, bytes] = {}  # what may be asked for, by digest

    @property
    def store(self) -> CheckpointStore:
        """Open while the process runs."""
        assert self._store, "the process runs"
        return self._store

    @property
    def is_behind(self) -> bool:
        """Whether its folder was lost, and it has not come as far again since."""
        return self._durable < self.furthest

    def lose_folder(self) -> None:
        """All that was durable is gone; the process is down."""
        assert self._store is None, "it is down"
        if self._place.folder.is_dir():  # or it is lost already
            shutil.rmtree(self._place.folder)
        self._durable = 0

    def damage_newest(self) -> bool:
        """A bit of the newest checkpoint changes; the process is down. False: there is no other one
        to go on from, and it starts no more."""
        assert self._store is None, "it is down"
        folder = self._place.folder
        found = checkpoints_in(folder, self._process.member) if folder.is_dir() else {}
        if len(found) < FOR_A_DAMAGE:
            return False
        (_, newest), (before, _) = islice(found.items(), 2)
        data = bytearray(newest.read_bytes())
        data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        newest.write_bytes(data)
        self._durable = before
        return True

    # Incarnations.

    def open(self) -> None:
        """The process begins: so does its machine, with the state of the newest checkpoint."""
        self._store = self._place.open()
        self._files.clear()
        if newest := self._store.newest:
            self._process.restore(newest.application(), newest.position)

    def make(self, make: Callable[..., Learner], *arguments: object) -> Learner:
        """The learner's role, as the newest checkpoint left it."""
        newest = self.store.newest
        snapshot = newest.snapshot() if newest else None
        learner = make(*arguments, keeps=True, shares=True, snapshot=snapshot)
        self._offer(learner)
        assert learner.transfer, "it shares them"
        self._receiving = Receiving(self.store, learner.transfer.taker)
        if learner.transfer.taker.share:
            self._note("transfers resumed")
        return learner

    def come_back(self) -> None:
        """The learner begins, as another one if its newest checkpoint was given, or is damaged."""
        self._learner().come_back(giver=self.store.giver)

    def lose(self) -> None:
        """The process crashes. A child that was writing ends as well, sooner or later."""
        if self._store is None:
            return
        if self.on_way:
            self._end_child(*self.on_way)
        if self._receiving:
            self._receiving.leave()
        if self._verified:
            self._verified.leave()
        self._store.close()
        self._store = self.on_way = self._receiving = self._verified = None

    def _end_child(self, snapshot: Snapshot, state: bytes) -> None:
        if self._random.random() < 0.5:
            self._note("crash after a checkpoint")
            self._write(snapshot, state)
            return
        self._note("crash within a checkpoint")
        whole = encode_snapshot(snapshot) + state
        name = f"{self._process.member}.1.tmp"
        (self._place.folder / name).write_bytes(whole[: self._random.randint(0, len(whole))])

    # Snapshots that are taken.

    def take(self, snapshot: Snapshot) -> None:
        """The machine has come to the place of a snapshot."""
        self.on_way = snapshot, self._process.machine.snapshot()
        fate = self._random.choice(self.fates)
        arrive = partial(self._arrive, self._process.incarnation, snapshot.prefix, fate)
        self._process.world.after(self._draw_s(), arrive)

    def _draw_s(self) -> float:
        """How long the disk takes for a checkpoint."""
        return self._random.expovariate(1 / self._mean_s)

    def _arrive(self, incarnation: int, prefix: int, fate: Fate) -> None:
        """The disk has done what it does for a snapshot. If what was wrong has ended meanwhile, it
        is durable: nobody is there any more to start again what would crash."""
        if self._is_gone(incarnation) or self.on_way is None or self.on_way[0].prefix != prefix:
            return
        if fate not in self.fates:
            fate = Fate.DURABLE
        snapshot, state = self.on_way
        if fate is not Fate.DURABLE:
            self._note(f"checkpoints that {fate.value}")
        match fate:
            case Fate.CRASH_BEFORE:
                self._process.crash()
            case Fate.CRASH_AFTER:
                self._write(snapshot, state)
                self.on_way = None
                self._process.crash()
            case Fate.DISK_FULL:
                self._end(incarnation, prefix, self._write(snapshot, _full_disk(state)))
            case Fate.DURABLE:
                self._end(incarnation, prefix, self._write(snapshot, state))

    def _write(self, snapshot: Snapshot, state: bytes | Iterator[bytes]) -> bool:
        """Make a checkpoint; False if the disk is full."""
        pieces = iter([state]) if isinstance(state, bytes) else state
        try:
            self.store.adopt(self.store.write(snapshot, pieces))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        self._is_durable(snapshot.prefix)
        return True

    def _is_durable(self, prefix: int) -> None:
        self._durable = max(self._durable, prefix)
        self.furthest = max(self.furthest, prefix)

    def _end(self, incarnation: int, prefix: int, durable: bool) -> None:
        """Tell the role what came of a snapshot."""
        self.on_way = None
        self._tell(incarnation, partial(self._kept, prefix, durable))

    def _kept(self, prefix: int, durable: bool, now_s: float) -> None:
        learner = self._learner()
        learner.kept_checkpoint(prefix, now_s, durable=durable)
        self._offer(learner)

    # Those of others.

    def transfer(self, step: Step) -> Iterator[tuple[Group, Message]]:
        """Do what the role wants done for a transfer; the parts that are to be sent."""
        assert self._receiving, "the process runs"
        self._receiving.keep(step.kept)
        if step.transferred:
            self._verified = incoming = self._receiving.take()
            receive = partial(self._receive, self._process.incarnation, step.transferred, incoming)
            self._process.world.after(self._draw_s(), receive)
        for read in step.reads:
            if (file := self._files.get(read.digest)) is not None:
                data = file[read.offset : read.offset + read.size]
                yield Group.LEARNERS, SnapshotPart(read.digest, read.number, data)

    def _receive(self, incarnation: int, transferred: Transferred, incoming: Incoming) -> None:
        """All of another one's checkpoint is here: is it whole? The learner goes on meanwhile."""
        if self._is_gone(incarnation):
            return
        try:
            found, snapshot = self.store.verify(incoming)
        except (InputError, DamagedError):
            self._note("checkpoints refused")
            incoming.close()
            self._tell(incarnation, partial(self._learner().refuse_snapshot, is_wrong=True))
            return
        if self._random.choice(self.fates) is Fate.CRASH_AFTER:
            self._note("crash before a snapshot is installed")
            if snapshot.prefix > self._learner().prefix:
                self._accept(incoming, found, transferred.giver)
            self._process.crash()
            return
        take_over = partial(self._take_over, incoming, found, snapshot, transferred.giver)
        self._process.world.after(self._draw_s(), self._tell, incarnation, take_over)

    def _accept(self, incoming: Incoming, found: CheckpointFile, giver: int) -> None:
        """It is a checkpoint of this one now."""
        self.store.accept(incoming, found, giver)
        self._is_durable(found.prefix)

    def _take_over(
        self,
        incoming: Incoming,
        found: CheckpointFile,
        snapshot: Snapshot,
        giver: int,
        now_s: float,
    ) -> None:
        """As the runtime does (`paxos.runtime.transferring`): what the learner has passed meanwhile
        becomes no checkpoint of it."""
        if snapshot.prefix > self._learner().prefix:
            self._accept(incoming, found, giver)
        else:
            incoming.close()
        self._install(snapshot, giver, now_s)

    def _install(self, snapshot: Snapshot, giver: int, now_s: float) -> None:
        learner = self._learner()
        is_new = learner.install(snapshot, giver, now_s)
        self._note("snapshots installed" if is_new else "snapshots received too late")
        self._offer(learner)

    def _tell(self, incarnation: int, action: Callable[[float], None]) -> None:
        """Have something done to the role as soon as it goes on."""
        if not self._is_gone(incarnation) and not self._process.act(action):
            self._process.world.after(0.001, self._tell, incarnation, action)

    def go_on(self) -> None:
        """The machine goes on from the newest checkpoint, which is another one's."""
        newest = self.store.newest
        assert newest, "it was installed"
        self._process.restore(newest.application(), newest.position)

    # What it has.

    def _offer(self, learner: Learner) -> None:
        """Tell the role which checkpoint there is for others."""
        newest = self.store.newest
        if newest is None or learner.transfer is None:
            return
        giver = learner.transfer.giver
        self._files[newest.digest] = newest.read(0, newest.bytes)
        giver.has(newest.prefix, newest.position, newest.digest, newest.bytes)
        kept = {newest.digest, giver.serving.digest if giver.serving else newest.digest}
        self._files = {digest: self._files[digest] for digest in self._files if digest in kept}

    def _learner(self) -> Learner:
        role = self._process.role
        assert isinstance(role, Learner), "others keep nothing"
        return role

    def _is_gone(self, incarnation: int) -> bool:
        process = self._process
        return process.role is None or process.incarnation != incarnation

    def _note(self, what: str) -> None:
        self._process.world.injected[what] += 1


def _full_disk(state: bytes) -> Iterator[bytes]:
    yield state
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
