"""Waiting counts only the time in which the process that waits was running."""

from __future__ import annotations

import pytest

from paxos.runtime import patience
from paxos.runtime.patience import LOOK_S, Patience


class Time:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def monotonic(self) -> float:
        return self.now_s

    def looks(self, waiting: Patience, seconds: float) -> bool:
        """Somebody looks as often as it should for so long; whether it was over at the end."""
        over = False
        for _ in range(round(seconds / LOOK_S)):
            self.now_s += LOOK_S
            over = waiting.is_over()
        return over


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(patience, "time", made)
    return made


def test_it_ends_after_its_time(time: Time) -> None:
    waiting = Patience(2.0)
    assert not time.looks(waiting, 1.9)
    assert time.looks(waiting, 0.2)


def test_what_comes_begins_it_anew(time: Time) -> None:
    waiting = Patience(2.0)
    time.looks(waiting, 1.9)
    waiting.renew()
    assert not time.looks(waiting, 1.9)
    assert time.looks(waiting, 0.2)


def test_frozen_time_does_not_count(time: Time) -> None:
    """A container is frozen, a machine sleeps: it was not waiting, it was not there."""
    waiting = Patience(4.0)
    for _ in range(5):
        time.looks(waiting, 0.3)
        time.now_s += 3_600
        assert not waiting.is_over()
    assert time.looks(waiting, 4.0)
