"""Limits are for strangers: honest processes get on with the smallest, also those that come back
knowing nothing to a log that is far beyond all that they may follow at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from paxos.core.acceptor import Acceptor
from paxos.core.learner import Learner
from paxos.core.proposer import Proposer
from tests.fuzz.table import SMALL, Seat, Table

FAR = 2 * SMALL.reach_instances


class Asleep(Acceptor):
    """In the place of an acceptor that hears nothing."""

    def receive(self, *_: object) -> None:
        pass


def seats(table: Table, name: str) -> list[Seat]:
    return [seat for seat in table.seats if seat.name == name]


def grow(table: Table) -> None:
    """Have the log grow by more than anybody may follow at once."""
    learner = seats(table, "learner")[0].role
    assert isinstance(learner, Learner)
    before = learner.prefix
    while learner.prefix < before + FAR:
        table.submit(b"value")
        table.settle()


@pytest.mark.parametrize("trims", [True, False])
@pytest.mark.parametrize(("direct", "ahead"), [(True, True), (True, False), (False, False)])
def test_who_comes_back_follows_a_long_log(direct: bool, ahead: bool, trims: bool) -> None:
    learners = SMALL.learners if trims else 0
    table = Table(replace(SMALL, direct_learning=direct, prepare_ahead=ahead, learners=learners))
    grow(table)
    for number, seat in enumerate(seats(table, "proposer"), 1):
        assert isinstance(seat.role, Proposer)
        used = seat.role.election.highest.round
        seat.role = Proposer(table.settings, number, table.now_s, used)
    table.submit(b"after the proposers came back")
    table.settle()

    one, two, three = seats(table, "acceptor")
    assert isinstance(one.role, Acceptor) and isinstance(three.role, Acceptor)
    one.role = Acceptor(table.settings, one.role.promised, one.role.votes, one.role.trimmed)
    sleeper, three.role = three.role, Asleep(table.settings)
    grow(table)
    three.role = sleeper
    table.run(3_000)
    two.role = Asleep(table.settings)
    table.submit(b"by the acceptor that slept, and one other")
    table.settle()
    assert table.refused == Counter()
