"""Ballots: the proposal numbers of Paxos.

A ballot is a pair (round, proposer), ordered by round first. The proposer is part of the number,
so two proposers never use the same one, without talking to each other. A proposer raises the round
above every round it has seen whenever it starts to lead, and makes the round durable before it
uses it, so that it does not use one twice after a restart.
"""

from typing import Annotated, NamedTuple

from msgspec import Meta

LARGEST_INT = 2**53 - 1
"""The largest integer in messages and traces: every JSON reader can hold it."""

Positive = Annotated[int, Meta(ge=1, le=LARGEST_INT)]
Natural = Annotated[int, Meta(ge=0, le=LARGEST_INT)]


class Ballot(NamedTuple):
    """`(round, proposer)`; both at least 1, but for `NO_BALLOT`. Spec: `Ballot` and `Owner`."""

    round: Natural
    proposer: Natural


NO_BALLOT = Ballot(0, 0)
"""Below every ballot: what an acceptor has promised at first."""
