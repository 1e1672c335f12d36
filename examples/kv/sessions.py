"""Which requests were done: of each session the last one, and its result.

Part of the state: it is in snapshots, or a request that was done before one and is sent again
after it would be done twice. Sessions that were not used for longest are forgotten, by the order of
the log and no clock, so that all replicas forget the same. A forgotten session does nothing any
more: its client cannot know what was done, and is told so.
"""

from __future__ import annotations

from kv.commands import Problem, Request, Result

MAX_SESSIONS = 10_000
"""That are remembered."""

Row = tuple[int, int, Result | None]
"""As in a snapshot: the session, the number of its last request and the result of that."""


class Sessions:
    """The table, in the order of last use."""

    def __init__(self, most: int = MAX_SESSIONS) -> None:
        self._most = most
        self._last: dict[int, tuple[int, Result | None]] = {}

    def open(self, position: int) -> None:
        """A session with this number, which nobody had before."""
        self._last[position] = (0, None)
        if len(self._last) > self._most:
            del self._last[next(iter(self._last))]

    def answer(self, request: Request) -> Result | None:
        """The result if it is not to be done; None if it is."""
        if request.session not in self._last:
            return Result(0, Problem.SESSION)
        number, result = self._last[request.session]
        if request.number > number:
            return None
        return result if result and request.number == number else Result(0, Problem.OLD)

    def remember(self, request: Request, result: Result) -> None:
        """It was done."""
        self._last.pop(request.session)
        self._last[request.session] = (request.number, result)

    def rows(self) -> list[Row]:
        """For a snapshot, in the order of last use, which is part of the state."""
        return [(session, *last) for session, last in self._last.items()]

    def load(self, rows: list[Row]) -> None:
        """The same back."""
        self._last.update({session: (number, result) for session, number, result in rows})
