"""The GitHub action and the GitLab snippet: they are what their schemas ask for, and their shell
steps do what they say, on this machine and with the checker of this checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.conformance.formats.published import SCHEMAS, valid_json, valid_junit, valid_sarif
from tests.paths import ROOT, TRACES

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
SNIPPETS = [
    yaml.safe_load(block)
    for block in re.findall(
        r"^```yaml\n(.*?)^```", (ROOT / "docs/ci.md").read_text(encoding="utf-8"), re.M | re.S
    )
]
GOOD, BAD = TRACES / "good" / "plain", TRACES / "bad" / "vote_for_nothing"


def _valid(found: Any, schema: str) -> None:
    jsonschema.Draft7Validator(json.loads((SCHEMAS / schema).read_text())).validate(found)


def test_the_action_is_valid() -> None:
    _valid(ACTION, "github-action.json")
    names = re.findall(r"inputs\.([\w-]+)", json.dumps(STEPS))
    assert set(names) == set(ACTION["inputs"])
    for step in STEPS:  # an input in a script would be run, whatever it is
        assert "${{" not in step.get("run", "") and step.get("shell", "bash") == "bash"


def test_the_snippets_are_valid_and_use_the_action_as_it_is() -> None:
    github, gitlab = SNIPPETS
    _valid(gitlab, "gitlab-ci.json")
    used = [
        step["with"]
        for job in github["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("OWNER/paxos")
    ]
    assert len(used) == 2
    for given in used:
        assert set(given) <= set(ACTION["inputs"])


class Runner:
    """A machine that runs the shell steps of the action, as GitHub's do."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        self.folder = folder
        self.inputs = {
            name: inputs.get(name.replace("-", "_"), one["default"])
            for name, one in ACTION["inputs"].items()
        }
        self.outputs: dict[str, str] = {}
        bin_ = folder / "temp" / "conformance-venv" / "bin"
        bin_.mkdir(parents=True)
        for name in ("conformance", "python"):
            module = " -m conformance" if name == "conformance" else ""
            (bin_ / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
            (bin_ / name).chmod(0o755)

    def step(self, name: str, **more: str) -> subprocess.CompletedProcess[str]:
        (step,) = (s for s in STEPS if s.get("name") == name)
        output = self.folder / "output"
        output.write_text("")
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'impl'}",
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            **{key: self._filled(text) for key, text in step["env"].items()},
            **more,
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        self.outputs |= dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done

    def _filled(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            where, name = found[1], found[2]
            return self.inputs[name] if where == "inputs" else self.outputs[name]

        return re.sub(r"\$\{\{ (inputs|steps\.check\.outputs)\.([\w-]+) \}\}", value, text)

    @property
    def report(self) -> Path:
        return Path(self.outputs["report"])


def test_the_action_reports_annotates_draws_and_fails(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "good").symlink_to(GOOD)
    (tmp_path / "runs" / "bad one").symlink_to(BAD)
    runner = Runner(tmp_path, runs="runs/*")
    done = runner.step("Check the runs")
    assert done.returncode == 0, done.stderr
    assert runner.outputs["status"] == "1"
    assert (
        "::error file=runs/bad one/acceptor-1.1.ndjson,line=3,title=Phase2b.proposed" in done.stdout
    )
    assert valid_json((runner.report / "verdicts.json").read_text())["counts"]["runs"] == 2
    valid_junit((runner.report / "verdicts.xml").read_text())
    valid_sarif((runner.report / "verdicts.sarif").read_text())
    assert "2 runs: 1 conform, 1 in violation" in (runner.report / "report.txt").read_text()
    assert runner.step("Draw what is rejected").returncode == 0
    assert [p.parent.name for p in runner.report.rglob("*.svg")] == ["runs_bad_one"]
    assert runner.step("Verdict").returncode == 1


@pytest.mark.parametrize("name", ["$(touch owned)", "; touch owned", "`touch owned`"])
def test_no_name_of_a_run_is_a_command(name: str, tmp_path: Path) -> None:
    runner = Runner(tmp_path, runs=name, shard=name, merge="")
    runner.step("Check the runs")
    assert not (tmp_path / "owned").exists()
    assert runner.outputs["status"] == "2"
    assert runner.step("Draw what is rejected").returncode == 0
    assert runner.step("Verdict").returncode == 2


def test_the_action_merges_its_shards(tmp_path: Path) -> None:
    for k in ("1", "2", "3"):
        shard = Runner(tmp_path / k, runs=f"{GOOD} {BAD}", shard=f"{k}/3")
        assert shard.step("Check the runs").returncode == 0
        assert shard.outputs["status"] == ("1" if k == "1" else "0")  # the third has no runs
        valid_junit((shard.report / "verdicts.xml").read_text())
        valid_sarif((shard.report / "verdicts.sarif").read_text())
    pattern = str(tmp_path / "[123]" / "temp" / "conformance-report" / "verdicts.json")
    runner = Runner(tmp_path / "all", merge=pattern)
    done = runner.step("Check the runs")
    assert runner.outputs["status"] == "1"
    assert done.stdout.splitlines()[-1] == ("2 runs: 1 conform, 1 in violation; judged by the core")
    missing = Runner(tmp_path / "some", merge=pattern.replace("123", "12"))
    missing.step("Check the runs")
    assert missing.outputs["status"] == "2"


@pytest.mark.parametrize(("tlc", "extras"), [("false", "ci,plots"), ("true", "ci,plots,tlc")])
def test_the_action_installs_the_pinned_versions(tlc: str, extras: str, tmp_path: Path) -> None:
    """Without the network: what would make the environment and install says what it is told."""
    runner = Runner(tmp_path, tlc=tlc)
    pip = tmp_path / "temp" / "conformance-venv" / "bin" / "pip"
    pip.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    pip.chmod(0o755)
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (stub / "python").chmod(0o755)
    done = runner.step("Install the checker", PATH=f"{stub}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{ROOT}[{extras}]"
    versions = (tmp_path / "temp" / "conformance-versions.txt").read_text()
    assert re.search(r"^junitparser==[\d.]+$", versions, re.M)
    assert "--hash" not in versions and "\\" not in versions


@pytest.mark.parametrize(("index", "status"), [("1", 0), ("2", 1)])
def test_the_gitlab_jobs_do_what_they_say(index: str, status: int, tmp_path: Path) -> None:
    gitlab = SNIPPETS[1]
    runs, stub = tmp_path / "runs", tmp_path / "stub"
    runs.mkdir()
    stub.mkdir()
    (runs / "a").symlink_to(GOOD)
    (runs / "b").symlink_to(BAD)
    for name, script in {
        "test.sh": "exit 0",
        "stub/pip": "exit 0",
        "stub/conformance": f'exec "{sys.executable}" -m conformance "$@"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    def job(name: str, index: str) -> int:
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(gitlab[name]["script"])],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}:{ROOT / 'impl'}",
                "PATH": f"{stub}:{os.environ['PATH']}",
                "CI_NODE_INDEX": index,
                "CI_NODE_TOTAL": "2",
                **gitlab[name]["variables"],
            },
            check=False,
            timeout=100,
        ).returncode

    assert job("conformance", index) == status
    valid_junit((tmp_path / "verdicts.xml").read_text())
    assert job("conformance-report", "") == 2  # one shard is missing
    job("conformance", "2" if index == "1" else "1")
    assert job("conformance-report", "") == 1
