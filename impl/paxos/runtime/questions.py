"""Somebody asks the processes of a cluster where they are (`paxos status`), and each answers.
Neither changes the state of a role, so traces and the specification do not know them.

A question is the whole body of a datagram to each group, and comes from an observer, who is no
process of the cluster, but has its key if it has one. An answer goes to the group of the clients,
where the observer listens, and fits the smallest datagram that may be configured. It tells whose
question it answers, so that what was recorded earlier is no answer.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.core.ballot import Ballot, Natural
from paxos.core.standing import Standing
from paxos.runtime.hello import Host, Nonce

REASON_CHARACTERS = 100
"""The longest reason for dropping something that is told."""

Reason = Annotated[str, Meta(max_length=REASON_CHARACTERS)]


class Question(Struct, array_like=True, frozen=True, tag=0, gc=False):
    """Where are you? To every process."""

    number: Natural
    """Of this question, among those that the observer asks."""


class Answer(Struct, array_like=True, frozen=True, tag=1, gc=False):
    """Here I am. What a process is called is in the header."""

    asker: Nonce
    """The nonce of the observer."""
    number: Natural
    """Of the question."""
    host: Host
    pid: Natural
    age_us: Natural
    """How long it has been there."""
    memory_bytes: Natural
    """What the process takes of the machine's memory; 0: not known. The roles of a replica tell the
    same: it is of all of them."""
    received: Natural
    sent: Natural
    """Datagrams."""
    dropped: Natural
    """What was received and not used."""
    most_dropped: Reason
    """The reason for most of that; empty: nothing was dropped."""
    repeated: Natural
    """What was said again for want of an answer."""
    ballot: Ballot
    leads: bool
    prefix: Natural
    top: Natural
    values: Natural
    pending: Natural
    kept: Natural = 0
    kept_us: Natural = 0
    giver: Natural = 0
    taken_percent: Natural = 0
    """As in `paxos.core.standing`."""

    @property
    def standing(self) -> Standing:
        """Where the role is."""
        return Standing(**{name: getattr(self, name) for name in Standing.__struct_fields__})


encode = msgspec.msgpack.Encoder().encode
decode_question = msgspec.msgpack.Decoder(Question).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
