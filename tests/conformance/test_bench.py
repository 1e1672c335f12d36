"""That `make bench-check` measures and judges; no time is asserted here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import bench, bench_against

FEW = ["--events", "3000", "--tlc-events", "500"]


@pytest.mark.tlc
def test_it_measures_both_judges(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(FEW) == 0
    lines = capsys.readouterr().out.splitlines()
    measured = ["Python", "Python", "Two", "TLC,", "TLC,", "Ratios"]
    assert [line.split()[0] for line in lines[:6]] == measured
    assert len(lines) == 12
    assert all(line.startswith(("met ", "missed ")) for line in lines[6:])
    assert all(line.endswith("(of too few events to tell)") for line in lines[6:])


@pytest.mark.parametrize(
    ("rate", "grown_mb", "faster", "each_s", "tlc_rate", "tlc_mb", "missed"),
    [
        (60_000, 20, 1.8, 0.0006, 7_500, 3072, ""),
        (59_999, 20, 1.8, 0.0006, 7_000, 3072, "events/s"),
        (60_000, 20, 1.8, 0.0006, 7_501, 3072, "8 times TLC's"),
        (60_000, 21, 1.8, 0.0006, 7_500, 3072, "ten times the events"),
        (60_000, 20, 1.7, 0.0006, 7_500, 3072, "two jobs"),
        (60_000, 20, 1.8, 0.0007, 7_500, 3072, "in 60 s"),
        (60_000, 20, 1.8, 0.0006, 7_500, 3073, "at most 3,072 MB"),
    ],
)
def test_each_limit_can_be_missed(
    rate: float,
    grown_mb: float,
    faster: float,
    each_s: float,
    tlc_rate: float,
    tlc_mb: float,
    missed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench, "python", lambda n: (rate, 60 + grown_mb * (n == bench.EVENTS)))
    monkeypatch.setattr(bench, "two_jobs", lambda n: faster)
    monkeypatch.setattr(bench, "tlc", lambda *_: (each_s, tlc_rate, tlc_mb))
    assert bench.main([]) == bool(missed)
    lines = [x for x in capsys.readouterr().out.splitlines() if x.startswith("missed")]
    assert len(lines) == bool(missed)
    assert all(missed in line for line in lines)
    assert bench.main(FEW) == 0


@pytest.mark.tlc
def test_it_measures_both_judges_of_two_checkouts(capsys: pytest.CaptureFixture[str]) -> None:
    here = str(bench_against.HERE)
    few = ["--events", "300", "--tlc-events", "100", "--pairs", "1"]
    assert bench_against.main([here, *few]) in (0, 1)  # so few events say nothing about speed
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["core", "TLC"]
    assert [line.split()[1] for line in lines[2:]] == ["core:", "TLC:"]


@pytest.mark.parametrize(("core", "tlc", "status"), [(1.05, 1.05, 0), (1.06, 1, 1), (1, 1.06, 1)])
def test_either_judge_can_be_too_slow(
    core: float, tlc: float, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bench_against, "ratio", lambda _, name, *__: {"core": core, "TLC": tlc}[name]
    )
    assert bench_against.main([str(bench_against.HERE)]) == status


def test_a_checkout_that_cannot_be_measured_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "conformance").mkdir()
    assert bench_against.main([str(tmp_path), "--events", "100"]) == 2
    assert "its core judge does not judge: " in capsys.readouterr().err
