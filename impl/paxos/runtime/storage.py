"""Stable storage: what acceptors and proposers must find again after a crash."""

from collections.abc import Sequence
from typing import Protocol

from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.messages import Vote
from paxos.core.step import PromiseWrite, RoundWrite, TrimWrite, VoteWrite, Write


class Storage(Protocol):
    """Where a process keeps its durable state. Used under the node's lock."""

    promised: Ballot
    """The acceptor's promise."""
    votes: dict[int, Vote]
    """The acceptor's last vote in each instance above `trimmed`."""
    trimmed: int
    """The acceptor has forgotten its votes in instances `1..trimmed`; 0: in none."""
    round: int
    """The highest round the proposer has used."""

    def save(self, writes: Sequence[Write]) -> None:
        """Make `writes` durable, all in one commit: when this returns, they survive a crash.
        Raises `OSError` if they might not."""

    def close(self) -> None:
        """Let go of the storage."""


class MemoryStorage:
    """Keeps everything only as long as the process lives. An acceptor or proposer with this
    storage that crashed must never come back: it would have forgotten what it promised."""

    def __init__(self) -> None:
        self.promised = NO_BALLOT
        self.votes: dict[int, Vote] = {}
        self.trimmed = 0
        self.round = 0

    def save(self, writes: Sequence[Write]) -> None:
        for write in writes:
            match write:
                case PromiseWrite():
                    self.promised = write.ballot
                case VoteWrite():
                    self.promised = write.vote.ballot
                    self.votes[write.vote.instance] = write.vote
                case RoundWrite():
                    self.round = write.round
                case TrimWrite():
                    self.trimmed = write.last
                    self.votes = {i: v for i, v in self.votes.items() if i > write.last}

    def close(self) -> None:
        pass
