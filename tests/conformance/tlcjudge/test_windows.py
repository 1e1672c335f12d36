"""What TLC's windows are made of: rows, the instances that they speak of, spans of numbers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.tlcjudge import windows
from conformance.tlcjudge.encode import Tables, Writer
from conformance.tlcjudge.numbering import Numbers, _spread
from conformance.tlcjudge.shadow_state import PHASE2A, PROMISE, RECOVER, Row
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.trace_data import PLACES, module
from conformance.tlcjudge.windows import merged
from conformance.trace.reader import open_run
from conformance.trace.schema import Phase2a
from tests.conformance.scenario import Scenario, rng
from tests.conformance.walk import legal_run

A = rng("1.1", 1)
FIRST, LAST = 70, 79  # no other number of the run is as large


def rows(folder: Path, *, prepare_ahead: bool = True) -> list[Row]:
    """Those of a run with one event of each kind at least."""
    s = Scenario("far", prepare_ahead=prepare_ahead)
    b = (1, 1)
    s.broadcast("1.1", A)
    s.prepare(b, FIRST, LAST)
    for i in (FIRST, FIRST + 1):
        s.propose(b, i, A)
    s.vote(1, b, FIRST)
    s.decide(1, b, FIRST)
    s.learn("1.1", b, FIRST, A)
    s.deliver("1.1", FIRST, values=[A], position=1)
    s.trim(1, FIRST)
    s.recover("acceptor-1.2", promised=[1, 1], votes=[[FIRST + 1, [1, 1], [A]]], trimmed=FIRST)
    run = open_run(s.write(folder))
    writer = Writer(survey(run), Tables())
    return [row for _, process, _, event in run.rows() for row in writer.rows(process, event)]


def test_the_places_of_instances_are_where_rows_have_them(tmp_path: Path) -> None:
    found = rows(tmp_path)
    assert {row[0] for row in found} >= set(PLACES) - {PROMISE}  # of the log: it is in none
    for kind, *numbers in found:
        places = [k - 1 for k in PLACES.get(kind, ())]
        assert all(FIRST <= numbers[k] <= LAST for k in places), (kind, numbers)
        others = [number for k, number in enumerate(numbers) if k not in places]
        if kind in PLACES:
            assert all(number < FIRST for number in others), (kind, numbers)


@pytest.mark.parametrize("far", [9, 10**6])
@pytest.mark.parametrize("kept", ["trimmed", "votes"])
def test_an_instance_that_only_a_recovery_names_has_a_number_too(
    tmp_path: Path, kept: str, far: int
) -> None:
    """Where there are large gaps, numbers are not the instances themselves."""
    s = Scenario("recovered", prepare_ahead=True)
    s.ask((1, 1), 1)
    names: dict[str, Any] = {"trimmed": {"trimmed": far}, "votes": {"votes": [[far, [1, 1], [A]]]}}
    s.recover("acceptor-1.2", **{"promised": [1, 1], "votes": [], **names[kept]})
    numbers = survey(open_run(s.write(tmp_path))).numbers
    assert numbers.highest == numbers.instance(far)
    assert (numbers.highest == far) == (far < 1000)
    assert len(numbers.ranges) == (1 if kept == "votes" else 0), "and so has the value"


def test_a_run_in_several_jobs_has_the_tables_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a row names by number, its own job has under this number."""
    monkeypatch.setattr(windows, "WINDOW", 25)
    run = open_run(legal_run(5, 400, instances=9, prepare_ahead=True, max_batch=2).write(tmp_path))
    events, seen = [event for _, _, _, event in run.rows()], survey(run)
    cut, proposals = list(windows.jobs([seen], 10)), 0
    assert len(cut) > 3
    for job in cut:
        batches, quorums = list(job.tables.batches.numbers), list(job.tables.quorums.numbers)
        for w in job.windows:
            for row, at in zip(w.rows, w.event_of, strict=True):
                event = events[w.first - 1 + at]
                if row[0] == PHASE2A and isinstance(event, Phase2a):
                    values = tuple(seen.numbers.ranges[r] + w.shift for r in event.batch)
                    assert batches[row[4] - 1] == values
                    assert quorums[row[5] - 1] == tuple(map(seen.numbers.acceptor, event.quorum))
                    proposals += 1
    assert proposals > 5


def test_ballots_are_numbered_by_the_rounds_and_proposers_that_are_named(tmp_path: Path) -> None:
    s = Scenario("ballots", prepare_ahead=True)
    ballots = [(5, 1), (5, 2), (9, 2)]
    for b in ballots:
        s.ask(b, 1)
    numbers = survey(open_run(s.write(tmp_path))).numbers
    assert (numbers.rounds, numbers.proposers) == ([5, 9], [1, 2])
    assert [numbers.ballot(b) for b in ballots] == [1, 2, 4]
    assert [numbers.name_of_ballot(n) for n in (1, 2, 4)] == ballots


@pytest.mark.parametrize(
    ("sent", "with_"),
    [
        ([(5, 1), (4, 2)], 1),  # with the next one
        ([(1, 3), (2, 1)], 1),  # with the one before
        ([(1, 2), (5, 2), (3, 3)], 2),
        ([(1, 2), (5, 2), (2, 2)], 1),
        ([(1, 2), (3, 1)], 0),
        ([(1, 2), (5, 2), (3, 2)], 0),
    ],
)
def test_a_range_that_overlaps_an_earlier_one_is_known_with_it(
    tmp_path: Path, sent: list[tuple[int, int]], with_: int
) -> None:
    s = Scenario("overlaps", prepare_ahead=True)
    for first, count in sent:
        s.broadcast("1.1", rng("1.1", first, count))
    overlaps = survey(open_run(s.write(tmp_path))).values.overlaps
    assert overlaps == ({len(sent): with_} if with_ else {})


def test_an_acceptor_that_has_promised_nothing_recovers_no_promise(tmp_path: Path) -> None:
    s = Scenario("nothing", prepare_ahead=True)
    s.recover("acceptor-1.2", votes=[])
    run = open_run(s.write(tmp_path))
    writer = Writer(survey(run), Tables())
    [(_, process, _, event)] = run.rows()
    kinds = [row[0] for row in writer.rows(process, event)]
    assert RECOVER in kinds and PROMISE not in kinds


def test_batches_clash_in_which_two_ranges_have_a_value_in_common(tmp_path: Path) -> None:
    s = Scenario("clash", prepare_ahead=True, max_batch=4)
    s.prepare((1, 1), 1, 4)
    batches = [
        [rng("1.1", 1, 2), rng("1.1", 3)],  # they touch
        [rng("1.1", 1, 2), rng("1.1", 2)],
        [rng("1.1", 1, 2), rng("2.1", 2)],  # of two clients
        [rng("1.1", 5), rng("1.1", 4, 3)],
    ]
    for i, batch in enumerate(batches, 1):
        s.propose((1, 1), i, *batch)
    [job] = windows.jobs([survey(open_run(s.write(tmp_path)))])
    assert "\nClashes == {2,4}\n" in "".join(module(job))


@given(st.sets(st.integers(1, 40), min_size=1))
def test_numbers_are_neighbours_where_instances_are(named: set[int]) -> None:
    """Or a delivery over a gap would look like one of the next instance."""
    numbers = Numbers(instances=_spread(sorted(named)))
    ordered = [0, *sorted(named)]
    for before, after in pairwise(ordered):
        step = numbers.instance(after) - (numbers.instance(before) if before else 0)
        assert step == (1 if after == before + 1 else 2)


@given(st.sets(st.integers(1, 30)), st.lists(st.integers(1, 30), max_size=9))
def test_spans_hold_each_number_once_and_no_two_of_them_touch(
    before: set[int], more: list[int]
) -> None:
    spans = merged(merged([], before), more)
    assert {x for first, last in spans for x in range(first, last + 1)} == before | set(more)
    assert all(first <= last for first, last in spans)
    assert all(spans[k][1] + 1 < spans[k + 1][0] for k in range(len(spans) - 1))
