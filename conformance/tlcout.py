"""Reads what TLC prints in its -tool mode, and the names a configuration file checks.

Pure functions from text to values: nothing here starts a process. In -tool mode every message of
TLC is framed by its number and severity, so nothing hangs on the wording of a message except the
values inside it. Messages may nest; what is between them comes from the parser or from PrintT.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["invariant", "property", "deadlock", "assumption"]


@dataclass(frozen=True)
class Message:
    """One framed message: TLC's number for it, its severity (1 and 2 are errors), its text."""

    code: int
    severity: int
    text: str


@dataclass(frozen=True)
class Progress:
    """How far a search has come."""

    depth: int
    generated: int
    distinct: int
    queue: int


@dataclass(frozen=True)
class State:
    """One state of a counterexample: the action that led to it and each variable's value as text.

    action is "Init" for the first state; location is TLC's "line .., col .. of module .." of it.
    """

    action: str
    location: str
    values: dict[str, str]


@dataclass(frozen=True)
class Violation:
    """What TLC found to be false.

    names has one entry if TLC said which, or if only one property can be meant; otherwise every
    property of the configuration that the message may be about.
    """

    kind: Kind
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return " or ".join(self.names)


@dataclass
class Report:
    """Everything read so far from one run of TLC."""

    progress: Progress | None = None
    generated: int | None = None
    distinct: int | None = None
    depth: int | None = None
    violation: Message | None = None
    error: Message | None = None
    out_of_memory: bool = False
    trace: list[State] = field(default_factory=list)
    loops_to: int | None = None
    stutters: bool = False
    loose: list[str] = field(default_factory=list)


_START = re.compile(r"@!@!@STARTMSG (\d+):(\d) @!@!@$")
_END = re.compile(r"@!@!@ENDMSG (\d+) @!@!@$")
_VIOLATIONS = {2104, 2107, 2108, 2110, 2112, 2114, 2115, 2116}
_OUT_OF_MEMORY = {1001, 1002}
_PROGRESS = re.compile(
    r"Progress\((\d+)\)[^:]*:\d+:\d+: ([\d,]+) states generated(?: \([\d,]+ s/min\))?, "
    r"([\d,]+) distinct states found(?: \([\d,]+ ds/min\))?, ([\d,]+) states left"
)
_ASSIGNMENT = re.compile(r"(?:/\\ )?(\w+) = (.*)", re.DOTALL)
_STEP = re.compile(r"\s*(\d+): <?(.*?)>?$")
_LOOSE_LIMIT = 100_000  # lines kept: PrintT in a large search must not fill the memory


class Reader:
    """Assembles TLC's lines into messages, and the messages into a Report."""

    def __init__(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        self.report = Report()
        self._open: list[tuple[int, int, list[str]]] = []
        self._on_progress = on_progress

    def line(self, line: str) -> None:
        line = line.rstrip("\n")
        if start := _START.search(line):
            if self._open and line[: start.start()]:
                self._open[-1][2].append(line[: start.start()])
            self._open.append((int(start[1]), int(start[2]), []))
        elif _END.search(line) and self._open:
            code, severity, lines = self._open.pop()
            if self._open:
                self._open[-1][2].extend(lines)
            else:
                self._message(Message(code, severity, "\n".join(lines).strip()))
        elif self._open:
            self._open[-1][2].append(line)
        elif line and len(self.report.loose) < _LOOSE_LIMIT:
            self.report.loose.append(line)

    def _message(self, message: Message) -> None:
        report = self.report
        match message.code:
            case 2200:
                self._progress(message.text)
            case 2199:
                numbers = re.findall(r"(\d[\d,]*) (?:states generated|distinct)", message.text)
                if len(numbers) == 2:
                    report.generated, report.distinct = (_number(text) for text in numbers)
            case 2194:
                report.depth = _number(re.sub(r"\D", "", message.text) or "0")
            case 2217:
                report.trace.append(read_state(message.text))
            case 2218:
                report.stutters = True
            case 2122:
                if step := _STEP.match(message.text):
                    report.loops_to = int(step[1])
            case code if code in _VIOLATIONS:
                self._violation(message)
            case code if code in _OUT_OF_MEMORY:
                report.out_of_memory = True
            case _ if message.severity in (1, 2) and message.code not in (2121, 2264):
                report.error = report.error or message

    def _violation(self, message: Message) -> None:
        self.report.violation = self.report.violation or message
        if message.code in (2107, 2108):  # the initial state is printed in the message itself
            values = read_values(message.text.partition("\n")[2])
            self.report.trace = [State("Init", "", values)]

    def _progress(self, text: str) -> None:
        if found := _PROGRESS.search(text):
            self.report.progress = Progress(*(_number(part) for part in found.groups()))
            if self._on_progress:
                self._on_progress(self.report.progress)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def read_state(text: str) -> State:
    """Reads one numbered state of a behaviour, with the action that led to it."""
    head, _, rest = text.partition("\n")
    step = _STEP.match(head)
    label = step[2] if step else head
    if label.startswith("Initial predicate"):
        return State("Init", "", read_values(rest))
    action, _, location = label.partition(" line ")
    return State(action, f"line {location}" if location else "", read_values(rest))


def read_values(text: str) -> dict[str, str]:
    """Splits a printed state into its variables; a value may go over several lines."""
    chunks: list[str] = []
    for line in text.strip().split("\n"):
        if line.startswith("/\\ ") or not chunks:
            chunks.append(line)
        else:
            chunks[-1] += "\n" + line
    found = (_ASSIGNMENT.fullmatch(chunk) for chunk in chunks)
    return {match[1]: match[2].strip() for match in found if match}


def set_elements(value: str) -> list[str] | None:
    """The elements of a printed set, each as text; None if the value is not a set."""
    if not (value.startswith("{") and value.endswith("}")):
        return None
    elements, depth, start = [], 0, 1
    body = re.sub(r'"[^"]*"', lambda found: "_" * len(found[0]), value)  # no brackets in strings
    for at, character in enumerate(body):
        depth += (character in "{[(<") - (character in "}])>")
        if body[at : at + 2] in ("->", ":>"):
            depth += 1  # these arrows are no closing brackets
        if (depth == 1 and character == ",") or depth == 0:
            elements.append(" ".join(value[start:at].split()))
            start = at + 1
    return [element for element in elements if element]


# ---- which invariant or property is meant

_SECTIONS = {
    "INVARIANT": "invariant",
    "INVARIANTS": "invariant",
    "PROPERTY": "property",
    "PROPERTIES": "property",
}
_KEYWORDS = {
    *("CONSTANT", "CONSTANTS", "SPECIFICATION", "INIT", "NEXT", "SYMMETRY", "VIEW"),
    *("CONSTRAINT", "CONSTRAINTS", "ACTION_CONSTRAINT", "ACTION_CONSTRAINTS"),
    *_SECTIONS,
}


def checked_names(cfg: str) -> dict[str, tuple[str, ...]]:
    """The invariants and properties a configuration file asks for, by kind."""
    names: dict[str, list[str]] = {"invariant": [], "property": []}
    section = None
    for word in strip_comments(cfg).split():
        if word in _KEYWORDS:
            section = _SECTIONS.get(word)
        elif section:
            names[section].append(word)
    return {kind: tuple(found) for kind, found in names.items()}


def strip_comments(text: str) -> str:
    """TLA+ without comments, lines kept where they are."""
    text = re.sub(r"\(\*.*?\*\)", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"\\\*.*", "", text)


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
        meant = [name for name in candidates if _concerns(name, subject, place, module, texts)]
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


_DEFINITION = re.compile(r"^\s*(?:LOCAL\s+)?(\w+)(?:\([^)]*\))?\s*==", re.MULTILINE)


def _concerns(
    name: str, subject: str, place: tuple[str, int] | None, module: str, texts: dict[str, str]
) -> bool:
    """Whether the property can be what TLC means by a definition's name or by a place."""
    for home in _closure(module, texts, instances=False):
        definitions = _definitions(texts[home])
        if name not in definitions:
            continue
        first, body = definitions[name]
        if place and place[0] == home and first <= place[1] <= first + body.count("\n"):
            return True
        for instance, used in re.findall(r"\b(\w+)!(\w+)", body):
            target = re.search(r"INSTANCE\s+(\w+)", definitions.get(instance, (0, ""))[1])
            if target is None or target[1] not in texts:
                continue
            reach = _closure(target[1], texts, instances=True)
            if (place and place[0] in reach) or (
                not place
                and (
                    subject == used or any(subject in _definitions(texts[other]) for other in reach)
                )
            ):
                return True
    return False


def _definitions(text: str) -> dict[str, tuple[int, str]]:
    """Each definition of a module: its first line (from 1), and its text to the next one."""
    text = strip_comments(text)
    starts = list(_DEFINITION.finditer(text))
    ends = [found.start() for found in starts[1:]] + [len(text)]
    return {
        found[1]: (text.count("\n", 0, found.start(1)) + 1, text[found.start(1) : end].rstrip())
        for found, end in zip(starts, ends, strict=True)
    }


def _closure(module: str, texts: dict[str, str], *, instances: bool) -> set[str]:
    """The module and all it extends (and instantiates), of those whose text is known."""
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current in reached or current not in texts:
            continue
        reached.add(current)
        text = strip_comments(texts[current])
        if extends := re.search(r"\bEXTENDS\s+(\w+(?:\s*,\s*\w+)*)", text):
            waiting += re.findall(r"\w+", extends[1])
        if instances:
            waiting += re.findall(r"\bINSTANCE\s+(\w+)", text)
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
        module = re.search(r"Could not parse module (\w+)|in file (\w+)", text)
        name = (module[1] or module[2]) if module else ""
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
