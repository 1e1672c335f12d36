"""A toy Multi-Paxos in lines of text, traced by traces/tracers/python/tracer.py.

One process a role: `toy.py ROLE NUMBER FOLDER [BUG]`. It reads `kind from clock words...` and
writes `to kind from clock words...`, then a line with a dot: whoever started it is the network. The
toys in C, Go and JavaScript beside this file are the same program. BUG `vote-any`: an acceptor
votes in any ballot, whatever it has promised.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2] / "traces" / "tracers" / "python"))
tracer: Any = import_module("tracer")
CLUSTER = {"acceptors": [1, 2, 3], "proposers": [1, 2], "learners": [1, 2], "clients": [1]}
MAJORITY = 2
NO_OP = "-"
CARRIES = "TOY_ON_ONE_HOST" not in os.environ

role, number, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
bug = sys.argv[4] if len(sys.argv) > 4 else ""
trace = tracer.Tracer(folder, role, number, CLUSTER, clock="carried" if CARRIES else "host")


def send(to: str, kind: str, *words: object) -> None:
    for n in CLUSTER[f"{to}s"] if "-" not in to else [0]:
        name = f"{to}-{n}" if n else to
        print(name, kind, number, tracer.clock() if CARRIES else 0, *words)


def batch(client: str, data: str) -> list[Any]:
    return [] if data == NO_OP else [tracer.value(data.encode(), client)]


class Client:
    def say(self, _: int, data: str) -> None:
        name = f"{number}.{trace.incarnation}"
        trace.once("Broadcast", values=[tracer.value(data.encode(), name)])
        send("proposer", "submit", name, data)


class Proposer:
    def __init__(self) -> None:
        self.round = 0
        self.promises: dict[int, list[str]] = {}
        self.values: list[tuple[str, str]] = []  # what to propose, in the order of arrival
        self.done: set[str] = set()
        self.next = 1

    def lead(self, _: int, round_: str) -> None:
        if int(round_) != self.round:
            self.round, self.promises, self.done, self.next = int(round_), {}, set(), 1
        trace.once("Phase1a", ballot=[self.round, number], **{"from": 1, "to": 100})
        send("acceptor", "prepare", self.round)

    def promise(self, acceptor: int, round_: str, *votes: str) -> None:
        if int(round_) != self.round or acceptor in self.promises or self.ready():
            return
        self.promises[acceptor] = list(votes)
        if self.ready():
            self.take_over()

    def ready(self) -> bool:
        return len(self.promises) >= MAJORITY

    def take_over(self) -> None:
        highest: dict[int, tuple[tuple[int, int], str, str]] = {}
        for votes in self.promises.values():
            for k in range(0, len(votes), 5):
                i, r, p, client, data = votes[k : k + 5]
                vote = ((int(r), int(p)), client, data)
                highest[int(i)] = max(vote, highest.get(int(i), vote))
        for at in range(1, max(highest, default=0) + 1):
            _, client, data = highest.get(at, ((0, 0), NO_OP, NO_OP))
            self.propose(client, data)
        self.go_on()

    def submit(self, _: int, client: str, data: str) -> None:
        if (client, data) not in self.values:
            self.values.append((client, data))
        self.go_on()

    def go_on(self) -> None:
        for client, data in self.values:
            if self.ready() and data not in self.done:
                self.propose(client, data)

    def propose(self, client: str, data: str) -> None:
        self.done.add(data)
        ballot, quorum = [self.round, number], sorted(self.promises)
        said = batch(client, data)
        trace.event("Phase2a", ballot=ballot, instance=self.next, batch=said, quorum=quorum)
        send("acceptor", "accept", self.round, self.next, client, data)
        self.next += 1


class Acceptor:
    def __init__(self) -> None:
        self.promised = (0, 0)
        self.votes: dict[int, tuple[int, int, str, str]] = {}
        self.storage = folder / f"state-{number}"
        if self.storage.exists():
            first, *rest = self.storage.read_text().splitlines()
            self.promised = tuple(map(int, first.split()))  # type: ignore[assignment]
            for i, r, p, client, data in map(str.split, rest):
                self.votes[int(i)] = (int(r), int(p), client, data)
        if trace.incarnation > 1:
            promised = {"promised": list(self.promised)} if self.promised > (0, 0) else {}
            trace.event("Recover", **promised, votes=self.traced())

    def traced(self) -> list[Any]:
        return [[i, [r, p], batch(c, d)] for i, (r, p, c, d) in sorted(self.votes.items())]

    def save(self) -> None:
        lines = [" ".join(map(str, (i, *vote))) for i, vote in sorted(self.votes.items())]
        new = self.storage.with_suffix(".new")
        new.write_text("\n".join([" ".join(map(str, self.promised)), *lines]) + "\n")
        new.rename(self.storage)

    def prepare(self, proposer: int, round_: str) -> None:
        ballot = (int(round_), proposer)
        if ballot < self.promised:
            return
        self.promised = ballot
        self.save()
        asked = {"from": 1, "to": 100}
        trace.once("Phase1b", ballot=list(ballot), **asked, votes=self.traced())
        votes = [word for i, vote in sorted(self.votes.items()) for word in (i, *vote)]
        send(f"proposer-{proposer}", "promise", round_, *votes)

    def accept(self, proposer: int, round_: str, instance: str, client: str, data: str) -> None:
        ballot = (int(round_), proposer)
        if ballot < self.promised and bug != "vote-any":
            return
        self.promised = ballot
        self.votes[int(instance)] = (*ballot, client, data)
        self.save()
        trace.once("Phase2b", ballot=list(ballot), instance=int(instance))
        send("learner", "voted", *ballot, instance, client, data)


class Learner:
    def __init__(self) -> None:
        self.voters: dict[tuple[int, int, int], set[int]] = {}
        self.learned: dict[int, list[Any]] = {}
        self.delivered: list[Any] = []
        self.prefix = 0

    def voted(self, a: int, round_: str, proposer: str, instance: str, *value: str) -> None:
        ballot, i = [int(round_), int(proposer)], int(instance)
        voters = self.voters.setdefault((i, *ballot), set())  # type: ignore[arg-type]
        voters.add(a)
        if len(voters) < MAJORITY or i in self.learned:
            return
        self.learned[i] = batch(*value)
        trace.event(
            "Learn", ballot=ballot, instance=i, batch=self.learned[i], quorum=sorted(voters)
        )
        while self.prefix + 1 in self.learned:
            self.prefix += 1
            new = [r for r in self.learned[self.prefix] if r not in self.delivered]
            position = len(self.delivered) + 1
            trace.event("Deliver", instance=self.prefix, position=position, values=new)
            self.delivered += new


me = {"client": Client, "proposer": Proposer, "acceptor": Acceptor, "learner": Learner}[role]()
for line in sys.stdin:
    kind, sender, clock, *words = line.split()
    tracer.heard(int(clock))
    handle: Callable[..., None] = getattr(me, kind)
    handle(int(sender), *words)
    print(".", flush=True)
