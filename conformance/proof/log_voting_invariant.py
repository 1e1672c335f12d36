"""The state of LogVoting.tla, and the invariant of LogVotingInductive.tla, in first-order logic."""

from __future__ import annotations

from z3 import (
    And,
    Implies,
    Not,
    Or,
)

from conformance.proof.log_voting_terms import (
    Batch,
    Instance,
    Log,
    Scope,
    Sequence,
    begins,
    complete,
    contains,
    entry,
    has,
    in_turn,
    last,
    once,
    order_up_to,
    scope_of,
    start,
)
from conformance.proof.logic import (
    Formula,
    Sort,
    State,
    Term,
    every,
    function,
    relation,
    some,
)
from conformance.proof.voting_logic import (
    Acceptor,
    Ballot,
    Learner,
    Quorum1,
    Quorum2,
    Value,
    at_most,
    below,
    member1,
    member2,
    zero,
)

VARIABLES = (
    relation("broadcast", Value),
    function("promised", Acceptor, Scope, Ballot),
    relation("votes", Acceptor, Instance, Ballot, Batch),
    relation("learned", Learner, Instance, Ballot, Batch),
    function("prefix", Learner, Instance),
    function("delivered", Learner, Sequence),
    function("chosen", Log),
    function("order", Sequence),
)

A_VOTE: tuple[Sort, ...] = (Instance, Ballot, Batch)

# -- definitions ---------------------------------------------------------------------------------


def voted_together(s: State, q: Term, b: Term, i: Term, w: Term) -> Formula:
    return every(Acceptor, lambda a: Implies(member2(q, a), s.votes(a, i, b, w)))


def has_learned(s: State, l: Term, i: Term) -> Formula:
    """learned[l][i] # NoVote"""
    return some(Ballot, Batch, lambda b, w: s.learned(l, i, b, w))


def votes_below(s: State, q: Term, b: Term, i: Term, c: Term) -> Formula:
    """Some vote of ballot c is in VotesBelow(Q, b, i)."""
    return And(
        below(c, b), some(Acceptor, Batch, lambda a, w: And(member1(q, a), s.votes(a, i, c, w)))
    )


def of_highest(s: State, w: Term, b: Term, i: Term, q: Term) -> Formula:
    """\\E w \\in VotesBelow(Acceptor, b, i) : IsHighest(w, VotesBelow(Q, b, i)) /\\ w[2] = batch"""

    def is_highest(c: Term) -> Formula:
        return every(Ballot, lambda d: Implies(votes_below(s, q, b, i, d), at_most(d, c)))

    return some(
        *(Acceptor, Ballot),
        lambda a, c: And(s.votes(a, i, c, w), below(c, b), is_highest(c)),
    )


def none_below(s: State, b: Term, i: Term, q: Term) -> Formula:
    """VotesBelow(Q, b, i) = {}"""
    return every(Ballot, lambda c: Not(votes_below(s, q, b, i, c)))


def all_broadcast(s: State, w: Term) -> Formula:
    """Range(batch) \\subseteq broadcast"""
    return every(Value, lambda v: Implies(has(w, v), s.broadcast(v)))


def safe(s: State, w: Term, b: Term, i: Term, q: Term) -> Formula:
    free = none_below(s, b, i, q)
    return Or(And(free, all_broadcast(s, w)), And(Not(free), of_highest(s, w, b, i, q)))


def promised_by(s: State, q: Term, b: Term, i: Term) -> Formula:
    """Promised(Q, b, i)"""
    return every(Acceptor, lambda a: Implies(member1(q, a), at_most(b, s.promised(a, scope_of(i)))))


# -- the invariant -------------------------------------------------------------------------------


def type_ok(s: State) -> Formula:
    def real(i: Term, b: Term) -> Formula:
        return And(i != start, b != zero)

    return And(
        every(Acceptor, *A_VOTE, lambda a, i, b, w: Implies(s.votes(a, i, b, w), real(i, b))),
        every(Learner, *A_VOTE, lambda l, i, b, w: Implies(s.learned(l, i, b, w), real(i, b))),
        learns_one(s),
    )


def learns_one(s: State) -> Formula:
    """What a learner knows of an instance is one vote."""
    return every(
        Learner,
        *(Instance, Ballot, Batch, Ballot, Batch),
        lambda l, i, b, w, c, x: Implies(
            And(s.learned(l, i, b, w), s.learned(l, i, c, x)), And(b == c, w == x)
        ),
    )


def one_batch_per_ballot(s: State) -> Formula:
    return every(
        Acceptor,
        *(Acceptor, Instance, Ballot, Batch, Batch),
        lambda a, c, i, b, w, x: Implies(And(s.votes(a, i, b, w), s.votes(c, i, b, x)), w == x),
    )


def shows_safe(s: State, q: Term, b: Term, i: Term, w: Term) -> Formula:
    return And(promised_by(s, q, b, i), Or(none_below(s, b, i, q), of_highest(s, w, b, i, q)))


def votes_safe(s: State) -> Formula:
    return every(
        Acceptor,
        *A_VOTE,
        lambda a, i, b, w: Implies(
            s.votes(a, i, b, w), some(Quorum1, lambda q: shows_safe(s, q, b, i, w))
        ),
    )


def learned_from_one_ballot(s: State) -> Formula:
    return every(
        Learner,
        *A_VOTE,
        lambda l, i, b, w: Implies(
            s.learned(l, i, b, w), some(Quorum2, lambda q: voted_together(s, q, b, i, w))
        ),
    )


def votes_broadcast(s: State) -> Formula:
    return every(
        Acceptor, *A_VOTE, lambda a, i, b, w: Implies(s.votes(a, i, b, w), all_broadcast(s, w))
    )


def by_votes(s: State, i: Term, w: Term) -> Formula:
    """A quorum voted together for the batch."""
    return some(Ballot, Quorum2, lambda b, q: voted_together(s, q, b, i, w))


def chosen_by_votes(s: State) -> Formula:
    def is_chosen(i: Term, w: Term) -> Formula:
        return And(i != start, entry(s.chosen(), i, w))

    return And(
        every(Instance, Batch, lambda i, w: Implies(is_chosen(i, w), by_votes(s, i, w))),
        every(
            *(Instance, Batch),
            lambda i, w: Implies(And(i != start, by_votes(s, i, w)), is_chosen(i, w)),
        ),
    )


def order_of_chosen(s: State) -> Formula:
    return s.order() == order_up_to(s.chosen(), last)


def delivered_is_order(s: State) -> Formula:
    return every(
        Learner,
        lambda l: And(
            complete(s.chosen(), s.prefix(l)),
            s.delivered(l) == order_up_to(s.chosen(), s.prefix(l)),
        ),
    )


# -- what it is for ------------------------------------------------------------------------------


def agreement(s: State) -> Formula:
    return every(
        *(Instance, Batch, Batch),
        lambda i, w, x: Implies(
            And(i != start, entry(s.chosen(), i, w), entry(s.chosen(), i, x)), w == x
        ),
    )


def integrity(s: State) -> Formula:
    return every(
        Learner,
        lambda l: And(
            every(Value, lambda v: Implies(contains(s.delivered(l), v), s.broadcast(v))),
            once(s.delivered(l)),
        ),
    )


def total_order(s: State) -> Formula:
    return every(
        *(Learner, Learner),
        lambda l, k: Or(
            begins(s.delivered(l), s.delivered(k)), begins(s.delivered(k), s.delivered(l))
        ),
    )


def fifo(s: State) -> Formula:
    return every(Learner, lambda l: in_turn(s.delivered(l)))


def delivered_in_order(s: State) -> Formula:
    return every(Learner, lambda l: begins(s.delivered(l), s.order()))
