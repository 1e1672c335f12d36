"""What follows from the invariant of LogVoting, by ballots and by instances.

Where the module argues with an operator that is recursive, the argument is by induction here.
"""

from __future__ import annotations

from z3 import (
    And,
    Implies,
    Not,
    Or,
)

from conformance.proof.log_voting_invariant import (
    all_broadcast,
    voted_together,
)
from conformance.proof.log_voting_terms import (
    Batch,
    Instance,
    Log,
    begins,
    complete,
    contains,
    empty,
    entry,
    has_all,
    in_turn,
    is_next,
    once,
    order_up_to,
    picked,
    start,
    up_to,
)
from conformance.proof.logic import (
    Formula,
    Induction,
    State,
    Term,
    by_itself,
    every,
)
from conformance.proof.voting_logic import (
    Acceptor,
    Ballot,
    Quorum2,
    Value,
    at_most,
    below,
)

INSTANCES, NEXT, QUORUMS = "instances", "next: there is none between", "quorums meet"
MEANT = ("complete", "has all")
PREFIX = ("sequences: prefix, reflexive", "sequences: prefix, transitive")


def later_votes_agree(s: State, b: Term) -> Formula:
    """What was chosen in a ballot that is not above b is what is voted for in b."""
    return every(
        Acceptor,
        *(Instance, Batch, Batch, Ballot, Quorum2),
        lambda a, i, u, w, c, q: Implies(
            And(s.votes(a, i, b, w), at_most(c, b), voted_together(s, q, c, i, u)), u == w
        ),
    )


def next_is_above(s: State, n: Term) -> Formula:
    return every(Instance, lambda i: Implies(is_next(i, n), And(up_to(i, n), n != start)))


def one_more_complete(s: State, n: Term) -> Formula:
    """Where something is chosen up to an instance, and in the next, it is so up to that."""
    return every(
        *(Log, Instance, Batch),
        lambda c, i, w: Implies(And(is_next(i, n), complete(c, i), entry(c, n, w)), complete(c, n)),
    )


def no_order(s: State, n: Term) -> Formula:
    """Where nothing is chosen, the order is empty."""

    def nothing(c: Term) -> Formula:
        return every(Instance, Batch, lambda i, w: Implies(i != start, Not(entry(c, i, w))))

    return every(Log, lambda c: Implies(nothing(c), order_up_to(c, n) == empty))


def one_more_adds(s: State, n: Term) -> Formula:
    """One more instance adds to the order, if anything."""
    return every(
        *(Log, Instance),
        lambda c, i: Implies(is_next(i, n), begins(order_up_to(c, i), order_up_to(c, n))),
    )


def order_grows(s: State, n: Term) -> Formula:
    """The order of fewer instances begins that of n."""
    return every(
        *(Log, Instance),
        lambda c, i: Implies(up_to(i, n), begins(order_up_to(c, i), order_up_to(c, n))),
    )


def order_has_once(s: State, n: Term) -> Formula:
    return every(Log, lambda c: once(order_up_to(c, n)))


def order_in_turn(s: State, n: Term) -> Formula:
    return every(Log, lambda c: in_turn(order_up_to(c, n)))


def chosen_broadcast(s: State, i: Term) -> Formula:
    """What is chosen was broadcast."""
    return every(
        Batch, lambda w: Implies(And(i != start, entry(s.chosen(), i, w)), all_broadcast(s, w))
    )


def picked_broadcast(s: State, n: Term) -> Formula:
    """What goes into the order of one more instance was broadcast."""
    return Implies(
        And(n != start, complete(s.chosen(), n)), all_broadcast(s, picked(s.chosen(), n))
    )


def added_broadcast(s: State, n: Term) -> Formula:
    """What one more instance adds to the order was broadcast."""

    return every(
        *(Instance, Value),
        lambda i, v: Implies(
            And(is_next(i, n), contains(order_up_to(s.chosen(), n), v)),
            Or(contains(order_up_to(s.chosen(), i), v), s.broadcast(v)),
        ),
    )


def order_broadcast(s: State, n: Term) -> Formula:
    """What is in the order was broadcast."""
    return every(Value, lambda v: Implies(contains(order_up_to(s.chosen(), n), v), s.broadcast(v)))


def below_too(s: State, n: Term) -> Formula:
    """What is so of a log up to n, is so up to any instance below."""
    return every(
        *(Log, Log, Instance),
        lambda c, d, i: Implies(
            And(up_to(i, n), complete(c, n), has_all(c, d, n)),
            And(complete(c, i), has_all(c, d, i)),
        ),
    )


def same_picked(s: State, n: Term) -> Formula:
    return every(
        *(Log, Log),
        lambda c, d: Implies(
            And(complete(c, n), has_all(c, d, n)),
            And(complete(d, n), Implies(n != start, picked(c, n) == picked(d, n))),
        ),
    )


def complete_stays(s: State, n: Term) -> Formula:
    """Where something is chosen in a log up to n, and another one has all of that and no more, the
    order up to n is the same."""
    return every(
        *(Log, Log),
        lambda c, d: Implies(
            And(complete(c, n), has_all(c, d, n)), order_up_to(c, n) == order_up_to(d, n)
        ),
    )


LEMMAS = (
    Induction(
        "later votes agree",
        Ballot,
        below,
        later_votes_agree,
        (QUORUMS, "ballots", "OneBatchPerBallot", "VotesSafe"),
    ),
    Induction(
        "of nothing chosen, no order",
        Instance,
        is_next,
        no_order,
        (INSTANCES, "order", *MEANT),
        start,
    ),
    Induction(
        "one more instance adds to the order",
        Instance,
        by_itself,
        one_more_adds,
        ("sequences: prefix, reflexive", "append: goes on", "order"),
    ),
    Induction(
        "the order grows",
        Instance,
        is_next,
        order_grows,
        (INSTANCES, NEXT, *PREFIX, "one more instance adds to the order"),
        start,
    ),
    Induction(
        "the order has nothing twice",
        Instance,
        is_next,
        order_has_once,
        ("sequences", "append", "order"),
        start,
    ),
    Induction(
        "the order is in turn",
        Instance,
        is_next,
        order_in_turn,
        ("turns", "order"),
        start,
    ),
    Induction("the next is above", Instance, by_itself, next_is_above, (INSTANCES, NEXT)),
    Induction(
        "one more is complete",
        Instance,
        by_itself,
        one_more_complete,
        ("instances: antisymmetric", NEXT, "complete"),
    ),
    Induction("what is complete is so below", Instance, by_itself, below_too, (INSTANCES, *MEANT)),
    Induction(
        "of what is complete the same is picked",
        Instance,
        by_itself,
        same_picked,
        (INSTANCES, "logs: what is picked", *MEANT),
    ),
    Induction(
        "the order of what is complete stays",
        Instance,
        is_next,
        complete_stays,
        (
            *("order: of no instance", "order: of one more instance", "the next is above"),
            "what is complete is so below",
            "of what is complete the same is picked",
        ),
        start,
    ),
    Induction(
        "what is chosen was broadcast",
        Instance,
        by_itself,
        chosen_broadcast,
        (QUORUMS, "VotesBroadcast", "ChosenByVotes"),
    ),
    Induction(
        "what is picked was broadcast",
        Instance,
        by_itself,
        picked_broadcast,
        (INSTANCES, "complete", "logs: what is picked", "what is chosen was broadcast"),
    ),
    Induction(
        "what one more instance adds was broadcast",
        Instance,
        by_itself,
        added_broadcast,
        (
            *(INSTANCES, NEXT, "append: nothing else", "order"),
            "what is picked was broadcast",
        ),
    ),
    Induction(
        "the order was broadcast",
        Instance,
        is_next,
        order_broadcast,
        (
            *("sequences: the empty one", "order: of no instance"),
            "what one more instance adds was broadcast",
        ),
        start,
    ),
)
"""In the order in which each may use those before it."""
