"""Where in the order packets were delivered: what a learner tells clients of it, and remembers for
one that has missed it.

Every learner delivers the same packets in the same order, so that what one has forgotten, another
that is as far has forgotten too.
"""

from collections import OrderedDict
from collections.abc import Iterable

from msgspec import Struct

from paxos.core.messages import PacketPlace
from paxos.core.settings import Settings

NOWHERE = 0
"""Stands for an instance and a position that are forgotten."""


class Placed(Struct, frozen=True, gc=False):
    """A client's values `first .. first + count - 1` are delivered, in `instance`, at `position`
    and those that follow. Both are `NOWHERE` if no learner remembers."""

    first: int
    count: int
    instance: int
    position: int


class Places:
    """The places of the packets that were delivered last, of the clients that were last heard of:
    `placed_packets` of each of `placed_clients`."""

    def __init__(self, settings: Settings) -> None:
        self._packets = settings.placed_packets
        self._clients = settings.placed_clients
        self._known: OrderedDict[str, dict[int, tuple[int, int]]] = OrderedDict()

    def note(self, client: str, first: int, instance: int, position: int) -> None:
        """The packet of `client` that begins with its value `first` is delivered there."""
        known = self._known.get(client)
        if known is None:
            known = self._known[client] = {}
            if len(self._known) > self._clients:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(client)
        known[first] = instance, position
        if len(known) > self._packets:
            del known[next(iter(known))]

    def recall(self, client: str, first: int) -> PacketPlace:
        """Where that was, as far as it is remembered."""
        known = self._known.get(client, {})
        return client, first, *known.get(first, (NOWHERE, NOWHERE))

    def all(self) -> list[tuple[str, dict[int, tuple[int, int]]]]:
        """All that is remembered, by first value: the clients in the order in which they were heard
        of, and of each the oldest packet first. These are copies; there may be very many."""
        return [(client, known.copy()) for client, known in self._known.items()]

    def restore(self, places: Iterable[tuple[str, dict[int, tuple[int, int]]]]) -> None:
        """Remember what another one has told as `all`. To be called on a new one. Raises
        `ValueError` if none tells that."""
        for client, known in places:
            if client in self._known or not 0 < len(known) <= self._packets:
                raise ValueError("its places are not those that a learner remembers")
            self._known[client] = known
        if len(self._known) > self._clients:
            raise ValueError("its places are of more clients than a learner remembers")

    def remembered(self) -> Iterable[int]:
        """How many packets of each client are remembered."""
        return map(len, self._known.values())
