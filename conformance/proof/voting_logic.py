"""Voting.tla, and the invariant of VotingInductive.tla, in first-order logic.

Ballot 0 is in the sort, as the least: the promise of an acceptor that has made none. What a learner
knows is a relation here; that it is at most one pair, and not of ballot 0, is said by TypeOK.
"""

from __future__ import annotations

from z3 import And, If, Implies, Not, Or

from conformance.proof.logic import (
    Action,
    Encoding,
    Formula,
    Goal,
    Induction,
    State,
    Step,
    Term,
    every,
    function,
    relation,
    some,
    sort,
)

Acceptor, Learner = sort("Acceptor"), sort("Learner")
Quorum1, Quorum2 = sort("Quorum1"), sort("Quorum2")
Ballot, Value = sort("Ballot"), sort("Value")

member1, member2 = relation("member1", Quorum1, Acceptor), relation("member2", Quorum2, Acceptor)
"""Of a quorum of phase 1, or of phase 2, and a: a \\in Q"""
at_most = relation("at_most", Ballot, Ballot)
zero = function("zero", Ballot)()

AXIOMS = {
    "quorums meet": every(
        *(Quorum1, Quorum2),
        lambda q, r: some(Acceptor, lambda a: And(member1(q, a), member2(r, a))),
    ),
    "ballots: transitive": every(
        Ballot,
        Ballot,
        Ballot,
        lambda b, c, d: Implies(And(at_most(b, c), at_most(c, d)), at_most(b, d)),
    ),
    "ballots: antisymmetric": every(
        Ballot, Ballot, lambda b, c: Implies(And(at_most(b, c), at_most(c, b)), b == c)
    ),
    "ballots: total": every(Ballot, Ballot, lambda b, c: Or(at_most(b, c), at_most(c, b))),
    "ballots: 0 is the least": every(Ballot, lambda b: at_most(zero, b)),
}


def below(b: Term, c: Term) -> Formula:
    """b < c"""
    return Not(at_most(c, b))


VARIABLES = (
    relation("broadcast", Value),
    function("promised", Acceptor, Ballot),
    relation("votes", Acceptor, Ballot, Value),
    relation("learned", Learner, Ballot, Value),
)

# -- definitions ---------------------------------------------------------------------------------


def voted_together(s: State, q: Term, b: Term, v: Term) -> Formula:
    return every(Acceptor, lambda a: Implies(member2(q, a), s.votes(a, b, v)))


def chosen(s: State, v: Term) -> Formula:
    """v \\in Chosen"""
    return some(Ballot, Quorum2, lambda b, q: voted_together(s, q, b, v))


def has_learned(s: State, l: Term) -> Formula:
    """learned[l] # NoVote"""
    return some(Ballot, Value, lambda b, v: s.learned(l, b, v))


def votes_below(s: State, q: Term, b: Term, c: Term) -> Formula:
    """Some vote of ballot c is in VotesBelow(Q, b)."""
    return And(
        below(c, b), some(Acceptor, Value, lambda a, v: And(member1(q, a), s.votes(a, c, v)))
    )


def is_highest(s: State, c: Term, q: Term, b: Term) -> Formula:
    """IsHighest of a vote of ballot c, and VotesBelow(Q, b)."""
    return every(Ballot, lambda d: Implies(votes_below(s, q, b, d), at_most(d, c)))


def of_highest(s: State, v: Term, b: Term, q: Term) -> Formula:
    """\\E w \\in VotesBelow(Acceptor, b) : IsHighest(w, VotesBelow(Q, b)) /\\ w[2] = v"""
    return some(
        Acceptor,
        Ballot,
        lambda a, c: And(s.votes(a, c, v), below(c, b), is_highest(s, c, q, b)),
    )


def none_below(s: State, b: Term, q: Term) -> Formula:
    """VotesBelow(Q, b) = {}"""
    return every(Ballot, lambda c: Not(votes_below(s, q, b, c)))


def safe(s: State, v: Term, b: Term, q: Term) -> Formula:
    free = none_below(s, b, q)
    return Or(And(free, s.broadcast(v)), And(Not(free), of_highest(s, v, b, q)))


def promised_by(s: State, q: Term, b: Term) -> Formula:
    """Promised(Q, b)"""
    return every(Acceptor, lambda a: Implies(member1(q, a), at_most(b, s.promised(a))))


# -- actions -------------------------------------------------------------------------------------


def _broadcast(s: State, v: Term) -> Step:
    return Step(
        {"new": Not(s.broadcast(v))},
        {"broadcast": lambda w: Or(s.broadcast(w), w == v)},
    )


def _promise(s: State, a: Term, b: Term) -> Step:
    return Step(
        {"higher": below(s.promised(a), b)},
        {"promised": lambda c: If(c == a, b, s.promised(c))},
    )


def _vote(s: State, a: Term, b: Term, v: Term, q: Term) -> Step:
    one_value = every(Acceptor, Value, lambda c, w: Implies(s.votes(c, b, w), w == v))
    return Step(
        {
            "Ballot": b != zero,
            "MayVote": at_most(s.promised(a), b),
            "Promised": promised_by(s, q, b),
            "OneValueIn": one_value,
            "Safe": safe(s, v, b, q),
        },
        {
            "promised": lambda c: If(c == a, b, s.promised(c)),
            "votes": lambda c, d, w: Or(s.votes(c, d, w), And(c == a, d == b, w == v)),
        },
    )


def _learn(s: State, l: Term, b: Term, v: Term, q: Term) -> Step:
    return Step(
        {
            "Ballot": b != zero,
            "once": Not(has_learned(s, l)),
            "VotedTogether": voted_together(s, q, b, v),
        },
        {"learned": lambda k, c, w: Or(s.learned(k, c, w), And(k == l, c == b, w == v))},
    )


def init(s: State) -> Formula:
    return And(
        every(Value, lambda v: Not(s.broadcast(v))),
        every(Acceptor, lambda a: s.promised(a) == zero),
        every(Acceptor, Ballot, Value, lambda a, b, v: Not(s.votes(a, b, v))),
        every(Learner, Ballot, Value, lambda l, b, v: Not(s.learned(l, b, v))),
    )


# -- the invariant -------------------------------------------------------------------------------


def type_ok(s: State) -> Formula:
    return And(
        every(Acceptor, Ballot, Value, lambda a, b, v: Implies(s.votes(a, b, v), b != zero)),
        every(Learner, Ballot, Value, lambda l, b, v: Implies(s.learned(l, b, v), b != zero)),
        learns_one(s),
    )


def learns_one(s: State) -> Formula:
    """What a learner knows is one vote."""
    return every(
        Learner,
        *(Ballot, Value, Ballot, Value),
        lambda l, b, v, c, w: Implies(
            And(s.learned(l, b, v), s.learned(l, c, w)), And(b == c, v == w)
        ),
    )


def one_batch_per_ballot(s: State) -> Formula:
    return every(
        Acceptor,
        *(Acceptor, Ballot, Value, Value),
        lambda a, c, b, v, w: Implies(And(s.votes(a, b, v), s.votes(c, b, w)), v == w),
    )


def shows_safe(s: State, q: Term, b: Term, v: Term) -> Formula:
    return And(promised_by(s, q, b), Or(none_below(s, b, q), of_highest(s, v, b, q)))


def votes_safe(s: State) -> Formula:
    return every(
        Acceptor,
        *(Ballot, Value),
        lambda a, b, v: Implies(s.votes(a, b, v), some(Quorum1, lambda q: shows_safe(s, q, b, v))),
    )


def learned_from_one_ballot(s: State) -> Formula:
    return every(
        Learner,
        *(Ballot, Value),
        lambda l, b, v: Implies(
            s.learned(l, b, v), some(Quorum2, lambda q: voted_together(s, q, b, v))
        ),
    )


def votes_broadcast(s: State) -> Formula:
    return every(
        Acceptor, *(Ballot, Value), lambda a, b, v: Implies(s.votes(a, b, v), s.broadcast(v))
    )


# -- what it is for ------------------------------------------------------------------------------


def later_votes_agree(s: State, b: Term) -> Formula:
    """What was chosen in a ballot that is not above b is what is voted for in b: the argument that
    VotingInductive gives in words, by induction on b."""
    return every(
        Acceptor,
        *(Value, Value, Ballot, Quorum2),
        lambda a, u, v, c, q: Implies(
            And(s.votes(a, b, v), at_most(c, b), voted_together(s, q, c, u)), u == v
        ),
    )


def agreement(s: State) -> Formula:
    return And(
        every(Value, Value, lambda v, w: Implies(And(chosen(s, v), chosen(s, w)), v == w)),
        learners_agree(s),
    )


def learners_agree(s: State) -> Formula:
    """No two learners learn different values."""
    return every(
        Learner,
        *(Learner, Ballot, Ballot, Value, Value),
        lambda l, k, b, c, v, w: Implies(And(s.learned(l, b, v), s.learned(k, c, w)), v == w),
    )


def integrity(s: State) -> Formula:
    return every(
        Learner, *(Ballot, Value), lambda l, b, v: Implies(s.learned(l, b, v), s.broadcast(v))
    )


VOTING = Encoding(
    name="Voting",
    sorts=(Acceptor, Learner, Quorum1, Quorum2, Ballot, Value),
    constants=(member1, member2, at_most, zero.decl()),
    orders=(at_most,),
    axioms=AXIOMS,
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Broadcast", (Value,), _broadcast),
        Action("Promise", (Acceptor, Ballot), _promise),
        Action("Vote", (Acceptor, Ballot, Value, Quorum1), _vote),
        Action("Learn", (Learner, Ballot, Value, Quorum2), _learn),
    ),
    invariant={
        "TypeOK": type_ok,
        "OneBatchPerBallot": one_batch_per_ballot,
        "VotesSafe": votes_safe,
        "LearnedFromOneBallot": learned_from_one_ballot,
        "VotesBroadcast": votes_broadcast,
    },
    lemmas=(
        Induction(
            "later votes agree",
            Ballot,
            below,
            later_votes_agree,
            ("OneBatchPerBallot", "VotesSafe"),
        ),
    ),
    goals={
        "Agreement": Goal(agreement, ("LearnedFromOneBallot", "later votes agree")),
        "Integrity": Goal(integrity, ("LearnedFromOneBallot", "VotesBroadcast")),
    },
    hints={},
    needless={
        "TypeOK": "it makes states of the relations states of the module: nothing else relies on it"
    },
    sizes=tuple(
        {"Acceptor": a, "Learner": l, "Quorum1": q, "Quorum2": q, "Ballot": b, "Value": v}
        for a, q, b, v, l in [(1, 1, 2, 1, 1), (1, 1, 3, 2, 1), (2, 2, 3, 2, 2)]
    ),
    wrong_without={
        "OneBatchPerBallot": "Vote keeps Agreement",
        "VotesSafe": "Vote keeps Agreement",
        "LearnedFromOneBallot": "Learn keeps Agreement",
        "VotesBroadcast": "Learn keeps Integrity",
    },
)
