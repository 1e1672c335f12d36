"""Says what a process waits for, if that lasts: once, in a line, and again when it changes or is
over. Nothing is said where all goes well, so that an output to which standard error is joined
stays as it is."""

from collections.abc import Callable, Hashable

from paxos.core.names import Member, ProcessName
from paxos.core.role import Role
from paxos.core.waiting import Wait
from paxos.runtime.notice import Notice
from paxos.runtime.report import say

PATIENCE_S = 10.0
"""What is waited for for so long is said. A cluster whose processes are started one by one, or on a
machine that has much else to do, takes several seconds to get going."""

CLIENT_PATIENCE_S = 3.0
"""The same of a client: who has given it values wants to know, and may be waiting for it."""

LOOK_S = 0.5
"""How often the role is asked."""

HEARS = {"learner": ("proposer",), "acceptor": ("proposer", "learner")}
"""Whom a process hears now and then where all is well, although nobody broadcasts anything. An
acceptor hears proposers only when there is something to do, but learners always."""


class Waiting:
    """What one process waits for. Used under the node's lock.

    Memory: one entry for each configured process."""

    def __init__(
        self, process: ProcessName, role: Role, now_s: float, out: Callable[[str], None] = say
    ) -> None:
        self._role = role
        is_client = process.member.role == "client"
        self._patience_s = CLIENT_PATIENCE_S if is_client else PATIENCE_S
        self._hears = HEARS.get(process.member.role, ())
        self._heard: dict[Member, float] = {}
        self._wait = Notice(str(process), out)
        self._lonely = Notice(str(process), out)
        self._known: tuple[Hashable, float] = None, now_s  # its progress, and since when
        self._began_s = self._looked_s = now_s
        self.due_s = now_s + LOOK_S
        """When to look again."""

    def hear(self, peer: Member, now_s: float) -> None:
        """A datagram of `peer` is consumed."""
        self._heard[peer] = now_s

    def look(self, now_s: float) -> None:
        """Ask the role, and say what is to be said."""
        if now_s - self._looked_s > self._patience_s / 2:
            self._began_s = now_s  # it did not run itself meanwhile: nobody was waited for
            self._known = self._known[0], now_s
            self._heard = dict.fromkeys(self._heard, now_s)
        self._looked_s, self.due_s = now_s, now_s + LOOK_S
        self._look_at_role(self._role.waits_for(), now_s)
        self._look_around(now_s)

    def _look_at_role(self, wait: Wait | None, now_s: float) -> None:
        progress = wait and wait.progress
        if progress != self._known[0]:
            self._known = progress, now_s
        if wait is None or now_s - self._known[1] < self._patience_s:
            self._wait.update(None, "", "waits no more for what it said: it goes on")
        else:
            heard = self.heard()
            self._wait.update(
                (wait.kind, bool(heard)),
                f"waits for {wait.text}; in the last {self._patience_s:g} s it has heard "
                f"{', '.join(heard) or 'nobody'}",
            )

    def _look_around(self, now_s: float) -> None:
        """Whether those are heard that should be."""
        since_s = [s for peer, s in self._heard.items() if peer.role in self._hears]
        if not self._hears or now_s - max(since_s, default=self._began_s) < self._patience_s:
            self._lonely.update(None, "", "is not alone any more")
            return
        missing = " and no ".join(self._hears)
        self._lonely.update(
            "lonely",
            f"has heard no {missing} for {self._patience_s:g} s: none runs with "
            "this configuration, or the network does not carry multicast here",
        )

    def heard(self) -> list[str]:
        """Whom it has heard of late, itself left out."""
        since_s = self._looked_s - self._patience_s
        return sorted(str(peer) for peer, s in self._heard.items() if s >= since_s)
