"""A small replicated log over TCP, of nodes that are proposer, acceptor and learner in one process.

`all_roles.py node ID FOLDER PORT...` or `all_roles.py client NAME FOLDER PORT...`: the ports of all
nodes on the loopback, its own among them. It does all otherwise than the toy beside it: asyncio,
JSON lines, ballots `round * nodes + id` and slots from 0, a leader that tells what is chosen, and a
learner that catches up from the leader, which tells it no ballots then.

The variable TOY_BUG names one of BUGS, or is empty.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[3] / "traces" / "tracers" / "python"))
tracer: Any = import_module("tracer")

BUGS = (
    "accepts-any-ballot",  # an acceptor does not compare an Accept with its promise
    "promise-not-kept",  # storage does not give the promise back
)
Message = dict[str, Any]
Entry = list[str] | None  # the request's name, and what it says; None fills a gap
TICK_S = 0.05
ANSWER_S = 0.3  # a client waits so long, and goes to the next node then
CAUGHT_UP_AT_ONCE = 100

bug = os.environ.get("TOY_BUG", "")
folder = Path(sys.argv[3])
ports = [int(port) for port in sys.argv[4:]]
MAJORITY = len(ports) // 2 + 1

# -- the trace: ids and instances from 1, a ballot is [round, proposer] --------------------------
MEMBERS = [n + 1 for n in range(len(ports))]
CLUSTER = {"acceptors": MEMBERS, "proposers": MEMBERS, "learners": MEMBERS, "clients": [1, 2]}


def trace_of(role: str, number: int) -> Any:
    header = {"direct_learning": False, "omits": ["Learn"], "clock": "host"}
    return tracer.Tracer(folder, role, number, CLUSTER, **header)


def pair(ballot: int) -> list[int]:
    return [ballot // len(ports) + 1, ballot % len(ports) + 1]


def batch(entry: Entry) -> list[Any]:
    if entry is None:
        return []
    client = entry[0].partition("/")[0]
    return [tracer.value(entry[0].encode(), f"{client}.1")]


def place(ballot: int, slot: int) -> Message:
    return {"ballot": pair(ballot), "instance": slot + 1}


def from_on(slot: int) -> Message:
    return {"from": slot + 1, "to": 1_000_000}


class Node:
    def __init__(self, me: int) -> None:
        self.me = me
        self.disk = folder / f"node-{me}.json"
        self.acceptor, self.proposer, self.learner = (
            trace_of(role, me + 1) for role in ("acceptor", "proposer", "learner")
        )
        self.promised, self.round = -1, 0  # the round to be used next
        self.accepted: dict[int, tuple[int, Entry]] = {}
        self.load()
        self.ballot, self.leading = -1, False
        self.promises: dict[int, dict[int, tuple[int, Entry]]] = {}
        self.votes: dict[int, set[int]] = {}
        self.proposed: dict[int, Entry] = {}
        self.chosen: dict[int, Entry] = {}
        self.applied, self.done = 0, set[str]()
        self.heard_s = 0.0
        self.peers: dict[int, asyncio.StreamWriter] = {}
        self.waiting: dict[str, asyncio.StreamWriter] = {}
        self.sending: set[asyncio.Task[None]] = set()

    # -- storage
    def load(self) -> None:
        if not self.disk.exists():
            return
        kept = json.loads(self.disk.read_text())
        self.promised = -1 if bug == "promise-not-kept" else kept["promised"]
        self.round = kept["round"]
        self.accepted = {int(slot): vote for slot, vote in kept["accepted"].items()}
        promised = {"promised": pair(self.promised)} if self.promised >= 0 else {}
        self.acceptor.event("Recover", votes=self.reported(0), **promised)
        self.proposer.event("Recover", **({"round": self.round} if self.round else {}))

    def save(self) -> None:
        kept = {"promised": self.promised, "round": self.round, "accepted": self.accepted}
        new = self.disk.with_suffix(".new")
        new.write_text(json.dumps(kept))
        new.replace(self.disk)

    def reported(self, first: int) -> list[Any]:
        votes = sorted(self.accepted.items())
        return [[s + 1, pair(b), batch(entry)] for s, (b, entry) in votes if s >= first]

    # -- messages
    def send(self, to: int, kind: str, **fields: Any) -> None:
        task = asyncio.ensure_future(self.write(to, {"kind": kind, "by": self.me, **fields}))
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    def to_all(self, kind: str, **fields: Any) -> None:
        for node in range(len(ports)):
            self.send(node, kind, **fields)

    async def write(self, to: int, message: Message) -> None:
        try:
            if to not in self.peers or self.peers[to].is_closing():
                _, self.peers[to] = await asyncio.open_connection("127.0.0.1", ports[to])
            self.peers[to].write(json.dumps(message).encode() + b"\n")
        except OSError:
            pass  # what is not answered is said again

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if message["kind"] == "put":
                    self.waiting[message["entry"][0]] = writer
                getattr(self, "on_" + message["kind"])(message)
        except OSError:
            pass

    # -- leader
    def campaign(self) -> None:
        self.round = max(self.round, self.promised // len(ports) + 1)
        self.ballot = self.round * len(ports) + self.me
        self.round += 1
        self.leading, self.promises, self.votes, self.proposed = False, {}, {}, {}
        self.save()
        self.proposer.event("Phase1a", ballot=pair(self.ballot), **from_on(self.applied))
        self.to_all("prepare", ballot=self.ballot, first=self.applied)

    def on_promise(self, m: Message) -> None:
        if m["ballot"] != self.ballot or self.leading:
            return
        self.promises[m["by"]] = {int(slot): vote for slot, vote in m["votes"].items()}
        if len(self.promises) < MAJORITY:
            return
        self.leading = True
        best: dict[int, tuple[int, Entry]] = {}
        for votes in self.promises.values():
            for slot, vote in votes.items():
                if slot not in best or vote[0] > best[slot][0]:
                    best[slot] = vote
        for slot in range(self.applied, max(best, default=-1) + 1):
            self.propose(slot, best[slot][1] if slot in best else None)

    def propose(self, slot: int, entry: Entry) -> None:
        self.proposed[slot], self.votes[slot] = entry, set()
        quorum = sorted(node + 1 for node in self.promises)
        at = place(self.ballot, slot)
        self.proposer.event("Phase2a", **at, batch=batch(entry), quorum=quorum)
        self.to_all("accept", ballot=self.ballot, slot=slot, entry=entry)

    def on_put(self, m: Message) -> None:
        name = m["entry"][0]
        if name in self.done:
            self.answer(name)
        elif self.leading and all(e is None or e[0] != name for e in self.proposed.values()):
            self.propose(max(self.applied, max(self.proposed, default=-1) + 1), m["entry"])

    def on_accepted(self, m: Message) -> None:
        slot = m["slot"]
        if m["ballot"] != self.ballot or m["by"] in self.votes.get(slot, {m["by"]}):
            return
        self.votes[slot].add(m["by"])
        if len(self.votes[slot]) == MAJORITY:
            quorum = sorted(node + 1 for node in self.votes[slot])
            self.proposer.event("Decide", **place(self.ballot, slot), quorum=quorum)
            self.to_all("commit", ballot=self.ballot, slot=slot, entry=self.proposed[slot])

    # -- acceptor
    def on_prepare(self, m: Message) -> None:
        if m["ballot"] < self.promised:
            return
        self.promised, self.heard_s = m["ballot"], asyncio.get_running_loop().time()
        self.save()
        first = m["first"]
        votes = {slot: vote for slot, vote in self.accepted.items() if slot >= first}
        said = {"ballot": pair(m["ballot"]), **from_on(first)}
        self.acceptor.once("Phase1b", **said, votes=self.reported(first))
        self.send(m["by"], "promise", ballot=m["ballot"], votes=votes)

    def on_accept(self, m: Message) -> None:
        if m["ballot"] < self.promised and bug != "accepts-any-ballot":
            return
        self.promised = max(self.promised, m["ballot"])
        self.accepted[m["slot"]] = (m["ballot"], m["entry"])
        self.save()
        self.acceptor.once("Phase2b", **place(m["ballot"], m["slot"]))
        self.send(m["by"], "accepted", ballot=m["ballot"], slot=m["slot"])

    # -- learner
    def on_commit(self, m: Message) -> None:
        slot, entry = m["slot"], m["entry"]
        if slot in self.chosen:
            return
        self.chosen[slot] = entry
        if "ballot" in m:  # not of what it catches up with
            self.learner.event("Learn", **place(m["ballot"], slot), batch=batch(entry))
        while self.applied in self.chosen:
            entry = self.chosen[self.applied]
            self.applied += 1
            new = entry is not None and entry[0] not in self.done
            at = {"instance": self.applied, "position": len(self.done) + 1}
            self.learner.event("Deliver", **at, values=batch(entry) if new else [])
            if entry is not None:
                self.done.add(entry[0])
                self.answer(entry[0])

    def answer(self, name: str) -> None:
        writer = self.waiting.pop(name, None)
        if writer is not None and not writer.is_closing():
            writer.write(name.encode() + b"\n")

    def on_alive(self, m: Message) -> None:
        if m["ballot"] >= self.promised:
            self.heard_s = asyncio.get_running_loop().time()
            self.leading = self.leading and m["by"] == self.me
            if m["end"] > self.applied:
                self.send(m["by"], "catch_up", first=self.applied)

    def on_catch_up(self, m: Message) -> None:
        for slot in sorted(s for s in self.chosen if s >= m["first"])[:CAUGHT_UP_AT_ONCE]:
            self.send(m["by"], "commit", slot=slot, entry=self.chosen[slot])

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.start_server(self.read, "127.0.0.1", ports[self.me])
        self.heard_s = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            if self.leading:
                self.to_all("alive", ballot=self.ballot, end=self.applied)
                for slot, entry in self.proposed.items():
                    if len(self.votes[slot]) < MAJORITY:
                        self.to_all("accept", ballot=self.ballot, slot=slot, entry=entry)
            elif loop.time() - self.heard_s > TICK_S * (4 + 8 * self.me + random.random()):
                self.heard_s = loop.time()
                self.campaign()


async def client(name: str) -> None:
    """Sends one value after another, to the next node where none answers."""
    trace, number, at = trace_of("client", int(name)), 0, 0
    while True:
        entry = [f"{name}/{number}", "x"]
        trace.once("Broadcast", values=batch(entry))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", ports[at % len(ports)])
            writer.write(json.dumps({"kind": "put", "entry": entry}).encode() + b"\n")
            answered = await asyncio.wait_for(reader.readline(), ANSWER_S)
            writer.close()
            number += bool(answered)
            at += not answered
        except (OSError, TimeoutError):
            at += 1
        await asyncio.sleep(TICK_S / 5)


if __name__ == "__main__":
    asyncio.run(client(sys.argv[2]) if sys.argv[1] == "client" else Node(int(sys.argv[2])).run())
