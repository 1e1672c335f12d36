"""What judging costs grows with the events and the acceptors, and not faster: counted, not timed.

For the Python model the calls of functions are counted, for TLC the characters that it has to read;
what it has to enumerate besides would have no end with 99 acceptors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.replay.run_folder import check_run
from conformance.tlcjudge import numbering as surveys
from conformance.tlcjudge import trace_data
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.validator import Validator
from conformance.tlcjudge.windows import jobs
from conformance.trace.reader import TraceError, open_run
from tests.conformance.bench import make
from tests.conformance.scenario import Scenario, rng, write_run

TWICE = 2.3  # as much again for twice as many, and something for what is not per event


def calls(work: Callable[[], object]) -> int:
    count = 0

    def note(frame: object, what: str, argument: object) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def text(folder: Path) -> int:
    return sum(
        len(part) for job in jobs([survey(open_run(folder))]) for part in trace_data.module(job)
    )


def log(folder: Path, size: int) -> Path:
    """A leader, three acceptors, two learners, and so many events."""
    folder.mkdir(parents=True)
    make(folder, size)
    return folder


def overlapping(folder: Path, size: int) -> Path:
    """Ranges that all have a value in common."""
    s = Scenario("overlapping")
    for k in range(1, size + 1):
        s.lines.append({
            "event": "Broadcast", "process": "client-1.1", "values": [rng("1.1", k, size)],
        })  # fmt: skip
    write_run(folder, s, s.numbered())
    return folder


def one_batch(folder: Path, size: int) -> Path:
    """All of the overlapping ranges in one batch that is proposed."""
    s = Scenario("batch", prepare_ahead=True, max_batch=9)
    s.broadcast("1.1", rng("1.1", 1))
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, *(rng("1.1", k, size) for k in range(1, size + 1)))
    return s.write(folder)


def many_acceptors(folder: Path, size: int) -> Path:
    """All of them promise and vote, and a learner counts them all."""
    s = Scenario("many", acceptors=size, direct_learning=True)
    everyone = range(1, size + 1)
    s.broadcast("1.1", rng("1.1", 1))
    s.prepare((1, 1), 1, q=everyone)
    s.settle((1, 1), 1, rng("1.1", 1), q=everyone)
    s.deliver("1.1", 1)
    return s.write(folder)


CASES = [(log, 2000), (overlapping, 300), (one_batch, 300), (many_acceptors, 48)]


@pytest.mark.parametrize(("make_run", "size"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_twice_as_much_costs_twice_as_much(make_run: Any, size: int, tmp_path: Path) -> None:
    once, twice = (make_run(tmp_path / f"{k}", k * size) for k in (1, 2))
    assert calls(lambda: check_run(twice)) < TWICE * calls(lambda: check_run(once))
    assert calls(lambda: text(twice)) < TWICE * calls(lambda: text(once))
    assert text(twice) < TWICE * text(once)


def test_what_is_quadratic_is_seen(tmp_path: Path) -> None:
    def pairs(size: int) -> None:
        for _ in range(size):
            for _ in range(size):
                len("")

    assert calls(lambda: pairs(200)) > TWICE * calls(lambda: pairs(100))


@pytest.mark.tlc
def test_tlc_counts_99_acceptors_and_3000_overlapping_ranges(tmp_path: Path) -> None:
    good = many_acceptors(tmp_path / "good", 99)
    few = Scenario("few", acceptors=99, direct_learning=True)
    few.broadcast("1.1", rng("1.1", 1))
    few.prepare((1, 1), 1, q=range(1, 51))
    few.propose((1, 1), 1, rng("1.1", 1), q=range(1, 51))
    for a in range(1, 50):
        few.vote(a, (1, 1), 1)
    few.learn("1.1", (1, 1), 1, q=range(1, 50))
    bad = few.write(tmp_path / "bad")
    ranges = overlapping(tmp_path / "ranges", 3000)
    runs = [survey(open_run(folder)) for folder in (good, bad, ranges)]
    taken, refused, second = Validator().judge(runs)
    assert taken.rejection is None
    assert refused.rejection is not None
    assert refused.rejection.false[0].text.startswith("IF DirectLearning THEN IsQuorum2(q)")
    assert second.rejection is not None
    assert second.rejection.event == 2


@pytest.mark.parametrize("limit", ["MOST_VALUES", "MOST_PROMISED"])
def test_limits_are_said(limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s = Scenario("limits", prepare_ahead=True)
    s.broadcast("1.1", rng("1.1", 1, 9))
    s.prepare((1, 1), 1, 4)
    for i in (2, 3):
        s.ask((2, 1), i)
    run = open_run(s.write(tmp_path))
    survey(run)
    monkeypatch.setattr(surveys, limit, 7)
    with pytest.raises(TraceError, match="and TLC can take 7; check without --tlc"):
        survey(run)
