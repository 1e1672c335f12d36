"""Make traces by hand: each call is one event, whose details are read off the model's state.

Used to generate traces/good and traces/bad (see generate.py) and by the tests. The events are fed
to a checker as they are made, so that what a promise reports or a learner delivers need not be
spelled out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from conformance.replay.checker import Checker, Recorded
from conformance.replay.verdict import Violation
from conformance.rules.learning import append_new
from conformance.trace.process import decode

START = 1_700_000_000_000_000  # microseconds
TICK = 10

Line = dict[str, Any]
Ballot = tuple[int, int]


def rng(client: str, first: int, count: int = 1, salt: str = "") -> list[Any]:
    """A range with the digest of a payload made up for it."""
    payload = f"{client} {first} {count} {salt}".encode()
    return [client, first, count, hashlib.blake2b(payload, digest_size=8).hexdigest()]


class Scenario:
    """A run in the making.

    `lines` are its events in causal order; each may be altered afterwards.
    """

    def __init__(
        self,
        run: str,
        *,
        spec: str = "MultiPaxos",
        acceptors: int = 3,
        disabled: Any = (),
        direct_learning: bool = False,
        prepare_ahead: bool = False,
        max_batch: int = 1,
        promise_scope: str = "log",
        fifo: bool = False,
        checkpoints: bool = False,
        quorums: Sequence[int] = (),
        keeps: Collection[str] = (),
        learners: Sequence[int] = (1, 2),
    ) -> None:
        self.run, self.spec = run, spec
        self.constants: dict[str, Any] = {
            "direct_learning": direct_learning,
            "prepare_ahead": prepare_ahead,
            "max_batch": max_batch,
        }
        if promise_scope != "log":  # that is what it is when it is not said
            self.constants["promise_scope"] = promise_scope
        if fifo:
            self.constants["fifo"] = True
        if checkpoints:
            self.constants["checkpoints"] = True
        if quorums:
            self.constants |= zip(("phase1_quorum", "phase2_quorum"), quorums, strict=True)
        self.keeps = {f"learner-{member}" for member in keeps}
        self.cluster = {
            "acceptors": list(range(1, acceptors + 1)),
            "proposers": [1, 2],
            "learners": list(learners),
            "clients": [1, 2],
        }
        self.lines: list[Line] = []
        recorded = Recorded(keeps=self.keeps)
        self.checker = Checker(
            self.constants, self.cluster, spec, recorded=recorded, disabled=disabled
        )
        self.violation: Violation | None = None
        self.idle: list[str] = []  # processes that took no action: their files have a header only

    @property
    def state(self) -> Any:
        return self.checker.state

    def add(self, process: str, event: str, **params: Any) -> Violation | None:
        """Any event; what the checker says to it."""
        line = {"event": event, "process": process, **params}
        self.lines.append(line)
        fed = {k: v for k, v in line.items() if k != "process"}
        self.violation = self.checker.feed(process, json.loads(json.dumps(fed)))
        return self.violation

    # -- one method per action ------------------------------------------------------------------
    def broadcast(self, client: str, *ranges: list[Any]) -> Violation | None:
        return self.add(f"client-{client}", "Broadcast", values=list(ranges))

    def ask(
        self, b: Ballot, first: int, last: int | None = None, by: int | None = None
    ) -> Violation | None:
        return self.add(
            f"proposer-{by or b[1]}.1",
            "Phase1a",
            ballot=list(b),
            **{"from": first, "to": last or first},
        )

    def votes_of(self, a: int, first: int, last: int) -> list[Any]:
        votes = self.state.votes_of(a, first, last)
        return [[i, list(b), [list(r) for r in batch]] for i, (b, batch) in votes.items()]

    def promise(
        self,
        a: int,
        b: Ballot,
        first: int,
        last: int | None = None,
        *,
        votes: Any = None,
        life: int = 1,
    ) -> Violation | None:
        last = last or first
        votes = self.votes_of(a, first, last) if votes is None else votes
        return self.add(
            f"acceptor-{a}.{life}",
            "Phase1b",
            ballot=list(b),
            **{"from": first, "to": last},
            votes=votes,
        )

    def propose(
        self, b: Ballot, i: int, *ranges: list[Any], q: Any = (1, 2), by: int | None = None
    ) -> Violation | None:
        return self.add(
            f"proposer-{by or b[1]}.1",
            "Phase2a",
            ballot=list(b),
            instance=i,
            batch=list(ranges),
            quorum=list(q),
        )

    def vote(self, a: int, b: Ballot, i: int, *, life: int = 1) -> Violation | None:
        return self.add(f"acceptor-{a}.{life}", "Phase2b", ballot=list(b), instance=i)

    def decide(self, p: int, b: Ballot, i: int, q: Any = (1, 2)) -> Violation | None:
        return self.add(f"proposer-{p}.1", "Decide", ballot=list(b), instance=i, quorum=list(q))

    def learn(
        self, learner: str, b: Ballot, i: int, *ranges: list[Any], q: Any = (1, 2)
    ) -> Violation | None:
        batch = list(ranges) or [list(r) for r in self.state.batch_of(tuple(b), i)]
        quorum = {"quorum": list(q)} if q and self.constants["direct_learning"] else {}
        return self.add(
            f"learner-{learner}", "Learn", ballot=list(b), instance=i, batch=batch, **quorum
        )

    def deliver(
        self, learner: str, i: int, *, values: Any = None, position: int | None = None
    ) -> Violation | None:
        life = self.life(learner)
        values = [list(r) for r in append_new(self.state, life, i)] if values is None else values
        position = self.state.learner(life).position + 1 if position is None else position
        return self.add(
            f"learner-{learner}", "Deliver", instance=i, position=position, values=values
        )

    def life(self, learner: str) -> str:
        """Which learner of the specification this incarnation is."""
        return self.state.lives.known(decode(f"learner-{learner}")) or learner

    def of_snapshot(
        self, event: str, learner: str, instance: int | None, position: int | None, **more: Any
    ) -> Violation | None:
        """An event of a snapshot; of what the learner has delivered, unless it is said."""
        mine = self.state.learner(self.life(learner))
        instance = mine.prefix if instance is None else instance
        position = mine.position if position is None else position
        return self.add(f"learner-{learner}", event, **more, instance=instance, position=position)

    def take(
        self, learner: str, instance: int | None = None, position: int | None = None
    ) -> Violation | None:
        return self.of_snapshot("TakeSnapshot", learner, instance, position)

    def checkpoint(
        self, learner: str, instance: int | None = None, position: int | None = None
    ) -> Violation | None:
        taken = self.state.learner(self.life(learner)).taken
        instance = taken.instance if instance is None else instance
        position = taken.position if position is None else position
        return self.of_snapshot("Checkpoint", learner, instance, position)

    def restart(self, learner: str, instance: int, position: int) -> Violation | None:
        return self.of_snapshot("Restart", learner, instance, position)

    def send(
        self, learner: str, instance: int | None = None, position: int | None = None
    ) -> Violation | None:
        kept = self.state.learner(self.life(learner)).checkpoint
        instance = kept.instance if instance is None else instance
        position = kept.position if position is None else position
        return self.of_snapshot("SendSnapshot", learner, instance, position)

    def install(self, learner: str, giver: int, instance: int, position: int) -> Violation | None:
        more = {"from": giver}
        return self.of_snapshot("InstallSnapshot", learner, instance, position, **more)

    def trim(self, a: int, last: int, *, life: int = 1) -> Violation | None:
        return self.add(f"acceptor-{a}.{life}", "Trim", to=last)

    def recover(self, process: str, **kept: Any) -> Violation | None:
        return self.add(process, "Recover", **kept)

    # -- several at once ------------------------------------------------------------------------
    def prepare(self, b: Ballot, first: int, last: int | None = None, q: Any = (1, 2)) -> None:
        self.ask(b, first, last)
        for a in q:
            self.promise(a, b, first, last)

    def settle(
        self, b: Ballot, i: int, *ranges: list[Any], q: Any = (1, 2), learners: Any = ("1.1", "2.1")
    ) -> None:
        """From the proposal to the learners."""
        self.propose(b, i, *ranges, q=q)
        for a in q:
            self.vote(a, b, i)
        if not self.constants["direct_learning"]:
            self.decide(b[1], b, i, q=q)
        for learner in learners:
            self.learn(learner, b, i, q=q)

    # -- as files -------------------------------------------------------------------------------
    def numbered(self) -> list[Line]:
        """The events with their clocks; seq is given per file."""
        return [
            {**deepcopy(line), "hlc": line.get("hlc", START + TICK * k)}
            for k, line in enumerate(self.lines, 1)
        ]

    def header(self, process: str) -> Line:
        role, rest = process.split("-")
        number, incarnation = map(int, rest.split("."))
        return {
            "event": "Header",
            "schema": 1,
            "run": self.run,
            "process": process,
            "role": role,
            "id": number,
            "incarnation": incarnation,
            "spec": self.spec,
            "constants": self.constants,
            "cluster": self.cluster,
            "config": {"storage": "memory"},
            **({"keeps": True} if process in self.keeps else {}),
        }

    def write(self, directory: Path) -> Path:
        """One file per incarnation."""
        write_run(directory, self, self.numbered())
        return directory


def write_run(directory: Path, scenario: Scenario, lines: list[Line]) -> None:
    """Write these events, in their order, with seq 1, 2, 3, ... per file."""
    directory.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[Line]] = {process: [] for process in scenario.idle}
    for line in lines:
        own = files.setdefault(line["process"], [])
        rest = {k: v for k, v in line.items() if k not in ("event", "process", "seq", "hlc")}
        own.append(
            {
                "event": line["event"],
                "process": line["process"],
                "seq": len(own) + 1,
                "hlc": line["hlc"],
                **rest,
            }
        )
    for process, own in files.items():
        text = "".join(
            json.dumps(x, separators=(",", ":")) + "\n" for x in [scenario.header(process), *own]
        )
        (directory / f"{process}.ndjson").write_text(text)
