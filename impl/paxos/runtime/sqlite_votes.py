"""An acceptor's votes as SQLite has them: on disk, and not in memory as well.

In memory are the votes that are not saved yet, and of the others the ballot and the digest. Their
batches are read when somebody asks for them. What is read is held against the digest in memory: a
vote that was damaged since it was verified, or that the disk does not give back, ends the process
before it says anything of it.
"""

import sqlite3
import struct
from collections.abc import Iterator, MutableMapping
from typing import NamedTuple

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.errors import RunError
from paxos.runtime.records import vote_digest
from paxos.runtime.storage import up_to

TABLE = (
    "CREATE TABLE votes (instance INTEGER PRIMARY KEY, round INTEGER NOT NULL, "
    "proposer INTEGER NOT NULL, batch BLOB NOT NULL, digest INTEGER NOT NULL, state BLOB NOT NULL)"
)

_SELECT_ALL = "SELECT * FROM votes ORDER BY instance"
_SELECT_ONE = "SELECT round, proposer, batch FROM votes WHERE instance = ?"

Row = tuple[int, int, int, bytes, int, bytes]
"""Of a vote. The last of a commit has the state, and the others an empty one."""


class _Saved(NamedTuple):
    """What is known of a row without reading it."""

    ballot: Ballot
    digest: int


class SqliteVotes(MutableMapping[int, Vote]):
    """The last vote in each instance, by the instance. What is put here or deleted is so at once to
    whoever looks, and in the table when it is saved."""

    def __init__(self, database: sqlite3.Connection, where: str) -> None:
        """`where`: the file and whose it is, for the user."""
        self._database = database
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
        `ValueError`, `TypeError`, `struct.error` or `sqlite3.Error` if they are damaged."""
        states: list[bytes] = []
        for instance, round, proposer, batch, digest, state in self._database.execute(_SELECT_ALL):
            vote = Vote(instance, Ballot(round, proposer), batch)
            if digest != vote_digest(vote):
                raise ValueError(f"the vote in instance {instance} does not have its digest")
            self._note(vote, digest)
            self._instances.add(instance)
            states += [state] if state else []
        return states

    def take(self, voted: set[int], trimmed: int, last: int) -> list[Row]:
        """What is to be written: the votes in the instances `voted`, if they are still there, each
        without a state; and the rows of `trimmed + 1..last`, below which there are none, are to be
        deleted. From here on `rows` and `digest` are those of the commit with this."""
        for instance in up_to(self._saved, trimmed, last):
            self.digest ^= self._saved.pop(instance).digest
        rows: list[Row] = []
        for instance in sorted(voted & self._unsaved.keys()):
            vote = self._unsaved[instance]
            digest = vote_digest(vote)
            self._note(vote, digest)
            rows.append((instance, *vote.ballot, vote.batch, digest, b""))
        return rows

    def are_saved(self, rows: list[Row]) -> None:
        """The commit with `rows` is made."""
        for instance, *_ in rows:
            del self._unsaved[instance]

    def _note(self, vote: Vote, digest: int) -> None:
        if old := self._saved.get(vote.instance):
            self.digest ^= old.digest
        self._saved[vote.instance] = _Saved(vote.ballot, digest)
        self.digest ^= digest

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
            rows = self._database.execute(_SELECT_ONE, (instance,)).fetchall()
            why = "it is not there"
            for round, proposer, batch in rows:
                vote = Vote(instance, Ballot(round, proposer), batch)
                if vote_digest(vote) == self._saved[instance].digest:
                    return vote
                why = "it does not have its digest"
        except (sqlite3.Error, struct.error, TypeError, ValueError) as error:
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
