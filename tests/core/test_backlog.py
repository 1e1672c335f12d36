"""What a proposer keeps waiting: what its clients insist on, and not what they have done with."""

from collections.abc import Iterable

from paxos.core.ballot import Ballot
from paxos.core.batch import decode_batch, pack
from paxos.core.messages import (
    Accept,
    Accepted,
    Delivered,
    Heartbeat,
    Message,
    Prepare,
    Promise,
    Reject,
    Submit,
    Trimmed,
)
from paxos.core.proposer import Proposer
from paxos.core.settings import Settings
from paxos.core.step import Step

SMALL = Settings(prepare_ahead=True, direct_learning=True, window=4, waiting_packets=10)
LONGEST_S = SMALL.abandoned_s / 4
MINE = Ballot(1, 1)


def submit(*seqs: int) -> Submit:
    return Submit([pack("1.1", seq, [b"value %d" % seq]) for seq in seqs])


def give(proposer: Proposer, now_s: float, *messages: Message, sender: int = 1) -> Step:
    for message in messages:
        proposer.receive(sender, message, now_s)
    return proposer.flush(now_s)


def kept(proposer: Proposer) -> set[int]:
    """What it keeps waiting, in whichever way; by the first sequence number."""
    backlog = proposer.backlog
    keys = {("1.1", seq) for seqs in backlog._firsts.values() for seq in seqs}
    assert keys == backlog._waiting.keys() >= backlog._queue.keys()
    assert backlog._queued_values == len(backlog._queue)
    return {seq for _, seq in keys}


def proposed(step: Step) -> set[int]:
    accepts = [message for _, message in step.sends if isinstance(message, Accept)]
    return {packet.first for accept in accepts for packet in decode_batch(accept.batch)}


def leading(*seqs: int) -> tuple[Proposer, Step]:
    """A proposer that leads, is promised instances 1 to 4, and is given values."""
    proposer = Proposer(SMALL, 1, 0.0)
    proposer.tick(1.0)
    proposer.flush(1.0)
    for acceptor in (1, 2):
        give(proposer, 1.0, Promise(MINE, 1, 4, []), sender=acceptor)
    return proposer, give(proposer, 1.0, submit(*seqs))


def seconds(until_s: float) -> Iterable[float]:
    """The times at which a client resends what it insists on, at the latest."""
    now_s = 0.0
    while now_s < until_s:
        yield now_s
        now_s += LONGEST_S


def test_who_does_not_lead_keeps_what_clients_insist_on_and_nothing_else() -> None:
    """All that the learners said of the others was lost."""
    follower = Proposer(SMALL, 2, 0.0)
    give(follower, 0.0, submit(*range(1, 11)))
    for now_s in seconds(10 * LONGEST_S):
        step = give(follower, now_s, Heartbeat(MINE, 0), submit(1))
    assert kept(follower) == {1}
    assert not give(follower, now_s, submit(*range(11, 20))).refused
    assert step.refused == {}


def test_who_takes_the_lead_proposes_nothing_that_was_done_with_long_ago() -> None:
    follower = Proposer(SMALL, 2, 0.0)
    give(follower, 0.0, submit(1, 2))
    late_s = 10 * LONGEST_S
    follower.tick(late_s)
    assert kept(follower) == set()
    step = give(follower, late_s, submit(3))
    (prepare,) = (m for _, m in step.sends if isinstance(m, Prepare))
    give(follower, late_s, Promise(prepare.ballot, prepare.first, prepare.last, []), sender=1)
    promise = Promise(prepare.ballot, prepare.first, prepare.last, [])
    assert proposed(give(follower, late_s, promise, sender=2)) == {3}


def test_a_few_lost_resends_do_not_matter() -> None:
    follower = Proposer(SMALL, 2, 0.0)
    give(follower, 0.0, submit(1))
    give(follower, 2.5 * LONGEST_S, submit(1))
    give(follower, 5.0 * LONGEST_S, submit(2))
    assert kept(follower) == {1, 2}


def test_what_is_proposed_is_kept_however_long_it_takes() -> None:
    """Its ballot may be lost, and the value not chosen."""
    leader, step = leading(1)
    assert proposed(step) == {1}
    late_s = 20 * LONGEST_S
    give(leader, late_s, submit(2))
    assert kept(leader) == {1, 2}
    give(leader, late_s, Reject(Ballot(3, 2)))
    give(leader, 2 * late_s, submit(3))
    assert kept(leader) == {3}, "in no ballot any more, and nobody insists on the others"


def test_values_whose_instance_is_trimmed_are_let_go() -> None:
    leader, step = leading(1)
    assert proposed(step) == {1}
    give(leader, 1.0, Trimmed(2))
    assert kept(leader) == set()


def test_values_whose_instance_is_trimmed_may_not_be_those_that_were_chosen() -> None:
    """In a higher ballot it can have been others. So if the client insists, so does the leader."""
    leader, _ = leading(1)
    give(leader, 1.0, Trimmed(2))
    assert proposed(give(leader, 2.0, submit(1))) == {1}
    for acceptor in (1, 2):
        give(leader, 2.0, Accepted(Ballot(1, 1), 3), sender=acceptor)
    give(leader, 2.0, Delivered(3, [("1.1", 1, 1)]))
    assert not proposed(give(leader, 3.0, submit(1)))
