"""Mechanisms of a proposer that rarely meet: what each does alone is right, and so must be what
they do together."""

from __future__ import annotations

from dataclasses import replace

from paxos.core import events
from paxos.core.ballot import Ballot
from paxos.core.batch import encode_batch, pack
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
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
from tests.core.test_proposer import AHEAD, OFF, give, packet, sent

OLD = encode_batch([pack("2.1", 1, [b"of a leader before"])])
MINE = Ballot(4, 1)


def leading(settings: Settings = OFF) -> Proposer:
    """In a ballot in which it is not the first."""
    proposer = Proposer(settings, 1, 0.0, round_used=3)
    proposer.tick(1.0)
    return proposer


def run_again(proposer: Proposer, instance: int) -> Step:
    """A learner asks for an instance until the leader runs it again."""
    for _ in range(QUESTIONS - 1):
        give(proposer, (1, Ask(instance, instance)), now_s=2.0)
    return give(proposer, (1, Ask(instance, instance)), now_s=2.0 + OFF.repair_s)


def test_an_instance_run_again_and_late_promises_of_the_first_time() -> None:
    """The promises come from before the proposal: they tell of no vote for it, and one of a vote
    in an older ballot. That vote obliges to nothing any more: something was proposed already, and
    only that may be said again in this ballot."""
    proposer = leading()
    give(proposer, (1, packet(1)))
    proposed = give(proposer, (1, Promise(MINE, 1, 1, [])), (2, Promise(MINE, 1, 1, [])))
    [first] = sent(proposed, Accept)
    give(proposer, (1, Accepted(MINE, 1)), (2, Accepted(MINE, 1)))
    assert sent(run_again(proposer, 1), Prepare) == [Prepare(MINE, 1, 1)]
    late = Promise(MINE, 1, 1, [Vote(1, Ballot(2, 2), OLD)])
    step = give(proposer, (1, Promise(MINE, 1, 1, [])), (3, late))
    assert not sent(step, Accept) and not step.events
    assert first.batch != OLD

    run_again(proposer, 1)
    voted = Promise(MINE, 1, 1, [Vote(1, MINE, first.batch)])
    assert sent(give(proposer, (3, late), (2, voted)), Accept) in ([], [first])


def test_trimming_and_a_running_phase_1_that_has_heard_of_votes() -> None:
    """What is trimmed is done with; the votes beyond it oblige as before."""
    proposer = leading(AHEAD)
    [prepare] = sent(proposer.flush(1.0), Prepare)
    vote = Vote(3, Ballot(2, 2), OLD)
    give(proposer, (1, Promise(prepare.ballot, 1, 4, [vote])), (1, packet(1)))
    give(proposer, (1, Trimmed(2)))
    step = give(proposer, (2, Promise(prepare.ballot, 1, 4, [])))
    accepts = {accept.instance: accept.batch for accept in sent(step, Accept)}
    assert accepts[3] == OLD and accepts.get(4) != OLD
    [first] = [e for e in step.events if isinstance(e, events.Phase2a) and e.instance == 3]
    assert first.quorum == [1, 2]


FIVE = replace(OFF, acceptors=5, in_flight=1)


def test_an_instance_run_again_that_some_acceptors_have_trimmed() -> None:
    """A learner begins again, and the others have told their votes of different ballots, which
    settle nothing. Those that remember are a quorum, so it is run again with them."""
    proposer = leading(FIVE)
    give(proposer, (2, Trimmed(7)), (5, Trimmed(7)))
    assert sent(run_again(proposer, 1), Prepare) == [Prepare(MINE, 1, 1)]
    votes = [Vote(1, Ballot(round_, 2), OLD) for round_ in (1, 2, 2)]
    answers = [(a, Promise(MINE, 1, 1, [v])) for a, v in zip((1, 3, 4), votes, strict=True)]
    step = give(proposer, answers[0], (2, Trimmed(7)), *answers[1:], (5, Trimmed(7)))
    assert [accept.batch for accept in sent(step, Accept)] == [OLD]
    step = give(proposer, (1, Ask(2, 9)), (1, Ask(2, 9)), now_s=2.1 + OFF.repair_s)
    assert not sent(step, Prepare), "it is new"
    step = give(proposer, (1, Ask(2, 9)), now_s=2.3 + 2 * OFF.repair_s)
    assert [p.first for p in sent(step, Prepare)] == list(range(2, 8)), "it was mixed: more of it"


def test_an_instance_run_again_that_one_vote_of_all_had_settled() -> None:
    """The learner had only not heard it: what comes after it is left to the acceptors."""
    proposer = leading(FIVE)
    give(proposer, (2, Trimmed(7)))
    assert sent(run_again(proposer, 1), Prepare) == [Prepare(MINE, 1, 1)]
    promise = Promise(MINE, 1, 1, [Vote(1, Ballot(2, 2), OLD)])
    assert sent(give(proposer, *((a, promise) for a in (1, 3, 4))), Accept)
    give(proposer, (1, Ask(2, 9)), now_s=2.1 + OFF.repair_s)
    assert not sent(give(proposer, (1, Ask(2, 9)), now_s=2.3 + 2 * OFF.repair_s), Prepare)


def test_an_instance_run_again_that_too_many_acceptors_have_trimmed() -> None:
    """Nobody can have it any more, so nothing is asked again for ever."""
    proposer = leading(FIVE)
    give(proposer, (2, Trimmed(7)), (5, Trimmed(7)))
    run_again(proposer, 1)
    give(proposer, (1, Trimmed(7)))
    assert not proposer.phase1.open
    assert not sent(run_again(proposer, 1), Prepare)


def test_a_value_while_an_instance_that_some_have_trimmed_waits_for_the_others() -> None:
    """What waits for a learner alone takes no place from what is new."""
    proposer = leading(FIVE)
    give(proposer, (2, Trimmed(7)), (5, Trimmed(7)))
    assert sent(run_again(proposer, 1), Prepare) == [Prepare(MINE, 1, 1)]
    step = give(proposer, (2, Trimmed(7)), (1, packet(1)))
    assert sent(step, Prepare) == [Prepare(MINE, 8, 8)]


def test_a_takeover_after_the_first_vote_of_a_proposal() -> None:
    """One vote is no quorum: the value waits on, and the next ballot has to propose it again."""
    proposer = leading()
    give(proposer, (1, packet(1)))
    [first] = sent(give(proposer, *((a, Promise(MINE, 1, 1, [])) for a in (1, 2))), Accept)
    step = give(proposer, (1, Accepted(MINE, 1)))
    assert not sent(step, Decide)
    assert 1 not in proposer.chosen
    give(proposer, (2, Reject(Ballot(5, 2))))
    proposer.tick(proposer.deadline_s())
    [prepare] = sent(proposer.flush(5.0), Prepare)
    assert prepare == Prepare(Ballot(6, 1), 1, 1)
    promised = [(a, Promise(prepare.ballot, 1, 1, [])) for a in (2, 3)]
    [again] = sent(give(proposer, *promised, now_s=5.0), Accept)
    assert again == Accept(prepare.ballot, 1, first.batch)


def test_a_value_submitted_again_after_the_first_vote() -> None:
    proposer = leading()
    give(proposer, (1, packet(1)))
    give(proposer, *((a, Promise(MINE, 1, 1, [])) for a in (1, 2)))
    give(proposer, (1, Accepted(MINE, 1)))
    assert not sent(give(proposer, (1, packet(1))), Accept), "it is under way"
    give(proposer, (2, Accepted(MINE, 1)))
    step = give(proposer, (1, packet(1)))
    assert not sent(step, Prepare), "it is chosen"


def test_the_first_ballot_of_all_is_durable_before_it_is_used() -> None:
    """Otherwise a proposer that is started again would use it again."""
    for round_used in (0, 1, 7):
        proposer = Proposer(OFF, 1, 0.0, round_used=round_used)
        proposer.receive(1, Submit([pack("1.1", 1, [b"x"])]), 1.0)
        proposer.tick(1.0)
        step = proposer.flush(1.0)
        assert step.writes == [RoundWrite(round_used + 1)]
        assert [p.ballot.round for p in sent(step, Prepare)] == [round_used + 1]
