"""What came of the values that a replica has broadcast itself: each result goes to the future of
its value."""

import threading
from collections import OrderedDict
from concurrent.futures import Future

from paxos.api.place import DeliveredValue, Place
from paxos.errors import NotKnownError, ResultForgottenError

KEPT = 10_000
"""Results of values whose places are not known yet: as many as are outstanding at most."""


class Results:
    """By position. A value is applied here and is known to be delivered in any order."""

    def __init__(self, client: str) -> None:
        """`client`: the name under which the replica broadcasts."""
        self._client = client
        self._lock = threading.Lock()
        self._results: OrderedDict[int, object] = OrderedDict()
        self._awaited: dict[int, Future[object]] = {}
        self._position = 0  # all up to there were applied, here or before a snapshot
        self._why = ""  # nothing more will be

    def expect(self, place: Future[Place]) -> Future[object]:
        """The result of the value that is there, when that is known and it is applied."""
        future: Future[object] = Future()
        future.set_running_or_notify_cancel()
        place.add_done_callback(lambda known: self._placed(known, future))
        return future

    def _placed(self, place: Future[Place], future: Future[object]) -> None:
        if error := place.exception():
            future.set_exception(error)
            return
        position = place.result().position
        with self._lock:
            is_there = position in self._results
            result = self._results.pop(position, None)
            if not is_there and position > self._position and not self._why:
                self._awaited[position] = future
                return
        if is_there:
            future.set_result(result)
        elif self._why:
            future.set_exception(self._not_known(position))
        else:
            future.set_exception(_forgotten(position))

    def applied(self, value: DeliveredValue, result: object) -> None:
        """A value of any client is applied."""
        self._position = value.position
        if value.client != self._client:
            return
        with self._lock:
            future = self._awaited.pop(value.position, None)
            if future is None:
                self._results[value.position] = result
                if len(self._results) > KEPT:
                    self._results.popitem(last=False)
        if future:
            future.set_result(result)

    def passed(self, position: int) -> None:
        """The state is that after so many values, which another one has applied."""
        with self._lock:
            self._position = max(self._position, position)
            left = [p for p in self._awaited if p <= position]
            futures = [(p, self._awaited.pop(p)) for p in left]
        for at, future in futures:
            future.set_exception(_forgotten(at))

    def end(self, why: str) -> None:
        """Nothing more is applied."""
        with self._lock:
            self._why = why
            left = list(self._awaited.items())
            self._awaited.clear()
        for position, future in left:
            future.set_exception(self._not_known(position))

    def _not_known(self, position: int) -> NotKnownError:
        return NotKnownError(
            f"the value at position {position} is delivered, and not known to be applied here: "
            f"{self._why}"
        )


def _forgotten(position: int) -> ResultForgottenError:
    return ResultForgottenError(
        f"the value at position {position} is delivered, and what came of it is not known here: "
        "this replica has gone on from a snapshot that has it"
    )
