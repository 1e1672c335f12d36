"""How models grow: states and time against each constant, how many processes help, and what that
says of larger models. What is written of it is in scaling_report.py.

One model, MultiPaxos with direct learning and Phase 1 ahead, in order of instances; one constant at
a time is raised until a run does not end within its limit. State counts are exact; times are of
this machine, now.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from conformance.modelcheck import distributed
from conformance.modelcheck.manifest import Model
from conformance.modelcheck.scheduler import cores
from conformance.paths import MODELS, SPEC
from conformance.tlc import errors, runner

MODULE = "MCMultiPaxos.tla"


@dataclass(frozen=True)
class Constants:
    """The constants of one run."""

    acceptors: int = 3
    ballots: int = 2
    instances: int = 1
    values: int = 2
    batch: int = 1
    learners: int = 0

    def config(self) -> str:
        def some(letter: str, count: int) -> str:
            return "{" + ", ".join(f"{letter}{k}" for k in range(1, count + 1)) + "}"

        least = combinations(range(1, self.acceptors + 1), self.acceptors // 2 + 1)
        quorums = ", ".join("{" + ", ".join(f"a{a}" for a in q) + "}" for q in least)
        return f"""SPECIFICATION Reduced
CONSTANTS
    Value = {some("v", self.values)}
    Acceptor = {some("a", self.acceptors)}
    Learner = {some("l", self.learners)}
    Quorum1 = {{{quorums}}}
    Quorum2 = {{{quorums}}}
    Proposers = {self.ballots}
    Rounds = 1
    Instances = {self.instances}
    DirectLearning = TRUE
    PrepareAhead = TRUE
    MaxBatch = {self.batch}
    Before <- NothingBefore
    Later <- NothingLater
    Keeps = {{}}
    PromiseScope = "log"
    DueNow <- DueSoon
    MayVoteNow <- AnswersFirst
    MayProposeNow <- InOrder
SYMMETRY Symmetry
INVARIANTS TypeOK Agreement Integrity TotalOrder OneBatchPerBallot VotesBelowPromise
    LearnedFromOneBallot
PROPERTY Refinement
"""


HIGHEST = {"acceptors": 7, "ballots": 6, "instances": 5, "values": 6, "batch": 4, "learners": 4}
"""How far each constant is raised, at most."""


@dataclass(frozen=True)
class Point:
    """One run: the constant that was varied, its value, and what came of it. If it was not
    finished, the states are those found within the time."""

    constant: str
    value: int
    states: int
    seconds: float
    finished: bool = True


Run = Callable[[Path], runner.Result]


def series(constant: str, limit_s: float, run: Run) -> Iterator[Point]:
    """The runs with one constant raised from its least value, until a run does not end."""
    least = 0 if constant == "learners" else 1
    for value in range(least, HIGHEST[constant] + 1):
        if constant == "acceptors" and value % 2 == 0:
            continue  # an even number has the quorums of the odd one above it
        point = measure(constant, value, limit_s, run)
        yield point
        if not point.finished:
            return


def measure(constant: str, value: int, limit_s: float, run: Run) -> Point:
    """One run. Raises TlcError if it ends without a verdict, or with a violation."""
    at = replace(Constants(), **{constant: value})
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        config = Path(folder) / "growth.cfg"
        config.write_text(at.config(), encoding="utf-8")
        try:
            result = run(config)
        except errors.TlcTimeout:
            return Point(constant, value, 0, limit_s, finished=False)
    if result.violation is not None:
        raise errors.TlcError(f"{at}: {result.violation.name} is violated")
    return Point(constant, value, result.distinct, result.seconds)


def single(limits: runner.Limits) -> Run:
    """One process with as many threads as limits.workers."""

    def run(config: Path) -> runner.Result:
        return runner.run(runner.Task(MODELS / MODULE, config, [SPEC]), limits)

    return run


def several(limits: runner.Limits) -> Run:
    """TLC's distributed mode, with as many processes here as limits.workers."""

    def run(config: Path) -> runner.Result:
        # The configuration's path is absolute, so that it need not be beside the module.
        model = Model("growth", MODULE, str(config), "large", "ok", states=0, depth=0)
        setup = distributed.Setup(local=limits.workers)
        return distributed.run(model, MODELS, setup, limits)

    return run


@dataclass(frozen=True)
class Growth:
    """All that was measured: the series by constant; the same run by 1 thread, by several threads
    and by as many processes."""

    points: tuple[Point, ...]
    shared: tuple[tuple[str, int, Point], ...]
    limit_s: float

    def of(self, constant: str) -> list[Point]:
        return [point for point in self.points if point.constant == constant]

    def rate(self) -> float:
        """States a second of one thread, in the largest run that ended."""
        largest = max((p for p in self.points if p.finished), key=lambda p: p.states)
        return largest.states / largest.seconds


def measured(limit_s: float, heap_mb: int, say: Callable[[Point], None]) -> Growth:
    points = []
    for constant in HIGHEST:
        for point in series(constant, limit_s, single(runner.Limits(limit_s, heap_mb))):
            points.append(point)
            say(point)
    largest = max((p for p in points if p.finished), key=lambda p: p.states)
    shared = [("1 thread", 1, largest)]
    many = max(2, cores())
    # The time limit is for the series: several processes may take longer than one.
    limits = runner.Limits(10 * limit_s, heap_mb, workers=many)
    for name, run in ((f"{many} threads", single(limits)), (f"{many} processes", several(limits))):
        point = measure(largest.constant, largest.value, limit_s, run)
        say(point)
        if point.states != largest.states:
            raise errors.TlcError(f"{name} find {point.states} states, not {largest.states}")
        shared.append((name, many, point))
    return Growth(tuple(points), tuple(shared), limit_s)
