"""Quorums: the majorities of the acceptors. Any two of them share an acceptor; all of safety
rests on that. Spec: `Quorum`."""


def quorum_size(acceptors: int) -> int:
    """The number of acceptors in the smallest majority of `acceptors`."""
    return acceptors // 2 + 1
