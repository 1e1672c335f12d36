"""TLC's verdict on a run in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.tla.module import read
from conformance.tla.trace_spec import variables
from conformance.tlc.output import set_elements
from conformance.tlcjudge.validator import Rejection, TlcVerdict
from conformance.trace.show import show_ballot, show_range

LONG = 300  # characters of a value that are shown
MOST = 8  # names in the key to the numbers


def report(by_tlc: TlcVerdict) -> str:
    """The lines that say what TLC says of a run, without a final newline."""
    rejection = by_tlc.rejection
    if rejection is None:
        windows = "" if by_tlc.windows == 1 else f" in {by_tlc.windows} windows"
        return f"  TLC       takes all {by_tlc.survey.events} events{windows}"
    head = f"  TLC       refuses event {rejection.event}"
    return "\n".join([head, *_false(rejection), *_state(rejection)])


def _false(rejection: Rejection) -> Iterator[str]:
    for c in rejection.false:
        what = "guard" if rejection.kind == "guard" else "invariant"
        yield f"            {what} {c.place}: {c.text}"


def _state(rejection: Rejection) -> Iterator[str]:
    """The variables that what is false speaks of, and what the numbers in them stand for."""
    spec = rejection.window.survey.header.spec
    source = read(f"Trace{spec}")
    spoken = {v for c in rejection.false for v in source.variables_in(c.text)}
    named = [v for v in variables(f"Trace{spec}") if v in spoken and v in rejection.state]
    texts = {v: rejection.state[v].replace('\\"', '"') for v in named}
    for v, text in texts.items():
        messages = set_elements(text) if v == "msgs" else None
        if messages:
            yield f"            {v} ="
            yield from (f"              {_short(line)}" for line in sorted(map(_message, messages)))
        else:
            yield f"            {v} = {_short(text)}"
    yield from _legend(rejection, texts)


def _short(text: str) -> str:
    return text if len(text) <= LONG else text[: LONG - 3] + "..."


def _message(text: str) -> str:
    """A message with its type first: 1b acc |-> 2, bal |-> 1, ..."""
    fields = set_elements("{" + text[1:-1] + "}") or [text]
    type_ = next((f.partition("|->")[2].strip(' "') for f in fields if f.startswith("type ")), "")
    return " ".join([type_, ", ".join(f for f in fields if not f.startswith("type "))])


def _legend(rejection: Rejection, texts: Mapping[str, str]) -> Iterator[str]:
    w = rejection.window
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
            f"{v} is {show_range(w.survey.numbers.range_of(v - w.shift))}" for v in mine[:MOST]
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
