"""Three nodes agree on a ledger by Paxos: callbacks, in one process, on a lossy network.

Each node is a proposer, an acceptor and a learner. Ballots are integers, slots count from 0, and
node k of A, B, C owns the ballots k, k + 3, k + 6, ... Usage: ledger.py SEED
The second argument is the folder for the traces of the run.
"""

import random
import sys
from typing import Any

import tracer

NAMES = "ABC"
MAJORITY = 2
ENTRIES = 4  # that each node wants in the ledger
Votes = dict[int, tuple[int, str | None]]  # slot -> ballot and entry; None fills a gap

# The trace: ids and instances count from 1, a ballot is [round, proposer].
ID = {"A": 1, "B": 2, "C": 3}
CLUSTER = {role: [1, 2, 3] for role in ("acceptors", "proposers", "learners", "clients")}
LOG = {"from": 1, "to": 1_000}  # a prepare is for all slots: more than there are


def pair(ballot: int) -> list[int]:
    return [ballot // 3 + 1, ballot % 3 + 1]


def batch(entry: str | None) -> list[Any]:
    return [] if entry is None else [tracer.value(entry.encode(), f"{ID[entry[0]]}.1")]


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
        self.acceptor, self.proposer, self.learner, client = (
            tracer.Tracer(sys.argv[2], role, ID[name], CLUSTER, clock="host")
            for role in ("acceptor", "proposer", "learner", "client")
        )
        for entry in self.wanted:
            client.event("Broadcast", values=batch(entry))

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
        self.proposer.event("Phase1a", ballot=pair(self.ballot), **LOG)
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
        quorum, value = sorted(ID[name] for name in self.promises), batch(entry)
        where = {"ballot": pair(self.ballot), "instance": slot + 1}
        self.proposer.event("Phase2a", **where, batch=value, quorum=quorum)
        self.to_all("on_accept", self.ballot, slot, entry)

    # Acceptor

    def on_prepare(self, sender: str, ballot: int) -> None:
        if ballot < self.promised:
            return
        self.promised = ballot
        votes = [[slot + 1, pair(b), batch(entry)] for slot, (b, entry) in self.votes.items()]
        self.acceptor.once("Phase1b", ballot=pair(ballot), **LOG, votes=votes)
        self.network.send(self.name, sender, "on_promise", ballot, dict(self.votes))

    def on_accept(self, sender: str, ballot: int, slot: int, entry: str | None) -> None:
        if ballot < self.promised:
            return
        self.promised = ballot
        self.votes[slot] = ballot, entry
        self.acceptor.once("Phase2b", ballot=pair(ballot), instance=slot + 1)
        self.to_all("on_vote", ballot, slot, entry)

    # Learner

    def on_vote(self, sender: str, ballot: int, slot: int, entry: str | None) -> None:
        voters = self.voters.setdefault((ballot, slot), set())
        voters.add(sender)
        if len(voters) >= MAJORITY and slot not in self.chosen:
            self.chosen[slot] = entry
            where = {"ballot": pair(ballot), "instance": slot + 1}
            quorum = sorted(ID[name] for name in voters)
            self.learner.event("Learn", **where, batch=batch(entry), quorum=quorum)
            self.apply()

    def apply(self) -> None:
        while self.applied in self.chosen:
            entry = self.chosen[self.applied]
            new = [entry] if entry is not None and entry not in self.ledger else []
            self.applied += 1
            where = {"instance": self.applied, "position": len(self.ledger) + 1}
            self.learner.event("Deliver", **where, values=batch(new[0]) if new else [])
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
