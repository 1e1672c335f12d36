"""A leader emerges and stays, also where messages take longer than anybody is patient at first
(spec/Election.tla)."""

import heapq

import pytest

from paxos.core.ballot import Ballot
from paxos.core.election import MOST_GROWN, Election
from paxos.core.settings import Settings

SETTINGS = Settings(heartbeat_s=0.1, failover_s=0.6)


def leaders_in_turn(proposers: int, delay_s: float, until_s: float) -> list[tuple[float, int]]:
    """Who takes over and when, where a link is open for a moment every `delay_s`, and what was said
    since is heard then. Each moment is a multiple of a hundredth of a second."""
    elections = {p: Election(SETTINGS, p, 0, 0.0) for p in range(1, proposers + 1)}
    under_way: list[tuple[float, int, int, Ballot]] = []
    turns: list[tuple[float, int]] = []
    for hundredth in range(int(until_s * 100)):
        now_s = hundredth / 100
        while under_way and under_way[0][0] <= now_s:
            _, _, to, ballot = heapq.heappop(under_way)
            elections[to].notice(ballot)
            elections[to].heard(ballot, now_s)
        for p, election in elections.items():
            if now_s < election.due_s:
                continue
            if election.ballot is None:
                turns.append((now_s, p))
            mine = election.ballot or election.take_lead()
            assert mine
            election.due_s = now_s + SETTINGS.heartbeat_s
            for q in elections:
                if q != p:
                    heard_s = (now_s // delay_s + 1) * delay_s
                    heapq.heappush(under_way, (heard_s, hundredth, q, mine))
    return turns


@pytest.mark.parametrize("proposers", [2, 3, 5])
@pytest.mark.parametrize("delay_s", [0.001, 0.7, 2.0, 4.0])
def test_in_the_end_a_leader_stays_however_long_heartbeats_take(
    proposers: int, delay_s: float
) -> None:
    turns = leaders_in_turn(proposers, delay_s, 200.0)
    assert turns
    assert turns[-1][0] < 60.0, "nobody took over in the last 140 s"


def test_a_leader_that_was_given_up_and_is_heard_makes_patience_grow_once() -> None:
    election = Election(SETTINGS, 1, 0, 0.0)
    election.heard(Ballot(1, 2), 0.0)
    election.notice(Ballot(1, 2))
    assert election.due_s == pytest.approx(0.6), "it has not taken over"
    assert election.take_lead() == Ballot(2, 1)
    for _ in range(3):
        election.notice(Ballot(1, 2))
    election.wait(0.0)
    assert election.due_s == pytest.approx(1.2)


def test_its_own_heartbeats_come_back_and_are_no_mistake() -> None:
    election = Election(SETTINGS, 1, 0, 0.0)
    election.take_lead()
    election.heard(Ballot(1, 2), 0.0)
    election.take_lead()
    election.notice(Ballot(1, 1))
    election.wait(0.0)
    assert election.due_s == pytest.approx(0.6)


def test_patience_grows_to_a_limit() -> None:
    election = Election(SETTINGS, 1, 0, 0.0)
    for mistake in range(1, 20):
        election.heard(Ballot(2 * mistake, 2), 0.0)
        election.take_lead()
        election.notice(Ballot(2 * mistake, 2))
    election.wait(0.0)
    assert election.due_s == pytest.approx(MOST_GROWN * 0.6)
