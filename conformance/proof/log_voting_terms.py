"""What LogVoting.tla speaks of, in first-order logic: its sorts, constants and operators.

A batch is a thing of its own here, and so are a sequence of values and a log: for each instance the
batches that are chosen in it. Of the operators of Batches.tla is known what AXIOMS say. Instance 0
is in the sort, as the least: the prefix of a learner that has delivered nothing. A scope is
whatever an instance is in the scope of, which both clauses of PromiseScope are cases of.
"""

from __future__ import annotations

from z3 import (
    And,
    Implies,
    Not,
    Or,
)

from conformance.proof import (
    voting_logic,
)
from conformance.proof.logic import (
    Formula,
    Term,
    every,
    function,
    relation,
    some,
    sort,
)
from conformance.proof.voting_logic import (
    Learner,
    Value,
)

Instance, Batch = sort("Instance"), sort("Batch")
Scope, Scopes = sort("Scope"), sort("Scopes")
Sequence, Log = sort("Sequence"), sort("Log")

comes_before = relation("comes_before", Value, Value)
"""Of v and u: u \\in Before(v)"""
keeps = relation("keeps", Learner)

up_to = relation("up_to", Instance, Instance)
"""i <= j"""
start, last = function("start", Instance)(), function("last", Instance)()
"""0 and Instances"""
scope_of = function("scope_of", Instance, Scope)
in_scopes = relation("in_scopes", Scopes, Scope)

has = relation("has", Batch, Value)
"""Of a batch and v: v \\in Range(batch)"""
contains = relation("contains", Sequence, Value)
once = relation("once", Sequence)
"""Cardinality(Range(s)) = Len(s)"""
in_turn = relation("in_turn", Sequence)
"""EachInTurn(s)"""
begins = relation("begins", Sequence, Sequence)
"""IsPrefix"""
empty = function("empty", Sequence)()
appended = function("appended", Sequence, Batch, Sequence)
"""AppendNew(s, Range(s), batch)"""

entry = relation("entry", Log, Instance, Batch)
"""Of c, i and a batch: batch \\in c[i]"""
picked = function("picked", Log, Instance, Batch)
"""CHOOSE batch \\in c[i] : TRUE"""
recorded = function("recorded", Log, Instance, Batch, Log)
"""[c EXCEPT ![i] = @ \\cup {batch}]"""
order_up_to = function("order_up_to", Log, Instance, Sequence)
"""OrderUpTo(c, n)"""


def before(i: Term, j: Term) -> Formula:
    """i < j"""
    return Not(up_to(j, i))


is_next = relation("is_next", Instance, Instance)
"""Of i and j: j = i + 1"""


def has_none_between(i: Term, j: Term) -> Formula:
    """What `is_next` means."""
    return And(before(i, j), every(Instance, lambda k: Or(up_to(k, i), up_to(j, k))))


def settled(c: Term, i: Term) -> Formula:
    """c[i] # {}"""
    return some(Batch, lambda w: entry(c, i, w))


complete = relation("complete", Log, Instance)
"""Of c and n: \\A j \\in 1..n : c[j] # {}"""
has_all = relation("has_all", Log, Log, Instance)
"""Of c, d and n: what is chosen in c up to n is in d too, and there is no more than that."""


def is_complete(c: Term, n: Term) -> Formula:
    """What `complete` means."""
    return every(Instance, lambda j: Implies(And(j != start, up_to(j, n)), settled(c, j)))


def is_all(c: Term, d: Term, n: Term) -> Formula:
    """What `has_all` means."""
    return every(
        *(Instance, Batch, Batch),
        lambda i, w, x: Implies(
            And(i != start, up_to(i, n), entry(c, i, w)),
            And(entry(d, i, w), Implies(entry(d, i, x), w == x)),
        ),
    )


AXIOMS: dict[str, Formula] = {
    **voting_logic.AXIOMS,
    "instances: transitive": every(
        *(Instance, Instance, Instance),
        lambda i, j, k: Implies(And(up_to(i, j), up_to(j, k)), up_to(i, k)),
    ),
    "instances: antisymmetric": every(
        Instance, Instance, lambda i, j: Implies(And(up_to(i, j), up_to(j, i)), i == j)
    ),
    "instances: total": every(Instance, Instance, lambda i, j: Or(up_to(i, j), up_to(j, i))),
    "instances: from 0 to the last": every(
        Instance, lambda i: And(up_to(start, i), up_to(i, last))
    ),
    "sequences: the empty one": And(every(Value, lambda v: Not(contains(empty, v))), once(empty)),
    "sequences: prefix, reflexive": every(Sequence, lambda s: begins(s, s)),
    "sequences: prefix, transitive": every(
        *(Sequence, Sequence, Sequence),
        lambda s, t, u: Implies(And(begins(s, t), begins(t, u)), begins(s, u)),
    ),
    "append: goes on": every(Sequence, Batch, lambda s, w: begins(s, appended(s, w))),
    "append: nothing else": every(
        *(Sequence, Batch, Value),
        lambda s, w, v: Implies(contains(appended(s, w), v), Or(contains(s, v), has(w, v))),
    ),
    "append: nothing twice": every(
        Sequence, Batch, lambda s, w: Implies(once(s), once(appended(s, w)))
    ),
    "turns: of the empty sequence": in_turn(empty),
    "turns: append": every(
        Sequence, Batch, lambda s, w: Implies(in_turn(s), in_turn(appended(s, w)))
    ),
    "logs: what is recorded": every(
        *(Log, Instance, Batch, Instance, Batch),
        lambda c, i, w, j, x: Implies(
            And(i != start, j != start),
            entry(recorded(c, i, w), j, x) == Or(entry(c, j, x), And(i == j, x == w)),
        ),
    ),
    "logs: what is picked": every(
        *(Log, Instance),
        lambda c, i: Implies(And(i != start, settled(c, i)), entry(c, i, picked(c, i))),
    ),
    "next: there is none between": every(
        *(Instance, Instance), lambda i, j: Implies(is_next(i, j), has_none_between(i, j))
    ),
    "next: no other": every(
        *(Instance, Instance), lambda i, j: Implies(has_none_between(i, j), is_next(i, j))
    ),
    "complete: what it means": every(
        Log, Instance, lambda c, n: complete(c, n) == is_complete(c, n)
    ),
    "has all: what it means": every(
        *(Log, Log, Instance), lambda c, d, n: has_all(c, d, n) == is_all(c, d, n)
    ),
    "order: of no instance": every(Log, lambda c: order_up_to(c, start) == empty),
    "order: of one more instance": every(
        *(Log, Instance, Instance),
        lambda c, i, n: Implies(
            And(is_next(i, n), complete(c, n)),
            order_up_to(c, n) == appended(order_up_to(c, i), picked(c, n)),
        ),
    ),
    "order: from a gap on": every(
        *(Log, Instance, Instance),
        lambda c, i, n: Implies(
            And(is_next(i, n), Not(complete(c, n))), order_up_to(c, n) == order_up_to(c, i)
        ),
    ),
}
