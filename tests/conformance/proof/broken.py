"""Encodings that are wrong on purpose: which are noticed, by what, and why some cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

from z3 import And

from conformance.proof import (
    digest,
    log_voting_actions,
    log_voting_facts,
    log_voting_invariant,
    log_voting_lemmas,
    log_voting_logic,
    log_voting_terms,
    multi_paxos_actions,
    multi_paxos_facts,
    multi_paxos_invariant,
    multi_paxos_learner_actions,
    multi_paxos_lemmas,
    multi_paxos_logic,
    multi_paxos_state,
    multi_paxos_trimming,
    synod_invariant,
    synod_logic,
    voting_logic,
)
from conformance.proof.asking import Limits
from conformance.proof.encodings import ENCODINGS
from conformance.proof.kept import Kept
from conformance.proof.logic import Action, Encoding, Formula, State
from conformance.proof.solver import PROVED, UNKNOWN, proofs, prove
from tests.conformance.proof.held_against_tlc import (
    Changed,
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
    "MultiPaxos": (
        (
            *(multi_paxos_state, multi_paxos_invariant, multi_paxos_trimming),
            *(multi_paxos_lemmas, multi_paxos_actions, multi_paxos_learner_actions),
            *(multi_paxos_facts, multi_paxos_logic),
        ),
        "MULTI_PAXOS",
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
    "without keeps(l) in has_it, And(keeps(l), ": (
        "who keeps no checkpoint has none beyond what it has delivered"
    ),
    "without i != start in last_vote,": "nobody votes in instance 0, and to say more is proved too",
    "without i != start in trimmed_is_over,": "nobody votes in instance 0",
    "in trimmed_is_kept, And(keeps(l), Not(": "to say it of all learners is proved too",
    "every in asks_for_some,": "in the models that are compared a K is all of Lives",
    "every in may_forget, some(Keepers,": "in the models that are compared there is one K",
    "without 'Ballot' in decide,": "nobody votes in ballot 0",
    "without 'Ballot' in phase2a,": "nobody promises in ballot 0",
    "without 'Instance' in phase2a,": "nobody promises in instance 0",
    "without 'Instance' in decide,": "nobody votes in instance 0",
    "without 'Instance' in trim,": "no acceptor has trimmed less",
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


@cache
def _own_reasons(module: str) -> tuple[str, dict[str, str]]:
    return _reasons(ENCODINGS[module])


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
    return _by_proof(_concerned(module, new))


def _reasons(encoding: Encoding) -> tuple[str, dict[str, str]]:
    """What steps of a proof say, in words as those of `digests`: axioms and lemmas, and of each
    action its facts."""

    def in_general(state: State) -> Formula:
        return And(*encoding.axioms.values(), *(each.everywhere(state) for each in encoding.lemmas))

    def facts(action: Action, state: State) -> Formula:
        return And(*(fact.formula for fact in action.facts(state, *action.parameters())))

    return digest.of_claim(encoding, in_general), {
        action.name: digest.of_claim(encoding, partial(facts, action))
        for action in encoding.actions
    }


def _concerned(module: str, new: Changed) -> Encoding:
    """Where only actions are changed, or their facts, the encoding with these: the obligations of
    the others are proved."""
    (general, facts), (own_general, own_facts) = _reasons(new.encoding), _own_reasons(module)
    if new.claims or general != own_general:
        return new.encoding
    names = {action.name for action in new.actions}
    names |= {name for name, words in facts.items() if words != own_facts[name]}
    actions = tuple(action for action in new.encoding.actions if action.name in names)
    return replace(new.encoding, actions=actions)


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
