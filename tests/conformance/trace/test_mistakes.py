"""A line that the reader refuses has a mistake with a name, and one that it takes has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from conformance.trace.header_mistakes import LEFT_OUT as HEADER_LEFT_OUT
from conformance.trace.header_mistakes import example_header, mistakes_of_header
from conformance.trace.line_mistakes import in_place_of, mistakes_of_event
from conformance.trace.mistakes import LEFT_OUT, SHAPES, Mistake
from conformance.trace.schema import EVENTS, OF_SNAPSHOT, SCHEMA
from tests.conformance.trace.test_schema import (
    LINES,
    ONE_EACH,
    OTHERS,
    accepted_by_reader,
    damaged,
    paths,
    put,
)

NOT_IN_LINES = {"Header.process", "Header.constants", "Header.cluster"}  # what a reader asks later


def mistakes(line: Any) -> list[Mistake]:
    text = json.dumps(line).encode()
    if isinstance(line, dict) and line.get("event") == "Header":
        found = mistakes_of_header(text, str(line.get("process")))
        return [m for m in found if m.kind not in NOT_IN_LINES]
    return mistakes_of_event(text)


def hold(line: Any) -> None:
    found = mistakes(line)
    assert bool(found) != accepted_by_reader(line), (line, found)
    for m in found:
        assert m.kind != "shape", line  # that is what is said where nothing else is known
        assert "\n" not in m.what + m.todo and m.todo and m.what


@given(damaged())
def test_what_is_refused_has_a_mistake_and_what_is_taken_has_none(line: Any) -> None:
    hold(line)


@pytest.mark.parametrize("line", ONE_EACH, ids=lambda line: line["event"])
def test_every_single_replacement_has_its_mistake(line: dict[str, Any]) -> None:
    for at in paths(line):
        for new in OTHERS:
            hold(put(line, at, new))
    for name in line:
        hold({k: v for k, v in line.items() if k != name})


def test_every_field_has_words() -> None:
    fields = {f for line in LINES if line["event"] != "Header" for f in line} - {"event"}
    assert fields <= SHAPES.keys()
    header = next(x for x in LINES if x["event"] == "Header")
    names = {*header, *header["constants"], *header["cluster"]} - {"event"}
    assert names == HEADER_LEFT_OUT.keys()
    assert LEFT_OUT.keys() <= SHAPES.keys()


def test_the_header_that_is_suggested_is_right() -> None:
    header = example_header("proposer-2.3", [1, 2, 3, 4])
    assert mistakes_of_header(header.encode(), "proposer-2.3") == []
    assert json.loads(header)["schema"] == SCHEMA


@pytest.mark.parametrize("name", EVENTS)
def test_where_an_event_of_another_role_goes(name: str) -> None:
    assert in_place_of(name, "MultiPaxos").startswith("write it into the file of the ")
    assert ("Synod has no" in in_place_of(name, "Synod")) == (
        name in {"Deliver", "Trim"} | OF_SNAPSHOT
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"  \t", "the line is empty; remove it"),
        (b"\xff{}", "byte 1 of the line is not UTF-8; write the file in UTF-8"),
        (b"{'event': 'Phase2b'}", "write it with a JSON library"),
        (b"{", "without indentation"),
        (b"[", "and no list of them"),
        (b'{"event":"Phase2b"}{"event":"Phase2b"}', "end each event with a newline"),
        (b'{"event":"Phase2b","hlc":NaN}', "NaN is no JSON"),
        (b"[1]", "no JSON object"),
        (b'{"event":' + b"[" * 100_000, "nested too deeply"),
        (b'{"event":"Phase2b","seq":' + b"9" * 5000 + b"}", "a number is at most 9223"),
        (b"{}", 'has no "event"; write which it is: Broadcast, Phase1a'),
        (b'{"event":"Accepted"}', 'write "Phase2b"'),
        (b'{"event":"phase_1a"}', 'write "Phase1a"'),
        (b'{"event":"Heartbeat"}', "leave out what is none of them"),
        (b'{"event":"Header"}', "another header is inside the file"),
        (b'{"event":"Learn","Ballot":[1,1]}', 'Learn has no field "Ballot"; write "ballot"'),
        (b'{"event":"Learn","latency":1}', 'or call it "x_latency"'),
        (b'{"event":"Learn","x_a":1,"x_a":1}', 'the key "x_a" is in the line twice'),
    ],
)  # fmt: skip
def test_words(line: bytes, words: str) -> None:
    found = [f"{m.what}; {m.todo}" for m in mistakes_of_event(line)]
    assert any(words in text for text in found), found


def test_what_is_nested_as_deep_as_can_be() -> None:
    """One parser may take what another one does not: that is a mistake of the line all the same."""
    for depth in (10, 300, 900, 1000, 3000, 100_000):
        line = next(x for x in LINES if x["event"] == "Phase2b")
        whole = json.dumps({**line, "x_a": "HERE"}).replace('"HERE"', "[" * depth + "]" * depth)
        found = mistakes_of_event(whole.encode())
        assert [m.kind for m in found] in ([], ["not-json"])
    assert found
