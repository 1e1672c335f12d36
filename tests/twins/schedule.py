"""A counterexample of TLC as a schedule: steps with their parameters, and the states they lead to,
in the terms of conformance/statespace/graph.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from conformance.modelcheck.manifest import Violates, choose, load
from conformance.paths import MANIFEST
from conformance.statespace.graph import Bounds, Label, State
from conformance.statespace.printed_graph import Terms
from conformance.tla.config import sections
from conformance.tlc import runner
from conformance.tlc.name_steps import Step, steps


@dataclass(frozen=True)
class Schedule:
    """`labels[k]` leads from `states[k]` to `states[k + 1]`; in the last state, or by the last
    step, `violates` is false."""

    bounds: Bounds
    labels: tuple[Label, ...]
    states: tuple[State, ...]
    violates: str


@cache
def schedule(name: str) -> Schedule:
    """The counterexample to the model of that name. Raises TlcError."""
    model = choose(load(), "all", [name])[0]
    folder = MANIFEST.parent
    module, config = folder / model.module, folder / model.config
    task = runner.Task(module, config, [folder.parent])
    found = runner.run(task, runner.Limits(100, 1024), runner.SHORT)
    assert isinstance(model.expect, Violates)
    assert found.violation is not None
    assert found.violation.name == model.expect.violates
    bounds = bounds_of(config.read_text(encoding="utf-8"), model.module)
    terms = Terms(bounds)
    taken = steps(module, config, folder.parent, found)
    labels = tuple(terms.label((s.action, *s.parameters.values())) for s in taken[1:])
    states = tuple(_state(terms, s) for s in taken)
    return Schedule(bounds, labels, states, found.violation.name)


def _state(terms: Terms, step: Step) -> State:
    # That a learner tells what it has delivered is no message of the core's that is compared here.
    msgs = frozenset(m for m in step.state["msgs"] if m["type"] != "Delivered")
    return terms.state({**step.state, "msgs": msgs})


def bounds_of(cfg: str, module: str) -> Bounds:
    """The constants of a configuration of MCSynod or MCMultiPaxos."""
    text = sections(cfg)["CONSTANT"]

    def number(constant: str, otherwise: int = 1) -> int:
        found = re.search(rf"\b{constant}\s*=\s*(\d+)", text)
        return int(found[1]) if found else otherwise

    def size(constant: str) -> int:
        found = re.search(rf"\b{constant}\s*=\s*\{{([^}}]*)\}}", text)
        assert found is not None
        return len(re.findall(r"\w+", found[1]))

    return Bounds(
        spec=module.removeprefix("MC").removesuffix(".tla"),
        direct=bool(re.search(r"DirectLearning\s*=\s*TRUE", text)),
        ahead=bool(re.search(r"PrepareAhead\s*=\s*TRUE", text)),
        max_batch=number("MaxBatch"),
        acceptors=size("Acceptor"),
        learners=size("Learner"),
        values=size("Value"),
        proposers=number("Proposers"),
        rounds=number("Rounds"),
        instances=number("Instances"),
    )
