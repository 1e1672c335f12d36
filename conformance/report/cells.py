"""The state of the specification in cells: which of them an event may change, and what is in one.

A cell is a row and a column of a table: what acceptor 2 voted in instance 7 is in the table of
instances, row 7, column "acceptor 2". It is read off the state that judge 1 keeps, so that a page
says nothing that the judge does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from conformance.report.page import Table
from conformance.rules.state import NO_VOTE, State
from conformance.trace.process import Process, decode
from conformance.trace.schema import (
    NO_BALLOT,
    AnyEvent,
    Ballot,
    Batch,
    Broadcast,
    Decide,
    Deliver,
    Header,
    Learn,
    OfSnapshot,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    Recover,
    Restart,
    Trim,
)
from conformance.trace.show import show_ballot, show_numbers, show_run

INSTANCES, ACCEPTORS, LEARNERS, BALLOTS, VALUES = range(5)
LEADER, CHOSEN = "leader", "chosen"
PROMISED, TRIMMED = "promised", "trimmed up to"
PREFIX, POSITION, LATEST = "prefix", "values delivered", "the latest of them"
TAKEN, CHECKPOINT = "snapshot on its way", "checkpoint"
OF_LEARNER = (PREFIX, POSITION, LATEST, TAKEN, CHECKPOINT)
ASKED = "asked for"
BROADCAST = "broadcast"
MOST_RUNS = 8
"""Runs of instances that are shown of a promise or a request: the last ones."""
LATEST_RANGES = 3
MOST_RANGES_NAMED = 4


class Cell(NamedTuple):
    """Where something stands. Rows: an instance, an acceptor, a learner's member, a ballot."""

    table: int
    row: Any
    column: str


def tables(header: Header, learners: tuple[str, ...]) -> tuple[Table, ...]:
    """The tables of a run; `learners` are the members of learners that have a trace."""
    acceptors = tuple(_acceptor(a) for a in header.cluster.acceptors)
    has = tuple(f"learner {m}" for m in learners)
    return (
        Table(
            "Log",
            "instance",
            (LEADER, *acceptors, CHOSEN, *has),
            "what the leader of the highest ballot did, what each acceptor voted, what is chosen "
            "and by whose votes, what each learner learned",
        ),
        Table("Acceptors", "acceptor", (PROMISED, TRIMMED)),
        Table("Learners", "learner", OF_LEARNER),
        Table(
            "Phase 1", "ballot", (ASKED, *acceptors), "instances asked for, and promised by whom"
        ),
        Table("Values broadcast", columns=(BROADCAST,), shape="one"),
    )


def touched(state: State, e: AnyEvent) -> Iterator[Cell]:
    """The cells that the event may have changed; `state` is that after it."""
    who = decode(e.process)
    mine = _acceptor(who.id)
    match e:
        case Broadcast():
            yield Cell(VALUES, "values", BROADCAST)
        case Phase1a():
            yield Cell(BALLOTS, e.ballot, ASKED)
        case Phase1b():
            yield Cell(ACCEPTORS, who.id, PROMISED)
            yield Cell(BALLOTS, e.ballot, mine)
        case Phase2a() | Decide():
            yield Cell(INSTANCES, e.instance, LEADER)
        case Phase2b():
            yield Cell(ACCEPTORS, who.id, PROMISED)
            yield Cell(INSTANCES, e.instance, mine)
            yield Cell(INSTANCES, e.instance, CHOSEN)
        case Learn():
            yield Cell(INSTANCES, e.instance, f"learner {_learner(state, who)}")
        case Deliver():
            me = _learner(state, who)
            yield from (Cell(LEARNERS, me, c) for c in (PREFIX, POSITION, LATEST))
        case _ if isinstance(e, OfSnapshot):
            yield from _touched_by_snapshot(state, _learner(state, who), e)
        case Trim():
            yield Cell(ACCEPTORS, who.id, TRIMMED)
        case Recover() if who.role == "acceptor":
            yield Cell(ACCEPTORS, who.id, PROMISED)
            yield Cell(ACCEPTORS, who.id, TRIMMED)
            for i, _, _ in e.votes or ():
                yield Cell(INSTANCES, i, mine)
                yield Cell(INSTANCES, i, CHOSEN)


def _touched_by_snapshot(state: State, me: str, e: OfSnapshot) -> Iterator[Cell]:
    yield from (Cell(LEARNERS, me, c) for c in OF_LEARNER)
    if isinstance(e, Restart):  # it has learned nothing
        yield from (Cell(INSTANCES, i, f"learner {me}") for i in state.instances)


def every(state: State) -> Iterator[Cell]:
    """All cells that have something in this state, as far as it is remembered."""
    yield Cell(VALUES, "values", BROADCAST)
    for a in state.cluster.acceptors:
        yield from (Cell(ACCEPTORS, a, c) for c in (PROMISED, TRIMMED))
    for member in state.learners:
        yield from (Cell(LEARNERS, member, c) for c in OF_LEARNER)
    columns = (ASKED, *map(_acceptor, state.cluster.acceptors))
    for b in state.asked:
        yield from (Cell(BALLOTS, b, c) for c in columns)
    for i, inst in state.instances.items():
        yield from (Cell(INSTANCES, i, c) for c in (LEADER, CHOSEN))
        yield from (Cell(INSTANCES, i, _acceptor(a)) for a in inst.vote)
        yield from (Cell(INSTANCES, i, f"learner {m}") for m in inst.learned)


def read(state: State, cell: Cell) -> str:
    """What is in the cell; empty: nothing."""
    table, row, column = cell
    if table == INSTANCES:
        return _of_instance(state, row, column)
    if table == ACCEPTORS:
        return _promised(state, row) if column == PROMISED else _number(state.trimmed.get(row, 0))
    if table == LEARNERS:
        return _of_learner(state, row, column)
    if table == BALLOTS:
        return _asked(state, row) if column == ASKED else _covered(state, row, _id(column))
    return f"{state.broadcasts:,}" if state.broadcasts else ""


def _batch(batch: Batch) -> str:
    """A batch in short, without digests: the parameters of events have them."""
    if not batch:
        return "no-op"
    named = list(map(show_numbers, batch[:MOST_RANGES_NAMED]))
    more = len(batch) - MOST_RANGES_NAMED
    return ", ".join(named) + (f" and {more} ranges more" if more > 0 else "")


def _learner(state: State, who: Process) -> str:
    """Which learner it is, through the incarnations that came back with a checkpoint."""
    return state.lives.known(who) or who.member


def _acceptor(a: int) -> str:
    return f"acceptor {a}"


def _id(column: str) -> int:
    return int(column.rpartition(" ")[2])


def _number(n: int) -> str:
    return f"{n:,}" if n else ""


def _of_instance(state: State, i: int, column: str) -> str:
    inst = state.look(i)
    if column == LEADER:
        return "; ".join(_led(state, i, b) for b in sorted(inst.accepts)[-2:])
    if column == CHOSEN:
        by = (_chosen(state, i, b) for b in sorted(inst.voters))
        return "; ".join(text for text in by if text)
    kind, _, name = column.partition(" ")
    held = inst.vote.get(int(name)) if kind == "acceptor" else inst.learned.get(name)
    if held is None or held == NO_VOTE:
        return ""
    return f"{show_ballot(held[0])} {_batch(held[1])}"


def _led(state: State, i: int, b: Ballot) -> str:
    inst = state.look(i)
    batches = " and ".join(map(_batch, inst.accepts[b]))
    return f"{show_ballot(b)} {'decided' if b in inst.decided else 'proposed'} {batches}"


def _chosen(state: State, i: int, b: Ballot) -> str:
    voters = state.look(i).voters[b]
    if len(voters) < state.quorum2:
        return ""
    return f"{_batch(state.batch_of(b, i))} in {show_ballot(b)} by {_listed(voters)}"


def _listed(ids: set[int]) -> str:
    return ", ".join(map(str, sorted(ids)))


def _promised(state: State, a: int) -> str:
    if a not in state.promised:
        return ""
    runs = [run for run in state.promised[a].runs() if run[2] != NO_BALLOT]
    if state.constants.promise_scope == "log":
        return ", ".join(show_ballot(b) for _, _, b in runs)
    parts = [f"{show_ballot(b)} in {show_run(first, last)}" for first, last, b in runs]
    return latest(parts)


def latest(parts: list[str]) -> str:
    """The last of some runs of instances, and how many others there are."""
    more = [f"{len(parts) - MOST_RUNS} more"] if len(parts) > MOST_RUNS else []
    return ", ".join([*more, *parts[-MOST_RUNS:]])


def _asked(state: State, b: Ballot) -> str:
    known = state.asked.get(b)
    return latest([show_run(*run) for run in known.runs()]) if known else ""


def _covered(state: State, b: Ballot, a: int) -> str:
    told = state.covered.get(b, {}).get(a)
    return latest([show_run(*run) for run in told.runs()]) if told else ""


def _of_learner(state: State, member: str, column: str) -> str:
    learner = state.learner(member)
    if column == PREFIX:
        return _number(learner.prefix)
    if column == POSITION:
        return _number(learner.position)
    if column in (TAKEN, CHECKPOINT):
        at = learner.taken if column == TAKEN else learner.checkpoint
        return f"up to {at.instance:,}, {at.position:,} values" if at.instance else ""
    return _batch(tuple(learner.delivered[-LATEST_RANGES:])) if learner.delivered else ""
