"""What a model asks, with the text that it has without mutants.

A property that used a definition that a mutant changes would be weakened with the action, and see
nothing; or it would be false of what is right. So properties are asked of copies of the model's
modules, under other names, in which nothing is changed: an instance of the last of them. But for
those that ask whether a step is one that the module takes: what it takes is what the mutant says.
"""

from __future__ import annotations

import re

from conformance.specmutants.mutants import reached
from conformance.specmutants.seers import Watch
from conformance.tla.config import checked_names, sections
from conformance.tla.module import Source

PREFIX = "Unchanged"
ALONE = "Alone"

_NAMING = re.compile(r"(MODULE|EXTENDS|INSTANCE)(\s+\w+(?:\s*,\s*\w+)*)")
_INIT = re.compile(r"\b\w*Init\b")
_RUNG = re.compile(r"(\w+)!Spec")


class NotTogether(Exception):
    """A model asks for something of which this does not know how to ask it of many."""


def modules(watch: Watch, *, steps: bool) -> dict[str, str]:
    """The texts of the copies, by name; with the steps that properties allow beside these. Raises
    NotTogether."""
    texts = watch.texts()
    source = watch.source
    for name in checked_names(watch.cfg)["property"] if steps else ():
        if not is_of_the_steps(source, name):
            module, text = source.definitions[name].module, step(source, name)
            texts[module] = re.sub("^====", lambda end: text + end[0], texts[module], flags=re.M)  # noqa: B023

    def renamed(found: re.Match[str]) -> str:
        names = re.sub(r"\w+", lambda w: PREFIX * (w[0] in texts) + w[0], found[2])
        return found[1] + names

    return {PREFIX + each: _NAMING.sub(renamed, text) for each, text in texts.items()}


def is_of_the_steps(source: Source, name: str) -> bool:
    """Whether a property names an action, as `Untouched` does; a rung above has actions of its
    own."""
    if _RUNG.fullmatch(source.definitions[name].body.strip()):
        return False
    used = reached(source, [name]) - {name}
    return any(source.is_action(source.definitions[each].body) for each in used)


def step(source: Source, name: str) -> str:
    """The definition of StepP, which is what a property P allows. Raises NotTogether."""
    body = source.definitions[name].body
    if found := _RUNG.fullmatch(body.strip()):
        body = f"    [{found[1]}!Next]_({found[1]}!vars)"
    elif body.strip().startswith("[][") and body.count("[][") == 1:
        body = body.replace("[][", "  [")
    else:
        raise NotTogether(f"{name} is not of the form [][A]_vars")
    return f"Step{name} ==\n{body}\n"


def beginning(relation: str) -> str:
    """The text of a relation, in which the states at the beginning are those without mutants."""
    return _INIT.sub(lambda init: f"{PREFIX}!{init[0]}", relation)


def instead(watch: Watch) -> str:
    """Lines of a configuration: what stands in for a definition stands in for it there too."""
    source = watch.source
    return "".join(
        f"    {name} <-[{PREFIX}{source.definitions[name].module}] {other}\n"
        for name, other in watch.instead.items()
        if name in source.definitions
    )


def alone(watch: Watch) -> tuple[str, str]:
    """The module named ALONE, and its configuration: the model, where what is asked, and what there
    is at the beginning, has its unchanged text."""
    source = watch.source
    kept = sections(watch.cfg)
    relation = source.definitions[kept.get("SPECIFICATION", "Spec").strip()].body
    asked = [name for names in checked_names(watch.cfg).values() for name in names]
    asked = [name for name in asked if not is_of_the_steps(source, name)]
    text = (
        f"---- MODULE {ALONE} ----\nEXTENDS {watch.name}\n"
        f"{PREFIX} == INSTANCE {PREFIX}{watch.name}\n"
        f"{ALONE}Spec ==\n{beginning(relation)}\n"
        + "".join(f"{ALONE}{name} == {PREFIX}!{name}\n" for name in asked)
        + "====\n"
    )
    kept["SPECIFICATION"] = f" {ALONE}Spec"
    kept["CONSTANT"] = kept.get("CONSTANT", "") + "\n" + instead(watch)
    for kind in ("INVARIANT", "PROPERTY"):
        for name in asked:
            if kind in kept:
                kept[kind] = re.sub(rf"\b{name}\b", f"{ALONE}{name}", kept[kind])
    return text, "\n".join(f"{keyword}{words}" for keyword, words in kept.items()) + "\n"
