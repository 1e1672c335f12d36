"""Why steps of LogVoting keep its invariant, in parts that the solver gets through."""

from __future__ import annotations

from collections.abc import Callable

from z3 import (
    And,
    Implies,
    Or,
)

from conformance.proof.log_voting_actions import (
    completes,
    voted,
)
from conformance.proof.log_voting_invariant import (
    agreement,
    by_votes,
    voted_together,
)
from conformance.proof.log_voting_lemmas import (
    QUORUMS,
)
from conformance.proof.log_voting_terms import (
    Batch,
    Instance,
    appended,
    complete,
    entry,
    has_all,
    order_up_to,
    picked,
    start,
)
from conformance.proof.logic import (
    NO_AXIOMS,
    Fact,
    Formula,
    State,
    Term,
    every,
)
from conformance.proof.voting_logic import (
    Ballot,
    Quorum2,
)


def deliver_facts(
    s: State, l: Term, i: Term, b: Term, w: Term, learned: str = "LearnedFromOneBallot"
) -> tuple[Fact, ...]:
    """That what was learned is what is chosen, and so what the order goes on with. By the conjunct
    `learned`, a quorum has voted for it."""
    goes_on_there = order_up_to(s.chosen(), i) == appended(order_up_to(s.chosen(), s.prefix(l)), w)
    complete_so_far = And(
        complete(s.chosen(), s.prefix(l)),
        s.delivered(l) == order_up_to(s.chosen(), s.prefix(l)),
    )
    return (
        Fact(
            "what was learned is chosen",
            And(i != start, entry(s.chosen(), i, w)),
            (
                QUORUMS,
                "learned",
                "IsNext",
                "the next is above",
                learned,
                "ChosenByVotes",
            ),
        ),
        Fact(
            "what was learned is picked",
            picked(s.chosen(), i) == w,
            ("logs", "what was learned is chosen", "Agreement"),
        ),
        Fact("so far it is the order", complete_so_far, (QUORUMS, "DeliveredIsOrder")),
        Fact(
            "it is chosen as far as that",
            complete(s.chosen(), i),
            (
                *(NO_AXIOMS, "IsNext", "one more is complete"),
                "what was learned is chosen",
                "so far it is the order",
            ),
        ),
        Fact(
            "the order goes on with what was learned",
            goes_on_there,
            ("order", "IsNext", "what was learned is picked", "it is chosen as far as that"),
        ),
    )


def vote_facts(s: State, a: Term, b: Term, i: Term, w: Term, *_: Term) -> tuple[Fact, ...]:
    """What becomes of what is chosen, and that where something was, the order stays."""
    after = s.but(voted(s, a, b, i, w))
    full = completes(s, a, b, i, w)

    def is_this(j: Term, x: Term) -> Formula:
        return And(j == i, x == w, full)

    return (
        *_of_what_is_chosen(s, after, is_this),
        Fact(
            "what is voted for by a quorum is chosen",
            Implies(full, entry(after.chosen(), i, w)),
            ("logs: what is recorded", "Instance"),
        ),
        Fact("a quorum has voted for it", Implies(full, by_votes(after, i, w)), (NO_AXIOMS,)),
        *_of_votes(s, after, is_this),
        *_together(after),
    )


def _of_what_is_chosen(s: State, after: State, is_this: Callable[..., Formula]) -> list[Fact]:
    """What is in the log of what is chosen after the step."""
    old, new = s.chosen(), after.chosen()
    recorded = ("logs: what is recorded", "Instance")
    stays = every(
        *(Instance, Batch),
        lambda j, x: Implies(And(j != start, entry(old, j, x)), entry(new, j, x)),
    )
    no_more = every(
        *(Instance, Batch),
        lambda j, x: Implies(
            And(j != start, entry(new, j, x)), Or(entry(old, j, x), is_this(j, x))
        ),
    )
    has_the_same = every(Instance, lambda n: has_all(old, new, n))
    return [
        Fact("what is chosen stays chosen", stays, recorded),
        Fact("nothing else is chosen", no_more, recorded),
        Fact(
            "with one batch chosen, what is chosen is the same",
            Implies(agreement(after), has_the_same),
            ("has all", "what is chosen stays chosen"),
        ),
    ]


def _of_votes(s: State, after: State, is_this: Callable[..., Formula]) -> list[Fact]:
    """For what a quorum has voted after the step."""
    quorums = every(
        *(Quorum2, Ballot, Instance, Batch),
        lambda p, c, j, x: Implies(
            voted_together(after, p, c, j, x),
            Or(voted_together(s, p, c, j, x), is_this(j, x)),
        ),
    )
    no_more = every(
        *(Instance, Batch),
        lambda j, x: Implies(by_votes(after, j, x), Or(by_votes(s, j, x), is_this(j, x))),
    )
    stay = every(*(Instance, Batch), lambda j, x: Implies(by_votes(s, j, x), by_votes(after, j, x)))
    return [
        Fact("no other quorum has", quorums, (NO_AXIOMS,)),
        Fact("votes stay", stay, (NO_AXIOMS,)),
        Fact("no other quorums have", no_more, (NO_AXIOMS, "no other quorum has")),
    ]


def _together(after: State) -> list[Fact]:
    """Both ways of ChosenByVotes, after the step."""

    def is_chosen(j: Term, x: Term) -> Formula:
        return And(j != start, entry(after.chosen(), j, x))

    return [
        Fact(
            "what is chosen was voted for",
            every(Instance, Batch, lambda j, x: Implies(is_chosen(j, x), by_votes(after, j, x))),
            (
                NO_AXIOMS,
                "ChosenByVotes",
                "nothing else is chosen",
                "a quorum has voted for it",
                "votes stay",
            ),
        ),
        Fact(
            "what was voted for is chosen",
            every(
                *(Instance, Batch),
                lambda j, x: Implies(And(j != start, by_votes(after, j, x)), is_chosen(j, x)),
            ),
            (
                NO_AXIOMS,
                "ChosenByVotes",
                "no other quorums have",
                "what is chosen stays chosen",
                "what is voted for by a quorum is chosen",
            ),
        ),
    ]
