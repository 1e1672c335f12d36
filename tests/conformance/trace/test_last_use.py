"""Last uses are those that a look at all later events finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.last_use import DENSE, Floor, LastUse, all_from, instances_of
from conformance.trace.reader import open_run
from tests.conformance.walk import legal_run

WIDE = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)))


@given(WIDE, st.lists(st.integers(1, 60)))
def test_a_floor_is_the_lowest_that_is_still_to_come(
    wide: list[tuple[int, int]], times: list[int]
) -> None:
    floor = Floor(wide)
    for now in sorted(times):
        lowest = min((first for time, first in wide if time >= now), default=None)
        assert floor.at(now) == lowest


@given(st.integers(0, 2**32), st.booleans())
def test_last_uses_are_those_of_the_run(
    tmp_path_factory: pytest.TempPathFactory, seed: int, ahead: bool
) -> None:
    folder = legal_run(seed, 200, instances=5, prepare_ahead=ahead).write(
        tmp_path_factory.mktemp("uses")
    )
    events = [event for _, _, _, event in open_run(folder).rows()]
    uses = LastUse()
    for time, event in sorted(enumerate(events, 1), key=lambda x: x[1].process):
        uses.note(event, time)
    for i in range(1, 12):
        named = [time for time, event in enumerate(events, 1) if i in instances_of(event)]
        assert uses.last(i) == max(named, default=0)
    wide = [all_from(event) for event in events if all_from(event)]
    assert uses.floor().at(0) == min(wide, default=None)


def test_an_instance_far_away_is_kept_apart() -> None:
    uses = LastUse()
    uses.extend(2**62, 7)
    uses.extend(2**62, 5)
    assert (uses.last(2**62), uses.last(DENSE), uses.last(3)) == (7, 0, 0)
