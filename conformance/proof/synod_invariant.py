"""Synod.tla, and the invariant of SynodInductive.tla, in first-order logic.

Messages of a type are a relation on what they say. `none` is a value of the sort here, that of
NoVote; a vote is a ballot and a value in two functions. ValueOf(b) is whatever the 2a of b says:
that this is one value is OneBatchPerBallot, which is a conjunct here for that reason.
"""

from __future__ import annotations

from z3 import And, Implies, Not, Or

from conformance.proof.logic import (
    Formula,
    State,
    Term,
    every,
    function,
    relation,
    some,
    sort,
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
    learners_agree,
    learns_one,
    member1,
    member2,
    promised_by,
    zero,
)

Proposer = sort("Proposer")

none = function("none", Value)()
owner = function("owner", Ballot, Proposer)
direct = relation("direct")()
"""DirectLearning"""

VARIABLES = (
    relation("broadcast", Value),
    relation("msg1a", Ballot),
    relation("msg1b", Acceptor, Ballot, Ballot, Value),  # of a, in b, with its vote
    relation("msg2a", Ballot, Value),
    relation("msg2b", Acceptor, Ballot),
    relation("decide", Ballot),
    function("promised", Acceptor, Ballot),
    function("vote_ballot", Acceptor, Ballot),
    function("vote_value", Acceptor, Value),
    relation("learned", Learner, Ballot, Value),
    relation("votes", Acceptor, Ballot, Value),
)

# -- definitions ---------------------------------------------------------------------------------


def proposed(s: State, b: Term) -> Formula:
    """Accepts(b) # {}"""
    return some(Value, lambda v: s.msg2a(b, v))


def voted_together(s: State, q: Term, b: Term) -> Formula:
    return every(Acceptor, lambda a: Implies(member2(q, a), s.msg2b(a, b)))


def reported(s: State, q: Term, b: Term, c: Term) -> Formula:
    """A vote of ballot c is in Reported(Q, b)."""
    return And(
        c != zero, some(Acceptor, Value, lambda a, v: And(member1(q, a), s.msg1b(a, b, c, v)))
    )


def heard(s: State, b: Term, c: Term, v: Term) -> Formula:
    """<<c, v>> \\in Heard(b)"""
    return And(
        c != zero,
        some(
            Acceptor,
            Ballot,
            lambda a, d: And(s.msg1b(a, d, c, v), at_most(d, b), owner(d) == owner(b)),
        ),
    )


def proposable(s: State, v: Term, b: Term, q: Term) -> Formula:
    nothing = every(Ballot, lambda c: Not(reported(s, q, b, c)))
    highest = some(
        Ballot,
        lambda c: And(
            heard(s, b, c, v),
            every(Ballot, lambda d: Implies(reported(s, q, b, d), at_most(d, c))),
        ),
    )
    return Or(And(nothing, s.broadcast(v)), And(Not(nothing), highest))


def may_learn(s: State, b: Term, q: Term) -> Formula:
    return Or(And(direct, voted_together(s, q, b)), And(Not(direct), s.decide(b)))


# -- the invariant -------------------------------------------------------------------------------


def is_vote(b: Term, v: Term) -> Formula:
    """<<b, v>> \\in Vote"""
    return (b == zero) == (v == none)


def type_ok(s: State) -> Formula:
    real = (Ballot, Value)
    return And(
        Not(s.broadcast(none)),
        every(Ballot, lambda b: Implies(Or(s.msg1a(b), s.decide(b)), b != zero)),
        every(
            Acceptor,
            *(Ballot, Ballot, Value),
            lambda a, b, c, v: Implies(s.msg1b(a, b, c, v), And(b != zero, is_vote(c, v))),
        ),
        every(*real, lambda b, v: Implies(s.msg2a(b, v), And(b != zero, v != none))),
        every(Acceptor, Ballot, lambda a, b: Implies(s.msg2b(a, b), b != zero)),
        every(Acceptor, lambda a: is_vote(s.vote_ballot(a), s.vote_value(a))),
        every(
            Learner,
            *real,
            lambda l, b, v: Implies(s.learned(l, b, v), And(b != zero, v != none)),
        ),
        every(
            Acceptor, *real, lambda a, b, v: Implies(s.votes(a, b, v), And(b != zero, v != none))
        ),
        learns_one(s),
    )


def one_batch_per_ballot(s: State) -> Formula:
    return every(
        Ballot, Value, Value, lambda b, v, w: Implies(And(s.msg2a(b, v), s.msg2a(b, w)), v == w)
    )


def votes_below(s: State, q: Term, b: Term, c: Term) -> Formula:
    """The vote of ballot c is in VotesBelow(Q, b)."""
    return And(below(c, b), some(Acceptor, lambda a: And(member1(q, a), s.msg2b(a, c))))


def shows_safe(s: State, q: Term, b: Term, v: Term) -> Formula:
    nothing = every(Ballot, lambda c: Not(votes_below(s, q, b, c)))
    highest = some(
        Acceptor,
        Ballot,
        lambda a, c: And(
            *(s.msg2b(a, c), below(c, b), s.msg2a(c, v)),
            every(Ballot, lambda d: Implies(votes_below(s, q, b, d), at_most(d, c))),
        ),
    )
    return And(promised_by(s, q, b), Or(nothing, highest))


def proposals_safe(s: State) -> Formula:
    return every(
        Ballot,
        Value,
        lambda b, v: Implies(s.msg2a(b, v), some(Quorum1, lambda q: shows_safe(s, q, b, v))),
    )


def proposals_broadcast(s: State) -> Formula:
    return every(Ballot, Value, lambda b, v: Implies(s.msg2a(b, v), s.broadcast(v)))


def votes_proposed(s: State) -> Formula:
    return every(Acceptor, Ballot, lambda a, b: Implies(s.msg2b(a, b), proposed(s, b)))


def last_vote(s: State) -> Formula:
    def cast(a: Term) -> Formula:
        return And(
            s.msg2b(a, s.vote_ballot(a)),
            s.msg2a(s.vote_ballot(a), s.vote_value(a)),
        )

    return And(
        every(Acceptor, lambda a: Implies(s.vote_ballot(a) != zero, cast(a))),
        every(Acceptor, Ballot, lambda a, b: Implies(s.msg2b(a, b), at_most(b, s.vote_ballot(a)))),
    )


def votes_below_promise(s: State) -> Formula:
    return every(Acceptor, lambda a: at_most(s.vote_ballot(a), s.promised(a)))


def promises_true(s: State) -> Formula:
    def is_true(a: Term, b: Term, c: Term, v: Term) -> Formula:
        return And(
            at_most(b, s.promised(a)),
            at_most(c, b),
            Implies(c != zero, And(s.msg2b(a, c), s.msg2a(c, v))),
            every(Ballot, lambda d: Implies(And(below(c, d), below(d, b)), Not(s.msg2b(a, d)))),
        )

    return every(
        Acceptor,
        *(Ballot, Ballot, Value),
        lambda a, b, c, v: Implies(s.msg1b(a, b, c, v), is_true(a, b, c, v)),
    )


def decisions_chosen(s: State) -> Formula:
    return every(
        Ballot, lambda b: Implies(s.decide(b), some(Quorum2, lambda q: voted_together(s, q, b)))
    )


def learned_decided(s: State) -> Formula:
    return every(
        Learner,
        *(Ballot, Value),
        lambda l, b, v: Implies(
            s.learned(l, b, v),
            And(some(Quorum2, lambda q: may_learn(s, b, q)), s.msg2a(b, v)),
        ),
    )


# -- what it is for ------------------------------------------------------------------------------


def later_proposals_agree(s: State, b: Term) -> Formula:
    """What was chosen in a ballot that is not above b is what is proposed in b."""
    return every(
        Value,
        *(Value, Ballot, Quorum2),
        lambda u, v, c, q: Implies(
            And(s.msg2a(b, v), at_most(c, b), voted_together(s, q, c), s.msg2a(c, u)), u == v
        ),
    )


def chosen(s: State, v: Term) -> Formula:
    """v \\in Chosen"""
    return some(Ballot, Quorum2, lambda b, q: And(voted_together(s, q, b), s.msg2a(b, v)))


def agreement(s: State) -> Formula:
    return And(
        every(Value, Value, lambda v, w: Implies(And(chosen(s, v), chosen(s, w)), v == w)),
        learners_agree(s),
    )
