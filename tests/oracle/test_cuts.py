"""Where a run is cut makes no difference to any verdict: a sample; more with `make cuts`."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.replay.run_folder import check_run
from conformance.tlc.errors import TlcError
from conformance.tlcjudge import validator
from conformance.tlcjudge.shadow_state import Mirror
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.validator import Validator
from conformance.trace.reader import open_run
from tests.conformance.bad_begin import begun, trimmed
from tests.conformance.scenario import Scenario, rng
from tests.oracle import cuts

pytestmark = pytest.mark.tlc

SAMPLE = range(100, 150)  # alike, so that one TLC is enough


def test_a_sample(tmp_path: Path) -> None:
    verdicts = [verdict for _, verdict in cuts.check(SAMPLE, 9, 10, tmp_path)]
    assert {v.kind for v in verdicts} >= {"conforms", "violation"}
    seen = {name for v in verdicts for name in v.counts}
    assert {"Recover", "Deliver", "Phase1b", "Phase2a", "Phase2b", "Learn"} <= seen


def test_a_border_that_is_wrong_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if what a learner learned were forgotten where a window ends."""
    monkeypatch.setattr(Mirror, "learn", lambda *_: None)
    with pytest.raises((cuts.Differs, TlcError)):
        list(cuts.check(range(101, 105, 2), 9, 10, tmp_path))


def late_vote() -> Scenario:
    """An acceptor votes where another one has trimmed, in a later window."""
    s = trimmed()
    s.vote(3, (1, 1), 1)
    s.vote(3, (1, 1), 2)
    s.learn("2.2", (1, 1), 1)  # so that what is known of the instance is kept until here
    return s


def promise_below_what_it_trimmed() -> Scenario:
    """A recovery shows a promise that was asked for up to where it shows a trimming, of which
    nothing else is said any more."""
    s = trimmed()
    s.broadcast("1.1", rng("1.1", 2))
    s.propose((1, 1), 3, rng("1.1", 2))
    s.ask((2, 2), 2)
    s.broadcast("2.1", rng("2.1", 50))
    s.recover("acceptor-1.2", promised=[2, 2], votes=[], trimmed=2)
    return s


def test_a_learner_that_skips_what_nobody_speaks_of_any_more_is_refused(tmp_path: Path) -> None:
    s = Scenario("skips", direct_learning=True, prepare_ahead=True)
    values = [rng("1.1", k) for k in (1, 2, 3)]
    s.broadcast("1.1", *values)
    s.prepare((1, 1), 1, 8)
    for i, v in enumerate(values, 1):
        s.settle((1, 1), i, v, learners=("1.1",))
    s.deliver("1.1", 1)
    s.deliver("1.1", 3)
    (by_tlc,) = Validator(window=1).judge([survey(open_run(s.write(tmp_path)))])
    assert by_tlc.rejection is not None
    assert [c.text for c in by_tlc.rejection.false] == ["IsNext(l, i)"]


def test_cut_after_every_event(tmp_path: Path) -> None:
    runs = [
        open_run(f().write(tmp_path / f.__name__))
        for f in (late_vote, promise_below_what_it_trimmed)
    ]
    for by_tlc in Validator(window=1).judge(map(survey, runs)):
        assert check_run(by_tlc.survey.run.directory).kind == "conforms"
        assert by_tlc.rejection is None
        assert by_tlc.windows == by_tlc.survey.events


def test_what_follows_a_refused_event_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Votes for what nobody proposed are refused; a window that starts after them, in which they
    are counted, is one that TLC cannot evaluate."""
    s = begun(direct_learning=True)
    for a in (1, 2):
        s.vote(a, (1, 1), 1)
    s.learn("1.1", (1, 1), 1, rng("1.1", 1))
    run = survey(open_run(s.write(tmp_path)))
    first = len(s.lines) - 2
    (by_tlc,) = Validator(window=1).judge([run])
    assert by_tlc.rejection is not None
    assert by_tlc.rejection.event == first
    monkeypatch.setattr(validator, "MOST_RUNS", 1)
    with pytest.raises(TlcError):
        Validator(window=1).judge([run])
