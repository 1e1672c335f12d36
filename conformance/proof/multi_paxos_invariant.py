"""The invariant of MultiPaxosInductive.tla in first-order logic."""

from __future__ import annotations

from z3 import And, Implies, Not

from conformance.proof.log_voting_invariant import (
    A_VOTE,
    all_broadcast,
    shows_safe,
    voted_together,
)
from conformance.proof.log_voting_invariant import type_ok as votes_real
from conformance.proof.log_voting_terms import (
    Batch,
    Instance,
    complete,
    order_up_to,
    scope_of,
    start,
    up_to,
)
from conformance.proof.logic import Formula, State, Term, every, some
from conformance.proof.multi_paxos_state import (
    STATE,
    Report,
    all_said,
    no_op,
    reports,
    table_of,
    within,
)
from conformance.proof.voting_logic import (
    Acceptor,
    Ballot,
    Learner,
    Quorum1,
    Quorum2,
    at_most,
    below,
    zero,
)

A_BATCH = (Ballot, Instance, Batch)
"""What a 2a says."""
A_PROMISE = (Acceptor, Ballot, Instance, Instance, Report)
"""What a 1b says."""


def type_ok(s: State) -> Formula:
    def real(b: Term, i: Term) -> Formula:
        return And(b != zero, i != start)

    return And(
        every(
            *(Ballot, Instance, Instance),
            lambda b, f, t: Implies(s.msg1a(b, f, t), And(real(b, f), real(b, t))),
        ),
        every(
            *A_PROMISE,
            lambda a, b, f, t, r: Implies(s.msg1b(a, b, f, t, r), And(real(b, f), real(b, t))),
        ),
        every(*A_BATCH, lambda b, i, w: Implies(s.msg2a(b, i, w), real(b, i))),
        every(Acceptor, Ballot, Instance, lambda a, b, i: Implies(s.msg2b(a, b, i), real(b, i))),
        every(Ballot, Instance, lambda b, i: Implies(s.decide(b, i), real(b, i))),
        every(Learner, Instance, lambda l, i: Implies(s.says_delivered(l, i), i != start)),
        every(
            *(Acceptor, Instance),
            lambda a, i: Implies(s.vote_ballot(a, i) == zero, s.vote_batch(a, i) == no_op),
        ),
        votes_real(s),
    )


def one_batch_per_ballot(s: State) -> Formula:
    return every(
        *(Ballot, Instance, Batch, Batch),
        lambda b, i, w, x: Implies(And(s.msg2a(b, i, w), s.msg2a(b, i, x)), w == x),
    )


def proposals_safe(s: State) -> Formula:
    return every(
        *A_BATCH,
        lambda b, i, w: Implies(
            s.msg2a(b, i, w), some(Quorum1, lambda q: shows_safe(s, q, b, i, w))
        ),
    )


def proposals_broadcast(s: State) -> Formula:
    return every(*A_BATCH, lambda b, i, w: Implies(s.msg2a(b, i, w), all_broadcast(s, w)))


def votes_proposed(s: State) -> Formula:
    return every(
        *(Acceptor, *A_VOTE), lambda a, i, b, w: Implies(s.votes(a, i, b, w), s.msg2a(b, i, w))
    )


def votes_true(s: State) -> Formula:
    return every(
        *(Acceptor, Ballot, Instance),
        lambda a, b, i: Implies(s.msg2b(a, b, i), some(Batch, lambda w: s.votes(a, i, b, w))),
    )


def last_vote(s: State) -> Formula:
    def was_cast(a: Term, i: Term) -> Formula:
        return s.votes(a, i, s.vote_ballot(a, i), s.vote_batch(a, i))

    return And(
        every(
            *(Acceptor, Instance),
            lambda a, i: Implies(And(i != start, s.vote_ballot(a, i) != zero), was_cast(a, i)),
        ),
        every(
            *(Acceptor, *A_VOTE),
            lambda a, i, b, w: Implies(
                And(s.votes(a, i, b, w), Not(up_to(i, s.trimmed(a)))),
                at_most(b, s.vote_ballot(a, i)),
            ),
        ),
    )


def votes_below_promise(s: State) -> Formula:
    return every(
        *(Acceptor, Instance),
        lambda a, i: Implies(i != start, at_most(s.vote_ballot(a, i), s.promised(a, scope_of(i)))),
    )


def promises_true(s: State) -> Formula:
    def reports_true(a: Term, b: Term, r: Term) -> Formula:
        return every(
            *A_VOTE,
            lambda i, c, w: Implies(reports(r, i, c, w), And(at_most(c, b), s.votes(a, i, c, w))),
        )

    def has_none_above(r: Term, i: Term, d: Term) -> Formula:
        return some(Ballot, Batch, lambda c, w: And(reports(r, i, c, w), at_most(d, c)))

    return And(
        every(
            *A_PROMISE,
            lambda a, b, f, t, r: Implies(s.msg1b(a, b, f, t, r), reports_true(a, b, r)),
        ),
        every(
            *(*A_PROMISE, Instance),
            lambda a, b, f, t, r, i: Implies(
                And(s.msg1b(a, b, f, t, r), within(f, i, t)),
                at_most(b, s.promised(a, scope_of(i))),
            ),
        ),
        every(
            *(*A_PROMISE, Instance, Ballot, Batch),
            lambda a, b, f, t, r, i, d, x: Implies(
                And(s.msg1b(a, b, f, t, r), within(f, i, t), s.votes(a, i, d, x), below(d, b)),
                has_none_above(r, i, d),
            ),
        ),
    )


def decisions_chosen(s: State) -> Formula:
    return every(
        *(Ballot, Instance),
        lambda b, i: Implies(s.decide(b, i), some(Quorum2, lambda q: all_said(s, q, b, i))),
    )


def learned_voted(s: State) -> Formula:
    return every(
        Learner,
        *A_VOTE,
        lambda l, i, b, w: Implies(
            s.learned(l, i, b, w), some(Quorum2, lambda q: voted_together(s, q, b, i, w))
        ),
    )


def is_state_of_order(s: State, p: Term, delivered: Term, known: Term) -> Formula:
    return And(
        complete(s.chosen(), p),
        delivered == order_up_to(s.chosen(), p),
        known == table_of(delivered),
    )


def delivered_is_order(s: State) -> Formula:
    return every(Learner, lambda l: is_state_of_order(s, s.prefix(l), s.delivered(l), s.known(l)))


def checkpoint_is_state(s: State) -> Formula:
    def both(l: Term) -> Formula:
        taken = s.taken_prefix(l), s.taken_delivered(l), s.taken_known(l)
        kept = s.checkpoint_prefix(l), s.checkpoint_delivered(l), s.checkpoint_known(l)
        return And(is_state_of_order(s, *taken), is_state_of_order(s, *kept))

    return every(Learner, both)


def snapshot_is_state(s: State) -> Formula:
    return every(
        *STATE, lambda p, d, k: Implies(s.snapshot(p, d, k), is_state_of_order(s, p, d, k))
    )
