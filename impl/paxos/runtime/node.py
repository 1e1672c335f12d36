"""The node: a thread around the role of a process, or around those of a replica.

It waits for datagrams and for the next deadline, whichever comes first. What else makes a role do
something has a thread of its own, as the reader of a client's input does
(`paxos.runtime.stdin_reader`), or an application. They meet at one lock around all roles. Whoever
made a role do something performs the step that came of it, still under the lock
(`paxos.runtime.seat`), and the steps of other roles that follow from it (`paxos.runtime.handover`):
the node's thread is woken only for a deadline that comes sooner, or to answer.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Protocol, TypeVar

from paxos.errors import RunError
from paxos.runtime.handover import Handover
from paxos.runtime.report import say
from paxos.runtime.seat import Opened, Seat
from paxos.runtime.streams import Readable
from paxos.runtime.wakeup import Wakeup

STOP_S = 0.3
"""How long a stop waits for the thread that is in the middle of a step."""

Found = TypeVar("Found")

Arrived = Sequence[tuple[Seat, list[Opened]]]
"""A group of datagrams, by whom they are for."""


class Owner(Protocol):
    """Whoever has made a node."""

    def request(self, failure: BaseException) -> None:
        """The node has failed, and is to be stopped. Called by the thread that has met it."""

    def retired(self, why: str) -> None:
        """One of several roles cannot go on, and the others do. Called under the node's lock."""


class Node:
    """Drives roles until it is stopped."""

    def __init__(self, seats: Sequence[Seat], stop: Owner) -> None:
        """`seats` in the order of `Handover`."""
        self.seats = seats
        """All that there were at the start."""
        self._working = list(seats)
        self._handover = Handover(seats)
        self._wakeup = Wakeup()
        self._ears: dict[int, Seat] = {}  # by the descriptor at which it hears; empty: to be asked
        self._readable = Readable(())  # of these, and the wake-up
        self._releasing: list[Seat] = []  # of these, what may want to be asked for no datagram
        self._stop = stop
        self._lock = threading.Lock()
        self._task_done = threading.Condition(self._lock)
        self._awaited_s = inf  # the deadline that its thread waits for, or an earlier one
        self._is_settled = True  # or the roles have more to say to one another
        self._client = next((s for s in seats if s.member.role == "client"), seats[0])
        self._task: Callable[[float], bool] | None = None
        self._stopped = False
        self.after_acting: Callable[[], None] = lambda: None
        """What its thread does when the roles have done something, without the lock: it may call an
        application, which may call the node."""
        self.is_after_acting_due: Callable[[], bool] = lambda: False
        """Whether that has something to do. If another thread has made it so, the node's is woken
        for it."""
        self._thread = threading.Thread(target=self._guard, args=(self._run,), daemon=True)
        for seat in seats:
            if seat.checkpoints:
                seat.checkpoints.tell = partial(self._tell, seat)
            if seat.transferring:
                seat.transferring.act = partial(self.act, seat)

    # The thread.

    def start(self, *others: Callable[[], None]) -> None:
        """Do what the roles want done first, and start the thread; each of `others` gets one
        too."""
        self._guard(self._begin)
        self._thread.start()
        for work in others:  # may be blocked in reading, so nobody waits for them
            threading.Thread(target=self._guard, args=(work,), daemon=True).start()

    def _begin(self) -> None:
        with self._lock:
            now_s = time.monotonic()
            for seat in self.seats:
                seat.begin(now_s)
            self._act(now_s)

    def _guard(self, work: Callable[[], None]) -> None:
        """A thread must not die unnoticed: its failure stops the process."""
        try:
            work()
        except BaseException as error:
            self._stop.request(error)

    def stop(self) -> bool:
        """Finish the step under way, if any, and do nothing more. False if a step is stuck."""
        # In parts: if this process was just frozen for as long, the thread that is in a step goes
        # on only now.
        if not any(self._lock.acquire(timeout=STOP_S / 6) for _ in range(6)):
            return False
        if not self._stopped:
            self._stopped = True
            for seat in self._working:
                seat.send_held_back()
        self._wakeup.call()
        self._task_done.notify_all()
        self._lock.release()
        if self._thread.ident and not self.is_hearing():
            self._thread.join(STOP_S)
        for seat in self.seats:
            seat.close()
        with self._lock:
            self._wakeup.close()
        return True

    def _run(self) -> None:
        """The node's thread."""
        while not self._stopped:
            arrived = self._wait()
            with self._lock:
                self._go_on(arrived)
            self.after_acting()

    def _wait(self) -> Arrived:
        """Wait for datagrams, the next deadline, a call, and what else a seat wants to see to."""
        ears = self._ears
        if not ears:
            ears = self._ears = {seat.network.fileno(): seat for seat in self._working}
            self._readable = Readable((self._wakeup.fd, *ears))
            self._releasing = [seat for seat in self._working if seat.can_release]
        release_s = min([seat.release_s for seat in self._releasing], default=inf)
        until_s = min(self._awaited_s, release_s)
        pause_s = None if until_s == inf else max(0.0, until_s - time.monotonic())
        ready = self._readable.wait(pause_s)
        if self._wakeup.fd in ready:
            self._wakeup.answer()
        if release_s < inf and time.monotonic() >= release_s:
            self._ears = {}  # an interface that is looked after now may be another one then
            ready = list(ears)
        return [(ears[fd], ears[fd].receive()) for fd in ready if fd in ears]

    def _go_on(self, arrived: Arrived) -> None:
        """Do what is to be done about what has arrived, and then what is still due: each in a step
        of its own, as the simulator has them."""
        if self._stopped:
            return
        now_s = time.monotonic()
        heard = [(seat, group) for seat, group in arrived if group and seat in self._working]
        if heard:
            self._act(now_s, partial(self._hear, heard))
        if now_s >= self._awaited_s:
            self._act(now_s, self._tick)

    def _hear(self, heard: Arrived, now_s: float) -> None:
        for seat, group in heard:
            seat.consume(group, now_s)
        for seat in self._working:
            seat.be_present(now_s)
        self._run_task(now_s)

    def _tick(self, now_s: float) -> None:
        for seat in self._working:
            if now_s >= seat.due_s:
                seat.tick(now_s)

    def run_in_steps(self, task: Callable[[float], bool]) -> None:
        """Run `task(now_s)`, which may act on the role, at once and then in each step that handles
        messages, until it returns True; the calling thread (one at a time) sleeps until then, or
        until the node is stopped. What comes of the task is performed with that step, so the node's
        thread, which hears what the task waited for, also does it, which costs less than to wake
        the caller. For a node with a client, which the task acts on.
        """
        with self._lock:
            if self._stopped:
                return
            self._task = task
            self._act(time.monotonic(), self._run_task)
            while self._task is not None and not self._stopped:
                self._task_done.wait()
            self._task = None

    def keep_running(self, task: Callable[[float], object]) -> None:
        """Run `task(now_s)`, which may act on the client, before each of the client's steps: what
        it has heard by then, from the network or from the roles beside it, is answered in the same
        step. To be called before `start`."""
        self._client.before_step = task

    def nudge(self) -> None:
        """Have the client do a step now, in this thread."""
        self._guard(self._nudge)
        self._follow()

    def _nudge(self) -> None:
        with self._lock:
            if not self._stopped:
                self._client.is_touched = True
                self._act(time.monotonic())

    def act(self, seat: Seat, action: Callable[[float], object]) -> None:
        """Do `action(now_s)` to the role of one of the seats, and the steps that come of it, in
        this thread, which is not the node's. Nothing is done once the node has stopped."""

        def work(now_s: float) -> None:
            seat.is_touched = True
            action(now_s)

        def act() -> None:
            with self._lock:
                if not self._stopped and seat in self._working:
                    self._act(time.monotonic(), work)

        self._guard(act)
        self._follow()

    def _tell(self, seat: Seat, prefix: int, durable: bool) -> None:
        """What came of a learner's snapshot."""

        def kept(now_s: float) -> None:
            seat.role.kept_checkpoint(prefix, now_s, durable=durable)
            if seat.transferring:
                seat.transferring.offer_newest()

        self.act(seat, kept)

    def _follow(self) -> None:
        """Have the node's thread do `after_acting`, if there is something to do: the caller has
        made the roles act, and what it calls could come back here."""
        if not self.is_after_acting_due():
            return
        with self._lock:
            self._wakeup.call()

    def is_hearing(self) -> bool:
        """Whether this is its own thread, which cannot wait for what it would have to hear."""
        return threading.get_ident() == self._thread.ident

    def _run_task(self, now_s: float) -> None:
        """Give the task of another thread a chance, if there is one."""
        if self._task is None:
            return
        self._client.is_touched = True
        if self._task(now_s):
            self._task = None
            self._task_done.notify()

    def sleep_until(self, at_s: float) -> None:
        """Sleep until `at_s` by the monotonic clock, or until the node is stopped."""
        with self._lock:
            while not self._stopped and (pause_s := at_s - time.monotonic()) > 0:
                self._task_done.wait(pause_s)

    def look(self, read: Callable[[list[Seat]], Found]) -> Found:
        """What `read` finds in the seats, while nobody does a step."""
        with self._lock:
            return read(list(self.seats))

    def _deadline_s(self) -> float:
        """When its thread is next wanted although nothing arrives."""
        return min([seat.due_s for seat in self._working]) if self._is_settled else -inf

    # Steps.

    def _act(self, now_s: float, work: Callable[[float], None] = lambda now_s: None) -> None:
        """Do `work(now_s)`, and the steps that come of it. What fails is the last that is done: a
        role may already believe in what has not come to be."""
        try:
            work(now_s)
            self._is_settled = self._handover.settle(now_s)
            for seat in self._working:
                if seat.failure:
                    self._retire(seat)  # of which there is a new list then
        except BaseException:
            self._stopped = True  # nothing more is said
            raise
        self._await(self._deadline_s())

    def _await(self, deadline_s: float) -> None:
        """See to it that the node's thread is awake at `deadline_s`. One that was earlier stands,
        unless it is that thread which says so: a wake-up for nothing, now and then, costs less than
        one for each value."""
        if self.is_hearing():
            self._awaited_s = deadline_s
        elif deadline_s < self._awaited_s:
            self._awaited_s = deadline_s
            self._wakeup.call()

    def _retire(self, seat: Seat) -> None:
        """A role cannot go on. Others here can: without their votes, the cluster might not."""
        if len(self._working) == 1:
            raise RunError(seat.failure)
        say(f"error: {seat.process}: {seat.failure}; without it, this process goes on")
        self._stop.retired(f"{seat.process}: {seat.failure}")
        self._working = [other for other in self._working if other is not seat]
        self._handover.remove(seat)
        self._ears = {}
