"""TLC's ruling on a run in words, and whether the two judges agree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from conformance.judge import Refusal, Ruling
from conformance.replay import Verdict
from conformance.rules import show_ballot, show_range
from conformance.source import read
from conformance.why import variables

LONG = 400  # characters of a value that are shown


def agree(verdict: Verdict, ruling: Ruling) -> bool:
    """Whether both say the same, and of the same event. That something is missing only the Python
    model says: TLC then refuses the event that hangs on it."""
    if verdict.kind == "conforms":
        return ruling.refusal is None
    return ruling.refusal is not None and ruling.refusal.event == verdict.events + 1


def report(verdict: Verdict, ruling: Ruling) -> str:
    """The lines that go below the Python model's report, without a final newline."""
    refusal = ruling.refusal
    if refusal is None:
        windows = "" if ruling.windows == 1 else f" in {ruling.windows} windows"
        lines = [f"  TLC       takes all {ruling.survey.events} events{windows}"]
    else:
        lines = [f"  TLC       refuses event {refusal.event}", *_false(refusal), *_state(refusal)]
    if not agree(verdict, ruling):
        lines.append(
            "  DISAGREE  the two judges say different things: one of them is wrong. "
            "Please report it, with the trace"
        )
    return "\n".join(lines)


def _false(refusal: Refusal) -> Iterator[str]:
    for c in refusal.false:
        what = "guard" if refusal.kind == "guard" else "invariant"
        yield f"            {what} {c.place}: {c.text}"


def _state(refusal: Refusal) -> Iterator[str]:
    """The variables that what is false speaks of, and what the numbers in them stand for."""
    spec = refusal.window.survey.header.spec
    source = read(f"Trace{spec}")
    spoken = {v for c in refusal.false for v in source.variables_in(c.text)}
    named = [v for v in variables(f"Trace{spec}") if v in spoken and v in refusal.state]
    texts = [refusal.state[v].replace('\\"', '"') for v in named]
    for v, text in zip(named, texts, strict=True):
        short = text if len(text) <= LONG else text[: LONG - 3] + "..."
        yield f"            {v} = {short}"
    yield from _legend(refusal, texts)


def _legend(refusal: Refusal, texts: Iterable[str]) -> Iterator[str]:
    w = refusal.window
    numbers = w.survey.numbers
    whole = " ".join(texts)
    ballots = {int(b) for b in re.findall(r"bal \|-> (\d+)", whole)}
    ballots |= {int(b) for b in re.findall(r"<<(\d+), <<", whole)} - {0}
    if w.survey.header.spec == "Synod":
        ballots |= {int(b) for b in re.findall(r"<<(\d+), \d", whole)} - {0}
    if re.fullmatch(r"<<[\d, ]+>>", whole) and refusal.false[0].text.startswith("May"):
        ballots |= {int(b) for b in re.findall(r"\d+", whole)} - {0}
    known = [b for b in sorted(ballots) if b <= len(numbers.rounds) * len(numbers.proposers)]
    if known:
        shown = ", ".join(f"{b} is {show_ballot(numbers.name_of_ballot(b))}" for b in known[:8])
        yield f"            where ballot {shown}"
    values = {
        int(v) for text in re.findall(r"batch \|-> <<([\d, ]*)>>", whole) for v in _ints(text)
    }
    values |= {int(v) for text in re.findall(r"^\{([\d, ]*)\}$", whole) for v in _ints(text)}
    mine = [v for v in sorted(values) if 0 < v - w.shift <= len(numbers.ranges)]
    if mine:
        shown = ", ".join(f"{v} is {show_range(w.survey.range_of(v - w.shift))}" for v in mine[:8])
        yield f"            where value {shown}"


def _ints(text: str) -> list[str]:
    return re.findall(r"\d+", text)
