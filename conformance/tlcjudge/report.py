"""TLC's verdict on a run in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.tla.diff import show
from conformance.tla.module import read
from conformance.tla.trace_spec import variables
from conformance.tla.value import Record, parse
from conformance.tlcjudge.validator import Rejection, TlcVerdict
from conformance.trace.show import show_ballot, show_range

SHOWN = 300  # characters of a value that are shown
MOST_NAMES = 8  # names in the key to the numbers
_OF_THE_LOG = re.compile(r"\(0 :> (\d+)\)")  # an acceptor's one promise, which is number 0


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
    """The variables in the false conjuncts, and what the numbers in them stand for."""
    spec = rejection.window.survey.header.spec
    source = read(f"Trace{spec}")
    spoken = {v for c in rejection.false for v in source.variables_in(c.text)}
    named = [v for v in variables(f"Trace{spec}") if v in spoken and v in rejection.state]
    values = {v: parse(rejection.state[v]) for v in named}
    for v in named:
        if v == "msgs" and values[v]:
            yield f"            {v} ="
            yield from (f"              {_short(m)}" for m in sorted(map(_message, values[v])))
        else:
            text = _OF_THE_LOG.sub(r"\1", " ".join(rejection.state[v].split()))
            yield f"            {v} = {_short(text)}"
    yield from _legend(rejection, values)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _message(message: Record) -> str:
    """A message with its type first: 1b acc |-> 2, bal |-> 1, ..."""
    fields = (f"{name} |-> {show(x)}" for name, x in message.items() if name != "type")
    return f"{message['type']} {', '.join(fields)}"


def _legend(rejection: Rejection, variables: Mapping[str, Any]) -> Iterator[str]:
    w = rejection.window
    numbers = w.survey.numbers
    ballots = {b for name, x in variables.items() for b in _ballots(name, x)}
    known = [b for b in sorted(ballots) if 0 < b <= len(numbers.rounds) * len(numbers.proposers)]
    if known:
        shown = ", ".join(
            f"{b} is {show_ballot(numbers.name_of_ballot(b))}" for b in known[:MOST_NAMES]
        )
        yield f"            where ballot {shown}"
    values = {v for name, x in variables.items() for v in _values(name, x)}
    mine = [v for v in sorted(values) if 0 < v - w.shift <= len(numbers.ranges)]
    if mine:
        shown = ", ".join(
            f"{v} is {show_range(w.survey.numbers.range_of(v - w.shift))}"
            for v in mine[:MOST_NAMES]
        )
        yield f"            where value {shown}"


def _ballots(variable: str, value: Any) -> Iterator[int]:
    """The numbers in a variable's value that are ballots."""
    if variable == "promised":
        yield from _numbers(value)
    elif variable == "msgs":
        yield from (m["bal"] for m in value if "bal" in m)
    elif variable in ("vote", "votes", "learned"):
        yield from (ballot for ballot, _ in _votes(value))


def _values(variable: str, value: Any) -> Iterator[int]:
    """The numbers in a variable's value that are values (to the specification: ranges)."""
    if variable in ("broadcast", "delivered", "chosen"):
        yield from _numbers(value)
    elif variable == "msgs":
        yield from _numbers([m[name] for m in value for name in ("batch", "val") if name in m])
    elif variable in ("vote", "learned"):
        yield from _numbers([batch for _, batch in _votes(value)])


def _votes(value: Any) -> Iterator[tuple[int, Any]]:
    """The votes in functions of functions, or in sets: pairs of a ballot and a batch or a value."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], int):
        yield value[0], value[1]
    else:
        for part in _parts(value):
            yield from _votes(part)


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    else:
        for part in _parts(value):
            yield from _numbers(part)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, tuple | frozenset | list) else ()
