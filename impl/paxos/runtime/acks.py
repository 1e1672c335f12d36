"""A client's standard output: for each value that is delivered, its number and its place."""

from collections.abc import Callable, Sequence

from paxos.core.places import NOWHERE, Placed
from paxos.core.step import Discarded
from paxos.errors import RunError, reason
from paxos.runtime.streams import write_all

STANDARD_OUTPUT = 1

HearPlaces = Callable[[Sequence[Placed]], None]
"""Takes what a client has heard in one step of the places of its values. It is called under the
node's lock. Raises `RunError` if it cannot take them: that ends the process."""


HearDiscarded = Callable[[Sequence[Discarded]], None]
"""The same of values that will not be delivered."""


def print_acks(placed: Sequence[Placed]) -> None:
    """Write a line for each value: `SEQ INSTANCE POSITION`, or `SEQ - -` where no learner remembers
    its place."""
    lines = [_line(packet, number) for packet in placed for number in range(packet.count)]
    try:
        write_all(STANDARD_OUTPUT, b"".join(lines))
    except OSError as error:
        raise RunError(f"standard output: {reason(error)}") from error


def _line(packet: Placed, number: int) -> bytes:
    seq = packet.first + number
    if packet.position == NOWHERE:
        return b"%d - -\n" % seq
    return b"%d %d %d\n" % (seq, packet.instance, packet.position + number)
