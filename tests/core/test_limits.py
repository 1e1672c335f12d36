"""What a message that is not true can cost, role by role: each limit, and that honest processes get
on in spite of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import ValidationError

from paxos.core.acceptor import Acceptor
from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import encode_batch, pack
from paxos.core.learner import Learner
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Delivered,
    Group,
    Heartbeat,
    Message,
    Prepare,
    Promise,
    Reject,
    Submit,
    Vote,
    Votes,
    decode_messages,
    encode_messages,
)
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.step import Step

MINE = Ballot(1, 1)
BATCH = encode_batch([pack("1.1", 1, [b"x"])])
FAR = LARGEST_INT
SMALL = Settings(
    direct_learning=True,
    prepare_ahead=True,
    window=4,
    reach_instances=10,
    asked_instances=8,
    ask_instances=4,
    promised_instances=8,
    clients=2,
    chosen_clients=2,
    chosen_gaps=2,
    waiting_packets=5,
)


def give(role: Role, *messages: Message, sender: int = 1, now_s: float = 1.0) -> Step:
    for message in messages:
        role.receive(sender, message, now_s)
    return role.flush(now_s)


def leading(settings: Settings = SMALL) -> Proposer:
    proposer = Proposer(settings, 1, 0.0)
    proposer.tick(1.0)
    return proposer


def promise(proposer: Proposer, step: Step) -> Step:
    """Two acceptors promise all that was asked for, and have voted for nothing."""
    for _, prepare in step.sends:
        if isinstance(prepare, Prepare):
            for acceptor in (1, 2):
                answer = Promise(prepare.ballot, prepare.first, prepare.last, [])
                proposer.receive(acceptor, answer, 1.0)
    return proposer.flush(1.0)


# The acceptor.


def test_an_acceptor_votes_for_no_instance_that_is_far_ahead_of_the_log() -> None:
    acceptor = Acceptor(SMALL)
    step = give(acceptor, Accept(MINE, 11, BATCH), Accept(MINE, FAR, BATCH))
    assert not step
    assert step.refused == {"Accepts for instances that are too far ahead": 2}
    assert acceptor.votes == {}
    assert give(acceptor, Accept(MINE, 10, BATCH)).writes
    assert give(acceptor, Delivered(7, []), Accept(MINE, 17, BATCH)).writes


def test_a_report_is_followed_in_steps() -> None:
    acceptor = Acceptor(SMALL)
    for known in (10, 20, 30):
        give(acceptor, Delivered(FAR, []))
        assert acceptor.known == known
    give(acceptor, Delivered(5, []))
    assert acceptor.known == 30


def test_an_acceptor_that_comes_back_knows_of_the_log_by_its_votes() -> None:
    acceptor = Acceptor(SMALL, MINE, {1_000: Vote(1_000, MINE, BATCH)})
    assert give(acceptor, Accept(MINE, 1_010, BATCH)).writes
    assert not give(acceptor, Accept(MINE, 1_011, BATCH)).writes


def test_a_prepare_beyond_what_one_step_answers_changes_nothing() -> None:
    """In particular not the promise: nobody would hear of it, and no trace would tell of it."""
    acceptor = Acceptor(SMALL)
    step = give(acceptor, Prepare(MINE, 1, 8), Prepare(Ballot(2, 2), 1, 1))
    assert acceptor.promised == MINE
    assert [type(message) for _, message in step.sends] == [Promise]
    assert step.refused == {"Prepares for too many instances": 1}
    assert give(acceptor, Prepare(Ballot(2, 2), 1, 1)).writes, "the next step is another"


def test_asks_beyond_what_one_step_answers_are_dropped() -> None:
    acceptor = Acceptor(SMALL, MINE, {1: Vote(1, MINE, BATCH)})
    step = give(acceptor, *[Ask(1, FAR)] * 9)
    assert step.sends == [(Group.LEARNERS, Votes([Vote(1, MINE, BATCH)]))] * 2
    assert step.refused == {"Asks for too many instances": 7}
    assert len(give(acceptor, Ask(1, 1)).sends) == 1


# The proposer.


def test_a_false_report_makes_a_leader_skip_so_many_instances_at_most() -> None:
    proposer = leading()
    step = give(proposer, Delivered(FAR, []))
    assert [m.first for _, m in step.sends if isinstance(m, Prepare)] == [11]


@pytest.mark.parametrize(
    "lie", [Heartbeat(MINE, FAR), Ask(10, FAR), Ask(1, FAR)], ids=["Heartbeat", "Ask", "Ask all"]
)
def test_a_false_end_of_the_log_makes_a_leader_fill_so_many_instances_at_most(lie: Message) -> None:
    proposer = leading(replace(SMALL, in_flight=1_000))
    proposer.receive(1, lie, 1.0)
    step = proposer.flush(1.0)
    for _ in range(100):
        step = promise(proposer, step)
    assert proposer.top <= 10
    assert set(proposer.phase2.open) <= set(range(1, 11))


def test_instances_far_ahead_are_not_run_again() -> None:
    proposer = leading()
    for now_s in (1.0, 2.0, 3.0):
        step = give(proposer, *[Ask(first, FAR) for first in range(1, 100)], now_s=now_s)
        assert step.refused["Asks for too many instances, or too far ahead"] == 97
    assert len(proposer.repair._asked) <= 8


def test_new_clients_beyond_the_limit_are_not_taken_and_known_ones_are() -> None:
    proposer = Proposer(SMALL, 1, 0.0)

    def submit(client: str, seq: int) -> Step:
        return give(proposer, Submit([pack(client, seq, [b"v"])]))

    assert not submit("1.1", 1).refused
    assert not submit("2.1", 1).refused
    assert submit("1.2", 1).refused
    give(proposer, Delivered(1, [("1.1", 1, 1), ("2.1", 1, 1)]))
    assert submit("1.3", 1).refused, "the learners remember the first two for ever"
    assert not submit("2.1", 2).refused
    assert set(proposer.backlog._waiting) == {("2.1", 2)}


def test_what_is_chosen_is_forgotten_of_the_clients_heard_of_longest_ago() -> None:
    proposer = Proposer(SMALL, 1, 0.0)
    for client in ("1.1", "2.1", "1.1", "3.1"):
        give(proposer, Delivered(1, [(client, 1, 1)]))
    assert set(proposer.backlog._chosen) == {"1.1", "3.1"}
    give(proposer, Delivered(1, [("1.1", seq, seq) for seq in (3, 5, 7)]))
    assert proposer.backlog._chosen["1.1"].intervals() == [(5, 5), (7, 7)]


def test_what_votes_oblige_to_propose_does_not_fill_the_backlog() -> None:
    proposer = leading()
    (prepare,) = (m for _, m in proposer.flush(1.0).sends if isinstance(m, Prepare))
    many = encode_batch([pack("1.1", seq, [b"v"]) for seq in range(1, 50)])
    told = Promise(MINE, prepare.first, prepare.last, [Vote(1, Ballot(1, 1), many)])
    for acceptor in (1, 2):
        proposer.receive(acceptor, told, 1.0)
    step = proposer.flush(1.0)
    assert Accept(MINE, 1, many) in [message for _, message in step.sends]
    assert len(proposer.backlog._waiting) == 5


@pytest.mark.parametrize("lie", [Heartbeat, Reject], ids=["Heartbeat", "Reject"])
def test_a_proposer_cannot_lead_when_all_rounds_are_used_up(
    lie: Callable[..., Message],
) -> None:
    """It says so, does nothing, and goes on answering."""
    proposer = leading()
    proposer.flush(1.0)
    last = Ballot(LARGEST_INT, 2)
    assert not give(proposer, lie(last, 0) if lie is Heartbeat else lie(last)).writes
    for _ in range(3):
        due_s = proposer.deadline_s()
        proposer.tick(due_s)
        step = proposer.flush(due_s)
        assert not step
        assert step.refused == {"chances to lead, as all rounds are used up": 1}
        assert proposer.deadline_s() > due_s
    assert proposer.election.highest == last


def test_a_large_window_is_promised_in_the_parts_that_acceptors_answer() -> None:
    settings = replace(SMALL, window=20, prepare_instances=6, promised_instances=1_000)
    proposer = leading(settings)
    acceptors = [Acceptor(settings) for _ in range(3)]
    step = proposer.flush(1.0)
    for _ in range(10):
        for number, acceptor in enumerate(acceptors, 1):
            answers = give(acceptor, *[m for g, m in step.sends if g is Group.ACCEPTORS])
            for group, answer in answers.sends:
                if group is Group.PROPOSERS:
                    proposer.receive(number, answer, 1.0)
        step = proposer.flush(1.0)
    assert len(proposer.phase1.free) >= 20 // 2
    assert not proposer.phase1.open


# The learner.


def test_a_false_end_of_the_log_makes_a_learner_ask_for_little() -> None:
    learner = Learner(SMALL, 0.0)
    give(learner, Heartbeat(MINE, FAR), Accept(MINE, FAR, BATCH), Accepted(MINE, FAR))
    assert learner.top == 10
    assert not learner.heard.open
    for now_s in (2.0, 3.0, 4.0):
        learner.tick(now_s)
        asked = [m for g, m in learner.flush(now_s).sends if g is Group.ACCEPTORS]
    assert [m for m in asked if isinstance(m, Ask)] == [Ask(1, 4, 2, 16_000)]


def test_votes_in_the_highest_ballots_are_counted() -> None:
    learner = Learner(replace(SMALL, open_ballots=2), 0.0)
    for number in (5, 1, 7, 3, 9):
        give(learner, Accept(Ballot(number, 1), 1, BATCH))
    (heard,) = learner.heard.open.values()
    assert sorted(heard.ballots) == [Ballot(7, 1), Ballot(9, 1)]
    give(learner, Accepted(Ballot(1, 1), 1), sender=1)
    assert not learner.heard.voters(1)
    for acceptor in (1, 2):
        give(learner, Accepted(Ballot(9, 1), 1), sender=acceptor)
    assert learner.prefix == 1


def test_of_votes_said_as_one_a_bounded_number_is_counted_in_a_step() -> None:
    learner = Learner(replace(SMALL, counted_votes=7), 0.0)
    step = give(learner, *[Accepted(MINE, 1, more=3)] * 2, Accepted(MINE, 5), Accepted(MINE, 2))
    assert len(learner.heard.open) == 5, "4 of them are within the limit, and what says one"
    assert list(step.refused.values()) == [1]
    assert not give(learner, Accepted(MINE, 1, more=3)).refused, "in the next step there is room"

    proposer = leading(replace(SMALL, counted_votes=2))
    promise(proposer, proposer.flush(1.0))
    give(proposer, *(Submit([pack("1.1", n, [b"x"])]) for n in (1, 2, 3)))
    voted = Accepted(MINE, proposer.top - 2, more=2)
    assert len(proposer.phase2.open) == 3
    step = give(proposer, voted, voted)
    assert list(step.refused.values()) == [1]
    assert {len(phase2.votes) for phase2 in proposer.phase2.open.values()} == {1}


def test_a_learner_reports_to_the_acceptors_now_and_then() -> None:
    learner = Learner(SMALL, 0.0)
    reports = []
    for instance, now_s in ((1, 1.0), (2, 1.1), (3, 2.0)):
        learner.receive(1, Accept(MINE, instance, b""), now_s)
        for acceptor in (1, 2):
            learner.receive(acceptor, Accepted(MINE, instance), now_s)
        reports += [m for g, m in learner.flush(now_s).sends if g is Group.ACCEPTORS]
    assert reports == [Delivered(1, []), Delivered(3, [])]


@pytest.mark.parametrize(
    "negative",
    [
        Ask(1, 1, -1),
        Ask(1, 1, 0, -1),
        Delivered(-1, []),
        Heartbeat(Ballot(1, 1), -1),
        Heartbeat(Ballot(-1, 1), 1),
        Reject(Ballot(1, -1)),
    ],
)
def test_no_number_in_a_message_is_negative(negative: Message) -> None:
    with pytest.raises(ValidationError, match="Expected `int` >= 0"):
        decode_messages(encode_messages([negative]))
