"""The node's thread: what it waits for, what wakes it, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from math import inf
from typing import Any

import pytest

from paxos.core.messages import Message, Reject
from tests.runtime.harness import B, Harness, Recorder


@pytest.fixture
def harness() -> Iterator[Harness]:
    made = Harness()
    yield made
    made.node.stop()  # a thread that went on would take its time from all tests that follow


def test_the_role_ticks_at_the_deadline(harness: Harness) -> None:
    harness.role.due_s = time.monotonic() + 0.05
    harness.node.start()
    assert harness.role.ticked.wait(5)
    assert harness.node.stop()


def test_a_task_is_run_in_steps_until_it_is_done(harness: Harness) -> None:
    acted: list[float] = []

    def act(now_s: float) -> bool:
        if len(harness.role.received) < 2:
            return False
        acted.append(now_s)
        return len(acted) == 2

    def wait() -> None:
        harness.node.run_in_steps(act)
        over.set()

    over = threading.Event()
    harness.node.start(wait)
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.wait(lambda: harness.role.received)
    assert not acted
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.wait(lambda: acted)
    assert not over.is_set(), "it is not done yet, and need not wake"
    harness.world.arrive(harness.datagram(Reject(B)))
    assert over.wait(5)
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.wait(lambda: len(harness.role.received) == 4)
    assert len(acted) == 2
    assert harness.node.stop()


def test_a_stop_ends_all_waiting_at_once(harness: Harness) -> None:
    over = threading.Event()

    def wait_for_ever() -> None:
        harness.node.run_in_steps(lambda now_s: False)
        over.set()

    harness.node.start(wait_for_ever)
    began_s = time.monotonic()
    assert harness.node.stop()
    assert over.wait(5)
    assert time.monotonic() - began_s < 0.4
    assert harness.world.done == ["close", "close"]


@pytest.mark.parametrize("where", ["message", "deadline", "reader"])
def test_a_thread_that_dies_stops_the_process(harness: Harness, where: str) -> None:
    def fail(*_: object) -> Any:
        raise ZeroDivisionError("in a thread")

    others: list[Callable[[], None]] = []
    if where == "message":
        harness.role.receive = fail  # type: ignore[assignment, method-assign]
        harness.world.arrive(harness.datagram(Reject(B)))
    elif where == "deadline":
        harness.role.due_s = 0.0
        harness.role.tick = fail  # type: ignore[assignment, method-assign]
    else:
        others.append(fail)
    harness.node.start(*others)
    assert harness.stop.wait(5)
    assert isinstance(harness.stop.failure, ZeroDivisionError)
    assert harness.node.stop()


def test_a_step_that_hangs_does_not_hang_the_stop(harness: Harness) -> None:
    release = threading.Event()
    harness.node.start()
    harness.role.on_flush = lambda: release.wait(10)
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.wait(lambda: harness.role.received)
    assert not harness.node.stop()
    release.set()
    harness.wait(harness.node.stop)


@pytest.fixture
def calls(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The node of `harness`, started; of its thread, by which thread it is called."""
    harness.seat.patience.due_s = inf  # nothing else wakes it
    harness.node.start()
    called: list[str] = []
    call = harness.node._wakeup.call

    def note() -> None:
        called.append("its own" if harness.node.is_hearing() else "another")
        call()

    monkeypatch.setattr(harness.node._wakeup, "call", note)
    return called


def test_the_thread_is_not_woken_where_nothing_follows(harness: Harness, calls: list[str]) -> None:
    harness.node.act(harness.seat, lambda now_s: None)
    harness.node.nudge()
    assert not calls
    assert harness.node.stop()


def test_the_thread_is_woken_once_for_an_earlier_deadline(
    harness: Harness, calls: list[str]
) -> None:
    for later_s in (60.0, 70.0, 50.0):
        harness.role.due_s = time.monotonic() + later_s
        harness.node.nudge()
    assert len(calls) == 2, "the second time it wakes early enough"
    harness.role.due_s = time.monotonic()
    harness.node.nudge()
    assert harness.role.ticked.wait(5)
    assert harness.node.stop()


def test_the_thread_does_not_wake_itself(harness: Harness, calls: list[str]) -> None:
    def hurry() -> None:
        harness.role.on_flush = lambda: None
        harness.role.due_s = time.monotonic() + 0.02

    harness.role.on_flush = hurry
    harness.world.arrive(harness.datagram(Reject(B)))
    assert harness.role.ticked.wait(5)
    assert not calls
    assert harness.node.stop()


def test_an_interface_that_comes_back_is_heard(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked after when it is time to, it is heard at another socket."""
    other = Recorder()
    receive = harness.world.receive

    def look(timeout_s: float) -> list[bytes]:
        if time.monotonic() >= harness.world.look_s:
            harness.world.look_s = inf
            monkeypatch.setattr(harness.world, "fileno", other.fileno)
            monkeypatch.setattr(harness.world, "receive", other.receive)
        return receive(timeout_s)

    monkeypatch.setattr(harness.world, "receive", look)
    harness.world.look_s = time.monotonic() + 0.01
    harness.node.start()
    harness.wait(lambda: harness.world.look_s == inf)
    other.arrive(harness.datagram(Reject(B)))
    harness.wait(lambda: harness.role.received)
    assert harness.node.stop()


@pytest.mark.parametrize("answered", [False, True])
def test_what_has_come_goes_before_what_is_due(harness: Harness, answered: bool) -> None:
    """It may be what was waited for. Each is a step of its own."""
    done: list[str] = []

    def receive(sender: int, message: Message, now_s: float) -> None:
        done.append("receive")
        harness.role.due_s = inf if answered else harness.role.due_s

    def tick(now_s: float) -> None:
        done.append("tick")
        harness.role.due_s = inf

    harness.role.receive, harness.role.tick = receive, tick  # type: ignore[method-assign]
    harness.role.on_flush = lambda: done.append("step")
    harness.role.due_s = 0.0
    harness.world.arrive(harness.datagram(Reject(B)))
    harness.node.start()
    harness.wait(lambda: len(done) == 3 if answered else len(done) == 5)
    assert harness.node.stop()
    assert done == ["step", "receive", "step", *([] if answered else ["tick", "step"])]


def test_what_follows_when_others_make_roles_act(harness: Harness) -> None:
    """By its own thread, which nothing else wakes here."""
    threads: list[threading.Thread] = []
    harness.node.after_acting = lambda: threads.append(threading.current_thread())
    harness.seat.patience.due_s = inf
    harness.node.start()
    harness.node.is_after_acting_due = lambda: True
    harness.node.nudge()
    harness.wait(lambda: threads)
    assert threads == [harness.node._thread]
    assert harness.node.stop()


def test_it_says_so_after_what_was_due(harness: Harness) -> None:
    """Whatever comes of a deadline may be for an application, too."""
    acted = threading.Event()
    harness.node.after_acting = acted.set
    harness.node.start()
    harness.role.due_s = 0.0
    harness.node.nudge()
    assert acted.wait(5.0)
