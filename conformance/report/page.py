"""What a page shows, as plain data: steps in their order, who takes each, what it changes.

A run and a model's counterexample are both such a page; who makes one is run_page.py or
model_page.py, and how it looks is for the script in static/. Texts that may be long are cut here,
with their length, so that no trace makes a page large.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

LONGEST_TEXT = 600
"""Characters of a parameter, or of a value in the state, that are shown; of a longer one, the
beginning and its length."""

MOST_RANGES = 64
"""Ranges of values of an event by which it is found when a value is followed."""


class Conjunct(Struct, frozen=True):
    """A conjunct of an action, with the place where the specification has it. `effect`: it says
    what the next state is, and not whether the action is enabled."""

    text: str
    place: str
    effect: bool = False


class Action(Struct, frozen=True):
    """An action as the specification has it: signature, place, conjuncts."""

    name: str
    signature: str
    place: str
    conjuncts: tuple[Conjunct, ...] = ()


class FalseRule(Struct, frozen=True):
    """A rule that is false of an event: its name, what it says, the numbers of the conjuncts of the
    action (from 0) that it stands for, where it stands and its text there, and the values."""

    name: str
    words: str
    conjuncts: tuple[int, ...]
    place: str
    text: str
    expected: str
    actual: str


class Step(Struct, frozen=True, omit_defaults=True):
    """One event of a run, or one state of a counterexample with the action that led to it.

    Numbers of steps are those of the run, from 1; that of a cell is its place in `Page.cells`.
    """

    number: int
    lane: int
    kind: str
    text: str
    place: str = ""
    clock: int = 0
    first: int = 0  # the instances that it is about; 0: none
    last: int = 0
    ballot: str = ""
    causes: tuple[tuple[int, str], ...] = ()  # the step that sent a message, and its kind
    changes: tuple[tuple[int, str], ...] = ()  # cells and what they have afterwards
    between: tuple[tuple[int, str], ...] = ()  # the same of steps before it that are not shown
    parameters: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, int, int], ...] = ()  # client, first, count
    clauses: tuple[str, ...] = ()  # in which way its guards are true
    false: tuple[FalseRule, ...] = ()
    mark: str = ""  # "rejected", or another word for a step to be seen


class Further(Struct, frozen=True):
    """A kind of violation in the rest of a run: of how many events the rule is false, and the place
    of the first."""

    name: str
    words: str
    times: int
    place: str


class Table(Struct, frozen=True):
    """A part of the state: what its rows are, and its columns in their order.

    `shape`: "grid", rows and columns; "list", a set or a sequence of which each row is an element;
    "one", a single value.
    """

    name: str
    row: str = ""
    columns: tuple[str, ...] = ("",)
    words: str = ""
    shape: str = "grid"


class Second(Struct, frozen=True):
    """Events in one stretch of time: from when, in microseconds after the first event."""

    start: int
    first: int  # the number of its first event
    counts: dict[str, int]


class Span(Struct, frozen=True):
    """Some instances next to one another: how many events there were about them, the first and last
    of these, the highest ballot, and how long they took from a proposal to the last learner that
    learned, in microseconds (0: not known)."""

    first: int
    last: int
    events: int
    first_event: int
    last_event: int
    ballot: str
    took: int


class Titled(Struct, frozen=True):
    """What every page has."""

    title: str


class Page(Titled, frozen=True):
    """Everything that a page of steps is drawn from."""

    verdict: str  # "conforms", "violation", "unknown"
    summary: str
    facts: tuple[tuple[str, str], ...]
    report: str
    lanes: tuple[str, ...]
    tables: tuple[Table, ...]
    cells: tuple[tuple[int, str, str], ...]  # table, row, column
    before: tuple[tuple[int, str], ...]  # what cells have before the first step
    steps: tuple[Step, ...]
    actions: tuple[Action, ...]
    total: int  # steps in all, shown or not
    open_at: int  # the number of the step that is seen first
    noun: str = "event"
    partial: str = ""  # which steps are shown, and how to see others; empty: all are
    over: str = ""  # the instances that no state shows: they were over before the first step
    loops_to: int = 0  # the number of the step that follows the last one; 0: none does
    further: tuple[Further, ...] = ()
    waits: bool = False  # whether Phase 1 begins when a value waits, and so because of it
    width: int = 0  # of the stretches of time, in microseconds
    seconds: tuple[Second, ...] = ()
    spans: tuple[Span, ...] = ()


def clipped(text: str, most: int = LONGEST_TEXT) -> str:
    """The text; of one that is too long the beginning, and how long it is."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\N{HORIZONTAL ELLIPSIS} (cut; {len(text):,} characters)"


def as_json(value: Any) -> str:
    """A value of a parameter as a trace writes it, cut where it is too long."""
    return clipped(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))
