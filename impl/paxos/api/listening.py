"""`paxos.Learner` and `paxos.Replica`: delivered values, iterated or given to a callback."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict, Unpack

from paxos.api.applying import Applying
from paxos.api.broadcasting import ROOM_S, Client
from paxos.api.hosting import Hooks, Host
from paxos.api.inbox import Inbox
from paxos.api.place import DeliveredValue
from paxos.api.reading import Readings, Result, StaleRead
from paxos.api.results import ResultOf, Results
from paxos.api.state_machine import StateMachine
from paxos.api.waiters import Pending
from paxos.config import Config
from paxos.core import names
from paxos.core.names import Member
from paxos.errors import ApplicationError, NotKnownError
from paxos.runtime.report import describe

WAITING_BYTES = 16 << 20
"""Of memory, what a learner keeps for an application that has not taken it, by default."""


READ_S = 10.0
"""How long a read waits, by default."""


class LearnerOptions(TypedDict, total=False):
    """What a `Learner` takes by name."""

    on_error: Callable[[DeliveredValue, Exception], object] | None
    from_position: int
    waiting_bytes: int
    run_dir: Path | str | None


class Learner:
    """A learner of a cluster: it has every value, in the one order.

    Iterate over it, or give it a callback or a machine, one of these. What the application has not
    taken waits, up to `waiting_bytes`; then the learner goes no further until there is room, and
    catches up. Other processes go on meanwhile. A context manager: `close` is called at its end.
    """

    def __init__(
        self,
        config: Config | Path | str,
        learner_id: int,
        callback: Callable[[int, bytes], object] | None = None,
        *,
        machine: StateMachine | None = None,
        **options: Unpack[LearnerOptions],
    ) -> None:
        """Begin learning, from the first value of the log on, or with a machine from its newest
        checkpoint on.

        `config`: the cluster, or the file with it. `callback(position, value)` is called for each
        value, one at a time, in a thread of the learner's own. If it raises, the learner stops with
        `ApplicationError`; with `on_error`, that is called instead, with the value and the error,
        and the learner goes on. `machine`: the values are applied to it, in a thread of the
        learner's own, and its state is kept in checkpoints, in the folder where acceptors keep
        theirs; if it raises, the learner stops with `ApplicationError`. Values before
        `from_position` are not handed over. In `run_dir`, if that is given, the learner leaves its
        trace.

        Raises `InputError` if it must not or cannot begin, `ApplicationError` if the machine cannot
        be restored, and `OSError` if the system has no room for it.
        """
        if unknown := sorted(options.keys() - LearnerOptions.__annotations__.keys()):
            raise TypeError(f"a learner has no option {unknown[0]!r}")
        on_error, from_position = options.get("on_error"), options.get("from_position", 1)
        waiting_bytes = options.get("waiting_bytes", WAITING_BYTES)
        if machine is not None and (callback or on_error or from_position != 1):
            raise TypeError("a learner with a machine takes no callback and no from_position")
        self._callback, self._on_error = callback, on_error
        self._applying = None if machine is None else Applying(machine, waiting_bytes)
        self._inbox = self._applying or Inbox(waiting_bytes, from_position)
        hooks = Hooks(
            deliveries=self._inbox,
            hear_current=self._reach,
            ended=self._ended,
        )
        self._host = self._make_host(learner_id, config, options.get("run_dir"), hooks)
        self._applied = 0
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()  # of that thread
        in_turn = callback is not None or machine is not None
        self._readings = Readings(self._host, self._inbox, in_turn=in_turn)
        if self._applying:
            self._results = self._make_results(self._applying)
            self._applying.read = self._readings.run
        self._host.start()
        if in_turn:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def _make_host(
        self, number: int, config: Config | Path | str, run_dir: Path | str | None, hooks: Hooks
    ) -> Host:
        return Host(Member("learner", number), config, run_dir, hooks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self._host.failure:
            raise self._host.failure

    @property
    def applied(self) -> int:
        """The position of the last value that the callback or the machine is done with, or that was
        in a checkpoint; 0: none."""
        return self._applying.position if self._applying else self._applied

    @property
    def waiting(self) -> int:
        """Values that the application has not taken."""
        return len(self._inbox)

    def __iter__(self) -> Iterator[DeliveredValue]:
        """Each value, waited for; until the learner is closed. Raises why it has failed."""
        self._check_is_taken_here()
        while (value := self._inbox.take(None)) is not None:
            yield value
        if self._host.failure:
            raise self._host.failure

    def get(self, timeout_s: float | None = None) -> DeliveredValue:
        """The next value, waited for up to `timeout_s`. Raises `TimeoutError` if none comes,
        `ClosedError` if none will."""
        if self._applying:
            self._check_is_taken_here()
        if (value := self._inbox.take(timeout_s)) is not None:
            return value
        self._host.check()
        raise TimeoutError(f"{self._host.name}: no value was delivered within {timeout_s} s")

    def _check_is_taken_here(self) -> None:
        if self._applying:
            raise TypeError("its machine is given all values: they cannot be taken")
        self._host.check()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until a learner with a callback or a machine has ended; whether it has. Raises why
        it failed."""
        if self._thread:  # two threads that join one at a time can fail (Python before 3.13)
            self._is_over.wait(timeout_s)
        if self._host.failure:
            raise self._host.failure
        return self._thread is None or self._is_over.is_set()

    def close(self) -> None:
        """Learn nothing more. A callback or machine that runs is waited for, unless it is what
        closes; what it was not called for is dropped, and delivered again to the learner that
        starts next."""
        self._host.close()
        self._inbox.end()
        thread = self._thread
        if self._host.is_elsewhere:
            return
        if thread and thread is not threading.current_thread():
            thread.join()
        self._readings.end()

    def _ended(self) -> None:
        self._inbox.end()
        if not self._thread:  # which would see to it
            self._readings.end()

    # Reads.

    def _reach(self, number: int) -> None:
        self._readings.reach(number)

    def read(self, do: Callable[[], Result], timeout_s: float | None = READ_S) -> Result:
        """The result of `do()`, which is called by the thread that calls the callback or the
        machine, between two values, and sees all that any learner had delivered when this was
        called: a linearizable read. Nothing is put into the log for it; a majority of the acceptors
        is asked, and reads at the same time share the question.

        Raises `ReadTimeoutError` if it is not done within `timeout_s` (None: it waits for ever),
        what `do` raises, and what `reading` raises."""
        return self._readings.result(self.reading(do), timeout_s)

    def reading(self, do: Callable[[], Result]) -> Future[Result]:
        """The same without waiting. The future can be cancelled until `do` is called; its callbacks
        are called by the learner's thread. Raises `TypeError` if the learner has neither a callback
        nor a machine, `Full` if 10,000 reads wait, and `ClosedError` or `ForkedError`."""
        self._check_is_read_here()
        return self._readings.begin(do)

    async def aread(self, do: Callable[[], Result], timeout_s: float | None = READ_S) -> Result:
        """The same for asyncio. Raises `TimeoutError` if it is not done in time."""
        async with asyncio.timeout(timeout_s):
            return await asyncio.wrap_future(self.reading(do))

    def read_stale(
        self, do: Callable[[], Result], timeout_s: float | None = READ_S
    ) -> StaleRead[Result]:
        """The result of `do()`, called in the same way, as soon as it sees what this learner has
        delivered by now; nobody is waited for but the application itself. It says how old that may
        be. Raises as `read` does."""
        self._check_is_read_here()
        current_s = self._readings.current_s

        def see() -> StaleRead[Result]:
            return StaleRead(do(), self.applied, time.monotonic() - current_s)

        return self._readings.result(self._readings.begin_stale(see), timeout_s)

    def barrier(self, timeout_s: float | None = READ_S) -> int:
        """Wait until all that any learner had delivered when this was called is here: applied by
        the callback or the machine; or, without these, to be taken without waiting. The position of
        the last value of that. Raises as `read` does."""
        if self._thread:
            return self.read(lambda: self.applied, timeout_s)
        return self._readings.result(self._readings.begin(lambda: self._inbox.last), timeout_s)

    def _check_is_read_here(self) -> None:
        if not self._thread:
            raise TypeError("a learner that is iterated has no thread to read in: use `barrier`")
        if self._thread is threading.current_thread():
            raise TypeError("the callback or machine has the state of now: it need not ask for it")

    def _work(self) -> None:
        try:
            if self._applying:
                self._apply()
            else:
                self._call_back()
        finally:
            self._is_over.set()

    # With a callback.

    def _call_back(self) -> None:
        assert self._callback
        while (value := self._inbox.next(None)) is not None and not self._host.is_closed:
            if not isinstance(value, DeliveredValue):
                self._readings.run(self._applied)
                continue
            try:
                self._callback(value.position, value.value)
            except Exception as error:  # the application's, whatever it is
                if self._on_error is None or not self._goes_on(value, error):
                    self._end(value, error, "the callback")
                    break
            self._applied = value.position
        self._readings.end()

    def _goes_on(self, value: DeliveredValue, error: Exception) -> bool:
        assert self._on_error
        try:
            self._on_error(value, error)
        except Exception as another:
            self._end(value, another, "on_error")
        return self._host.failure is None

    def _end(self, value: DeliveredValue, error: Exception, what: str) -> None:
        if self._host.failure:
            return
        failure = ApplicationError(f"at position {value.position} {what} raised {describe(error)}")
        failure.__cause__ = error
        self._host.request(failure)
        self._host.close()

    # With a machine.

    def _make_results(self, applying: Applying) -> Results:
        results = Results(self._host.client_name)
        results.passed(applying.position)
        applying.skipped = results.passed
        return results

    def _apply(self) -> None:
        assert self._applying
        why = "it was closed"
        try:
            self._applying.run(self._results.applied, lambda: self._host.is_closed)
        except Exception as error:
            why = describe(error)
            self._host.request(error)
            self._host.close()
        self._results.end(str(self._host.failure or why))
        self._readings.end()


class Replica(Learner):
    """A replica of a cluster: a proposer, an acceptor and a learner with one id, in one node. It is
    used as a `Learner` is; what the application has not taken holds up the learner alone.

    What it promises is kept in files (`data_dir` of the configuration, in `run_dir`, or in
    `paxos-data`), so it may come back. When its application ends it, the cluster has lost an
    acceptor: run a majority of them.
    """

    def __init__(
        self,
        config: Config | Path | str,
        replica_id: int,
        callback: Callable[[int, bytes], object] | None = None,
        *,
        machine: StateMachine | None = None,
        has_client: bool = False,
        **options: Unpack[LearnerOptions],
    ) -> None:
        """As for `Learner`. `has_client`: it is the client with this id too; see `client`."""
        self._client = Client._in_replica() if has_client else None
        super().__init__(config, replica_id, callback, machine=machine, **options)

    def _make_host(
        self, number: int, config: Config | Path | str, run_dir: Path | str | None, hooks: Hooks
    ) -> Host:
        if self._client is None:
            return Host(names.Replica(number), config, run_dir, hooks)
        hooks = self._client._hooks(hooks)
        host = Host(names.Replica(number, has_client=True), config, run_dir, hooks)
        self._client._join(host)
        return host

    @property
    def client(self) -> Client:
        """What broadcasts by this replica, without the network as far as its own roles go: of all
        clients, that of the leader waits the shortest. Raises `TypeError` without `has_client`."""
        if self._client is None:
            raise TypeError("this replica was made without a client: give it has_client=True")
        return self._client

    def broadcast(self, value: bytes, timeout_s: float | None = ROOM_S) -> Future[object]:
        """Broadcast `value` by this replica's client; the future's result is what `apply` of its
        machine here has returned for it. For a replica with a machine and `has_client`.

        Waits for room and raises as `Client.broadcast` does, and the future fails as there; with
        `ResultForgottenError` too, if another replica's snapshot has brought the value."""
        return self.broadcast_all((value,), timeout_s)[0]

    def broadcast_all(
        self, values: Iterable[bytes], timeout_s: float | None = ROOM_S
    ) -> list[Future[object]]:
        """The same for several values at once, which costs less than one by one; see
        `Client.broadcast_all`."""
        values, client = list(values), self._broadcaster()
        futures: list[Future[object]] = [Pending() for _ in values]
        waiters = [ResultOf(self._results, future) for future in futures]
        client._begin(values, waiters, timeout_s)
        return futures

    async def abroadcast(self, value: bytes, timeout_s: float | None = ROOM_S) -> object:
        """What `apply` of its machine here has returned for `value`, in asyncio: see
        `Client.abroadcast`. Values of many tasks cost the event loop one wake-up together, where
        they come together."""
        client = self._broadcaster()
        task = client._tasks.waiter()
        await client._abegin(value, ResultOf(self._results, task), timeout_s)
        return await task.future

    def _broadcaster(self) -> Client:
        if not self._applying:
            raise TypeError("this replica was made without a machine")
        return self.client

    def close(self) -> None:
        """As for `Learner`. What its client has outstanding is not known to be delivered."""
        super().close()
        if self._client:
            with suppress(NotKnownError):  # the futures have it
                self._client.close()
