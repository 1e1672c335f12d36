"""How the messages of one role become datagrams, and get to the network."""

import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from paxos.config import Endpoint
from paxos.core.messages import Group, Message, encode_messages
from paxos.datagram import OVERHEAD_BYTES
from paxos.errors import reason
from paxos.runtime.addressing import EVERYBODY, Addressing
from paxos.runtime.clock import Clock
from paxos.runtime.envelope import PROTOCOL, Envelope, array, bodies
from paxos.runtime.multicast import Multicast
from paxos.runtime.network import Network
from paxos.runtime.report import Complaints
from paxos.runtime.stats import Stats

TOO_LARGE = "that were larger than a datagram (is datagram_bytes the same in all processes?)"
"""What is not sent. A role makes no such message, unless others have told it of a batch that is too
large for it: processes with larger datagrams do, or one that lies."""


@dataclass(kw_only=True)
class Sending:
    """Of one role. Used under the node's lock."""

    network: Multicast | Network
    groups: Mapping[Group, Endpoint]
    unsent: Container[Group]
    """Groups that nobody in another process is in."""
    envelope: Envelope
    datagram_bytes: int
    """The largest datagram that may be sent."""
    addressing: Addressing
    clock: Clock
    commits: Callable[[], int]
    """Of its storage, so far."""
    stats: Stats
    complaints: Complaints

    def send(self, sends: Iterable[tuple[Group, Message]]) -> None:
        """Send messages. Those to the same group share datagrams, and what goes to several groups
        is encoded once."""
        by_group: defaultdict[Group, list[Message]] = defaultdict(list)
        for group, message in sends:
            by_group[group].append(message)
        said: list[Message] = []
        encoded: list[bytes] = []
        for group, messages in by_group.items():
            if group in self.unsent:
                continue
            if messages != said:  # what the group before was told
                said, encoded = messages, list(map(encode_messages, messages))
            if max(map(len, encoded)) <= self.datagram_bytes - OVERHEAD_BYTES:
                self._send_to(group, messages, encoded)
            else:
                self._send_to(group, *self._fitting(messages, encoded))

    def _fitting(
        self, messages: Sequence[Message], encoded: Sequence[bytes]
    ) -> tuple[list[Message], list[bytes]]:
        """Those of the messages that fit a datagram."""
        most = self.datagram_bytes - OVERHEAD_BYTES
        both = zip(messages, encoded, strict=True)
        fitting = [(message, data) for message, data in both if len(data) <= most]
        self.complaints.add(TOO_LARGE, len(encoded) - len(fitting))
        return [message for message, _ in fitting], [data for _, data in fitting]

    def _send_to(self, group: Group, messages: list[Message], encoded: list[bytes]) -> None:
        if not messages:
            return
        to = EVERYBODY
        if group is Group.CLIENTS:
            to = self.addressing.of(messages, time.monotonic())
        if len(encoded) == 1:
            datagrams, size = 1, self.send_datagram(group, array(encoded), to=to)
        else:
            datagrams = size = 0
            for body in bodies(encoded, self.datagram_bytes, self.network.packet_bytes):
                datagrams += 1
                size += self.send_datagram(group, body, to=to)
        self.stats.sending(list(map(type, messages)), encoded, datagrams, size)

    def send_datagram(
        self, group: Group, body: bytes, kind: int = PROTOCOL, to: int = EVERYBODY
    ) -> int:
        """Send a datagram with `body`. Its size, in bytes."""
        clock = self.clock
        datagram = self.envelope.seal(clock.tick(), body, clock.wall(), self.commits(), kind, to)
        try:
            self.network.send(self.groups[group], datagram)
        except OSError as error:  # like a loss on the way: it will be sent again
            self.complaints.add(f"that could not be sent ({reason(error)})")
        return len(datagram)
