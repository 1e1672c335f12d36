"""What the pages may name: files, classes, fields, definitions, targets and options."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from conformance.replay.checker import SPECS
from conformance.rules.rule import Spec
from conformance.trace.reader import CHECKS
from tests.paths import ROOT
from tests.test_layout import tracked

MADE = {"compare/table.md", "bench/table.md", "config.yaml", "tla2tools.jar", "jsonschema"}
"""Files that a command makes, or brings with it."""


@cache
def files() -> frozenset[str]:
    """The files of the repository and the folders that they are in, from its root."""
    paths = [path.relative_to(ROOT) for path in tracked()]
    folders = {parent for path in paths for parent in path.parents}
    return frozenset(path.as_posix() for path in [*paths, *folders])


def is_file(name: str) -> bool:
    """Whether `name` is a file or a folder, or the end of the path of one; `*` stands for a part of
    a name."""
    pattern = re.compile(r"(?:.*/)?" + re.escape(name.rstrip("/")).replace(r"\*", "[^/]*"))
    return any(pattern.fullmatch(path) for path in files())


@cache
def sources() -> dict[Path, ast.Module]:
    """The Python files."""
    folders = ("impl", "conformance", "tests")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@cache
def classes() -> dict[str, list[ast.ClassDef]]:
    """All classes of these names."""
    found: dict[str, list[ast.ClassDef]] = {}
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
    return found


def members(kind: ast.ClassDef) -> Iterator[str]:
    """Fields, attributes of `self`, properties and methods; those of its bases among them."""
    for node in ast.walk(kind):
        match node:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
    for base in kind.bases:
        if isinstance(base, ast.Name):
            for parent in classes().get(base.id, ()):
                yield from members(parent)


def has_member(kind: str, member: str) -> bool:
    """Whether there is a class of this name that has this."""
    return any(member in members(found) for found in classes().get(kind, ()))


@cache
def rules() -> frozenset[str]:
    """The rules that judge 1 names, such as `Phase2b.promise`, and the checks of the reader."""
    every = {name for spec in SPECS.values() for name in (*_guards(spec), *_invariants(spec))}
    return frozenset(every) | {*CHECKS}


def _guards(spec: Spec) -> Iterator[str]:
    for action in (*spec.actions.values(), *spec.inner.values()):
        yield from (f"{action.name}.{guard.name}" for guard in action.guards)
    yield from (life.name for life in spec.incarnations)


def _invariants(spec: Spec) -> Iterator[str]:
    for action in spec.actions.values():
        yield from (invariant.name for invariant in action.invariants)


@cache
def identifiers() -> frozenset[str]:
    """Every name that is defined somewhere: in Python, in the modules of TLA+, in models, in the
    schema of traces, as a target, an option or a key of the manifest."""
    found: set[str] = set()
    for tree in sources().values():
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                    found.add(name)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.keyword(arg=str(name)):
                    found.add(name)
    for path in tracked():
        if path.suffix in (".tla", ".cfg", ".yaml", ".toml", ".json") or path.name == "Makefile":
            found.update(re.findall(r"[A-Za-z_][\w-]*", path.read_text(encoding="utf-8")))
    return frozenset(found)


@cache
def targets() -> frozenset[str]:
    """What `make` makes."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE))


@cache
def said_in_help(module: str, *subcommand: str) -> str:
    """What a command says of itself."""
    command = [sys.executable, "-m", module, *subcommand, "--help"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stderr}"
    return ended.stdout
