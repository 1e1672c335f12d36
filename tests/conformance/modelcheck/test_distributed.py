"""TLC's distributed mode, on loopback: the verdict and the states of a single process, also when a
worker is killed, and nothing left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.modelcheck.distributed import Party, Setup, address_towards, run
from conformance.modelcheck.manifest import Model, choose, load
from conformance.paths import HOME, MANIFEST
from conformance.tlc import errors, runner, toolchain
from conformance.tlc.output import Progress
from tests.leftovers import processes_of

pytestmark = pytest.mark.timeout(400)  # TLC on a loaded machine

LIMITS = runner.Limits(200, heap_mb=512)


def model(name: str) -> Model:
    return choose(load(), "all", [name])[0]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for all temporary files, which must be empty again at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.tlc
def test_a_worker_killed_in_the_middle_changes_nothing(temporary: Path) -> None:
    checked = model("synod-full")
    states = checked.states
    assert states is not None
    party: list[Party] = []
    after: list[Progress] = []

    def kill_one(seen: Progress) -> None:
        first, second = party[0].workers
        if first.poll() is not None:
            after.append(seen)
        elif 500 < seen.distinct < states - 500:
            first.kill()
            first.wait()
        assert second.poll() is None or seen.queue == 0

    folder = MANIFEST.parent
    result = run(checked, folder, Setup(), LIMITS, on_start=party.append, on_progress=kill_one)
    assert party[0].workers[0].returncode == -9, "the search ended before the worker was killed"
    assert after[0].queue > 0, "it was killed when all was done"
    assert result.violation is None
    assert result.distinct == states
    assert processes_of(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("name", "kind", "violated"),
    [
        ("synod-own-value", "invariant", "Agreement"),
        ("synod-promise-falls", "property", "Refinement"),
    ],
)
def test_what_is_violated_is_named(name: str, kind: str, violated: str) -> None:
    result = run(model(name), MANIFEST.parent, Setup(), LIMITS)
    assert result.violation is not None
    assert (result.violation.kind, result.violation.name) == (kind, violated)


@pytest.mark.tlc
def test_workers_on_other_hosts(
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By ssh, which is played by a shell: what a host is sent must be all that it needs."""
    ssh = tmp_path / "ssh"
    ssh.write_text(
        f'#!/bin/sh\necho "$3" >>{tmp_path}/hosts\n'
        'SSH_CONNECTION="127.0.0.1 1 127.0.0.1 22" TMPDIR=$PWD exec sh -c "$4"\n',
        encoding="utf-8",
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    arguments = ["--worker", "localhost", "--worker", "me@localhost", "--remote-java"]
    status = main.main(
        ["spec-distributed", "--model", "synod-tiny", *arguments, str(toolchain.find_java())]
    )
    out, err = capsys.readouterr()
    assert status == 0, out + err
    assert out.splitlines()[1].split()[:4] == ["synod-tiny", "ok", "ok", "235"]
    assert sorted((tmp_path / "hosts").read_text().split()) == ["localhost", "me@localhost"]
    assert list(temporary.iterdir()) == []


@pytest.mark.tlc
def test_no_worker_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho Connection refused >&2\nexit 255\n", encoding="utf-8")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(errors.TlcCrash, match="no worker is left: Connection refused"):
        run(model("synod-tiny"), MANIFEST.parent, Setup(hosts=("elsewhere",)), LIMITS)


def test_a_port_in_use_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main.main(["spec-distributed", "--model", "synod-tiny", "--port", port]) == 2
    error = capsys.readouterr().err
    assert error == f"error: port {port} cannot be used: Address already in use; " + (
        "name another with PORT=\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--model", ""],
            "which model? `conformance spec --list` lists them; with make, give MODEL=name",
        ),
        (["--model", "synod-ful"], "there is no model synod-ful; there are: synod-full"),
        (["--model", "synod-tiny", "--worker", "no.host.invalid"], "check WORKERS"),
        (["--model", "live-paxos"], "live-paxos: it checks liveness, which TLC's distributed mode"),
        (["--model", "simulated"], "simulated: it draws behaviours at random, which TLC's"),
        (["--model", "inductive-log-random"], "it draws its initial states with given seeds"),
    ],
)
def test_wrong_input_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main.main(["spec-distributed", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_the_address_towards_loopback_is_loopback() -> None:
    assert address_towards("someone@localhost") == "127.0.0.1"


def test_make_says_which_model_is_wanted() -> None:
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        ["make", "--no-print-directory", "spec-distributed"],
        cwd=HOME,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "MODEL=name" in done.stderr
