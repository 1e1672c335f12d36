"""What the header says of a run, and the events contradict."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from conformance.lint.fields import batch_of, quorum_of
from conformance.lint.finding import Findings, Place
from conformance.trace.process import decode
from conformance.trace.schema import Header


class Contradictions:
    """Let it `see` all events; then `report`."""

    def __init__(self, header: Header, findings: Findings) -> None:
        self.header = header
        self.findings = findings
        self.owned = 0  # ballots that are of the proposer that uses them
        self.swapped: list[Place] = []  # that would be so the other way round

    def see(self, at: Place, e: Any) -> None:
        """An event, also a partial one."""
        self._constants(at, e)
        if e.action in ("Phase1a", "Phase2a"):
            self._owner(at, e)
        instance = getattr(e, "instance", 1)
        if self.header.spec == "Synod" and instance > 1:
            what = f"instance {instance}, but Synod is about one instance"
            todo = 'say "spec":"MultiPaxos" in the header, or record each instance as its own run'
            self.findings.fault("synod-of-many", at, what, todo)

    def _constants(self, at: Place, e: Any) -> None:
        c, fault = self.header.constants, self.findings.fault
        told = "Learn.quorum" in self.header.omits or self.header.spec == "Synod"
        if e.action == "Learn" and quorum_of(e) and not c.direct_learning:
            what = "a Learn has a quorum, but the header says direct_learning false"
            todo = "say true if learners count votes themselves; else leave the quorum out"
            fault("direct-learning", at, what, todo)
        elif e.action == "Learn" and c.direct_learning and not (quorum_of(e) or told):
            what = "a Learn has no quorum, but the header says direct_learning true"
            todo = "write whose votes it counted; say false if a proposer told it, by a Decide"
            fault("direct-learning", at, what, todo)
        elif e.action == "Decide" and c.direct_learning:
            what = "there is a Decide, but the header says direct_learning true"
            fault("direct-learning", at, what, "say false if learners wait for it")
        elif (n := sum(r[2] for r in batch_of(e))) > c.max_batch:
            what = f"a batch has {n} values, but the header says max_batch {c.max_batch}"
            fault("max-batch", at, what, "write the most values that a batch may have")
        elif e.action == "Phase1a" and not c.prepare_ahead and e.last not in (UNSET, e.first):
            what = f"Phase1a is for {e.first}..{e.last}, but the header says prepare_ahead false"
            fault("prepare-ahead", at, what, "say true if Phase 1 is for more than one instance")

    def _owner(self, at: Place, e: Any) -> None:
        proposer = decode(e.process).id
        if e.ballot[1] == proposer:
            self.owned += 1
        elif e.ballot[0] == proposer:
            self.swapped.append(at)

    def report(self) -> None:
        if self.swapped and not self.owned:
            what = "all ballots would be of the proposer that uses them the other way round"
            todo = "a ballot is [round, proposer], not [proposer, round]"
            self.findings.fault("ballot-swapped", self.swapped[0], what, todo)
