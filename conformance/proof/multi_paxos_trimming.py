"""Why what acceptors of MultiPaxos have trimmed is over: TrimmedIsOver, and what it needs."""

from __future__ import annotations

from z3 import And, Implies, Not, Or

from conformance.proof.log_voting_lemmas import INSTANCES
from conformance.proof.log_voting_terms import Instance, empty, keeps, start, up_to
from conformance.proof.logic import Fact, Formula, State, Term, every, some
from conformance.proof.multi_paxos_state import Keepers, Lives, lived, needs, no_table
from conformance.proof.voting_logic import Acceptor, Learner, zero


def is_done(s: State, l: Term, i: Term) -> Formula:
    """IsDone(l, i)"""
    checkpointed = some(Instance, lambda j: And(s.says_checkpoint(l, j), up_to(i, j)))
    return Or(And(keeps(l), checkpointed), And(Not(keeps(l)), s.says_delivered(l, i)))


def has_it(s: State, l: Term, i: Term) -> Formula:
    """Has(l, i)"""
    return Or(
        And(keeps(l), up_to(i, s.checkpoint_prefix(l))),
        And(Not(keeps(l)), up_to(i, s.prefix(l))),
    )


def asks_for_some(k: Term) -> Formula:
    """K # {}"""
    return some(Lives, lambda lives: needs(k, lives))


def may_forget(s: State, i: Term) -> Formula:
    def is_kept(k: Term) -> Formula:
        return every(
            Lives,
            lambda lives: Implies(
                needs(k, lives), some(Learner, lambda l: And(lived(lives, l), is_done(s, l, i)))
            ),
        )

    return some(Keepers, lambda k: And(asks_for_some(k), is_kept(k)))


# -- the invariant -------------------------------------------------------------------------------


def said_is_true(s: State) -> Formula:
    return And(
        every(
            *(Learner, Instance),
            lambda l, i: Implies(And(s.says_delivered(l, i), Not(keeps(l))), up_to(i, s.prefix(l))),
        ),
        every(
            *(Learner, Instance),
            lambda l, i: Implies(s.says_checkpoint(l, i), up_to(i, s.checkpoint_prefix(l))),
        ),
    )


def checkpoints_rise(s: State) -> Formula:
    def is_beginning(l: Term) -> Formula:
        return And(
            s.taken_prefix(l) == start, s.taken_delivered(l) == empty, s.taken_known(l) == no_table
        )

    return every(
        Learner,
        lambda l: And(
            up_to(s.taken_prefix(l), s.prefix(l)),
            up_to(s.checkpoint_prefix(l), s.prefix(l)),
            Or(is_beginning(l), up_to(s.checkpoint_prefix(l), s.taken_prefix(l))),
        ),
    )


def trimmed_is_over(s: State) -> Formula:
    def have(k: Term, i: Term) -> Formula:
        return every(
            Lives,
            lambda lives: Implies(
                needs(k, lives), some(Learner, lambda l: And(lived(lives, l), has_it(s, l, i)))
            ),
        )

    return And(
        every(
            Acceptor,
            lambda a: Implies(
                s.trimmed(a) != start,
                some(Keepers, lambda k: And(asks_for_some(k), have(k, s.trimmed(a)))),
            ),
        ),
        every(
            *(Acceptor, Instance),
            lambda a, i: Implies(
                And(i != start, up_to(i, s.trimmed(a))), s.vote_ballot(a, i) == zero
            ),
        ),
    )


# -- what it gives -------------------------------------------------------------------------------


def keepers_keep(k: Term) -> Formula:
    """It asks for a learner whose lives all keep checkpoints."""

    def all_keep(lives: Term) -> Formula:
        return every(Learner, lambda l: Implies(lived(lives, l), keeps(l)))

    return some(Lives, lambda lives: And(needs(k, lives), all_keep(lives)))


def trimmed_is_kept(s: State) -> Formula:
    """TrimmedIsKept, where each of Keepers that asks for some learner asks for one that keeps
    checkpoints, whatever its life."""

    def is_kept(i: Term) -> Formula:
        return some(Learner, lambda l: And(keeps(l), up_to(i, s.checkpoint_prefix(l))))

    return Implies(
        every(Keepers, lambda k: Implies(asks_for_some(k), keepers_keep(k))),
        every(
            *(Acceptor, Learner),
            lambda a, l: Implies(
                And(keeps(l), Not(up_to(s.trimmed(a), s.prefix(l)))), is_kept(s.trimmed(a))
            ),
        ),
    )


# -- why steps keep it ---------------------------------------------------------------------------

KEPT = "what learners have, they keep"


def keep_facts(before: State, after: State, *uses: str) -> tuple[Fact, ...]:
    """Of a step of a learner."""
    still = every(
        *(Learner, Instance), lambda l, i: Implies(has_it(before, l, i), has_it(after, l, i))
    )
    return (Fact(KEPT, still, (INSTANCES, "CheckpointsRise", *uses)),)


def trim_facts(s: State, a: Term, i: Term) -> tuple[Fact, ...]:
    they_have = every(*(Learner, Instance), lambda l, j: Implies(is_done(s, l, j), has_it(s, l, j)))
    return (Fact("who says so has it", they_have, (INSTANCES, "SaidIsTrue")),)
