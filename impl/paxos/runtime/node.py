"""The node: threads around one role.

A receiver thread blocks on the multicast socket, a timer thread waits for the role's next
deadline, and a client has a reader of its input besides (`paxos.runtime.stdin_reader`). They meet
at one lock around the role. Whoever made the role do something performs the step that came of it,
still under the lock, in the one order that is right: make durable, write the trace, deliver, send.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from paxos.config import Groups
from paxos.core.messages import Group, Message, encode_messages
from paxos.core.names import ProcessName
from paxos.core.role import Role
from paxos.core.step import Step
from paxos.datagram import OVERHEAD_BYTES
from paxos.errors import RunError, reason
from paxos.runtime.clock import LATEST_US, Clock
from paxos.runtime.deliveries import Deliveries
from paxos.runtime.envelope import PRESENCE, PROTOCOL, Envelope, Received, RejectedError, bodies
from paxos.runtime.faults import Faults
from paxos.runtime.hello import encode_about
from paxos.runtime.multicast import Multicast
from paxos.runtime.network import Network
from paxos.runtime.outbox import Outbox
from paxos.runtime.presence import Presence
from paxos.runtime.report import Complaints, say
from paxos.runtime.shutdown import Stop
from paxos.runtime.skew import Skew
from paxos.runtime.stats import Stats
from paxos.runtime.storage import Storage
from paxos.runtime.tracer import TraceError, Tracer
from paxos.runtime.waiting import Waiting

STOP_S = 0.3
"""How long a stop waits for a thread that is in the middle of a step."""

TOO_LARGE = "that were larger than a datagram (is datagram_bytes the same in all processes?)"
"""What a node does not send. A role makes no such message, unless others have told it of a batch
that is too large for it: processes with larger datagrams do, or one that lies."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a node has around it."""

    network: Multicast | Network
    groups: Groups
    envelope: Envelope
    datagram_bytes: int
    """The largest datagram that it may send."""
    clock: Clock
    storage: Storage
    tracer: Tracer | None
    """None: it leaves no trace."""
    deliveries: Deliveries
    """Where a learner's deliveries go."""
    faults: Faults
    stop: Stop
    presence: Presence
    strict_trace: bool = False
    """Whether it stops when its trace cannot be written."""


class Node:
    """Drives a role until it is stopped."""

    def __init__(self, process: ProcessName, role: Role, around: Surroundings) -> None:
        self._role = role
        self._network = around.network
        self._groups = {group: getattr(around.groups, group.value) for group in Group}
        self._envelope = around.envelope
        self._datagram_bytes = around.datagram_bytes
        self._clock = around.clock
        self._storage = around.storage
        self._tracer = around.tracer
        self._deliveries = around.deliveries
        self._faults = around.faults
        self._stop = around.stop
        self._strict_trace = around.strict_trace
        self._presence = around.presence
        self._process = str(process)
        self._skew = Skew(self._process, around.clock)
        self.patience = Waiting(process, role, time.monotonic())
        self.stats = Stats(process)
        self._complaints = Complaints(self._process, self.stats.dropped)

        self._lock = threading.Lock()
        self._deadline_moved = threading.Condition(self._lock)
        self._task_done = threading.Condition(self._lock)
        self._awaited_s = inf  # the deadline the timer thread is waiting for
        self._outbox = Outbox(role.settings.in_flight)
        self._task: Callable[[float], bool] | None = None
        self._stopped = False
        self._threads: list[threading.Thread] = []
        self.trace_failed = False

    # Threads.

    def start(self, *others: Callable[[], None]) -> None:
        """Do what the role wants done first, and start the threads; each of `others` gets one
        too."""
        self._guard(self._begin)
        for work in (self._receive, self._watch_time):
            thread = threading.Thread(target=self._guard, args=(work,), daemon=True)
            self._threads.append(thread)
            thread.start()
        for work in others:  # may be blocked in reading, so nobody waits for them
            threading.Thread(target=self._guard, args=(work,), daemon=True).start()

    def _begin(self) -> None:
        with self._lock:
            now_s = time.monotonic()
            self._skew.start(now_s)
            self._perform(self._role.flush(now_s), now_s)

    def _guard(self, work: Callable[[], None]) -> None:
        """A thread must not die unnoticed: its failure stops the process."""
        try:
            work()
        except BaseException as error:
            self._stop.request(error)

    def stop(self) -> bool:
        """Finish the step under way, if any, and do nothing more. False if a step is stuck."""
        self._network.wake()
        # In parts: if this process was just frozen for as long, the thread that is in a step goes
        # on only now.
        if not any(self._lock.acquire(timeout=STOP_S / 6) for _ in range(6)):
            return False
        if not self._stopped:
            self._stopped = True
            self._send(self._outbox.take())
        self._deadline_moved.notify_all()
        self._task_done.notify_all()
        self._lock.release()
        for thread in self._threads:
            thread.join(STOP_S)
        self._complaints.flush()
        self.stats.repeated = self._role.repeated
        if self._tracer:
            self._tracer.close()
        self._storage.close()
        return True

    def _receive(self) -> None:
        """The receiver thread."""
        while not self._stopped:
            pause_s = self._faults.deadline_s() - time.monotonic()
            timeout_s = None if pause_s == inf else max(0.0, pause_s)
            datagrams = self._network.receive(timeout_s)
            datagrams = self._faults.apply(datagrams, time.monotonic())
            opened = [self._open(datagram) for datagram in datagrams]
            with self._lock:
                self._consume(opened)

    def _open(self, datagram: bytes) -> Received | RejectedError:
        try:
            return self._envelope.open(datagram)
        except RejectedError as error:
            return error

    def _consume(self, group: list[Received | RejectedError]) -> None:
        if self._stopped or not group:
            return
        now_s = time.monotonic()
        for received in group:
            if refusal := self._refusal(received, now_s):
                self._complaints.add(*refusal)
            elif isinstance(received, Received):
                self.stats.received += 1
                for message in received.messages:
                    self._role.receive(received.sender, message, now_s)
        if now_s >= self._skew.due_s:
            self._skew.look(now_s)
        self._be_present(now_s)
        self._run_task(now_s)
        self._perform(self._role.flush(now_s), now_s)

    def _refusal(
        self, received: Received | RejectedError, now_s: float
    ) -> tuple[str, int, str] | None:
        """Why a datagram is dropped, if it is, as `Complaints.add` takes it; otherwise its
        sender's clocks are noted."""
        if isinstance(received, RejectedError):
            return str(received), 1, received.detail
        clock = received.clock
        if clock > LATEST_US:
            who = f"of {received.role} {received.sender}"
            return f"{who}, with a clock that no honest process has", 1, ""
        refuse = self._presence.refusal if received.about is None else self._presence.hear
        if refusal := refuse(received, now_s):
            return refusal[0], 1, refusal[1]
        if received.about is None:
            peer = received.member
            if peer != self._presence.me.member:  # proposers hear themselves too
                self._skew.hear(peer, clock, received.wall_us, now_s)
                self.patience.hear(peer, now_s)
            self._clock.merge(clock)
        return None

    def _be_present(self, now_s: float) -> None:
        """Say what is to be said beside the protocol. Raises why this process must end."""
        self._presence.tick(now_s)
        for group, about in self._presence.take():
            self._send_datagram(group, encode_about(about), PRESENCE)
        if self._presence.failure:
            self._stopped = True  # nothing more is said
            raise self._presence.failure

    def _watch_time(self) -> None:
        """The timer thread."""
        with self._lock:
            while not self._stopped:
                now_s = time.monotonic()
                deadline_s = self._deadline_s()
                if now_s >= self.patience.due_s:
                    self.patience.look(now_s)
                    continue
                if now_s >= deadline_s:
                    self._be_present(now_s)
                    if now_s >= self._role.deadline_s():
                        self._role.tick(now_s)
                    self._perform(self._role.flush(now_s), now_s)
                    continue
                self._awaited_s = deadline_s
                self._deadline_moved.wait(None if deadline_s == inf else deadline_s - now_s)
                self._awaited_s = -inf  # awake: need not be told

    def run_in_steps(self, task: Callable[[float], bool]) -> None:
        """Run `task(now_s)`, which may act on the role, at once and then in each step that handles
        messages, until it returns True; the calling thread (one at a time) sleeps until then, or
        until the node is stopped. What comes of the task is performed with that step, so the thread
        that hears what the task waited for also does it, which costs less than to wake the caller.
        """
        with self._lock:
            if self._stopped:
                return
            self._task = task
            now_s = time.monotonic()
            self._run_task(now_s)
            self._perform(self._role.flush(now_s), now_s)
            while self._task is not None and not self._stopped:
                self._task_done.wait()
            self._task = None

    def _run_task(self, now_s: float) -> None:
        """Give the task of another thread a chance, if there is one."""
        if self._task is not None and self._task(now_s):
            self._task = None
            self._task_done.notify()

    def sleep_until(self, at_s: float) -> None:
        """Sleep until `at_s` by the monotonic clock, or until the node is stopped."""
        with self._lock:
            while not self._stopped and (pause_s := at_s - time.monotonic()) > 0:
                self._task_done.wait(pause_s)

    def _deadline_s(self) -> float:
        """When the timer thread is next wanted."""
        role_s = min(self._role.deadline_s(), self._outbox.due_s)
        return min(role_s, self.patience.due_s, self._presence.due_s)

    # Steps.

    def _perform(self, step: Step, now_s: float) -> None:
        """Do what the role wants done, in this order (see `paxos.core.step`). A step that fails is
        the last: the role already believes that it was done."""
        try:
            self._do(step, now_s)
        except BaseException:
            self._stopped = True
            raise

    def _do(self, step: Step, now_s: float) -> None:
        if step.writes:
            self._save(step)
        if step.events and self._tracer:
            self._trace(self._tracer, step)
        if step.deliveries:
            self._deliveries.deliver(step.deliveries)
        if step.urgent:
            self._send(step.urgent)
        if step.later:
            self._outbox.add(step.later, now_s)
        if self._outbox.is_due(now_s):
            self._send(self._outbox.take())
        for what, count in step.refused.items():
            self._complaints.add(what, count)
        if step.acknowledged:
            self.stats.acknowledged(step.acknowledged)
        if self._deadline_s() < self._awaited_s:
            self._deadline_moved.notify()
        if step.failure:
            raise RunError(step.failure)

    def _save(self, step: Step) -> None:
        try:
            self._storage.save(step.writes)
        except OSError as error:
            raise RunError(f"storage: {reason(error)}") from error

    def _trace(self, tracer: Tracer, step: Step) -> None:
        try:
            tracer.write(step.events)
        except TraceError as error:
            # The protocol does not need the trace; whoever wants to check it must know.
            self.trace_failed = True
            if self._strict_trace:
                raise RunError(str(error)) from error
            say(f"{self._process}: {error}")

    def _send(self, sends: Iterable[tuple[Group, Message]]) -> None:
        """Messages to the same group share datagrams; each is encoded once."""
        encoded: dict[int, bytes] = {}
        by_group: dict[Group, tuple[list[bytes], list[type]]] = {}
        for group, message in sends:
            data = encoded.get(id(message))
            if data is None:
                data = encoded[id(message)] = encode_messages(message)
            if len(data) > self._datagram_bytes - OVERHEAD_BYTES:
                self._complaints.add(TOO_LARGE)
                continue
            datas, kinds = by_group.setdefault(group, ([], []))
            datas.append(data)
            kinds.append(type(message))
        for group, (datas, kinds) in by_group.items():
            datagrams = size = 0
            for body in bodies(datas, self._datagram_bytes, self._network.packet_bytes):
                datagrams += 1
                size += self._send_datagram(group, body)
            self.stats.sending(kinds, datas, datagrams, size)

    def _send_datagram(self, group: Group, body: bytes, kind: int = PROTOCOL) -> int:
        """Its size, in bytes."""
        clock, commits = self._clock, self._storage.commits
        datagram = self._envelope.seal(clock.tick(), body, clock.wall(), commits, kind)
        try:
            self._network.send(self._groups[group], datagram)
        except OSError as error:  # like a loss on the way: it will be sent again
            self._complaints.add(f"that could not be sent ({reason(error)})")
        return len(datagram)
