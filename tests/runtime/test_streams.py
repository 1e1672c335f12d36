"""Standard streams as a parent may hand them down: non-blocking, closed, full."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator

import pytest

from paxos.errors import RunError
from paxos.runtime import report
from paxos.runtime.shutdown import Stop
from paxos.runtime.streams import read, readable, write_all


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Its reader and its writer, neither of which blocks."""
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    yield reader, writer
    for end in (reader, writer):
        os.close(end)


def test_reading_waits_for_what_comes(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    timer = threading.Timer(0.05, os.write, (writer, b"late"))
    timer.start()
    assert read(reader, 100) == b"late"
    timer.join()


def test_writing_waits_for_room_and_writes_all(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    data = bytes(range(256)) * 2_000  # more than a pipe holds
    got = bytearray()

    def take() -> None:
        while len(got) < len(data):
            got.extend(read(reader, 10_000))

    thread = threading.Thread(target=take)
    thread.start()
    write_all(writer, data)
    thread.join()
    assert bytes(got) == data
    assert not os.get_blocking(writer), "the stream is the parent's as well: it stays as it was"


def test_lines_to_streams_that_do_not_block(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results and complaints are written whole, however slowly they are read."""
    reader, writer = pipe
    lines = [f"{n} ".ljust(5_000, "x") for n in range(40)]
    got = bytearray()

    def take() -> None:
        while got.count(b"\n") < 2 * len(lines):
            got.extend(read(reader, 3_000))

    monkeypatch.setattr(report, "write_all", lambda _, data: write_all(writer, data))
    thread = threading.Thread(target=take)
    thread.start()
    for line in lines:
        report.tell(line)
        report.say(line)
    thread.join()
    assert got.decode().splitlines() == [line for line in lines for _ in range(2)]


def test_bytes_of_names_go_out_as_they_came_in(capfd: pytest.CaptureFixture[str]) -> None:
    report.say(os.fsdecode(b"run folder nb\xff"))
    report.say("half a character \ud83d")
    with capfd.disabled():
        pass
    said = capfd.readouterr().err.encode(errors="surrogateescape")
    assert b"half a character \\ud83d\n" in said
    assert said.startswith((b"run folder nb\xff\n", "run folder nb\ufffd\n".encode()))
    assert report.printable(os.fsdecode(b"nb\xff\xc3\xa4")) == "nb\\xff\u00e4"


def test_results_that_nobody_can_have_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        monkeypatch.setattr(report, "write_all", lambda _, data: write_all(full.fileno(), data))
        with pytest.raises(RunError, match="standard output: No space left"):
            report.tell("all is well")
        report.say("there is nobody to tell")


def test_descriptors_above_1023() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_096, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        stop = Stop()
        assert not stop.wait(0.0)
        stop.request()
        assert stop.wait()
        reader, writer = os.pipe()
        held += [reader, writer]
        assert reader > 1_023
        assert readable([reader], 0.0) == []
        os.write(writer, b"x")
        assert readable([reader]) == [reader]
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
