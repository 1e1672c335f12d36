"""docs/mutants.md and the README: what they say of the mutation run fits together and is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.mutation.targets import files
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")
SURVIVORS = re.findall(r"^\| `([\w/]+\.py)` \| `([\w.]+)` \| .+ \| .+ \|$", PAGE, re.MULTILINE)
PART = re.compile(r"^\| (core|runtime|judge 1|judge 2|all) \| (\d+) \| (\d+) \| (\S+) % \|", re.M)


def functions(node: ast.AST, around: str = "") -> Iterator[str]:
    """All functions and classes of a module, with the classes and functions around them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield around + child.name
            yield from functions(child, f"{around}{child.name}.")
        else:
            yield from functions(child, around)


@pytest.mark.parametrize(("path", "function"), sorted(set(SURVIVORS)))
def test_what_survives_is_in_a_function_that_is_there(path: str, function: str) -> None:
    assert path in files(ROOT)
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function == "module" or function in set(functions(tree))


def test_the_rates_are_those_of_the_numbers_and_the_readme_says_the_same() -> None:
    rows = {part: (int(all_), int(killed), rate) for part, all_, killed, rate in PART.findall(PAGE)}
    assert set(rows) == {"core", "runtime", "judge 1", "judge 2", "all"}
    for all_, killed, rate in rows.values():
        assert rate == f"{100 * killed / all_:.1f}"
    whole = rows.pop("all")
    assert whole[:2] == tuple(map(sum, list(zip(*rows.values(), strict=True))[:2]))
    assert whole[0] - whole[1] == len(SURVIVORS), "each that survived has a reason"
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"of {whole[0]} small changes {whole[1]} ({whole[2]} %) are noticed" in readme
