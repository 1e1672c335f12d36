"""Reads what TLC prints in its -tool mode. What a message is about is in messages.py.

Pure functions from text to values: nothing here starts a process. In -tool mode every message of
TLC is framed by its number and severity, so nothing hangs on the wording of a message except the
values inside it. Messages may nest; what is between them comes from the parser or from PrintT.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
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
    """How far a search has come. In the distributed mode: how many workers have joined so far, and
    how many of them the server has given up."""

    depth: int
    generated: int
    distinct: int
    queue: int
    joined: int = 0
    lost: int = 0


@dataclass(frozen=True)
class Covered:
    """How often TLC took an action, from which definition of which module, and how often it
    evaluated each of its parts: by place, "line .., col .. to line .., col .. of module .."."""

    action: str
    place: str
    taken: int
    parts: dict[str, int] = field(default_factory=dict)


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
    """Everything read so far from one run of TLC. Of the workers that were lost, `cut_off` were
    given up while no call to them had failed."""

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
    completed: bool = False
    loose: list[str] = field(default_factory=list)
    covered: list[Covered] = field(default_factory=list)
    joined: int = 0
    lost: int = 0
    cut_off: int = 0


_START = re.compile(r"@!@!@STARTMSG (\d+):(\d) @!@!@$")
_END = re.compile(r"@!@!@ENDMSG (\d+) @!@!@$")
_VIOLATIONS = {2104, 2107, 2108, 2110, 2112, 2114, 2115, 2116}
_OUT_OF_MEMORY = {1001, 1002}
_PROGRESS = re.compile(
    r"Progress\((\d+)\)[^:]*:\d+:\d+: ([\d,]+) states generated(?: \([\d,]+ s/min\))?, "
    r"([\d,]+) distinct states found(?: \([\d,]+ ds/min\))?, ([\d,]+) states left"
)
# Of a simulation: as TLC 2.15 says it, as later ones do, and as all do at the end.
_SIMULATED = re.compile(
    r"Progress.*?: ([\d,]+) states (?:generated|checked)|number of states generated: ([\d,]+)"
)
_ACTION = re.compile(r"<(\w+) (line .*?)(?: \([\d ]*\))?>: ([\d,]+)(?::([\d,]+))?$")
_PART = re.compile(r"\s*\|*(line .* of module \w+): ([\d,]+)")
_ASSIGNMENT = re.compile(r"(?:/\\ )?(\w+) = (.*)", re.DOTALL)
_STEP = re.compile(r"\s*(\d+): <?(.*?)>?$")
_LOOSE_LIMIT = 100_000  # lines kept: PrintT in a large search must not fill the memory


class Reader:
    """Assembles TLC's lines into messages, and the messages into a Report."""

    def __init__(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        self.report = Report()
        self._open: list[tuple[int, int, list[str]]] = []
        self._on_progress = on_progress
        self._failed = 0  # calls to workers of the distributed mode
        self._parts: dict[str, int] = {}  # of the action whose coverage is being told

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
            case 2194 | 2199 | 2200 | 2209 | 2210:
                self._figures(message)
            case 2201 | 2221 | 2772 | 2773 | 2774:
                self._coverage(message)
            case 2217:
                report.trace.append(read_state(message.text))
            case 2193:
                report.completed = True
            case 2218:
                report.stutters = True
            case 7001 | 7002 | 7006:
                self._worker(message)
            case 2122:
                if step := _STEP.match(message.text):
                    report.loops_to = int(step[1])
            case code if code in _VIOLATIONS:
                self._violation(message)
            case code if code in _OUT_OF_MEMORY:
                report.out_of_memory = True
            case _ if message.severity in (1, 2) and message.code not in (2121, 2264):
                report.error = report.error or message

    def _worker(self, message: Message) -> None:
        report = self.report
        report.joined += message.code == 7001
        report.lost += message.code == 7002
        self._failed += message.code == 7006
        report.cut_off = max(report.cut_off, report.lost - self._failed)

    def _violation(self, message: Message) -> None:
        self.report.violation = self.report.violation or message
        if message.code in (2107, 2108):  # the initial state is printed in the message itself
            values = read_values(message.text.partition("\n")[2])
            self.report.trace = [State("Init", "", values)]

    def _figures(self, message: Message) -> None:
        report, text = self.report, message.text
        if message.code == 2194:
            report.depth = _number(re.sub(r"\D", "", text) or "0")
        elif message.code == 2199:
            numbers = re.findall(r"(\d[\d,]*) (?:states generated|distinct)", text)
            if len(numbers) == 2:
                report.generated, report.distinct = map(_number, numbers)
        elif found := _PROGRESS.search(text):
            depth, generated, distinct, queue = map(_number, found.groups())
            self._say(Progress(depth, generated, distinct, queue, report.joined, report.lost))
        elif found := _SIMULATED.search(text):
            report.generated = _number(found[1] or found[2])
            self._say(Progress(0, report.generated, report.generated, 0))

    def _say(self, progress: Progress) -> None:
        self.report.progress = progress
        if self._on_progress:
            self._on_progress(progress)

    def _coverage(self, message: Message) -> None:
        """Each report on coverage stands for those before it."""
        if message.code == 2201:
            self.report.covered.clear()
        elif message.code != 2221:
            self._parts = {}
            if message.code == 2772 and (found := _ACTION.match(message.text)):
                taken = _number(found[4] or found[3])
                self.report.covered.append(Covered(found[1], found[2], taken, self._parts))
        elif found := _PART.match(message.text):
            self._parts[found[1]] = self._parts.get(found[1], 0) + _number(found[2])


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
