"""Quorums: the majorities of the acceptors. Any two of them share an acceptor; all of safety
rests on that. Spec: `Quorum`."""

from collections.abc import Collection


def quorum_size(acceptors: int) -> int:
    """The number of acceptors in the smallest majority of `acceptors`."""
    return acceptors // 2 + 1


def is_quorum(members: Collection[int], acceptors: int) -> bool:
    """Whether `members`, distinct acceptor ids, are a majority of `acceptors`."""
    return len(members) >= quorum_size(acceptors)
