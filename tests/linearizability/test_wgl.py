"""The checker accepts what one copy could have said, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.linearizability import history
from tests.linearizability.history import Answer, Operation
from tests.linearizability.one_copy import brute_force, histories
from tests.linearizability.wgl import check


def op(words: str, called: int, returned: int | None, answer: Answer | None = None) -> Operation:
    """Such as `put a`, `cas b 3` or `get`."""
    name: Any
    name, value, expect, *_ = (*words.split(), None, None)
    return Operation(
        f"client-{called}",
        "k",
        name,
        called,
        returned,
        answer,
        value,
        int(expect or 0),
    )


def found(value: str | None, version: int) -> Answer:
    return Answer(version, value)


GOOD = {
    "empty": [],
    "one after the other": [
        op("get", 0, 1, found(None, 0)),
        op("put a", 2, 3, Answer(1)),
        op("get", 4, 5, found("a", 1)),
        op("cas b 1", 6, 7, Answer(2)),
        op("cas c 1", 8, 9, Answer(2, done=False)),
        op("delete", 10, 11, Answer(3)),
        op("delete", 12, 13, Answer(0, done=False)),
        op("cas d 0", 14, 15, Answer(5)),
    ],
    "a read beside a write sees either": [
        op("put a", 0, 1, Answer(1)),
        op("put b", 2, 9, Answer(2)),
        op("get", 3, 4, found("a", 1)),
        op("get", 5, 6, found("b", 2)),
    ],
    "a lost write is done, later": [
        op("put a", 0, None),
        op("put b", 1, 2, Answer(3)),
        op("get", 3, 4, found("b", 3)),
        op("get", 5, 6, found("a", 7)),
    ],
    "two lost writes, the later one first": [
        op("put a", 0, None),
        op("put b", 1, None),
        op("get", 3, 4, found("b", 5)),
        op("get", 5, 6, found("a", 7)),
    ],
    "a lost write is never done": [op("put a", 0, None), op("get", 5, 6, found(None, 0))],
    "a lost delete": [
        op("put a", 0, 1, Answer(1)),
        op("delete", 2, None),
        op("get", 3, 4, found("a", 1)),
        op("get", 5, 6, found(None, 0)),
    ],
    "a lost compare-and-set": [
        op("put a", 0, 1, Answer(1)),
        op("cas b 1", 2, None),
        op("get", 3, 4, found("b", 2)),
    ],
}

BAD = {
    "a stale read": [
        op("put a", 0, 1, Answer(1)),
        op("put b", 2, 3, Answer(2)),
        op("get", 4, 5, found("a", 1)),
    ],
    "a read goes back": [
        op("put a", 0, 1, Answer(1)),
        op("put b", 2, 9, Answer(2)),
        op("get", 3, 4, found("b", 2)),
        op("get", 5, 6, found("a", 1)),
    ],
    "a lost update": [
        op("put a", 0, 1, Answer(1)),
        op("cas b 1", 2, 5, Answer(2)),
        op("cas c 1", 3, 6, Answer(3)),
    ],
    "an update that is nowhere": [op("put a", 0, 1, Answer(1)), op("get", 2, 3, found(None, 0))],
    "done twice": [
        op("put a", 0, 1, Answer(1)),
        op("put b", 2, 3, Answer(2)),
        op("get", 4, 5, found("a", 3)),
    ],
    "a lost write that comes and goes": [
        op("put a", 0, None),
        op("get", 1, 2, found("a", 1)),
        op("get", 3, 4, found(None, 0)),
    ],
    "a lost write before it was called": [
        op("get", 0, 1, found("a", 1)),
        op("put a", 2, None),
    ],
    "a compare-and-set refused though it fits": [
        op("put a", 0, 1, Answer(1)),
        op("cas b 1", 2, 3, Answer(1, done=False)),
    ],
    "a value from nowhere": [op("get", 0, 1, found("x", 1))],
    "versions that fall": [op("put a", 0, 1, Answer(2)), op("put b", 2, 3, Answer(1))],
    "a delete that found nothing": [
        op("put a", 0, 1, Answer(1)),
        op("delete", 2, 3, Answer(0, done=False)),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_good_histories_are_accepted(name: str) -> None:
    assert check(GOOD[name]).ok is True
    assert brute_force(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad_histories_are_rejected_and_what_fits_nowhere_is_named(name: str) -> None:
    result = check(BAD[name])
    assert result.ok is False
    assert result.left
    assert not brute_force(BAD[name])


@given(histories())
@settings(max_examples=200)
def test_what_one_copy_said_is_accepted(operations: list[Operation]) -> None:
    result = check(operations)
    assert result.ok is True
    assert {one.client for one in operations if one.answer} <= {one.client for one in result.order}


@given(histories(), st.data())
@settings(max_examples=100)
def test_a_value_that_nobody_wrote_is_rejected(
    operations: list[Operation], data: st.DataObject
) -> None:
    gets = [k for k, one in enumerate(operations) if one.name == "get" and one.answer]
    if gets:
        k = data.draw(st.sampled_from(gets))
        operations[k] = replace(operations[k], answer=Answer(3, "nobody's"))
        assert check(operations).ok is False


@st.composite
def changed(draw: st.DrawFn) -> list[Operation]:
    """A short history in which one answer may be another one."""
    operations = draw(histories(most=5))
    k = draw(st.integers(0, len(operations) - 1))
    if answer := operations[k].answer:
        value = answer.value
        if operations[k].name == "get":
            value = draw(st.sampled_from((None, "v1", "v2", "v3")))
        done = operations[k].name not in ("cas", "delete") or draw(st.booleans())
        other = Answer(draw(st.integers(0, 6)), value, done)
        operations[k] = replace(operations[k], answer=other)
    return operations


@given(changed())
@settings(max_examples=150)
def test_it_says_the_same_as_all_orders_tried_one_by_one(operations: list[Operation]) -> None:
    operations = [one for one in operations if one.answer or one.name != "get"]
    assert check(operations).ok is brute_force(operations)


def test_a_search_that_takes_too_long_is_not_decided() -> None:
    result = check(GOOD["one after the other"], most_steps=3)
    assert result.ok is None
    assert len(result.order) == 4


def test_lost_writes_that_nobody_saw_cost_little() -> None:
    """Neither where there is an order nor where there is none."""
    lost = [op(f"{('put v', 'delete ', 'cas w')[k % 3]}{k}", k, None) for k in range(90)]
    seen = [
        op("get", 100, 101, found("v0", 50)),
        op("get", 102, 103, found(None, 0)),
        op("delete", 104, 105, Answer(60)),
        op("cas x 0", 106, 107, Answer(61)),
    ]
    assert check([*lost, *seen]).ok is True
    wrong = [*lost, *seen, op("get", 108, 109, found("v0", 50))]
    result = check(wrong)
    assert result.ok is False
    assert result.steps < 20_000


def test_many_operations_of_one_key_take_few_steps() -> None:
    """About one for each, where there is an order."""
    operations = [op(f"put v{k}", 10 * k, 10 * k + 35, Answer(k + 1)) for k in range(2_000)]
    operations += [op(f"put w{k}", 50 * k + 1, None) for k in range(20)]
    operations.sort(key=lambda one: one.called_ns)
    result = check(operations)
    assert result.ok is True
    assert result.steps < 10_000


def test_a_history_is_kept_in_files_and_each_key_is_on_its_own(tmp_path: Path) -> None:
    operations = [replace(op("put a", 3, 4, Answer(1)), key="x"), op("get", 1, None)]
    history.write(tmp_path / "h", operations)
    with (tmp_path / "h").open("ab") as file:
        file.write(b'{"client":"torn')
    assert history.read([tmp_path / "h"]) == operations
    assert [key for key, _ in history.by_key(operations)] == ["k", "x"]
    (tmp_path / "h").write_bytes(b'{"client":1}\n')
    with pytest.raises(ValueError, match="h: line 1: "):
        history.read([tmp_path / "h"])
