"""Values as TLC prints them, and what is among its output none."""

from __future__ import annotations

import pytest

from conformance.tla.value import NotAValue, Record, Text, parse, tuples


def test_lines_that_are_no_tuples_are_passed_over() -> None:
    lines = ["Computing initial states...", '<<"done", 1, 20>>', "<<", "{1}", "<<>>", "<<7>>"]
    assert list(tuples(lines)) == [("done", 1, 20), (7,)]


def test_a_tuple_wider_than_a_line_is_read_whole() -> None:
    """As TLC prints what is wider than 80 columns; strings it never breaks."""
    long = "1" * 70
    lines = [
        "Progress(2) at 2026-01-01",
        '<< "state",',
        '   "votes",',
        f'   "{long}" >>',
        "<<7>>",
        "<<",
        "  no tuple",
        '<< "guard",',
        "   { 1,",
        "     2 } >>",
    ]
    expected = [("state", "votes", long), (7,), ("guard", frozenset({1, 2}))]
    assert list(tuples(lines)) == expected


def test_a_string_may_hold_marks_and_quotations() -> None:
    """A value that the specification made a string of, which TLC prints as one."""
    (_, inner) = parse(r'<<"state", "{[type |-> \"1a\", bal |-> 1], \"a,}b\\\\\"}">>')
    assert isinstance(inner, Text)
    assert parse(inner) == frozenset({Record(type="1a", bal=1), "a,}b\\"})


def test_an_interval_is_the_set_of_its_numbers() -> None:
    """As TLC prints one that it has not enumerated."""
    assert parse("<<1..3, 2..1, {-1..0}>>") == ({1, 2, 3}, set(), {frozenset({-1, 0})})


@pytest.mark.parametrize("text", ["", "1..a", "1..", "<<1", "{1 2}", '"open', "[a |-> 1}"])
def test_what_is_no_value_is_said(text: str) -> None:
    with pytest.raises(NotAValue):
        parse(text)
