"""Synod.tla in first-order logic: its actions, and how it is proved. What its state is, and the
invariant, is in synod_invariant.py.
"""

from __future__ import annotations

from z3 import And, If, Implies, Not, Or

from conformance.proof.logic import (
    Action,
    Encoding,
    Fact,
    Formula,
    Goal,
    Induction,
    State,
    Step,
    Term,
    every,
    some,
)
from conformance.proof.synod_invariant import (
    VARIABLES,
    Proposer,
    agreement,
    decisions_chosen,
    direct,
    heard,
    last_vote,
    later_proposals_agree,
    learned_decided,
    may_learn,
    none,
    one_batch_per_ballot,
    owner,
    promises_true,
    proposable,
    proposals_broadcast,
    proposals_safe,
    proposed,
    reported,
    shows_safe,
    type_ok,
    voted_together,
    votes_below,
    votes_below_promise,
    votes_proposed,
)
from conformance.proof.voting_logic import (
    AXIOMS,
    Acceptor,
    Ballot,
    Learner,
    Quorum1,
    Quorum2,
    Value,
    at_most,
    below,
    has_learned,
    integrity,
    member1,
    member2,
    promised_by,
    zero,
)

# -- actions -------------------------------------------------------------------------------------


def _broadcast(s: State, v: Term) -> Step:
    return Step(
        {"Value": v != none, "fresh": Not(s.broadcast(v))},
        {"broadcast": lambda w: Or(s.broadcast(w), w == v)},
    )


def _phase1a(s: State, b: Term) -> Step:
    return Step(
        {"Ballot": b != zero, "wanted": some(Value, s.broadcast)},
        {"msg1a": lambda c: Or(s.msg1a(c), c == b)},
    )


def _phase1b(s: State, a: Term, b: Term) -> Step:
    return Step(
        {"asked": s.msg1a(b), "promise": at_most(s.promised(a), b)},
        {
            "promised": lambda c: If(c == a, b, s.promised(c)),
            "msg1b": lambda c, d, e, v: Or(
                s.msg1b(c, d, e, v),
                And(c == a, d == b, e == s.vote_ballot(a), v == s.vote_value(a)),
            ),
        },
    )


def _phase2a(s: State, b: Term, v: Term, q: Term) -> Step:
    def promised(a: Term) -> Formula:
        return some(Ballot, Value, lambda c, w: s.msg1b(a, b, c, w))

    return Step(
        {
            "Ballot": b != zero,
            "Value": v != none,
            "once": Not(proposed(s, b)),
            "promises": every(Acceptor, lambda a: Implies(member1(q, a), promised(a))),
            "highest": proposable(s, v, b, q),
        },
        {"msg2a": lambda c, w: Or(s.msg2a(c, w), And(c == b, w == v))},
    )


ORDER = tuple(name for name in AXIOMS if name.startswith("ballots"))


def _phase2a_facts(s: State, b: Term, v: Term, q: Term) -> tuple[Fact, ...]:
    """How the quorum of promises shows that the proposal is safe."""

    def is_reported(d: Term) -> Formula:
        return some(Ballot, lambda c: And(reported(s, q, b, c), at_most(d, c)))

    def is_cast(c: Term) -> Formula:
        return And(below(c, b), s.msg2a(c, v), some(Acceptor, lambda a: s.msg2b(a, c)))

    def none_reported_above(c: Term) -> Formula:
        return every(Ballot, lambda d: Implies(reported(s, q, b, d), at_most(d, c)))

    def none_voted_above(c: Term) -> Formula:
        return every(Ballot, lambda d: Implies(votes_below(s, q, b, d), at_most(d, c)))

    none_reported = every(Ballot, lambda c: Not(reported(s, q, b, c)))
    none_voted = every(Ballot, lambda c: Not(votes_below(s, q, b, c)))
    covered = every(Ballot, lambda d: Implies(votes_below(s, q, b, d), is_reported(d)))
    cast = every(Ballot, lambda c: Implies(heard(s, b, c, v), is_cast(c)))
    above = every(Ballot, lambda c: Implies(none_reported_above(c), none_voted_above(c)))
    highest_reported = some(Ballot, lambda c: And(is_cast(c), none_reported_above(c)))
    highest_voted = some(Ballot, lambda c: And(is_cast(c), none_voted_above(c)))
    true = (*ORDER, "TypeOK", "PromisesTrue")
    return (
        Fact("the quorum has promised", promised_by(s, q, b), (*true, "promises")),
        Fact("its votes are reported, or above them others", covered, (*true, "promises")),
        Fact("what was heard was voted for", cast, (*true, "once")),
        Fact(
            "if none is reported, there is none",
            Implies(none_reported, none_voted),
            ("its votes are reported, or above them others",),
        ),
        Fact(
            "what is above all reports is above all votes",
            above,
            (*ORDER, "its votes are reported, or above them others"),
        ),
        Fact(
            "if there are votes, v is of the highest reported",
            Implies(Not(none_voted), highest_reported),
            ("highest", "if none is reported, there is none", "what was heard was voted for"),
        ),
        Fact(
            "if there are votes, v is of the highest",
            Implies(Not(none_voted), highest_voted),
            (
                "if there are votes, v is of the highest reported",
                "what is above all reports is above all votes",
            ),
        ),
        Fact(
            "the quorum shows the proposal safe",
            shows_safe(s, q, b, v),
            ("the quorum has promised", "if there are votes, v is of the highest"),
        ),
    )


def _phase2b(s: State, a: Term, b: Term, v: Term) -> Step:
    """v is ValueOf(b)."""
    return Step(
        {"proposed": s.msg2a(b, v), "promise": at_most(s.promised(a), b)},
        {
            "promised": lambda c: If(c == a, b, s.promised(c)),
            "vote_ballot": lambda c: If(c == a, b, s.vote_ballot(c)),
            "vote_value": lambda c: If(c == a, v, s.vote_value(c)),
            "msg2b": lambda c, d: Or(s.msg2b(c, d), And(c == a, d == b)),
            "votes": lambda c, d, w: Or(s.votes(c, d, w), And(c == a, d == b, w == v)),
        },
    )


def _decide(s: State, b: Term, q: Term) -> Step:
    return Step(
        {"Ballot": b != zero, "indirect": Not(direct), "voted": voted_together(s, q, b)},
        {"decide": lambda c: Or(s.decide(c), c == b)},
    )


def _learn(s: State, l: Term, b: Term, q: Term, v: Term) -> Step:
    """v is ValueOf(b)."""
    return Step(
        {"once": Not(has_learned(s, l)), "decided": may_learn(s, b, q), "ValueOf": s.msg2a(b, v)},
        {"learned": lambda k, c, w: Or(s.learned(k, c, w), And(k == l, c == b, w == v))},
    )


def _recover(s: State, a: Term) -> Step:
    return Step({}, {})


def init(s: State) -> Formula:
    return And(
        every(Value, lambda v: Not(s.broadcast(v))),
        every(Ballot, lambda b: Not(Or(s.msg1a(b), s.decide(b)))),
        every(Acceptor, *(Ballot, Ballot, Value), lambda a, b, c, v: Not(s.msg1b(a, b, c, v))),
        every(Ballot, Value, lambda b, v: Not(s.msg2a(b, v))),
        every(Acceptor, Ballot, lambda a, b: Not(s.msg2b(a, b))),
        every(
            Acceptor,
            lambda a: And(s.promised(a) == zero, s.vote_ballot(a) == zero, s.vote_value(a) == none),
        ),
        every(Learner, *(Ballot, Value), lambda l, b, v: Not(s.learned(l, b, v))),
        every(Acceptor, *(Ballot, Value), lambda a, b, v: Not(s.votes(a, b, v))),
    )


SYNOD = Encoding(
    name="Synod",
    sorts=(Acceptor, Learner, Quorum1, Quorum2, Ballot, Value, Proposer),
    constants=(member1, member2, at_most, zero.decl(), none.decl(), owner, direct.decl()),
    orders=(at_most,),
    axioms=AXIOMS,
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Broadcast", (Value,), _broadcast),
        Action("Phase1a", (Ballot,), _phase1a),
        Action("Phase1b", (Acceptor, Ballot), _phase1b),
        Action("Phase2a", (Ballot, Value, Quorum1), _phase2a, _phase2a_facts),
        Action("Phase2b", (Acceptor, Ballot, Value), _phase2b),
        Action("Decide", (Ballot, Quorum2), _decide),
        Action("Learn", (Learner, Ballot, Quorum2, Value), _learn),
        Action("Recover", (Acceptor,), _recover),
    ),
    invariant={
        "TypeOK": type_ok,
        "OneBatchPerBallot": one_batch_per_ballot,
        "ProposalsSafe": proposals_safe,
        "ProposalsBroadcast": proposals_broadcast,
        "VotesProposed": votes_proposed,
        "LastVote": last_vote,
        "VotesBelowPromise": votes_below_promise,
        "PromisesTrue": promises_true,
        "DecisionsChosen": decisions_chosen,
        "LearnedDecided": learned_decided,
    },
    lemmas=(
        Induction(
            "later proposals agree",
            Ballot,
            below,
            later_proposals_agree,
            ("OneBatchPerBallot", "ProposalsSafe"),
        ),
    ),
    goals={
        "Agreement": Goal(
            agreement, ("LearnedDecided", "DecisionsChosen", "later proposals agree")
        ),
        "Integrity": Goal(integrity, ("LearnedDecided", "ProposalsBroadcast")),
    },
    hints={
        "Phase2a keeps ProposalsSafe": ("ProposalsSafe", "the quorum shows the proposal safe"),
        "Phase2b keeps ProposalsSafe": ("ProposalsSafe",),
    },
    needless={
        "VotesProposed": "without it ValueOf has no value in the module; here it is a relation"
    },
    sizes=tuple(
        {
            **{"Acceptor": a, "Learner": l, "Quorum1": q, "Quorum2": q},
            **{"Ballot": b, "Value": v, "Proposer": 1},
        }
        for a, q, b, v, l in [(1, 1, 2, 3, 1), (1, 1, 3, 3, 2), (2, 1, 3, 3, 1)]
    ),
    wrong_without={
        "TypeOK": "Phase2a keeps ProposalsSafe",
        "OneBatchPerBallot": "Phase2b keeps Agreement",
        "ProposalsSafe": "Phase2b keeps Agreement",
        "ProposalsBroadcast": "Learn keeps Integrity",
        "LastVote": "Phase1b keeps PromisesTrue",
        "VotesBelowPromise": "Phase1b keeps PromisesTrue",
        "PromisesTrue": "Phase2a keeps ProposalsSafe",
        "DecisionsChosen": "Learn keeps Agreement",
        "LearnedDecided": "Learn keeps Agreement",
    },
)
