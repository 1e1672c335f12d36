"""Encodings with an action broken on purpose, and what is false then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from z3 import And

from conformance.proof.logic import Action, Encoding, Formula, State, Step, every, some
from conformance.proof.voting_logic import Acceptor, Quorum1, Quorum2, member1, member2


def without(action: str, *, guard: str = "", effect: str = "") -> Callable[[Encoding], Encoding]:
    """An action loses a guard, or an effect."""

    def broken(old: Action) -> Action:
        def step(state: State, *parameters: Any) -> Step:
            real = old.step(state, *parameters)
            guards = {name: f for name, f in real.guards.items() if name != guard}
            changed = {name: f for name, f in real.changed.items() if name != effect}
            assert (len(guards), len(changed)) != (len(real.guards), len(real.changed))
            return Step(guards, changed)

        return replace(old, step=step)

    def change(encoding: Encoding) -> Encoding:
        actions = [broken(a) if a.name == action else a for a in encoding.actions]
        return replace(encoding, actions=tuple(actions))

    return change


def _of_one_phase(quorum: Any, member: Any) -> Formula:
    """Two quorums of a phase meet."""
    return every(
        *(quorum, quorum),
        lambda q, r: some(Acceptor, lambda a: And(member(q, a), member(r, a))),
    )


MEETINGS: dict[str, Formula] = {
    "of nobody": And(),
    "within a phase": And(_of_one_phase(Quorum1, member1), _of_one_phase(Quorum2, member2)),
}
"""What may be assumed of quorums in place of what QuorumsMeet says."""


def meeting(otherwise: str) -> Callable[[Encoding], Encoding]:
    """The quorums of the two phases need not meet: one of MEETINGS is assumed instead."""
    return lambda encoding: replace(
        encoding, axioms={**encoding.axioms, "quorums meet": MEETINGS[otherwise]}
    )


BREAKS = [
    ("Voting", without("Promise", guard="higher"), "Promise keeps VotesSafe"),
    ("Voting", without("Vote", guard="Promised"), "Vote keeps VotesSafe"),
    ("Voting", without("Vote", guard="OneValueIn"), "Vote keeps OneBatchPerBallot"),
    ("Voting", without("Vote", guard="Safe"), "Vote keeps VotesBroadcast"),
    ("Voting", without("Vote", guard="MayVote"), "Vote keeps VotesSafe"),
    ("Voting", without("Learn", guard="VotedTogether"), "Learn keeps LearnedFromOneBallot"),
    ("Synod", without("Phase1b", guard="promise"), "Phase1b keeps VotesBelowPromise"),
    ("Synod", without("Phase2a", guard="once"), "Phase2a keeps OneBatchPerBallot"),
    ("Synod", without("Phase2b", guard="promise"), "Phase2b keeps LastVote"),
    ("Synod", without("Phase2b", effect="promised"), "Phase2b keeps VotesBelowPromise"),
    ("Synod", without("Decide", guard="voted"), "Decide keeps DecisionsChosen"),
    ("Synod", without("Learn", guard="decided"), "Learn keeps LearnedDecided"),
    ("LogVoting", without("Vote", guard="OneBatchIn"), "Vote keeps OneBatchPerBallot"),
    ("LogVoting", without("Vote", effect="order"), "Vote keeps OrderOfChosen"),
    ("LogVoting", without("Deliver", guard="IsNext"), "Deliver keeps DeliveredIsOrder"),
    ("LogVoting", without("Restart", effect="delivered"), "Restart keeps DeliveredIsOrder"),
    (
        "LogVoting",
        without("InstallSnapshot", guard="chosen"),
        "InstallSnapshot keeps DeliveredIsOrder",
    ),
    ("MultiPaxos", without("Phase1b", guard="trimmed"), "Phase1b keeps PromisesTrue"),
    ("MultiPaxos", without("Phase1b", guard="promise"), "Phase1b keeps VotesBelowPromise"),
    ("MultiPaxos", without("Phase2a", guard="once"), "Phase2a keeps OneBatchPerBallot"),
    ("MultiPaxos", without("Phase2b", guard="promise"), "Phase2b keeps LastVote"),
    ("MultiPaxos", without("Phase2b", effect="promised"), "Phase2b keeps VotesBelowPromise"),
    ("MultiPaxos", without("RecoverVote", effect="votes"), "RecoverVote keeps LastVote"),
    ("MultiPaxos", without("Trim", effect="trimmed"), "Trim keeps LastVote"),
    ("MultiPaxos", without("Restart", effect="known"), "Restart keeps DeliveredIsOrder"),
    (
        "MultiPaxos",
        without("InstallSnapshot", guard="sent"),
        "InstallSnapshot keeps DeliveredIsOrder",
    ),
]
