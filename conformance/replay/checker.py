"""Replay a trace through the rules of its specification: Verdict.

Each event must be an action that is enabled, and the invariants must hold after it. The first
event for which that is false ends the replay. What a verdict reads like is for report.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import msgspec

from conformance.replay.verdict import Verdict, Violation
from conformance.rules.contract import Incarnations
from conformance.rules.multipaxos import MULTIPAXOS
from conformance.rules.rule import Fault, Need, Rule, Spec
from conformance.rules.synod import SYNOD
from conformance.trace.process import decode, id_of
from conformance.trace.schema import (
    EVENTS,
    AnyEvent,
    Broadcast,
    Cluster,
    Constants,
    Decide,
    Deliver,
    Event,
    Learn,
    Phase2a,
    Recover,
    Trim,
    actions_of,
)

SPECS: dict[str, Spec] = {s.name: s for s in (MULTIPAXOS, SYNOD)}
RECENT = 5  # events of each process that a report shows
DENSE_INCARNATIONS = 1024  # up to here they are counted 1, 2, 3, ..., so that a gap is a lost file


class Participant:
    """A process of the trace: who it is to the rules, and what it did last."""

    __slots__ = ("actions", "actor", "entered", "name", "process", "recent")

    def __init__(self, name: str, spec: Spec, cluster: Cluster) -> None:
        self.name, self.process = name, decode(name)
        role = self.process.role
        if not cluster.admits(role, self.process.id):
            raise ValueError(f"{role} {self.process.id} is not in the cluster")
        self.entered = False  # it has taken an event, and no later incarnation of it has
        self.actor = self.process.actor
        allowed = actions_of(role, spec.name)
        self.actions = {name: a for name, a in spec.actions.items() if name in allowed}
        self.recent: deque[AnyEvent] = deque(maxlen=RECENT)


class Checker:
    """Feed it the events of a run in a causal order; it keeps the state of the specification.

    `present` are the processes whose traces are in the run; None says that all are, so that
    whatever is missing was not done. `disabled` switches rules off ("Phase2b.promise",
    "Agreement"), for tests. `omits` is what the traces do not have and was put in.
    """

    def __init__(
        self,
        constants: Constants | Mapping[str, Any],
        cluster: Cluster | Mapping[str, Any],
        spec: str = "MultiPaxos",
        *,
        present: Iterable[str] | None = None,
        disabled: Iterable[str] = (),
        torn: Iterable[str] = (),
        omits: Iterable[str] = (),
    ) -> None:
        self.constants = (
            msgspec.convert(constants, Constants) if isinstance(constants, Mapping) else constants
        )
        self.cluster = (
            msgspec.convert(cluster, Cluster) if isinstance(cluster, Mapping) else cluster
        )
        if not self.constants.fit(spec):
            raise ValueError(f"{spec} has no optimisations, but {self.constants}")
        self.spec = SPECS[spec].without(frozenset(disabled))
        self.state = self.spec.initial(self.constants, self.cluster)
        self.incarnations = Incarnations()
        self.counts: Counter[str] = Counter()
        self.accepted = 0
        self.verdict: Verdict | None = None  # once it is decided
        self._present = None if present is None else frozenset(present)
        self._torn = frozenset(torn)
        self._omits = tuple(omits)
        self._processes: dict[str, Participant] = {}

    def feed(self, process: str, event: AnyEvent | Mapping[str, Any]) -> Violation | None:
        """Replay one event.

        A mapping needs "event" and the action's parameters; process, seq and hlc may be left out.
        Returns the violation, also for every event after it; None while all is well. Raises
        msgspec.ValidationError or ValueError for what is no event at all.
        """
        if not isinstance(event, Event):
            event = self._decode(process, event)
        who = self._processes.get(process) or self._enter(process)
        if self.verdict is None:
            action = who.actions.get(event.action)
            if action is None:
                raise ValueError(
                    f"{event.action} is no action of a {who.process.role} under {self.spec.name}"
                )
            if not who.entered or action.name == "Recover":
                for rule in self.spec.incarnations:
                    fault = rule.check(self.incarnations, who.process, event)
                    if fault is not None:
                        return self._reject(who, event, "contract", rule, fault)
                self._begin(who)
            state, actor = self.state, who.actor
            refused = action.refused(state, actor, event)
            if refused is not None:
                return self._reject(who, event, "guard", *refused)
            action.effect(state, actor, event)
            broken = action.broken(state, actor, event)
            if broken is not None:
                return self._reject(who, event, "invariant", *broken)
            who.recent.append(event)
            self.counts[action.name] += 1
            self.accepted += 1
            return None
        return self.verdict.violation

    def _begin(self, who: Participant) -> None:
        """From now on it is this incarnation that the process is in."""
        self.incarnations.enter(who.process)
        for other in self._processes.values():
            if who.process.keeps_state and other.process[:2] == who.process[:2]:
                other.entered = False
        who.entered = True

    def finish(self) -> Verdict:
        """The verdict on what was fed. Nothing fed is no evidence: unknown."""
        if self.verdict is None:
            if self.accepted == 0:
                return self._say(
                    "unknown", reason="there are no events: nothing was traced, or nothing happened"
                )
            return self._say("conforms")
        return self.verdict

    def _decode(self, process: str, event: Mapping[str, Any]) -> AnyEvent:
        kind = EVENTS.get(event.get("event", ""))
        if kind is None:
            raise ValueError(f"no such event: {event.get('event')!r}")
        filled = {"process": process, "seq": self.accepted + 1, "hlc": self.accepted + 1, **event}
        decoded: AnyEvent = msgspec.convert(filled, kind)  # type: ignore[assignment]
        return decoded

    def _enter(self, name: str) -> Participant:
        who = self._processes[name] = Participant(name, self.spec, self.cluster)
        return who

    def _say(
        self,
        kind: Literal["conforms", "violation", "unknown"],
        *,
        reason: str = "",
        violation: Violation | None = None,
    ) -> Verdict:
        processes = len(self._processes if self._present is None else self._present)
        return Verdict(
            kind,
            self.accepted,
            dict(self.counts),
            violation,
            reason,
            self.spec.name,
            processes,
            tuple(sorted(self._torn)),
            inferred=self._omits,
        )

    def _reject(
        self,
        who: Participant,
        event: AnyEvent,
        kind: Literal["guard", "invariant", "contract"],
        rule: Rule,
        fault: Fault,
    ) -> Violation | None:
        needs = (*fault.needs, *_named_in(event))
        involved = [
            who.name,
            *sorted(n for n in self._processes if n != who.name and _is_one_of(n, needs)),
        ]
        violation = Violation(
            who.name,
            event,
            self.spec.name,
            kind,
            rule,
            fault,
            self.accepted,
            tuple((n, tuple(self._processes[n].recent)) for n in involved),
            tuple(sorted(self._torn & {*involved})),
        )
        lost = self._without_trace(fault.needs)
        if not lost:
            self.verdict = self._say("violation", violation=violation)
            return violation
        reason = (
            f"no trace file of {', '.join(lost)}, on whom event {who.name} seq {event.seq} "
            f"({violation.name}) hangs: expected {fault.expected}; found: {fault.actual}"
        )
        self.verdict = replace(self._say("unknown", reason=reason), hangs=True)
        return None

    def _without_trace(self, needs: Iterable[Need]) -> list[str]:
        """The needed processes of the cluster that have no trace file."""
        if self._present is None:
            return []
        lost = []
        for role, key in needs:
            number = id_of(key) if isinstance(key, str) else key
            if not self.cluster.admits(role, number) or (
                role == "client" and "Broadcast" in self._omits
            ):
                continue
            if isinstance(key, str):
                lost += [] if f"{role}-{key}" in self._present else [f"{role}-{key}"]
                continue
            present = map(decode, self._present)
            have = {p.incarnation for p in present if (p.role, p.id) == (role, key)}
            if not have:
                lost.append(f"{role} {key}")
            elif len(have) < max(have) <= DENSE_INCARNATIONS:
                lost += [f"{role}-{key}.{n}" for n in range(1, max(have)) if n not in have]
        return lost


def _named_in(event: AnyEvent) -> list[Need]:
    """Whom the event speaks of: the owner of its ballot, the acceptors of its quorum."""
    named: list[Need] = []
    if not isinstance(event, Broadcast | Deliver | Trim | Recover):
        named.append(("proposer", event.ballot[1]))
    if isinstance(event, Phase2a | Decide | Learn):
        named += [("acceptor", a) for a in event.quorum or ()]
    return named


def _is_one_of(process: str, needs: Iterable[Need]) -> bool:
    p = decode(process)
    return any(p.role == role and key in (p.id, p.member) for role, key in needs)
