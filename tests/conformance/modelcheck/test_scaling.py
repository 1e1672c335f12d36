"""How models grow: what is run, and what is written of it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from conformance.modelcheck.scaling import (
    Constants,
    Growth,
    Point,
    measure,
    series,
    several,
    single,
)
from conformance.modelcheck.scaling_report import BEGIN, END, draw, duration, insert, text
from conformance.paths import HOME, MANIFEST, SPEC
from conformance.tlc import errors, runner
from conformance.tlc.output import Violation

pytestmark = pytest.mark.timeout(400)  # TLC on a loaded machine

LIMITS = runner.Limits(100, heap_mb=512, workers=2)


@pytest.mark.tlc
def test_the_same_states_by_threads_and_by_processes() -> None:
    one = measure("ballots", 2, 100, single(runner.Limits(100, heap_mb=512)))
    assert one.finished
    assert one.states > 100
    for run in (single(LIMITS), several(LIMITS)):
        assert measure("ballots", 2, 100, run).states == one.states


def test_a_series_ends_with_what_does_not_finish() -> None:
    configurations: list[str] = []

    def run(config: Path) -> runner.Result:
        configurations.append(config.read_text(encoding="utf-8"))
        if len(configurations) == 3:
            raise errors.TlcTimeout("no verdict")
        return runner.Result(None, 10 ** len(configurations), 0, 0, 1.5)

    points = list(series("acceptors", 60, run))
    assert points == [
        Point("acceptors", 1, 10, 1.5),
        Point("acceptors", 3, 100, 1.5),
        Point("acceptors", 5, 0, 60, finished=False),
    ]
    for quorums in ("Quorum1", "Quorum2"):
        assert f"{quorums} = {{{{a1}}}}" in configurations[0]
        assert f"{quorums} = {{{{a1, a2}}, {{a1, a3}}, {{a2, a3}}}}" in configurations[1]


def test_a_violation_is_no_measurement() -> None:
    def run(config: Path) -> runner.Result:
        violation = Violation("invariant", ("Agreement",))
        return runner.Result(violation, 5, 5, 2, 1)

    with pytest.raises(errors.TlcError, match="Agreement is violated"):
        measure("values", 2, 60, run)


GROWTH = Growth(
    points=(
        Point("ballots", 1, 10, 1),
        Point("ballots", 2, 100, 2),
        Point("ballots", 3, 4000, 4),
        Point("ballots", 4, 0, 60, finished=False),
        Point("instances", 1, 100, 2),
        Point("instances", 2, 900, 3),
        Point("instances", 3, 0, 60, finished=False),
        Point("values", 1, 50, 1),
        Point("values", 2, 100, 1),
    ),
    shared=(
        ("1 thread", 1, Point("ballots", 3, 4000, 4)),
        ("2 threads", 2, Point("ballots", 3, 4000, 2.5)),
        ("2 processes", 2, Point("ballots", 3, 4000, 8)),
    ),
    limit_s=60,
)


def test_what_is_written() -> None:
    lines = text(GROWTH).splitlines()
    assert (
        "| ballots | **1**: 10 in 1 s; **2**: 100 in 2 s; **3**: 4,000 in 4 s; **4**: not in 60 s |"
        in lines
    )
    assert "| 2 threads | 2.5 | 1.60 |" in lines
    # 40 times 4,000 states, at 1,000 a second; of each of several cores 80 % of that.
    assert "| ballots = 4 | 40.0 | 160,000 | 3 min | 25 s | 3 s |" in lines
    assert not any("values = 3" in line for line in lines), "all that was wanted was finished"
    assert "| instances = 3 | 9.0 | 8,100 | 60 s | 9 s | 1 s |" in lines, "it was tried for 60 s"
    assert "| ballots = 3, instances = 2 | 9.0 | 36,000 | 60 s | 9 s | 1 s |" in lines


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119, "119 s"), (121, "2 min"), (7200, "2 h"), (200_000, "2 days")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_tables_go_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    insert(page, "new")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="has no lines"):
        insert(page, "new")
    documentation = (HOME / "docs" / "model-checking.md").read_text("utf-8")
    assert BEGIN in documentation


def test_the_plot(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        draw(GROWTH, tmp_path / name)
    ElementTree.fromstring((tmp_path / "one.svg").read_text())
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_the_constants_are_those_of_the_models() -> None:
    """The reductions are of the module that the models use, or of the specification."""
    modules = (MANIFEST.parent / "MCMultiPaxos.tla", SPEC / "Batches.tla")
    text = "".join(module.read_text(encoding="utf-8") for module in modules)
    for line in Constants().config().splitlines():
        if "<-" in line:
            assert f"\n{line.split()[2]}(" in text
