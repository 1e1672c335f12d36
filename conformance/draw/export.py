"""A run for other tools: ShiViz (its log, with vector clocks) and ITF (its states, as JSON).

ShiViz draws the whole run in a browser. ITF is what Apalache and its tools read; a state holds
everything, so that a run of n events needs space in the square of n, and long ones are refused.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from conformance.replay.verdict import Verdict
from conformance.rules import promises
from conformance.tla.itf import as_map, as_set, as_tuple
from conformance.tla.itf import write as write_itf
from conformance.trace.causality import Causes
from conformance.trace.process import decode
from conformance.trace.reader import Run
from conformance.trace.schema import (
    NO_BALLOT,
    AnyEvent,
    Broadcast,
    Decide,
    Deliver,
    Header,
    InstallSnapshot,
    Learn,
    OfSnapshot,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    Restart,
    SendSnapshot,
    TakeSnapshot,
    Trim,
)
from conformance.trace.show import show_range, shown

SHIVIZ = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)"
LONGEST_ITF = 2000  # events


def shiviz(run: Run, path: Path) -> None:
    """Write the run as a ShiViz log. The first line is the expression that parses the rest."""
    causes = Causes()
    clocks: list[dict[str, int]] = [{}]  # by event number
    latest: dict[str, dict[str, int]] = {}
    with path.open("w", encoding="utf-8") as f:
        f.write(SHIVIZ + "\n\n")
        for _, process, _, event in run.rows():
            clock = dict(latest.get(process, {}))
            for cause in causes.of(event):
                for name, n in clocks[cause.event].items():
                    clock[name] = max(n, clock.get(name, 0))
            clock[process] = latest.get(process, {}).get(process, 0) + 1
            latest[process] = clock
            clocks.append(clock)
            f.write(f"{process} {json.dumps(clock, separators=(',', ':'))}\n{shown(event)}\n")


def itf(run: Run, path: Path, verdict: Verdict) -> None:
    """Write the states from the initial one to that after the last accepted event."""
    assert run.header is not None
    if verdict.events > LONGEST_ITF:
        raise ValueError(
            f"{run.directory}: {verdict.events} events are too many for ITF, whose states hold "
            f"all messages; give at most {LONGEST_ITF}"
        )
    states = _states(run, run.header, verdict.events)
    write_itf(path, f"{run.directory.name}: {verdict.kind}", VARIABLES, states)


VARIABLES = (
    *("broadcast", "msgs", "promised", "vote", "trimmed"),
    *("learned", "prefix", "delivered", "taken", "checkpoint", "action"),
)


def _states(run: Run, header: Header, events: int) -> Iterator[dict[str, Any]]:
    state = _State(header)
    yield state.show(0, "Init")
    if events == 0:
        return
    for n, (_, _, _, event) in enumerate(run.rows(), 1):
        state.take(event)
        yield state.show(n, shown(event))
        if n == events:
            return


class _State:
    """The variables of MultiPaxos.tla (of Synod.tla: of its one instance), with the names of the
    trace."""

    def __init__(self, header: Header) -> None:
        self.broadcast: list[str] = []
        self.msgs: dict[str, dict[str, Any]] = {}
        self.scope = header.constants.promise_scope
        names = (f"acceptor-{a}" for a in header.cluster.acceptors)
        self.promised = {name: promises.none(self.scope) for name in names}
        self.vote: dict[str, dict[int, Any]] = {name: {} for name in self.promised}
        self.trimmed = dict.fromkeys(self.promised, 0)
        self.learned: dict[str, dict[int, Any]] = {}
        self.prefix: dict[str, int] = {}
        self.delivered: dict[str, list[str]] = {}
        self.taken: dict[str, dict[str, int]] = {}
        self.checkpoint: dict[str, dict[str, int]] = {}
        self.weights: dict[str, int] = {}  # how many values a range is
        self.proposed: dict[Any, list[str]] = {}

    def take(self, e: AnyEvent) -> None:
        acceptor = f"acceptor-{decode(e.process).id}"
        if isinstance(e, Broadcast):
            self.broadcast += map(show_range, e.values)
        elif isinstance(e, Phase1a):
            self.send({"type": "1a", "bal": as_tuple(e.ballot), "from": e.first, "to": e.last})
        elif isinstance(e, Phase1b):
            self.promised[acceptor].promise(e.ballot, e.first, e.last)
            said = [as_tuple([i, as_tuple(b), [*map(show_range, v)]]) for i, b, v in e.votes]
            fields = {"acc": acceptor, "bal": as_tuple(e.ballot), "from": e.first, "to": e.last}
            self.send({"type": "1b", **fields, "votes": as_set(said)})
        elif isinstance(e, Phase2a):
            self.proposed[e.ballot, e.instance] = batch = [*map(show_range, e.batch)]
            self.send({"type": "2a", "bal": as_tuple(e.ballot), "inst": e.instance, "batch": batch})
        elif isinstance(e, Phase2b):
            self.promised[acceptor].promise(e.ballot, e.instance, e.instance)
            batch = self.proposed.get((e.ballot, e.instance), [])
            self.vote[acceptor][e.instance] = as_tuple([as_tuple(e.ballot), batch])
            fields = {"acc": acceptor, "bal": as_tuple(e.ballot), "inst": e.instance}
            self.send({"type": "2b", **fields})
        elif isinstance(e, Decide):
            self.send({"type": "Decide", "bal": as_tuple(e.ballot), "inst": e.instance})
        elif isinstance(e, Learn):
            learned = as_tuple([as_tuple(e.ballot), [*map(show_range, e.batch)]])
            self.learned.setdefault(e.process, {})[e.instance] = learned
        elif isinstance(e, Deliver):
            self.prefix[e.process] = e.instance
            self.send({"type": "Delivered", "lrn": e.process, "inst": e.instance})
            self.delivered.setdefault(e.process, []).extend(map(show_range, e.values))
            self.weights.update((show_range(r), r[2]) for r in e.values)
        elif isinstance(e, OfSnapshot):
            self.of_snapshot(e)
        elif isinstance(e, Trim):
            self.trimmed[acceptor] = e.last
            kept = self.vote[acceptor].items()
            self.vote[acceptor] = {i: vote for i, vote in kept if i > e.last}

    def of_snapshot(self, e: OfSnapshot) -> None:
        """A snapshot is its place: what is in it follows from the order."""
        place = {"prefix": e.instance, "position": e.position}
        if isinstance(e, TakeSnapshot):
            self.taken[e.process] = place
            return
        if isinstance(e, SendSnapshot):
            self.send({"type": "Snapshot", "cluster": "ours", "state": place})
            return
        if isinstance(e, Restart | InstallSnapshot):
            self.stand(e)
        self.taken.pop(e.process, None)
        self.checkpoint[e.process] = place
        self.send({"type": "Checkpointed", "lrn": e.process, "inst": e.instance})

    def stand(self, e: Restart | InstallSnapshot) -> None:
        """A learner has delivered, from now on, what the one that is furthest had up to there."""
        furthest = max(self.delivered.values(), key=len, default=[])
        places = [0, *accumulate(self.weights[r] for r in furthest)]
        self.delivered[e.process] = furthest[: bisect_right(places, e.position) - 1]
        self.prefix[e.process] = e.instance

    def shown(self, made: promises.Promises) -> Any:
        """The ballot promised; where each instance has a promise, by runs of instances."""
        if self.scope == "log":
            return as_tuple(made.highest(1, 1))
        runs = (run for run in made.runs() if run[2] != NO_BALLOT)
        return as_map({f"{first}..{last}": as_tuple(b) for first, last, b in runs})

    def send(self, message: dict[str, Any]) -> None:
        self.msgs[json.dumps(message)] = message

    def show(self, index: int, action: str) -> dict[str, Any]:
        return {
            "#meta": {"index": index},
            "broadcast": as_set(self.broadcast),
            "msgs": as_set(self.msgs.values()),
            "promised": as_map({a: self.shown(made) for a, made in self.promised.items()}),
            "vote": as_map({a: as_map(v) for a, v in self.vote.items()}),
            "trimmed": as_map(self.trimmed),
            "learned": as_map({x: as_map(v) for x, v in self.learned.items()}),
            "prefix": as_map(self.prefix),
            "delivered": as_map({x: list(v) for x, v in self.delivered.items()}),
            "taken": as_map(self.taken),
            "checkpoint": as_map(self.checkpoint),
            "action": action,
        }
