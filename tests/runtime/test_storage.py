"""Storage: an acceptor or proposer finds again what its steps made durable."""

from __future__ import annotations

from paxos.core.acceptor import Acceptor
from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.messages import Accept, Prepare, Vote
from paxos.core.settings import Settings
from paxos.core.step import PromiseWrite, RoundWrite, VoteWrite
from paxos.runtime.storage import MemoryStorage


def test_empty_at_first() -> None:
    storage = MemoryStorage()
    assert (storage.promised, storage.votes, storage.round) == (NO_BALLOT, {}, 0)


def test_the_last_write_counts() -> None:
    storage = MemoryStorage()
    old, new = Vote(1, Ballot(2, 1), b"old"), Vote(1, Ballot(3, 2), b"new")
    storage.save([PromiseWrite(Ballot(1, 1)), VoteWrite(old), RoundWrite(4)])
    storage.save([VoteWrite(new), RoundWrite(5)])
    assert storage.promised == Ballot(3, 2), "a vote is a promise too"
    assert storage.votes == {1: new}
    assert storage.round == 5


def test_an_acceptor_comes_back_as_it_was() -> None:
    settings, storage = Settings(), MemoryStorage()
    acceptor = Acceptor(settings)
    acceptor.receive(1, Prepare(Ballot(1, 1), 1, 5), 0.0)
    acceptor.receive(1, Accept(Ballot(1, 1), 2, b"\x90"), 0.0)
    acceptor.receive(2, Prepare(Ballot(4, 2), 3, 3), 0.0)
    storage.save(acceptor.flush(0.0).writes)
    again = Acceptor(settings, storage.promised, storage.votes)
    assert (again.promised, again.votes) == (acceptor.promised, acceptor.votes)
