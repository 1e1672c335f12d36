"""LogVoting.tla in first-order logic, and how it is proved."""

from __future__ import annotations

from conformance.proof.log_voting_actions import (
    broadcast,
    deliver,
    init,
    install_snapshot,
    learn,
    promise,
    restart,
    vote,
)
from conformance.proof.log_voting_facts import (
    deliver_facts,
    vote_facts,
)
from conformance.proof.log_voting_invariant import (
    VARIABLES,
    agreement,
    chosen_by_votes,
    delivered_in_order,
    delivered_is_order,
    fifo,
    integrity,
    learned_from_one_ballot,
    one_batch_per_ballot,
    order_of_chosen,
    total_order,
    type_ok,
    votes_broadcast,
    votes_safe,
)
from conformance.proof.log_voting_lemmas import (
    INSTANCES,
    LEMMAS,
    QUORUMS,
)
from conformance.proof.log_voting_terms import (
    AXIOMS,
    Batch,
    Instance,
    Log,
    Scope,
    Scopes,
    Sequence,
    appended,
    begins,
    comes_before,
    complete,
    contains,
    empty,
    entry,
    has,
    has_all,
    in_scopes,
    in_turn,
    is_next,
    keeps,
    last,
    once,
    order_up_to,
    picked,
    recorded,
    scope_of,
    start,
    up_to,
)
from conformance.proof.logic import (
    NO_AXIOMS,
    NO_GUARDS,
    Action,
    Encoding,
    Goal,
)
from conformance.proof.voting_logic import (
    Acceptor,
    Ballot,
    Learner,
    Quorum1,
    Quorum2,
    Value,
    at_most,
    member1,
    member2,
    zero,
)

ALONE = ("OneBatchPerBallot", "VotesSafe", "LearnedFromOneBallot", "VotesBroadcast")
"""Conjuncts that steps keep without help of others."""

SIZES = ((1, 1, 2, 2, 1, 2), (1, 1, 2, 3, 1, 4), (1, 2, 3, 2, 2, 4), (2, 2, 3, 2, 2, 4))
"""Acceptors and quorums, learners, ballots, instances, batches and logs."""

LOG_VOTING = Encoding(
    name="LogVoting",
    sorts=(
        *(Acceptor, Learner, Quorum1, Quorum2, Ballot, Value),
        *(Instance, Batch, Scope, Scopes, Sequence, Log),
    ),
    constants=(
        *(member1, member2, at_most, zero.decl(), comes_before, keeps),
        *(up_to, start.decl(), last.decl(), scope_of, in_scopes),
        *(has, contains, once, in_turn, begins, empty.decl(), appended),
        *(entry, picked, recorded, order_up_to, complete, has_all, is_next),
    ),
    orders=(at_most, up_to),
    axioms=AXIOMS,
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Broadcast", (Value,), broadcast),
        Action("Promise", (Acceptor, Ballot, Scopes), promise),
        Action("Vote", (Acceptor, Ballot, Instance, Batch, Quorum1), vote, vote_facts),
        Action("Learn", (Learner, Ballot, Instance, Batch, Quorum2), learn),
        Action("Deliver", (Learner, Instance, Ballot, Batch), deliver, deliver_facts),
        Action("Restart", (Learner, Instance), restart),
        Action("InstallSnapshot", (Learner, Instance), install_snapshot),
    ),
    invariant={
        "TypeOK": type_ok,
        "OneBatchPerBallot": one_batch_per_ballot,
        "VotesSafe": votes_safe,
        "LearnedFromOneBallot": learned_from_one_ballot,
        "VotesBroadcast": votes_broadcast,
        "ChosenByVotes": chosen_by_votes,
        "OrderOfChosen": order_of_chosen,
        "DeliveredIsOrder": delivered_is_order,
    },
    lemmas=LEMMAS,
    goals={
        "Agreement": Goal(
            agreement,
            (QUORUMS, "ballots", "ChosenByVotes", "later votes agree"),
        ),
        "Integrity": Goal(
            integrity,
            (
                QUORUMS,
                "DeliveredIsOrder",
                "the order was broadcast",
                "the order has nothing twice",
            ),
        ),
        "TotalOrder": Goal(total_order, (INSTANCES, "DeliveredIsOrder", "the order grows")),
        "DeliveredInOrder": Goal(
            delivered_in_order,
            (INSTANCES, "DeliveredIsOrder", "OrderOfChosen", "the order grows"),
        ),
        "FIFO": Goal(fifo, (INSTANCES, "DeliveredIsOrder", "the order is in turn")),
    },
    hints={
        **{f"keeps {name}": (name,) for name in ALONE},
        "Init implies DeliveredIsOrder": (INSTANCES, "complete", "order: of no instance"),
        "Init implies OrderOfChosen": (NO_AXIOMS, "of nothing chosen, no order"),
        "Vote keeps ChosenByVotes": (
            *(NO_AXIOMS, NO_GUARDS),
            "what is chosen was voted for",
            "what was voted for is chosen",
        ),
        "Vote keeps DeliveredIsOrder": (
            "instances: total",
            "DeliveredIsOrder",
            "with one batch chosen, what is chosen is the same",
            "of what is complete the same is picked",
            "the order of what is complete stays",
            "Agreement afterwards",
        ),
        "Deliver keeps DeliveredIsOrder": (
            INSTANCES,
            "DeliveredIsOrder",
            "so far it is the order",
            "it is chosen as far as that",
            "the order goes on with what was learned",
        ),
        "Restart keeps DeliveredIsOrder": (INSTANCES, "complete", "DeliveredIsOrder"),
        "InstallSnapshot keeps DeliveredIsOrder": (INSTANCES, "DeliveredIsOrder"),
    },
    needless={
        "TypeOK": "it makes states of the relations states of the module: nothing else relies on it"
    },
    usual=(QUORUMS, "ballots"),
    sizes=tuple(
        {
            **{"Acceptor": a, "Learner": l, "Quorum1": a, "Quorum2": a},
            **{"Ballot": b, "Value": 1, "Instance": i},
            **{"Batch": w, "Scope": 1, "Scopes": 1, "Sequence": 2, "Log": logs},
        }
        for a, l, b, i, w, logs in SIZES
    ),
    wrong_without={
        "OneBatchPerBallot": "Vote keeps Agreement",
        "VotesSafe": "Vote keeps Agreement",
        "LearnedFromOneBallot": "Deliver keeps Integrity",
        "VotesBroadcast": "Deliver keeps Integrity",
        "ChosenByVotes": "Deliver keeps DeliveredInOrder",
        "OrderOfChosen": "Deliver keeps DeliveredInOrder",
        "DeliveredIsOrder": "Deliver keeps DeliveredInOrder",
    },
)
