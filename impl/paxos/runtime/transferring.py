"""The files behind transfers of checkpoints (`paxos.core.transfer`): parts of the learner's own are
read for others, parts of another's are kept until all are there, and verified as a whole.

Used under the node's lock, but for the verifying, which takes long and has a thread of its own.
What was verified gets its name, by which it is a checkpoint, under the lock again, with the step in
which the learner goes on from it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from paxos.core.checkpoint import Snapshot, SnapshotError
from paxos.core.messages import SnapshotPart
from paxos.core.step import PartRead, Step, Transferred
from paxos.errors import InputError, reason
from paxos.runtime.checkpoint_file import CheckpointFile, DamagedError
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.incoming import Incoming
from paxos.runtime.notice import Notice
from paxos.runtime.receiving import Receiving
from paxos.runtime.report import say

if TYPE_CHECKING:  # a learner's module is loaded by learners alone
    from paxos.core.learner import Learner

Act = Callable[[Callable[[float], object]], None]
"""Has an action, given the time, done to the learner, and the step that comes of it."""


class Transferring:
    """Of one learner that gives its checkpoints to others, and takes theirs."""

    def __init__(self, store: CheckpointStore, name: str, learner: Learner) -> None:
        """`learner` shares its checkpoints."""
        assert learner.transfer
        self._store = store
        self._name = name
        self._learner = learner
        self._giver = learner.transfer.giver
        self._given: dict[bytes, CheckpointFile] = {}  # by digest: open, whatever their names do
        self._receiving = Receiving(store, learner.transfer.taker)
        self._notice = Notice(name, say)
        self.act: Act = lambda action: None
        """Set by who drives the learner."""
        self.offer_newest()

    def close(self) -> None:
        """Give and take no more. What is here of another one's stays, for the next life; also where
        it is being verified."""
        for file in self._given.values():
            file.close()
        self._receiving.leave()

    def offer_newest(self) -> None:
        """The store may have another checkpoint since: others are offered the newest, and those
        that nobody takes are let go of."""
        newest = self._store.newest
        if newest and newest.digest not in self._given:
            self._given[newest.digest] = newest.again()
            self._giver.has(newest.prefix, newest.position, newest.digest, newest.bytes)
        offered = {o.digest for o in (self._giver.newest, self._giver.serving) if o}
        for digest in self._given.keys() - offered:
            self._given.pop(digest).close()

    def perform(self, step: Step, now_s: float) -> Sequence[SnapshotPart]:
        """Do what a step wants done; what is to be sent of it, to the learners."""
        try:
            self._receiving.keep(step.kept)
            if step.transferred:
                self._verify(step.transferred)
        except OSError as error:
            text = f"cannot keep another learner's checkpoint: {reason(error)}; it goes on trying"
            self._notice.update("keep", text)
            self._drop(now_s)
        return list(self._parts(step.reads))

    def _drop(self, now_s: float) -> None:
        """There is no room for it."""
        self._receiving.forget()
        self._learner.refuse_snapshot(now_s, is_wrong=False)

    def _parts(self, reads: Sequence[PartRead]) -> Iterator[SnapshotPart]:
        for read in reads:
            file = self._given.get(read.digest)
            if file is None:
                continue
            try:
                data = file.read(read.offset, read.size)
            except OSError as error:
                self._notice.update("read", f"cannot read its own checkpoint: {reason(error)}")
                return
            yield SnapshotPart(read.digest, read.number, data)

    def _verify(self, transferred: Transferred) -> None:
        incoming = self._receiving.take()
        work = threading.Thread(target=self._look_at, args=(transferred, incoming), daemon=True)
        work.start()

    def _look_at(self, transferred: Transferred, incoming: Incoming) -> None:
        """In a thread of its own, without the lock."""
        try:
            found, snapshot = self._store.verify(incoming)
            self._try(transferred, found, snapshot)
        except (DamagedError, InputError, SnapshotError, OSError) as error:
            self.act(partial(self._refuse, error, transferred, incoming))
        else:
            self.act(partial(self._install, found, snapshot, transferred, incoming))

    def _try(self, transferred: Transferred, found: CheckpointFile, snapshot: Snapshot) -> None:
        """Raise if it is not what was offered, or no learner can go on from it: found out before it
        is a checkpoint of this one, which would never start again with it."""
        from paxos.core.learner import Learner

        if (found.digest, found.prefix) != (transferred.digest, transferred.prefix):
            raise DamagedError("it is not the one that was offered")
        Learner(self._learner.settings, 0.0, snapshot=snapshot)

    def _refuse(
        self, error: Exception, transferred: Transferred, incoming: Incoming, now_s: float
    ) -> None:
        """If the disk has failed, it may be right, and is taken again."""
        is_wrong = not isinstance(error, OSError)
        why = reason(error) if isinstance(error, OSError) else str(error)
        say(
            f"{self._name}: the checkpoint of learner {transferred.giver} is not used: {why}; "
            "it asks again"
        )
        incoming.close()
        self._learner.refuse_snapshot(now_s, is_wrong=is_wrong)

    def _install(
        self,
        found: CheckpointFile,
        snapshot: Snapshot,
        transferred: Transferred,
        incoming: Incoming,
        now_s: float,
    ) -> None:
        """Make it a checkpoint of this learner, durably, and have the learner go on from it; all
        under the lock, as one that was passed by meanwhile must not become one: nobody was told of
        it, and it is not what the learner had."""
        if snapshot.prefix <= self._learner.prefix:
            incoming.close()
            return
        try:
            self._store.accept(incoming, found, transferred.giver)
        except (InputError, OSError) as error:
            self._refuse(error, transferred, incoming, now_s)
            return
        self._notice.update(None, "", "takes checkpoints of others again")
        self._learner.install(snapshot, transferred.giver, now_s)
        self.offer_newest()
