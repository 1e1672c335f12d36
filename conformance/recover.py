"""Recover: a process comes back with what its stable storage kept.

In spec/MultiPaxos.tla the step changes nothing, because promises and votes are durable before
they are sent. A trace can show more: what came back. All that the trace has must be there. What
is there and not in the trace was made durable just before the crash, and nobody has seen it; it
is replayed here as the votes and the promise that it stands for, and their guards must hold.
"""

from __future__ import annotations

from msgspec import UNSET

from conformance.events import MOST, NO_BALLOT, Recover
from conformance.invariants import agreement, votes_below_promise
from conformance.rules import Action, Fault, rule, show_ballot, show_vote
from conformance.state import NO_VOTE, Bal, State, Voted


def _promised(e: Recover) -> Bal:
    return NO_BALLOT if e.promised is UNSET else e.promised


def _votes(e: Recover) -> dict[int, Voted]:
    return {} if e.votes is UNSET else {i: (b, batch) for i, b, batch in e.votes}


def _is_acceptor(s: State, x: object, e: Recover) -> bool:
    return e.process.startswith("acceptor-")


def _unseen(s: State, a: int, e: Recover) -> list[tuple[Bal, int, Voted]]:
    """The recovered votes that the trace does not have, by ballot, then instance."""
    return sorted(
        (vote[0], i, vote)
        for i, vote in _votes(e).items()
        if s.look(i).vote.get(a, NO_VOTE) != vote
    )


@rule(
    "round",
    "a ballot is never used twice",
    "the recovered round is not below one that the proposer used",
)
def round_kept(s: State, p: int, e: Recover) -> Fault | None:
    if not e.process.startswith("proposer-"):
        return None
    used, kept = s.rounds.get(p, 0), 0 if e.round is UNSET else e.round
    return (
        None
        if kept >= used
        else Fault(f"at least round {used}, which proposer {p} used", f"round {kept}")
    )


@rule("promise", "UNCHANGED promised", "the recovered promise is not below the one made")
def promise_kept(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e) or _promised(e) >= s.promised[a]:
        return None
    return Fault(
        f"a promise of at least {show_ballot(s.promised[a])}",
        f"promise: {show_ballot(_promised(e))}",
    )


@rule(
    "votes",
    "UNCHANGED vote",
    "each vote that was cast is recovered, or a later one in its instance",
)
def votes_kept(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e):
        return None
    kept = _votes(e)
    for i in s.voted_in[a].within(1, MOST):
        cast, back = s.look(i).vote.get(a, NO_VOTE), kept.get(i, NO_VOTE)
        if back == NO_VOTE or back[0] < cast[0] or (back[0] == cast[0] and back != cast):
            return Fault(f"in instance {i}: {show_vote(cast)}", show_vote(back))
    return None


@rule(
    "new votes",
    "Accepts(b, i) # {} /\\ b >= promised[a]",
    "a recovered vote that no trace has was due",
)
def unseen_votes(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e):
        return None
    for b, i, vote in _unseen(s, a, e):
        if vote[1] not in s.look(i).accepts.get(b, ()):
            return Fault(
                f"a Phase2a of ballot {show_ballot(b)} in instance {i} with the batch recovered",
                f"recovered {show_vote(vote)}",
                (("proposer", b[1]),),
            )
        if b < s.promised[a]:
            return Fault(
                f"new votes from ballot {show_ballot(s.promised[a])}, the promise, on",
                f"in instance {i}: {show_vote(vote)}",
            )
    return None


@rule(
    "new promise",
    'm.type = "1a" /\\ m.bal = b',
    "a recovered promise that no trace has was asked for",
)
def unseen_promise(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e):
        return None
    b, votes = _promised(e), _votes(e).values()
    if b == s.promised[a] or any(vote[0] == b for vote in votes) or b in s.asked:
        return None
    return Fault(
        f"a Phase1a of ballot {show_ballot(b)}, or a vote in it", "neither", (("proposer", b[1]),)
    )


def do_recover(s: State, a: int, e: Recover) -> None:
    if not _is_acceptor(s, a, e):
        return
    for _, i, vote in _unseen(s, a, e):
        s.cast(a, vote, i)
    s.promised[a] = _promised(e)


RECOVER = Action(
    "Recover",
    "Recover(a)",
    (round_kept, promise_kept, votes_kept, unseen_votes, unseen_promise),
    do_recover,
    (agreement, votes_below_promise),
)
