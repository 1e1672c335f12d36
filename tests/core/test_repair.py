"""The votes that a leader counts for a learner."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paxos.core.ballot import Ballot
from paxos.core.messages import Vote
from paxos.core.repair import Repair
from paxos.core.settings import Settings

VOTES = st.tuples(st.integers(1, 5), st.builds(Ballot, st.integers(1, 2), st.integers(1, 2)))


@given(st.lists(VOTES, max_size=20))
def test_votes_of_different_ballots_do_not_add_up(said: list[tuple[int, Ballot]]) -> None:
    """Of each acceptor what it said last counts; a quorum is one in one ballot."""
    repair, last = Repair(Settings(acceptors=5)), dict[int, Ballot]()
    repair.asked(7, 7, 0.0)
    for acceptor, ballot in said:
        last[acceptor] = ballot
        voters = sorted(a for a, voted in last.items() if voted == ballot)
        quorum = repair.voted(acceptor, Vote(7, ballot, b""))
        assert quorum == (voters if len(voters) >= 3 else [])
        if quorum:
            assert repair.voted(1, Vote(7, ballot, b"")) == [], "it is settled"
            return


def test_votes_that_nobody_asked_for_are_not_counted() -> None:
    repair = Repair(Settings())
    assert not any(repair.voted(acceptor, Vote(7, Ballot(1, 1), b"")) for acceptor in (1, 2, 3))


def test_an_instance_is_run_again_at_the_fifth_question_and_when_that_is_long_enough() -> None:
    settings = Settings(repair_s=0.2)
    soon, late = Repair(settings), Repair(settings)
    assert [soon.asked(7, 7, 0.04 * n) for n in range(6)] == [[], [], [], [], [], [7]]
    assert [late.asked(7, 7, 1.0 * n) for n in range(5)] == [[], [], [], [], [7]]
    assert late.wants(7) and not late.wants(8)
