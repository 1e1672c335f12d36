"""Where a role stands, for whoever runs the cluster. Nothing of the protocol depends on it.

A role is asked now and then (`Role.standing`), and answers from what it knows at that moment.
"""

from msgspec import Struct

from paxos.core.ballot import NO_BALLOT, Ballot


class Standing(Struct, frozen=True, kw_only=True):
    """What a role knows of the log. What a role has nothing to say of is 0."""

    ballot: Ballot = NO_BALLOT
    """Of a proposer, the one that it leads with, or the highest that it has heard of; of an
    acceptor, its promise."""
    leads: bool = False
    """A proposer believes that it leads. Several may, and the one with the highest ballot does."""
    prefix: int = 0
    """Instances from the first on: of a learner, delivered; of a proposer, known to be chosen; of
    an acceptor, trimmed."""
    top: int = 0
    """The highest instance that was begun, as far as it knows; of an acceptor, that it voted in."""
    values: int = 0
    """Delivered: of a learner; of a client, of its own, as far as it knows."""
    pending: int = 0
    """Of a client, values that are not known to be delivered; of a proposer, values that wait to be
    proposed; of a learner, instances that it has learned and cannot deliver yet, as an earlier one
    is missing; of an acceptor, votes that it keeps."""
    kept: int = 0
    """Of a learner that keeps checkpoints: instances from the first on that are in the newest one;
    0: there is none."""
    kept_us: int = 0
    """How long that has been there, in microseconds."""
    giver: int = 0
    """Of a learner that cannot go on without another one's checkpoint: that one; ..."""
    taken_percent: int = 0
    """... and how much of it is here."""
