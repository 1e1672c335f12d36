"""Encodings with one thing wrong, made from the text of their files.

A comparison is strict or is no more, a part of a conjunction or of an alternative is missing, one
quantifier stands for the other, a guard or an effect of an action is missing. Facts are left as
they are: they are steps of a proof and not of the module, and each is proved itself.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import ModuleType

from conformance.proof.logic import Encoding, every, some
from conformance.proof.voting_logic import at_most, below

OTHER = {"at_most": "below", "below": "at_most", "every": "some", "some": "every"}
WORDS = {"at_most": at_most, "below": below, "every": every, "some": some}
"""A file need not import the other one."""


NOT_OF_THE_MODULE = ("_facts", "_lemmas")
"""Names of files, or functions, that are steps of a proof and not of the module."""


def mutants(files: Sequence[ModuleType], name: str) -> Iterator[tuple[str, Callable[[], Encoding]]]:
    """Of the encoding with this name in the last of its files, of which each may import those
    before it: what is changed, as function and text, and what makes the encoding that comes of
    it."""
    for place, file in enumerate(files):
        if file.__name__.endswith(NOT_OF_THE_MODULE):
            continue
        for number, (called, _) in enumerate(_changes(ast.parse(inspect.getsource(file)))):
            yield called, partial(_mutant, files[place:], number, name)


def _mutant(files: Sequence[ModuleType], number: int, name: str) -> Encoding:
    """With the change of this number in the first of the files."""
    first, *later = files
    tree = ast.parse(inspect.getsource(first))
    _, change = list(_changes(tree))[number]
    change()
    changed = ast.unparse(ast.fix_missing_locations(tree))
    texts = [(first, changed), *((other, inspect.getsource(other)) for other in later)]
    encoding: Encoding = getattr(_made(texts), name)
    return encoding


def _made(texts: Sequence[tuple[ModuleType, str]]) -> ModuleType:
    """The last of these modules, made from other texts."""
    with _imported():
        for file, text in texts:
            made = ModuleType(file.__name__)
            made.__dict__.update(WORDS)
            exec(compile(text, file.__name__, "exec"), made.__dict__)
            sys.modules[file.__name__] = made
    return made


@contextmanager
def _imported() -> Iterator[None]:
    """What is put among the imported modules here is taken out again."""
    before = dict(sys.modules)
    try:
        yield
    finally:
        sys.modules.update(before)


def _changes(tree: ast.Module) -> Iterator[tuple[str, Callable[[], None]]]:
    """What may be changed inside the functions: its name, and what does it."""
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name in OTHER:
            continue
        if function.name.endswith(NOT_OF_THE_MODULE):
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
                for n, (entry, value) in enumerate(zip(node.keys, node.values, strict=True)):
                    gone = ast.unparse(entry) if entry else f"**{ast.unparse(value)}"
                    yield f"without {gone} in {where}", _shorter(node, n)


def _renamed(name: ast.Name) -> Callable[[], None]:
    return lambda: setattr(name, "id", OTHER[name.id])


def _less(parts: list[ast.expr], n: int) -> Callable[[], None]:
    return lambda: parts.__delitem__(n)


def _shorter(entries: ast.Dict, n: int) -> Callable[[], None]:
    def remove() -> None:
        del entries.keys[n], entries.values[n]

    return remove
