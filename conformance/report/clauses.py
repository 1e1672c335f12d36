"""The text of actions for a page, and which conjuncts of it a rule stands for."""

from __future__ import annotations

from functools import cache

from conformance.replay.citations import places, quoted
from conformance.replay.verdict import name_of
from conformance.report.page import Action, Conjunct, FalseRule, clipped
from conformance.rules.rule import Fault, Rule
from conformance.tla.module import Conjunct as Cited
from conformance.tla.module import Source, read
from conformance.trace.process import decode
from conformance.trace.schema import AnyEvent

OTHER_RECOVERS = {"proposer": "Resume", "learner": "Return", "client": "Return"}
"""What the specification calls a Recover of others than acceptors."""


def action_name(event: AnyEvent) -> str:
    """What the specification calls the action of the event."""
    if event.action == "Recover":
        return OTHER_RECOVERS.get(decode(event.process).role, "Recover")
    return event.action


@cache
def action(spec: str, name: str) -> Action:
    """The action as the specification has it, with what is asked of its event besides."""
    source = read(f"Trace{spec}")
    definition = source.definitions.get(name) or source.definitions[f"Take{name}"]
    conjuncts = tuple(
        Conjunct(
            clipped(f"{c.label}:: {c.text}" if c.label else c.text),
            c.place,
            source.is_action(c.text),
        )
        for c in _cited(source, name)
    )
    place = f"spec/{definition.module}.tla:{definition.line}"
    return Action(name, definition.head, place, conjuncts)


def _cited(source: Source, name: str) -> list[Cited]:
    """The conjuncts of the operator that takes events of this action; those of the action itself in
    place of the one that calls it."""
    found: list[Cited] = []
    own = source.definitions.get(name)
    taken = source.definitions.get(f"Take{name}")
    for c in taken.conjuncts() if taken else ():
        if own is not None and c.called == name:
            found += own.conjuncts()
        else:
            found.append(c)
    return found or list(own.conjuncts() if own else ())


def false_of(spec: str, event: AnyEvent, kind: str, rule: Rule, fault: Fault) -> FalseRule:
    """What is false of the event, where the specification says so, and the values."""
    name = name_of(kind, event, rule)
    cited = places(spec, name)
    here = _cited(read(f"Trace{spec}"), action_name(event))
    return FalseRule(
        name,
        rule.words,
        tuple(k for k, c in enumerate(here) if c in cited),
        cited[0].place,
        clipped("\n".join(quoted(spec, name))),
        clipped(fault.expected),
        clipped(fault.actual),
    )
