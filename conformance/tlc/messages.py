"""What TLC's messages are about: the invariant or property that is false, the line that is wrong.

Pure functions from text to values. TLC names an invariant, but of a property often only a place;
which of the names in a configuration file that is, is found here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from conformance.tla.config import checked_names
from conformance.tla.module import Module, parse
from conformance.tlc.output import Message, Violation


def read_violation(message: Message, cfg: str, module: str, texts: dict[str, str]) -> Violation:
    """Says what a violation message is about.

    cfg is the configuration's text; module the root module's name; texts the text of each module
    of the specification, by name. TLC names an invariant, and a property that is one formula. Of
    a property such as A!Spec it gives only the place of the part that is false, inside the other
    module: then the properties are those whose definition contains, or instantiates, that place.
    """
    names = checked_names(cfg)
    match message.code:
        case 2114 | 2115:
            return Violation("deadlock", ("Deadlock",))
        case 2104:
            return Violation("assumption", (_assumption(message.text, texts),))
        case 2116:
            return Violation("property", names["property"])
    found = re.match(r"(?:Invariant|Property|Action property) (.*?) (?:is|of) ", message.text)
    subject = found[1] if found else message.text
    if subject in names["property"]:
        return Violation("property", (subject,))
    if message.code in (2107, 2110) and subject in names["invariant"]:
        return Violation("invariant", (subject,))
    place = _place(message.text)
    candidates = names["property"]
    if len(candidates) > 1:
        modules = {name: parse(name, text) for name, text in texts.items()}
        meant = [name for name in candidates if _concerns(name, subject, place, module, modules)]
        candidates = tuple(meant) or candidates
    return Violation("property", candidates or (subject,))


def _place(text: str) -> tuple[str, int] | None:
    found = re.search(r"line (\d+), col \d+ to line \d+, col \d+ of module (\w+)", text)
    return (found[2], int(found[1])) if found else None


def _assumption(text: str, texts: dict[str, str]) -> str:
    place = _place(text)
    if place is None or place[0] not in texts:
        return text
    line = texts[place[0]].split("\n")[place[1] - 1]
    named = re.search(r"\b(?:ASSUME|ASSUMPTION|AXIOM)\s+(\w+)\s*==", line)
    return named[1] if named else f"{place[0]} line {place[1]}"


def _concerns(
    name: str,
    subject: str,
    place: tuple[str, int] | None,
    module: str,
    modules: Mapping[str, Module],
) -> bool:
    """Whether the property can be what TLC means by a definition's name or by a place."""
    for home in _closure(module, modules, instances=False):
        definition = modules[home].definitions.get(name)
        if definition is None:
            continue
        if place and place[0] == home and definition.holds(place[1]):
            return True
        for instance, used in re.findall(r"\b(\w+)!(\w+)", definition.body):
            target = modules[home].instance(instance)
            if target not in modules:
                continue
            reach = _closure(target, modules, instances=True)
            if place and place[0] in reach:
                return True
            if not place and (
                subject == used or any(subject in modules[other].definitions for other in reach)
            ):
                return True
    return False


def _closure(module: str, modules: Mapping[str, Module], *, instances: bool) -> set[str]:
    """The module and all it extends (and instantiates), of those whose text is known."""
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current in reached or current not in modules:
            continue
        reached.add(current)
        waiting += modules[current].extends
        if instances:
            waiting += modules[current].instances
    return reached


# ---- what went wrong before there was a verdict


def explain_error(
    message: Message, loose: Iterable[str], find: Callable[[str], Path | None]
) -> str:
    """One line for a specification or configuration that TLC does not take: where and what."""
    lines = [line.strip() for line in loose if line.strip()]
    text = "\n".join(lines) if message.code == 3002 else message.text
    missing = re.search(r"Cannot find source file for module .*", text)
    if missing:
        return missing[0]
    if syntax := re.search(r'Encountered (".*?") at line (\d+), column \d+', text):
        module = re.search(r"Could not parse module (\w+)", text)  # or it is the root that does not
        module = module or re.search(r"in file (\w+)", text)
        name = module[1] if module else ""
        expected = re.search(r"Was expecting (.*)", text)
        wanted = f" where {expected[1]} was expected" if expected else ""
        return f"{_file(name, syntax[2], find)}: {syntax[1]} does not parse{wanted}"
    if found := re.search(r"line (\d+), col \d+ to line \d+, col \d+ of module (\w+)", text):
        rest = (text[found.end() :] if message.code == 3002 else text.replace(found[0], "")).strip()
        head = rest if message.code != 3002 else rest.split("\n")[0]
        return f"{_file(found[2], found[1], find)}: {' '.join(head.split())}"
    return " ".join(text.split()) or "TLC gave no reason"


def _file(module: str, line: str, find: Callable[[str], Path | None]) -> str:
    path = find(module)
    return f"{path or module}:{line}"
