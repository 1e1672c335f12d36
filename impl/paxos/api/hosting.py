"""A node inside an application: how it starts, fails, ends, and what it says.

There may be several in one process. Each has a thread of its own, a daemon, which ends with it.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from paxos.config import Config, load
from paxos.core.client import Client
from paxos.core.names import Member, Replica
from paxos.core.settings import Settings
from paxos.errors import ClosedError, ForkedError, InputError, RunError
from paxos.runtime import report
from paxos.runtime.acks import HearDiscarded, HearPlaces
from paxos.runtime.deliveries import Deliveries, Output
from paxos.runtime.node import Node
from paxos.runtime.report import describe
from paxos.runtime.seating import Seating

_logger = logging.getLogger("paxos")
_logger.addHandler(logging.NullHandler())  # or what nobody handles would go to standard error


def _log(line: str) -> None:
    is_error = line.startswith("error: ")
    _logger.log(logging.ERROR if is_error else logging.WARNING, "%s", line.removeprefix("error: "))


class Hooks(NamedTuple):
    """What an application wants to hear of its process."""

    deliveries: Deliveries = Output()
    hear_places: HearPlaces | None = None
    hear_discarded: HearDiscarded | None = None
    hear_current: Callable[[int], object] | None = None
    """Of a learner whose reads up to a number may see what is delivered."""
    ended: Callable[[], object] = lambda: None
    """It has failed. Called once, without any lock."""


class Host:
    """One process of a cluster, in this one."""

    def __init__(
        self,
        who: Member | Replica,
        config: Config | Path | str,
        run_dir: Path | str | None,
        hooks: Hooks,
    ) -> None:
        """Take the sockets, ask whether it may begin, and begin; `start` lets it go on. Raises
        `InputError` if it must not or cannot begin, `OSError` if the system does not let it."""
        report.listen(_log)
        self._pid = os.getpid()
        self._hooks = hooks
        self.config = config if isinstance(config, Config) else load(Path(config))
        seating = Seating(
            who=who,
            config=self.config,
            run_dir=None if run_dir is None else Path(run_dir),
            deliveries=hooks.deliveries,
            hear_places=hooks.hear_places,
            hear_discarded=hooks.hear_discarded,
            hear_current=hooks.hear_current,
            with_cluster=False,
            verbose=False,
        )
        self._seats = seating.seats()
        self.name = seating.name_of(self._seats)
        self.words = who.words
        self.failure: RunError | InputError | None = None
        """Why it has ended, if it did so by itself."""
        self._closing = threading.Lock()
        self.is_closed = False
        self.node = Node(self._seats, self)

    @property
    def client(self) -> Client:
        """The core of the client in the process. To be used in a task of the node only."""
        role = self._seats[-1].role
        assert isinstance(role, Client)
        return role

    @property
    def client_name(self) -> str:
        """The name under which that broadcasts."""
        return self._seats[-1].process.client

    @property
    def settings(self) -> Settings:
        """Of its core."""
        return self._seats[0].role.settings

    def start(self) -> None:
        """Let it go on."""
        self.node.start()

    def check(self) -> None:
        """Raise what keeps it from being used: `ForkedError`, `ClosedError`, or, chained to that,
        why it has failed."""
        if self.is_elsewhere:
            raise ForkedError(
                f"{self.words} was made in process {self._pid}, and this is {os.getpid()}, forked "
                "from it; make one here, with another id"
            )
        if self.failure:
            raise ClosedError(f"{self.name} has ended: {self.failure}") from self.failure
        if self.is_closed:
            raise ClosedError(f"{self.name} is closed")

    @property
    def is_elsewhere(self) -> bool:
        """Whether this is a fork of the process that it runs in."""
        return os.getpid() != self._pid

    def request(self, failure: BaseException) -> None:
        """It has failed, by itself or because of what the application does. Called by a thread of
        the node, or by the application's."""
        with self._closing:
            if self.failure:
                return
            if isinstance(failure, RunError | InputError):
                self.failure = failure
            else:
                self.failure = RunError(describe(failure))
        if self.failure is not failure:
            self.failure.__cause__ = failure
        report.fail(f"{self.name}: {self.failure}")
        self._hooks.ended()

    def retired(self, why: str) -> None:
        """The learner of a replica cannot go on: the application gets no more, and is told why. Its
        acceptor and proposer go on until it closes the replica, as others may need them."""
        self.failure = self.failure or RunError(why)
        self._hooks.ended()

    def close(self) -> None:
        """Finish the step under way, and let go of everything. Does nothing the second time, or in
        a fork."""
        if self.is_elsewhere:
            return
        with self._closing:
            if self.is_closed:
                return
            self.is_closed = True
        if self.node.stop():
            for seat in self._seats:
                seat.network.close()
