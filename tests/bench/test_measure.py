"""From samples and readings to figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bench.runner import _late
from harness.bench.running import Sample
from harness.bench.summary import window
from harness.bench.watched import Reading, cpu_between, wakeups_between
from harness.measure.folder import RunFolders
from harness.measure.spread import Spread, spread

STEADY = [Sample(n / 10, (n * 100, n * 100 - (20 if n else 0))) for n in range(11)]
"""Two learners, a thousand values a second, the second one a little behind."""


def test_the_window_is_of_the_slowest_learner() -> None:
    part = window(STEADY, 200, 980)
    assert (part.first, part.last) == (180, 980)
    assert (part.from_s, part.to_s) == pytest.approx((0.2, 1.0))
    assert part.rate == pytest.approx(1000)


def test_the_window_starts_where_the_run_was_warm() -> None:
    slow_start = [Sample(0.0, (0,)), Sample(5.0, (100,)), Sample(5.1, (300,)), Sample(5.3, (500,))]
    assert window(slow_start, 100, 500).rate == pytest.approx(400 / 0.3)
    assert window(slow_start, 0, 500).rate == pytest.approx(500 / 5.3)


def test_a_run_that_is_over_between_two_samples_has_a_window() -> None:
    part = window([Sample(1.0, (1, 1)), Sample(1.5, (401, 401))], 81, 401)
    assert part.rate == pytest.approx(800)


def test_processor_time_is_interpolated() -> None:
    readings = [Reading(1.0, 0.0, 0), Reading(2.0, 1.0, 0), Reading(3.0, 1.5, 0)]
    assert cpu_between(readings, 1.5, 2.5) == pytest.approx(0.75)
    assert cpu_between(readings, 0.0, 9.0) == pytest.approx(1.5), "it had ended by then"
    assert cpu_between([], 0.0, 1.0) == 0.0


def test_wakeups_are_interpolated_too() -> None:
    readings = [Reading(1.0, 0.0, 0, 100), Reading(2.0, 0.0, 0, 300)]
    assert wakeups_between(readings, 1.5, 9.0) == pytest.approx(100)


def test_spread() -> None:
    assert spread([3.0, None, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert spread([None]) is None


def test_a_late_learner_is_held_against_the_others_while_both_deliver() -> None:
    alone = [Sample(n / 10, (n * 100, n * 100)) for n in range(11)]  # 1000/s until 1.0 s
    both = [Sample(1.0 + n / 10, (1000 + n * 80,) * 2 + (n * 60,)) for n in range(1, 6)]  # 800/s
    rest = [Sample(1.5 + n, (1400, 1400, min(1400, 300 + n * 500))) for n in range(1, 4)]
    late = _late([*alone, *both, *rest], 0.0, len(alone), 1400, True, None)
    assert late.behind == 1000
    assert late.live_before == pytest.approx(1000)
    assert late.live_during == pytest.approx(800), "not what came when the others were done"
    assert late.catch_up == pytest.approx(600)
    assert late.course[-1][1:] == (1400, 1400)


def test_a_late_learner_that_only_begins_when_the_others_are_done_has_no_rate() -> None:
    samples = [Sample(0.0, (0, 0)), Sample(1.0, (100, 100)), Sample(2.0, (100, 100, 50))]
    late = _late(samples, 0.0, 2, 100, False, None)
    assert late.catch_up is None and late.live_during is None


@pytest.mark.parametrize(("keep", "conforms", "left"), [
    (False, True, False), (False, False, True), (True, True, True)
])  # fmt: skip
def test_the_folder_of_a_run_that_went_well_is_removed(
    tmp_path: Path, keep: bool, conforms: bool, left: bool
) -> None:
    folders = RunFolders(tmp_path, keep=keep)
    old = tmp_path / "runs" / "001-off" / "old"
    old.mkdir(parents=True)
    folder = folders.new("-off", 3)
    assert folder == old.parent and not folder.exists(), "what was there is gone"
    folder.mkdir()
    folders.done(folder, conforms=conforms)
    assert folder.exists() == left
    assert folders.new("-off", 3).name == "002-off"
