"""Asks the solver about all that has to be shown, and whether each conjunct is needed for it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import z3

from conformance.proof import finite
from conformance.proof.logic import Encoding, Formula
from conformance.proof.obligations import Obligation, obligations, weaker

PROVED, FALSE, UNKNOWN = "proved", "false", "unknown"
"""Verdicts. Only the first is one that is good; the last says that the solver gave up."""

SECONDS = 60.0
"""How long the solver may think about one obligation."""

FIRST_SECONDS = 2.0
"""How long it may think before it begins again."""


@dataclass(frozen=True)
class Outcome:
    """What came of an obligation, and the seconds it took. `found` is a counterexample."""

    obligation: Obligation
    verdict: str
    seconds: float
    found: finite.Found | None = None


def proofs(encoding: Encoding, seconds: float = SECONDS) -> Iterator[Outcome]:
    """Of each obligation of a module."""
    for obligation in obligations(encoding):
        yield prove(encoding, obligation, seconds)


def prove(encoding: Encoding, obligation: Obligation, seconds: float = SECONDS) -> Outcome:
    """Ask about all structures; if the answer is not "proved", look for a small counterexample."""
    begun = time.monotonic()
    verdict, found = PROVED, None
    if not all(_unsatisfiable(query, seconds) for query in obligation.queries):
        try:
            found = finite.first(encoding, [obligation])
        except finite.Unknown:
            found = None
        verdict = FALSE if found else UNKNOWN
    return Outcome(obligation, verdict, time.monotonic() - begun, found)


def _unsatisfiable(query: list[Formula], seconds: float) -> bool:
    """Whether the solver says so. How long it takes is a matter of luck: what it proves in a
    second by one order of its trials may take it an hour by another. So it begins again, with
    another seed, each time with twice the patience."""
    left, patience = seconds, FIRST_SECONDS
    for seed in itertools.count():
        solver = z3.Solver()
        solver.set("random_seed", seed)
        solver.set("timeout", int(min(left, patience) * 1000))
        solver.add(*query)
        answer = solver.check()
        left -= patience
        if answer != z3.unknown or left <= 0:
            return bool(answer == z3.unsat)
        patience *= 2
    raise AssertionError("unreachable")


@dataclass(frozen=True)
class Necessity:
    """What happens if a conjunct is left out: PROVED, as before; FALSE, with a step that makes
    something wrong; or UNKNOWN."""

    conjunct: str
    verdict: str
    seconds: float
    expected: bool
    found: finite.Found | None = None


def necessities(encoding: Encoding, seconds: float = SECONDS) -> Iterator[Necessity]:
    """Of each conjunct."""
    for conjunct in encoding.invariant:
        begun = time.monotonic()
        if conjunct in encoding.needless:
            others = (o.verdict for o in proofs(encoding.without(conjunct), seconds))
            verdict = next((v for v in others if v != PROVED), PROVED)
            taken = time.monotonic() - begun
            yield Necessity(conjunct, verdict, taken, expected=verdict == PROVED)
        else:
            try:
                found = finite.first(encoding, weaker(encoding, conjunct))
            except finite.Unknown:
                found = None
            verdict, taken = FALSE if found else UNKNOWN, time.monotonic() - begun
            yield Necessity(conjunct, verdict, taken, expected=found is not None, found=found)
