"""Many mutants in one run of TLC: to start it takes longer than to search a small model.

The module that is changed gets one more variable, `mutant`, the number of a change: it is any of
them at the beginning, and stays. A definition is what the change of that number makes of it, so
that the states of one mutant are those that it has alone. The properties are asked in one invariant
and one action constraint, which print what is false in place of ending the run, and end the search
of that mutant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from conformance.specmutants.changes import Change
from conformance.specmutants.mutants import Mutant, replaced, stripped
from conformance.specmutants.seers import Watch
from conformance.specmutants.unchanged import (
    PREFIX,
    NotTogether,
    beginning,
    instead,
    is_of_the_steps,
    step,
)
from conformance.tla.config import checked_names, sections
from conformance.tla.module import Definition, Source, parse
from conformance.tlc.errors import TlcError

MODULE = "Together"
"""The name of the module that is checked."""

_EXTENDS = re.compile(r"\bEXTENDS\s+\w+(?:\s*,\s*\w+)*")
_HEAD = re.compile(r"^-{4,}\s*MODULE\s+\w+\s*-{4,}", re.M)
_LABEL = re.compile(r"\b\w+::")
_INITIAL = re.compile(r"/\\ mutant = (\d+)")
_SAID = re.compile(r'<<"(killed|stopped)", (\d+)(?:, "(\w+)")?>>')

_WRAPPER = """\
---- MODULE {module} ----
EXTENDS {model}, TLC, Integers
MutantSet == {{{numbers}}}
ASSUME \\A n \\in MutantSet : TLCSet(n, 0)
MutantIsOver == TLCGet(mutant) < 0
MutantDies(name) == PrintT(<<"killed", mutant, name>>) /\\ TLCSet(mutant, -1)
MutantGoesOn ==
    IF TLCGet(mutant) = {most} THEN PrintT(<<"stopped", mutant>>) /\\ TLCSet(mutant, -1)
    ELSE TLCSet(mutant, TLCGet(mutant) + 1)
{properties}
MutantFirst ==
{init}
MutantStep ==
{next}
MutantInit == MutantFirst /\\ mutant \\in MutantSet
MutantNext == ~MutantIsOver /\\ mutant' = mutant /\\ MutantStep
MutantStates == IF MutantIsOver THEN TRUE{states} ELSE MutantGoesOn
MutantSteps == IF MutantIsOver THEN FALSE{steps} ELSE TRUE
====
"""


def numbered(mutants: Sequence[Mutant]) -> dict[int, Mutant]:
    """The mutants by their numbers."""
    return dict(enumerate(mutants, 1))


def module_text(mutants: Sequence[Mutant], watch: Watch) -> str:
    """The text of their module, with all that is changed. What is its own there is not here, where
    a property is asked from outside."""
    name = mutants[0].module
    text = stripped(name, watch.spec)
    definitions = parse(name, text).definitions
    variants: defaultdict[str, dict[int, Change]] = defaultdict(dict)
    for number, mutant in numbered(mutants).items():
        variants[mutant.definition][number] = mutant.change
    for definition in sorted((definitions[d] for d in variants), key=lambda d: -d.line):
        text = replaced(text, definition, _either(definition, variants[definition.name]))
    text = re.sub(r"^LOCAL\b", " " * 5, text, flags=re.M)
    head = _EXTENDS.search(text) or _HEAD.search(text)
    assert head, name
    return f"{text[: head.end()]}\nVARIABLE mutant\n{text[head.end() :]}"


def _either(definition: Definition, variants: Mapping[int, Change]) -> str:
    """The body of a definition that is one of these, by the number. Labels may not be there twice;
    lines keep their columns, as lists of conjuncts need them."""
    body = definition.body
    bodies = {f"mutant = {n}": change.applied(body) for n, change in variants.items()}
    bodies["OTHER"] = body
    indent = " " * (len(body) - len(body.lstrip(" \n")))
    cases = [f"{case} -> (\n{_without_labels(text)}\n)" for case, text in bodies.items()]
    return f"{indent.split(chr(10))[0]} CASE " + " [] ".join(cases)


def _without_labels(text: str) -> str:
    return _LABEL.sub(lambda found: " " * len(found[0]), text)


def wrapper(watch: Watch, numbers: Sequence[int], most: int) -> str:
    """The module to be checked: that of the model, for these mutants, of which none is searched
    beyond so many states. Raises NotTogether."""
    name = watch.name
    source = watch.source
    init, following = _init_and_next(
        source, sections(watch.cfg).get("SPECIFICATION", "Spec").strip()
    )
    asked = checked_names(watch.cfg)
    own = {p for p in asked["property"] if is_of_the_steps(source, p)}
    there = "" if watch.adds_no_step else f"{PREFIX}!"
    said = [(f"{there}{i}", i) for i in asked["invariant"]]
    states = "".join(f'\n    ELSE IF ~{i} THEN MutantDies("{name}")' for i, name in said)
    first = "".join(f'IF ~({i})\' THEN MutantDies("{name}") ELSE ' for i, name in said)
    steps = "".join(
        f'\n    ELSE IF ~{"" if p in own else there}Step{p} THEN ({first}MutantDies("{p}"))'
        for p in asked["property"]
    )
    properties = [step(source, p) for p in sorted(own)]
    if there:
        properties.append(f"{PREFIX} == INSTANCE {PREFIX}{name}")
    return _WRAPPER.format(
        module=MODULE,
        model=name,
        numbers=", ".join(map(str, numbers)),
        most=most,
        init=beginning(init) if there else init,
        next=following,
        properties="\n".join(properties),
        states=states,
        steps=steps,
    )


def _init_and_next(source: Source, name: str) -> tuple[str, str]:
    """What `Init /\\ [][Next]_vars` says of the first state and of a step, each as a text of whole
    lines with the columns that it has."""
    body = source.definitions[name].body
    init, always, step = body.partition("[][")
    if not always or "[]" in step.replace("[][", ""):
        raise NotTogether(f"{name} is not of the form Init /\\ [][Next]_vars")
    init = re.sub(r"/\\\s*$", "", init)
    blank = re.sub(r"[^\n]", " ", body[: body.index("[][") + 2])
    return init, blank + "[" + step


def config(watch: Watch) -> str:
    """That of the model, but for what is checked."""
    kept = {
        keyword: text
        for keyword, text in sections(watch.cfg).items()
        if keyword not in ("SPECIFICATION", "INVARIANT", "PROPERTY")
    }
    if not watch.adds_no_step:
        kept["CONSTANT"] = kept.get("CONSTANT", "") + "\n" + instead(watch)
    own = {
        "INIT": " MutantInit",
        "NEXT": " MutantNext",
        "INVARIANT": " MutantStates",
        "ACTION_CONSTRAINT": " MutantSteps",
    }
    return "\n".join(f"{keyword}{text}" for keyword, text in {**kept, **own}.items()) + "\n"


def said(printed: Sequence[str]) -> dict[int, str]:
    """Of what TLC printed: the property that was false, by the number of the mutant; "" of one that
    was searched as far as it may be."""
    found = (_SAID.fullmatch(line.strip()) for line in printed)
    return {int(match[2]): match[3] or "" for match in found if match}


def culprit(error: TlcError) -> int:
    """The number of the mutant in whose states there was an error; 0 if TLC does not say. Raises
    the error if it is in a line of what is made here, and so in none of the mutants."""
    if error.trace:
        return int(error.trace[-1].values.get("mutant", 0))
    if found := _INITIAL.search(str(error)):
        return int(found[1])
    if re.search(rf"{MODULE}\.tla:\d", str(error)):
        raise error
    return 0
