"""What to do to a cluster so that it exercises what a set of traces never did.

One line for each action, and for each way in which a guard can be true (coverage.py). The words in
`code` are steps and rules of a schedule of `conformance relay`; docs/relay.md describes them.
"""

from __future__ import annotations

OTHER_CONSTANT = "run it with that constant"

ADVICE: dict[str, str] = {
    "Broadcast": "let a client broadcast a value; if it does, its tracer writes no Broadcast",
    "Broadcast.fresh: the client's first": "let a client broadcast a value",
    "Broadcast.fresh: a later one": "let one client broadcast twice in one incarnation",
    "Phase1a": "`start` a proposer, and a client: somebody has to ask for promises",
    "Phase1a.range: one instance": "ask for one instance, as without prepare_ahead",
    "Phase1a.range: several instances": "ask for a range of instances at once",
    "Phase1a.prepare: a value waits": "let a client broadcast while nobody proposes",
    "Phase1a.prepare: nothing waits, and the instance or one above was begun": (
        "`kill` the leader after its Phase2a, with no client running, so that another finishes it"
    ),
    "Phase1a.prepare: at any time": "`start` a proposer: it asks before a value is there",
    "Phase1b": "let a Prepare reach an acceptor: `heal` before the run ends",
    "Phase1b.range: one instance": "ask for one instance, as without prepare_ahead",
    "Phase1b.range: several instances": "ask for a range of instances at once",
    "Phase1b.asked: all that was asked for": "let an acceptor that has trimmed nothing promise",
    "Phase1b.asked: a part of it": (
        "let an acceptor promise after a Trim, or answer a range in several parts"
    ),
    "Phase1b.promise: a higher ballot": "`kill` the leader: the next one has a higher ballot",
    "Phase1b.promise: the same ballot again": (
        "lose promises (`link: {from: acceptor-1, loss: 0.5}`) so that a proposer asks again, or "
        "ask in one ballot for a further range"
    ),
    "Phase1b.trimmed: what it has not trimmed of what was asked": (
        "wait for a Trim, then `kill` the leader: the next one asks from instance 1"
    ),
    "Phase1b.votes: no vote to report": "`start` a proposer before any value is proposed",
    "Phase1b.votes: votes reported": "`kill` the leader after a Phase2b: another takes over",
    "Phase2a": "`heal` until a majority of acceptors has promised, and let a client broadcast",
    "Phase2a.quorum: a least quorum": "let one acceptor answer late: `delay_ms` from it",
    "Phase2a.quorum: a larger quorum": (
        "let values come later than all promises, and count each promise that is there"
    ),
    "Phase2a.batch: several values": "`pause` the proposer while clients broadcast; `resume` it",
    "Phase2a.broadcast: a new batch": "let a client broadcast where nobody has voted",
    "Phase2a.gap: the no-op fills a gap": (
        "lose the Accept of one instance, not of the next (`link` with `message`), and `kill` the "
        "leader"
    ),
    "Phase2a.highest: a batch voted for": "`kill` the leader after a Phase2b: another takes over",
    "Phase2a.highest: the no-op was voted for": (
        "`kill` the leader that filled a gap after the votes for it: a third one takes over"
    ),
    "Phase2a.highest: votes of several ballots, the highest taken": (
        "let each of two leaders reach one acceptor only (`link` with `message` and loss: 1) in "
        "one instance, then `heal` and let another lead"
    ),
    "Phase2a.highest: a vote heard before": (
        "cut off an acceptor that told a proposer of a vote (`link: {from: acceptor-1, loss: 1}`) "
        "and let that proposer ask again; few programs keep such votes"
    ),
    "Phase2b": "let an Accept reach an acceptor: `heal` before the run ends",
    "Phase2b.promise: the ballot promised": "let an acceptor hear both Prepare and Accept",
    "Phase2b.promise: a ballot above it": (
        "lose the Prepare to one acceptor (`link: {to: acceptor-3, message: prepare, loss: 1}`)"
    ),
    "Phase2b.proposed: a first vote": "let an Accept reach an acceptor that has no vote there",
    "Phase2b.proposed: a vote in place of an older one": (
        "`kill` the leader after a Phase2b, so that another proposes the same again"
    ),
    "Phase2b.trimmed: it has trimmed nothing": "let an acceptor vote before it trims",
    "Phase2b.trimmed: above what it trimmed": "let clients broadcast on after a Trim",
    "Decide": "let the votes of a majority reach a proposer; with direct_learning there is none",
    "Decide.quorum: a least quorum": "let one acceptor answer late: `delay_ms` from it",
    "Decide.quorum: a larger quorum": "let all votes come before the proposer decides",
    "Decide.voted: in its own ballot": "let the votes of a majority reach their proposer",
    "Decide.voted: in a ballot of another": (
        "let a proposer hear votes in the ballot of another, which is cut off (`partition`)"
    ),
    "Decide.voted: decided before": (
        "lose a Decide (`link: {from: proposer-1, to: learner-1, loss: 1}`) so that it is asked "
        "for again"
    ),
    "Learn": "`heal` until a learner has heard of a decision; or its tracer writes no Learn",
    "Learn.quorum: a least quorum": "let one acceptor answer late: `delay_ms` from it",
    "Learn.quorum: a larger quorum": (
        "count all votes that have come: `pause` the learner while acceptors vote, then `resume` it"
    ),
    "Learn.decided: a Decide": OTHER_CONSTANT,
    "Learn.decided: votes of a quorum": OTHER_CONSTANT,
    "Learn.once: the next instance": "let a learner learn the instances in their order",
    "Learn.once: out of order": "reorder what goes to it: `link: {to: learner-1, reorder: 0.3}`",
    "Deliver": "let a learner learn instance 1; if it delivers, its tracer writes no Deliver",
    "Deliver.values: all values new": "let a learner deliver a batch",
    "Deliver.values: duplicates dropped": (
        "cut a leader off after its Accept (`partition`): a client takes its value to another"
    ),
    "Deliver.values: the no-op": "let a new leader fill a gap, and wait until it is delivered",
    "Deliver.values: a client is over": (
        "`kill` and `start` a client, so that its next life broadcasts while values of the one "
        "before are on their way"
    ),
    "TakeSnapshot": "let learners keep checkpoints; else leave it",
    "Checkpoint": "let a learner write a snapshot that it took",
    "Restart": "`kill` a learner that has a checkpoint, and `start` it again",
    "Restart.place: with its checkpoint": "`kill` one at rest, and `start` it",
    "Restart.place: one that no trace has": (
        "`kill` one while it writes a checkpoint, and `start` it again"
    ),
    "SendSnapshot": "`kill` a learner, and `start` it after acceptors have trimmed what it lacks",
    "InstallSnapshot": "let that learner be given another's checkpoint",
    "Trim": "let acceptors forget what each learner has delivered, and run longer; else leave it",
    "Trim.further: for the first time": "run until acceptors trim",
    "Trim.further: further than before": "let clients broadcast on until acceptors trim again",
    "Trim.delivered: by each learner": "run until acceptors trim, with all learners up",
    "Trim.delivered: by a majority": "run until acceptors trim, with a learner down",
    "Trim.delivered: by one in another life": (
        "`kill` and `start` a learner, and trim before it has delivered all of it again"
    ),
    "Recover": "`kill` an acceptor or a proposer, and `start` it again",
    "Recover.votes: an acceptor, as its trace left it": "`kill` one at rest, and `start` it",
    "Recover.new votes: with a vote that no trace has": (
        "`kill` an acceptor between saving a vote and tracing it: under load, many times"
    ),
    "Recover.new promise: with a promise that no trace has": (
        "`kill` an acceptor between saving a promise and tracing it: in Phase 1, many times"
    ),
    "Recover.round: a proposer": "`kill` a proposer after its Phase1a, and `start` it again",
    "Recover.trimmed: an acceptor that has trimmed": "`kill` one after a Trim, and `start` it",
    "Recover.new trim: with a trimming that no trace has": (
        "`kill` an acceptor between saving a trimming and tracing it: many times"
    ),
}
"""By the name of an action, or of a branch of coverage.py."""
