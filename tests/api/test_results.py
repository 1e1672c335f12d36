"""Results of values, whichever is known first: where a value is, or what came of it here."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from paxos import DeliveredValue, NotKnownError, Place, ResultForgottenError
from paxos.api.results import ResultOf, Results
from paxos.api.waiters import Pending

MINE = "1.1"


def value(position: int, client: str = MINE) -> DeliveredValue:
    return DeliveredValue(position, b"v", position, client, position)


def placed(results: Results, position: int) -> Future[object]:
    """What comes of the value that is there."""
    waiter: Future[object] = Pending()
    ResultOf(results, waiter).set_result(Place(position, position))
    return waiter


def test_applied_first_or_placed_first() -> None:
    results = Results(MINE)
    early = placed(results, 1)
    assert not early.done()
    results.applied(value(1), "one")
    results.applied(value(2), "two")
    assert (early.result(0), placed(results, 2).result(0)) == ("one", "two")
    assert not results._results and not results._awaited


def test_what_others_have_broadcast_is_not_kept() -> None:
    results = Results(MINE)
    results.applied(value(1, "2.1"), "another's")
    assert not results._results


def test_a_place_that_is_not_known_is_no_result() -> None:
    future: Future[object] = Pending()
    ResultOf(Results(MINE), future).set_exception(NotKnownError("closed"))
    with pytest.raises(NotKnownError, match="closed"):
        future.result(0)


def test_what_a_snapshot_has_brought_is_said_to_be_forgotten() -> None:
    results = Results(MINE)
    before, after = placed(results, 4), placed(results, 9)
    results.passed(5)
    with pytest.raises(ResultForgottenError, match="at position 4 is delivered"):
        before.result(0)
    with pytest.raises(ResultForgottenError, match="at position 5 is delivered"):
        placed(results, 5).result(0)
    results.applied(value(9), "nine")
    assert after.result(0) == "nine"


def test_at_the_end_what_is_awaited_is_not_known() -> None:
    results = Results(MINE)
    future = placed(results, 4)
    results.end("it was closed")
    for one in (future, placed(results, 5)):
        with pytest.raises(NotKnownError, match="not known to be applied here: it was closed"):
            one.result(0)
