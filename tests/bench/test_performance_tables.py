"""Tables, goals and plots of a benchmark that was made up."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from harness.bench import performance_plots, performance_tables, schedule
from harness.bench.benchmark import Benchmark, Flat, Late, PeerRow, Row, Run, Stateful, StoreRow
from harness.bench.goal import Goal
from harness.bench.goals import goals
from harness.bench.limits import Limits
from harness.bench.options import PARTS
from harness.bench.rivals import Peer
from harness.bench.schedule import LARGE, ONE, USUAL
from harness.bench.setting import Setting
from harness.measure.folder import Checked
from paxos.core.names import ROLES

CHOSEN = schedule.full(PARTS, 3, 3.0, 1000, {})


def run(rate: float, *, conforms: bool | None = True, p50_us: float = 300.0) -> Run:
    """A run of ten seconds."""
    return Run(
        values=int(rate * 10),
        rate=rate,
        window_s=8.0,
        length_s=10.0,
        latency_us={"p50": p50_us, "p99": 3 * p50_us, "p99.9": 9 * p50_us},
        cpu_s=dict.fromkeys(ROLES, 1.5),
        rss_mib=dict.fromkeys(ROLES, 30.0),
        datagrams=12.0,
        repeated=0.5,
        asked=0.25,
        drops={"learner": 7, "client": 0},
        checked=None if conforms is None else Checked(conforms, "said so", 100, 5.0),
        wakeups=10.5,
        heard=2.5,
    )


RATES = {
    USUAL: 100_000.0,
    Setting(storage="sqlite"): 75_000.0,
    Setting(tracing=False): 110_000.0,
    Setting(loss=0.1): 50_000.0,
    ONE: 1_000.0,
    Setting(value_bytes=16_384): 6_400.0,
    LARGE: 110.0,
    schedule.replicas(ONE): 2_500.0,
    schedule.INSIDE: 3_000.0,
    schedule.FIFO: 95_000.0,
    Setting(value_bytes=16_384, storage="sqlite"): 4_992.0,
    Setting(clients=128): 75_000.0,
    Setting(acceptors=9): 80_000.0,
    Setting(learners=8): 65_000.0,
    schedule.THREE: 60_000.0,
    schedule.replicas(USUAL): 66_000.0,
}

PEER_RATES = {("pipelined", 64): 5_000.0, ("pipelined", 16_384): 4_000.0}

STORE_RATES = {"etcd": 1_000.0, "kv": 1_100.0, "library": 12_000.0}

P50_US = {schedule.replicas(ONE): 120.0, schedule.INSIDE: 90.0}


@pytest.fixture
def result() -> Benchmark:
    """Everything is run thrice, at rates 10 % apart, and every goal is met."""
    rows = []
    for setting in schedule.all_settings(CHOSEN):
        rate = RATES.get(setting, 45_000.0)
        conforms = True if setting.tracing else None
        p50_us = P50_US.get(setting, 300.0)
        factors = (0.9, 1.0, 1.1)
        runs = [run(rate * factor, conforms=conforms, p50_us=p50_us) for factor in factors]
        rows.append(Row(setting, runs))
    latency = {"p50": 200.0, "p99": 400.0, "p99.9": 800.0}
    memory = {role: [(n / 2, 20.0 + min(n, 10)) for n in range(20)] for role in ROLES}
    course = [(n / 10, n * 100, max(0, n - 10) * 60) for n in range(30)]
    checked = Checked(True, "conforms", 100, 5.0)
    return Benchmark(
        machine={"processor": "2 cores, an example"},
        method={"runs": "3"},
        is_smoke=False,
        parts=list(PARTS),
        rows=rows,
        peers=[
            PeerRow(mode, size, [Peer(PEER_RATES.get((mode, size), 10_000.0), 0, latency)])
            for mode, size in schedule.peers(row.setting for row in rows)
        ],
        limits=[Limits(30.0, 60.0, 90_000.0, 640.0, 500.0)],
        flat=[Flat(run(100_000.0), [100_000.0] * 9 + [95_000.0], memory)],
        stateful=[
            Stateful(
                values=10_000_000,
                state_bytes=100 << 20,
                rate_without=100_000.0,
                rate=90_000.0,
                longest_without_ms=200.0,
                longest_ms=250.0,
                waits_ms={"taken": 250.0, "otherwise": 199.0},
                installed_s=4.0,
                checkpoints=8,
                start_up_s=1.5,
                start_up_values=9_000_000,
                reads_per_s=500_000.0,
                one_read_us=400.0,
                unbatched_rate=20_000.0,
                checked=[checked],
            )
        ],
        late=[Late(1000, 1000.0, 800.0, 600.0, True, course, checked)],
        stores=[
            StoreRow(use, [Peer(STORE_RATES[use.store], 0, {"p50": 1e6 / STORE_RATES[use.store]})])
            for use in schedule.STORES
        ],
    )


def cells(text: str, heading: str, nth: int = 0) -> dict[str, dict[str, str]]:
    """The nth table below a heading: rows by their first cell, cells by their head."""
    part = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    block = re.findall(r"(?:^\|.*\n)+", part + "\n", re.MULTILINE)[nth]
    heads, _, *rows = [[c.strip() for c in r.split("|")[1:-1]] for r in block.splitlines()]
    assert all(len(row) == len(heads) for row in rows)
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rows}


def goal(result: Benchmark, start: str) -> Goal:
    return next(g for g in goals(result) if g.name.startswith(start))


def test_every_goal_is_met_here(result: Benchmark) -> None:
    assert [g.name for g in goals(result) if not g.met] == []
    assert len(list(goals(result))) == 39


def test_the_figures_of_the_goals(result: Benchmark) -> None:
    assert goal(result, "values/s of 64 B, memory").found == "20 times"
    assert goal(result, "values/s of 1 KiB").found == "4.5 times"
    assert goal(result, "values/s of 16 KiB").found == "1.6 times"
    least = "values/s with SQLite, of those in memory, the least of all sizes, at 64 B"
    assert goal(result, "values/s with SQLite") == Goal(least, "at least 75%", "75%", True)
    lone = goal(result, "p50 of one value at a time with SQLite")
    assert (lone.wanted, lone.found) == ("at most 3,300", "300")
    unbatched = "values/s of 64 B without batching, of"
    assert goal(result, f"{unbatched} PySyncObj").found == "900%"
    assert goal(result, f"{unbatched} raw datagrams").found == "50%"
    assert goal(result, "values/s with 128 clients, of those with 2").found == "75%"
    assert goal(result, "values/s with 9 acceptors, of those with 3").found == "80%"
    assert goal(result, "values/s with 8 learners, of those with 2").found == "65%"
    assert goal(result, "datagrams that a client hears").found == "0.012 times"
    assert goal(result, "MiB of any process").found == "30"
    assert goal(result, "p50 of one").wanted == "at most 330"
    assert goal(result, "p50 of one").found == "300"
    assert goal(result, "what tracing").found == "9%"
    assert goal(result, "seconds of checking").found == "50%"
    assert goal(result, "values/s in the last").found == "95%"
    assert goal(result, "memory").found == "1 times"
    assert goal(result, "values/s after a step").found == "45%"
    assert goal(result, "catch-up").found == "60%"
    assert goal(result, "live rate").found == "80%"
    assert goal(result, "what 10 % loss").found == "50%"
    assert goal(result, "p50 with three replicas").found == "40%"
    inside = "p50 with three replicas, one value at a time, of that with roles apart, where"
    assert goal(result, inside).found == "30%"
    alone = "p50 of one value at a time, three replicas, one of them the client"
    assert goal(result, alone).found == "0.45 times"
    assert goal(result, "its p99, over that p50").found == "3 times"
    assert goal(result, "p50 with roles apart").found == "2.5 times"
    assert goal(result, "values/s of three replicas").found == "110%"
    assert goal(result, "what fifo").found == "5%"
    assert goal(result, "what snapshots of 100 MiB").found == "10%"
    assert goal(result, "the longest that a client waited").found == "50"
    assert goal(result, "start-up").found == "1.5"
    assert goal(result, "linearizable reads").found == "25 times"
    assert goal(result, "MB/s with values of 1 MiB, of that with 16 KiB").found == "110%"


@pytest.mark.parametrize(
    ("start", "setting", "change"),
    [
        ("values/s of 64 B, memory", USUAL, {"rate": 99_000.0}),
        ("values/s of 1 KiB", Setting(value_bytes=1024), {"rate": 29_000.0}),
        ("values/s of 16 KiB", Setting(value_bytes=16_384), {"rate": 5_900.0}),
        ("values/s with SQLite", Setting(storage="sqlite"), {"rate": 74_000.0}),
        (
            "values/s with SQLite, of those in memory, the least of all sizes, at 16 KiB",
            Setting(value_bytes=16_384, storage="sqlite"),
            {"rate": 4_700.0},
        ),
        (
            "p50 of one value at a time with SQLite",
            msgspec.structs.replace(ONE, storage="sqlite"),
            {"latency_us": {"p50": 3_310.0}},
        ),
        ("values/s of 64 B without batching", schedule.UNBATCHED, {"rate": 3_900.0}),
        (
            "values/s of 64 B without batching, of raw",
            schedule.UNBATCHED,
            {"rate": 22_000.0},
        ),
        ("values/s with 128 clients", Setting(clients=128), {"rate": 69_000.0}),
        ("values/s with 9 acceptors", Setting(acceptors=9), {"rate": 74_000.0}),
        ("values/s with 8 learners", Setting(learners=8), {"rate": 59_000.0}),
        ("datagrams that a client hears", Setting(clients=128), {"heard": 220.0}),
        ("MiB of any process", Setting(storage="sqlite"), {"rss_mib": {"acceptor": 65.0}}),
        ("what tracing", Setting(tracing=False), {"rate": 118_000.0}),
        ("what 10 % loss", Setting(loss=0.1), {"rate": 39_000.0}),
        ("MB/s with values of 1 MiB", LARGE, {"rate": 99.0}),
        ("values/s after a step", Setting(acceptors=7), {"rate": 17_000.0}),
        ("p50 of one", ONE, {"latency_us": {"p50": 331.0, "p99": 400.0}}),
        ("its p99", ONE, {"latency_us": {"p50": 300.0, "p99": 3_100.0}}),
        (
            "p50 with three replicas",
            schedule.replicas(ONE),
            {"latency_us": {"p50": 151.0, "p99": 400.0}},
        ),
        (
            "p50 with three replicas, one value at a time, of that with roles apart, where",
            schedule.INSIDE,
            {"latency_us": {"p50": 151.0, "p99": 400.0}},
        ),
        (
            "p50 of one value at a time, three replicas, one of them the client",
            schedule.INSIDE,
            {"latency_us": {"p50": 241.0, "p99": 400.0}},
        ),
        (
            "its p99, over that p50",
            schedule.INSIDE,
            {"latency_us": {"p50": 90.0, "p99": 271.0}},
        ),
        (
            "p50 with roles apart",
            schedule.replicas(ONE),
            {"latency_us": {"p50": 119.0, "p99": 300.0}},
        ),
        ("what fifo", schedule.FIFO, {"rate": 89_000.0}),
        ("values/s of three replicas", schedule.replicas(USUAL), {"rate": 59_000.0}),
        ("traced runs", USUAL, {"checked": Checked(False, "violation", 9, 0.1)}),
    ],
)
def test_a_goal_is_missed(
    result: Benchmark, start: str, setting: Setting, change: dict[str, object]
) -> None:
    row = result.row(setting)
    assert row
    row.runs = [msgspec.structs.replace(one, **change) for one in row.runs]
    assert goal(result, start).met is False
    assert "NOT met" in performance_tables.render(result, CHOSEN)


def test_the_stores_beside_one_another(result: Benchmark) -> None:
    found = {goal.name: goal for goal in goals(result) if "etcd" in goal.name}
    assert [(goal.wanted, goal.found, goal.met) for goal in found.values()] == [
        ("at least 1 times", "1.1 times", True),
        ("at least 10 times", "12 times", True),
        ("at most 1.2 times", "0.083 times", True),
        ("at most 1.2 times", "0.083 times", True),
    ]
    text = performance_tables.render(result, CHOSEN)
    shown = cells(text, "Key-value stores: three nodes, durable")
    assert shown["kv, HTTP, put, 64 clients"]["a second"] == "1,100"
    result.stores = [row for row in result.stores if row.use.store != "etcd"]
    assert {goal.met for goal in goals(result) if "etcd" in goal.name} == {None}


def test_long_runs_that_miss_their_goals(result: Benchmark) -> None:
    result.flat[0].tenths[-1] = 89_000.0
    result.flat[0].run.checked = Checked(True, "slow to check", 100, 10.5)
    result.flat[0].memory["learner"][-1] = 9.5, 34.0
    result.late[0].catch_up, result.late[0].live_during = 490.0, 690.0
    missed = ["seconds of checking", "values/s in the last", "memory", "catch-up"]
    missed += ["live rate"]
    assert [goal(result, start).met for start in missed] == [False] * 5
    result.late[0].catch_up = None  # it began when the others were done
    assert goal(result, "catch-up").met is False


def test_state_machines_that_miss_their_goals(result: Benchmark) -> None:
    found = result.stateful[0]
    found.rate, found.longest_ms, found.start_up_s = 79_000.0, 301.0, 2.1
    found.checked[0] = Checked(False, "violation", 9, 0.1)
    found.unbatched_rate = 26_000.0
    missed = ["what snapshots", "the longest", "start-up", "linearizable", "traced runs"]
    assert [goal(result, start).met for start in missed] == [False] * 5
    text = performance_tables.render(result, CHOSEN)
    (row,) = cells(text, "State machines").values()
    assert row["with snapshots"] == "301" and row["traces"] == "VIOLATE"
    assert "| 1 | 250 | - | - | 199 |" in text


def test_what_was_not_measured_is_neither_met_nor_missed(result: Benchmark) -> None:
    result.rows, result.peers, result.limits, result.flat, result.late = [], [], [], [], []
    result.stateful = []
    result.stores = []
    assert {g.met for g in goals(result)} == {None}
    assert "NOT met" not in performance_tables.render(result, CHOSEN)


def test_the_speed_table(result: Benchmark) -> None:
    row = cells(performance_tables.render(result, CHOSEN), "Throughput by size of value")[
        "64 B values"
    ]
    assert row == {
        "setting": "64 B values",
        "values/s": "100,000 (90,000–110,000)",
        "MB/s": "6.4",
        "p50, ms": "0.3",
        "p99, ms": "0.9",
        "p99.9, ms": "2.7",
        "of PySyncObj": "20×",
        "of the raw stream": "1.0%",
        "in one-way delays": "-",
        "traces": "conform",
        "check, s/s": "0.50",
        "events/s": "20",
    }
    one = cells(performance_tables.render(result, CHOSEN), "Latency, one value at a time")
    assert one["64 B values, one at a time"]["in one-way delays"] == "10.0"
    assert one["64 B values, one at a time"]["of PySyncObj"] == "0.1×"


def test_the_cost_table(result: Benchmark) -> None:
    row = cells(performance_tables.render(result, CHOSEN), "Loss", 1)["64 B values, 10% loss"]
    assert row["CPU s/M values, acceptors"] == "1.5"
    assert row["MiB, learner"] == "30"
    assert (row["datagrams/1000"], row["repeated/1000"], row["asked/1000"]) == (
        "12",
        "0.50",
        "0.25",
    )
    assert row["buffer drops"] == "21 learner", "of all three runs"


def test_wakeups_and_system_calls_are_those_of_a_value_that_is_alone(result: Benchmark) -> None:
    (alone,) = (row for row in result.rows if row.setting == ONE)
    alone.system_calls = 48.0
    table = cells(performance_tables.render(result, CHOSEN), "Latency against offered load", 1)
    row = table["64 B values, one at a time"]
    assert (row["wake-ups a value"], row["system calls a value"]) == ("10.5", "48")
    row = table["64 B values"]
    assert (row["wake-ups a value"], row["system calls a value"]) == ("-", "-")


def test_a_violation_shows(result: Benchmark) -> None:
    row = result.row(USUAL)
    assert row
    row.runs[1].checked = Checked(False, "violation of Learn", 9, 0.1)
    result.failures.append("64 B values: violation of Learn")
    text = performance_tables.render(result, CHOSEN)
    assert cells(text, "Loss")["64 B values"]["traces"] == "VIOLATE"
    assert "- 64 B values: violation of Learn" in text


def test_only_chosen_parts_are_shown(result: Benchmark) -> None:
    text = performance_tables.render(result, schedule.full(("loss",), 3, 3.0, 1000, {}))
    assert "## Loss" in text and "## Clients, acceptors" not in text


def test_plots(result: Benchmark, tmp_path: Path) -> None:
    drawn = performance_plots.draw(result, CHOSEN, tmp_path)
    names = {"throughput", "latency", "load", "switches", "scale", "flat", "late"}
    assert {path.stem for path in drawn} == names
    for path in drawn:
        assert path.stat().st_size > 5_000
        if path.suffix == ".svg":
            words = " ".join(ElementTree.parse(path).getroot().itertext())
            assert "value" in words
    text = " ".join(ElementTree.parse(tmp_path / "throughput.svg").getroot().itertext())
    assert "PySyncObj, pipelined" in text and "16 KiB" in text


def test_results_are_kept_whole(result: Benchmark) -> None:
    text = msgspec.json.encode(result)
    assert msgspec.json.decode(text, type=Benchmark) == result
