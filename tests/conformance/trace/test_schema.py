"""traces/schema.json and the reader accept the same lines.

Good lines are damaged at random; whatever one refuses the other must. The one thing that JSON
Schema cannot say is that 1.0 is no integer here: see the last test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.line import MALFORMED, event_of, header_of
from conformance.trace.schema import Omission
from tests.conformance.good_runs import GOOD
from tests.conformance.scenario import rng
from tests.paths import TRACES

OMISSIONS: tuple[str, ...] = get_args(Omission)
SCHEMA = json.loads((TRACES / "schema.json").read_text())
schema = jsonschema.Draft202012Validator(SCHEMA)

LINES: list[dict[str, Any]] = []
for make in GOOD.values():
    scenario = make()
    LINES += [scenario.header(line["process"]) for line in scenario.lines[:3]]
    LINES += [{**scenario.header("acceptor-1.1"), "omits": list(OMISSIONS[:2]), "clock": "host"}]
    LINES += [{**line, "seq": 1} for line in scenario.numbered()]

ODD = st.sampled_from(
    [None, True, False, 0, -1, 1, 2, 2**63 - 1, 2**63, 1.5, "", "x", "1.1", "01.1", "1.1\n", "1.0",
     "acceptor-1.1", "acceptor-1.1\n", "acceptor-0.1", "0123456789abcdef", "0123456789abcdef\n",
     "0123456789ABCDEF", [], [1], [1, 1], [1, 2, 3], [0, 1], [[]], {}, {"a": 1}, {"a": None},
     rng("1.1", 1), [rng("1.1", 1)], [[1, [1, 1], []]], "Synod", "Phase2b", "Header", "x" * 257]
)  # fmt: skip


ADDED = ["x", "x_", "x_why", "X_why", "quorum", "round", "from", "batch"]


def accepted_by_reader(line: Any, omits: Collection[str] = ()) -> bool:
    """In a run that omits this."""
    text = json.dumps(line).encode()
    if isinstance(line, dict) and line.get("event") == "Header":
        return accepts(header_of, text)
    return accepts(event_of, text, omits)


def accepted_in_some_run(line: Any) -> bool:
    """The schema does not see what a header says is omitted."""
    without_proposals = set(OMISSIONS) - {"Phase2a"}
    return any(accepted_by_reader(line, omits) for omits in ((), OMISSIONS, without_proposals))


def accepts(decode: Callable[..., Any], *args: Any) -> bool:
    try:
        decode(*args)
    except MALFORMED:
        return False
    return True


def paths(x: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a JSON value."""
    keys = x.keys() if isinstance(x, dict) else range(len(x)) if isinstance(x, list) else ()
    return [at, *(p for k in keys for p in paths(x[k], (*at, k)))]


def put(x: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = dict(x) if isinstance(x, dict) else list(x)
    copy[at[0]] = put(copy[at[0]], at[1:], new)
    return copy


@st.composite
def damaged(draw: Any) -> Any:
    line = json.loads(json.dumps(draw(st.sampled_from(LINES))))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.sampled_from(paths(line)))
        inner: Any = line
        for k in at:
            inner = inner[k]
        kind = draw(st.sampled_from(["replace", "drop", "add", "repeat"]))
        if kind == "drop" and isinstance(inner, dict | list) and inner:
            key = draw(st.sampled_from(list(inner) if isinstance(inner, dict) else [0]))
            inner = (
                {k: v for k, v in inner.items() if k != key}
                if isinstance(inner, dict)
                else inner[1:]
            )
        elif kind == "add" and isinstance(inner, dict):
            inner = {
                **inner,
                draw(
                    st.sampled_from(
                        ["x", "x_", "x_why", "X_why", "quorum", "round", "from", "batch"]
                    )
                ): draw(ODD),
            }
        elif kind == "add" and isinstance(inner, list):
            inner = [*inner, draw(ODD)]
        elif kind == "repeat" and isinstance(inner, list):
            inner = inner + inner
        else:
            inner = draw(ODD)
        line = put(line, at, inner)
    return line


@given(damaged())
def test_schema_and_reader_accept_the_same_lines(line: Any) -> None:
    assert schema.is_valid(line) == accepted_in_some_run(line)


def test_the_lines_damaged_are_good() -> None:
    kinds = {line["event"] for line in LINES}
    assert kinds == set(SCHEMA["$defs"]) & {d["$ref"].split("/")[-1] for d in SCHEMA["oneOf"]}
    for line in LINES:
        assert schema.is_valid(line), line
        assert accepted_by_reader(line), line


ONE_EACH = list({line["event"]: line for line in LINES}.values())
OTHERS: list[Any] = [None, 0, -1, 1, True, "x", [], {}, 2**63, 0.5, "1.1\n", "0123456789abcdef\n"]


@pytest.mark.parametrize("line", ONE_EACH, ids=lambda line: line["event"])
def test_every_single_replacement_is_judged_the_same(line: dict[str, Any]) -> None:
    for at in paths(line):
        for new in OTHERS:
            other = put(line, at, new)
            assert schema.is_valid(other) == accepted_in_some_run(other), other


def test_the_schema_is_a_schema_and_describes_every_event() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name, definition in SCHEMA["$defs"].items():
        assert definition.get("description"), name


def test_an_integer_has_no_fraction() -> None:
    line = next(x for x in LINES if x["event"] == "Phase2b")
    for own in ({}, {"x_why": 1.0}):
        text = json.dumps({**line, **own, "instance": "N"})
        event_of(text.replace('"N"', "1").encode())
        for other in ("1.0", "1e0", "10e-1"):
            with pytest.raises(msgspec.MsgspecError):
                event_of(text.replace('"N"', other).encode())
