"""Both layouts of harnesses, with the project folder wherever they expect it. No environment is
active, and the traces of what ran are checked too."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.cluster.processes import conformance
from tests.course.namespaces import missing, run
from tests.paths import ROOT

pytestmark = pytest.mark.multicast

HERE = ROOT / "tests" / "course"
N = 100


def harness(folder: Path, bare: Path, *command: object, **environment: str) -> str:
    """Run a harness and check the traces of its processes; what it says."""
    if reason := missing(*(["iptables"] if "loss" in command else [])):
        pytest.skip(reason)
    run_dir = folder / "traces"
    path = os.pathsep.join([str(bare), os.environ["PATH"]])
    quick = {"PAUSE_S": "0.1", "WAIT_S": "80"}
    done = run(folder, *command, PATH=path, PAXOS_RUN_DIR=str(run_dir), **quick, **environment)
    assert done.stdout.endswith("passes\n"), done.stdout + done.stderr
    expected = ["storage: memory", "Terminated", "Killed"]  # the shell's words are the last two
    if "one-acceptor" in command:
        expected.append(f"stopped with {N} values not known to be delivered")
    said = done.stderr.splitlines()
    assert [line for line in said if not any(words in line for words in expected)] == []
    conformance(run_dir)
    return done.stdout


def as_made(made: Path, project: Path) -> None:
    shutil.copytree(made, project, symlinks=True)


def as_symlink(made: Path, project: Path) -> None:
    shutil.copytree(made, project.with_name("elsewhere"), symlinks=True)
    project.symlink_to("elsewhere")


def as_linked_scripts(made: Path, project: Path) -> None:
    project.mkdir()
    for script in made.glob("*.sh"):
        (project / script.name).symlink_to(script)


def as_the_checkout(_: Path, project: Path) -> None:
    project.mkdir()
    for script in (ROOT / "impl").glob("*.sh"):
        (project / script.name).symlink_to(script)


CASES = [
    ("run", as_made),
    ("run", as_linked_scripts),
    ("run", as_the_checkout),
    ("catch-up", as_symlink),
    ("loss", as_made),
    ("two-acceptors", as_made),
    ("one-acceptor", as_made),
    ("kill-TERM", as_symlink),
    ("kill-KILL", as_linked_scripts),
]


@pytest.mark.parametrize(("case", "place"), CASES, ids=lambda v: getattr(v, "__name__", v))
def test_2016_to_2024(tmp_path: Path, made: Path, bare: Path, case: str, place: object) -> None:
    assert callable(place)
    place(made, tmp_path / "project")
    shutil.copy(made / "paxos.conf", tmp_path)
    harness(tmp_path, bare, "sh", HERE / "lines.sh", "project", N, case)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("run", ()),
        ("run", (1,)),
        ("run", (5,)),
        ("run", (3, 7)),
        ("run", (3, 1)),
        ("catchup", (3, 1)),
        ("loss", ()),
        ("loss", (3, 1)),
    ],
)
def test_2025(tmp_path: Path, made: Path, bare: Path, case: str, options: tuple[int, ...]) -> None:
    """With 1, 3 and 5 acceptors, with and without batches."""
    project = tmp_path / "project"
    as_made(made, project)
    debug = {"DEBUG": "1"} if options == (3, 7) else {}
    harness(project, bare, "bash", HERE / "options.sh", N, case, *options, **debug)
    batch = options[1] if len(options) > 1 else 1_024
    sizes = Counter(batches(project / "traces"))
    assert max(sizes) <= batch
    assert batch == 1 or max(sizes) > 1, "values are batched"


def batches(run_dir: Path) -> list[int]:
    """How many values were proposed together, each time."""
    found = []
    for path in run_dir.glob("proposer-*.ndjson"):
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event.get("event") == "Phase2a":
                found.append(sum(count for _, _, count, *_ in event["batch"]))
    return found
