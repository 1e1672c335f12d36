"""Asking before the start: whether another process has the name of this one, and whether the others
have heard more of it than it knows itself. Until it is answered, or nobody answers, nothing else is
said."""

import time
from collections.abc import Callable, Iterable

from paxos.config import Groups
from paxos.core.ballot import LARGEST_INT
from paxos.core.messages import Group
from paxos.errors import InputError
from paxos.runtime.addressing import of_presence
from paxos.runtime.clock import Clock
from paxos.runtime.envelope import PRESENCE, Envelope, RejectedError, may_be
from paxos.runtime.faults import Faults
from paxos.runtime.hello import Hello, Unheard, encode_about
from paxos.runtime.multicast import Multicast
from paxos.runtime.network import Network
from paxos.runtime.presence import Presence


class Greeting:
    """One start of a process."""

    def __init__(
        self,
        presence: Presence,
        network: Multicast | Network,
        groups: Groups,
        clock: Clock,
        faults: Faults,
        make_envelope: Callable[[int], Envelope],
    ) -> None:
        """`make_envelope` makes that of an incarnation."""
        self._presence = presence
        self._network = network
        self._groups = groups
        self._clock = clock
        self._faults = faults
        self._make_envelope = make_envelope

    def ask(self, incarnation: int, commits: int) -> int:
        """Ask for `incarnation`, whose storage begins with so many commits. The incarnation to
        begin, which is higher if others have heard of a higher one already. Raises `InputError` if
        the process must not start."""
        presence, envelope = self._presence, self._make_envelope(incarnation)
        presence.ask(incarnation, time.monotonic())
        while True:
            presence.tick(time.monotonic())
            if presence.failure:
                raise presence.failure
            if presence.may_begin:
                return self._above(incarnation)
            self._send(envelope, commits, presence.take())
            self._listen(envelope, presence.due_s - time.monotonic())
            self._send(envelope, commits, presence.take())

    def _listen(self, envelope: Envelope, timeout_s: float) -> None:
        datagrams = self._network.receive(max(0.0, timeout_s))
        for datagram in self._faults.apply(datagrams, time.monotonic()):
            if not may_be(PRESENCE, datagram):
                continue  # it is not there yet, to hear it
            try:
                received = envelope.open(datagram)
            except RejectedError:
                continue
            self._presence.hear(received, time.monotonic())

    def _send(
        self, envelope: Envelope, commits: int, sends: Iterable[tuple[Group, Hello | Unheard]]
    ) -> None:
        for group, about in sends:
            clock, to = self._clock, of_presence(about, self._presence.me.member)
            datagram = envelope.seal(
                clock.tick(), encode_about(about), clock.wall(), commits, PRESENCE, to
            )
            try:
                self._network.send(getattr(self._groups, group.value), datagram)
            except OSError:
                continue  # like a loss on the way; if it lasts, the node will say so

    def _above(self, incarnation: int) -> int:
        heard = self._presence.heard_incarnation
        if heard >= LARGEST_INT:
            raise InputError(
                f"{self._presence.me.name}: others have heard of its incarnation {heard}, and none "
                "is higher; give it another id, or start again who has heard that"
            )
        return max(incarnation, heard + 1)
