"""UDP multicast sockets: one that hears the group of the own role, one that sends to any group.

Nothing is known here of what datagrams mean.
"""

import errno
import select
import socket
import struct
from contextlib import suppress

from paxos.config import Endpoint, is_ipv4
from paxos.errors import InputError, reason

RECEIVE_BUFFER_BYTES = 32 << 20
"""Asked of the kernel, so that a burst waits in the buffer instead of being lost."""

DRAIN = 256
"""Datagrams taken from the socket at a time, at most: what comes of them should not wait for ever
while more arrive."""

_SO_RCVBUFFORCE = 33  # Linux: beyond the limit of net.core.rmem_max, for the superuser
_IP_MULTICAST_ALL = 49  # Linux: 0 keeps other sockets' memberships from reaching this socket


class Multicast:
    """A process's ear on its own group and its mouth to all groups.

    Receiving is for one thread; sending and `wake` are for any.
    """

    def __init__(self, own: Endpoint, interface: str, ttl: int) -> None:
        """Raises `InputError` if the interface or the port cannot be used."""
        self._interface = interface
        self._receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._wake_receiver, self._waker = socket.socketpair()
        try:
            self._join(own)
            self._aim(ttl)
        except BaseException:
            self.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._receiver, select.POLLIN)
        self._poll.register(self._wake_receiver, select.POLLIN)

    def _join(self, own: Endpoint) -> None:
        receiver = self._receiver
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
        self._with_interface(receiver, socket.IP_ADD_MEMBERSHIP, own.address, f"join {own}")
        receiver.setblocking(False)

    def _aim(self, ttl: int) -> None:
        sender = self._sender
        self._with_interface(sender, socket.IP_MULTICAST_IF, "0.0.0.0", "send")
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)

    def _with_interface(self, sock: socket.socket, option: int, group: str, what: str) -> None:
        """Set a socket option whose value names a group and the interface (`struct ip_mreqn`)."""
        name = self._interface
        address, index = (name, 0) if is_ipv4(name) else ("0.0.0.0", _interface_index(name))
        mreqn = struct.pack("@4s4si", socket.inet_aton(group), socket.inet_aton(address), index)
        try:
            sock.setsockopt(socket.IPPROTO_IP, option, mreqn)
        except OSError as error:
            if error.errno in (errno.ENODEV, errno.EADDRNOTAVAIL):
                raise _no_interface(name) from error
            raise InputError(f"cannot {what} on interface {name}: {reason(error)}") from error

    def receive(self, timeout_s: float | None) -> list[bytes]:
        """Wait for datagrams, and take up to `DRAIN` of them; [] if none came within `timeout_s`
        or `wake` was called."""
        if not self._poll.poll(None if timeout_s is None else timeout_s * 1000):
            return []
        datagrams: list[bytes] = []
        receive = self._receiver.recv
        try:
            while len(datagrams) < DRAIN:
                datagrams.append(receive(65_535))
        except BlockingIOError:
            pass
        return datagrams

    def send(self, to: Endpoint, datagram: bytes) -> None:
        """Send one datagram. Raises `OSError` if the system refuses it."""
        self._sender.sendto(datagram, (to.address, to.port))

    def wake(self) -> None:
        """Make `receive` return at once, now and from now on."""
        with suppress(OSError):
            self._waker.send(b"\0")

    def close(self) -> None:
        """Close the sockets; nobody may be in `receive`."""
        for sock in (self._receiver, self._sender, self._wake_receiver, self._waker):
            sock.close()


def is_loopback(interface: str) -> bool:
    """Whether only this machine is reached through it."""
    return interface in ("lo", "lo0") or interface.startswith("127.")


def _enlarge(sock: socket.socket) -> int:
    """Ask for a large receive buffer; what was obtained, in bytes."""
    for option in (socket.SO_RCVBUF, _SO_RCVBUFFORCE):
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER_BYTES)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def _interface_index(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:
        raise _no_interface(interface) from error


def _no_interface(interface: str) -> InputError:
    return InputError(
        f"this machine has no network interface {interface}; set `interface` in the configuration "
        "to the address or the name of one that it has (127.0.0.1 stays on the machine)"
    )
