"""The processes of the header's cluster: which of them have a file and events, and who is named
and not in it."""

from __future__ import annotations

from typing import Any

from conformance.lint.fields import ballot_of, batch_of, quorum_of
from conformance.lint.finding import Findings, Place
from conformance.lint.lines import LintedFile
from conformance.trace.process import ROLES, decode, id_of
from conformance.trace.schema import Header

SAID_BY = {
    "proposer": {"Phase1a", "Phase2a"},
    "client": {"Broadcast"},
    "learner": {"Learn"},
}
"""What a role is not missed for if the header says that all of it is left out."""


class Membership:
    """Let it `see` all events; then `report`."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.acting: set[str] = set()  # processes that have events, in whatever file
        self.named: dict[tuple[str, int], Place] = {}  # and where first
        self.largest: tuple[int, Place] | None = None  # of the quorums, and where the first is

    def see(self, at: Place, e: Any) -> None:
        """An event, also a partial one."""
        self.acting.add(e.process)
        if (quorum := quorum_of(e)) and (
            self.largest is None or len(set(quorum)) > self.largest[0]
        ):
            self.largest = len(set(quorum)), at
        for a in quorum:
            self.named.setdefault(("acceptor", a), at)
        for r in batch_of(e):
            self.named.setdefault(("client", id_of(r[0])), at)
        if (ballot := ballot_of(e)) is not None:
            self.named.setdefault(("proposer", ballot[1]), at)

    def report(self, files: list[LintedFile], findings: Findings) -> None:
        names = self.acting | {file.process for file in files if file.process}
        present = {decode(name)[:2] for name in names}
        omits = {*self.header.omits}
        for role in (r for r in ROLES if not (r in SAID_BY and SAID_BY[r] <= omits)):
            for number in getattr(self.header.cluster, f"{role}s"):
                if (role, number) not in present:
                    self._absent(role, number, files, findings)
        silent = [a for a in self.header.cluster.acceptors if ("acceptor", a) not in present]
        self._quorums([a for a in silent if ("acceptor", a) not in self.named], findings)
        for (whose, number), at in self.named.items():
            if not self.header.cluster.admits(whose, number):
                what = f"{whose} {number} is named, and the header's cluster does not have it"
                todo = f"list all {whose}s, by the numbers that events and files have"
                findings.fault("not-in-the-cluster", at, what, todo)
        for file in files:
            if file.process and not file.counts:
                what = f"{file.process} has no events"
                todo = "look whether it took part, and whether its events were written out"
                findings.warning("no-events", Place(file.path), what, todo)

    def _absent(self, role: str, number: int, files: list[LintedFile], findings: Findings) -> None:
        todo = f"give it one, {role}-{number}.1.ndjson, or leave it out of the header's {role}s"
        at = self.named.get((role, number))
        if at is None:
            what = f"{role} {number} of the header's cluster has no file, and nobody names it"
            findings.warning("process-without-a-file", Place(files[0].path), what, todo)
        else:
            what = f"{role} {number} has no file, and this event names it"
            findings.fault("process-without-a-file", at, what, todo)

    def _quorums(self, silent: list[int], findings: Findings) -> None:
        """Whether quorums are majorities of a cluster without the acceptors that nobody knows."""
        ids = self.header.cluster.acceptors
        majority, known = len(ids) // 2 + 1, len(ids) - len(silent)
        if self.header.constants.quorums(len(ids)) != (majority, majority):
            return
        if self.largest is None or not known // 2 + 1 <= self.largest[0] < majority:
            return
        size, at = self.largest
        what = (
            f"no quorum has more than {size} acceptors, but the header's cluster has {len(ids)}, "
            f"of which a majority is {majority}; of acceptors {silent} there is no trace"
        )
        findings.fault("quorum-below-majority", at, what, "list only the acceptors that there are")
