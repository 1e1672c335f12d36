"""What is dropped is counted by reason, in bounded memory."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from paxos.runtime.report import AGAIN_S, MAX_REASONS, Complaints


def test_reasons_without_end_become_one(capfd: pytest.CaptureFixture[str]) -> None:
    """A stranger chooses what some reasons name."""
    totals: Counter[str] = Counter()
    complaints = Complaints("learner-1.1", totals)
    complaints.add("malformed")
    for sender in range(1_000):
        complaints.add(f"of learner {sender}, which is not configured")
    complaints.add("malformed", 5)
    complaints.flush()
    assert len(totals) == MAX_REASONS + 1
    assert totals["malformed"] == 6
    assert totals.total() == 1_006
    said = capfd.readouterr().err
    assert said.startswith("learner-1.1: dropped: 1 malformed\n"), "the first is said at once"
    assert said.count("\n") <= 3
    others = sum(map(int, re.findall(r"(\d+) for other reasons", said)))
    assert others == totals["for other reasons"] == 1_000 - MAX_REASONS + 1


def test_what_goes_on_is_said_once_and_again_after_a_while(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new is said at once, if nothing was said in the last second."""
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    totals: Counter[str] = Counter()
    complaints = Complaints("learner-1.1", totals)
    for _ in range(300):
        complaints.add("of an earlier incarnation", detail=" (acceptor 1)")
        now_s += 0.1
    assert capfd.readouterr().err == (
        "learner-1.1: dropped: 1 of an earlier incarnation (acceptor 1)\n"
    )
    complaints.add("of an earlier incarnation", detail=" (acceptor 2)")
    assert capfd.readouterr().err == (
        "learner-1.1: dropped: 1 of an earlier incarnation (acceptor 2)\n"
    )
    now_s += AGAIN_S
    complaints.add("of an earlier incarnation", detail=" (acceptor 1)")
    assert capfd.readouterr().err == (
        "learner-1.1: dropped: 300 of an earlier incarnation (acceptor 1)\n"
    )
    complaints.add("of an earlier incarnation", detail=" (acceptor 2)")
    complaints.flush()
    assert "dropped: 1 of an earlier incarnation (acceptor 2)" in capfd.readouterr().err
    assert totals == {"of an earlier incarnation": 303}, "by reason alone"


def test_details_are_bounded_too() -> None:
    complaints = Complaints("learner-1.1", Counter())
    for number in range(10_000):
        complaints.add("malformed", detail=f" ({number})")
        complaints.flush()
    assert len(complaints._again_s) <= 2 * MAX_REASONS
    assert not complaints._new
