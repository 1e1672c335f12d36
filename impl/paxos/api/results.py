"""What came of the values that a replica has broadcast itself: each result goes to who waits for
it."""

import threading
from collections import OrderedDict

from paxos.api.place import DeliveredValue, Place
from paxos.api.waiters import Waiter
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
        self._awaited: dict[int, Waiter] = {}
        self._position = 0  # all up to there were applied, here or before a snapshot
        self._why = ""  # nothing more will be

    def placed(self, place: Place, waiter: Waiter) -> None:
        """The value of `waiter` is there: it is told the result when the value is applied."""
        position = place.position
        with self._lock:
            is_there = position in self._results
            result = self._results.pop(position, None)
            if not is_there and position > self._position and not self._why:
                self._awaited[position] = waiter
                return
        if is_there:
            waiter.set_result(result)
        elif self._why:
            waiter.set_exception(self._not_known(position))
        else:
            waiter.set_exception(_forgotten(position))

    def applied(self, value: DeliveredValue, result: object) -> None:
        """A value of any client is applied."""
        self._position = value.position
        if value.client != self._client:
            return
        with self._lock:
            waiter = self._awaited.pop(value.position, None)
            if waiter is None:
                self._results[value.position] = result
                if len(self._results) > KEPT:
                    self._results.popitem(last=False)
        if waiter:
            waiter.set_result(result)

    def passed(self, position: int) -> None:
        """The state is that after so many values, which another one has applied."""
        with self._lock:
            self._position = max(self._position, position)
            left = [p for p in self._awaited if p <= position]
            waiters = [(p, self._awaited.pop(p)) for p in left]
        for at, waiter in waiters:
            waiter.set_exception(_forgotten(at))

    def end(self, why: str) -> None:
        """Nothing more is applied."""
        with self._lock:
            self._why = why
            left = list(self._awaited.items())
            self._awaited.clear()
        for position, waiter in left:
            waiter.set_exception(self._not_known(position))

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


class ResultOf:
    """Who waits for what comes of a value waits for its place first."""

    __slots__ = ("_results", "_waiter")

    def __init__(self, results: Results, waiter: Waiter) -> None:
        self._results, self._waiter = results, waiter

    def set_result(self, place: Place, /) -> None:
        """It is delivered."""
        self._results.placed(place, self._waiter)

    def set_exception(self, exception: BaseException, /) -> None:
        """It is not known to be."""
        self._waiter.set_exception(exception)
