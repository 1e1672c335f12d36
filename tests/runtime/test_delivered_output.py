"""Lines in, lines out: reading values from a file descriptor, and comparing what was delivered."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.errors import InputError
from paxos.runtime import stdin_reader
from paxos.runtime.delivered_output import LineCounter, compare, compare_one, count_values
from paxos.runtime.stdin_reader import split_lines


def read_through_a_pipe(chunks: list[bytes], limit: int) -> tuple[list[bytes], str]:
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
        for some in split_lines(source, limit, "input"):
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


def test_empty_lines_are_values_and_so_is_a_last_line_without_newline() -> None:
    assert read_through_a_pipe([b"\n\na\n\r\nb"], 9) == ([b"", b"", b"a", b"\r", b"b"], "")
    assert read_through_a_pipe([], 9) == ([], "")


def test_values_before_one_that_is_too_large_are_kept() -> None:
    values, problem = read_through_a_pipe([b"one\n", b"12345\n123456\nfour\n"], 5)
    assert values == [b"one", b"12345"]
    assert problem.startswith("input, line 3: a value of 6 bytes does not fit a datagram, which")


def test_an_endless_line_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdin_reader, "CHUNK_BYTES", 100)
    source = os.open("/dev/zero", os.O_RDONLY)
    with pytest.raises(InputError, match=r"line 1: a value of 600 bytes or more"):
        list(split_lines(source, 512, "input"))
    os.close(source)


def test_what_cannot_be_read() -> None:
    with pytest.raises(InputError, match="input: Bad file descriptor"):
        list(split_lines(987, 5, "input"))


def test_counting(tmp_path: Path) -> None:
    path = tmp_path / "values"
    path.write_bytes(b"a\n\n\xff\xfe\nlast")
    assert count_values(path, 10) == 4
    with pytest.raises(InputError, match="No such file"):
        count_values(tmp_path / "none", 10)
    with pytest.raises(InputError, match="expected a file"):
        count_values(tmp_path, 10)


def test_a_growing_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"a\nb")
    counter = LineCounter(path)
    assert counter.update() == 1
    with path.open("ab") as file:
        file.write(b"c\n\n")
    assert counter.update() == counter.update() == 3


def files(tmp_path: Path, *contents: bytes) -> list[Path]:
    paths = []
    for content in contents:
        paths.append(tmp_path / f"file-{len(list(tmp_path.iterdir()))}")
        paths[-1].write_bytes(content)
    return paths


def test_comparing(tmp_path: Path) -> None:
    inputs = files(tmp_path, b"a\nb\na", b"\n\xff\n")
    same = b"\xff\na\nb\n\na\n"
    assert compare(inputs, files(tmp_path, same, same)) == []
    (differs,) = compare(inputs, files(tmp_path, same, b"\xff\nb\na\n\na\n"))
    assert differs.endswith("first in line 2")
    problems = compare(inputs, files(tmp_path, b"a\nb\nb\n"))
    assert "3 values missing, such as " in problems[0]
    assert "1 values too many, such as 'b'" in problems[1]
    assert "first in line 4" in compare(inputs, files(tmp_path, same, b"\xff\na\nb\n"))[0]


def test_comparing_a_synod(tmp_path: Path) -> None:
    inputs = files(tmp_path, b"a\nb", b"c\n")
    assert compare_one(inputs, files(tmp_path, b"c\n", b"c\n")) == []
    assert "not one" in compare_one(inputs, files(tmp_path, b"c\na\n"))[0]
    assert "differs" in compare_one(inputs, files(tmp_path, b"c\n", b"a\n"))[0]
    assert "'x', which nobody broadcast" in compare_one(inputs, files(tmp_path, b"x\n"))[0]
