"""An acceptor's votes as SQLite has them: on disk, and not in memory as well.

A batch is in its row, or where the row says (`paxos.runtime.batch_files`) if it is large. In memory
are the votes that are not saved yet, and of the others the ballot, the digest and which file has
the batch. Batches are read when somebody asks for them. What is read is held against the digest in
memory: a vote that was damaged since it was verified, or that the disk does not give back, ends the
process before it says anything of it.
"""

import sqlite3
import struct
from collections.abc import Iterator, MutableMapping
from typing import NamedTuple

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.errors import RunError
from paxos.runtime.batch_files import BatchFiles
from paxos.runtime.records import IN_ROW, Place, vote_digest
from paxos.runtime.storage import up_to

TABLE = (
    "CREATE TABLE votes (instance INTEGER PRIMARY KEY, round INTEGER NOT NULL, "
    "proposer INTEGER NOT NULL, batch BLOB NOT NULL, segment INTEGER NOT NULL, "
    "start INTEGER NOT NULL, size INTEGER NOT NULL, digest INTEGER NOT NULL, state BLOB NOT NULL)"
)

_ALL = "SELECT * FROM votes ORDER BY instance"
_ONE = "SELECT round, proposer, batch, segment, start, size FROM votes WHERE instance = ?"

Row = tuple[int, int, int, bytes, int, int, int, int, bytes]
"""Of a vote. Its batch is empty if it is elsewhere. The last of a commit has the state, and the
others an empty one."""


class _Saved(NamedTuple):
    """What is known of a row without reading it."""

    ballot: Ballot
    digest: int
    segment: int


class SqliteVotes(MutableMapping[int, Vote]):
    """The last vote in each instance, by the instance. What is put here or deleted is so at once to
    whoever looks, and in the table when it is saved."""

    def __init__(self, database: sqlite3.Connection, batches: BatchFiles, where: str) -> None:
        """`where`: the file and whose it is, for the user."""
        self._database = database
        self._batches = batches
        self._where = where
        self._instances: set[int] = set()
        self._unsaved: dict[int, Vote] = {}
        self._saved: dict[int, _Saved] = {}  # all rows, deleted ones until that is saved
        self.digest = 0
        """The digests of all rows, one xor the other."""

    # The table.

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self._saved)

    def verify(self) -> list[bytes]:
        """Read every row once, and keep none of their batches; the states that are in them. Raises
        `ValueError`, `TypeError`, `struct.error`, `OSError` or `sqlite3.Error` if they are
        damaged."""
        states: list[bytes] = []
        for instance, round, proposer, batch, *at, digest, state in self._database.execute(_ALL):
            place = Place(*at)
            vote = self._vote(instance, Ballot(round, proposer), batch, place)
            if digest != vote_digest(vote, place):
                raise ValueError(f"the vote in instance {instance} does not have its digest")
            self._note(vote, digest, place)
            self._instances.add(instance)
            states += [state] if state else []
        return states

    def _vote(self, instance: int, ballot: Ballot, batch: bytes, place: Place) -> Vote:
        """What a row speaks of: its batch is what the row has of it and what is elsewhere, of which
        one is nothing."""
        return Vote(instance, ballot, batch + self._batches.read(place))

    def take(self, voted: set[int], trimmed: int, last: int) -> list[Row]:
        """What is to be written: the votes in the instances `voted`, if they are still there, each
        without a state; and the rows of `trimmed + 1..last`, below which there are none, are to be
        deleted. From here on `rows` and `digest` are those of the commit with this, and the batches
        that are in no row are durable. Raises `OSError` if they might not be."""
        for instance in up_to(self._saved, trimmed, last):
            self._forget(self._saved.pop(instance))
        votes = [self._unsaved[instance] for instance in sorted(voted & self._unsaved.keys())]
        places = self._batches.place([vote.batch for vote in votes])
        rows: list[Row] = []
        for vote, place in zip(votes, places, strict=True):
            digest = vote_digest(vote, place)
            self._note(vote, digest, place)
            batch = vote.batch if place is IN_ROW else b""
            rows.append((vote.instance, *vote.ballot, batch, *place, digest, b""))
        return rows

    def are_saved(self, rows: list[Row]) -> None:
        """The commit with `rows` is made. Raises `OSError`."""
        for instance, *_ in rows:
            del self._unsaved[instance]
        self._batches.remove_unused()

    def _note(self, vote: Vote, digest: int, place: Place) -> None:
        if old := self._saved.get(vote.instance):
            self._forget(old)
        self._saved[vote.instance] = _Saved(vote.ballot, digest, place.segment)
        self.digest ^= digest
        self._batches.hold(place.segment)

    def _forget(self, saved: _Saved) -> None:
        self.digest ^= saved.digest
        self._batches.release(saved.segment)

    # The votes.

    def ballot(self, instance: int) -> Ballot | None:
        """That of the vote in an instance, which is not read for it; None: there is none."""
        if instance not in self._instances:
            return None
        return (self._unsaved.get(instance) or self._saved[instance]).ballot

    def __getitem__(self, instance: int) -> Vote:
        """Raises `KeyError`: there is none; `RunError`: it cannot be read as it was saved."""
        if instance not in self._instances:
            raise KeyError(instance)
        if unsaved := self._unsaved.get(instance):
            return unsaved
        try:
            rows = self._database.execute(_ONE, (instance,)).fetchall()
            why = "it is not there"
            for round, proposer, batch, *at in rows:
                place = Place(*at)
                vote = self._vote(instance, Ballot(round, proposer), batch, place)
                if vote_digest(vote, place) == self._saved[instance].digest:
                    return vote
                why = "it does not have its digest"
        except (sqlite3.Error, struct.error, OSError, TypeError, ValueError) as error:
            why = " ".join(str(error).split())
        raise RunError(
            f"storage {self._where}: the vote in instance {instance} cannot be read as it was "
            f"cast: {why}; start the process again, which verifies all of its storage"
        )

    def __setitem__(self, instance: int, vote: Vote) -> None:
        self._unsaved[instance] = vote
        self._instances.add(instance)

    def __delitem__(self, instance: int) -> None:
        self._instances.remove(instance)
        self._unsaved.pop(instance, None)

    def __contains__(self, instance: object) -> bool:
        return instance in self._instances

    def __iter__(self) -> Iterator[int]:
        return iter(self._instances)

    def __len__(self) -> int:
        return len(self._instances)
