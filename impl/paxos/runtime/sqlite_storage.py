"""Stable storage in SQLite: a database for each acceptor and proposer, one commit per step.

Three files in the data folder, for acceptor 1: `acceptor-1.db`, its write-ahead log
`acceptor-1.db-wal`, and `acceptor-1.commits`, which holds the number of commits; and files with its
large batches (`paxos.runtime.batch_files`), which are on the disk before a commit. SQLite takes a
damaged log for a shorter one: commits would be gone, and nobody would notice. The number beside
it tells. It is written after each commit and not forced to disk: when the process is killed it
stands, and after a power cut it may be behind, which says nothing wrong.

The log of an acceptor is written to its full size, with zeros, when it is opened
(`paxos.runtime.full_log`), and commits overwrite it. What is forced, and when, is the same:
`synchronous` is FULL, and a commit returns when the log with it is on the disk. SQLite begins the
log again from its first page when all of it is in the database, and takes nothing for a commit that
lacks the salt of this beginning and the checksum of all before it: neither zeros nor what is left
of an earlier round.

Whatever is opened is verified whole. What is not exactly what was committed is refused with an
`InputError`, never repaired, and never replaced by an empty state.
"""

import json
import os
import secrets
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NoReturn

from paxos.core.ballot import Ballot
from paxos.core.names import Member
from paxos.core.step import VoteWrite, Write
from paxos.errors import InputError, reason
from paxos.runtime.batch_files import BatchFiles, segments_of
from paxos.runtime.clock import Clock
from paxos.runtime.folders import sync_folder, sync_names
from paxos.runtime.full_log import fill_log
from paxos.runtime.records import (
    FORMAT,
    StateRecord,
    decode_commits,
    decode_state,
    encode_commits,
    encode_state,
)
from paxos.runtime.sqlite_votes import TABLE, Row, SqliteVotes
from paxos.runtime.storage import DurableState

APPLICATION_ID = 0x5061786F  # "Paxo": what SQLite's header says the database is for

PAGE_BYTES = 8_192
"""A commit writes whole pages, each with a checksum: of larger ones, a small vote costs more. Of
pages of 4 KiB, which is usual, a large one does."""

CHECKPOINT_PAGES = 250
"""The write-ahead log is moved into the database when it has so many pages: seldom, but not so much
at a time that the acceptor, or others on this disk, are kept waiting for long."""

LOG_PAGES = CHECKPOINT_PAGES + 400
"""What a log of full size has room for: it is begun again at the first commit after
`CHECKPOINT_PAGES`, and the commit that reached them may have been that much larger. One that was
larger still makes the log longer for this life."""

_TABLES = {
    "identity": "CREATE TABLE identity (text TEXT NOT NULL)",
    "state": "CREATE TABLE state (one INTEGER PRIMARY KEY, state BLOB NOT NULL)",
    "votes": TABLE,
}

_PUT_STATE = "INSERT OR REPLACE INTO state VALUES (1, ?)"
_PUT_VOTE = "INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TRIM_VOTES = "DELETE FROM votes WHERE instance <= ?"

_NOT_DAMAGE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)

Identity = Mapping[str, str | int | bool]
"""Whose state it is: `role`, `id`, and what makes the cluster."""


class SqliteStorage(DurableState):
    """The state of one acceptor or proposer on disk. While it is open, nobody else can open it."""

    votes: SqliteVotes

    def __init__(
        self, folder: Path, identity: Identity, clock: Clock, *, log_pages: int = 0
    ) -> None:
        """Open the storage in `folder`, or make it if it was never there; `clock` is moved beyond
        the time at which it was last written. The log is given room for `log_pages` pages: see
        `LOG_PAGES`. Raises `InputError`: it cannot be made or read, it is in use, it is another
        process's, or it is damaged."""
        super().__init__()
        self.incarnation = 0
        member = Member(str(identity["role"]), int(identity["id"]))
        self._process = member.words
        self._identity = dict(identity)
        self._identity_text = json.dumps(self._identity)
        self._clock = clock
        self._record = StateRecord()
        self.path = folder / f"{member}.db"
        self._commits_path = folder / f"{member}.commits"
        try:
            with ExitStack() as opened:
                folder.mkdir(parents=True, exist_ok=True)
                self.is_new = self._is_new()
                self._commits_fd = os.open(self._commits_path, os.O_RDWR)
                opened.callback(os.close, self._commits_fd)
                self._database = opened.enter_context(closing(self._connect()))
                self._batches = opened.enter_context(closing(BatchFiles(folder, f"{member}")))
                self.votes = SqliteVotes(self._database, self._batches, str(self.path))
                self._open()
                if log_pages:
                    fill_log(self._logs()[0], log_pages, PAGE_BYTES)
                self._opened = opened.pop_all()
        except OSError as error:
            where = error.filename or folder
            raise InputError(f"storage {where}: {reason(error)}") from error
        except (sqlite3.Error, struct.error, TypeError, ValueError) as error:
            self._explain(error)

    def _explain(self, error: Exception) -> NoReturn:
        """Opening has failed: because of where the files are, or because of what is in them."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise InputError(
                f"storage {self.path} is in use: {self._process} is running, or was paused; end "
                "that process first, or give this one another id"
            ) from error
        if code in _NOT_DAMAGE:
            raise InputError(
                f"storage {self.path}: {_reason(error)}; see to it that {self._process} may read "
                "and write there, that there is room, and that `ulimit -n` lets it open the files"
            ) from error
        self._refuse(f"{self.path} is damaged: {_reason(error)}")

    @property
    def commits(self) -> int:
        """How many commits were made, in all incarnations."""
        return self._record.commits

    def acceptor_votes(self) -> SqliteVotes:
        """No copy: it has apart what is not saved."""
        return self.votes

    def ballot(self, instance: int) -> Ballot | None:
        return self.votes.ballot(instance)

    # Opening.

    def _is_new(self) -> bool:
        """Whether there is nothing yet; then begin with the file for the number of commits. Until
        the first commit it says 0, so one that was interrupted before is begun again."""
        parts = [self.path, self._commits_path, *self._logs()]
        batches = list(segments_of(self.path.parent, self.path.stem).values())
        there = [*(path for path in parts if path.exists()), *batches]
        if not there:
            sync_names(self.path.parent.resolve())
            _make_whole(self._commits_path, encode_commits(0, self._identity_text))
            return True
        if self._commits_path not in there:
            self._refuse(f"{there[0].name} is there, but {self._commits_path} is missing")
        interrupted = self._commits_path.read_bytes() == encode_commits(0, self._identity_text)
        if interrupted and batches:
            self._refuse(f"{batches[0].name} is there, but {self._commits_path} has no commits")
        if self.path in there and self.path.stat().st_size:
            return False
        if not interrupted:
            what = "is empty" if self.path in there else "is missing"
            self._refuse(f"{self.path} {what}, but {self._commits_path.name} is there")
        return True

    def _logs(self) -> list[Path]:
        """Where SQLite keeps what is not in the database yet."""
        return [self.path.with_name(f"{self.path.name}{end}") for end in ("-wal", "-journal")]

    def _connect(self) -> sqlite3.Connection:
        mode = "rwc" if self.is_new else "rw"
        database = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={mode}",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,  # one thread at a time: the node's lock sees to it
        )
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new database
        (journal,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
        if journal != "wal":
            raise InputError(f"storage {self.path}: no write-ahead log is possible there")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        # Votes are no secret, and to overwrite what is deleted would write all of it again.
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("PRAGMA cell_size_check = ON")
        return database

    def _open(self) -> None:
        tables = self._database.execute("SELECT name, sql FROM sqlite_master").fetchall()
        unfinished = encode_commits(0, self._identity_text)
        if self.is_new or (not tables and self._commits_path.read_bytes() == unfinished):
            self.is_new = True
            self._create()
        else:
            self._verify(dict(tables))
        self._batches.check(self._record.storage_id)
        self._clock.resume(self._record.clock)
        self.incarnation = self._record.incarnation

    def _create(self) -> None:
        execute = self._database.execute
        self._record.storage_id = secrets.randbits(63)
        execute("BEGIN IMMEDIATE")
        execute(f"PRAGMA application_id = {APPLICATION_ID}")
        execute(f"PRAGMA user_version = {FORMAT}")
        for table in _TABLES.values():
            execute(table)
        execute("INSERT INTO identity VALUES (?)", (self._identity_text,))
        execute(_PUT_STATE, (self._next_state(),))
        execute("COMMIT")
        execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sync_folder(self.path.parent)
        self._count_commit()
        os.fsync(self._commits_fd)

    # Verifying.

    def _verify(self, tables: dict[str, str]) -> None:
        """Read everything; refuse what is not exactly what was committed."""
        database = self._database
        (application,) = database.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            self._refuse(f"{self.path} is no storage of this program")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            raise InputError(
                f"storage {self.path} has format {version}, but this program reads and writes "
                f"format {FORMAT}; use the program that wrote it"
            )
        if tables != _TABLES:
            self._refuse(f"{self.path} is damaged: its tables are not those that were made")
        problems = [text for (text,) in database.execute("PRAGMA quick_check(1)")]
        if problems != ["ok"]:
            self._refuse(f"{self.path} is damaged: {_one_line(problems[0])}")
        self._check_identity()
        self._read_rows()
        self._check_commits()
        database.execute("BEGIN IMMEDIATE")  # can it be written, too?
        database.execute("UPDATE state SET state = state")
        database.execute("ROLLBACK")

    def _check_identity(self) -> None:
        ((text,),) = self._database.execute("SELECT text FROM identity").fetchall()
        if text == self._identity_text:
            return
        theirs = json.loads(text)
        for key in (*self._identity, *theirs):  # a switch that is off may be left out
            mine, other = self._identity.get(key, False), theirs.get(key, False)
            if other != mine:
                raise InputError(
                    f"storage {self.path} is another's: `{key}` is {other} there, and {mine} here; "
                    "use the configuration and the id that it was written with, or "
                    "another data folder for another cluster"
                )
        self._refuse(f"{self.path} is damaged: it does not say whose it is")

    def _read_rows(self) -> None:
        """All votes, and the newest state, which sums them up; each row once, as a vote is long."""
        states = [state for (state,) in self._database.execute("SELECT state FROM state")]
        states += self.votes.verify()
        records = [decode_state(state, self._identity_text) for state in states]
        if not records or None in records:
            self._refuse(f"{self.path} is damaged: the state does not have its digest")
        self._record = max(filter(None, records), key=lambda record: record.commits)
        self.promised = self._record.promised
        self.round = self._record.round
        self.trimmed = self._record.trimmed
        if (self.votes.rows, self.votes.digest) != (self._record.votes, self._record.votes_digest):
            self._refuse(f"{self.path} is damaged: its votes are not those that were cast")

    def _check_commits(self) -> None:
        counted = decode_commits(self._commits_path.read_bytes(), self._identity_text)
        if counted is None:
            self._refuse(f"{self._commits_path} is damaged or another process's")
        if counted > self._record.commits:
            self._refuse(
                f"{self.path} has lost commits: it has {self._record.commits} of at least {counted}"
            )

    def _refuse(self, what: str) -> NoReturn:
        """There was a state, and it cannot be known."""
        raise InputError(f"storage {what}; {lost(self._process)}")

    # Writing.

    def begin(self, incarnation: int) -> None:
        self.incarnation = incarnation
        self.save([])

    def save(self, writes: Sequence[Write]) -> None:
        trimmed = self.trimmed
        voted = {write.vote.instance for write in writes if isinstance(write, VoteWrite)}
        self.apply(writes)
        votes = self.votes.take(voted, trimmed, self.trimmed)
        try:
            self._commit(votes, trims=self.trimmed != trimmed)
            self._count_commit()
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {_reason(error)}") from error
        self.votes.are_saved(votes)

    def _commit(self, votes: list[Row], *, trims: bool) -> None:
        """Write all of it, with the state. A statement by itself is a transaction."""
        execute, state = self._database.execute, self._next_state()
        if votes:
            votes[-1] = (*votes[-1][:-1], state)
            if len(votes) == 1 and not trims:
                execute(_PUT_VOTE, votes[0])
                return
        execute("BEGIN IMMEDIATE")
        if trims:
            execute(_TRIM_VOTES, (self.trimmed,))
        if votes:
            self._database.executemany(_PUT_VOTE, votes)
        else:
            execute(_PUT_STATE, (state,))
        execute("COMMIT")

    def _next_state(self) -> bytes:
        """The state one commit on. After `SqliteVotes.take`: it sums up the votes."""
        record = self._record
        record.incarnation = self.incarnation
        record.commits += 1
        record.promised_round, record.promised_proposer = self.promised
        record.round = self.round
        record.trimmed = self.trimmed
        record.clock = self._clock.last
        record.votes, record.votes_digest = self.votes.rows, self.votes.digest
        return encode_state(record, self._identity_text)

    def _count_commit(self) -> None:
        os.pwrite(self._commits_fd, encode_commits(self._record.commits, self._identity_text), 0)

    def close(self) -> None:
        self._opened.close()


def lost(process: str) -> str:
    """What is to be done when the state of a process is not what it was."""
    return (
        f"what {process} promised is lost with it, so it must not run in this cluster again unless "
        "all its files are put back as they were"
    )


def _reason(error: Exception) -> str:
    """What SQLite says, with its name for it."""
    name = getattr(error, "sqlite_errorname", None)
    return _one_line(str(error)) + (f" ({name})" if name else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _make_whole(path: Path, content: bytes) -> None:
    """Make a file durable that is there with all of `content`, or not at all. Raises
    `FileExistsError` if somebody else has made it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(unfinished)
    finally:
        unfinished.unlink()
    sync_folder(path.parent)
