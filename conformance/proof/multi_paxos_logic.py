"""MultiPaxos.tla in first-order logic, and how it is proved."""

from __future__ import annotations

from conformance.proof import log_voting_logic
from conformance.proof.log_voting_actions import broadcast
from conformance.proof.log_voting_invariant import (
    chosen_by_votes,
    order_of_chosen,
)
from conformance.proof.log_voting_lemmas import INSTANCES, QUORUMS
from conformance.proof.log_voting_terms import Batch, Instance, Log, Scope, Sequence
from conformance.proof.logic import (
    NO_AXIOMS,
    NO_GUARDS,
    Action,
    Encoding,
    Goal,
)
from conformance.proof.multi_paxos_actions import (
    decide,
    init,
    phase1a,
    phase1b,
    phase2a,
    phase2b,
    recover,
    recover_promise,
    recover_vote,
    repeat,
    trim,
)
from conformance.proof.multi_paxos_facts import (
    checkpoint_facts,
    deliver_facts,
    install_facts,
    learn_facts,
    phase2a_facts,
    restart_facts,
    vote_facts,
)
from conformance.proof.multi_paxos_invariant import (
    checkpoint_is_state,
    decisions_chosen,
    delivered_is_order,
    last_vote,
    learned_voted,
    one_batch_per_ballot,
    promises_true,
    proposals_broadcast,
    proposals_safe,
    snapshot_is_state,
    type_ok,
    votes_below_promise,
    votes_proposed,
    votes_true,
)
from conformance.proof.multi_paxos_learner_actions import (
    checkpoint,
    deliver,
    install_snapshot,
    learn,
    recover_checkpoint,
    recover_install,
    restart,
    send_snapshot,
    take_snapshot,
)
from conformance.proof.multi_paxos_lemmas import LEMMAS
from conformance.proof.multi_paxos_state import (
    AXIOMS,
    STATE,
    VARIABLES,
    Keepers,
    Lives,
    Proposer,
    Report,
    Table,
    ahead,
    appended_by,
    direct,
    lived,
    needs,
    no_op,
    no_table,
    owner,
    remembered,
    reports,
    table_of,
)
from conformance.proof.multi_paxos_trimming import (
    KEPT,
    checkpoints_rise,
    said_is_true,
    trim_facts,
    trimmed_is_kept,
    trimmed_is_over,
)
from conformance.proof.voting_logic import (
    Acceptor,
    Ballot,
    Learner,
    Quorum1,
    Quorum2,
    Value,
)

STAYS = (
    "instances: total",
    "with one batch chosen, what is chosen is the same",
    "of what is complete the same is picked",
    "the order of what is complete stays",
    "Agreement afterwards",
)
"""What was the order so far is the order after a vote."""

AT_FIRST = (INSTANCES, "complete", "order: of no instance", "tables: at first")
ALONE = ("ProposalsSafe", "ProposalsBroadcast", "VotesProposed", "OneBatchPerBallot", "VotesTrue")

SIZES = ((1, 2, 2, 2, 4, 1), (1, 3, 2, 2, 4, 1), (1, 2, 3, 1, 4, 1), (2, 3, 2, 2, 4, 2))
"""Acceptors and quorums, ballots, instances, batches, logs and reports."""

OF_A_STATE = ("DeliveredIsOrder", "CheckpointIsState", "SnapshotIsState")
VOTES = ("Phase2b", "RecoverVote")

MULTI_PAXOS = Encoding(
    name="MultiPaxos",
    sorts=(
        *(Acceptor, Learner, Quorum1, Quorum2, Ballot, Value),
        *(Instance, Batch, Scope, Sequence, Log),
        *(Proposer, Report, Table, Keepers, Lives),
    ),
    constants=(
        *(c for c in log_voting_logic.LOG_VOTING.constants if c.name() != "in_scopes"),
        *(owner, direct.decl(), ahead.decl(), no_op.decl(), reports, needs, lived),
        *(no_table.decl(), table_of, remembered, appended_by),
    ),
    orders=log_voting_logic.LOG_VOTING.orders,
    axioms=AXIOMS,
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Broadcast", (Value,), broadcast),
        Action("Phase1a", (Ballot, Instance, Instance), phase1a),
        Action("Phase1b", (Acceptor, Ballot, Instance, Instance, Report), phase1b),
        Action("Phase2a", (Ballot, Instance, Batch, Quorum1), phase2a, phase2a_facts),
        Action("Phase2b", (Acceptor, Ballot, Instance, Batch), phase2b, vote_facts),
        Action("Decide", (Ballot, Instance, Quorum2), decide),
        Action("Learn", (Learner, Ballot, Instance, Quorum2, Batch), learn, learn_facts),
        Action("Deliver", (Learner, Instance, Ballot, Batch), deliver, deliver_facts),
        Action("TakeSnapshot", (Learner,), take_snapshot),
        Action("Checkpoint", (Learner,), checkpoint, checkpoint_facts),
        Action("Restart", (Learner,), restart, restart_facts),
        Action("SendSnapshot", (Learner,), send_snapshot),
        Action("InstallSnapshot", (Learner, *STATE), install_snapshot, install_facts),
        Action("Trim", (Acceptor, Instance), trim, trim_facts),
        Action("Recover", (Acceptor,), recover),
        Action("RecoverPromise", (Acceptor, Ballot, Scope), recover_promise),
        Action("RecoverVote", (Acceptor, Ballot, Instance, Batch), recover_vote, vote_facts),
        Action("RecoverCheckpoint", (Learner,), recover_checkpoint, checkpoint_facts),
        Action("RecoverInstall", (Learner, *STATE), recover_install, install_facts),
        Action("Repeat", (Acceptor, Instance), repeat),
    ),
    invariant={
        "TypeOK": type_ok,
        "OneBatchPerBallot": one_batch_per_ballot,
        "ProposalsSafe": proposals_safe,
        "ProposalsBroadcast": proposals_broadcast,
        "VotesProposed": votes_proposed,
        "VotesTrue": votes_true,
        "LastVote": last_vote,
        "VotesBelowPromise": votes_below_promise,
        "PromisesTrue": promises_true,
        "DecisionsChosen": decisions_chosen,
        "LearnedVoted": learned_voted,
        "ChosenByVotes": chosen_by_votes,
        "OrderOfChosen": order_of_chosen,
        "DeliveredIsOrder": delivered_is_order,
        "CheckpointIsState": checkpoint_is_state,
        "SnapshotIsState": snapshot_is_state,
        "CheckpointsRise": checkpoints_rise,
        "SaidIsTrue": said_is_true,
        "TrimmedIsOver": trimmed_is_over,
    },
    lemmas=LEMMAS,
    goals={
        **log_voting_logic.LOG_VOTING.goals,
        "TrimmedIsKept": Goal(trimmed_is_kept, (INSTANCES, "TrimmedIsOver")),
    },
    hints={
        "Init implies OrderOfChosen": (NO_AXIOMS, "of nothing chosen, no order"),
        **{f"Init implies {name}": AT_FIRST for name in OF_A_STATE},
        "Init implies CheckpointsRise": (INSTANCES,),
        **{f"{vote} keeps {name}": (name, *STAYS) for vote in VOTES for name in OF_A_STATE},
        **{
            f"{vote} keeps ChosenByVotes": (
                *(NO_AXIOMS, NO_GUARDS),
                "what is chosen was voted for",
                "what was voted for is chosen",
            )
            for vote in VOTES
        },
        **{f"{action} keeps TypeOK": (INSTANCES, "TypeOK") for action in ("Phase1a", "Phase1b")},
        "keeps CheckpointIsState": (*AT_FIRST, *OF_A_STATE),
        "Phase1b keeps PromisesTrue": (
            *(INSTANCES, "ballots", "TypeOK"),
            *("LastVote", "VotesBelowPromise", "PromisesTrue"),
        ),
        "Phase2a keeps ProposalsBroadcast": (
            *("ProposalsBroadcast", "VotesProposed", "what was heard was voted for"),
        ),
        **{f"{vote} keeps PromisesTrue": ("ballots", "PromisesTrue") for vote in VOTES},
        "Trim keeps LastVote": (INSTANCES, "LastVote"),
        "keeps CheckpointsRise": (INSTANCES, "CheckpointsRise"),
        "Deliver keeps CheckpointsRise": (INSTANCES, "CheckpointsRise", "the next is above"),
        "keeps SaidIsTrue": (INSTANCES, "CheckpointsRise", "SaidIsTrue"),
        "Deliver keeps SaidIsTrue": (INSTANCES, "SaidIsTrue", "the next is above"),
        "keeps TrimmedIsOver": (NO_AXIOMS, NO_GUARDS, "TrimmedIsOver", KEPT),
        **{f"{vote} keeps TrimmedIsOver": (INSTANCES, "TrimmedIsOver") for vote in VOTES},
        "Trim keeps TrimmedIsOver": (INSTANCES, "TrimmedIsOver", "who says so has it"),
        "Repeat keeps VotesTrue": ("VotesTrue", "LastVote"),
        "Phase2a keeps ProposalsSafe": ("ProposalsSafe", "the quorum shows the proposal safe"),
        "Learn keeps LearnedVoted": ("LearnedVoted", "a quorum voted for it"),
        "Deliver keeps DeliveredIsOrder": (
            *("DeliveredIsOrder", "so far it is the order", "it is chosen as far as that"),
            "the order goes on with what was learned",
            "by its table it delivers the same",
        ),
        **{f"keeps {name}": (name,) for name in ALONE},
    },
    needless={},
    usual=(QUORUMS, "ballots"),
    sizes=tuple(
        {
            **{"Acceptor": a, "Learner": 1, "Quorum1": a, "Quorum2": a},
            **{"Ballot": b, "Value": 1, "Instance": i},
            **{"Batch": w, "Scope": 1, "Sequence": 2, "Log": logs, "Proposer": 1, "Report": r},
            **{"Table": 2, "Keepers": 1, "Lives": 1},
        }
        for a, b, i, w, logs, r in SIZES
    ),
    wrong_without={
        "TypeOK": "Phase1b keeps PromisesTrue",
        "OneBatchPerBallot": "Phase2b keeps Agreement",
        "ProposalsSafe": "Phase2b keeps Agreement",
        "ProposalsBroadcast": "Deliver keeps Integrity",
        "VotesProposed": "Learn keeps LearnedVoted",
        "VotesTrue": "Learn keeps LearnedVoted",
        "LastVote": "Phase1b keeps PromisesTrue",
        "VotesBelowPromise": "Phase2b keeps LastVote",
        "PromisesTrue": "Phase2a keeps ProposalsSafe",
        "DecisionsChosen": "Learn keeps LearnedVoted",
        "LearnedVoted": "Deliver keeps DeliveredIsOrder",
        "ChosenByVotes": "Deliver keeps DeliveredIsOrder",
        "OrderOfChosen": "Deliver keeps DeliveredInOrder",
        "DeliveredIsOrder": "TakeSnapshot keeps CheckpointIsState",
        "CheckpointIsState": "Restart keeps DeliveredIsOrder",
        "SnapshotIsState": "InstallSnapshot keeps DeliveredIsOrder",
        "CheckpointsRise": "Checkpoint keeps SaidIsTrue",
        "SaidIsTrue": "Trim keeps TrimmedIsOver",
        "TrimmedIsOver": "Restart keeps TrimmedIsKept",
    },
)
