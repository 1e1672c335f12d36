"""Counterexamples of models that must fail, on the real classes: with the same mistake they go
wrong in the same step, and as they are they do not. See README.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from conformance.statespace.graph import Label
from paxos.core.role import Role
from tests.simulation import bugs
from tests.twins import planted
from tests.twins.properties import holds
from tests.twins.schedule import Schedule, schedule
from tests.twins.stage import Stage

pytestmark = pytest.mark.timeout(400)  # TLC on a loaded machine


@dataclass(frozen=True)
class Twin:
    """A model, the role with the same mistake, and the action that only the mistake makes possible:
    the first step at which the class as it is does something else."""

    model: str
    role: str
    make: Callable[..., Role]
    parts_at: str


TWINS = [
    Twin("synod-own-value", "proposer", bugs.TakesItsOwnValue, "Phase2a"),
    Twin("synod-lowest-vote", "proposer", bugs.TakesTheLowestVote, "Phase2a"),
    Twin("synod-stale-promise", "proposer", bugs.CountsPromisesOfOldBallots, "Phase2a"),
    Twin("synod-used-twice", "proposer", planted.ProposesAgain, "Phase2a"),
    Twin("synod-below-promise", "acceptor", planted.VotesAnyway, "Phase2b"),
    Twin("synod-keeps-promise", "acceptor", bugs.VoteIsNoPromise, "Phase2b"),
    Twin("synod-keeps-promise-agreement", "acceptor", bugs.VoteIsNoPromise, "Phase2b"),
    Twin("synod-promise-falls", "acceptor", bugs.PromisesBelowItsPromise, "Phase1b"),
    Twin("synod-promise-lost", "acceptor", planted.TakesItsVoteForItsPromise, "Recover"),
    Twin("synod-vote-lost", "acceptor", bugs.LosesItsVotes, "Recover"),
    Twin("paxos-promise-lost", "acceptor", planted.TakesItsVoteForItsPromise, "Recover"),
    Twin("paxos-vote-lost", "acceptor", bugs.LosesItsVotes, "Recover"),
    Twin("paxos-votes-apart", "learner", bugs.AddsUpVotesOfDifferentBallots, "Learn"),
]


def shown_by(schedule: Schedule, number: int) -> dict[str, Any]:
    """What the specification says that the roles show after so many steps."""
    state = schedule.states[number]._asdict()
    if schedule.bounds.spec == "Synod":
        state.pop("delivered")  # there, to learn is to deliver
    return state


def same(shown: dict[str, Any], due: dict[str, Any]) -> bool:
    return all(value == due[name] for name, value in shown.items() if name in due)


def play(schedule: Schedule, stage: Stage) -> tuple[int, list[bool], list[Label]]:
    """Ask for all steps: how many were taken just as they are in the schedule before the first that
    was not; after each, whether the property held; and what was done in place of that first."""
    followed, held, instead = len(schedule.labels), list[bool](), list[Label]()
    k = 0
    while k < len(schedule.labels):
        before = stage.shows()
        taken = stage.do(schedule.labels[k])
        after = stage.shows()
        held.append(holds(schedule.violates, schedule.bounds, before, after))
        wanted = list(schedule.labels[k : k + max(1, len(taken))])
        due = shown_by(schedule, k + len(wanted))
        if k + len(wanted) == len(schedule.labels) and taken[-1:] != wanted[-1:]:
            # The schedule ends here; a learner delivers what it has learned in the same breath.
            taken = [label for label in taken if label[0] != "Deliver"]
            due.pop("delivered", None)
        done = taken == wanted and same(after, due)
        if not done and followed > k:
            followed, instead = k, taken
        k += len(wanted) if done else 1
    return followed, held, instead


@pytest.mark.tlc
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.model)
def test_the_code_goes_wrong_in_the_same_step(twin: Twin) -> None:
    of = schedule(twin.model)
    wrong: dict[str, Any] = {twin.role: twin.make}
    followed, held, instead = play(of, Stage(of, **wrong))
    assert followed == len(of.labels), f"{of.labels[followed]}: {instead} instead"
    assert held == [True] * (len(held) - 1) + [False]


@pytest.mark.tlc
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.model)
def test_the_code_as_it_is_does_not(twin: Twin) -> None:
    of = schedule(twin.model)
    followed, held, _ = play(of, Stage(of))
    assert followed < len(of.labels)
    assert of.labels[followed][0] == twin.parts_at
    assert all(held)
