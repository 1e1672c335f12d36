"""`paxos run`: whole runs, with and without faults; each ends with everything delivered, and its
traces conform."""

from __future__ import annotations

import resource
import signal
import subprocess
import time
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from harness.measure.values import value_file
from paxos import config as configuration
from paxos.config import Config
from paxos.runtime.groups import ChosenGroups
from tests.cluster.processes import ENVIRONMENT, PAXOS, conformance, run, wait_for

pytestmark = pytest.mark.multicast

FAULTS = ["--loss", "0.1", "--duplicate", "0.05", "--reorder", "0.05", "--seed", "7"]
MANY_S = 100
"""What a run of many values may take, on a machine that does other things as well."""


def check(run_dir: Path, values: list[Path]) -> None:
    one, two = ((run_dir / f"learner-{n}.out").read_bytes() for n in (1, 2))
    assert one == two
    expected = Counter(
        line for path in values for line in path.read_bytes().removesuffix(b"\n").split(b"\n")
    )
    assert Counter(one.removesuffix(b"\n").split(b"\n")) == expected
    conformance(run_dir)


@pytest.mark.parametrize("faults", [[], FAULTS], ids=["clean", "faults"])
@pytest.mark.parametrize(
    ("direct_learning", "prepare_ahead", "batching"), list(product((False, True), repeat=3))
)
def test_every_combination_of_optimisations(
    tmp_path: Path,
    values: list[Path],
    faults: list[str],
    direct_learning: bool,
    prepare_ahead: bool,
    batching: bool,
) -> None:
    switches = [
        "--direct-learning" if direct_learning else "--no-direct-learning",
        "--prepare-ahead" if prepare_ahead else "--no-prepare-ahead",
        "--batching" if batching else "--no-batching",
    ]
    ended = run("run", "--values", *values, "--run-dir", tmp_path / "r", *switches, *faults)
    assert ended.returncode == 0, ended.stderr
    assert "learner-1 delivered 615 of 615" in ended.stdout
    check(tmp_path / "r", values)


@pytest.mark.timeout(4 * MANY_S)
@pytest.mark.parametrize("faults", [[], FAULTS], ids=["clean", "faults"])
@pytest.mark.parametrize("counts", [[10_000, 10_000], [100_000]], ids=["two clients", "one file"])
def test_many_values(tmp_path: Path, faults: list[str], counts: list[int]) -> None:
    values = [
        value_file(tmp_path / f"values-{client}", client, count, 16)
        for client, count in enumerate(counts, 1)
    ]
    arguments = ["--values", *values, "--run-dir", tmp_path / "r", *faults]
    ended = run("run", *arguments, timeout=MANY_S)
    assert ended.returncode == 0, ended.stderr
    for learner in (1, 2):
        assert f"learner-{learner} delivered {sum(counts)} of {sum(counts)}" in ended.stdout
    check(tmp_path / "r", values)


def test_without_tracing_there_is_no_trace_but_what_was_counted(
    tmp_path: Path, values: list[Path]
) -> None:
    ended = run("run", "--values", *values, "--run-dir", tmp_path / "r", "--no-tracing")
    assert ended.returncode == 0, ended.stderr
    assert not list((tmp_path / "r").glob("*.ndjson"))
    assert len(list((tmp_path / "r" / "stats").glob("*.json"))) == 9


def test_the_samples_are_the_default(tmp_path: Path) -> None:
    ended = run("run", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    (run_dir,) = (tmp_path / "traces" / "runs").iterdir()
    assert f"run folder: {run_dir.relative_to(tmp_path)}" in ended.stdout
    assert len((run_dir / "learner-1.out").read_bytes().splitlines()) == 800
    assert configuration.load(run_dir / "config.yaml").clients == 2
    conformance(run_dir)


@pytest.mark.parametrize("faults", [[], FAULTS], ids=["clean", "faults"])
def test_milestone_1(tmp_path: Path, values: list[Path], faults: list[str]) -> None:
    ended = run(
        "run", "--milestone", "synod", "--values", *values, "--run-dir", tmp_path / "r", *faults
    )
    assert ended.returncode == 0, ended.stderr
    one, two = ((tmp_path / "r" / f"learner-{n}.out").read_bytes() for n in (1, 2))
    assert one == two
    assert one.count(b"\n") == 1
    assert "conforms to Synod" in conformance(tmp_path / "r")


def test_runs_at_the_same_time_do_not_meet(tmp_path: Path, values: list[Path]) -> None:
    running = [
        subprocess.Popen(
            [*PAXOS, "run", "--values", *map(str, values), "--run-dir", str(tmp_path / name)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        )
        for name in ("a", "b", "c")
    ]
    for process, name in zip(running, "abc", strict=True):
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        check(tmp_path / name, values)
        logs = b"".join(path.read_bytes() for path in (tmp_path / name / "logs").iterdir())
        assert b"dropped" not in logs


def test_other_sizes(tmp_path: Path, values: list[Path]) -> None:
    counts = ["--acceptors", "5", "--proposers", "1", "--learners", "1", "--clients", "3"]
    three = [*values, values[0]]
    ended = run("run", *counts, "--values", *three, "--run-dir", tmp_path / "r")
    assert ended.returncode == 0, ended.stderr
    assert "learner-1 delivered 922 of 922" in ended.stdout
    assert len(list((tmp_path / "r").glob("*.ndjson"))) == 10
    conformance(tmp_path / "r")


def test_nothing_to_deliver(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    ended = run("run", "--values", tmp_path / "empty", "--run-dir", tmp_path / "r")
    assert ended.returncode == 0, ended.stderr
    assert "delivered 0 of 0" in ended.stdout


def test_a_run_that_gets_nowhere_gives_up(tmp_path: Path, values: list[Path]) -> None:
    ended = run(
        "run", "--values", *values, "--run-dir", tmp_path / "r", "--loss", "1", "--timeout", "1"
    )
    assert ended.returncode == 1
    assert "nothing was delivered for 1 s" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_that_stalls_shows_what_its_processes_wait_for(
    tmp_path: Path, values: list[Path]
) -> None:
    ended = run(
        *("run", "--values", *values, "--run-dir", tmp_path / "r", "--loss", "1"),
        *("--timeout", "15", "--clients", "2"),
    )
    assert ended.returncode == 1
    assert "nothing was delivered for 15 s" in ended.stderr
    for name, what in (
        ("client-1", "waits for word of "),
        ("proposer-1", "waits for promises from instance 1 on of 2 acceptors: none answered"),
        ("acceptor-1", "has heard no proposer and no learner for 10 s"),
        ("learner-1", "has heard no proposer for 10 s"),
    ):
        assert any(name in line and what in line for line in ended.stderr.splitlines()), name


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_run(
    tmp_path: Path, values: list[Path], how: signal.Signals
) -> None:
    run_dir = tmp_path / "r"
    with subprocess.Popen(
        [*PAXOS, "run", "--values", str(values[0]), "--run-dir", str(run_dir), "--rate", "20"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        output = run_dir / "learner-1.out"
        wait_for(lambda: output.exists() and output.stat().st_size, "delivery")
        children = children_of(process.pid)
        assert len(children) == 8
        process.send_signal(how)
        _, errors = process.communicate(timeout=10)
    if how != signal.SIGKILL:
        assert process.returncode == (130 if how == signal.SIGINT else 1)
        assert b"interrupted, all processes are stopped" in errors
    wait_for(lambda: not any(is_alive(pid) for pid in children), "end of all processes", 10)
    conformance(run_dir)


def children_of(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True
    )
    return [int(word) for word in found.stdout.split()]


def is_alive(pid: int) -> bool:
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")


def test_a_process_that_cannot_start_is_shown(tmp_path: Path, values: list[Path]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("interface: 203.0.113.9\n", encoding="utf-8")
    began_s = time.monotonic()
    ended = run("run", "--config", config, "--values", *values, "--run-dir", tmp_path / "r")
    assert ended.returncode == 2
    assert "this machine has no network interface 203.0.113.9" in ended.stderr
    assert time.monotonic() - began_s < 30


def test_traces_that_cannot_be_written_do_not_stop_the_cluster_but_fail_the_run(
    tmp_path: Path, values: list[Path]
) -> None:
    def no_file_beyond_30_kilobytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30 << 10, 30 << 10))

    values[0].write_bytes(b"".join(b"%d\n" % n for n in range(400)))
    arguments = ["--values", values[0], "--run-dir", tmp_path / "r", "--no-batching"]
    arguments += ["--storage", "memory"]  # the files of the other are no smaller
    ended = run("run", *arguments, preexec_fn=no_file_beyond_30_kilobytes)
    assert ended.returncode == 1
    assert "learner-1 delivered 400 of 400" in ended.stdout
    assert "error: acceptor-1 ended with exit status 1" in ended.stderr
    assert "acceptor-1.1.ndjson: File too large; it ends here, incomplete" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("options", "folder"),
    [([], "r/data"), (["--data-dir", "elsewhere"], "elsewhere"), (["--storage", "memory"], None)],
)
def test_where_promises_are_kept(
    tmp_path: Path, values: list[Path], options: list[str], folder: str | None
) -> None:
    ended = run("run", "--values", values[0], "--run-dir", "r", *options, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    names = {path.stem for path in tmp_path.rglob("*.db")}
    kept = {f"acceptor-{n}" for n in (1, 2, 3)} | {"proposer-1", "proposer-2"}
    assert names == (kept if folder else set())
    assert folder is None or {path.stem for path in (tmp_path / folder).glob("*.db")} == kept
    said = (tmp_path / "r" / "logs" / "acceptor-1.log").read_text(encoding="utf-8")
    assert ("storage: memory: what it has promised is lost" in said) == (folder is None)
    conformance(tmp_path / "r")


def test_without_a_run_folder_the_state_is_here_and_numbers_the_lives(tmp_path: Path) -> None:
    with ChosenGroups(Config()) as chosen:
        config = tmp_path / "c.yaml"
        config.write_text(configuration.dump(Config(groups=chosen.groups)), encoding="utf-8")
        for life in (1, 2):
            with subprocess.Popen(
                [*PAXOS, "acceptor", "2", "--config", str(config), "--verbose"],
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env=ENVIRONMENT,
            ) as process:
                assert process.stderr
                said = [process.stderr.readline() for _ in range(2)]
                process.send_signal(signal.SIGTERM)
            assert said[1] == f"acceptor-2.{life}: storage in paxos-data\n"
            assert process.returncode == 0
    assert (tmp_path / "paxos-data" / "acceptor-2.db").exists()
