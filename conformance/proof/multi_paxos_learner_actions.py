"""The actions of the learners of MultiPaxos.tla, and of those that keep checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from z3 import And, If, Not, Or

from conformance.proof.log_voting_invariant import has_learned
from conformance.proof.log_voting_terms import before, empty, is_next, keeps, start
from conformance.proof.logic import State, Step, Term
from conformance.proof.multi_paxos_state import (
    appended_by,
    may_learn,
    no_table,
    remembered,
)
from conformance.proof.voting_logic import zero

Snapshot = tuple[Term, Term, Term]
"""A prefix, a sequence and a client table."""
Changed = Mapping[str, Callable[..., Term]]

BEGINNING: Snapshot = (start, empty, no_table)


def learn(s: State, l: Term, b: Term, i: Term, q: Term, w: Term) -> Step:
    """w is BatchOf(b, i)."""
    return Step(
        {
            "Ballot": b != zero,
            "Instance": i != start,
            "once": Not(has_learned(s, l, i)),
            "decided": may_learn(s, b, i, q),
            "BatchOf": s.msg2a(b, i, w),
        },
        {
            "learned": lambda k, j, c, x: Or(
                s.learned(k, j, c, x), And(k == l, j == i, c == b, x == w)
            )
        },
    )


def deliver(s: State, l: Term, i: Term, b: Term, w: Term) -> Step:
    """<<b, w>> is learned[l][i]."""
    delivered = appended_by(s.delivered(l), s.known(l), w)
    return Step(
        {"IsNext": is_next(s.prefix(l), i), "learned": s.learned(l, i, b, w)},
        {
            **_become(s, l, (i, delivered, remembered(s.known(l), w))),
            "says_delivered": lambda k, j: Or(s.says_delivered(k, j), And(k == l, j == i)),
        },
    )


def take_snapshot(s: State, l: Term) -> Step:
    state = s.prefix(l), s.delivered(l), s.known(l)
    return Step({"keeps": keeps(l)}, _takes(s, l, state))


def checkpoint(s: State, l: Term) -> Step:
    step = recover_checkpoint(s, l)
    return Step(step.guards, {**step.changed, **_says_checkpoint(s, l, s.taken_prefix(l))})


def restart(s: State, l: Term) -> Step:
    last = s.checkpoint_prefix(l), s.checkpoint_delivered(l), s.checkpoint_known(l)
    return Step(
        {"keeps": keeps(l)},
        {
            **_become(s, l, last),
            **_takes(s, l, BEGINNING),
            **_says_checkpoint(s, l, last[0]),
            "learned": lambda k, j, c, x: And(k != l, s.learned(k, j, c, x)),
        },
    )


def send_snapshot(s: State, l: Term) -> Step:
    last = s.checkpoint_prefix(l), s.checkpoint_delivered(l), s.checkpoint_known(l)
    return Step(
        {"keeps": keeps(l)},
        {
            "snapshot": lambda p, d, k: Or(
                s.snapshot(p, d, k), And(p == last[0], d == last[1], k == last[2])
            )
        },
    )


def install_snapshot(s: State, l: Term, p: Term, d: Term, k: Term) -> Step:
    """What the message says are p, d and k."""
    step = recover_install(s, l, p, d, k)
    return Step(step.guards, {**step.changed, **_says_checkpoint(s, l, p)})


def recover_checkpoint(s: State, l: Term) -> Step:
    taken = s.taken_prefix(l), s.taken_delivered(l), s.taken_known(l)
    is_beginning = And(*(part == none for part, none in zip(taken, BEGINNING, strict=True)))
    return Step({"taken": Not(is_beginning)}, _durable(s, l, taken))


def recover_install(s: State, l: Term, p: Term, d: Term, k: Term) -> Step:
    return Step(
        {"keeps": keeps(l), "sent": s.snapshot(p, d, k), "newer": before(s.prefix(l), p)},
        {**_durable(s, l, (p, d, k)), **_become(s, l, (p, d, k))},
    )


def _become(s: State, l: Term, state: Snapshot) -> Changed:
    """Become(l, s)"""
    return _except(s, l, "", state)


def _takes(s: State, l: Term, state: Snapshot) -> Changed:
    """taken' = [taken EXCEPT ![l] = s]"""
    return _except(s, l, "taken_", state)


def _durable(s: State, l: Term, state: Snapshot) -> Changed:
    """Durable(l, s)"""
    return {**_takes(s, l, BEGINNING), **_except(s, l, "checkpoint_", state)}


def _except(s: State, l: Term, of: str, state: Snapshot) -> Changed:
    """f' = [f EXCEPT ![l] = s], in the three variables whose names begin so."""

    def changed(name: str, new: Term) -> Callable[[Term], Term]:
        old = getattr(s, name)
        return lambda m: If(m == l, new, old(m))

    names = "prefix", "delivered", "known"
    return {f"{of}{n}": changed(f"{of}{n}", new) for n, new in zip(names, state, strict=True)}


def _says_checkpoint(s: State, l: Term, p: Term) -> Changed:
    """It says that it has a checkpoint up to there."""
    return {"says_checkpoint": lambda k, j: Or(s.says_checkpoint(k, j), And(k == l, j == p))}
