"""The state of MultiPaxos.tla in first-order logic, and what its messages say.

Messages of a type are a relation on what they say, as in Synod. The votes that a 1b reports are a
thing of its own, as a log is: of a report is known which votes are in it. The state of a learner,
of a checkpoint and of a snapshot is a prefix, a sequence and a client table. BatchOf(b, i) is
whatever the 2a of b says in i. Messages of other clusters there are none, as Foreign says.
"""

from __future__ import annotations

from z3 import And, Implies, Not, Or

from conformance.proof import log_voting_terms
from conformance.proof.log_voting_terms import (
    Batch,
    Instance,
    Log,
    Scope,
    Sequence,
    appended,
    comes_before,
    empty,
    has,
    up_to,
)
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
    Value,
    at_most,
    member1,
    member2,
)

Proposer, Report, Table = sort("Proposer"), sort("Report"), sort("Table")
Keepers, Lives = sort("Keepers"), sort("Lives")

owner = function("owner", Ballot, Proposer)
direct, ahead = relation("direct")(), relation("ahead")()
"""DirectLearning and PrepareAhead"""
no_op = function("no_op", Batch)()

reports = relation("reports", Report, Instance, Ballot, Batch)
"""Of a report, i, b and a batch: <<i, b, batch>> is in it."""

needs = relation("needs", Keepers, Lives)
"""Of K, in Keepers, and lives: lives \\in K"""
lived = relation("lived", Lives, Learner)
"""Of lives and l: l \\in lives"""

no_table = function("no_table", Table)()
table_of = function("table_of", Sequence, Table)
"""Remember({}, s)"""
remembered = function("remembered", Table, Batch, Table)
"""Remember(table, NewOf(table, batch))"""
appended_by = function("appended_by", Sequence, Table, Batch, Sequence)
"""AppendNew(s, table, batch)"""

AXIOMS: dict[str, Formula] = {
    **log_voting_terms.AXIOMS,
    "tables: at first": table_of(empty) == no_table,
    "tables: append": every(
        *(Sequence, Batch), lambda s, w: appended_by(s, table_of(s), w) == appended(s, w)
    ),
    "tables: remember": every(
        *(Sequence, Batch), lambda s, w: remembered(table_of(s), w) == table_of(appended(s, w))
    ),
}

STATE = (Instance, Sequence, Table)
"""What a learner is at: prefix, delivered, known."""

VARIABLES = (
    relation("broadcast", Value),
    relation("msg1a", Ballot, Instance, Instance),  # of b, from, to
    relation("msg1b", Acceptor, Ballot, Instance, Instance, Report),
    relation("msg2a", Ballot, Instance, Batch),
    relation("msg2b", Acceptor, Ballot, Instance),
    relation("decide", Ballot, Instance),
    relation("says_delivered", Learner, Instance),
    relation("says_checkpoint", Learner, Instance),
    relation("snapshot", *STATE),
    function("promised", Acceptor, Scope, Ballot),
    function("vote_ballot", Acceptor, Instance, Ballot),
    function("vote_batch", Acceptor, Instance, Batch),
    function("trimmed", Acceptor, Instance),
    relation("learned", Learner, Instance, Ballot, Batch),
    function("prefix", Learner, Instance),
    function("delivered", Learner, Sequence),
    function("known", Learner, Table),
    function("taken_prefix", Learner, Instance),
    function("taken_delivered", Learner, Sequence),
    function("taken_known", Learner, Table),
    function("checkpoint_prefix", Learner, Instance),
    function("checkpoint_delivered", Learner, Sequence),
    function("checkpoint_known", Learner, Table),
    relation("votes", Acceptor, Instance, Ballot, Batch),
    function("chosen", Log),
    function("order", Sequence),
)

# -- what the messages say -----------------------------------------------------------------------


def within(f: Term, i: Term, t: Term) -> Formula:
    """i \\in f..t"""
    return And(up_to(f, i), up_to(i, t))


def proposed(s: State, b: Term, i: Term) -> Formula:
    """Accepts(b, i) # {}"""
    return some(Batch, lambda w: s.msg2a(b, i, w))


def promises(s: State, a: Term, b: Term, i: Term) -> Formula:
    """Promises(a, b, i) # {}"""
    return some(
        *(Instance, Instance, Report),
        lambda f, t, r: And(s.msg1b(a, b, f, t, r), within(f, i, t)),
    )


def all_said(s: State, q: Term, b: Term, i: Term) -> Formula:
    """VotedTogether(Q, b, i): by 2b messages."""
    return every(Acceptor, lambda a: Implies(member2(q, a), s.msg2b(a, b, i)))


def reported(s: State, q: Term, b: Term, i: Term, c: Term) -> Formula:
    """A vote of ballot c is in Reported(Q, b, i)."""
    return some(
        *(Acceptor, Instance, Instance, Report, Batch),
        lambda a, f, t, r, w: And(
            *(member1(q, a), s.msg1b(a, b, f, t, r), within(f, i, t), reports(r, i, c, w))
        ),
    )


def heard(s: State, b: Term, i: Term, c: Term, w: Term) -> Formula:
    """<<c, w>> \\in Heard(b, i)"""
    return some(
        *(Acceptor, Ballot, Instance, Instance, Report),
        lambda a, d, f, t, r: And(
            *(s.msg1b(a, d, f, t, r), reports(r, i, c, w)),
            *(at_most(d, b), owner(d) == owner(b)),
        ),
    )


def none_reported(s: State, q: Term, b: Term, i: Term) -> Formula:
    """Reported(Q, b, i) = {}"""
    return every(Ballot, lambda c: Not(reported(s, q, b, i, c)))


def none_above(s: State, q: Term, b: Term, i: Term, c: Term) -> Formula:
    """IsHighest of a vote of ballot c, and Reported(Q, b, i)."""
    return every(Ballot, lambda d: Implies(reported(s, q, b, i, d), at_most(d, c)))


def reached(s: State, i: Term) -> Formula:
    return some(*(Ballot, Instance, Batch), lambda b, j, w: And(s.msg2a(b, j, w), up_to(i, j)))


def value_waits(s: State, b: Term) -> Formula:
    def not_proposed(v: Term) -> Formula:
        return every(Instance, Batch, lambda i, w: Implies(s.msg2a(b, i, w), Not(has(w, v))))

    return some(
        Value,
        lambda v: And(
            s.broadcast(v), Or(some(Value, lambda u: comes_before(v, u)), not_proposed(v))
        ),
    )


def may_learn(s: State, b: Term, i: Term, q: Term) -> Formula:
    return Or(And(direct, all_said(s, q, b, i)), And(Not(direct), s.decide(b, i)))
