"""UDP multicast sockets: one that hears the group of the own role, one that sends to any group.

Nothing is known here of what datagrams mean.
"""

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from typing import TypeVar

from paxos.config import MAX_DATAGRAM_BYTES, Endpoint, is_ipv4, is_loopback
from paxos.errors import InputError, reason
from paxos.runtime.socket_filter import Block, drop
from paxos.runtime.streams import readable

RECEIVE_BUFFER_BYTES = 32 << 20
"""Asked of the kernel, so that a burst waits in the buffer instead of being lost."""

DRAIN = 256
"""Datagrams taken from the socket at a time, at most: what comes of them should not wait for ever
while more arrive."""

DRAIN_BYTES = 1 << 20
"""And so many bytes, with the last datagram on top: what came is held several times over until its
step is done."""

IP_UDP_BYTES = 28
"""The headers of a packet."""

LEAST_PACKET_BYTES = 508
"""What every host must take: a packet of 576 bytes, with the largest IP header."""

ETHERNET_PACKET_BYTES = 1_472
"""What Ethernet carries, where the system does not tell the MTU."""

Datagram = TypeVar("Datagram")

_IP_MTU = 14  # Linux
_SO_RCVBUFFORCE = 33  # Linux: beyond the limit of net.core.rmem_max, for the superuser
_IP_MULTICAST_ALL = 49  # Linux: 0 keeps other sockets' memberships from reaching this socket


class Multicast:
    """A process's ear on its own group and its mouth to all groups.

    Receiving is for one thread; sending is for any.
    """

    look_s = inf
    """When `receive` is wanted although nothing arrives: never."""

    def __init__(self, own: Endpoint, interface: str, ttl: int) -> None:
        """Raises `InputError` if the interface or the port cannot be used."""
        self.interface = interface
        self._own = own
        self._gone = False
        self._ignored: list[Block] = []
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._listen(self._receiver)
            self._sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
            self._sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            with self._explained("send"):
                self._aim(self._sender)
        except BaseException:
            self.close()
            raise
        self.packet_bytes = self._measure()
        """The largest datagram that the interface carries in one packet."""

    def _listen(self, receiver: socket.socket) -> None:
        """Hear the own group on this socket."""
        own = self._own
        # Every process of a role hears its group: they share the address and the port. Not
        # SO_REUSEPORT, with which some systems hand each datagram to only one of them.
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            receiver.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        self.receive_buffer_bytes = _enlarge(receiver)
        try:
            receiver.bind((own.address, own.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InputError(
                    f"port {own.port} of {own.address} is in use by another program; stop it, or "
                    "choose another port in the configuration"
                ) from error
            raise InputError(f"cannot listen on {own}: {reason(error)}") from error
        with self._explained(f"join {own}"):
            self._join(receiver)
        receiver.setblocking(False)
        if self._ignored:
            drop(receiver, self._ignored)

    def _join(self, receiver: socket.socket) -> None:
        self._with_interface(receiver, socket.IP_ADD_MEMBERSHIP, self._own.address)

    def _aim(self, sender: socket.socket) -> None:
        self._with_interface(sender, socket.IP_MULTICAST_IF, "0.0.0.0")

    def _with_interface(self, sock: socket.socket, option: int, group: str) -> None:
        """Set a socket option whose value names a group and the interface (`struct ip_mreqn`).
        Raises `OSError`."""
        name = self.interface
        address, index = (name, 0) if is_ipv4(name) else ("0.0.0.0", socket.if_nametoindex(name))
        mreqn = struct.pack("@4s4si", socket.inet_aton(group), socket.inet_aton(address), index)
        sock.setsockopt(socket.IPPROTO_IP, option, mreqn)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """What is wrong with the interface, for the user."""
        try:
            yield
        except OSError as error:
            name = self.interface
            if error.errno in (None, errno.ENODEV, errno.ENXIO, errno.EADDRNOTAVAIL):
                raise InputError(
                    f"this machine has no network interface {name}; set `interface` in the "
                    "configuration to the address or the name of one that it has (127.0.0.1 stays "
                    "on the machine)"
                ) from error
            raise InputError(f"cannot {what} on interface {name}: {reason(error)}") from error

    def _measure(self) -> int:
        """What the system would say of a socket that sends there."""
        if is_loopback(self.interface):  # nothing is lost there for its size
            return MAX_DATAGRAM_BYTES
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            self._aim(probe)
            probe.connect((self._own.address, self._own.port))
            mtu = probe.getsockopt(socket.IPPROTO_IP, _IP_MTU)
            return max(LEAST_PACKET_BYTES, min(mtu - IP_UDP_BYTES, MAX_DATAGRAM_BYTES))
        return ETHERNET_PACKET_BYTES

    def ignore(self, block: Block) -> None:
        """From now on, do not hear what `block` drops either, where the system can see to it; who
        is called should look, too."""
        self._ignored.append(block)
        drop(self._receiver, self._ignored)

    def look(self) -> bool:
        """Whether the interface is there. If it is another one by that name or address than it was
        (made again, or moved), hear it and send there. For the thread that receives."""
        try:
            try:
                self._join(self._receiver)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:  # a member already, as it should be
                    raise
                if not self._gone:
                    return True
            else:
                self._listen_anew()
            self._aim(self._sender)
        except OSError:
            self._gone = True
            return False
        self.packet_bytes = self._measure()
        self._gone = False
        return True

    def _listen_anew(self) -> None:
        """With another socket: what the old one is a member of cannot be named any more, and there
        is a limit to how much that may be. Where that fails, the old one does."""
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._listen(receiver)
        except (InputError, OSError):
            receiver.close()
            return
        self._receiver.close()
        self._receiver = receiver

    def fileno(self) -> int:
        """What is readable when `receive` need not wait, for who waits for more than that; at
        present: `look` may change it."""
        return self._receiver.fileno()

    def receive(self, timeout_s: float) -> list[bytes]:
        """Wait for datagrams, and take up to `DRAIN` of them, or `DRAIN_BYTES`; [] if none
        came within `timeout_s`."""
        return self._drain(self._receiver.recv, len) if self._waits(timeout_s) else []

    def receive_from(self, timeout_s: float) -> list[tuple[bytes, tuple[str, int]]]:
        """The same, each with the address and the port that it came from."""
        receive = self._receiver.recvfrom
        return self._drain(receive, lambda come: len(come[0])) if self._waits(timeout_s) else []

    def _waits(self, timeout_s: float) -> bool:
        """Whether there may be something. Who does not want to wait finds out by taking it."""
        return timeout_s == 0.0 or bool(readable([self.fileno()], timeout_s))

    @staticmethod
    def _drain(
        receive: Callable[[int], Datagram], size: Callable[[Datagram], int]
    ) -> list[Datagram]:
        datagrams: list[Datagram] = []
        taken_bytes = 0
        try:
            while len(datagrams) < DRAIN and taken_bytes < DRAIN_BYTES:
                datagram = receive(65_535)
                datagrams.append(datagram)
                taken_bytes += size(datagram)
        except BlockingIOError:
            pass
        return datagrams

    def send(self, to: Endpoint, datagram: bytes) -> None:
        """Send one datagram. Raises `OSError` if the system refuses it."""
        self._sender.sendto(datagram, (to.address, to.port))

    def close(self) -> None:
        """Close the sockets; nobody may be in `receive`."""
        self._receiver.close()
        self._sender.close()


def _enlarge(sock: socket.socket) -> int:
    """Ask for a large receive buffer; what was obtained, in bytes."""
    for option in (socket.SO_RCVBUF, _SO_RCVBUFFORCE):
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER_BYTES)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
