"""The digests of what is in storage: each covers every field that there is, by itself and in the
database."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import get_type_hints

import pytest
from msgspec import structs

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.step import PromiseWrite, RoundWrite, TrimWrite, VoteWrite
from paxos.errors import InputError
from paxos.runtime.batch_files import MUCH_BYTES
from paxos.runtime.clock import Clock
from paxos.runtime.records import (
    IN_ROW,
    Place,
    StateRecord,
    decode_commits,
    decode_state,
    encode_commits,
    encode_state,
    vote_digest,
)
from paxos.runtime.sqlite_storage import _TABLES, SqliteStorage

IDENTITY: dict[str, str | int | bool] = {"role": "acceptor", "id": 1}
MEANS_NOTHING = {("state", "one")}
"""The key of a table of one row."""


def test_the_digest_of_a_vote_covers_every_field_of_it() -> None:
    vote = Vote(3, Ballot(5, 2), b"batch")
    assert get_type_hints(Ballot).keys() == {"round", "proposer"}
    others = [
        *(structs.replace(vote, ballot=vote.ballot._replace(**{f: 9})) for f in Ballot._fields),
        structs.replace(vote, instance=9),
        structs.replace(vote, batch=b"other"),
        structs.replace(vote, ballot=Ballot(vote.ballot.proposer, vote.ballot.round)),
    ]
    assert Vote.__struct_fields__ == ("instance", "ballot", "batch"), "one of each"
    digests = {vote_digest(one, IN_ROW) for one in (vote, *others)}
    digests |= {vote_digest(vote, IN_ROW._replace(**{field: 9})) for field in Place._fields}
    assert len(digests) == 1 + len(others) + len(Place._fields)


def test_the_state_is_read_only_as_it_was_written() -> None:
    fields = StateRecord.__struct_fields__
    record = StateRecord(**{name: number for number, name in enumerate(fields, 1)})
    data = encode_state(record, "mine")
    assert decode_state(data, "mine") == record
    assert decode_state(data, "other") is None
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        assert decode_state(bytes(damaged), "mine") is None
    assert [decode_state(end, "mine") for end in (b"", data[:-1], data + b"\0")] == [None] * 3


def test_the_number_of_commits_is_read_only_as_it_was_written() -> None:
    data = encode_commits(7, "mine")
    assert decode_commits(data, "mine") == 7
    assert decode_commits(data, "other") is None
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        assert decode_commits(bytes(damaged), "mine") is None
    assert decode_commits(data[:-1], "mine") is None


def open_storage(folder: Path) -> SqliteStorage:
    return SqliteStorage(folder, IDENTITY, Clock())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage in which no field has its default."""
    folder = tmp_path_factory.mktemp("storage")
    storage = open_storage(folder)
    storage.begin(1)
    storage.save([PromiseWrite(Ballot(3, 2)), RoundWrite(2), TrimWrite(2)])
    small, large = b"batch", b"batch" * MUCH_BYTES
    storage.save([VoteWrite(Vote(n, Ballot(4, 3), b)) for n, b in ((3, small), (8, large))])
    storage.close()
    return folder


def columns() -> list[tuple[str, str]]:
    """Every column of every table."""
    with closing(sqlite3.connect(":memory:")) as database:
        for table in _TABLES.values():
            database.execute(table)
        return [
            (table, column)
            for table in _TABLES
            for _, column, *_ in database.execute(f"PRAGMA table_info({table})")
        ]


def changed(old: int | str | bytes, by: int) -> int | str | bytes:
    """Something else of the same type."""
    match old:
        case int():
            return old + by
        case str():
            return old + " "
        case _:
            return old + b"x"


@pytest.mark.parametrize(("table", "column"), columns())
@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("instance", [3, 8])
def test_no_column_can_be_changed_without_notice(
    tmp_path: Path, written: Path, table: str, column: str, by: int, instance: int
) -> None:
    shutil.copytree(written, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "acceptor-1.db")) as database:
        where = f"instance = {instance}" if table == "votes" else "true"
        (old,) = database.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
        new = changed(old, by)
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (new,))
        database.commit()
    if (table, column) in MEANS_NOTHING:
        open_storage(tmp_path / "copy").close()
        return
    with pytest.raises(InputError):
        open_storage(tmp_path / "copy")
