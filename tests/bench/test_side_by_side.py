"""Two benchmarks side by side, and the runs of one, made of figures that are made up."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.bench import performance_tables, side_by_side
from harness.bench.benchmark import Benchmark, Row, Run
from harness.bench.setting import Setting
from harness.measure.folder import Checked
from harness.measure.markdown import Table, sections
from paxos.errors import InputError


def run(rate: float, page: str = "") -> Run:
    latency = {"p50": 1e9 / rate, "p99": 2e9 / rate, "p99.9": 3e9 / rate}
    checked = Checked(True, "conforms to MultiPaxos (9 events)", 9, 0.1, page)
    return Run(1000, rate, 1.0, 1.0, latency, {}, {}, 1.0, 0.0, 0.0, {}, checked)


def benchmark(*rates: float, **machine: str) -> Benchmark:
    rows = [Row(Setting(), [run(rate) for rate in rates])]
    return Benchmark(machine, {"runs": "3"}, False, ["throughput"], rows, [], [])


def cells(text: str) -> list[list[str]]:
    (section,) = sections(f"# x\n{text}")
    (table,) = (part for part in section.parts if isinstance(part, Table))
    return [[cell.text for cell in row] for row in table.rows]


@pytest.mark.parametrize(
    ("before", "now", "change", "beyond"),
    [
        ((100.0, 110.0, 120.0), (121.0, 130.0, 140.0), "+18%", "better"),
        ((100.0, 110.0, 120.0), (60.0, 70.0, 99.0), "-36%", "worse"),
        ((100.0, 110.0, 120.0), (119.0, 130.0, 140.0), "+18%", "no"),
        ((100.0,), (100.0,), "+0%", "no"),
    ],
)
def test_a_change_is_beyond_noise_if_the_ranges_do_not_meet(
    before: tuple[float, ...], now: tuple[float, ...], change: str, beyond: str
) -> None:
    rate, p50, p99 = cells(side_by_side.render(benchmark(*before), benchmark(*now)))
    assert [row[1] for row in (rate, p50, p99)] == ["values/s", "p50, ms", "p99, ms"]
    assert rate[4:] == [change, beyond]
    assert [row[5] for row in (p50, p99)] == [beyond, beyond]


def test_a_setting_that_one_lacks_is_left_out() -> None:
    other = benchmark(100.0)
    other.rows[0].setting = Setting(storage="sqlite")
    assert cells(side_by_side.render(other, benchmark(100.0))) == []


def test_what_else_differs_is_said() -> None:
    text = side_by_side.render(benchmark(1.0, memory="4 GiB"), benchmark(1.0, memory="8 GiB"))
    assert "- memory was: 4 GiB; is: 8 GiB\n" in text


def test_an_earlier_benchmark_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(msgspec.json.encode(benchmark(5.0)))
    assert side_by_side.load(path) == benchmark(5.0)
    path.write_text('{"machine": 1}')
    with pytest.raises(InputError, match=r"is not what this `paxos bench` writes"):
        side_by_side.load(path)
    with pytest.raises(InputError, match="No such file"):
        side_by_side.load(tmp_path / "none.json")


def test_each_run_has_its_verdict_and_its_page() -> None:
    result = benchmark(100.0, 200.0)
    result.rows[0].runs[1].checked = Checked(False, "violation\nof it", 9, 0.1, "pages/0002.html")
    result.rows[0].runs.append(msgspec.structs.replace(run(1.0), checked=None))
    rows = cells(performance_tables.runs(result).partition("\n")[2])
    assert [row[4:] for row in rows] == [
        ["conforms to MultiPaxos (9 events)", "-"],
        ["violation", "page"],
        ["not traced", "-"],
    ]
