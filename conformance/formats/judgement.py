"""What is said of each run, as data: the one value that every form is made from.

It has no part of a judge: whoever judges fills it in, and it can be written as JSON and read again,
so that the verdicts of several machines become one report. `traces/verdict.schema.json` is the same
in JSON Schema; a test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct, field

SCHEMA_VERSION = 1
Outcome = Literal["conforms", "violation", "unknown", "error"]
CORE, TLC = "core", "TLC"  # the judges, as `judged_by` names them
STANDARD_INPUT = "-"  # the file of what was read from there


class Place(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A line of a file. In an archive `file` is the archive, and the line is one of its
    `member`."""

    file: str
    line: int
    member: str = ""
    text: str = ""  # what stands there
    definition: str = ""  # of a specification: which definition the line is part of


class Finding(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One kind of violation in a run: the rule, and the first event that it forbids.

    The first finding of a run has everything; further ones may have no more than rule, place and
    count.
    """

    rule: str  # "Phase2a.highest"; of an invariant or a rule of lives, its name
    kind: Literal["guard", "invariant", "contract"]
    process: str
    place: Place  # of the event
    event: dict[str, Any]  # as the trace has it
    words: str = ""  # the rule
    tla: str = ""  # the rule, as the specification has it
    specification: list[Place] = field(default_factory=list)  # where that stands
    expected: str = ""
    found: str = ""
    count: int = 1  # how many events break the rule


class ByTlc(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What TLC says. "none": it gave no verdict, and `reason` says why."""

    verdict: Literal["conforms", "violation", "none"]
    reason: str = ""
    event: int = 0  # the number of the rejected event in the run, from 1
    specification: list[Place] = field(default_factory=list)  # the conjuncts that are false


class Judgement(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is said of one run."""

    run: str  # as the command was given it
    verdict: Outcome  # "error": the run cannot be read
    judged_by: list[str]  # of "core" and "TLC"; nobody judges what cannot be read
    exit_status: int  # that the run alone would give: 0, 1, 2
    line: str  # the verdict in one line, which says who judged
    report: str = ""  # the verdict in full
    reason: str = ""  # why it is unknown, or cannot be read
    specification: str = ""  # which one the run is held against
    assumed: dict[str, bool | int] = field(default_factory=dict)  # constants in place of the run's
    events: int = 0  # accepted
    processes: int = 0
    actions: dict[str, int] = field(default_factory=dict)  # accepted events, by action
    torn: list[str] = field(default_factory=list)  # processes whose last line is torn
    findings: list[Finding] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  # of Agreement, Integrity, TotalOrder, FIFO
    broken: dict[str, str] = field(default_factory=dict)  # of them, and what shows it
    undecided: dict[str, str] = field(default_factory=dict)  # of them, and why it cannot be told
    warnings: list[str] = field(default_factory=list)  # "nothing was learned"
    silent: list[str] = field(default_factory=list)  # processes without events: "acceptor 3"
    inferred: list[str] = field(default_factory=list)  # what the trace leaves out
    waived: list[str] = field(default_factory=list)  # rules that were not asked
    tlc: ByTlc | None = None  # None: it was not asked
    judges_agree: bool = True
    seconds: float = 0  # that the core took


class Tool(Struct, frozen=True):
    name: str
    version: str


class Shard(Struct, frozen=True):
    """The `index`-th (from 1) of so many parts into which the runs were split."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"


class Document(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All runs of one command, or of several whose documents were merged."""

    version: int = field(name="schema")
    tool: Tool
    exit_status: int
    counts: dict[str, int]
    runs: list[Judgement]
    shard: Shard | None = None


def document(runs: Iterable[Judgement], tool: Tool, shard: Shard | None = None) -> Document:
    """The runs with what follows from them: counts, exit status."""
    every = list(runs)
    counts: dict[str, int] = {"runs": len(every)}
    for outcome in ("conforms", "violation", "unknown", "error"):
        counts[outcome] = sum(run.verdict == outcome for run in every)
    return Document(
        version=SCHEMA_VERSION,
        tool=tool,
        exit_status=exit_status(every),
        counts=counts,
        runs=every,
        shard=shard,
    )


def exit_status(runs: Iterable[Judgement]) -> int:
    """1 if any run is in violation, else 2 if any verdict is missing, else 0."""
    found = {run.exit_status for run in runs}
    return 1 if 1 in found else max(found, default=0)


def total(runs: Iterable[Judgement]) -> str:
    """All runs in one line, which says who judged them."""
    every = list(runs)
    count = document(every, Tool("", "")).counts
    parts = [f"{count['conforms']} conform"]
    parts += [f"{count['violation']} in violation"] if count["violation"] else []
    parts += [f"{count['unknown']} unknown"] if count["unknown"] else []
    parts += [f"{count['error']} cannot be read"] if count["error"] else []
    differ = sum(not run.judges_agree for run in every)
    parts += [f"of {differ} the judges say different things"] if differ else []
    unanswered = sum(run.tlc is not None and run.tlc.verdict == "none" for run in every)
    parts += [f"of {unanswered} TLC gave no verdict"] if unanswered else []
    size = "1 run" if len(every) == 1 else f"{len(every)} runs"
    return f"{size}: {', '.join(parts)}{_judges(every)}"


def judges(run: Judgement) -> str:
    """Who judged the run, in words."""
    return " and ".join("the core" if one == CORE else one for one in run.judged_by) or "nobody"


def _judges(every: list[Judgement]) -> str:
    both = sum(run.judged_by == [CORE, TLC] for run in every)
    core = sum(run.judged_by == [CORE] for run in every)
    if both and core:
        return f"; {both} judged by the core and TLC, {core} by the core"
    return "; judged by the core and TLC" if both else "; judged by the core" if core else ""
