"""The table and the plots, made of a small recorded comparison; and when it counts as failed."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from harness.compare import optimisation_plots, optimisation_tables
from harness.compare.amounts import LOADS, plan, shared_load
from harness.compare.command import problems
from harness.compare.comparison import Comparison, Row
from harness.compare.expected import messages_per_value
from harness.measure.combos import ALL
from harness.measure.latency import Latency, merge

RECORDED = Path(__file__).with_name("recorded.json")
PLOTS = ("speed", "latency-cdf", "delays", "load")


@pytest.fixture
def result() -> Comparison:
    return msgspec.json.decode(RECORDED.read_bytes(), type=Comparison)


def rows_of(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    below = text.partition(f"## {heading}\n")[2]
    block = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert block
    return [[c.strip() for c in line.split("|")[1:-1]] for line in block[0].splitlines()]


def test_the_table_has_a_row_a_combination(result: Comparison) -> None:
    text = optimisation_tables.render(result)
    heads, rule, *rows = rows_of(text, "Verdicts, speed, latency")
    assert [len(row) for row in (rule, *rows)] == [len(heads)] * 3
    assert rows[0][:4] == ["off", "as expected, 1,234 states", "conforms", "6 / 6"]
    assert rows[1][:4] == ["direct-ahead-batch", "as expected, 1,234 states", "conforms", "3 / 3"]
    assert "-" not in rows[0] and "-" not in rows[1]
    assert "the quick version" in text
    assert "4 GiB" in text
    assert "the large ones (2 ballots and 2 instances) are left out" in text
    result.large_models = True
    assert "and the large one (2 ballots and 2 instances) together" in optimisation_tables.render(
        result
    )


def test_messages_are_held_against_what_the_protocol_needs(result: Comparison) -> None:
    heads, _, off, on = rows_of(
        optimisation_tables.render(result), "Messages per value, one value at a time"
    )
    assert off[heads.index("Prepare")] == "1 / 1"
    assert on[heads.index("Accepted")] == "6 / 6"
    assert off[heads.index("all these")].endswith("/ 14")


def test_what_the_protocol_needs() -> None:
    needed = {c.name: sum(messages_per_value(c, 3, 2, 256).values()) for c in ALL}
    assert needed["off"] == needed["batch"] == 14
    assert needed["direct"] == needed["direct-batch"] == 17
    assert needed["ahead"] == 10 + 4 / 128
    assert needed["direct-ahead"] == 13 + 4 / 128
    assert len(needed) == 8


def test_the_recorded_comparison_is_right(result: Comparison) -> None:
    assert [problem for row in result.rows for problem in problems(row)] == []


def broken(row: Row, how: str) -> Row:
    match how:
        case "a run violates":
            row.runs[1].conforms, row.runs[1].verdict = False, "violation of Phase2b.promise"
        case "a model fails":
            row.models[0].as_expected = False
        case "no model":
            del row.models[0]
        case "delays not established":
            del row.models[2]
        case "faster than the specification":
            row.runs[0].delays[2] = 1
        case "no delays measured":
            for run in row.runs:
                run.delays = {}
    return row


@pytest.mark.parametrize(
    "how",
    [
        "a run violates",
        "a model fails",
        "no model",
        "delays not established",
        "faster than the specification",
        "no delays measured",
    ],
)
def test_what_makes_it_fail(result: Comparison, how: str) -> None:
    row = broken(result.rows[1], how)
    assert len(list(problems(row))) == 1
    assert optimisation_tables.render(result)


def test_every_plot_is_drawn_twice_and_names_every_combination(
    result: Comparison, tmp_path: Path
) -> None:
    paths = optimisation_plots.draw(result, tmp_path)
    assert {p.name for p in paths} == {f"{n}.{s}" for n in PLOTS for s in ("png", "svg")}
    for name in PLOTS:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        svg = tmp_path / f"{name}.svg"
        text = "".join(ElementTree.fromstring(svg.read_bytes()).itertext())
        assert "off" in text and "direct + ahead + batch" in text
        assert "Date" not in svg.read_text(encoding="utf-8")


def test_plots_of_a_comparison_that_went_nowhere(result: Comparison, tmp_path: Path) -> None:
    for row in result.rows:
        row.runs, row.models = [], []
    assert len(optimisation_plots.draw(result, tmp_path)) == 8


def test_quantiles() -> None:
    latency = Latency([(10.0, 50), (20.0, 49), (1000.0, 1)])
    assert [latency.quantile_us(q) for q in (0.5, 0.51, 0.99, 1.0)] == [10, 20, 20, 1000]
    assert Latency([]).quantile_us(0.5) is None
    both = merge([latency, Latency([(15.0, 1), (20.0, 1)])])
    assert both.buckets == [(10.0, 50), (15.0, 1), (20.0, 50), (1000.0, 1)]


def test_plans() -> None:
    assert plan(100).is_quick and not plan(1000).is_quick
    assert plan(1000).loads == tuple(LOADS)
    assert shared_load(3_456.0, is_quick=False) == 1_700
    assert shared_load(17.0, is_quick=False) == 100
