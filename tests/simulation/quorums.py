"""What quorums that are no majorities cost and buy, in simulated time: a table for
docs/decisions/quorums.md, by `python -m tests.simulation.quorums`."""

from __future__ import annotations

from statistics import fmean

from harness.simulation.cluster import Observers, Shape, Simulation
from harness.simulation.network import Faults
from paxos.core.settings import Settings

ACCEPTORS = 5
SIZES = [(5, 1), (4, 2), (3, 3), (2, 4), (1, 5)]
"""Of quorums of phases 1 and 2."""
WINDOW = 64
DELAYS_S = 0.0001, 0.002
"""A message takes so long, at least and at most."""


class Measured:
    """A cluster of two proposers, one of which leads, without loss."""

    def __init__(self, sizes: tuple[int, int], seed: int = 1) -> None:
        settings = Settings(
            acceptors=ACCEPTORS,
            phase1_quorum=sizes[0],
            phase2_quorum=sizes[1],
            direct_learning=True,
            prepare_ahead=True,
            window=WINDOW,
        )
        observers = Observers(deliver=lambda *_: self._delivered())
        self.since_s = 0.0
        self.waits_s: list[float] = []
        self.is_delivered = True
        shape = Shape(proposers=2, learners=1, clients=1)
        self.cluster = Simulation(
            seed, settings, shape, faults=Faults(delay_s=DELAYS_S), observers=observers
        )
        self.run(2.0)

    def _delivered(self) -> None:
        if not self.is_delivered:
            self.waits_s.append(self.cluster.now_s - self.since_s)
            self.is_delivered = True

    def run(self, more_s: float) -> None:
        self.cluster.run(self.cluster.now_s + more_s)

    def broadcast(self, within_s: float = 0.1) -> bool:
        """Whether a value is delivered in so long."""
        self.is_delivered, self.since_s = False, self.cluster.now_s
        self.cluster.submit(1, [b"value"])
        self.run(within_s)
        return self.is_delivered

    def crash(self, acceptors: int, *, leader: bool) -> None:
        """Stop acceptors, and the leader too."""
        for a in range(1, acceptors + 1):
            self.cluster.crash("acceptor", a)
        if leader:
            [p] = [p.id for p in self.cluster.of("proposer") if getattr(p.role, "leads", False)]
            self.cluster.crash("proposer", p)

    def restart(self) -> None:
        """Start the acceptors again."""
        for a in self.cluster.ids("acceptor"):
            self.cluster.restart("acceptor", a)


def wait_ms(sizes: tuple[int, int], values: int = 300) -> float:
    """From a broadcast to the delivery, in the mean."""
    measured = Measured(sizes)
    assert all(measured.broadcast() for _ in range(values))
    return 1000 * fmean(measured.waits_s)


def survived(sizes: tuple[int, int], *, leader: bool) -> int:
    """Without how many acceptors a value is delivered: while the leader stays, or after it has
    crashed too."""
    for acceptors in range(1, ACCEPTORS + 1):
        measured = Measured(sizes)
        measured.crash(acceptors, leader=leader)
        if not measured.broadcast(10.0):
            return acceptors - 1
    return ACCEPTORS


def main() -> None:
    for sizes in SIZES:
        stays, goes = survived(sizes, leader=False), survived(sizes, leader=True)
        print(f"| {sizes[0]} | {sizes[1]} | {wait_ms(sizes):.2f} ms | {stays} | {goes} |")


if __name__ == "__main__":
    main()
