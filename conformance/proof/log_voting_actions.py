"""The initial states and actions of LogVoting.tla in first-order logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from z3 import (
    And,
    If,
    Implies,
    Not,
    Or,
)

from conformance.proof.log_voting_invariant import (
    A_VOTE,
    has_learned,
    promised_by,
    safe,
    voted_together,
)
from conformance.proof.log_voting_terms import (
    Batch,
    Instance,
    Scope,
    appended,
    before,
    comes_before,
    complete,
    empty,
    entry,
    in_scopes,
    is_next,
    keeps,
    last,
    order_up_to,
    recorded,
    scope_of,
    start,
    up_to,
)
from conformance.proof.logic import (
    Formula,
    State,
    Step,
    Term,
    every,
    some,
)
from conformance.proof.voting_logic import (
    Acceptor,
    Learner,
    Quorum2,
    Value,
    at_most,
    below,
    member2,
    zero,
)


def broadcast(s: State, v: Term) -> Step:
    return Step(
        {
            "new": Not(s.broadcast(v)),
            "InTurn": every(Value, lambda u: Implies(comes_before(v, u), s.broadcast(u))),
        },
        {"broadcast": lambda w: Or(s.broadcast(w), w == v)},
    )


def promise(s: State, a: Term, b: Term, scopes: Term) -> Step:
    return Step(
        {
            "Ballot": b != zero,
            "some": some(Scope, lambda x: in_scopes(scopes, x)),
            "higher": every(
                Scope, lambda x: Implies(in_scopes(scopes, x), below(s.promised(a, x), b))
            ),
        },
        {"promised": lambda c, x: If(And(c == a, in_scopes(scopes, x)), b, s.promised(c, x))},
    )


def completes(s: State, a: Term, b: Term, i: Term, w: Term) -> Formula:
    """Acceptor a's vote completes a quorum."""

    def others(q: Term) -> Formula:
        return every(Acceptor, lambda c: Implies(And(member2(q, c), c != a), s.votes(c, i, b, w)))

    return some(Quorum2, others)


def vote(s: State, a: Term, b: Term, i: Term, w: Term, q: Term) -> Step:
    one_batch = every(Acceptor, Batch, lambda c, x: Implies(s.votes(c, i, b, x), x == w))
    return Step(
        {
            "Ballot": b != zero,
            "Instance": i != start,
            "MayVote": at_most(s.promised(a, scope_of(i)), b),
            "OneBatchIn": one_batch,
            "Promised": promised_by(s, q, b, i),
            "Safe": safe(s, w, b, i, q),
        },
        voted(s, a, b, i, w),
    )


def voted(s: State, a: Term, b: Term, i: Term, w: Term) -> dict[str, Callable[..., Any]]:
    """What becomes of the variables that a vote changes."""
    chosen = If(completes(s, a, b, i, w), recorded(s.chosen(), i, w), s.chosen())
    return {
        "promised": lambda c, x: If(And(c == a, x == scope_of(i)), b, s.promised(c, x)),
        "votes": lambda c, j, d, x: Or(s.votes(c, j, d, x), And(c == a, j == i, d == b, x == w)),
        "chosen": lambda: chosen,
        "order": lambda: If(chosen == s.chosen(), s.order(), order_up_to(chosen, last)),
    }


def learn(s: State, l: Term, b: Term, i: Term, w: Term, q: Term) -> Step:
    return Step(
        {
            "Ballot": b != zero,
            "Instance": i != start,
            "once": Not(has_learned(s, l, i)),
            "VotedTogether": voted_together(s, q, b, i, w),
        },
        {
            "learned": lambda k, j, c, x: Or(
                s.learned(k, j, c, x), And(k == l, j == i, c == b, x == w)
            )
        },
    )


def deliver(s: State, l: Term, i: Term, b: Term, w: Term) -> Step:
    """<<b, w>> is learned[l][i]."""
    return Step(
        {"IsNext": is_next(s.prefix(l), i), "learned": s.learned(l, i, b, w)},
        {
            "prefix": lambda k: If(k == l, i, s.prefix(k)),
            "delivered": lambda k: If(k == l, appended(s.delivered(k), w), s.delivered(k)),
        },
    )


def restart(s: State, l: Term, i: Term) -> Step:
    """It stands at i afterwards."""
    return Step(
        {"Keeps": keeps(l), "earlier": up_to(i, s.prefix(l))},
        {
            "prefix": lambda k: If(k == l, i, s.prefix(k)),
            "delivered": lambda k: If(k == l, order_up_to(s.chosen(), i), s.delivered(k)),
            "learned": lambda k, j, c, x: And(k != l, s.learned(k, j, c, x)),
        },
    )


def install_snapshot(s: State, l: Term, i: Term) -> Step:
    return Step(
        {
            "Keeps": keeps(l),
            "further": before(s.prefix(l), i),
            "chosen": complete(s.chosen(), i),
        },
        {
            "prefix": lambda k: If(k == l, i, s.prefix(k)),
            "delivered": lambda k: If(k == l, order_up_to(s.chosen(), i), s.delivered(k)),
        },
    )


def init(s: State) -> Formula:
    return And(
        every(Value, lambda v: Not(s.broadcast(v))),
        every(Acceptor, Scope, lambda a, x: s.promised(a, x) == zero),
        every(Acceptor, *A_VOTE, lambda a, i, b, w: Not(s.votes(a, i, b, w))),
        every(Learner, *A_VOTE, lambda l, i, b, w: Not(s.learned(l, i, b, w))),
        every(Learner, lambda l: And(s.prefix(l) == start, s.delivered(l) == empty)),
        every(Instance, Batch, lambda i, w: Implies(i != start, Not(entry(s.chosen(), i, w)))),
        s.order() == empty,
    )
