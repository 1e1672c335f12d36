"""What a message must satisfy beyond its types, so that the roles can rely on it.

A process says nothing that fails these; a message that does is dropped like one that was lost.
"""

from collections.abc import Iterable

from paxos.core.ballot import LARGEST_INT, Ballot
from paxos.core.batch import can_be_unpacked, is_sound
from paxos.core.messages import (
    Accept,
    Accepted,
    Ask,
    Decide,
    Delivered,
    Heartbeat,
    Inquire,
    Message,
    Prepare,
    Promise,
    Query,
    Reject,
    SnapshotAsk,
    SnapshotOffer,
    Submit,
    Vote,
    Votes,
)


def is_valid(message: Message, sender: int, client: str) -> bool:
    """Whether process `sender` may say `message`; `client` is its name as a client
    or reader: its id and its incarnation.

    Ballots are real ones, a proposer asks in its own, ranges are not empty, votes are in instances
    that there are, no promise tells of a vote above it or out of its range, values can be unpacked,
    a client broadcasts its own, a learner reads in its own name, and a place is known or not.
    Raises what decoding a batch raises.
    """
    match message:
        case Accepted(ballot=ballot, instance=instance, more=more):
            return _is_real(ballot) and instance + more <= LARGEST_INT
        case Reject(promised=ballot):
            return _is_real(ballot)
        case Accept(ballot=ballot, batch=batch):
            return ballot.proposer == sender and _is_real(ballot) and can_be_unpacked(batch)
        case Submit(packets=packets):
            return all(packet.client == client and is_sound(packet) for packet in packets)
        case Delivered(values=spans, places=places):
            return all(first <= last for _, first, last in spans) and all(
                (instance > 0) == (position > 0) for _, _, instance, position in places
            )
        case Inquire(values=spans):
            return all(name == client and first <= last for name, first, last in spans)
        case Prepare(ballot=ballot, first=first, last=last):
            return ballot.proposer == sender and _is_real(ballot) and first <= last
        case Promise(ballot=ballot, first=first, last=last, votes=votes):
            return (
                _is_real(ballot)
                and first <= last
                and _are_real(votes)
                and all(v.ballot <= ballot and first <= v.instance <= last for v in votes)
            )
        case Decide(ballot=ballot, batch=batch):
            return _is_real(ballot) and can_be_unpacked(batch)
        case Heartbeat(ballot=ballot):
            return ballot.proposer == sender and _is_real(ballot)
        case Votes(votes=votes):
            return _are_real(votes)
        case _:
            return _asks_rightly(message, client)


def _asks_rightly(message: Message, client: str) -> bool:
    """Of what learners ask."""
    match message:
        case Ask(first=first, last=last):
            return first <= last
        case Query(reader=reader):
            return reader == client
        case _:
            return _is_valid_of_transfer(message)


def _is_valid_of_transfer(message: Message) -> bool:
    match message:
        case SnapshotOffer(size=size, part_bytes=part_bytes):
            return part_bytes <= size
        case SnapshotAsk(parts=parts):
            return all(first <= last for first, last in parts)
        case _:
            return True


def _is_real(ballot: Ballot) -> bool:
    """Not `NO_BALLOT`, nor half of it."""
    return ballot.round > 0 and ballot.proposer > 0


def _are_real(votes: Iterable[Vote]) -> bool:
    return all(_is_real(vote.ballot) and can_be_unpacked(vote.batch) for vote in votes)
