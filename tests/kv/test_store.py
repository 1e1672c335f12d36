"""The state machine: the same commands make the same state, also over a snapshot."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv import chunks, sessions, store
from kv.commands import (
    BadCommandError,
    Command,
    Open,
    Problem,
    Request,
    Result,
    Write,
    decode,
    encode,
)
from kv.store import Change, Entry, Store


def apply(store: Store, *commands: Command) -> list[Result]:
    """At the positions that follow."""
    return [store.apply(store.position + 1, encode(command)) for command in commands]


def state(store: Store) -> list[bytes]:
    return list(store.snapshot())


def test_a_version_is_a_position_and_compare_and_set_wants_it() -> None:
    store = Store()
    store.apply(5, encode(Write("k", b"a")))
    assert store.get("k") == Entry(b"a", 5)
    assert store.apply(9, encode(Write("k", b"b", expect=4))) == Result(5, Problem.VERSION)
    assert store.apply(10, encode(Write("k", b"b", expect=5))) == Result(10)
    assert store.apply(11, encode(Write("k", b"c", expect=0))) == Result(10, Problem.VERSION)
    assert store.apply(12, encode(Write("k", None))) == Result(12)
    assert store.apply(13, encode(Write("k", None))) == Result(0, Problem.ABSENT)
    assert store.apply(14, encode(Write("k", b"d", expect=0))) == Result(14)
    assert (len(store), store.total_bytes, store.position) == (1, 2, 14)


def test_a_request_is_done_once_also_after_a_snapshot() -> None:
    store = Store()
    (session,) = apply(store, Open())
    request = Request(session.version, 1)
    first, again = apply(store, *[Write("k", b"mine", request=request)] * 2)
    assert first == again == Result(2)
    apply(store, Write("k", b"another's"))
    copy = Store()
    copy.restore(store.snapshot())
    for one in (store, copy):
        assert apply(one, Write("k", b"mine", request=request)) == [first]
        assert one.get("k") == Entry(b"another's", 4)


def test_a_result_that_was_a_refusal_is_the_same_again() -> None:
    store = Store()
    (session,) = apply(store, Open())
    wants = Write("k", b"a", expect=9, request=Request(session.version, 1))
    assert apply(store, wants, Write("k", b"b"), wants)[::2] == [Result(0, Problem.VERSION)] * 2


def test_an_older_request_and_one_of_no_session_do_nothing() -> None:
    store = Store()
    (session,) = apply(store, Open())
    apply(store, Write("k", b"b", request=Request(session.version, 2)))
    refused = apply(
        store,
        Write("k", b"a", request=Request(session.version, 1)),
        Write("k", b"a", request=Request(session.version + 1, 1)),
    )
    assert [result.problem for result in refused] == [Problem.OLD, Problem.SESSION]
    assert store.get("k") == Entry(b"b", 2)


def test_sessions_not_used_for_longest_end(monkeypatch: pytest.MonkeyPatch) -> None:
    table = sessions.Sessions(most=2)
    for number in (1, 2):
        table.open(number)
    table.remember(Request(1, 1), Result(3))
    copy = sessions.Sessions(most=2)
    copy.load(table.rows())
    for one in (table, copy):
        one.open(4)
        assert one.answer(Request(1, 1)) == Result(3)
        assert one.answer(Request(2, 1)) == Result(0, Problem.SESSION)


def test_a_full_store_refuses_what_would_make_it_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_TOTAL_BYTES", 10)
    full = Store()
    assert apply(
        full,
        Write("k", b"x" * 9),
        Write("j", b""),
        Write("k", b"y" * 9),
        Write("k", b"z" * 10),
    ) == [Result(1), Result(0, Problem.FULL), Result(3), Result(3, Problem.FULL)]
    assert full.total_bytes == 10


def test_watchers_hear_of_what_was_changed_only() -> None:
    heard: list[Change] = []
    store = Store(heard.append)
    apply(store, Write("k", b"a"), Write("k", b"b", expect=9), Write("k", None), Write("k", None))
    assert heard == [Change(1, "k", b"a"), Change(3, "k", None)]


def test_keys_are_listed_in_their_order() -> None:
    store = Store()
    apply(store, *(Write(key, b"") for key in ("b/2", "a", "b/1", "b/3")))
    assert [key for key, _ in store.list("b/", 2)] == ["b/1", "b/2"]


@pytest.mark.parametrize("value", [b"", b"\xc1", encode(["other", 1]), encode(["write", b"\xff"])])
def test_what_is_no_command_is_refused(value: bytes) -> None:
    with pytest.raises(BadCommandError, match="no command"):
        decode(value)
    store = Store()
    assert store.apply(7, value) == Result(0, Problem.UNKNOWN)
    assert store.position == 7


KEYS = st.sampled_from(("a", "b", "ä"))
REQUESTS = st.one_of(st.none(), st.builds(Request, st.integers(1, 9), st.integers(1, 3)))
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.just(Open()),
    st.builds(
        Write,
        KEYS,
        st.one_of(st.none(), st.binary(max_size=3)),
        st.one_of(st.none(), st.integers(0, 9)),
        REQUESTS,
    ),
)


def cut(pieces: Iterable[bytes], size: int) -> list[bytes]:
    whole = b"".join(pieces)
    return [whole[k : k + size] for k in range(0, len(whole), size)]


@given(st.lists(COMMANDS, max_size=30), st.lists(COMMANDS, max_size=10), st.integers(1, 50))
def test_a_copy_from_a_snapshot_goes_on_as_the_other_does(
    before: list[Command], after: list[Command], size: int
) -> None:
    store, copy = Store(), Store()
    apply(store, *before)
    apply(copy, Write("other", b"state"))
    copy.restore(cut(store.snapshot(), size))
    assert state(copy) == state(store)
    assert apply(copy, *after) == apply(store, *after)
    assert state(copy) == state(store)
    assert copy.total_bytes == store.total_bytes


def test_a_large_state_is_in_several_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "KEYS_OF_A_FRAME", 3)
    store, copy = Store(), Store()
    apply(store, *(Write(f"k{n}", b"v") for n in range(10)))
    copy.restore(store.snapshot())
    assert len(state(store)) == 6  # the head, four of keys, and the end
    assert state(copy) == state(store)


def test_a_snapshot_that_is_cut_or_something_else_is_refused() -> None:
    store = Store()
    apply(store, Open(), Write("k", b"v"))
    whole = b"".join(store.snapshot())
    for end in range(len(whole)):
        with pytest.raises(ValueError, match="snapshot"):
            Store().restore([whole[:end]])
    with pytest.raises(ValueError, match="no snapshot of the store"):
        Store().restore([b"\x00\x00\x00\x01x"])
    kept = state(store)
    with pytest.raises(ValueError, match="cut short"):
        store.restore([b"\x00\x00\x00\x03\x92\x09\x90"])
    assert state(store) == kept


def test_watchers_hear_that_the_state_is_another_one() -> None:
    heard: list[int] = []
    store, copy = Store(), Store(restored=heard.append)
    apply(store, Write("k", b"v"), Write("k", None))
    copy.restore(store.snapshot())
    assert heard == [2]
