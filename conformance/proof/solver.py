"""Asks the solver about all that has to be shown, and whether each conjunct is needed for it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import z3

from conformance.proof import digest, finite, table
from conformance.proof.asking import Limits, OutOfMemory, answer, solver_for
from conformance.proof.kept import Kept, Record
from conformance.proof.logic import Encoding, Formula
from conformance.proof.obligations import Obligation, obligations, weaker

PROVED, FALSE, UNKNOWN = "proved", "false", "unknown"
"""Verdicts. Only the first is one that is good; the last says that the solver gave up."""

FIRST_SECONDS = 2.0
"""How long it may think before it begins again."""


@dataclass(frozen=True)
class Outcome:
    """What came of an obligation, and the seconds it took. `found` is a counterexample; `memory`:
    the solver gave up for lack of it. `before`: the same text was proved before, in this
    run or an earlier one."""

    obligation: Obligation
    verdict: str
    seconds: float
    found: finite.Found | None = None
    memory: bool = False
    before: bool = False


def proofs(
    encoding: Encoding, limits: Limits | None = None, kept: Kept | None = None
) -> Iterator[Outcome]:
    """Of each obligation of a module. What is kept as proved is not asked again."""
    kept = kept or Kept()
    for obligation in obligations(encoding):
        what = digest.of_obligation(obligation)
        if record := kept.known(what):
            yield Outcome(obligation, PROVED, record.seconds, before=True)
            continue
        outcome = prove(encoding, obligation, limits)
        if outcome.verdict == PROVED:
            name = f"{encoding.name}: {obligation.name}"
            kept.note(Record(what, name, z3.get_version_string(), outcome.seconds))
        yield outcome


def prove(encoding: Encoding, obligation: Obligation, limits: Limits | None = None) -> Outcome:
    """Ask about all structures; if the answer is not "proved", look for a small counterexample."""
    limits, begun = limits or Limits(), time.monotonic()
    verdict, found, memory = PROVED, None, False
    try:
        if not all(_unsatisfiable(query, limits) for query in obligation.queries):
            verdict = UNKNOWN
            found = finite.first(encoding, [obligation], limits.memory_mb)
    except finite.Unknown:
        pass
    except OutOfMemory:
        verdict, memory = UNKNOWN, True
    verdict = FALSE if found else verdict
    return Outcome(obligation, verdict, time.monotonic() - begun, found, memory)


def _unsatisfiable(query: list[Formula], limits: Limits) -> bool:
    """Whether the solver says so. How long it takes is a matter of luck: what it proves in a
    second by one order of its trials may take it an hour by another. So it begins again, with
    another seed, each time with twice the patience."""
    left, patience = limits.seconds, FIRST_SECONDS
    for seed in itertools.count():
        solver = solver_for(query, min(left, patience), limits.memory_mb)
        solver.set("random_seed", seed)
        said = answer(solver)
        left -= patience
        if said != z3.unknown or left <= 0:
            return bool(said == z3.unsat)
        patience *= 2
    raise AssertionError("unreachable")


@dataclass(frozen=True)
class Necessity:
    """What happens if a conjunct is left out: PROVED, as before; FALSE, with a step that makes
    something wrong, in a line and as a table; or UNKNOWN."""

    conjunct: str
    verdict: str
    seconds: float
    expected: bool
    said: str = ""
    table: str = ""


def necessities(
    encoding: Encoding, limits: Limits | None = None, kept: Kept | None = None
) -> Iterator[Necessity]:
    """Of each conjunct. A counterexample that is kept is not looked for again."""
    limits, kept = limits or Limits(), kept or Kept()
    for conjunct in encoding.invariant:
        if conjunct in encoding.needless:
            yield _needless(encoding, conjunct, limits, kept)
        else:
            yield _needed(encoding, conjunct, limits, kept)


def _needless(encoding: Encoding, conjunct: str, limits: Limits, kept: Kept) -> Necessity:
    begun = time.monotonic()
    others = (o.verdict for o in proofs(encoding.without(conjunct), limits, kept))
    verdict = next((v for v in others if v != PROVED), PROVED)
    return Necessity(conjunct, verdict, time.monotonic() - begun, expected=verdict == PROVED)


def _needed(encoding: Encoding, conjunct: str, limits: Limits, kept: Kept) -> Necessity:
    what, begun = digest.of_encoding(encoding, conjunct), time.monotonic()
    record = kept.known(what)
    if record is None:
        try:
            found = finite.first(encoding, weaker(encoding, conjunct), limits.memory_mb)
        except (finite.Unknown, OutOfMemory):
            found = None
        taken = time.monotonic() - begun
        if found is None:
            return Necessity(conjunct, UNKNOWN, taken, expected=False)
        said = f"{table.step(encoding, found)} makes {found.obligation.claim} false"
        name = f"{encoding.name} without {conjunct}"
        shown = table.indented(encoding, found)
        record = Record(what, name, z3.get_version_string(), taken, said, shown)
        kept.note(record)
    return Necessity(
        conjunct, FALSE, record.seconds, expected=True, said=record.said, table=record.table
    )
