"""How a process is started, as harnesses do: which Python runs it, how its command line looks, and
what is said where something is wrong."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from harness import project_folder
from paxos import course
from paxos.config import load
from tests.cluster.processes import PATIENCE_S, wait_for
from tests.paths import ROOT


def start(folder: Path, path: Path, *command: object, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*map(str, command)],
        cwd=folder,
        env={"PATH": os.pathsep.join([str(path), os.defpath]), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(folder: Path, path: Path, *command: object, **more: str) -> tuple[int, str]:
    """Its exit status, and what it writes to standard error; nothing to standard output."""
    with start(folder, path, *command, **more) as process:
        try:
            output, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert output == ""
    return process.returncode, errors


def looks_for(name: str) -> str:
    return f"error: configuration {name}: No such file or directory\n"


def test_a_folder_that_was_made_knows_its_python(made: Path, bare: Path, tmp_path: Path) -> None:
    """It is complete if it comes as far as to look for the configuration. A copy is, too."""
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    for folder in (made, copy):
        options = ["-r", "acceptor", "-p", "1"]
        assert call(folder, bare, "python3", "src/main.py", *options) == (
            2,
            looks_for("logs/config.json"),
        )
        assert call(folder, bare, "./acceptor.sh", "1", "no") == (2, looks_for("no"))
    (copy / "paxos" / "course.py").write_text("main = len", encoding="utf-8")
    assert call(copy, bare, "./acceptor.sh", "1", "no")[0] == 3, "it runs what is in it"


def test_scripts_without_their_run_bit(made: Path, bare: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    for script in copy.glob("*.sh"):
        script.chmod(0o644)
        assert call(copy, bare, "sh", f"./{script.name}", "1", "no") == (2, looks_for("no"))


def test_what_is_missing_is_said_with_the_command_that_installs_it(
    made: Path, bare: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    (copy / project_folder.MADE_WITH).write_text(f"{tmp_path / 'gone'}\n", encoding="utf-8")
    (copy / ".venv").mkdir()
    (copy / ".venv" / "bin").symlink_to(bare)  # another one that is not enough: tried, but once
    for command in (["./learner.sh", "1", "no"], ["python3", "src/main.py", "-r", "learner"]):
        status, said = call(copy, bare, *command)
        assert status == 2
        assert said.startswith(
            "error: expected Python 3.11 or later with the package msgspec, and "
        )
        assert said.endswith(
            f"without it; run `python3 -m venv {copy}/.venv && "
            f"{copy}/.venv/bin/pip install msgspec pyyaml`\n"
        )
        assert said.count("\n") == 1


def test_the_first_environment_found_is_enough(made: Path, bare: Path, tmp_path: Path) -> None:
    """One in the folder itself, as by the command that was said, or beside it, as in a checkout."""
    copy = tmp_path / "project"
    shutil.copytree(made, copy)
    complete = Path((copy / project_folder.MADE_WITH).read_text(encoding="utf-8").strip())
    (copy / project_folder.MADE_WITH).unlink()
    for environment in (copy / ".venv", tmp_path / ".venv"):
        environment.symlink_to(complete.parent)
        assert call(copy, bare, "./client.sh", "1", "no") == (2, looks_for("no"))
        environment.unlink()
    assert "expected Python" in call(copy, bare, "./client.sh", "1", "no")[1]


@pytest.mark.multicast
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("./acceptor.sh 2 CONF", "./acceptor.sh 2 CONF"),
        (
            "python3 src/main.py -r acceptor -p 2 --config CONF",
            "python3 src/main.py -r acceptor -p 2 --config CONF",
        ),
    ],
)
def test_the_command_line_is_what_harnesses_kill_by(
    made: Path, bare: Path, conf: Path, command: str, shown: str
) -> None:
    with start(made, bare, *command.replace("CONF", str(conf)).split()) as process:
        assert process.stderr
        try:
            assert "storage: memory" in process.stderr.readline()  # it runs
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
            assert " ".join(line.split("\0")).strip().endswith(shown.replace("CONF", str(conf)))
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


@pytest.mark.multicast
@pytest.mark.parametrize("debug", [False, True])
def test_what_a_learner_has_to_say_goes_to_a_file(
    made: Path, bare: Path, conf: Path, tmp_path: Path, debug: bool
) -> None:
    """Its standard error may be in the file that is compared. Here a stranger is heard."""
    group = load(conf).endpoints().learners
    log = tmp_path / "paxos-learner-1.log"
    command = ["python3", made / "src/main.py", "-r", "learner", "-p", "1", "--config", conf]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        start(tmp_path, bare, *command, *["-d"] * debug) as process,
    ):
        interface = socket.inet_aton("127.0.0.1")
        stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)

        def is_said() -> bool:
            stranger.sendto(b"hello", (group.address, group.port))
            return log.exists() and ": dropped: " in log.read_text(encoding="utf-8")

        try:
            wait_for(is_said, "line in the log")
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=PATIENCE_S) == ("", "")
        finally:
            process.kill()
    assert ("no trace" in log.read_text(encoding="utf-8")) == debug


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["./acceptor.sh", "1"], "expected two arguments, as in: ./acceptor.sh 1 paxos.conf"),
        (["./accept.sh", "1", "c"], "expected a script called client.sh, proposer.sh, "),
        ([], "the following arguments are required: -r/--role, -p/--id"),
        (["-r", "judge", "-p", "1"], "argument -r/--role: invalid choice: 'judge'"),
        (["-r", "learner", "-p", "0"], "argument -p/--id: invalid whole number above 0 value: '0'"),
        (["-r", "proposer", "-p", "1", "-b", "0"], "argument -b/--batch: invalid whole number"),
        (["-r", "proposer", "-p", "1", "-x"], "unrecognized arguments: -x"),
    ],
)
def test_what_is_said_of_wrong_arguments(
    given: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        course.main(given)
    output, errors = capfd.readouterr()
    assert (caught.value.code, output) == (2, "")
    assert errors.startswith(f"error: {said}") and errors.count("\n") == 1


def test_a_folder_is_made_again_but_never_over_something_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "project"
    (folder / "scripts").mkdir(parents=True)  # of the harness, which stays
    assert project_folder.main([str(folder)]) == 0
    (folder / "acceptor.sh").write_text("changed", encoding="utf-8")
    (folder / "paxos" / "old.py").write_text("", encoding="utf-8")
    assert project_folder.main([str(folder)]) == 0
    for name in ("acceptor.sh", "src/main.py", "paxos.conf", "paxos/core/learner.py"):
        assert (folder / name).read_bytes() == (ROOT / "impl" / name).read_bytes()
    assert not (folder / "paxos" / "old.py").exists()
    assert (folder / "scripts").is_dir()
    assert not list(folder.rglob("__pycache__"))
    assert os.access(folder / "learner.sh", os.X_OK)

    capfd.readouterr()
    (folder / project_folder.MADE_WITH).unlink()
    (folder / "acceptor.sh").write_text("mine", encoding="utf-8")
    assert project_folder.main([str(folder)]) == 2
    assert "has client.sh, proposer.sh, acceptor.sh" in capfd.readouterr().err
    assert (folder / "acceptor.sh").read_text(encoding="utf-8") == "mine"
    assert project_folder.main([""]) == 2
    assert capfd.readouterr().err == "error: name the folder, as in: make harness DIR=../project\n"
