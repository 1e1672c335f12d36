"""The proposer, message by message."""

from dataclasses import replace
from typing import TypeVar

import pytest

from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.batch import NO_OP, decode_batch, encode_batch, pack
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Delivered,
    Heartbeat,
    Message,
    Prepare,
    Promise,
    Reject,
    Submit,
    Trimmed,
    Vote,
)
from paxos.core.proposer import Proposer
from paxos.core.repair import QUESTIONS
from paxos.core.settings import Settings
from paxos.core.step import RoundWrite, Step

OFF = Settings()
T = TypeVar("T")

AHEAD = Settings(prepare_ahead=True, direct_learning=True, max_batch=100, window=4)
MINE = Ballot(1, 1)


def packet(seq: int, client: str = "1.1") -> "Submit":
    return Submit([pack(client, seq, [b"value %d" % seq])])


def give(proposer: Proposer, *messages: tuple[int, Message], now_s: float = 1.0) -> Step:
    for sender, message in messages:
        proposer.receive(sender, message, now_s)
    return proposer.flush(now_s)


def leading(settings: Settings = OFF) -> Proposer:
    proposer = Proposer(settings, 1, 0.0)
    proposer.tick(1.0)
    return proposer


def sent(step: Step, kind: type[T]) -> list[T]:
    return [message for _, message in step.sends if isinstance(message, kind)]


def test_it_leads_after_silence_with_a_durable_round() -> None:
    proposer = Proposer(OFF, 1, 0.0, round_used=4)
    proposer.tick(proposer.deadline_s())
    step = proposer.flush(1.0)
    assert step.writes == [RoundWrite(5)]
    assert sent(step, Heartbeat)[0].ballot == Ballot(5, 1)


def test_at_first_it_waits_for_two_heartbeats_and_for_those_with_lower_ids() -> None:
    settings = Settings(heartbeat_s=0.1, failover_s=0.6)
    waits = [Proposer(settings, number, 10.0).deadline_s() - 10.0 for number in (1, 2, 3)]
    assert waits == pytest.approx([0.2, 0.35, 0.5])


def test_it_does_not_lead_while_another_does() -> None:
    proposer = Proposer(OFF, 2, 0.0)
    for tenth in range(1, 50):
        give(proposer, (1, Heartbeat(MINE, 0)), now_s=tenth / 10)
        proposer.tick(tenth / 10)
        assert not proposer.flush(tenth / 10)
    proposer.tick(4.9 + OFF.failover_s * 1.25)
    assert sent(proposer.flush(6.0), Heartbeat)[0].ballot == Ballot(2, 2)


def test_milestone_2_phase_1_only_when_a_value_waits_for_one_instance() -> None:
    proposer = leading()
    assert not sent(proposer.flush(1.0), Prepare)
    step = give(proposer, (1, packet(1)), (1, packet(2)))
    assert sent(step, Prepare) == [Prepare(MINE, 1, 1), Prepare(MINE, 2, 2)]
    step = give(proposer, (1, Promise(MINE, 1, 1, [])), (1, Promise(MINE, 1, 1, [])))
    assert not sent(step, Accept), "one acceptor is no quorum, however often it says so"
    step = give(proposer, (3, Promise(MINE, 1, 1, [])))
    [accept] = sent(step, Accept)
    assert accept.instance == 1
    phase2a = step.events[0]
    assert isinstance(phase2a, events.Phase2a) and phase2a.quorum == [1, 3]
    step = give(proposer, (2, Accepted(MINE, 1)), (2, Accepted(MINE, 1)))
    assert not sent(step, Decide)
    [decide] = sent(give(proposer, (1, Accepted(MINE, 1))), Decide)
    assert decide == Decide(MINE, 1, accept.batch)


def test_votes_in_instances_in_a_row() -> None:
    """Also in some that nothing is proposed in, or where it is chosen already."""
    proposer = leading()
    give(proposer, *((1, packet(n)) for n in (1, 2, 3)))
    promises = [(a, Promise(MINE, n, n, [])) for a in (1, 2) for n in (1, 2, 3)]
    assert len(sent(give(proposer, *promises), Accept)) == 3
    give(proposer, (1, Accepted(MINE, 2)), (2, Accepted(MINE, 2)))
    assert not sent(give(proposer, (3, Accepted(MINE, 1, more=2))), Decide)
    assert not sent(give(proposer, (3, Accepted(MINE, 1, more=2))), Decide), "it is one vote"
    step = give(proposer, (1, Accepted(MINE, 1, more=1_000_000_000)))
    assert [decide.instance for decide in sent(step, Decide)] == [1, 3]
    assert [e.quorum for e in step.events if isinstance(e, events.Decide)] == [[1, 3]] * 2
    assert not proposer.phase2.open and proposer.chosen.intervals() == [(1, 3)]


def test_prepare_ahead_covers_a_window_before_any_value() -> None:
    proposer = leading(AHEAD)
    assert sent(proposer.flush(1.0), Prepare) == [Prepare(MINE, 1, 4)]
    give(proposer, (1, Promise(MINE, 1, 4, [])), (2, Promise(MINE, 1, 4, [])))
    step = give(proposer, (1, packet(1)), (1, packet(2)))
    [accept] = sent(step, Accept)[:1]
    assert [p.first for p in decode_batch(accept.batch)] == [1, 2], "one batch of both"


def test_a_prepare_is_for_no_more_instances_than_acceptors_answer() -> None:
    settings = replace(AHEAD, window=100, prepare_instances=10)
    [prepare] = sent(leading(settings).flush(1.0), Prepare)
    assert (prepare.first, prepare.last) == (1, 10)


def test_the_window_is_kept_filled() -> None:
    proposer = leading(AHEAD)
    proposer.flush(1.0)
    give(proposer, (1, Promise(MINE, 1, 4, [])), (2, Promise(MINE, 1, 4, [])))
    prepares: list[Prepare] = []
    for seq in (1, 2, 3):
        prepares += sent(give(proposer, (1, packet(seq))), Prepare)
        prepares += sent(proposer.flush(1.0), Prepare)
    assert prepares == [Prepare(MINE, 5, 6)]


def test_it_takes_the_highest_vote_and_fills_the_gap_below() -> None:
    low = encode_batch([pack("1.1", 7, [b"low"])])
    high = encode_batch([pack("1.1", 8, [b"high"])])
    mine = Ballot(4, 1)
    proposer = Proposer(AHEAD, 1, 0.0, round_used=3)
    proposer.tick(1.0)
    proposer.flush(1.0)
    step = give(
        proposer,
        (1, Promise(mine, 1, 4, [Vote(3, Ballot(1, 2), low)])),
        (2, Promise(mine, 1, 4, [Vote(3, Ballot(2, 2), high)])),
    )
    accepts = {accept.instance: accept.batch for accept in sent(step, Accept)}
    assert accepts == {1: NO_OP, 2: NO_OP, 3: high}


def test_promises_in_parts_count_as_far_as_they_cover_the_range() -> None:
    proposer = leading(AHEAD)
    proposer.flush(1.0)
    give(proposer, (1, packet(1)), (1, packet(2)), (1, Promise(MINE, 2, 4, [])))
    assert not sent(give(proposer, (2, Promise(MINE, 2, 2, []))), Accept), "nothing on 1"
    step = give(proposer, (3, Promise(MINE, 1, 3, [])))
    assert not sent(step, Accept), "on 1 from acceptor 3 alone"
    step = give(proposer, (1, Promise(MINE, 1, 1, [])))
    assert [accept.instance for accept in sent(step, Accept)][:1] == [1]
    [phase2a] = [event for event in step.events if isinstance(event, events.Phase2a)]
    assert phase2a.quorum == [1, 3]
    assert sent(step, Prepare)[0] == Prepare(MINE, 4, 4), "and the rest is asked for"


def test_of_votes_that_do_not_fit_one_message_each_part_is_asked_for_by_itself() -> None:
    """So no more of them are under way than one message from each acceptor."""
    vote = [Vote(i, Ballot(1, 2), encode_batch([pack("1.1", i, [b"v"])])) for i in range(5)]
    mine = Ballot(2, 1)
    proposer = Proposer(AHEAD, 1, 0.0, round_used=1)
    proposer.tick(1.0)
    assert sent(proposer.flush(1.0), Prepare) == [Prepare(mine, 1, 4)]
    accepted: list[int] = []
    for first in (1, 2, 3):
        part = Promise(mine, first, first, [vote[first]])
        step = give(proposer, (1, part), (2, part))
        accepted += [accept.instance for accept in sent(step, Accept)]
        assert sent(step, Prepare)[0] == Prepare(mine, first + 1, 4)
    assert sorted(set(accepted)) == [1, 2, 3]


def test_a_rejection_ends_the_lead_and_the_value_is_kept() -> None:
    proposer = leading()
    give(proposer, (1, packet(1)))
    give(proposer, (1, Reject(Ballot(3, 2))))
    assert not proposer.phase1.open
    proposer.tick(proposer.deadline_s())
    step = proposer.flush(5.0)
    assert step.writes == [RoundWrite(4)]
    assert sent(step, Prepare) == [Prepare(Ballot(4, 1), 1, 1)]


def test_promises_and_votes_of_another_ballot_do_not_count() -> None:
    proposer = leading()
    old = Ballot(1, 2)
    give(proposer, (1, packet(1)))
    step = give(proposer, (1, Promise(old, 1, 1, [])), (2, Promise(old, 1, 1, [])))
    assert not sent(step, Accept)
    give(proposer, (1, Promise(MINE, 1, 1, [])), (2, Promise(MINE, 1, 1, [])))
    assert not sent(give(proposer, (1, Accepted(old, 1)), (2, Accepted(old, 1))), Decide)


def test_it_repeats_what_is_not_answered_without_a_new_event() -> None:
    proposer = leading()
    give(proposer, (1, packet(1)))
    proposer.tick(proposer.deadline_s())
    now_s = 1.0 + OFF.retry_s
    proposer.tick(now_s)
    step = proposer.flush(now_s)
    assert Prepare(MINE, 1, 1) in sent(step, Prepare)
    assert not step.events
    assert proposer.repeated == 1


def test_a_delivered_value_is_not_proposed_again() -> None:
    proposer = leading()
    give(proposer, (1, Delivered(3, [("1.1", 1, 9)])))
    assert not sent(give(proposer, (1, packet(5))), Prepare)
    assert sent(give(proposer, (1, packet(10))), Prepare) == [Prepare(MINE, 4, 4)]


def test_what_a_learner_misses_for_long_is_run_again() -> None:
    batch = encode_batch([pack("1.1", 1, [b"v"])])
    proposer = leading()
    give(proposer, (1, packet(1)))
    give(proposer, (1, Promise(MINE, 1, 1, [])), (2, Promise(MINE, 1, 1, [])))
    give(proposer, (1, Accepted(MINE, 1)), (2, Accepted(MINE, 1)))
    for _ in range(QUESTIONS - 1):
        assert not sent(give(proposer, (1, Ask(1, 1)), now_s=2.0), Prepare), "acceptors answer it"
    step = give(proposer, (1, Ask(1, 1)), now_s=2.0 + OFF.repair_s)
    assert sent(step, Prepare) == [Prepare(MINE, 1, 1)]
    vote = Vote(1, MINE, batch)
    step = give(proposer, (1, Promise(MINE, 1, 1, [vote])), (3, Promise(MINE, 1, 1, [])))
    assert [a.instance for a in sent(step, Accept)] == [1]
    assert not step.events, "the same proposal of the same ballot, said again"
    assert sent(give(proposer, (1, Accepted(MINE, 1)), (3, Accepted(MINE, 1))), Decide)


def test_a_proposer_keeps_a_bounded_number_of_values() -> None:
    proposer = Proposer(Settings(waiting_packets=5), 1, 0.0)
    give(proposer, *[(1, packet(seq)) for seq in range(1, 100)])
    assert proposer.backlog.batches() == 5


def test_a_proposer_keeps_a_bounded_number_of_bytes() -> None:
    large = Settings(waiting_bytes=5_000, max_batch=100)
    proposer = Proposer(large, 1, 0.0)
    for seq in range(1, 100):
        give(proposer, (1, Submit([pack("1.1", seq, [b"%d" % seq * 900])])))
    assert proposer.backlog.queued_values == 5
    give(proposer, (1, Delivered(1, [("1.1", 1, 1)])), (1, Submit([pack("1.1", 9, [b"9" * 900])])))
    assert proposer.backlog.queued_values == 5, "one is delivered, and another may wait"


def test_a_batch_waits_for_more_but_not_for_long() -> None:
    proposer = leading(replace(AHEAD, batch_wait_s=0.01))
    proposer.flush(1.0)
    give(proposer, (1, Promise(MINE, 1, 4, [])), (2, Promise(MINE, 1, 4, [])))
    assert not sent(give(proposer, (1, packet(1)), now_s=2.0), Accept)
    assert not sent(give(proposer, (1, packet(2)), now_s=2.005), Accept)
    assert proposer.deadline_s() <= 2.01
    proposer.tick(2.01)
    [accept] = sent(proposer.flush(2.01), Accept)[:1]
    assert [p.first for p in decode_batch(accept.batch)] == [1, 2]


def test_a_full_batch_does_not_wait() -> None:
    proposer = leading(replace(AHEAD, batch_wait_s=10.0, max_batch=2))
    proposer.flush(1.0)
    give(proposer, (1, Promise(MINE, 1, 4, [])), (2, Promise(MINE, 1, 4, [])))
    step = give(proposer, (1, packet(1)), (1, packet(2)), (1, packet(3)), now_s=2.0)
    assert [len(decode_batch(a.batch)) for a in sent(step, Accept)[:1]] == [2]
    assert proposer.backlog.batches() == 1, "the third waits for another"


def test_trimmed_instances_need_no_promise() -> None:
    proposer = leading(AHEAD)
    [prepare] = sent(proposer.flush(1.0), Prepare)
    assert (prepare.first, prepare.last) == (1, 4)
    give(proposer, (1, packet(1)), (1, Promise(MINE, 3, 4, [])), (2, Promise(MINE, 1, 4, [])))
    step = give(proposer, (1, Trimmed(2)))
    assert {accept.instance for accept in sent(step, Accept)} == {3}
    [phase2a] = [e for e in step.events if isinstance(e, events.Phase2a)]
    assert phase2a.quorum == [1, 2]


def test_what_is_asked_again_is_asked_as_it_was() -> None:
    """Though a part of it is trimmed meanwhile: a narrower range would be another question."""
    proposer = leading(AHEAD)
    steps = [proposer.flush(1.0), give(proposer, (1, Trimmed(2)))]
    proposer.tick(2.0)
    again = proposer.flush(2.0)
    traced = [e for step in steps for e in step.events if isinstance(e, events.Phase1a)]
    asked = {(e.first, e.last) for e in traced}
    assert {(p.first, p.last) for p in sent(again, Prepare)} == asked == {(1, 4), (5, 6)}


def test_what_is_trimmed_is_done_with() -> None:
    proposer = leading(AHEAD)
    proposer.flush(1.0)
    give(proposer, (1, Promise(MINE, 1, 4, [])), (2, Promise(MINE, 1, 4, [])), (1, packet(1)))
    assert list(proposer.phase2.open) == [1]
    step = give(proposer, (1, Trimmed(9)))
    assert not proposer.phase2.open and not proposer.phase1.free
    assert [(p.first, p.last) for p in sent(step, Prepare)] == [(10, 13)]
    assert not sent(give(proposer, (1, Trimmed(9))), Prepare)


def test_who_does_not_lead_only_takes_note_of_what_is_trimmed() -> None:
    proposer = Proposer(OFF, 1, 0.0)
    assert not give(proposer, (1, Trimmed(9)), now_s=0.0)
    proposer.tick(1.0)
    step = give(proposer, (1, packet(1)))
    assert [(p.first, p.last) for p in sent(step, Prepare)] == [(10, 10)]
