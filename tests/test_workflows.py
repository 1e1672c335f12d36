"""The workflows of continuous integration, which nobody here can start: each command in them exists
and takes what it is given, and what fetches the released TLC takes no other file for it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.cli import main as conformance
from conformance.tlc.toolchain import find_jar
from paxos.options import make_parser
from tests.paths import ROOT
from tests.test_make import targets

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RELEASED = WORKFLOWS["ci"]["jobs"]["released-tlc"]


def commands(steps: list[dict[str, Any]]) -> list[list[str]]:
    """The words of each command, where `${{ ... }}` is a word of its own."""
    lines = "\n".join(step["run"].strip() for step in steps if "run" in step).splitlines()
    return [shlex.split(re.sub(r"\$\{\{.*?\}\}", "1", line)) for line in lines]


def takes(words: list[str]) -> None:
    """Fails if the command is not there, or does not take these words."""
    command, *given = words
    if command == "make":
        assert given[0] in targets()
        for name in (word.partition("=")[0] for word in given[1:]):
            assert f"$({name})" in MAKEFILE, f"make {given[0]} has no {name}"
    elif command == ".venv/bin/conformance":
        conformance.parser(given[0]).parse_args(given)
    elif command == ".venv/bin/paxos":
        make_parser(given).parse_args(given)
    elif command == "sudo":
        assert given[:2] == ["env", "PATH=$PATH"]
        assert os.access(ROOT / given[2], os.X_OK)
    else:
        assert command in ("curl", "echo")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(words, id=f"{name}-{job}-{' '.join(words)[:40]}")
        for name, workflow in WORKFLOWS.items()
        for job, what in workflow["jobs"].items()
        for words in commands(what["steps"])
    ],
)
def test_each_command_is_there_and_takes_what_it_is_given(words: list[str]) -> None:
    takes(words)


@pytest.mark.parametrize(
    "line",
    ["make specs", "make spec KLASS=tiny", ".venv/bin/conformance check --tcl traces", "mak spec"],
)
def test_a_command_that_is_not_there_is_noticed(line: str) -> None:
    with pytest.raises((AssertionError, SystemExit)):
        takes(line.split())


def test_all_tests_and_models_are_run() -> None:
    run = [words for what in WORKFLOWS["ci"]["jobs"].values() for words in commands(what["steps"])]
    assert ["sudo", "env", "PATH=$PATH", ".ci/run"] in run  # which runs `make test`
    assert ["make", "spec"] in run
    assert ["make", "run"] in run


def test_the_released_tlc_judges_traces_that_are_there() -> None:
    *_, check = commands(RELEASED["steps"])
    assert check[:3] == [".venv/bin/conformance", "check", "--tlc"]
    assert all([*ROOT.glob(pattern)] for pattern in check[3:])


@pytest.mark.tlc
@pytest.mark.parametrize("is_right", [True, False])
def test_the_released_tlc_is_taken_by_its_digest(tmp_path: Path, is_right: bool) -> None:
    """With the packaged jar for the released one, which is not to be had here."""
    jar = find_jar()
    (tmp_path / "curl").write_text(
        f'#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp {jar} $2\n'
    )
    (tmp_path / "curl").chmod(0o755)
    digest = (
        hashlib.sha256(jar.read_bytes()).hexdigest() if is_right else RELEASED["env"]["JAR_SHA256"]
    )
    [fetch] = [step["run"] for step in RELEASED["steps"] if "curl" in step.get("run", "")]
    ended = subprocess.run(
        ["bash", "-e", "-c", fetch],
        env={
            **RELEASED["env"],
            "JAR_SHA256": digest,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_ENV": str(tmp_path / "env"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode == 0) == is_right, ended.stderr
    env = tmp_path / "env"
    said = f"TLA2TOOLS_JAR={tmp_path / 'tla2tools.jar'}\n"
    assert (env.read_text(encoding="utf-8") if env.exists() else "") == said * is_right
