"""How many states the model `paxos-3-ballots` has, counted without TLC and without its module.

What was proposed and voted for is all that there is in a state when all acceptors have answered in
the ballots that have begun. In one instance that is, for each of these ballots, nothing, or a value
and the set of those who voted for it; instances have nothing to do with one another. States that
differ in the names of acceptors and values only are one: by Burnside's lemma there are as many as a
renaming leaves unchanged, on average.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations, product

ACCEPTORS, VALUES = range(3), range(2)
QUORUMS = list(combinations(ACCEPTORS, 2))
RENAMINGS = list(product(permutations(ACCEPTORS), permutations(VALUES)))
SOME = [frozenset(who) for size in (1, 2) for who in combinations(ACCEPTORS, size)]
"""Acceptors, but not all of them."""

Proposal = tuple[int, frozenset[int]] | None
"""Of a ballot: its value, and who voted for it."""
History = tuple[Proposal, ...]
"""Of one instance, by ballot."""


def allowed(history: History) -> set[int]:
    """The values that the next ballot may propose: any where a quorum reports no vote, and else
    that of a last vote which none that the quorum reports is above."""
    last = {
        acceptor: (ballot, proposal[0])
        for ballot, proposal in enumerate(history)
        if proposal
        for acceptor in proposal[1]
    }
    values: set[int] = set()
    for quorum in QUORUMS:
        reported = [last[acceptor][0] for acceptor in quorum if acceptor in last]
        if not reported:
            return set(VALUES)
        values |= {value for ballot, value in last.values() if ballot >= max(reported)}
    return values


def longer(history: History) -> Iterator[History]:
    """With one ballot more."""
    yield (*history, None)
    for value in allowed(history):
        for who in [frozenset[int](), *SOME, frozenset(ACCEPTORS)]:
            yield (*history, (value, who))


def renamed(history: History, acceptors: tuple[int, ...], values: tuple[int, ...]) -> History:
    return tuple(
        proposal and (values[proposal[0]], frozenset(acceptors[a] for a in proposal[1]))
        for proposal in history
    )


def nameless(histories: list[History], instances: int) -> tuple[int, int]:
    """The states with one of the histories in each instance, but for names; and the same where some
    acceptors, and not all, have answered in a further ballot."""
    states = answering = 0
    for acceptors, values in RENAMINGS:
        same = sum(renamed(history, acceptors, values) == history for history in histories)
        some = sum(frozenset(acceptors[a] for a in who) == who for who in SOME)
        states += same**instances
        answering += same**instances * some
    return states // len(RENAMINGS), answering // len(RENAMINGS)


def count(ballots: int, instances: int) -> int:
    """All states. Ballot 1 is answered by all; of those above it any may be passed over."""
    histories: list[History] = [()]
    _, total = nameless(histories, instances)
    for begun in range(1, ballots + 1):
        # The last of these is any ballot that leaves room for those before it.
        ways = len(list(combinations(range(2, ballots + 1), begun - 1)))
        histories = [more for history in histories for more in longer(history)]
        states, answering = nameless(histories, instances)
        total += ways * states
        total += answering * len(list(combinations(range(2, ballots + 1), begun)))
    # Before: none or one of the values is broadcast; then any of the 1a are sent.
    return total + 2 + (1 << ballots)
