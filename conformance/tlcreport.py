"""TLC's ruling on a run in words, and whether the two judges agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.judge import Refusal, Ruling
from conformance.replay import Verdict
from conformance.show import show_ballot, show_range
from conformance.source import read
from conformance.tlcout import set_elements
from conformance.why import variables

LONG = 300  # characters of a value that are shown
MOST = 8  # names in the key to the numbers


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
    texts = {v: refusal.state[v].replace('\\"', '"') for v in named}
    for v, text in texts.items():
        messages = set_elements(text) if v == "msgs" else None
        if messages:
            yield f"            {v} ="
            yield from (f"              {_short(line)}" for line in sorted(map(_message, messages)))
        else:
            yield f"            {v} = {_short(text)}"
    yield from _legend(refusal, texts)


def _short(text: str) -> str:
    return text if len(text) <= LONG else text[: LONG - 3] + "..."


def _message(text: str) -> str:
    """A message with its type first: 1b acc |-> 2, bal |-> 1, ..."""
    fields = set_elements("{" + text[1:-1] + "}") or [text]
    type_ = next((f.partition("|->")[2].strip(' "') for f in fields if f.startswith("type ")), "")
    return " ".join([type_, ", ".join(f for f in fields if not f.startswith("type "))])


def _legend(refusal: Refusal, texts: Mapping[str, str]) -> Iterator[str]:
    w = refusal.window
    numbers = w.survey.numbers
    ballots = {b for v, text in texts.items() for b in _ballots(v, text)}
    known = [b for b in sorted(ballots) if 0 < b <= len(numbers.rounds) * len(numbers.proposers)]
    if known:
        shown = ", ".join(f"{b} is {show_ballot(numbers.name_of_ballot(b))}" for b in known[:MOST])
        yield f"            where ballot {shown}"
    values = {x for v, text in texts.items() for x in _values(v, text)}
    mine = [v for v in sorted(values) if 0 < v - w.shift <= len(numbers.ranges)]
    if mine:
        shown = ", ".join(
            f"{v} is {show_range(w.survey.range_of(v - w.shift))}" for v in mine[:MOST]
        )
        yield f"            where value {shown}"


def _ballots(variable: str, text: str) -> set[int]:
    """The numbers in a variable's value that are ballots."""
    if variable == "promised":
        return _numbers(text)
    if variable == "msgs":
        return {int(b) for b in re.findall(r"bal \|-> (\d+)", text)}
    if variable in ("vote", "votes", "learned"):
        return {int(b) for b in re.findall(r"<<(\d+), [<\d]", text)}
    return set()


def _values(variable: str, text: str) -> set[int]:
    """The numbers in a variable's value that are values (to the specification: ranges)."""
    if variable in ("broadcast", "delivered"):
        return _numbers(text)
    if variable == "msgs":
        found = re.findall(r"(?:batch|val) \|-> (<<[\d, ]*>>|\d+)", text)
        return {x for batch in found for x in _numbers(batch)}
    if variable in ("vote", "learned", "chosen"):
        return {x for batch in re.findall(r"<<([\d, ]*)>>(?!,)", text) for x in _numbers(batch)}
    return set()


def _numbers(text: str) -> set[int]:
    return {int(n) for n in re.findall(r"\d+", text)}
