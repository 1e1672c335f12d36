"""`paxos.Client`: it broadcasts values, and tells where in the order each of them is."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from paxos.api.hosting import Hooks, Host
from paxos.api.place import Place
from paxos.api.waiters import Pending, Tasks, Waiter
from paxos.config import Config
from paxos.core.client import Client as Core
from paxos.core.client import ValueTooLargeError
from paxos.core.messages import Fate
from paxos.core.names import Member
from paxos.core.places import NOWHERE, Placed
from paxos.core.step import Discarded
from paxos.errors import (
    ClosedError,
    DiscardedError,
    Full,
    InputError,
    NotKnownError,
    PlaceForgottenError,
)

OUTSTANDING = 10_000
"""Values that are not known to be delivered, at most, by default."""

OUTSTANDING_BYTES = 64 << 20
"""The same in bytes; one value alone may be larger."""

ROOM_S = 60.0
"""How long a broadcast waits for room, by default."""

CLOSE_S = 10.0
"""How long the end of a `with` block waits for values to be delivered."""


class Client:
    """A client of a cluster. Threads may share it. A context manager, which at its end waits for
    what is outstanding.

    A value is delivered once by every learner, in the same order everywhere, or it is not known to
    be delivered. Values of one client may overtake one another, unless the cluster has `fifo`; who
    wants an order without it waits for the first before it broadcasts the second.
    """

    def __init__(
        self,
        config: Config | Path | str,
        client_id: int,
        *,
        outstanding: int = OUTSTANDING,
        outstanding_bytes: int = OUTSTANDING_BYTES,
        run_dir: Path | str | None = None,
    ) -> None:
        """Join the cluster of `config`, which may be the file with it.

        At most `outstanding` values, of `outstanding_bytes` together, are broadcast and not known
        to be delivered; beyond, `broadcast` waits. In `run_dir`, if that is given, the client
        leaves its trace. Raises `InputError` if it must not or cannot begin, and `OSError` if the
        system has no room for it.
        """
        self._set_up(outstanding, outstanding_bytes)
        self._join(Host(Member("client", client_id), config, run_dir, self._hooks(Hooks())))
        self._owns_host = True
        self._host.start()

    @classmethod
    def _in_replica(cls) -> Self:
        """One that is to join a host that is not its own."""
        client = cls.__new__(cls)
        client._set_up(OUTSTANDING, OUTSTANDING_BYTES)
        return client

    def _set_up(self, outstanding: int, outstanding_bytes: int) -> None:
        self._most, self._most_bytes = outstanding, outstanding_bytes
        self._lock = threading.Lock()
        self._fewer = threading.Condition(self._lock)
        self._waiting: deque[tuple[bytes, Waiter]] = deque()  # to be given to the core
        self._waiters: dict[int, tuple[int, Waiter]] = {}  # by number, with the size
        self._waiting_bytes = 0
        self._gathers = False  # what waits does so for a packet that is under way, or for more
        self._is_in_turn = False  # an event loop that has seen to what waits does so in its turn
        self._tasks = Tasks()
        self._count = self._bytes = 0
        self._unanswered = 0  # futures that have not ended
        self._answers: deque[tuple[Waiter, Place | Exception]] = deque()
        self._owns_host = self._is_closed = False

    def _hooks(self, others: Hooks) -> Hooks:
        """What it wants to hear, besides what `others` do."""

        def ended() -> None:
            self._give_up()
            others.ended()

        return others._replace(
            hear_places=self._hear_places, hear_discarded=self._hear_discarded, ended=ended
        )

    def _join(self, host: Host) -> None:
        """Broadcast by `host`, which has these hooks and has not started."""
        if host.config.synod:
            host.close()
            raise InputError("the configuration has `milestone: synod`, which chooses one value")
        self._host = host
        host.node.keep_running(self._submit)
        host.node.after_acting = self._answer
        host.node.is_after_acting_due = lambda: bool(self._answers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is not None:
            with suppress(NotKnownError):
                self.close()
            return
        self.close(CLOSE_S)
        if self._host.failure:
            raise self._host.failure

    @property
    def outstanding(self) -> int:
        """Values that were broadcast and are not known to be delivered."""
        return self._count

    @property
    def room(self) -> int:
        """Values that can be broadcast now without waiting, if they are small."""
        return max(0, self._most - self._count)

    def broadcast(self, value: bytes, timeout_s: float | None = ROOM_S) -> Future[Place]:
        """Broadcast `value`; the future's result is its place in the order, once a learner has
        delivered it.

        Waits up to `timeout_s` for room (None: for ever; 0: not at all), and raises `Full` if there
        is none. Raises `ValueTooLargeError`, `ClosedError` or `ForkedError` too. If it raises,
        the value is not broadcast.

        The future fails with `NotKnownError` if the client is closed or fails before it knows more,
        with `PlaceForgottenError`, or, if the value was sent in parts, with `DiscardedError`. It
        cannot be cancelled: nothing takes a value back. Its callbacks are called by the thread that
        hears of deliveries, so none may wait for another.
        """
        return self.broadcast_all((value,), timeout_s)[0]

    def broadcast_all(
        self, values: Iterable[bytes], timeout_s: float | None = ROOM_S
    ) -> list[Future[Place]]:
        """The same for several values at once, which costs less than one by one: they travel
        together, as far as they fit. Waits for room for all of them, and if it raises, none is
        broadcast; `ValueError`, if they are more than may be outstanding."""
        values = list(values)
        futures: list[Future[Place]] = [Pending() for _ in values]
        self._begin(values, futures, timeout_s)
        return futures

    def _begin(
        self, values: Sequence[bytes], waiters: Sequence[Waiter], timeout_s: float | None
    ) -> None:
        """Have these values broadcast; each waiter is told the place of its value."""
        if self._put(values, waiters, timeout_s):
            self._host.node.nudge()

    async def _abegin(self, value: bytes, waiter: Waiter, timeout_s: float | None) -> None:
        """The same for a task: what others of its event loop broadcast in this turn goes too, and
        where there is no room, a thread waits for it."""
        try:
            is_ready = self._put((value,), (waiter,), 0.0, in_turn=True)
        except Full:
            if timeout_s == 0.0:
                raise
            await asyncio.to_thread(self._begin, (value,), (waiter,), timeout_s)
        else:
            if is_ready:
                asyncio.get_running_loop().call_soon(self._host.node.nudge)

    def _put(
        self,
        values: Sequence[bytes],
        waiters: Sequence[Waiter],
        timeout_s: float | None,
        *,
        in_turn: bool = False,
    ) -> bool:
        """Have these values wait for the core, once there is room. Whether the caller has to nudge
        the node; with `in_turn` it does so later. Otherwise whoever put another one before does, or
        a delivery has the node see to them."""
        values = [bytes(memoryview(value)) for value in values]
        self._check()
        self._check_sizes(values)
        size = sum(map(len, values))
        if self._host.node.is_hearing():
            timeout_s = 0.0
        with self._lock:
            self._wait_for_room(len(values), size, timeout_s)
            is_seen_to = self._is_ready() and (in_turn or not self._is_in_turn)
            self._waiting += zip(values, waiters, strict=True)
            self._waiting_bytes += size
            self._count += len(values)
            self._unanswered += len(values)
            self._bytes += size
            if is_seen_to or not self._is_ready():
                return False
            self._is_in_turn = in_turn
            return True

    def _check_sizes(self, values: Sequence[bytes]) -> None:
        limit = self._host.settings.largest_value_bytes
        largest = max(map(len, values), default=0)
        if largest > limit:
            raise ValueTooLargeError(f"a value of {largest} bytes; {limit} are the most")
        if len(values) > self._most:
            raise ValueError(f"{len(values)} values at once; {self._most} may be outstanding")

    def _wait_for_room(self, count: int, size: int, timeout_s: float | None) -> None:
        """Under the lock."""
        free = self._fewer.wait_for(lambda: self._has_room(count, size) or self._is_over, timeout_s)
        self._check()
        if not free:
            raise Full(
                f"{self._host.name} has {self._count} values of {self._bytes} bytes outstanding; "
                f"{self._most} of {self._most_bytes} bytes are the most"
            )

    def _is_ready(self) -> bool:
        """Under the lock: whether the core would take what waits, as far as it had room the last
        time that it was asked."""
        settings = self._host.settings
        is_full = settings.fills_packet(len(self._waiting), self._waiting_bytes)
        return bool(self._waiting) and (is_full or not self._gathers)

    def broadcast_and_wait(self, value: bytes, timeout_s: float | None = None) -> Place:
        """Broadcast `value` and wait until it is delivered; its place in the order. Raises
        `NotKnownError` if that takes more than `timeout_s`, and what `broadcast` and its future
        raise."""
        future = self.broadcast(value, ROOM_S if timeout_s is None else timeout_s)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            if future.done():
                raise
            raise self._not_known(f"after {timeout_s} s") from None

    async def abroadcast(self, value: bytes, timeout_s: float | None = ROOM_S) -> Place:
        """The same for asyncio: waits for room up to `timeout_s` and then for the delivery, and
        blocks no event loop. If it is cancelled, the value may be delivered all the same."""
        task = self._tasks.waiter()
        await self._abegin(value, task, timeout_s)
        place: Place = await task.future
        return place

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is outstanding; whether that came in time."""
        with self._lock:
            self._fewer.wait_for(lambda: not self._unanswered or self._is_over, timeout_s)
            return not self._unanswered

    def close(self, timeout_s: float = 0.0) -> None:
        """Wait up to `timeout_s` for what is outstanding, and leave the cluster (that of a replica
        broadcasts no more, and the replica goes on). Raises `NotKnownError` if values are left;
        their futures have it too."""
        if self._host.is_elsewhere or self._is_closed:
            return
        self.wait(timeout_s)
        self._is_closed = True
        if self._owns_host:
            self._host.close()
        self._answer()
        if left := self._give_up():
            raise self._not_known("as the client was closed", left)

    @property
    def _is_over(self) -> bool:
        return self._is_closed or self._host.is_closed or self._host.failure is not None

    def _check(self) -> None:
        """Raise what keeps it from being used."""
        self._host.check()
        if self._is_closed:
            raise ClosedError(f"the client of {self._host.name} is closed")

    def _has_room(self, count: int, size: int) -> bool:
        if not self._count:
            return True
        return self._count + count <= self._most and self._bytes + size <= self._most_bytes

    # What the node calls, under its lock.

    def _submit(self, now_s: float) -> None:
        """Give the core what it has room for, if that is worth a step."""
        role = self._host.client
        with self._lock:
            room, values = role.room(), len(self._waiting)
            takes = role.is_worth_a_step(values, self._waiting_bytes) and room
            some = [self._waiting.popleft() for _ in range(min(room, values) if takes else 0)]
            self._waiting_bytes -= sum(len(value) for value, _ in some)
            if some:
                self._give(role, some, now_s)
            self._gathers = not role.is_worth_a_step(1, 1)
            self._is_in_turn = False

    def _give(self, role: Core, some: Sequence[tuple[bytes, Waiter]], now_s: float) -> None:
        number, packed = role.next_seq, role.settings.packed_value_bytes
        for value, waiter in some:
            size = len(value)
            self._waiters[number] = size, waiter
            number += 1 if size <= packed else role.settings.numbers_of(size)
        role.submit([value for value, _ in some], now_s)

    def _hear_places(self, placed: Sequence[Placed]) -> None:
        answers: list[tuple[int, Place | Exception]] = []
        for packet in placed:
            numbers = range(packet.first, packet.first + packet.count)
            if packet.position == NOWHERE:
                answers += [(number, self._forgotten(number)) for number in numbers]
            else:
                places = range(packet.position, packet.position + packet.count)
                at = packet.instance
                answers += zip(numbers, [Place(at, place) for place in places], strict=True)
        self._settle(answers)

    def _forgotten(self, number: int) -> PlaceForgottenError:
        return PlaceForgottenError(
            f"value {number} of {self._host.name}: delivered; its place is not known any more"
        )

    def _hear_discarded(self, values: Sequence[Discarded]) -> None:
        for value in values:
            kind = NotKnownError if value.fate is Fate.FORGOTTEN else DiscardedError
            self._settle([(value.first, kind(f"{self._host.name}: {value.text}"))])

    def _settle(self, answers: Iterable[tuple[int, Place | Exception]]) -> None:
        ended = size = 0
        for number, answer in answers:
            known = self._waiters.pop(number, None)
            if known is None:
                continue  # it was given up
            self._answers.append((known[1], answer))
            ended += 1
            size += known[0]
        with self._lock:
            self._count -= ended
            self._bytes -= size
            self._fewer.notify_all()

    # Without any lock: what follows may call the application.

    def _answer(self) -> None:
        """End the futures whose values were heard of."""
        ended = 0
        with suppress(IndexError):  # there are no more, or another thread has them
            while True:
                waiter, answer = self._answers.popleft()
                ended += 1
                if isinstance(answer, Exception):
                    waiter.set_exception(answer)
                else:
                    waiter.set_result(answer)
        if ended:
            with self._lock:
                self._unanswered -= ended
                self._fewer.notify_all()

    def _give_up(self) -> int:
        """Nothing more will be heard. How many values are not known to be delivered."""
        with self._lock:
            left = [waiter for _, waiter in (*self._waiting, *self._waiters.values())]
            self._waiting.clear()
            self._waiting_bytes = 0
            self._waiters.clear()
            self._count = self._bytes = 0
            self._unanswered -= len(left)
            self._fewer.notify_all()
        because = self._host.failure or "the client was closed"
        for waiter in left:
            waiter.set_exception(self._not_known(f"and no more is heard: {because}"))
        return len(left)

    def _not_known(self, when: str, count: int = 1) -> NotKnownError:
        values = f"{count} value{'s' * (count != 1)}"
        return NotKnownError(f"{self._host.name}: {values} not known to be delivered, {when}")
