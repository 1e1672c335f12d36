"""What an acceptor has promised, of the log or of each instance."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from conformance.rules.promises import InstancePromises, LogPromise
from conformance.trace.schema import LARGEST_NUMBER, NO_BALLOT, Ballot
from tests.conformance.bad_begin import A, B
from tests.conformance.scenario import Scenario

UPTO = 12
spans = st.tuples(st.integers(1, UPTO), st.integers(1, UPTO)).map(sorted)
made = st.lists(st.tuples(spans, st.sampled_from([NO_BALLOT, (1, 1), (1, 2), (2, 1)])), max_size=9)


@given(made, spans)
def test_promises_by_runs_are_those_by_instance(
    calls: list[tuple[list[int], Ballot]], asked: list[int]
) -> None:
    runs, plain = InstancePromises(), dict.fromkeys(range(1, UPTO + 1), NO_BALLOT)
    for (first, last), b in calls:
        runs.promise(b, first, last)
        plain.update(dict.fromkeys(range(first, last + 1), b))
        copy = runs.copy()
        copy.promise((9, 9), 1, LARGEST_NUMBER)  # of no effect on what it is a copy of
        assert [runs.highest(i, i) for i in plain] == [*plain.values()]
        found = list(runs.runs())
        assert found[0][0] == 1
        assert found[-1][1] == LARGEST_NUMBER
        for (_, end, b1), (start, _, b2) in pairwise(found):
            assert end + 1 == start
            assert b1 != b2  # so that what is the same costs nothing
    first, last = asked
    within = [plain[i] for i in range(first, last + 1)]
    assert runs.highest(first, last) == max(within)
    assert runs.lowest(first, last) == min(within)


def test_a_promise_of_the_log_is_for_all_instances() -> None:
    held = LogPromise()
    held.promise((2, 1), 3, 4)
    assert held.highest(1, 1) == held.lowest(9, 9) == (2, 1)
    assert list(held.runs(5)) == [(5, LARGEST_NUMBER, (2, 1))]


def below(scope: str, instance: int) -> Scenario:
    """Acceptor 1 promises ballot (2, 2) in instance 1, then (1, 1) in an instance."""
    s = Scenario("below", prepare_ahead=True, promise_scope=scope)
    s.broadcast("1.1", A)
    s.broadcast("2.1", B)
    s.ask((1, 1), 1, 2)
    s.ask((2, 2), 1)
    s.promise(1, (2, 2), 1)
    s.promise(1, (1, 1), instance)
    return s


def test_the_words_suggest_the_other_scope_where_that_would_be_right() -> None:
    other = "if an acceptor has a promise for each instance and not one for the log"
    assert below("instance", 2).violation is None
    for scope, instance, suggested in (("log", 2, True), ("log", 1, False), ("instance", 1, False)):
        violation = below(scope, instance).violation
        assert violation is not None
        assert (other in violation.fault.actual) == suggested


def test_the_same_batch_again_is_said_to_do_no_harm() -> None:
    for batch, harmless in ((A, True), (B, False)):
        s = Scenario("again", prepare_ahead=True)
        s.broadcast("1.1", A)
        s.broadcast("2.1", B)
        s.prepare((1, 1), 1)
        s.propose((1, 1), 1, A)
        s.propose((1, 1), 1, batch)
        assert s.violation is not None
        assert s.violation.name == "Phase2a.once"
        assert ("no harm" in s.violation.fault.actual) == harmless
