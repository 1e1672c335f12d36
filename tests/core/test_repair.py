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
    repair.asked(7, 7, 0.0, patience_s=0.0, busy=0)
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


def asked(repair: Repair, first: int, now_s: float) -> list[int]:
    return repair.asked(first, 90, now_s, patience_s=0.1, busy=0)


def test_a_learner_that_seldom_asks_need_not_ask_often() -> None:
    """Its pauses may be seconds: five questions would take it half a minute."""
    repair = Repair(Settings())
    assert asked(repair, 1, 0.0) == asked(repair, 1, 4.0) == []
    assert asked(repair, 1, 8.0) == [1, 2, 3, 4]


def test_after_what_had_to_be_run_again_comes_more_of_it() -> None:
    """Leaders that changed often leave votes of different ballots in one instance after another."""
    repair = Repair(Settings())
    assert [asked(repair, 1, float(t)) for t in (0, 4, 8)][-1] == [1, 2, 3, 4]
    repair.note_mixed(4)
    assert asked(repair, 5, 8.1) == list(range(5, 13))
    repair.note_mixed(12)
    assert asked(repair, 13, 8.2) == list(range(13, 29))
    assert asked(repair, 40, 8.3) == [40, 41, 42, 43], "the votes before may settle it"


def test_an_instance_is_run_again_at_the_fifth_question_and_when_that_is_long_enough() -> None:
    """The first question only tells of it, so it is the sixth one that may be due at once."""
    soon, late = Repair(Settings(repair_s=0.2)), Repair(Settings(repair_s=0.2))
    often = [soon.asked(7, 7, 0.04 * n, patience_s=0.0, busy=0) for n in range(6)]
    assert often == [[], [], [], [], [], [7]]
    seldom = [late.asked(7, 7, 1.0 * n, patience_s=0.0, busy=0) for n in range(5)]
    assert seldom == [[], [], [], [], [7]]
    assert late.wants(7) and not late.wants(8)
