"""What a learner's standard output looks like, in each form, and from which position on."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from pathlib import Path

import pytest

from paxos.core.batch import pack
from paxos.core.step import Delivery
from paxos.errors import RunError
from paxos.runtime.deliveries import FORMS, Output
from paxos.runtime.framing import split_frames

ODD = b"a\nb"
BYTES = b"\xff"
STEPS = (
    [Delivery(1, 1, pack("1.1", 1, [b"one", ODD])), Delivery(1, 3, pack("2.7", 4, [b""]))],
    [Delivery(4, 4, pack("1.1", 3, [BYTES, "ä".encode()]))],
)
VALUES = [b"one", ODD, b"", BYTES, "ä".encode()]


def written(path: Path, form: str, first: int = 1) -> bytes:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    output = Output(form, first, fd)
    for step in STEPS:
        output.deliver(step)
    os.close(fd)
    return path.read_bytes()


def frames(path: Path) -> list[bytes]:
    fd = os.open(path, os.O_RDONLY)
    values = [value for some in split_frames(fd, 100, "output") for value in some]
    os.close(fd)
    return values


def test_a_line_a_value(tmp_path: Path) -> None:
    assert written(tmp_path / "out", "lines") == b"".join(value + b"\n" for value in VALUES)


def test_what_is_much_is_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    output = Output()
    monkeypatch.setattr(output, "write", pieces.append)
    value = b"v" * 50_000
    packets = [Delivery(i, i, pack("1.1", i, [value])) for i in range(1, 61)]
    output.deliver(packets)
    assert b"".join(pieces) == (value + b"\n") * 60
    assert [len(piece) // len(value) for piece in pieces] == [21, 21, 18], "a mebibyte, or the rest"


@pytest.mark.parametrize("first", range(1, 8))
def test_any_bytes_in_frames(tmp_path: Path, first: int) -> None:
    written(tmp_path / "out", "raw", first)
    assert frames(tmp_path / "out") == VALUES[first - 1 :]


@pytest.mark.parametrize("first", range(1, 8))
def test_objects_with_places(tmp_path: Path, first: int) -> None:
    lines = written(tmp_path / "out", "json", first).splitlines()
    objects = [json.loads(line) for line in lines]
    values = [b64decode(o["base64"]) if "base64" in o else o["value"].encode() for o in objects]
    assert values == VALUES[first - 1 :]
    places = [(o["instance"], o["position"], o["client"], o["seq"]) for o in objects]
    assert (
        places
        == [
            (1, 1, "1.1", 1),
            (1, 2, "1.1", 2),
            (1, 3, "2.7", 4),
            (4, 4, "1.1", 3),
            (4, 5, "1.1", 4),
        ][first - 1 :]
    )
    assert [sorted(o.keys() & {"base64", "value"}) for o in objects] == [
        ["base64" if value == BYTES else "value"] for value in values
    ]


def test_one_write_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for form in FORMS:
        calls: list[bytes] = []
        monkeypatch.setattr(
            "paxos.runtime.deliveries.write_all", lambda fd, data, calls=calls: calls.append(data)
        )
        output = Output(form, 4)
        for step in STEPS:
            output.deliver(step)
        assert len(calls) == 1, "and none where nothing is wanted"


def test_an_output_that_is_full(tmp_path: Path) -> None:
    fd = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(RunError, match="standard output: No space left on device"):
        Output(fd=fd).deliver(STEPS[0])
    os.close(fd)
