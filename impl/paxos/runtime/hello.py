"""What processes tell one another beside the protocol: that they are there, and that one of them is
not heard. Neither changes the state of a role, so traces and the specification do not know them.

Each is the whole body of a datagram of its own. What is done about them is in
`paxos.runtime.presence`.
"""

from enum import IntEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.core.ballot import Natural, Positive

HOST_CHARACTERS = 64
"""The longest name of a machine that is told."""

NOBODY, LARGEST_NONCE = 0, 2**32 - 1
Nonce = Annotated[int, Meta(ge=NOBODY, le=LARGEST_NONCE)]
"""A random number that a process keeps as long as it runs, and has in the header of all that it
says."""
Host = Annotated[str, Meta(max_length=HOST_CHARACTERS)]


class Hello(Struct, array_like=True, frozen=True, tag=0, gc=False):
    """I am there. To all who have this process's role, among whom a namesake would be; from a
    process that is about to start, to everybody."""

    age_us: Natural
    """How long it has been there, by a clock that nobody sets."""
    starting: bool
    """It asks whether it may begin, and has said nothing else yet."""
    answers: Nonce
    """The nonce of the namesake whose Hello this answers, or `NOBODY`. What was recorded earlier
    cannot have the right one."""
    host: Host
    pid: Natural

    @property
    def where(self) -> str:
        """For people. A stranger may have written it."""
        host = self.host if self.host.isprintable() else "?"
        return f"process {self.pid} on {host}"


class Reason(IntEnum):
    """Why a process is not heard."""

    EARLIER = 0
    """A later incarnation of it was heard."""
    OLD_STORAGE = 1
    """More commits of its storage were heard of than it has."""


class Unheard(Struct, array_like=True, frozen=True, tag=1, gc=False):
    """You are not heard here. To all who have the role of the process that is meant."""

    process_id: Positive
    nonce: Nonce
    """Which process of this name is meant: it said something with this nonce."""
    reason: Reason
    incarnation: Positive
    commits: Natural
    """What it said of itself."""
    heard_incarnation: Natural
    heard_commits: Natural
    """The highest that were heard of a process with this name."""


encode_about = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Hello | Unheard] = msgspec.msgpack.Decoder(Hello | Unheard)
decode_about = _decoder.decode
