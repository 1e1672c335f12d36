"""How patient a learner is with what it misses, and with answers that do not come."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from math import inf

import pytest

from paxos.core.gaps import PATIENCE, Gaps
from paxos.core.messages import Ask
from paxos.core.settings import Settings

GAP_S = Settings().gap_s


@dataclass
class Log:
    """What a learner has, as far as its gaps are concerned."""

    prefix: int = 0
    top: int = 0
    highest: int = 0
    learned: Container[int] = field(default_factory=set)

    def is_lost(self, instance: int) -> bool:
        return False


def asked(gaps: Gaps, log: Log) -> list[Ask]:
    """It looks when that is due, and looks again for what was there at the first look."""
    return list(gaps.look(log, gaps.due_s)) or list(gaps.look(log, gaps.due_s))


def unanswered(gaps: Gaps, log: Log, times: int) -> float:
    """The pause after it asked so many times."""
    asked(gaps, log)
    for _ in range(times - 1):
        list(gaps.look(log, gaps.due_s))
    before_s = gaps.due_s
    assert list(gaps.look(log, before_s))
    return gaps.due_s - before_s


def test_what_is_new_teaches_how_long_it_takes() -> None:
    """What comes quickly is missed soon, what comes slowly later."""
    for taken_s in (GAP_S / 4, 4 * GAP_S):
        gaps, log = Gaps(Settings(), 0.0), Log()
        for n in range(1, 40):
            log.top = n
            gaps.begun(n, 10.0 * n)
            log.prefix = n
            assert list(gaps.finish(log, 10.0 * n + taken_s)) == []
            gaps.due_s = inf
        gaps.begun(40, 1000.0)
        assert gaps.due_s - 1000.0 == pytest.approx(2 * taken_s, rel=0.1)


@pytest.mark.parametrize("learned", [True, False])
def test_an_answer_halves_the_patience_that_silence_has_taught(learned: bool) -> None:
    """Whether it is learned only, or delivered and forgotten."""
    gaps, log = Gaps(Settings(), 0.0), Log(top=1)
    gaps.begun(1, 0.0)
    first_s, later_s = unanswered(gaps, log, 1), unanswered(gaps, log, 4)
    assert later_s > first_s * PATIENCE
    if learned:
        log.learned = {1}
    else:
        log.prefix = 1
    now_s = gaps.due_s
    for _ in range(3):  # it is one answer
        list(gaps.finish(log, now_s))
    log.prefix, log.top = 1, 2
    gaps.due_s = inf
    gaps.begun(2, now_s)
    pause_s = unanswered(gaps, log, 1)
    # Since then it has waited in vain for what was new, and for an answer.
    assert pause_s == pytest.approx(later_s / 2 * PATIENCE**2)


@pytest.mark.parametrize(("direct", "last"), [(True, 100), (False, 16)])
def test_who_learns_from_votes_asks_for_all_that_acceptors_may_have_room_for(
    direct: bool, last: int
) -> None:
    """A leader, which decides for the others, is asked for as much as there is room for."""
    settings = Settings(direct_learning=direct, ask_instances=100)
    gaps, log = Gaps(settings, 0.0), Log(top=1000)
    gaps.mean_bytes = float(settings.fitting_bytes)
    gaps.begun(1, 0.0)
    assert [(ask.first, ask.last) for ask in asked(gaps, log)] == [(1, last)]


def test_it_asks_for_the_runs_that_are_missing() -> None:
    gaps, log = Gaps(Settings(direct_learning=True), 0.0), Log(top=6, learned={3, 6})
    gaps.begun(1, 0.0)
    assert [(ask.first, ask.last) for ask in asked(gaps, log)] == [(1, 2), (4, 5)]


@pytest.mark.parametrize(("answer_s", "messages"), [(0.01, 4), (0.1, 2), (0.5, 1)])
def test_what_is_answered_soon_is_asked_for_in_larger_parts(answer_s: float, messages: int) -> None:
    """And what takes long in smaller ones. Two messages have room for the first part."""
    settings = Settings(direct_learning=True, ask_instances=100)
    gaps, log = Gaps(settings, 0.0), Log(top=1000)
    gaps.begun(1, 0.0)
    [first] = asked(gaps, log)
    assert first.room == 2 * settings.fitting_bytes
    now_s = gaps._asked_s + answer_s
    log.prefix = first.last
    list(gaps.finish(log, now_s))
    log.top = 2000
    second = asked(gaps, log)[0]
    assert second.room == messages * settings.fitting_bytes


@pytest.mark.parametrize("answer_s", [0.001, 0.5])
def test_who_hears_of_a_part_of_the_log_at_a_time_is_not_slower_with_each(answer_s: float) -> None:
    """A learner that starts again is told of no more than it can remember. What it hears of next
    is as old as what it was answered: nothing new has been late, so its pauses do not grow."""
    settings = Settings(direct_learning=True, reach_instances=256)
    gaps, log, now_s = Gaps(settings, 0.0), Log(), 0.0
    waited_s: list[float] = []
    for _ in range(20):
        asked_s = now_s
        while not gaps._asked_to:  # somebody says often how far the log goes
            log.top = log.prefix + settings.reach_instances
            gaps.begun(log.top, now_s)
            now_s = max(now_s, gaps.due_s)
            list(gaps.look(log, now_s))
        waited_s.append(now_s - asked_s)
        now_s += answer_s
        log.prefix = gaps._asked_to
        list(gaps.finish(log, now_s))
    assert max(waited_s) < 3 * settings.gap_s
