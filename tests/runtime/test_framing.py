"""How the values in a stream are told apart: by lines, and by their lengths."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.errors import InputError
from paxos.runtime import framing
from paxos.runtime.framing import LENGTH, Split, split_frames, split_lines


def read_through_a_pipe(
    chunks: list[bytes], limit: int, split: Split = split_lines
) -> tuple[list[bytes], str]:
    source, sink = os.pipe()

    def write() -> None:
        for chunk in chunks:
            os.write(sink, chunk)
        os.close(sink)

    writer = threading.Thread(target=write)
    writer.start()
    values: list[bytes] = []
    problem = ""
    try:
        for some in split(source, limit, "input"):
            values += some
    except InputError as error:
        problem = str(error)
    writer.join()
    os.close(source)
    return values, problem


@given(st.lists(st.binary(max_size=30) | st.just(b"\n"), max_size=20))
def test_lines_are_values_whatever_their_bytes(chunks: list[bytes]) -> None:
    text = b"".join(chunks)
    expected = text.split(b"\n")
    if not expected[-1]:
        expected.pop()  # what ends in a newline has no line after it
    assert read_through_a_pipe([c for c in chunks if c], 10_000) == (expected, "")


@given(st.lists(st.binary(max_size=30) | st.just(b"\n"), max_size=8), st.integers(1, 5))
def test_values_are_the_same_however_little_is_read_at_a_time(chunks: list[bytes], n: int) -> None:
    """A large value comes in many reads."""
    text = b"".join(chunks)
    for split, data in ((split_lines, text), (split_frames, framed(*chunks))):
        expected = read_through_a_pipe([data] if data else [], 10_000, split)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(framing, "CHUNK_BYTES", n)
            assert read_through_a_pipe([data] if data else [], 10_000, split) == expected


def test_empty_lines_are_values_and_so_is_a_last_line_without_newline() -> None:
    assert read_through_a_pipe([b"\n\na\n\r\nb"], 9) == ([b"", b"", b"a", b"\r", b"b"], "")
    assert read_through_a_pipe([], 9) == ([], "")


def test_values_before_one_that_is_too_large_are_kept() -> None:
    values, problem = read_through_a_pipe([b"one\n", b"12345\n123456\nfour\n"], 5)
    assert values == [b"one", b"12345"]
    assert problem.startswith("input, line 3: a value of 6 bytes is too large, 5 are the most")


def test_an_endless_line_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "CHUNK_BYTES", 100)
    source = os.open("/dev/zero", os.O_RDONLY)
    with pytest.raises(InputError, match=r"line 1: a value of 600 bytes or more"):
        list(split_lines(source, 512, "input"))
    os.close(source)


def test_what_cannot_be_read() -> None:
    with pytest.raises(InputError, match="input: Bad file descriptor"):
        list(split_lines(987, 5, "input"))


# Each value with its length before it.


def framed(*values: bytes) -> bytes:
    return b"".join(LENGTH.pack(len(value)) + value for value in values)


@given(st.lists(st.binary(max_size=30)), st.lists(st.integers(1, 200)))
def test_frames_are_values_wherever_they_are_cut(values: list[bytes], cuts: list[int]) -> None:
    text = framed(*values)
    ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    chunks = [text[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]
    assert read_through_a_pipe(chunks, 30, split_frames) == (values, "")


def test_a_frame_that_is_too_large_is_not_waited_for() -> None:
    """Its length tells: what follows is not read."""
    values, problem = read_through_a_pipe([framed(b"a\nb", b""), LENGTH.pack(6)], 5, split_frames)
    assert values == [b"a\nb", b""]
    assert problem.startswith("input, value 3: a value of 6 bytes is too large, 5 are the most")
    values, problem = read_through_a_pipe([framed(b"one", b"123456", b"two")], 5, split_frames)
    assert values == [b"one"]
    assert problem.startswith("input, value 2: a value of 6 bytes")


@pytest.mark.parametrize("rest", [b"\0", b"\0\0\0\2", b"\0\0\0\2a"])
def test_a_stream_that_ends_within_a_frame(rest: bytes) -> None:
    values, problem = read_through_a_pipe([framed(b"one") + rest], 5, split_frames)
    assert values == [b"one"]
    assert problem.startswith("input, value 2: it ends within the value; in the form `raw` each")
