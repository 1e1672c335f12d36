"""The installed package, in an environment that does not have the checkout.

The source archive is built from a copy of the checkout, the wheel from the archive, and both are
gone when the commands run: in an empty folder, without environment variables, in a virtual
environment with the wheel in it. Nothing is fetched. What the package depends on is seen in the
environment that runs the tests, by a path that brings no checkout with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from zipfile import ZipFile

import jinja2
import markupsafe
import msgspec
import pytest
import yaml

from paxos import config
from paxos.paths import SAMPLES
from paxos.runtime.groups import ChosenGroups
from tests.api.test_readme_example import example
from tests.paths import ROOT

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Files = dict[Path, tuple[int, int]]

UNWANTED = shutil.ignore_patterns("__pycache__", "runs")
PACKAGES = Path(msgspec.__file__).parents[1]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
BUILD = """
import sys
from setuptools import build_meta
getattr(build_meta, sys.argv[1])(sys.argv[2])
"""


def done(*command: str | Path, cwd: Path) -> None:
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def build(what: str, source: Path, into: Path) -> Path:
    """What pip has setuptools do, without pip: it would make an environment for it."""
    into.mkdir()
    done(sys.executable, "-c", BUILD, f"build_{what}", into, cwd=source)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel of the source archive, and that of the checkout; their sources are gone."""
    folder = tmp_path_factory.mktemp("build")
    copy, unpacked = folder / "copy", folder / "unpacked"
    for name in ("conformance", "impl", "spec", "traces"):
        shutil.copytree(ROOT / name, copy / name, ignore=UNWANTED, symlinks=True)
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy2(path, copy)
    shutil.copy2(ROOT / "LICENSE", copy)
    archive = build("sdist", copy, folder / "sdist")
    shutil.unpack_archive(archive, unpacked)
    (source,) = unpacked.iterdir()
    found = build("wheel", source, folder / "1"), build("wheel", copy, folder / "2")
    shutil.rmtree(copy)
    shutil.rmtree(unpacked)
    return found


@pytest.fixture(scope="module")
def environment(wheels: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    into = ("--python", folder / "bin" / "python", "install", "--no-index", "--no-deps")
    done(*PIP, *into, wheels[0], cwd=folder)
    return folder


def state(folder: Path) -> Files:
    """All files below, with their sizes and times."""
    found = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {path: (seen.st_size, seen.st_mtime_ns) for path, seen in found}


@pytest.fixture
def command(environment: Path, tmp_path: Path) -> Iterator[Command]:
    """Runs a command of the environment in an empty folder. No command writes where it is
    installed. `packages` are those of the outside world that it sees."""

    def run(
        name: str, *words: str | Path, packages: Path | None = PACKAGES
    ) -> subprocess.CompletedProcess[str]:
        outside.write_text(f"{packages}\n" if packages else "", encoding="utf-8")
        return subprocess.run(
            [environment / "bin" / name, *words],
            cwd=tmp_path,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )

    (site_packages,) = environment.glob("lib/python*/site-packages")
    outside = site_packages / "outside.pth"
    before = state(environment)
    yield run
    outside.unlink()
    assert state(environment) == before


def test_the_source_archive_has_all_that_the_wheel_needs(wheels: tuple[Path, Path]) -> None:
    names = [
        {
            (entry.filename, entry.CRC)
            for entry in ZipFile(wheel).infolist()
            if "RECORD" not in entry.filename
        }
        for wheel in wheels
    ]
    assert names[0] == names[1]
    files = {name for name, _ in names[0]}
    for package in ("paxos", "harness", "conformance"):
        assert f"{package}/py.typed" in files
    kept = subprocess.run(
        ["git", "ls-files", "spec", "traces"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    assert {f"conformance/data/{name}" for name in kept} - files == set()


def test_the_checkout_is_not_there(command: Command, environment: Path) -> None:
    told = command(
        "python", "-c", "import paxos, conformance as c; print(paxos.__file__, c.__file__)"
    )
    assert all(Path(name).is_relative_to(environment) for name in told.stdout.split())
    assert command("python", "-c", "import tests").returncode == 1


@pytest.mark.parametrize("name", ["paxos", "conformance"])
def test_what_a_command_is_and_where_its_files_are(
    command: Command, environment: Path, name: str
) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    said = command(name, "--version").stdout
    assert f'\nversion = "{said.removeprefix(f"{name} ").rstrip()}"\n' in project
    files = Path(command(name, "--files").stdout.strip())
    assert files.is_relative_to(environment)
    wanted = {"paxos": ["cluster.yaml", "orders.txt"], "conformance": ["spec", "traces"]}[name]
    assert all((files / wanted_name).exists() for wanted_name in wanted)


@pytest.mark.multicast
@pytest.mark.tlc
def test_a_cluster_runs_and_both_judges_check_it(command: Command, tmp_path: Path) -> None:
    ended = command("paxos", "run")
    assert ended.returncode == 0, ended.stderr
    (run,) = (tmp_path / "traces" / "runs").iterdir()
    assert len((run / "learner-1.out").read_bytes().splitlines()) == 800
    ended = command("conformance", "check", "--tlc", run)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "judged by the core and TLC" in ended.stdout


@pytest.mark.tlc
def test_a_model_is_checked_and_its_counterexample_is_here(
    command: Command, tmp_path: Path
) -> None:
    ended = command("conformance", "spec", "--model", "synod-own-value")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {path.name for path in (tmp_path / ".tlc" / "counterexamples").iterdir()} == {
        "synod-own-value.itf.json",
        "synod-own-value.svg",
    }


def test_a_sample_trace_is_rejected_and_drawn_here(command: Command, tmp_path: Path) -> None:
    samples = Path(command("conformance", "--files").stdout.strip()) / "traces"
    ended = command("conformance", "check", samples / "good" / "plain")
    assert ended.returncode == 0, ended.stderr
    ended = command("conformance", "explain", samples / "bad" / "propose_own_value_over_a_vote")
    assert ended.returncode == 1, ended.stderr
    assert "spec/MultiPaxos.tla:" in ended.stdout
    assert {path.name for path in tmp_path.iterdir()} >= {"explained.svg", "explained.png"}


def test_a_sample_trace_is_shown_here(command: Command, tmp_path: Path) -> None:
    samples = Path(command("conformance", "--files").stdout.strip()) / "traces"
    ended = command("conformance", "report", samples / "bad" / "decide_with_a_minority")
    assert (ended.returncode, ended.stderr) == (1, "")
    page = (tmp_path / "decide_with_a_minority.html").read_text(encoding="utf-8")
    assert "class Timeline" in page and "Decide.quorum" in page and "--mono" in page


def test_a_cluster_is_simulated(command: Command) -> None:
    ended = command("paxos", "simulate", "--seed", "8")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", ["compare", "bench"])
def test_what_measures_is_there(command: Command, name: str) -> None:
    assert f"usage: paxos {name}" in command("paxos", name, "--help").stdout


@pytest.mark.parametrize("name", ["paxos", "conformance"])
def test_alone_a_command_says_what_it_needs(command: Command, name: str) -> None:
    ended = command(name, "check", packages=None)
    assert ended.returncode == 2
    assert ended.stderr.endswith("or `pip install msgspec pyyaml`\n")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["conformance", "check", "--tlc", "{good}"], "pip install 'paxos[tlc]'"),
        (["conformance", "spec"], "pip install 'paxos[tlc]'"),
        (["conformance", "explain", "{good}"], "pip install 'paxos[plots]'"),
        (["conformance", "spec-growth"], "run this in a checkout"),
        (["conformance", "spec-figures"], "run this in a checkout"),
        (["paxos", "compare"], "pip install 'paxos[plots]'"),
        (["paxos", "compare", "--no-plots"], "pip install 'paxos[tlc]'"),
        (["paxos", "bench", "--smoke"], "pip install 'paxos[plots]'"),
        (["paxos", "bench", "--smoke", "--no-plots"], "pip install 'paxos[bench]'"),
    ],
)
def test_without_its_extra_a_command_says_which(
    command: Command, tmp_path: Path, words: list[str], said: str
) -> None:
    """And checking a trace needs none."""
    few = tmp_path / "few"
    few.mkdir()
    for package in (msgspec, yaml, jinja2, markupsafe):
        (few / package.__name__).symlink_to(Path(str(package.__file__)).parent)
    samples = Path(command("conformance", "--files").stdout.strip()) / "traces"
    words = [word.format(good=samples / "good" / "plain") for word in words]
    assert command("conformance", "check", samples / "good" / "plain", packages=few).returncode == 0
    ended = command(*words, packages=few)
    assert ended.returncode == 2
    (error,) = ended.stderr.splitlines()
    assert error.startswith("error: ")
    assert said in error


@pytest.mark.parametrize("path", [p for p in SAMPLES.iterdir() if p.suffix != ".txt"])
def test_the_sample_configurations_are_of_the_usual_cluster(path: Path) -> None:
    assert config.load(path).endpoints() == config.Groups()
    assert os.access(path, os.R_OK)


def test_the_example_of_the_library_runs_as_it_is_printed(
    command: Command, environment: Path, tmp_path: Path
) -> None:
    """On a cluster of the installed command's, with a configuration of a line or two."""
    assert command("paxos", "--version").returncode == 0  # and it sees what it depends on
    (tmp_path / "accounts.py").write_text(example(), encoding="utf-8")
    with ExitStack() as undo:
        chosen = undo.enter_context(ChosenGroups(config.Config()))
        content = config.Config(cluster=chosen.cluster, groups=chosen.groups, storage="memory")
        (tmp_path / "cluster.yaml").write_text(config.dump(content), encoding="utf-8")
        for words in (("acceptor", "1"), ("acceptor", "2"), ("acceptor", "3"), ("proposer", "1")):
            process = subprocess.Popen(
                [environment / "bin" / "paxos", *words, "--config", "cluster.yaml"],
                cwd=tmp_path,
                env={},
                stderr=subprocess.DEVNULL,
            )
            undo.callback(process.wait)
            undo.callback(process.terminate)
        ended = subprocess.run(
            [environment / "bin" / "python", "accounts.py", "1"],
            cwd=tmp_path,
            env={},
            input="ann bob 70\nann bob 70\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    same = "{'ann': 30, 'bob': 170}"
    assert ended.stdout.splitlines() == [f"1 {same}", f"2 {same}"]
