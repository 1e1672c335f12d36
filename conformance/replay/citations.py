"""Where in the specification each rule stands, and what it says there.

A rule is a transcription of a conjunct that has the rule's name as label: `promises::` in Phase2a,
of MultiPaxos.tla or Synod.tla, is Phase2a.promises. What is said of an event beside its action
stands in TakePhase2a and its like, of TraceMultiPaxos.tla or TraceSynod.tla. A test asks TLC for
the false conjunct of each bad trace, and it must be one of these.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from conformance.replay.checker import SPECS
from conformance.tla.module import Conjunct, Definition, read
from conformance.tla.trace_spec import invariants

Labels = dict[str, tuple[str, ...]]


def places(spec: str, rule: str) -> tuple[Conjunct, ...]:
    """The conjuncts that the rule ("Action.guard", or an invariant's name) stands for, the one that
    says it best first. Raises KeyError if there is no such rule, or no such label."""
    if "." not in rule:
        return tuple(c for c in invariants(f"Trace{spec}") if c.definition == rule)
    labelled = _labelled(f"Trace{spec}")
    return tuple(c for label in _labels(spec)[rule] for c in labelled[label])


def quoted(spec: str, rule: str) -> list[str]:
    """The rule as the specification has it: a conjunct, and what the operator in it means."""
    conjunct = places(spec, rule)[0]
    return [conjunct.text, *meaning(spec, conjunct)]


def meaning(spec: str, conjunct: Conjunct) -> list[str]:
    """The lines of the operator that the conjunct calls, if it does nothing else."""
    called = read(f"Trace{spec}").definitions.get(conjunct.called or "")
    return called.lines() if called else []


def signature(spec: str, action: str) -> str:
    """The action with its parameters."""
    return read(spec).definitions[action].head


@cache
def _labels(spec: str) -> Labels:
    """Of each rule that is no invariant, the labels of its conjuncts."""
    rules = SPECS[spec]
    found: Labels = {}
    for action in (*rules.actions.values(), *rules.inner.values()):
        found |= {f"{action.name}.{g.name}": g.labels(action.name) for g in action.guards}
    for rule in rules.incarnations:  # "Life.order", of the rows that the trace module calls Life
        action_name, _, name = rule.name.partition(".")
        found[rule.name] = replace(rule, name=name).labels(action_name)
    return found


def taken(d: Definition) -> str:
    """Of an operator that takes events: of which action; of another one, its name."""
    return d.name.removeprefix("Take") if d.module.startswith("Trace") else d.name


@cache
def _labelled(module: str) -> dict[str, tuple[Conjunct, ...]]:
    """The conjuncts that have a label, as "Phase2a.promises": those of the action before those of
    the operator that takes its events."""
    found: dict[str, tuple[Conjunct, ...]] = {}
    definitions = read(module).definitions.values()
    for d in sorted(definitions, key=lambda d: taken(d) != d.name):
        for c in d.conjuncts():
            if c.label:
                key = f"{taken(d)}.{c.label}"
                found[key] = (*found.get(key, ()), c)
    return found
