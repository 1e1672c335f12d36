"""Bad input to the command: one clear line on standard error, exit status 2, and no traceback."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos import config as configuration
from paxos.config import Config
from paxos.runtime.groups import ChosenGroups
from tests.cluster.processes import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    with ChosenGroups(Config()) as chosen:
        Path("good.yaml").write_text(configuration.dump(Config(groups=chosen.groups)))
        Path("wrong.yaml").write_text("acceptor: 3\n")
        Path("away.yaml").write_text("interface: 203.0.113.9\n")
        Path("named.yaml").write_text("interface: nosuch0\n")
        Path("small").write_bytes(b"a\nb\n")
        Path("large").write_bytes(b"a\nb\n" + b"x" * 40_000 + b"\nc\n")
        Path("open.key").write_bytes(bytes(32))
        Path("open.key").chmod(0o644)
        Path("short.key").write_bytes(b"1234")
        Path("short.key").chmod(0o600)
        Path("kept/data").mkdir(parents=True)
        Path("kept/data/acceptor-1.db").touch()
        Path("old").mkdir()
        Path("old/acceptor-1.1.ndjson").touch()
        yield tmp_path


CASES = [
    ("", "arguments are required: COMMAND"),
    ("dictator 1 --config good.yaml", "invalid choice: 'dictator'"),
    ("acceptor --config good.yaml", "arguments are required: ID"),
    ("acceptor one --config good.yaml", "argument ID: invalid int value: 'one'"),
    ("acceptor 1", "arguments are required: --config"),
    ("acceptor 1 --config good.yaml --lose 1", "unrecognized arguments"),
    ("acceptor 4 --config good.yaml", "acceptor 4 is not in the configuration"),
    ("learner 0 --config good.yaml", "learner 0 is not in the configuration"),
    ("client 1000 --config good.yaml", "client 1000 is not in the configuration"),
    ("acceptor 1 --config none.yaml", "configuration none.yaml: No such file"),
    ("acceptor 1 --config wrong.yaml", "wrong.yaml: unknown key `acceptor`"),
    ("acceptor 1 --config good.yaml --loss 1.5", "loss: expected a number <= 1"),
    ("learner 1 --config away.yaml", "no network interface 203.0.113.9"),
    ("learner 1 --config named.yaml", "no network interface nosuch0"),
    ("acceptor 1 --config good.yaml --run-dir old", "acceptor 1 has run before in old"),
    ("acceptor 1 --config good.yaml --run-dir small", "run folder small: "),
    ("acceptor 1 --config good.yaml --key-file open.key", "(mode 0644); run `chmod 600"),
    ("client 1 --config good.yaml --key-file none.key", "none.key: No such file"),
    ("run --values small --key-file short.key", "expected 16 to 4096 bytes, not 4 bytes"),
    ("run --config none.yaml", "configuration none.yaml: No such file"),
    ("run --acceptors 0", "acceptors: expected a whole number >= 1"),
    ("run --milestone raft", "argument --milestone: invalid choice: 'raft'"),
    ("run --timeout soon", "argument --timeout: invalid number of seconds value: 'soon'"),
    ("run --duplicate -1", "duplicate: expected a number >= 0"),
    ("run --values none small", "values none: No such file"),
    ("run --values . small", "values .: expected a file"),
    (
        "run --values small large --max-value-bytes 30000",
        "values large, line 3: a value of 40000 bytes is too large, 30000 are the most",
    ),
    (
        "run --values large --milestone synod --datagram-bytes 32768",
        "values large, line 3: a value of 40000 bytes is too large, 32",
    ),
    ("run --datagram-bytes 65508", "datagram_bytes: expected a whole number <= 65507"),
    ("run --max-value-bytes 0", "argument --max-value-bytes: invalid whole number above 0"),
    ("run --values small small small --clients 2", "3 value files for 2 clients"),
    ("run --values small --run-dir old", "run folder old has a run in it"),
    ("run --values small --run-dir kept", "run folder kept has a run in it"),
    ("run --values small --run-dir small", "run folder small: "),
    ("run --values small --run-dir small/sub", "run folder small/sub: "),
]


@pytest.mark.parametrize(("arguments", "said"), CASES)
def test_one_line_and_exit_status_2(folder: Path, arguments: str, said: str) -> None:
    before = sorted(folder.rglob("*"))
    ended = run(*arguments.split())
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert sorted(folder.rglob("*")) == before, "nothing was written"


@pytest.mark.multicast
def test_a_busy_port(folder: Path) -> None:
    groups = configuration.load(Path("good.yaml")).endpoints()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", groups.acceptors.port))
        ended = run("acceptor", 1, "--config", "good.yaml", "--run-dir", "new")
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"error: port {groups.acceptors.port} of 239.0.0.1 is in use")
    assert not Path("new").exists()


@pytest.mark.multicast
@pytest.mark.parametrize("closed", [0, 1])
def test_standard_streams_that_are_closed(folder: Path, closed: int) -> None:
    """A socket must not get the number of the output, and the values with it."""
    if closed == 0:
        ended = run("client", 1, "--config", "good.yaml", stdin=None, preexec_fn=close_input)
        assert ended.returncode == 2
        assert ended.stderr.startswith("error: standard input: ")
    else:
        ended = run("run", "--values", "small", "--run-dir", "r", preexec_fn=close_output)
        assert ended.returncode == 1
        assert ended.stderr == "error: standard output: Bad file descriptor\n"


def close_input() -> None:
    os.close(0)


def close_output() -> None:
    os.close(1)


def test_help_is_no_error() -> None:
    for arguments in (["--help"], ["run", "--help"], ["client", "--help"]):
        ended = run(*arguments)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith("usage: paxos")
