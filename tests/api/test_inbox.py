"""What is delivered and not taken: bounded, also when all of it is taken at once."""

from __future__ import annotations

import threading

from paxos.api.inbox import OVERHEAD_BYTES, Inbox
from paxos.api.place import DeliveredValue
from paxos.core.batch import pack
from paxos.core.step import Delivery
from tests.cluster.processes import PATIENCE_S, wait_for

MEMORY = OVERHEAD_BYTES + 1
"""Of a value of one byte."""


def put(inbox: Inbox, position: int) -> None:
    inbox.deliver([Delivery(position, position, pack("1.1", position, [b"v"]))])


def positions(inbox: Inbox) -> list[int]:
    return [item.position for item in inbox.all() if isinstance(item, DeliveredValue)]


def test_what_was_given_counts_until_more_is_asked_for() -> None:
    inbox = Inbox(3 * MEMORY, first=1)
    for position in (1, 2):
        put(inbox, position)
    assert positions(inbox) == [1, 2]
    assert not inbox.is_full
    put(inbox, 3)
    assert inbox.is_full, "who has taken two is not done with them, perhaps"
    assert positions(inbox) == [3]
    assert not inbox.is_full


def test_nothing_is_given_when_nothing_will_come() -> None:
    inbox = Inbox(MEMORY, first=1)
    put(inbox, 1)
    inbox.end()
    assert positions(inbox) == [1]
    assert inbox.all() == []


def test_who_waits_for_more_has_room_for_it() -> None:
    """What was given fills it, and while it is full nothing is put in."""
    inbox, given = Inbox(2 * MEMORY, first=1), list[list[int]]()
    for position in (1, 2):
        put(inbox, position)
    assert positions(inbox) == [1, 2]
    assert inbox.is_full
    waiting = threading.Thread(target=lambda: given.append(positions(inbox)), daemon=True)
    waiting.start()
    wait_for(lambda: not inbox.is_full, "room, as who waits is done with what it had")
    put(inbox, 3)
    waiting.join(PATIENCE_S)
    assert given == [[3]]
