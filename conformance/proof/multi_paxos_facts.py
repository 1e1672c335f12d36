"""Why steps of MultiPaxos keep its invariant, in parts that the solver gets through."""

from __future__ import annotations

from collections.abc import Callable

from z3 import And, Implies, Not

from conformance.proof import log_voting_facts
from conformance.proof.log_voting_invariant import (
    none_below,
    promised_by,
    shows_safe,
    voted_together,
    votes_below,
)
from conformance.proof.log_voting_lemmas import QUORUMS
from conformance.proof.log_voting_terms import appended
from conformance.proof.logic import NO_AXIOMS, Fact, Formula, State, Term, every, some
from conformance.proof.multi_paxos_learner_actions import (
    deliver,
    recover_checkpoint,
    recover_install,
    restart,
)
from conformance.proof.multi_paxos_state import (
    all_said,
    appended_by,
    heard,
    none_above,
    none_reported,
    remembered,
    reported,
    table_of,
)
from conformance.proof.multi_paxos_trimming import keep_facts
from conformance.proof.voting_logic import Acceptor, Ballot, Quorum2, at_most, below


def is_cast(s: State, b: Term, i: Term, c: Term, w: Term) -> Formula:
    """Some acceptor voted for the batch in ballot c, below b."""
    return And(below(c, b), some(Acceptor, lambda a: s.votes(a, i, c, w)))


def phase2a_facts(s: State, b: Term, i: Term, w: Term, q: Term) -> tuple[Fact, ...]:
    """How the quorum of promises shows that the proposal is safe, as in Synod."""

    def is_reported(d: Term) -> Formula:
        return some(Ballot, lambda c: And(reported(s, q, b, i, c), at_most(d, c)))

    covered = every(Ballot, lambda d: Implies(votes_below(s, q, b, i, d), is_reported(d)))
    cast = every(Ballot, lambda c: Implies(heard(s, b, i, c, w), is_cast(s, b, i, c, w)))
    promises = (NO_AXIOMS, "PromisesTrue", "promises")
    return (
        Fact("the quorum has promised", promised_by(s, q, b, i), promises),
        Fact("its votes are reported, or above them others", covered, promises),
        Fact(
            "what was heard was voted for",
            cast,
            ("ballots", "PromisesTrue", "VotesProposed", "once"),
        ),
        *_of_the_highest(s, b, i, w, q),
        Fact(
            "the quorum shows the proposal safe",
            shows_safe(s, q, b, i, w),
            (
                *(NO_AXIOMS, "the quorum has promised"),
                "if there are votes, it is of the highest",
            ),
        ),
    )


def _of_the_highest(s: State, b: Term, i: Term, w: Term, q: Term) -> tuple[Fact, ...]:
    """Of the quorum's votes, whether reported or not."""

    def none_voted_above(c: Term) -> Formula:
        return every(Ballot, lambda d: Implies(votes_below(s, q, b, i, d), at_most(d, c)))

    def highest(none: Callable[[Term], Formula]) -> Formula:
        cast = some(Ballot, lambda c: And(is_cast(s, b, i, c, w), none(c)))
        return Implies(Not(none_voted), cast)

    def none_reported_above(c: Term) -> Formula:
        return none_above(s, q, b, i, c)

    nothing, none_voted = none_reported(s, q, b, i), none_below(s, b, i, q)
    above = every(Ballot, lambda c: Implies(none_reported_above(c), none_voted_above(c)))
    covered = "its votes are reported, or above them others"
    return (
        Fact(
            "if none is reported, there is none",
            Implies(nothing, none_voted),
            (NO_AXIOMS, covered),
        ),
        Fact("what is above all reports is above all votes", above, ("ballots", covered)),
        Fact(
            "if there are votes, it is of the highest reported",
            highest(none_reported_above),
            (
                *(NO_AXIOMS, "highest"),
                "if none is reported, there is none",
                "what was heard was voted for",
            ),
        ),
        Fact(
            "if there are votes, it is of the highest",
            highest(none_voted_above),
            (
                NO_AXIOMS,
                "if there are votes, it is of the highest reported",
                "what is above all reports is above all votes",
            ),
        ),
    )


def vote_facts(s: State, a: Term, b: Term, i: Term, w: Term) -> tuple[Fact, ...]:
    """What becomes of what is chosen, as in LogVoting."""
    return log_voting_facts.vote_facts(s, a, b, i, w)


def learn_facts(s: State, l: Term, b: Term, i: Term, q: Term, w: Term) -> tuple[Fact, ...]:
    """That a quorum has voted for what the 2a says."""
    said = some(Quorum2, lambda p: all_said(s, p, b, i))
    of_votes = every(Acceptor, lambda a: Implies(s.msg2b(a, b, i), s.votes(a, i, b, w)))
    voted = some(Quorum2, lambda p: voted_together(s, p, b, i, w))
    return (
        Fact("a quorum said so", said, (NO_AXIOMS, "DecisionsChosen", "decided")),
        Fact(
            "their votes are for the batch",
            of_votes,
            (NO_AXIOMS, "VotesTrue", "VotesProposed", "OneBatchPerBallot", "BatchOf"),
        ),
        Fact(
            "a quorum voted for it",
            voted,
            (NO_AXIOMS, "a quorum said so", "their votes are for the batch"),
        ),
    )


def deliver_facts(s: State, l: Term, i: Term, b: Term, w: Term) -> tuple[Fact, ...]:
    """That by its client table a learner delivers what it would by all that it has delivered."""
    same = appended_by(s.delivered(l), s.known(l), w) == appended(s.delivered(l), w)
    table = remembered(s.known(l), w) == table_of(appended(s.delivered(l), w))
    has_table = s.known(l) == table_of(s.delivered(l))
    return (
        *log_voting_facts.deliver_facts(s, l, i, b, w, "LearnedVoted"),
        Fact("its table is that of the order", has_table, (QUORUMS, "DeliveredIsOrder")),
        Fact(
            "by its table it delivers the same",
            And(same, table),
            ("tables", "its table is that of the order"),
        ),
        *keep_facts(s, s.but(deliver(s, l, i, b, w).changed), "IsNext", "the next is above"),
    )


def checkpoint_facts(s: State, l: Term) -> tuple[Fact, ...]:
    return keep_facts(s, s.but(recover_checkpoint(s, l).changed), "taken")


def restart_facts(s: State, l: Term) -> tuple[Fact, ...]:
    return keep_facts(s, s.but(restart(s, l).changed), "keeps")


def install_facts(s: State, l: Term, p: Term, d: Term, k: Term) -> tuple[Fact, ...]:
    return keep_facts(s, s.but(recover_install(s, l, p, d, k).changed), "keeps", "newer")
