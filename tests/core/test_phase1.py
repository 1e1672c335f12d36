"""Phase 1 of a proposer, against a model of it that keeps everything it hears and looks it up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.core.ballot import Ballot
from paxos.core.messages import Promise, Vote
from paxos.core.phase1 import Phase1

MINE = Ballot(9, 1)
LAST = 8
ACCEPTORS = (1, 2, 3)

Heard = dict[tuple[int, int], Vote | None]
"""By acceptor and instance: the vote that it told of; None: that it has none."""


class Model:
    """What was heard, instance by instance."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.heard: Heard = {}

    def add(self, acceptor: int, promise: Promise) -> None:
        votes = {vote.instance: vote for vote in promise.votes}
        for instance in range(self.first, self.last + 1):
            if promise.first <= instance <= promise.last:
                old = self.heard.get((acceptor, instance))
                self.heard[acceptor, instance] = votes.get(instance) or old

    def skip(self, last: int) -> None:
        self.first = max(self.first, last + 1)

    def promised(self, last: int) -> list[int]:
        asked = range(self.first, last + 1)
        return [a for a in ACCEPTORS if all((a, instance) in self.heard for instance in asked)]

    def reached(self, quorum: int) -> int:
        last = self.first - 1
        while last < self.last and len(self.promised(last + 1)) >= quorum:
            last += 1
        return last

    def highest_votes(self, last: int) -> dict[int, Vote]:
        highest = {}
        for instance in range(self.first, last + 1):
            votes = [v for a in self.promised(last) if (v := self.heard[a, instance])]
            if votes:
                highest[instance] = max(votes, key=lambda vote: vote.ballot)
        return highest


@st.composite
def promises(draw: st.DrawFn) -> tuple[int, Promise]:
    """A part of what was asked for, or more; each vote with a batch of its own."""
    first = draw(st.integers(1, LAST))
    last = draw(st.integers(first, LAST + 1))
    voted = draw(st.sets(st.integers(first, last)))
    votes = [
        Vote(
            i, Ballot(draw(st.integers(1, 8)), draw(st.integers(1, 3))), draw(st.binary(max_size=1))
        )
        for i in sorted(voted)
    ]
    return draw(st.sampled_from(ACCEPTORS)), Promise(MINE, first, last, votes)


STEPS = st.lists(st.one_of(promises(), promises(), st.integers(1, LAST - 1)), max_size=14)
"""Promises, and instances up to which all is trimmed."""


@given(st.integers(1, 3), st.integers(5, LAST), STEPS)
def test_whatever_is_promised_and_skipped_in_any_order(
    first: int, last: int, steps: list[tuple[int, Promise] | int]
) -> None:
    phase1, model = Phase1(first, last, 0.0, 1.0), Model(first, last)
    for step in steps:
        if isinstance(step, int):
            phase1.skip(step)
            model.skip(step)
        else:
            phase1.add(*step)
            model.add(*step)
        if phase1.first > phase1.last:
            return  # its proposer is done with it
        for quorum in (1, 2, 3):
            reached = phase1.reached(quorum)
            assert reached == model.reached(quorum)
            if reached >= phase1.first:
                promised = phase1.promised(reached)
                assert promised == model.promised(reached)
                votes = phase1.highest_votes(promised)
                told = {i: vote for i, vote in votes.items() if i <= reached}
                assert told == model.highest_votes(reached)
    assert phase1.first == model.first
    assert phase1.asked == first, "what is asked again is asked as it was"


def test_of_what_is_asked_again_nobody_knows_which_question_was_answered() -> None:
    """So no round trip is measured by it, until what is left is asked for anew."""
    phase1 = Phase1(1, 4, 5.0, 0.1)
    assert (phase1.asked_s, phase1.due_s) == (5.0, 5.1)
    phase1.ask_again(5.1)
    assert phase1.asked_s < 0
    assert phase1.due_s == pytest.approx(5.3)
    phase1.skip(2)
    phase1.ask(6.0, 0.1)
    assert (phase1.asked_s, phase1.asked) == (6.0, 3)
