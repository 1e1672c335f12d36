"""An encoding beside what TLC says of the module, in all states of a small model.

A module Any*.tla beside this file starts in every state that has the right types, reached or not,
and prints the truth of each definition there, and each step with its parameters. The encoding's
formulas, evaluated, must say the same of all of them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from conformance.paths import MODELS, SPEC
from conformance.proof import digest
from conformance.proof.evaluate import Meaning, Stepper, Structure, compiled
from conformance.proof.logic import Action, Claim, Encoding
from conformance.tla.value import parse
from conformance.tlc import runner

Key = tuple[Any, ...]
"""A state of an encoding: what its variables mean, to be compared."""
Labelled = tuple[str, tuple[int, ...], Key]
"""The action of a step, its parameters, and the state after it."""


@dataclass(frozen=True)
class Model:
    """A small model: its module and configuration, and how TLC's words are read: `fixed` is what
    the constants mean, `state` the variables of a state, and `parameter` one of an action, by the
    name of its sort."""

    module: str
    config: str
    encoding: Encoding
    fixed: Structure
    state: Callable[[tuple[Any, ...]], dict[str, Meaning]]
    parameter: Callable[[str, Any], int]
    truths: tuple[str, ...]
    drawn: str = ""
    """The states to start in, as a set in TLA+; empty: all of the module's AnyInit."""


@dataclass
class Said:
    """What TLC says: of each state the truths, and of each its steps."""

    states: dict[Key, tuple[bool, ...]]
    steps: dict[Key, set[Labelled]]
    structures: dict[Key, Structure]
    drawn: bool

    @property
    def sources(self) -> Iterable[Key]:
        """The states from which TLC took steps; of states that are drawn each has one, as an
        acceptor may always recover, and others were only reached."""
        return self.steps if self.drawn else self.states


def key(encoding: Encoding, meanings: Mapping[str, Meaning]) -> Key:
    """A state, to be compared."""
    found = (meanings[variable.name()] for variable in encoding.variables)
    return tuple(frozenset(m.items()) if isinstance(m, dict) else m for m in found)


def said(model: Model) -> Said:
    """What TLC says of all states and steps."""
    with tempfile.TemporaryDirectory(prefix="encoding-") as folder:
        says = "SPECIFICATION AnySpec\nINVARIANT SaysState\nACTION_CONSTRAINT SaysSteps\n"
        config = says + model.config
        module = Path(__file__).with_name(f"{model.module}.tla")
        if model.drawn:
            some = sorted(set(re.findall(r"\b[val]\d\b", model.config)))
            same = " ".join(f"{name} = {name}" for name in some)
            config += f"CONSTRAINT FirstStep\nCONSTANTS Drawn <- States {same}\n"
            module = Path(folder) / "Drawn.tla"
            text = (
                f"---- MODULE Drawn ----\nEXTENDS {model.module}\nCONSTANTS {', '.join(some)}\n"
                f"States == {model.drawn}\n====\n"
            )
            module.write_text(text, encoding="utf-8")
        lines, distinct = printed(module, config)
        found = _read(model, iter(lines))
    assert model.drawn or len(found.states) == distinct
    return found


def printed(module: Path, configuration: str) -> tuple[list[str], int]:
    """The lines that the module prints, and how many states it has."""
    with tempfile.TemporaryDirectory(prefix="printed-") as folder:
        config, lines = Path(folder) / "any.cfg", Path(folder) / "printed"
        config.write_text(configuration, encoding="utf-8")
        manner = runner.Manner(short=True, options=("-userFile", str(lines)))
        task = runner.Task(module, config, [Path(__file__).parent, SPEC, MODELS])
        result = runner.run(task, runner.Limits(300, 1024), manner)
        assert result.violation is None and result.completed
        return lines.read_text(encoding="utf-8").splitlines(), result.distinct


def _read(model: Model, lines: Iterator[str]) -> Said:
    found = Said({}, {}, {}, bool(model.drawn))
    sorts = {a.name: [sort.name() for sort in a.sorts] for a in model.encoding.actions}

    @cache
    def state(text: str) -> Key:
        structure = model.fixed.but(model.state(parse(text)))
        known = key(model.encoding, structure.meanings)
        found.structures[known] = structure
        return known

    for line in lines:
        match parse(line):
            case ("state", truths):
                found.states[state(next(lines))] = truths
            case ("step", action, parameters):
                name = str(action)
                label = name, tuple(map(model.parameter, sorts[name], parameters))
                source, target = state(next(lines)), state(next(lines))
                found.steps.setdefault(source, set()).add((*label, target))
    return found


def steps_that_differ(
    encoding: Encoding, theirs: Said, actions: tuple[Action, ...] | None = None
) -> Iterator[str]:
    """What is a step by one of the two only, in words: of all actions, or of some."""
    stepper = Stepper(encoding if actions is None else replace(encoding, actions=actions))
    names = None if actions is None else {action.name for action in actions}
    for source in theirs.sources:
        own: set[Labelled] = {
            (taken.action, taken.parameters, key(encoding, taken.after.meanings))
            for taken in stepper.steps(theirs.structures[source])
        }
        said = theirs.steps.get(source, set())
        for label in own ^ {each for each in said if names is None or each[0] in names}:
            who = "the encoding" if label in own else "TLC"
            yield f"by {who} alone: {label[0]}{label[1]} from {source} to {label[2]}"


def claims(encoding: Encoding) -> dict[str, Claim]:
    """What is true of a state or not, by the names that it has in the module."""
    goals = {name: goal.claim for name, goal in encoding.goals.items()}
    return {"Init": encoding.init, **encoding.invariant, **goals}


def truths_that_differ(
    model: Model, encoding: Encoding, theirs: Said, some: dict[str, Claim] | None = None
) -> Iterator[str]:
    """The definitions, all or some, that are true in other states than TLC says, in words."""
    state = encoding.state()
    for name, claim in (claims(encoding) if some is None else some).items():
        at, formula = model.truths.index(name), compiled(claim(state))
        for known, truths in theirs.states.items():
            if formula(theirs.structures[known]) != truths[at]:
                yield f"{name} is {truths[at]} by TLC of {known}"
                break


class Digests(NamedTuple):
    """What an encoding says, in words that are the same where it says the same."""

    claims: dict[str, str]
    actions: dict[str, str]


def digests(encoding: Encoding) -> Digests:
    """Of the claims and the actions, by their names."""
    return Digests(
        {name: digest.of_claim(encoding, claim) for name, claim in claims(encoding).items()},
        {action.name: digest.of_action(encoding, action) for action in encoding.actions},
    )


class Changed(NamedTuple):
    """Of an encoding what says something else than the module's own."""

    encoding: Encoding
    claims: dict[str, Claim]
    actions: tuple[Action, ...]


def changed(encoding: Encoding, own: Digests) -> Changed:
    """What is to be compared with what TLC says, as the own encoding has been before."""
    new = digests(encoding)
    return Changed(
        encoding,
        {n: c for n, c in claims(encoding).items() if new.claims[n] != own.claims[n]},
        tuple(a for a in encoding.actions if new.actions[a.name] != own.actions[a.name]),
    )


def differences(model: Model, theirs: Said, new: Changed) -> Iterator[str]:
    """What a changed encoding says, and TLC does not, in words."""
    yield from truths_that_differ(model, new.encoding, theirs, new.claims)
    yield from steps_that_differ(new.encoding, theirs, new.actions)


def axioms_that_are_false(encoding: Encoding, model: Model) -> list[str]:
    """An assumption that no model satisfies would prove anything."""
    axioms = encoding.axioms.items()
    return [name for name, axiom in axioms if not compiled(axiom)(model.fixed)]
