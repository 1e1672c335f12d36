"""Encodings with one thing wrong, made from the text of their file.

A comparison is strict or is no more, a part of a conjunction or of an alternative is missing, one
quantifier stands for the other, a guard or an effect of an action is missing.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType

from conformance.proof.logic import Encoding

OTHER = {"at_most": "below", "below": "at_most", "every": "some", "some": "every"}


def mutants(module: ModuleType, name: str) -> Iterator[tuple[str, Encoding]]:
    """Of the encoding with this name in the module: what is changed, as line and text, and what
    comes of it."""
    text = inspect.getsource(module)
    for number in range(sum(1 for _ in _changes(ast.parse(text)))):
        tree = ast.parse(text)
        called, change = list(_changes(tree))[number]
        change()
        made = ModuleType(module.__name__)
        exec(compile(ast.fix_missing_locations(tree), called, "exec"), made.__dict__)
        yield called, getattr(made, name)


def _changes(tree: ast.Module) -> Iterator[tuple[str, Callable[[], None]]]:
    """What may be changed inside the functions: its name, and what does it."""
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name in OTHER:
            continue
        for node in ast.walk(function):
            where = f"{function.name}, {ast.unparse(node)}" if isinstance(node, ast.expr) else ""
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in OTHER:
                    yield f"{OTHER[node.func.id]} in {where}", _renamed(node.func)
                if node.func.id in ("And", "Or"):
                    for n, part in enumerate(node.args):
                        yield f"without {ast.unparse(part)} in {where}", _less(node.args, n)
            if isinstance(node, ast.Dict):
                for n, entry in enumerate(node.keys):
                    assert entry is not None
                    yield f"without {ast.unparse(entry)} in {where}", _shorter(node, n)


def _renamed(name: ast.Name) -> Callable[[], None]:
    return lambda: setattr(name, "id", OTHER[name.id])


def _less(parts: list[ast.expr], n: int) -> Callable[[], None]:
    return lambda: parts.__delitem__(n)


def _shorter(entries: ast.Dict, n: int) -> Callable[[], None]:
    def remove() -> None:
        del entries.keys[n], entries.values[n]

    return remove
