"""Which clients a datagram is for. All clients hear one group, where learners tell each of its own
values, and where each says that it is there. A datagram's header says whom it is about, in 64 bits,
so that the kernel can spare the others the wake-up (`paxos.runtime.socket_filter`): what a client
hears hardly grows with their number. Clients whose ids are 64 apart share a bit.

Whoever hears too much loses nothing but time, and what is addressed wrongly is as if it were lost.
"""

from collections.abc import Iterable
from functools import lru_cache
from math import inf

from paxos.core.messages import Delivered, Message, Outcomes
from paxos.core.names import Member, client_id
from paxos.runtime.hello import Hello, Unheard

BITS = 64

EVERYBODY = (1 << BITS) - 1

EVERYBODY_S = 0.3
"""After so long the next datagram is for everybody: that learners are there, and where the log is,
is for all to hear."""


def address(client: int) -> int:
    """The bit of the client with this id."""
    return 1 << client % BITS


@lru_cache(maxsize=4_096)
def _address_of(name: str) -> int:
    return address(client_id(name))


def about(messages: Iterable[Message]) -> int:
    """The bits of the clients that messages to clients are about; everybody's if one is about
    nobody in particular."""
    bits = 0
    for message in messages:
        names: set[str] = set()
        if isinstance(message, Delivered):
            names.update(span[0] for span in message.values)
            names.update(place[0] for place in message.places)
        elif isinstance(message, Outcomes):
            names.update(outcome.client for outcome in message.values)
        if not names:
            return EVERYBODY
        for name in names:
            bits |= _address_of(name)
    return bits


def of_presence(said: Hello | Unheard, sender: Member) -> int:
    """Whom it is for, if it goes to clients: of a client's Hello those that may be its namesakes,
    of an Unheard those that may be meant."""
    if isinstance(said, Unheard):
        return address(said.process_id)
    return address(sender.id) if sender.role == "client" else EVERYBODY


class Addressing:
    """Whom the datagrams of one process to clients are for."""

    def __init__(self, *, synod: bool) -> None:
        """`synod`: that a value was chosen is for all to hear, whose ever it was."""
        self._synod = synod
        self._everybody_s = -inf  # the next one from then on is for everybody

    def of(self, messages: Iterable[Message], now_s: float) -> int:
        """Of one that has these, and is sent now."""
        if self._synod or now_s >= self._everybody_s:
            self._everybody_s = now_s + EVERYBODY_S
            return EVERYBODY
        return about(messages)
