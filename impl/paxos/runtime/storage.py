"""Stable storage: what acceptors and proposers must find again after a crash.

Here is what any storage is, and the one that keeps nothing. The one on disk is in
`paxos.runtime.sqlite_storage`.
"""

from collections.abc import Collection, MutableMapping, Sequence
from typing import Protocol

from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.messages import Vote
from paxos.core.step import PromiseWrite, RoundWrite, TrimWrite, VoteWrite, Write


class Storage(Protocol):
    """Where a process keeps its durable state. Used under the node's lock."""

    is_new: bool
    """Nothing was kept here before: the process starts for the first time."""
    incarnation: int
    """The last incarnation that began with this state; 0: none."""
    promised: Ballot
    """The acceptor's promise."""
    trimmed: int
    """The acceptor has forgotten its votes in instances `1..trimmed`; 0: in none."""
    round: int
    """The highest round the proposer has used."""

    @property
    def votes(self) -> MutableMapping[int, Vote]:
        """The acceptor's last vote in each instance above `trimmed`."""

    def acceptor_votes(self) -> MutableMapping[int, Vote]:
        """These as the acceptor goes on with them, for it alone. What it puts there or deletes is
        durable when it is saved."""

    def ballot(self, instance: int) -> Ballot | None:
        """That of the vote in an instance; None: there is none."""

    @property
    def commits(self) -> int:
        """How often something was made durable here, in all incarnations; the beginning of each is
        one. 0: nothing ever is."""

    def begin(self, incarnation: int) -> None:
        """Make durable that `incarnation` begins, before it says anything. Raises `OSError`."""

    def save(self, writes: Sequence[Write]) -> None:
        """Make `writes` durable, all in one commit: when this returns, they survive a crash.
        Raises `OSError` if they might not; the process must then stop without a word."""

    def close(self) -> None:
        """Let go of the storage."""


def up_to(instances: Collection[int], trimmed: int, last: int) -> list[int]:
    """Which of `instances`, of which none is below `trimmed + 1`, are at most `last`."""
    if last - trimmed < len(instances):
        return [i for i in range(trimmed + 1, last + 1) if i in instances]
    return [i for i in instances if i <= last]


class DurableState:
    """The state, and what each write does to it."""

    def __init__(self) -> None:
        self.promised = NO_BALLOT
        self.votes: MutableMapping[int, Vote] = {}
        self.trimmed = 0
        self.round = 0

    def apply(self, writes: Sequence[Write]) -> None:
        """Do `writes`, in their order."""
        for write in writes:
            match write:
                case VoteWrite(vote):
                    self.promised = vote.ballot
                    if vote.instance > self.trimmed:
                        self.votes[vote.instance] = vote
                case PromiseWrite(ballot):
                    self.promised = ballot
                case RoundWrite(round):
                    self.round = round
                case TrimWrite(last):
                    for instance in up_to(self.votes, self.trimmed, last):
                        del self.votes[instance]
                    self.trimmed = last

    def acceptor_votes(self) -> MutableMapping[int, Vote]:
        """A copy: here is only what is saved."""
        return dict(self.votes)

    def ballot(self, instance: int) -> Ballot | None:
        """That of the vote in an instance; None: there is none."""
        vote = self.votes.get(instance)
        return vote.ballot if vote else None


class MemoryStorage(DurableState):
    """Keeps everything only as long as the process lives. An acceptor or proposer with this
    storage that crashed must never come back: it would have forgotten what it promised."""

    is_new = True
    incarnation = 0
    commits = 0

    def begin(self, incarnation: int) -> None:
        self.incarnation = incarnation

    def save(self, writes: Sequence[Write]) -> None:
        self.apply(writes)

    def close(self) -> None:
        pass
