"""The initial states of MultiPaxos.tla, and the actions of its proposers and acceptors."""

from __future__ import annotations

from collections.abc import Callable

from z3 import And, If, Implies, Not, Or

from conformance.proof import log_voting_actions
from conformance.proof.log_voting_actions import voted
from conformance.proof.log_voting_invariant import all_broadcast
from conformance.proof.log_voting_terms import (
    Batch,
    Instance,
    before,
    empty,
    scope_of,
    start,
    up_to,
)
from conformance.proof.logic import Formula, State, Step, Term, every, some
from conformance.proof.multi_paxos_invariant import A_BATCH, A_PROMISE
from conformance.proof.multi_paxos_state import (
    STATE,
    ahead,
    all_said,
    direct,
    heard,
    no_op,
    no_table,
    none_above,
    none_reported,
    promises,
    proposed,
    reached,
    reports,
    value_waits,
    within,
)
from conformance.proof.multi_paxos_trimming import may_forget
from conformance.proof.voting_logic import Acceptor, Ballot, Learner, at_most, member1, zero


def phase1a(s: State, b: Term, f: Term, t: Term) -> Step:
    may_prepare = Or(ahead, And(f == t, Or(value_waits(s, b), reached(s, f))))
    return Step(
        {
            "Ballot": b != zero,
            "Instance": f != start,
            "range": up_to(f, t),
            "prepare": may_prepare,
        },
        {"msg1a": lambda c, g, u: Or(s.msg1a(c, g, u), And(c == b, g == f, u == t))},
    )


def promise_in(s: State, a: Term, b: Term, f: Term, t: Term) -> Formula:
    """MayPromise(a, b, from, to)"""
    return every(
        Instance, lambda i: Implies(within(f, i, t), at_most(s.promised(a, scope_of(i)), b))
    )


def asked(s: State, b: Term, f: Term, t: Term) -> Formula:
    """A 1a has asked for this range, or a larger one."""
    return some(Instance, Instance, lambda g, u: And(s.msg1a(b, g, u), up_to(g, f), up_to(t, u)))


def all_votes(s: State, a: Term, f: Term, t: Term, r: Term) -> Formula:
    """The report is VotesOf(a, from, to)."""

    def is_vote(i: Term, c: Term, w: Term) -> Formula:
        return And(c != zero, c == s.vote_ballot(a, i), w == s.vote_batch(a, i))

    return every(
        *(Instance, Ballot, Batch),
        lambda i, c, w: reports(r, i, c, w) == And(within(f, i, t), is_vote(i, c, w)),
    )


def phase1b(s: State, a: Term, b: Term, f: Term, t: Term, r: Term) -> Step:
    """The report is of what it has voted."""

    def in_range(x: Term) -> Formula:
        return some(Instance, lambda i: And(within(f, i, t), scope_of(i) == x))

    return Step(
        {
            "range": up_to(f, t),
            "asked": asked(s, b, f, t),
            "promise": promise_in(s, a, b, f, t),
            "trimmed": before(s.trimmed(a), f),
            "votes": all_votes(s, a, f, t, r),
        },
        {
            "promised": lambda c, x: If(And(c == a, in_range(x)), b, s.promised(c, x)),
            "msg1b": lambda c, d, g, u, q: Or(
                s.msg1b(c, d, g, u, q), And(c == a, d == b, g == f, u == t, q == r)
            ),
        },
    )


def may_propose(s: State, w: Term, i: Term) -> Formula:
    return And(all_broadcast(s, w), Implies(w == no_op, reached(s, i)))


def proposable(s: State, w: Term, b: Term, i: Term, q: Term) -> Formula:
    free = none_reported(s, q, b, i)
    highest = some(Ballot, lambda c: And(heard(s, b, i, c, w), none_above(s, q, b, i, c)))
    return Or(And(free, may_propose(s, w, i)), And(Not(free), highest))


def phase2a(s: State, b: Term, i: Term, w: Term, q: Term) -> Step:
    return Step(
        {
            "Ballot": b != zero,
            "Instance": i != start,
            "once": Not(proposed(s, b, i)),
            "promises": every(Acceptor, lambda a: Implies(member1(q, a), promises(s, a, b, i))),
            "highest": proposable(s, w, b, i, q),
        },
        {"msg2a": lambda c, j, x: Or(s.msg2a(c, j, x), And(c == b, j == i, x == w))},
    )


def recover_vote(s: State, a: Term, b: Term, i: Term, w: Term) -> Step:
    """w is BatchOf(b, i). What becomes of votes, chosen and order is as in LogVoting."""
    return Step(
        {
            "Instance": i != start,
            "proposed": s.msg2a(b, i, w),
            "promise": at_most(s.promised(a, scope_of(i)), b),
            "trimmed": before(s.trimmed(a), i),
        },
        {
            **voted(s, a, b, i, w),
            "vote_ballot": lambda c, j: If(And(c == a, j == i), b, s.vote_ballot(c, j)),
            "vote_batch": lambda c, j: If(And(c == a, j == i), w, s.vote_batch(c, j)),
        },
    )


def says_vote(s: State, a: Term, b: Term, i: Term) -> dict[str, Callable[..., Formula]]:
    return {"msg2b": lambda c, d, j: Or(s.msg2b(c, d, j), And(c == a, d == b, j == i))}


def phase2b(s: State, a: Term, b: Term, i: Term, w: Term) -> Step:
    step = recover_vote(s, a, b, i, w)
    return Step(step.guards, {**step.changed, **says_vote(s, a, b, i)})


def decide(s: State, b: Term, i: Term, q: Term) -> Step:
    return Step(
        {
            "Ballot": b != zero,
            "Instance": i != start,
            "indirect": Not(direct),
            "voted": all_said(s, q, b, i),
        },
        {"decide": lambda c, j: Or(s.decide(c, j), And(c == b, j == i))},
    )


def trim(s: State, a: Term, i: Term) -> Step:
    def is_over(c: Term, j: Term) -> Formula:
        return And(c == a, up_to(j, i))

    return Step(
        {
            "Instance": i != start,
            "further": before(s.trimmed(a), i),
            "delivered": may_forget(s, i),
        },
        {
            "trimmed": lambda c: If(c == a, i, s.trimmed(c)),
            "vote_ballot": lambda c, j: If(is_over(c, j), zero, s.vote_ballot(c, j)),
            "vote_batch": lambda c, j: If(is_over(c, j), no_op, s.vote_batch(c, j)),
        },
    )


def recover(s: State, a: Term) -> Step:
    return Step({}, {})


def recover_promise(s: State, a: Term, b: Term, x: Term) -> Step:
    """x is a scope: of an instance that it was asked for, and has not trimmed."""
    was_asked = some(
        *(Instance, Instance, Instance),
        lambda f, t, i: And(
            *(s.msg1a(b, f, t), within(f, i, t)),
            *(scope_of(i) == x, before(s.trimmed(a), i)),
        ),
    )
    return Step(
        {"asked": was_asked, "promise": at_most(s.promised(a, x), b)},
        {"promised": lambda c, y: If(And(c == a, y == x), b, s.promised(c, y))},
    )


def repeat(s: State, a: Term, i: Term) -> Step:
    return Step(
        {"Instance": i != start, "voted": s.vote_ballot(a, i) != zero},
        says_vote(s, a, s.vote_ballot(a, i), i),
    )


def init(s: State) -> Formula:
    def beginning(p: Term, d: Term, k: Term) -> Formula:
        return And(p == start, d == empty, k == no_table)

    nothing = (Learner, Instance)
    return And(
        log_voting_actions.init(s),
        every(Ballot, Instance, Instance, lambda b, f, t: Not(s.msg1a(b, f, t))),
        every(*A_PROMISE, lambda a, b, f, t, r: Not(s.msg1b(a, b, f, t, r))),
        every(*A_BATCH, lambda b, i, w: Not(s.msg2a(b, i, w))),
        every(Acceptor, Ballot, Instance, lambda a, b, i: Not(s.msg2b(a, b, i))),
        every(Ballot, Instance, lambda b, i: Not(s.decide(b, i))),
        every(*nothing, lambda l, i: Not(Or(s.says_delivered(l, i), s.says_checkpoint(l, i)))),
        every(*STATE, lambda p, d, k: Not(s.snapshot(p, d, k))),
        every(
            *(Acceptor, Instance),
            lambda a, i: And(s.vote_ballot(a, i) == zero, s.vote_batch(a, i) == no_op),
        ),
        every(Acceptor, lambda a: s.trimmed(a) == start),
        every(
            Learner,
            lambda l: And(
                s.known(l) == no_table,
                beginning(s.taken_prefix(l), s.taken_delivered(l), s.taken_known(l)),
                beginning(s.checkpoint_prefix(l), s.checkpoint_delivered(l), s.checkpoint_known(l)),
            ),
        ),
    )
