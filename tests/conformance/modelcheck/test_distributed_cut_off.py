"""TLC's distributed mode when workers cannot be reached any more. The server is one that prints
what TLC's did with a worker whose link was cut; a worker waits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.cli import main

pytestmark = pytest.mark.timeout(120)  # a server that hangs is ended at once

JOINED = (7001, "Registration for worker at rmi://localhost:0/0 completed (2026-11-30 04:44:17)")
LOST = (7002, "TLC worker rmi://localhost:0/0 disconnected (2026-11-30 04:45:53)")
FAILED = (7006, "TLC worker connection lost rmi://localhost:0/0 (2026-11-30 04:45:53)")
DONE = (2193, "Model checking completed. No error has been found.")

Message = tuple[int, str]
Server = Callable[..., None]


def at(distinct: int, queue: int) -> Message:
    text = f"{distinct} states generated, {distinct} distinct states found, {queue} states left"
    return 2200, f"Progress(9) at 2026-11-30 04:45:45: {text} on queue."


def total(distinct: int) -> Message:
    return 2199, f"{distinct} states generated, {distinct} distinct states found, 0 states left"


FAKE = """#!{python}
import sys, time
if "tlc2.tool.distributed.TLCServer" not in sys.argv:
    time.sleep(600)
for code, text in {messages!r}:
    print(f"@!@!@STARTMSG {{code}}:0 @!@!@\\n{{text}}\\n@!@!@ENDMSG {{code}} @!@!@", flush=True)
if {hangs!r}:
    time.sleep(600)
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """What says these messages in place of TLC, and then ends, or not."""

    def made(*messages: Message, hangs: bool = False) -> None:
        java = tmp_path / "java"
        text = FAKE.format(python=sys.executable, messages=messages, hangs=hangs)
        java.write_text(text, encoding="utf-8")
        java.chmod(0o755)
        monkeypatch.setenv("JAVA", str(java))

    return made


def check() -> int:
    return main.main(["spec-distributed", "--model", "synod-tiny"])


def test_the_others_do_its_work(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """It has 235 states, and so all were searched."""
    server(JOINED, JOINED, at(100, 14), LOST, at(200, 3), DONE, total(235))
    assert check() == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split()[:4] == ["synod-tiny", "ok", "ok", "235"]
    assert err.splitlines()[2:] == [
        "a worker is lost: 1 of 2 workers are left, and do its work too"
    ]


def test_a_search_that_may_be_short_is_no_verdict(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server(JOINED, JOINED, at(100, 14), LOST, at(200, 3), DONE, total(234))
    assert check() == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: MCSynod: a worker was cut off, and TLC may have lost states with it: it ended at "
        "234; run it again"
    )


def test_one_that_died_is_not_cut_off(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A call to it has failed: then TLC loses nothing, and the states should be others."""
    server(JOINED, JOINED, at(100, 14), FAILED, LOST, at(200, 3), DONE, total(234))
    assert check() == 1
    assert "cut off" not in capsys.readouterr().err


def test_all_of_them_are_cut_off(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """The server would wait for ever."""
    server(JOINED, JOINED, at(100, 14), LOST, LOST, at(100, 14), hangs=True)
    assert check() == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: MCSynod: no worker is left: the server cannot reach them any more"
    )
