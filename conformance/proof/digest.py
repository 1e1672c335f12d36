"""What a proof depends on, in one word: a hash of the exact text that the solver is given, as
SMT-LIB. Names of bound variables, which differ from run to run, are numbered anew."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import z3

from conformance.proof.logic import Action, Claim, Encoding, Formula
from conformance.proof.obligations import Obligation

_FRESH = re.compile(r"[^\s()]+!\d+")


def of_obligation(obligation: Obligation) -> str:
    """Of all that nothing may satisfy, and the solver's version."""
    return _digest(obligation.queries)


def of_encoding(encoding: Encoding, *more: str) -> str:
    """Of all that counterexamples to a module's obligations depend on, and of more text."""
    state = encoding.state()
    claims = [*encoding.invariant.values(), *(goal.claim for goal in encoding.goals.values())]
    parts = [[*encoding.axioms.values()], [encoding.init(state)]]
    parts += [[claim(state)] for claim in claims]
    actions = (of_action(encoding, action) for action in encoding.actions)
    return _digest(parts, *actions, *more, str(encoding.sizes))


def of_action(encoding: Encoding, action: Action) -> str:
    """Of its guards, and of what it changes."""
    step = action.step(encoding.state(), *action.parameters())
    parts = [[*step.guards.values()]]
    for name, meaning in sorted(step.changed.items()):
        (variable,) = (v for v in encoding.variables if v.name() == name)
        at = [z3.FreshConst(variable.domain(n), "at") for n in range(variable.arity())]
        parts.append([variable(*at) == meaning(*at)])
    return _digest(parts)


def of_claim(encoding: Encoding, claim: Claim) -> str:
    """Of what it says of a state."""
    return _digest([[claim(encoding.state())]])


def _digest(queries: Iterable[Sequence[Formula]], *more: str) -> str:
    found = hashlib.sha256(z3.get_full_version().encode())
    for text in (*map(_text, queries), *more):
        found.update(b"\0" + text.encode())
    return found.hexdigest()


def _text(query: Sequence[Formula]) -> str:
    solver = z3.Solver()
    solver.add(*query)
    numbers: dict[str, int] = {}

    def renumbered(match: re.Match[str]) -> str:
        name = match[0]
        return f"{name.rpartition('!')[0]}!{numbers.setdefault(name, len(numbers))}"

    return " ".join(_FRESH.sub(renumbered, solver.sexpr()).split())
