"""Tasks that wait for values: they are told by other threads, and woken together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from paxos.api.waiters import Pending, Task, Tasks


def told(*work: Any) -> None:
    """All of it is done in another thread, which has ended."""

    def do() -> None:
        for waiter, answer in work:
            if isinstance(answer, Exception):
                waiter.set_exception(answer)
            else:
                waiter.set_result(answer)

    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def test_what_is_told_before_the_loop_comes_to_it_wakes_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> list[Any]:
        loop, tasks, wakings = asyncio.get_running_loop(), Tasks(), []
        call = loop.call_soon_threadsafe

        def counted(callback: Callable[..., object]) -> object:
            wakings.append(1)
            return call(callback)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        waiters = [tasks.waiter() for _ in range(5)]
        told(*((waiter, n) for n, waiter in enumerate(waiters[:4])))
        answers = [await waiter.future for waiter in waiters[:4]]
        assert wakings == [1]
        told((waiters[4], ValueError("no")))
        with pytest.raises(ValueError, match="no"):
            await waiters[4].future
        assert wakings == [1, 1], "and for what is told later once more"
        return answers

    assert asyncio.run(run()) == [0, 1, 2, 3]


def test_a_task_that_was_cancelled_is_not_told() -> None:
    async def run() -> None:
        tasks = Tasks()
        cancelled, other = tasks.waiter(), tasks.waiter()
        cancelled.future.cancel()
        told((cancelled, 1), (other, 2))
        assert await other.future == 2
        assert cancelled.future.cancelled()

    asyncio.run(run())


def test_a_loop_that_is_closed_is_told_nothing() -> None:
    tasks = Tasks()

    async def run() -> Task:
        return tasks.waiter()

    waiter = asyncio.run(run())
    waiter.set_result(1)
    assert not waiter.future.done()


def test_what_is_under_way_cannot_be_cancelled() -> None:
    future: Future[int] = Pending()
    assert not future.cancel()
    future.set_result(1)
    assert future.result(0) == 1
