"""Two comparisons side by side, made of a small recorded one."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import msgspec
import pytest

from harness.compare import against
from harness.compare.comparison import Comparison
from paxos.errors import InputError

RECORDED = Path(__file__).with_name("recorded.json")


@pytest.fixture
def result() -> Comparison:
    return against.load(RECORDED)


def cells(text: str) -> dict[tuple[str, str], list[str]]:
    """By combination and figure: before, now, change, beyond noise."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    split = [[c.strip() for c in line.split("|")[1:-1]] for line in lines]
    return {(row[0], row[1]): row[2:] for row in split}


def with_speeds(result: Comparison, *speeds: float) -> Comparison:
    """The same with so many runs at full speed of the first combination."""
    new = deepcopy(result)
    row = new.rows[0]
    full = row.of("full")[0]
    row.runs = [run for run in row.runs if run.kind != "full"]
    row.runs += [msgspec.structs.replace(full, achieved=speed) for speed in speeds]
    return new


def test_nothing_has_changed_since_itself(result: Comparison) -> None:
    found = cells(against.render(result, result))
    assert {name for name, _ in found} == {row.name for row in result.rows}
    assert {figure for _, figure in found} == {f.name for f in against.FIGURES}
    assert {tuple(row[2:]) for row in found.values()} == {("+0%", "no")}
    assert all(before == now for before, now, *_ in found.values())


@pytest.mark.parametrize(
    ("before", "now", "change", "beyond"),
    [
        ((100, 110, 120), (130, 140, 150), "+27%", "better"),
        ((130, 140, 150), (100, 110, 120), "-21%", "worse"),
        ((100, 110, 120), (120, 140, 150), "+27%", "no"),
        ((100, 110, 200), (120, 140, 150), "+27%", "no"),
    ],
)
def test_a_change_is_beyond_noise_if_the_ranges_do_not_meet(
    before: tuple[float, ...],
    now: tuple[float, ...],
    change: str,
    beyond: str,
    result: Comparison,
) -> None:
    text = against.render(with_speeds(result, *before), with_speeds(result, *now))
    assert cells(text)[result.rows[0].name, "values/s at full speed"][2:] == [change, beyond]


def test_less_latency_is_better(result: Comparison) -> None:
    slow = deepcopy(result)
    for run in slow.rows[0].of("idle"):
        run.latency.buckets = [(10 * us, count) for us, count in run.latency.buckets]
    key = result.rows[0].name, "one at a time: p50, ms"
    assert cells(against.render(slow, result))[key][3] == "better"
    assert cells(against.render(result, slow))[key][3] == "worse"


def test_what_is_not_comparable_is_left_out_or_said(result: Comparison) -> None:
    other = deepcopy(result)
    other.load += 1
    other.machine["memory"] = "8 GiB"
    other.workload["values"] = "7 bytes each"
    del other.rows[1]
    text = against.render(other, result)
    assert "- memory was: 8 GiB; is: 4 GiB" in text
    assert "- another workload: 7 bytes each" in text
    found = cells(text)
    assert {name for name, _ in found} == {result.rows[0].name}
    assert not any("same load" in figure for _, figure in found)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b"\xff"])
def test_a_file_that_is_no_comparison_is_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"old\.json: .*table\.json") as error:
        against.load(path)
    assert "\n" not in str(error.value)
