"""Encodings that are wrong on purpose: which are noticed, by what, and why some cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from conformance.proof import (
    log_voting_actions,
    log_voting_facts,
    log_voting_invariant,
    log_voting_lemmas,
    log_voting_logic,
    log_voting_terms,
    synod_invariant,
    synod_logic,
    voting_logic,
)
from conformance.proof.asking import Limits
from conformance.proof.encodings import ENCODINGS
from conformance.proof.kept import Kept
from conformance.proof.logic import Encoding
from conformance.proof.solver import PROVED, UNKNOWN, proofs, prove
from tests.conformance.proof.held_against_tlc import (
    Digests,
    axioms_that_are_false,
    changed,
    differences,
    digests,
)
from tests.conformance.proof.small_models import SMALL, held
from tests.conformance.proof.source_mutants import mutants

FILES = {
    "Voting": ((voting_logic,), "VOTING"),
    "Synod": ((synod_invariant, synod_logic), "SYNOD"),
    "LogVoting": (
        (
            *(log_voting_terms, log_voting_invariant, log_voting_lemmas),
            *(log_voting_actions, log_voting_facts, log_voting_logic),
        ),
        "LOG_VOTING",
    ),
}
"""By the name of the module, its encoding's files, and its name in the last."""

SECONDS = 5
"""For the solver, with each obligation of a mutant: what it proves, it proves in less."""

PATIENT_SECONDS = 30
"""For one that it has not proved in these."""

PROVED_SO_FAR = Kept()
"""What a change does not concern is proved once."""

UNNOTICED = {
    "without 'Ballot' in _phase2a": "nobody promises in ballot 0",
    "without 'Value' in _phase2a": "None is not broadcast, and no vote that is reported is for it",
    "without 'Ballot' in _decide": "nobody votes in ballot 0",
    "in type_ok,": "all states that are compared have the right types, and no proof needs them",
    "in learns_one,": "it is a part of type_ok",
    "without 'Ballot' in _learn": "nobody votes in ballot 0",
    "without 'Ballot' in promise,": "no promise is below ballot 0",
    "without 'Ballot' in learn,": "nobody votes in ballot 0",
    "without 'Instance' in learn,": "nobody votes in instance 0",
    "without Not(free) in safe, And(Not(free), of_highest(s, w, b, i, q))": (
        "a batch that was voted for was broadcast, so that both cases allow it"
    ),
    "without once(s.delivered(l)) in integrity": (
        "no sequence that is compared has a value twice, and to say less is proved too"
    ),
}
"""Changes that are noticed by nothing, by a part of their names, and why."""


class Mutant(NamedTuple):
    """What was changed, and by what it was noticed; empty: by nothing."""

    change: str
    noticed_by: str

    @property
    def reason(self) -> str:
        """Why it is right that it is noticed by nothing; empty: it is not."""
        return next((why for part, why in UNNOTICED.items() if part in self.change), "")


def tried(module: str, *, every: int = 1) -> Iterator[Mutant]:
    """Each mutant of a module's encoding, or one of so many: first beside TLC, then in the
    proof."""
    for number, (change, made) in enumerate(mutants(*FILES[module])):
        if number % every == 0:
            yield Mutant(change, _noticed_by(module, made()))


@cache
def _own(module: str) -> Digests:
    return digests(ENCODINGS[module])


def _noticed_by(module: str, encoding: Encoding) -> str:
    try:
        new = changed(encoding, _own(module))
        for small in SMALL:
            if small.startswith(f"{module}:"):
                model, theirs = held(small)
                if axioms_that_are_false(encoding, model) or any(differences(model, theirs, new)):
                    return small
    except KeyError:  # a function that is no longer there
        return f"{module}: nothing to compare"
    return _by_proof(encoding)


def _by_proof(encoding: Encoding) -> str:
    """What is not proved, and is false; or, where nothing is found that makes it false, what the
    solver cannot prove with more patience either: beside other work all takes longer."""
    for outcome in proofs(encoding, Limits(SECONDS), PROVED_SO_FAR):
        verdict = outcome.verdict
        if verdict == UNKNOWN:
            verdict = prove(encoding, outcome.obligation, Limits(PATIENT_SECONDS)).verdict
        if verdict != PROVED:
            return f"{outcome.obligation.name}: {verdict}"
    return ""
