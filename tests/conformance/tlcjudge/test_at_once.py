"""As many processes of TLC as are asked for judge windows of a run, and they say what one says."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.agreement import agree
from conformance.cli.main import main
from conformance.replay.run_folder import check_run
from conformance.tlc import errors as tlcerrors
from conformance.tlc import runner
from conformance.tlcjudge import validator, windows
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.validator import TlcVerdict, Validator
from conformance.trace.reader import open_run
from tests.paths import TRACES

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _a_window_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW", 1)


def by_tlc(path: Path, window: int, at_once: int) -> TlcVerdict:
    (found,) = Validator(window=window, at_once=at_once).judge([survey(open_run(path))])
    return found


@pytest.mark.tlc
@pytest.mark.parametrize(("name", "window"), [("good/failover", 12), ("bad/vote_below_promise", 4)])
def test_several_say_what_one_says(name: str, window: int) -> None:
    path = TRACES / name
    alone, together = (by_tlc(path, window, at_once) for at_once in (1, 3))
    assert together.windows == alone.windows > 1
    assert agree(check_run(path), together)
    if alone.rejection is not None:
        assert together.rejection is not None
        assert together.rejection.event == alone.rejection.event
        assert together.rejection.false == alone.rejection.false
        assert together.rejection.state == alone.rejection.state


@pytest.mark.parametrize("jobs", [None, 1, 3])
def test_as_many_as_are_asked_for_are_at_work(
    jobs: int | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first ones wait for each other; and there are never more."""
    due = jobs or validator.AT_ONCE
    all_there = threading.Barrier(due)
    counting = threading.Lock()
    begun = at_work = most = 0

    def never(*_: Any, **__: Any) -> None:
        nonlocal begun, at_work, most
        with counting:
            begun += 1
            at_work += 1
            most = max(most, at_work)
            first = begun <= due
        if first:
            all_there.wait(PATIENCE_S)
        with counting:
            at_work -= 1
        raise tlcerrors.TlcError("nothing was judged")

    monkeypatch.setattr(runner, "run", never)
    judged = Validator.verdicts
    monkeypatch.setattr(
        Validator, "verdicts", lambda self, them: judged(replace(self, window=4), them)
    )
    more = [] if jobs is None else ["--jobs", str(jobs)]
    assert main(["check", "--tlc", *more, str(TRACES / "good" / "failover")]) == 2
    assert "nothing was judged" in capsys.readouterr().err
    assert begun > due == most
