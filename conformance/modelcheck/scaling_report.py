"""What `conformance spec-growth` has measured: tables for docs/model-checking.md, and a plot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conformance.modelcheck.scaling import HIGHEST, Growth

BEGIN, END = "<!-- growth: begin -->", "<!-- growth: end -->"


def text(growth: Growth) -> str:
    """The tables, as Markdown."""
    return "\n".join([*_growth(growth), "", *_shared(growth), "", *_estimate(growth)])


def _growth(growth: Growth) -> Iterator[str]:
    yield "| constant | states, and seconds, at each value |"
    yield "| --- | --- |"
    for constant in HIGHEST:
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
    """How long what was not finished would take, if it grows as it did last: the factors themselves
    rise, so these are lower bounds."""
    base = growth.shared[0][2]
    efficiency = min(1.0, max(base.seconds / p.seconds / n for _, n, p in growth.shared[1:]))
    yield "| next | last factor | states, at least | 1 core | 8 cores | 64 cores |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, factor, states in _next(growth):
        one = max(states / growth.rate(), growth.limit_s)
        times = map(duration, (one, one / (8 * efficiency), one / (64 * efficiency)))
        yield f"| {name} | {factor:.1f} | {states:,.0f} | {' | '.join(times)} |"
    yield ""
    yield (
        f"(At {growth.rate():,.0f} states/s a core, and {efficiency:.0%} of that from each of "
        f"several; not less than the {growth.limit_s:.0f} s that were tried.)"
    )


def _next(growth: Growth) -> Iterator[tuple[str, float, float]]:
    """What was not finished: the constant, its last factor, and the states that it leads to. And
    two constants at once, as if their factors had nothing to do with each other."""
    last = {}
    for constant in HIGHEST:
        points = growth.of(constant)
        done = [point for point in points if point.finished]
        if len(done) < 2 or points[-1].finished:
            continue
        factor = done[-1].states / done[-2].states
        last[constant] = done[-1], factor
        yield f"{constant} = {points[-1].value}", factor, done[-1].states * factor
    if {"ballots", "instances"} <= set(last):
        (ballots, _), (instances, factor) = last["ballots"], last["instances"]
        name = f"ballots = {ballots.value}, instances = {instances.value}"
        yield name, factor, ballots.states * factor


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
        for constant in HIGHEST:
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
