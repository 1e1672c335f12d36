"""What follows from the invariant of MultiPaxos: of votes by ballots, and of the order as in
LogVoting."""

from __future__ import annotations

from z3 import And, Implies

from conformance.proof import log_voting_lemmas
from conformance.proof.log_voting_invariant import voted_together
from conformance.proof.log_voting_lemmas import QUORUMS, chosen_broadcast
from conformance.proof.log_voting_terms import Batch, Instance
from conformance.proof.logic import Formula, Induction, State, Term, by_itself, every
from conformance.proof.voting_logic import Acceptor, Ballot, Quorum2, at_most, below


def later_proposals_agree(s: State, b: Term) -> Formula:
    """What was chosen in a ballot that is not above b is what is proposed in b."""
    return every(
        *(Instance, Batch, Batch, Ballot, Quorum2),
        lambda i, u, w, c, q: Implies(
            And(s.msg2a(b, i, w), at_most(c, b), voted_together(s, q, c, i, u)), u == w
        ),
    )


def later_votes(s: State, b: Term) -> Formula:
    """And so is what is voted for in b."""
    return every(
        *(Acceptor, Instance, Batch, Batch, Ballot, Quorum2),
        lambda a, i, u, w, c, q: Implies(
            And(s.votes(a, i, b, w), at_most(c, b), voted_together(s, q, c, i, u)), u == w
        ),
    )


OF_THE_ORDER = tuple(
    lemma
    for lemma in log_voting_lemmas.LEMMAS
    if lemma.name not in ("later votes agree", "what is chosen was broadcast")
)
"""Lemmas of LogVoting that speak of chosen, and not of votes."""

FIRST = (
    Induction(
        "later proposals agree",
        Ballot,
        below,
        later_proposals_agree,
        (QUORUMS, "ballots", "OneBatchPerBallot", "ProposalsSafe", "VotesProposed"),
    ),
    Induction(
        "later votes agree",
        Ballot,
        by_itself,
        later_votes,
        (QUORUMS, "later proposals agree", "VotesProposed"),
    ),
    Induction(
        "what is chosen was broadcast",
        Instance,
        by_itself,
        chosen_broadcast,
        (QUORUMS, "VotesProposed", "ProposalsBroadcast", "ChosenByVotes"),
    ),
)

LEMMAS = (*FIRST, *OF_THE_ORDER)
"""In the order in which each may use those before it."""
