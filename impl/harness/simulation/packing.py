"""How the messages of a step become datagrams in a simulation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from paxos.core.messages import Group, Message, encode_messages
from paxos.runtime.envelope import array, shared


class Packed(NamedTuple):
    """A datagram without its header."""

    group: Group
    messages: Sequence[Message]
    sizes: Sequence[int]
    """Of the messages, in bytes."""
    body: bytes


def one_by_one(sends: Iterable[tuple[Group, Message]]) -> Iterator[Packed]:
    """Each message in a datagram of its own: the more can go wrong with them."""
    message: Message | None = None
    body = b""
    for group, to_send in sends:
        if to_send is not message:
            message, body = to_send, encode_messages([to_send])
        yield Packed(group, [to_send], [len(body)], body)


def by_group(sends: Iterable[tuple[Group, Message]], room: int) -> Iterator[Packed]:
    """Those to one group share datagrams, as in `paxos.runtime.seat`; `room` is for the messages of
    one, in bytes."""
    groups: dict[Group, list[Message]] = {}
    for group, message in sends:
        groups.setdefault(group, []).append(message)
    for group, messages in groups.items():
        at = 0
        for some in shared(map(encode_messages, messages), room):
            inside = messages[at : at + len(some)]
            at += len(some)
            yield Packed(group, inside, [len(data) for data in some], array(some))
