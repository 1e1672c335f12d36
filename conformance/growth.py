"""How models grow: states and time against each constant, how many processes help, and what that
says of larger models. `conformance spec-growth` measures, draws and writes the table.

One model, MultiPaxos with direct learning and Phase 1 ahead, in order of instances; one constant at
a time is raised until a run does not end within its limit. State counts are exact; times are of
this machine, now.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from conformance import distributed, tlc
from conformance.abreast import cores, termination_as_interrupt
from conformance.manifest import MANIFEST, Model

DOCS = MANIFEST.parents[2] / "docs"
MODULE = "MCMultiPaxos.tla"
BEGIN, END = "<!-- growth: begin -->", "<!-- growth: end -->"


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
    Quorum = {{{quorums}}}
    Proposers = {self.ballots}
    Rounds = 1
    Instances = {self.instances}
    DirectLearning = TRUE
    PrepareAhead = TRUE
    MaxBatch = {self.batch}
    DueNow <- DueSoon
    MayVoteNow <- AnswersFirst
    MayProposeNow <- InOrder
SYMMETRY Symmetry
INVARIANTS TypeOK Agreement Integrity TotalOrder OneBatchPerBallot VotesBelowPromise
    LearnedFromOneBallot
PROPERTY Refinement
"""


MOST = {"acceptors": 7, "ballots": 6, "instances": 5, "values": 6, "batch": 4, "learners": 4}
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


Run = Callable[[Path], tlc.Result]


def series(constant: str, limit_s: float, run: Run) -> Iterator[Point]:
    """The runs with one constant raised, from what it is at least, until one does not end."""
    least = 0 if constant == "learners" else 1
    for value in range(least, MOST[constant] + 1):
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
        except tlc.TlcTimeout:
            return Point(constant, value, 0, limit_s, finished=False)
    if result.violation is not None:
        raise tlc.TlcError(f"{at}: {result.violation.name} is violated")
    return Point(constant, value, result.distinct, result.seconds)


def single(limits: tlc.Limits) -> Run:
    """One process with as many threads as limits.workers."""

    def run(config: Path) -> tlc.Result:
        module = MANIFEST.parent / MODULE
        return tlc.run(module, config, library=[MANIFEST.parents[1]], limits=limits)

    return run


def several(limits: tlc.Limits) -> Run:
    """TLC's distributed mode, with as many processes here as limits.workers."""

    def run(config: Path) -> tlc.Result:
        # The configuration's path is absolute, so that it need not be beside the module.
        model = Model("growth", MODULE, str(config), "large", "ok", states=0, depth=0)
        setup = distributed.Setup(local=limits.workers)
        return distributed.run(model, MANIFEST.parent, setup, limits)

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
    for constant in MOST:
        for point in series(constant, limit_s, single(tlc.Limits(limit_s, heap_mb))):
            points.append(point)
            say(point)
    largest = max((p for p in points if p.finished), key=lambda p: p.states)
    shared = [("1 thread", 1, largest)]
    many = max(2, cores())
    # The time limit is for the series: several processes may take longer than one.
    limits = tlc.Limits(10 * limit_s, heap_mb, workers=many)
    for name, run in ((f"{many} threads", single(limits)), (f"{many} processes", several(limits))):
        point = measure(largest.constant, largest.value, limit_s, run)
        say(point)
        if point.states != largest.states:
            raise tlc.TlcError(f"{name} find {point.states} states, not {largest.states}")
        shared.append((name, many, point))
    return Growth(tuple(points), tuple(shared), limit_s)


# ---- what is written


def text(growth: Growth) -> str:
    """The tables, as Markdown."""
    return "\n".join([*_growth(growth), "", *_shared(growth), "", *_estimate(growth)])


def _growth(growth: Growth) -> Iterator[str]:
    yield "| constant | states, and seconds, at each value |"
    yield "| --- | --- |"
    for constant in MOST:
        cells = [
            f"**{p.value}**: {p.states:,} in {p.seconds:.0f} s"
            if p.finished
            else f"**{p.value}**: not in {p.seconds:.0f} s"
            for p in growth.of(constant)
        ]
        yield f"| {constant} | {'; '.join(cells)} |"


def _shared(growth: Growth) -> Iterator[str]:
    base = growth.shared[0][2]
    yield f"| {base.constant} = {base.value}, {base.states:,} states | seconds | speed-up |"
    yield "| --- | ---: | ---: |"
    for name, _, point in growth.shared:
        yield f"| {name} | {point.seconds:.1f} | {base.seconds / point.seconds:.2f} |"


def _estimate(growth: Growth) -> Iterator[str]:
    """How long the next value of each constant would take, if it grows as it did last: the factor
    itself rises, so these are lower bounds."""
    base = growth.shared[0][2]
    efficiency = max(base.seconds / p.seconds / n for _, n, p in growth.shared[1:])
    efficiency = min(1.0, efficiency)
    yield "| next | last factor | states, at least | 1 core | 8 cores | 64 cores |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for constant in MOST:
        done = [p for p in growth.of(constant) if p.finished]
        if len(done) < 2 or done[-1].value == MOST[constant]:
            continue
        factor = done[-1].states / done[-2].states
        states = done[-1].states * factor
        step = done[-1].value - done[-2].value
        one = states / growth.rate()
        times = [one, *(one / (n * efficiency) for n in (8, 64))]
        yield (
            f"| {constant} = {done[-1].value + step} | {factor:.1f} | {states:,.0f} | "
            f"{' | '.join(map(duration, times))} |"
        )
    yield ""
    yield (
        f"(At {growth.rate():,.0f} states/s a core, and {efficiency:.0%} of that from each of "
        "several.)"
    )


def duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def insert(page: Path, tables: str) -> None:
    """Put the tables between the two marks of a page. Raises ValueError if they are not there."""
    whole = page.read_text(encoding="utf-8")
    if BEGIN not in whole or END not in whole:
        raise ValueError(f"{page}: has no lines {BEGIN} and {END}")
    head, _, rest = whole.partition(BEGIN)
    tail = rest.partition(END)[2]
    page.write_text(f"{head}{BEGIN}\n{tables}\n{END}{tail}", encoding="utf-8")


def draw(growth: Growth, path: Path) -> None:
    """States against each constant. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    with pyplot.rc_context({"svg.hashsalt": "conformance", "font.size": 9}):
        figure, axes = pyplot.subplots(figsize=(6.5, 4))
        for constant in MOST:
            done = [p for p in growth.of(constant) if p.finished]
            axes.plot([p.value for p in done], [p.states for p in done], marker="o", label=constant)
        axes.set_yscale("log")
        axes.set_xlabel("value of the constant (others: 3 acceptors, 2 ballots, 1 instance, ...)")
        axes.set_ylabel("distinct states")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `conformance spec-growth`."""
    parser.add_argument(
        "--limit", type=float, default=300, metavar="SECONDS", help="of each run (default: 300)"
    )
    parser.add_argument("--heap", type=int, default=4096, metavar="MB", help="Java heap of a run")
    parser.add_argument("--docs", type=Path, default=DOCS, help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Measures, and writes docs/growth.svg and the tables of docs/model-checking.md."""

    def say(p: Point) -> None:
        found = f"{p.states:,} states in {p.seconds:.1f} s" if p.finished else "not finished"
        print(f"{p.constant} = {p.value}: {found}", file=sys.stderr, flush=True)

    try:
        with termination_as_interrupt():
            growth = measured(args.limit, args.heap, say)
        page = args.docs / "model-checking.md"
        insert(page, text(growth))
        draw(growth, args.docs / "growth.svg")
    except (tlc.TlcError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    print(f"written: {tlc.short_path(page)}, {tlc.short_path(args.docs / 'growth.svg')}")
    return 0
