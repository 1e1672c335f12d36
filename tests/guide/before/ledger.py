"""Three nodes agree on a ledger by Paxos: callbacks, in one process, on a lossy network.

Each node is a proposer, an acceptor and a learner. Ballots are integers, slots count from 0, and
node k of A, B, C owns the ballots k, k + 3, k + 6, ... Usage: ledger.py SEED
"""

import random
import sys
from typing import Any

NAMES = "ABC"
MAJORITY = 2
ENTRIES = 4  # that each node wants in the ledger
Votes = dict[int, tuple[int, str | None]]  # slot -> ballot and entry; None fills a gap


class Network:
    """Messages arrive in any order, some twice, some never. The seed decides."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes = {name: Node(name, self) for name in NAMES}
        self.in_flight: list[tuple[str, str, str, tuple[Any, ...]]] = []

    def send(self, sender: str, to: str, callback: str, *arguments: Any) -> None:
        copies = self.random.choices([0, 1, 2], [2, 7, 1])[0]
        self.in_flight += [(sender, to, callback, arguments)] * copies

    def step(self) -> None:
        """Either a message arrives, or a node runs out of patience."""
        if self.in_flight and self.random.random() < 0.97:
            sender, to, callback, arguments = self.in_flight.pop(
                self.random.randrange(len(self.in_flight))
            )
            getattr(self.nodes[to], callback)(sender, *arguments)
        else:
            self.random.choice(list(self.nodes.values())).timeout()


class Node:
    def __init__(self, name: str, network: Network) -> None:
        self.name, self.network = name, network
        self.promised = -1
        self.votes: Votes = {}
        self.ballot = -1
        self.leading = False
        self.promises: dict[str, Votes] = {}
        self.proposed: dict[int, str | None] = {}
        self.voters: dict[tuple[int, int], set[str]] = {}
        self.chosen: dict[int, str | None] = {}
        self.ledger: list[str] = []
        self.applied = 0  # slots
        self.wanted = [f"{name}{number}" for number in range(ENTRIES)]

    def to_all(self, callback: str, *arguments: Any) -> None:
        for name in NAMES:
            self.network.send(self.name, name, callback, *arguments)

    # Proposer

    def timeout(self) -> None:
        if self.leading and self.ballot == self.promised:
            for slot, entry in self.proposed.items():
                self.to_all("on_accept", self.ballot, slot, entry)
        else:
            self.campaign()

    def campaign(self) -> None:
        highest = max(self.ballot, self.promised)
        self.ballot = (highest // 3 + 1) * 3 + NAMES.index(self.name)
        self.leading, self.promises, self.proposed = False, {}, {}
        self.to_all("on_prepare", self.ballot)

    def on_promise(self, sender: str, ballot: int, votes: Votes) -> None:
        if self.leading:
            return
        self.promises[sender] = votes
        if len(self.promises) >= MAJORITY:
            self.lead()

    def lead(self) -> None:
        self.leading = True
        reported: Votes = {}
        for votes in self.promises.values():
            for slot, vote in votes.items():
                reported[slot] = max(vote, reported.get(slot, vote), key=lambda v: v[0])
        for slot in range(max(reported, default=-1) + 1):
            self.propose(slot, reported[slot][1] if slot in reported else None)
        for entry in self.wanted:
            if entry not in self.proposed.values():
                self.propose(len(self.proposed), entry)

    def propose(self, slot: int, entry: str | None) -> None:
        self.proposed[slot] = entry
        self.to_all("on_accept", self.ballot, slot, entry)

    # Acceptor

    def on_prepare(self, sender: str, ballot: int) -> None:
        if ballot < self.promised:
            return
        self.promised = ballot
        self.network.send(self.name, sender, "on_promise", ballot, dict(self.votes))

    def on_accept(self, sender: str, ballot: int, slot: int, entry: str | None) -> None:
        if ballot < self.promised:
            return
        self.promised = ballot
        self.votes[slot] = ballot, entry
        self.to_all("on_vote", ballot, slot, entry)

    # Learner

    def on_vote(self, sender: str, ballot: int, slot: int, entry: str | None) -> None:
        voters = self.voters.setdefault((ballot, slot), set())
        voters.add(sender)
        if len(voters) >= MAJORITY and slot not in self.chosen:
            self.chosen[slot] = entry
            self.apply()

    def apply(self) -> None:
        while self.applied in self.chosen:
            entry = self.chosen[self.applied]
            new = [entry] if entry is not None and entry not in self.ledger else []
            self.applied += 1
            self.ledger += new


def main() -> None:
    network = Network(int(sys.argv[1]))
    nodes = network.nodes.values()
    for _ in range(20_000):
        if all(len(node.ledger) == ENTRIES * len(NAMES) for node in nodes):
            break
        network.step()
    for node in nodes:
        print(node.name, *node.ledger)
    shortest = min(len(node.ledger) for node in nodes)
    agree = len({tuple(node.ledger[:shortest]) for node in nodes}) == 1
    print("the ledgers agree" if agree else "THE LEDGERS DIFFER")


if __name__ == "__main__":
    main()
