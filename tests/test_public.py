"""What is public is said: in the README, and by `__all__` in the modules it names and no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module, metadata
from inspect import isclass, isfunction
from pathlib import Path

import pytest

from conformance.cli.main import main as conformance
from paxos.cli import main as paxos
from tests.paths import ROOT
from tests.test_layout import modules

_, _, SECTION = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Install it\n")
SECTION = SECTION.partition("\n## ")[0]
PUBLIC = re.findall(r"`(paxos|(?:paxos|conformance)\.[a-z0-9_.]+)`", SECTION)


def test_no_other_module_has_public_names() -> None:
    assert len(PUBLIC) > 10
    marked = {name for name, path in modules().items() if "\n__all__ = " in path.read_text("utf-8")}
    assert marked == set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_there_and_say_what_they_are(name: str) -> None:
    module = import_module(name)
    for public in module.__all__:
        found = getattr(module, public)
        if isclass(found) or isfunction(found):
            assert found.__module__ == name or name == "paxos", "which has them from elsewhere"
            assert found.__doc__, f"{name}.{public} has no docstring"


def test_the_example_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("this run: violation of MultiPaxos")


@pytest.mark.parametrize("name", ["paxos", "conformance"])
def test_the_package_names_its_public_modules(name: str) -> None:
    said = Path(str(import_module(name).__file__)).read_text(encoding="utf-8")
    short = [module.removeprefix(f"{name}.") for module in PUBLIC if module.startswith(name)]
    assert [m for m in short if m not in said and not m.startswith("core.")] == []


@pytest.mark.parametrize("command", [paxos, conformance])
def test_without_an_installed_package_the_version_is_unknown(
    command: Callable[[list[str]], int],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(SystemExit) as ended:
        command(["--version"])
    assert ended.value.code == 0
    assert capfd.readouterr().out.endswith(" unknown: the package is not installed\n")
