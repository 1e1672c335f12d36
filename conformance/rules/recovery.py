"""Recover: a process comes back with what its stable storage kept.

In spec/MultiPaxos.tla the step changes nothing, because promises and votes are durable before
they are sent. A trace can show more: what came back. All that the trace has must be there. What
is there and not in the trace was made durable just before the crash, and nobody has seen it. It is
replayed here as the actions that it stands for, whose guards must hold: first the votes
(RecoverVote, and Repeat, since the acceptor may say them from now on without an event), by ballot,
then the promise (RecoverPromise), then what was trimmed (Trim).
"""

from __future__ import annotations

from dataclasses import replace

from msgspec import UNSET, Struct

from conformance.rules import phases, promises, trimming
from conformance.rules.invariants import agreement, trimmed_is_over, votes_below_promise
from conformance.rules.promises import Promises, Run
from conformance.rules.rule import Action, Fault, rule
from conformance.rules.state import NO_VOTE, State, Voted
from conformance.trace.process import decode
from conformance.trace.schema import LARGEST_NUMBER, Ballot, Recover, Trim
from conformance.trace.show import show_ballot, show_vote


class Unseen(Struct, frozen=True):
    """A promise or a vote that no trace has. A promise of the whole log has no instance."""

    ballot: Ballot
    instance: int = 0


class Again(Struct, frozen=True):
    """A vote is said again."""

    instance: int


# -- RecoverPromise(a, b), RecoverVote(a, b, i), Repeat(a, i) ------------------------------------
@rule("asked", "the promise was asked for, in some instance that is not trimmed")
def asked(s: State, a: int, e: Unseen) -> Fault | None:
    known, i = s.asked.get(e.ballot), e.instance
    if known is not None:
        last = i or known.lasts[-1]  # they ascend
        if last > s.trimmed[a] and (i == 0 or known.contain(i, i)):
            return None
    return Fault(
        f"a Phase1a of ballot {show_ballot(e.ballot)}, or a vote in it",
        "neither",
        (("proposer", e.ballot[1]),),
    )


def do_recover_promise(s: State, a: int, e: Unseen) -> None:
    s.promised[a].promise(e.ballot, e.instance, e.instance)


def do_recover_vote(s: State, a: int, e: Unseen) -> None:
    s.cast(a, (e.ballot, s.batch_of(e.ballot, e.instance)), e.instance)


@rule("voted", "the acceptor has a vote there")
def has_vote(s: State, a: int, e: Again) -> Fault | None:
    if a in s.look(e.instance).vote:
        return None
    return Fault(f"a vote in instance {e.instance}", "none")


def do_repeat(s: State, a: int, e: Again) -> None:
    s.say(a, s.look(e.instance).vote[a][0], e.instance)


RECOVER_PROMISE = Action(
    "RecoverPromise", (asked, phases.promise), do_recover_promise, (votes_below_promise,)
)
RECOVER_VOTE = Action(
    "RecoverVote",
    (phases.proposed, phases.promise, phases.remembers),
    do_recover_vote,
    (votes_below_promise,),
)
REPEAT = Action("Repeat", (has_vote,), do_repeat, ())
INNER = {a.name: a for a in (RECOVER_PROMISE, RECOVER_VOTE, REPEAT)}


# -- Recover(a) ----------------------------------------------------------------------------------
def _promised(s: State, e: Recover) -> Promises:
    """What the acceptor has promised, as it came back."""
    back = promises.none(s.constants.promise_scope)
    if e.promised is not UNSET:
        back.promise(e.promised, 0, 0)
    for first, last, b in e.promises or ():
        back.promise(b, first, last)
    return back


def unseen_promises(s: State, a: int, e: Recover) -> list[Run]:
    """The recovered promises that the trace does not have, nor the recovered votes: in instances
    that are not trimmed, or of the log."""
    had = s.promised[a].copy()
    for b, i, _ in _unseen(s, a, e):
        had.promise(max(b, had.highest(i, i)), i, i)
    return [
        (first, last, b)
        for start, end, b in _promised(s, e).runs(_trimmed(e) + 1)
        for first, last, before in had.runs(start, end)
        if b > before
    ]


def _votes(e: Recover) -> dict[int, Voted]:
    return {} if e.votes is UNSET else {i: (b, batch) for i, b, batch in e.votes}


def _trimmed(e: Recover) -> int:
    return 0 if e.trimmed is UNSET else e.trimmed


def _is_acceptor(s: State, x: object, e: Recover) -> bool:
    return decode(e.process).role == "acceptor"


def _unseen(s: State, a: int, e: Recover) -> list[tuple[Ballot, int, Voted]]:
    """The recovered votes that the trace does not have, by ballot, then instance."""
    return sorted(
        (vote[0], i, vote)
        for i, vote in _votes(e).items()
        if s.look(i).vote.get(a, NO_VOTE) != vote
    )


@rule("one vote", "of each instance one vote is recovered at most")
def one_vote(s: State, a: int, e: Recover) -> Fault | None:
    votes = () if e.votes is UNSET else e.votes
    seen: set[int] = set()
    for i, b, batch in votes:
        if i in seen:
            return Fault(f"one vote in instance {i}", f"another one: {show_vote((b, batch))}")
        seen.add(i)
    return None


@rule(
    "round",
    "the recovered round is not below one that the proposer used or came back with",
    at=("Resume.round",),
    contract=True,
)
def round_kept(s: State, p: int, e: Recover) -> Fault | None:
    if decode(e.process).role != "proposer":
        return None
    used, kept = s.rounds.get(p, 0), 0 if e.round is UNSET else e.round
    return (
        None
        if kept >= used
        else Fault(
            f"at least round {used}, which proposer {p} used or came back with", f"round {kept}"
        )
    )


@rule("trimmed", "what was trimmed is still known to be")
def trimmed_kept(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e) or _trimmed(e) >= s.trimmed[a]:
        return None
    return Fault(f"trimmed up to {s.trimmed[a]}", f"trimmed up to {_trimmed(e)}")


@rule("promise", "the recovered promise is not below the one made")
def promise_kept(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e):
        return None
    back = _promised(s, e)
    for first, last, made in s.promised[a].runs(_trimmed(e) + 1):
        found = back.lowest(first, last)
        if found < made:
            at = promises.where(s.constants.promise_scope, first, last)
            return Fault(
                f"a promise of at least {show_ballot(made)}{at}", f"promise: {show_ballot(found)}"
            )
    return None


@rule(
    "votes",
    "each vote that was cast is recovered, or a later one in its instance, unless it is trimmed",
    # TLC comes first to what the recovered votes are taken to be, and to what was trimmed.
    at=("Recover.votes", "RecoverVote.promise", "RecoverVote.trimmed", "Trim.delivered"),
)
def votes_kept(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e):
        return None
    kept, trimmed = _votes(e), _trimmed(e)
    for i, back in kept.items():
        if i <= trimmed:
            return Fault(
                f"no vote in instance {i}, since it trimmed up to {trimmed}", show_vote(back)
            )
    for i in s.voted_in[a].within(trimmed + 1, LARGEST_NUMBER):
        cast, back = s.look(i).vote.get(a, NO_VOTE), kept.get(i, NO_VOTE)
        if back == NO_VOTE or back[0] < cast[0] or (back[0] == cast[0] and back != cast):
            return Fault(f"in instance {i}: {show_vote(cast)}", show_vote(back))
    return None


@rule(
    "new votes",
    "a recovered vote that no trace has was due",
    at=("RecoverVote.proposed", "RecoverVote.promise", "RecoverVote.trimmed", "Recover.votes"),
)
def unseen_votes(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e):
        return None
    for b, i, vote in _unseen(s, a, e):
        refused = RECOVER_VOTE.refused(s, a, Unseen(b, i))
        if refused is not None:
            return replace(refused[1], actual=f"recovered, in instance {i}: {show_vote(vote)}")
        if vote[1] != s.batch_of(b, i):
            return Fault(
                f"in instance {i}: {show_vote((b, s.batch_of(b, i)))}, as proposed", show_vote(vote)
            )
    return None


@rule(
    "new promise",
    "a recovered promise that no trace has was asked for",
    at=("RecoverPromise.asked",),
)
def unseen_promise(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e):
        return None
    for first, last, b in unseen_promises(s, a, e):
        i = _unasked(s, b, first, last) if s.constants.promise_scope == "instance" else 0
        fault = None if i is None else asked.check(s, a, Unseen(b, i))
        if fault is not None:
            return fault
    return None


def _unasked(s: State, b: Ballot, first: int, last: int) -> int | None:
    """The first of these instances that ballot b did not ask for."""
    known = s.asked.get(b)
    for start, end in known.runs() if known else ():  # both ends ascend
        if start <= first <= end:
            first = end + 1
    return first if first <= last else None


@rule(
    "new trim",
    "what was trimmed and no trace says so might be",
    at=("Trim.delivered",),
)
def unseen_trim(s: State, a: int, e: Recover) -> Fault | None:
    if not _is_acceptor(s, a, e) or _trimmed(e) == s.trimmed[a]:
        return None
    return trimming.delivered.check(
        s, a, Trim(process=e.process, seq=e.seq, hlc=e.hlc, last=_trimmed(e))
    )


def do_recover(s: State, a: int, e: Recover) -> None:
    if decode(e.process).role == "proposer":
        s.rounds[a] = s.since[a] = 0 if e.round is UNSET else e.round
    if not _is_acceptor(s, a, e):
        return
    for b, i, _ in _unseen(s, a, e):
        RECOVER_VOTE.effect(s, a, Unseen(b, i))
        REPEAT.effect(s, a, Again(i))
    for first, last, b in _promised(s, e).runs(_trimmed(e) + 1):  # RecoverPromise
        s.promised[a].promise(b, first, last)
    s.trim(a, _trimmed(e))


RECOVER = Action(
    "Recover",
    (
        one_vote,
        round_kept,
        trimmed_kept,
        promise_kept,
        votes_kept,
        unseen_votes,
        unseen_promise,
        unseen_trim,
    ),
    do_recover,
    (agreement, votes_below_promise, trimmed_is_over),
)
