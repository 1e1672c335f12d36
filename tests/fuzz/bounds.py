"""What the messages of a stranger may make a role remember at most: each container that a message
can make grow, and the setting that ends it. This is the list to extend when a role gets another.

`Learner.table` is not in it, nor is what the assembler knows of the clients' incarnations: they
grow with the clients whose values were chosen, and these are bounded where values are taken, by
proposers.
"""

from __future__ import annotations

from paxos.core.acceptor import Acceptor
from paxos.core.assembler import Assembler
from paxos.core.ballot import LARGEST_INT
from paxos.core.client import Client
from paxos.core.intervals import IntervalSet
from paxos.core.learner import Learner
from paxos.core.places import Places
from paxos.core.proposer import Proposer
from paxos.core.reads import MOST_TARGETS
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.core.taker import AHEAD, REFUSED
from paxos.core.transfer import Transfer
from paxos.runtime.freshness import REMEMBERED, Freshness
from paxos.runtime.presence import MAX_NAMESAKES, Presence


def check(role: Role, limits: Settings) -> None:
    """Raises `AssertionError` if the role holds more than `limits` allow."""
    match role:
        case Acceptor():
            _check_acceptor(role, limits)
        case Proposer():
            _check_proposer(role, limits)
        case Learner():
            _check_learner(role, limits)
        case Client():
            assert len(role.outstanding) <= limits.client_packets
    assert not role.step, "everything was flushed"


def _check_places(places: Places, limits: Settings) -> None:
    remembered = list(places.remembered())
    assert len(remembered) <= limits.placed_clients
    assert max(remembered, default=0) <= limits.placed_packets


def _check_acceptor(acceptor: Acceptor, limits: Settings) -> None:
    furthest = acceptor.known + limits.reach_instances
    assert max(acceptor.votes, default=0) <= furthest, "it votes for instances that do not exist"
    assert min(acceptor.votes, default=furthest) > acceptor.trimmed
    assert acceptor.trimmed <= acceptor.known
    assert len(acceptor._retention._prefixes) <= limits.learners
    assert acceptor.promised.round <= LARGEST_INT


def _check_proposer(proposer: Proposer, limits: Settings) -> None:
    under_way = limits.window + limits.in_flight + limits.asked_instances
    assert len(proposer.phase1.open) <= under_way
    assert len(proposer.phase1.free) <= 2 * under_way
    assert len(proposer.phase2.open) <= 2 * under_way
    known = proposer.chosen.first_missing(1) - 1
    _check_intervals(proposer.chosen)
    assert len(proposer.chosen.intervals()) <= under_way + limits.reach_instances
    assert proposer.top <= known + limits.reach_instances + under_way
    assert proposer.phase1.next <= known + limits.reach_instances + under_way
    assert proposer.election.highest.round <= LARGEST_INT
    assert len(proposer.repair._asked) <= limits.asked_instances
    assert proposer.repair._rerun <= proposer.repair._asked.keys()
    for asked in proposer.repair._asked.values():
        assert len(asked.votes) <= limits.acceptors
    backlog = proposer.backlog
    assert len(backlog._waiting) <= limits.waiting_packets
    waiting_bytes = sum(waiting.bytes for waiting in backlog._waiting.values())
    assert backlog._waiting_bytes == waiting_bytes
    assert waiting_bytes <= limits.waiting_bytes or len(backlog._waiting) == 1
    assert backlog._queue.keys() <= backlog._waiting.keys()
    by_client = {(client, seq) for client, firsts in backlog._firsts.items() for seq in firsts}
    assert by_client == backlog._waiting.keys()
    assert all(backlog._firsts.values())
    assert len(backlog._clients) <= limits.clients
    assert len(backlog._chosen) <= limits.chosen_clients
    for chosen in backlog._chosen.values():
        _check_intervals(chosen)
        assert len(chosen.intervals()) <= limits.chosen_gaps


def _check_intervals(numbers: IntervalSet) -> None:
    """An empty interval put in it would spoil all that it says."""
    flat = [number for interval in numbers.intervals() for number in interval]
    assert flat == sorted(flat)


def _check_learner(learner: Learner, limits: Settings) -> None:
    _check_places(learner.places, limits)
    _check_places(learner.places, limits)
    beyond = range(learner.prefix + 1, learner.prefix + limits.learner_instances + 1)
    for remembered in (learner.learned, learner.heard.open):
        assert all(instance in beyond for instance in remembered)
    for heard in learner.heard.open.values():
        assert len(heard.ballots) <= limits.open_ballots
        assert all(len(said.voters) <= limits.acceptors for said in heard.ballots.values())
    assert len(learner.heard.told) <= 1 + limits.acceptors
    assert learner.top <= learner.prefix + limits.reach_instances
    assert len(learner._silent) <= limits.acceptors
    assert not learner._telling._spans and not learner._telling._places, "all of it was said"
    if learner.transfer:
        check_transfer(learner.transfer, limits)
    assert len(learner.reads._answers) <= limits.acceptors
    assert len(learner.reads._targets) <= MOST_TARGETS
    check_assembler(learner.assembler, limits)
    assert not learner.assembler.settled and not learner.assembler.refused, "all of it was said"


def check_assembler(assembler: Assembler, limits: Settings) -> None:
    """The same of values with missing parts."""
    kept = sum(value.bytes for value in assembler._unfinished.values())
    assert kept == assembler.unfinished_bytes <= limits.unfinished_bytes
    assert kept == sum(held.bytes for held in assembler._held.values())
    assert all(held.keys for held in assembler._held.values())
    assert len(assembler._outcomes) <= limits.outcomes


def check_transfer(transfer: Transfer, limits: Settings) -> None:
    """The same of checkpoints that are given and taken."""
    assert len(transfer.giver._asked) <= limits.transfer_parts
    assert len(transfer.taker._refused) <= REFUSED
    assert len(transfer.taker._got.intervals()) <= (AHEAD + 1) * limits.transfer_parts


def check_presence(presence: Presence, members: int) -> None:
    """The same of who is there."""
    assert len(presence._namesakes) <= MAX_NAMESAKES
    assert len(presence._next_unheard_s) <= 2 * members
    assert not presence._to_send, "everything was sent"


def check_freshness(freshness: Freshness, members: int) -> None:
    """The same of what was received."""
    assert len(freshness._senders) <= members
    assert all(len(sender.order) <= REMEMBERED for sender in freshness._senders.values())
