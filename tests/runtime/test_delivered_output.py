"""Values in, values out: comparing what was delivered with what was broadcast."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos.errors import InputError
from paxos.runtime.delivered_output import (
    SHOWN_BYTES,
    LineCounter,
    compare,
    compare_one,
    count_values,
)


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


def test_comparing_large_values(tmp_path: Path) -> None:
    """Which are not kept: they are told from one another by all their bytes all the same."""
    large, other = b"x" * 1_000_000 + b"a", b"x" * 1_000_000 + b"b"
    inputs = files(tmp_path, large + b"\nb\n")
    assert compare(inputs, files(tmp_path, large + b"\nb\n")) == []
    missing, more = compare(inputs, files(tmp_path, b"b\n" + other + b"\n"))
    assert f"1 values missing, such as '{'x' * SHOWN_BYTES}'" in missing
    assert f"1 values too many, such as '{'x' * SHOWN_BYTES}'" in more


def test_comparing_a_synod(tmp_path: Path) -> None:
    inputs = files(tmp_path, b"a\nb", b"c\n")
    assert compare_one(inputs, files(tmp_path, b"c\n", b"c\n")) == []
    assert "not one" in compare_one(inputs, files(tmp_path, b"c\na\n"))[0]
    assert "differs" in compare_one(inputs, files(tmp_path, b"c\n", b"a\n"))[0]
    assert "'x', which nobody broadcast" in compare_one(inputs, files(tmp_path, b"x\n"))[0]
