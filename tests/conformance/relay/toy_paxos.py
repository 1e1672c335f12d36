"""A small Multi-Paxos over UDP, traced by traces/tracers/python/tracer.py, with bugs to switch on.

`toy_paxos.py ROLE NUMBER FOLDER HOST:PORT NAME=HOST:PORT...`: its own address, and those of the
others. A client takes its next value when the last one is delivered, and goes to the other proposer
when it hears nothing. Whoever is asked to propose leads, in a round above all that it has heard of;
what is not answered is said again. Acceptors send promises to all proposers, as with multicast.

The variable TOY_BUG names one of BUGS, or is empty.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[3] / "traces" / "tracers" / "python"))
tracer: Any = import_module("tracer")

BUGS = (
    "counts-any-promise",  # a proposer counts promises that were made to another
    "round-forgotten",  # a proposer uses its ballots again after a restart
    "believes-one",  # a learner that catches up believes one acceptor
    "vote-keeps-promise",  # a vote does not raise the promise
    "promise-forgotten",  # a promise is durable only together with the next vote
)
CLUSTER = {"acceptors": [1, 2, 3], "proposers": [1, 2], "learners": [1, 2], "clients": [1, 2]}
MAJORITY = 2
INSTANCES = 10_000
AGAIN_S = 0.1  # what is not answered is said again
PATIENCE = 5  # a client has asked one proposer so often: it asks the other
PAUSE_S = 0.02  # between the values of a client
DATAGRAM = 65_507
NO_OP = ("", "")

bug = os.environ.get("TOY_BUG", "")
role, number, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


peers = {name: address(at) for name, _, at in (word.partition("=") for word in sys.argv[5:])}
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(address(sys.argv[4]))
trace = tracer.Tracer(folder, role, number, CLUSTER)
storage = folder / f"state-{role}-{number}"


def send(to: str, kind: str, **fields: Any) -> None:
    """To a process by name, or to all of a role."""
    message = {"kind": kind, "from": number, "clock": tracer.clock(), **fields}
    data = json.dumps(message, separators=(",", ":")).encode()
    for name, at in peers.items():
        if name == to or name.rpartition("-")[0] == to:
            sock.sendto(data, at)


def save(state: object) -> None:
    """Durable against a kill, which is all that a toy meets."""
    new = storage.with_suffix(".new")
    new.write_text(json.dumps(state))
    new.rename(storage)


def batch(client: str, data: str) -> list[Any]:
    return [tracer.value(data.encode(), client)] if data else []


class Client:
    def __init__(self) -> None:
        self.name = f"{number}.{trace.incarnation}"
        self.count = self.asked = 0
        self.proposer = 1
        self.next()

    def next(self) -> None:
        self.count += 1
        self.data = f"{self.name}/{self.count}"
        trace.event("Broadcast", values=batch(self.name, self.data))
        self.tick()

    def tick(self) -> None:
        self.asked += 1
        if self.asked % PATIENCE == 0:
            self.proposer = 3 - self.proposer
        send(f"proposer-{self.proposer}", "submit", value=[self.name, self.data])

    def done(self, _: int, data: str) -> None:
        if data == self.data:
            time.sleep(PAUSE_S)
            self.asked = 0
            self.next()


class Proposer:
    def __init__(self) -> None:
        self.round = 0  # that it leads in; 0: it does not
        self.used = self.heard = 0
        self.promises: dict[int, Any] = {}
        self.proposals: dict[int, list[Any]] = {}  # instance -> value, what its ballot proposed
        self.voters: dict[int, set[int]] = {}
        self.waiting: list[list[str]] = []
        if storage.exists():
            self.used = self.heard = json.loads(storage.read_text())
        if trace.incarnation > 1:
            trace.event("Recover", **({"round": self.used} if self.used else {}))

    def ready(self) -> bool:
        return self.round > 0 and len(self.promises) >= MAJORITY

    def submit(self, _: int, value: list[str]) -> None:
        if value not in self.waiting:
            self.waiting.append(value)
        if self.round == 0:
            self.lead()
        self.go_on()

    def lead(self) -> None:
        self.round = self.used = max(self.used, self.heard) + 1
        if bug != "round-forgotten":
            save(self.used)
        self.promises, self.proposals, self.voters = {}, {}, {}
        self.tick()

    def tick(self) -> None:
        if self.round and not self.ready():
            asked = {"ballot": [self.round, number], "from": 1, "to": INSTANCES}
            trace.once("Phase1a", **asked)
            send("acceptor", "prepare", ballot=asked["ballot"])
        for i in self.proposals:
            if len(self.voters.get(i, ())) < MAJORITY:
                self.say(i)

    def promise(self, acceptor: int, ballot: list[int], votes: list[Any]) -> None:
        self.heard = max(self.heard, ballot[0])
        if self.round == 0 or self.ready():
            return
        if ballot != [self.round, number] and bug != "counts-any-promise":
            return
        self.promises[acceptor] = votes
        if not self.ready():
            return
        highest: dict[int, tuple[list[int], Any]] = {}
        for i, b, value in (vote for votes in self.promises.values() for vote in votes):
            highest[i] = max((b, value), highest.get(i, (b, value)))
        for i in range(1, max(highest, default=0) + 1):
            self.propose(i, highest[i][1] if i in highest else list(NO_OP))
        self.go_on()

    def go_on(self) -> None:
        while self.ready() and self.waiting:
            value = self.waiting.pop(0)
            if value not in self.proposals.values():
                self.propose(len(self.proposals) + 1, value)

    def propose(self, i: int, value: list[str]) -> None:
        self.proposals[i] = value
        quorum = sorted(self.promises)
        ballot = [self.round, number]
        trace.event("Phase2a", ballot=ballot, instance=i, batch=batch(*value), quorum=quorum)
        self.say(i)

    def say(self, i: int) -> None:
        ballot = [self.round, number]
        send("acceptor", "accept", ballot=ballot, instance=i, value=self.proposals[i])

    def voted(self, acceptor: int, ballot: list[int], instance: int, **_: Any) -> None:
        if ballot == [self.round, number]:
            self.voters.setdefault(instance, set()).add(acceptor)

    def refuse(self, _: int, promised: list[int]) -> None:
        self.heard = max(self.heard, promised[0])
        if promised > [self.round, number]:
            self.waiting += [v for v in self.proposals.values() if v != list(NO_OP)]
            self.round, self.proposals = 0, {}


class Acceptor:
    def __init__(self) -> None:
        self.promised = [0, 0]
        self.votes: dict[int, list[Any]] = {}  # instance -> [ballot, value]
        if storage.exists():
            self.promised, votes = json.loads(storage.read_text())
            self.votes = {int(i): vote for i, vote in votes.items()}
        if trace.incarnation > 1:
            promised = {"promised": self.promised} if self.promised != [0, 0] else {}
            trace.event("Recover", **promised, votes=self.traced())

    def traced(self) -> list[Any]:
        return [[i, b, batch(*value)] for i, (b, value) in sorted(self.votes.items())]

    def prepare(self, proposer: int, ballot: list[int]) -> None:
        if ballot < self.promised:
            send(f"proposer-{proposer}", "refuse", promised=self.promised)
            return
        self.promised = ballot
        if bug != "promise-forgotten":
            save([self.promised, self.votes])
        asked = {"from": 1, "to": INSTANCES}
        trace.once("Phase1b", ballot=ballot, **asked, votes=self.traced())
        votes = [[i, b, value] for i, (b, value) in self.votes.items()]
        send("proposer", "promise", ballot=ballot, votes=votes)

    def accept(self, proposer: int, ballot: list[int], instance: int, value: Any) -> None:
        if ballot < self.promised:
            send(f"proposer-{proposer}", "refuse", promised=self.promised)
            return
        if bug != "vote-keeps-promise":
            self.promised = ballot
        self.votes[instance] = [ballot, value]
        save([self.promised, self.votes])
        trace.once("Phase2b", ballot=ballot, instance=instance)
        vote = {"ballot": ballot, "instance": instance, "value": value, "answer": False}
        send(f"proposer-{proposer}", "voted", **vote)
        send("learner", "voted", **vote)

    def ask(self, learner: int, first: int) -> None:
        for i, (ballot, value) in self.votes.items():
            if i >= first:
                vote = {"ballot": ballot, "instance": i, "value": value, "answer": True}
                send(f"learner-{learner}", "voted", **vote)

    def tick(self) -> None:
        pass


class Learner:
    def __init__(self) -> None:
        self.voters: dict[tuple[int, int, int], set[int]] = {}
        self.learned: dict[int, list[str]] = {}
        self.delivered: list[list[str]] = []
        self.prefix = 0

    def voted(
        self, acceptor: int, ballot: list[int], instance: int, value: list[str], answer: bool
    ) -> None:
        voters = self.voters.setdefault((instance, *ballot), set())  # type: ignore[arg-type]
        voters.add(acceptor)
        enough = len(voters) >= MAJORITY or (answer and bug == "believes-one")
        if enough and instance not in self.learned:
            self.learned[instance] = value
            fields = {"instance": instance, "batch": batch(*value), "quorum": sorted(voters)}
            trace.event("Learn", ballot=ballot, **fields)
        while self.prefix + 1 in self.learned:
            self.prefix += 1
            self.deliver(self.learned[self.prefix])

    def deliver(self, value: list[str]) -> None:
        new = value != list(NO_OP) and value not in self.delivered
        position = len(self.delivered) + 1
        values = batch(*value) if new else []
        trace.event("Deliver", instance=self.prefix, position=position, values=values)
        if new:
            self.delivered.append(value)
        if value != list(NO_OP):
            send(f"client-{value[0].partition('.')[0]}", "done", data=value[1])

    def tick(self) -> None:
        send("acceptor", "ask", first=self.prefix + 1)


def main() -> None:
    me: Any = {"client": Client, "proposer": Proposer, "acceptor": Acceptor, "learner": Learner}
    me = me[role]()
    due_s = time.monotonic() + AGAIN_S
    while True:
        if (left_s := due_s - time.monotonic()) <= 0:
            me.tick()
            due_s, left_s = time.monotonic() + AGAIN_S, AGAIN_S
        sock.settimeout(left_s)
        try:
            message = json.loads(sock.recv(DATAGRAM))
        except (TimeoutError, ConnectionRefusedError):
            continue
        tracer.heard(message.pop("clock"))
        getattr(me, message.pop("kind"))(message.pop("from"), **message)


if __name__ == "__main__":
    main()
