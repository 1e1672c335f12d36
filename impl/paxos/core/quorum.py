"""Quorums: sets of acceptors, known by their sizes. Each quorum of phase 1 (promises) shares an
acceptor with each quorum of phase 2 (votes); all of safety rests on that. Two of the same phase
need not (Howard, Malkhi and Spiegelman, "Flexible Paxos", 2016). By default both are majorities.
Spec: `Quorum1`, `Quorum2`, `QuorumsMeet`."""


def quorum_size(acceptors: int) -> int:
    """The number of acceptors in the smallest majority of `acceptors`."""
    return acceptors // 2 + 1


def check_quorums(phase1: int, phase2: int, acceptors: int) -> None:
    """Raise `ValueError` if some quorum of `phase1` acceptors and some of `phase2` do not meet, or
    one is of more than there are."""
    if max(phase1, phase2) > acceptors or phase1 + phase2 <= acceptors:
        one = max(1, min(phase1, acceptors))
        raise ValueError(
            f"expected quorums that meet: of {acceptors} acceptors, phase1 and phase2 are at most "
            f"{acceptors} each and at least {acceptors + 1} together, as {{phase1: {one}, phase2: "
            f"{acceptors + 1 - one}}}"
        )
