"""Replay a trace through the rules of its specification: Verdict.

Each event must be an action that is enabled, and the invariants must hold after it. The first
event for which that is false is the violation. From there on each event is taken whatever is false
of it, and what is false is counted, by rule. What a verdict reads like is for report.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from conformance.replay.verdict import Deviation, Verdict, Violation, name_of
from conformance.rules.contract import Incarnations
from conformance.rules.multipaxos import MULTIPAXOS
from conformance.rules.rule import Action, Fault, Need, Rule, Spec
from conformance.rules.synod import SYNOD
from conformance.trace.lives import LearnerLives
from conformance.trace.process import decode, id_of
from conformance.trace.schema import (
    ACTIONS_OF,
    EVENTS,
    AnyEvent,
    Broadcast,
    Cluster,
    Constants,
    Decide,
    Deliver,
    Event,
    InstallSnapshot,
    Learn,
    OfSnapshot,
    Phase2a,
    Recover,
    Trim,
    actions_of,
)

SPECS: dict[str, Spec] = {s.name: s for s in (MULTIPAXOS, SYNOD)}
RECENT = 5  # events of each process that a report shows
COMES_BACK = ("Recover", "Restart")
"""The actions with which an incarnation begins."""
HAPPENED = {"Phase2a": "proposed", "Learn": "learned"}
"""What is said of a run to which this never happened, and what `--require` asks for."""
DENSE_INCARNATIONS = 1024  # up to here they are counted 1, 2, 3, ..., so that a gap is a lost file


# What is false of an event: what kind of rule, the rule, and in which way.
False_ = tuple[Literal["guard", "invariant", "contract"], Rule, Fault]


@dataclass(frozen=True)
class Recorded:
    """What is known of the traces besides their events."""

    present: frozenset[str] | None = None
    """The processes that have one; None: all have, so that what is missing was not done."""
    torn: frozenset[str] = frozenset()  # of these the last line is torn
    omits: tuple[str, ...] = ()  # what they do not have, and was put in
    keeps: Container[str] = ()  # the processes that keep checkpoints, as their headers say


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

    `disabled` switches rules off ("Phase2b.promise", "Agreement"), for tests. An event of which
    only guards in `waived` are false is taken all the same.
    """

    def __init__(
        self,
        constants: Constants | Mapping[str, Any],
        cluster: Cluster | Mapping[str, Any],
        spec: str = "MultiPaxos",
        *,
        recorded: Recorded = Recorded(),
        disabled: Iterable[str] = (),
        waived: Iterable[str] = (),
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
        self.state.lives = LearnerLives(recorded.keeps)
        self.incarnations = Incarnations(self.state.lives)
        self.counts: Counter[str] = Counter()
        self.accepted = 0
        self.verdict: Verdict | None = None  # once it is decided
        self._recorded = recorded
        self._waived = frozenset(waived)
        self._passed: dict[str, Deviation] = {}  # what was waived, by the name of its rule
        self._further: dict[str, Deviation] = {}  # from the violation on
        self._processes: dict[str, Participant] = {}

    def feed(self, process: str, event: AnyEvent | Mapping[str, Any]) -> Violation | None:
        """Replay one event.

        A mapping needs "event" and the action's parameters; process, seq and hlc may be left out.
        Returns the violation, also for every event after it; None while all is well. Raises
        msgspec.ValidationError or ValueError for what is no event at all.
        """
        if not isinstance(event, Event):
            event = self._decode(process, event)
        who = self._processes.get(process) or self._enter(process, event)
        action = who.actions.get(event.action)
        if action is None:
            raise ValueError(
                f"{event.action} is no action of a {who.process.role} under {self.spec.name}"
            )
        if self.verdict is None:
            false = self._take(who, action, event)
            if false is None or self._pass_over(who, action, event, false):
                who.recent.append(event)
                self.counts[action.name] += 1
                self.accepted += 1
                return None
            return self._reject(who, event, false)
        if self.verdict.violation is not None:
            self._force(who, action, event)
        return self.verdict.violation

    def follow(self, process: str, event: AnyEvent) -> None:
        """Take an event that another process judges: its effect, whether it is enabled or not, and
        the counts. Raises ValueError or LookupError for what has none."""
        who = self._processes.get(process) or self._enter(process, event)
        action = who.actions[event.action]
        if not who.entered:
            self._begin(who)
        action.effect(self.state, who.actor, event)
        self.counts[event.action] += 1
        self.accepted += 1

    def _take(self, who: Participant, action: Action, event: AnyEvent) -> False_ | None:
        """Take the event if it is enabled. What is false of it, if anything is."""
        if not who.entered or action.name in COMES_BACK:
            for false in self._of_incarnations(who, event):
                return false
        state, actor = self.state, who.actor
        refused = action.refused(state, actor, event)
        if refused is not None:
            return "guard", *refused
        if not who.entered:
            self._begin(who)
        action.effect(state, actor, event)
        broken = action.broken(state, actor, event)
        return None if broken is None else ("invariant", *broken)

    def _pass_over(self, who: Participant, action: Action, event: AnyEvent, false: False_) -> bool:
        """Whether all that is false of the event is waived; it is taken then."""
        if not self._waived:
            return False
        every = [false] if false[0] == "invariant" else self._every_guard(who, action, event)
        if not self._are_waived(event, every):
            return False
        if false[0] != "invariant" and self._apply(who, action, event):
            broken = action.broken(self.state, who.actor, event)
            if broken is not None:
                every.append(("invariant", *broken))
        for each in every:
            _count(self._passed, event, each)
        return self._are_waived(event, every)

    def _are_waived(self, event: AnyEvent, every: Iterable[False_]) -> bool:
        return all(name_of(kind, event, rule) in self._waived for kind, rule, _ in every)

    def _force(self, who: Participant, action: Action, event: AnyEvent) -> None:
        """Take an event after the verdict, whatever is false of it, and count that."""
        for false in self._every_guard(who, action, event):
            _count(self._further, event, false)
        if self._apply(who, action, event):
            broken = action.broken(self.state, who.actor, event)
            if broken is not None:
                _count(self._further, event, ("invariant", *broken))

    def _every_guard(self, who: Participant, action: Action, event: AnyEvent) -> list[False_]:
        """Every guard that is false of the event, each as if the others held."""
        found: list[False_] = []
        if not who.entered or action.name in COMES_BACK:
            found += self._of_incarnations(who, event)
        for guard in action.guards:
            fault = guard.check(self.state, who.actor, event)
            if fault is not None:
                found.append(("guard", guard, fault))
        return found

    def _of_incarnations(self, who: Participant, event: AnyEvent) -> Iterator[False_]:
        """What is false of the incarnation that this is the first event of."""
        for rule in self.spec.incarnations:
            fault = rule.check(self.incarnations, who.process, event)
            if fault is not None:
                yield "contract", rule, fault

    def _apply(self, who: Participant, action: Action, event: AnyEvent) -> bool:
        """The effect of an event that is not enabled, as far as there can be one. An incarnation
        that is over stays so."""
        if self.incarnations.of(who.process) <= who.process.incarnation:
            self._begin(who)
        try:
            action.effect(self.state, who.actor, event)
        except LookupError:  # it is about what the state does not have
            return False
        return True

    def _begin(self, who: Participant) -> None:
        """From now on it is this incarnation that the process is in."""
        self.incarnations.enter(who.process)
        one = self.incarnations.one(who.process)
        for other in self._processes.values() if one is not None else ():
            if self.incarnations.one(other.process) == one:
                other.entered = False
        who.entered = True

    def false_of(self, process: str, event: AnyEvent) -> list[False_]:
        """Every guard that is false of the event in the state as it is now, each as if the others
        held. Nothing is taken."""
        who = self._processes.get(process) or self._enter(process, event)
        return self._every_guard(who, who.actions[event.action], event)

    def finish(self) -> Verdict:
        """The verdict on what was fed. Nothing fed is no evidence: unknown."""
        if self.verdict is None:
            if self.accepted == 0:
                return self._say(
                    "unknown", reason="there are no events: nothing was traced, or nothing happened"
                )
            return self._say("conforms", notes=self._notes(), silent=self._silent())
        return replace(self.verdict, further=tuple(self._further.values()))

    def _notes(self) -> tuple[str, ...]:
        """What a reader of "conforms" might think had happened, and did not."""
        missing = [what for action, what in HAPPENED.items() if not self.counts[action]]
        return tuple(f"nothing was {what}" for what in missing)

    def _silent(self) -> tuple[str, ...]:
        """The processes of the cluster that have no event."""
        acted = {who.process[:2] for who in self._processes.values()}
        lists = ((role, getattr(self.cluster, f"{role}s")) for role in ACTIONS_OF)
        return tuple(f"{role} {n}" for role, ids in lists for n in ids if (role, n) not in acted)

    def _decode(self, process: str, event: Mapping[str, Any]) -> AnyEvent:
        kind = EVENTS.get(event.get("event", ""))
        if kind is None:
            raise ValueError(f"no such event: {event.get('event')!r}")
        filled = {"process": process, "seq": self.accepted + 1, "hlc": self.accepted + 1, **event}
        decoded: AnyEvent = msgspec.convert(filled, kind)  # type: ignore[assignment]
        return decoded

    def _enter(self, name: str, event: AnyEvent) -> Participant:
        who = self._processes[name] = Participant(name, self.spec, self.cluster)
        if who.process.role == "learner":
            life = who.actor = self.state.lives.enter(who.process, event)
            if name in self._recorded.keeps:
                self.state.keeps.add(life)
        return who

    def _say(
        self,
        kind: Literal["conforms", "violation", "unknown"],
        *,
        reason: str = "",
        violation: Violation | None = None,
        notes: tuple[str, ...] = (),
        silent: tuple[str, ...] = (),
    ) -> Verdict:
        processes = len(
            self._processes if self._recorded.present is None else self._recorded.present
        )
        return Verdict(
            kind,
            self.accepted,
            dict(self.counts),
            violation,
            reason,
            spec=self.spec.name,
            processes=processes,
            torn=tuple(sorted(self._recorded.torn)),
            waived=tuple(self._passed.values()),
            notes=notes,
            silent=silent,
            inferred=self._recorded.omits,
        )

    def _reject(self, who: Participant, event: AnyEvent, false: False_) -> Violation | None:
        kind, rule, fault = false
        needs = (*fault.needs, *_named_in(event))
        involved = [
            who.name,
            *sorted(n for n in self._processes if n != who.name and _is_one_of(n, needs)),
        ]
        violation = Violation(
            process=who.name,
            event=event,
            spec=self.spec.name,
            kind=kind,
            rule=rule,
            fault=fault,
            accepted=self.accepted,
            recent=tuple((n, tuple(self._processes[n].recent)) for n in involved),
            torn=tuple(sorted(self._recorded.torn & {*involved})),
        )
        lost = self._without_trace(fault.needs)
        if not lost:
            self.verdict = self._say("violation", violation=violation)
            action = self.spec.actions[event.action]
            if kind == "invariant":  # the event was taken
                _count(self._further, event, false)
            else:
                self._force(who, action, event)
            return violation
        reason = (
            f"no trace file of {', '.join(lost)}, on whom event {who.name} seq {event.seq} "
            f"({violation.name}) hangs: expected {fault.expected}; found: {fault.actual}"
        )
        self.verdict = replace(self._say("unknown", reason=reason), hangs=True)
        return None

    def _without_trace(self, needs: Iterable[Need]) -> list[str]:
        """The needed processes of the cluster that have no trace file."""
        if self._recorded.present is None:
            return []
        lost = []
        for role, key in needs:
            number = id_of(key) if isinstance(key, str) else key
            if not self.cluster.admits(role, number) or (
                role == "client" and "Broadcast" in self._recorded.omits
            ):
                continue
            if isinstance(key, str):
                lost += [] if f"{role}-{key}" in self._recorded.present else [f"{role}-{key}"]
                continue
            present = map(decode, self._recorded.present)
            have = {p.incarnation for p in present if (p.role, p.id) == (role, key)}
            if not have:
                lost.append(f"{role} {key}")
            elif len(have) < max(have) <= DENSE_INCARNATIONS:
                lost += [f"{role}-{key}.{n}" for n in range(1, max(have)) if n not in have]
        return lost


def _count(known: dict[str, Deviation], event: AnyEvent, false: False_) -> None:
    kind, rule, fault = false
    name = name_of(kind, event, rule)
    if name in known:
        known[name].times += 1
    else:
        known[name] = Deviation(kind, rule, name, event, fault)


def _named_in(event: AnyEvent) -> list[Need]:
    """Whom the event speaks of: the owner of its ballot, the acceptors of its quorum."""
    named: list[Need] = []
    if isinstance(event, InstallSnapshot):
        named.append(("learner", event.giver))
    elif not isinstance(event, Broadcast | Deliver | OfSnapshot | Trim | Recover):
        named.append(("proposer", event.ballot[1]))
    if isinstance(event, Phase2a | Decide | Learn):
        named += [("acceptor", a) for a in event.quorum or ()]
    return named


def _is_one_of(process: str, needs: Iterable[Need]) -> bool:
    p = decode(process)
    return any(p.role == role and key in (p.id, p.member) for role, key in needs)
