"""The changes: what a tired programmer writes, found in the syntax tree, made by position in the
text, so that all the rest of a file keeps its bytes.

Left out is what no test can or should see: texts of messages, docstrings, annotations, assertions,
decorators, and what an `__init__` sets (without it, the first use of an object fails).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

COMPARED: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: (r"is\s+not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: (r"not\s+in", ("in",)),
}
"""Each comparison: how it is written (a pattern), and what stands in its place: shifted at its
boundary, and negated."""

SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
EMPTY = {"list": "[]", "dict": "{}", "set": "set()", "tuple": "()", "str": '""', "bytes": 'b""'}
TEXTS = ("Fault", "refuse", "say", "tell", "show_")
"""Calls and functions (by the beginning of their names) that are about the text of a message."""


@dataclass(frozen=True)
class Edit:
    """The bytes `start..end` of a file become `new`."""

    function: str  # with the classes around it; empty: at the top of the module
    line: int  # counted from 1
    start: int
    end: int
    new: str


def edits(source: bytes) -> list[Edit]:
    """All changes to a module, in the order of the text. Not all of them `changes` it."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    return sorted(set(finder.found), key=lambda e: (e.start, e.end, e.new))


def changes(source: bytes, edit: Edit) -> bool:
    """Is the module another one with the change, and one that can be parsed?"""
    try:
        return ast.dump(ast.parse(apply(source, edit))) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def apply(source: bytes, edit: Edit) -> bytes:
    """The module with the change in it."""
    return source[: edit.start] + edit.new.encode() + source[edit.end :]


class _Finder(ast.NodeVisitor):
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.found: list[Edit] = []
        self._names: list[str] = []
        self._returns: list[ast.expr | None] = []
        lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    # Where things are.

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self.source[start:end].decode()

    def _add(self, start: int, end: int, new: str) -> None:
        line = self.source.count(b"\n", 0, start) + 1
        self.found.append(Edit(".".join(self._names), line, start, end, new))

    def _replace(self, node: ast.expr | ast.stmt, *new: str) -> None:
        for text in new:
            self._add(*self._span(node), text)

    def _between(self, left: ast.expr, right: ast.expr, old: str, *new: str) -> None:
        """Replace the operator `old`, a pattern, that stands between two operands."""
        begin, end = self._span(left)[1], self._span(right)[0]
        word = rf"\b{old}\b" if old[0].isalpha() else re.escape(old)
        found = re.search(word.encode(), self.source[begin:end])
        if found:
            for text in new:
                self._add(begin + found.start(), begin + found.end(), text)

    # What is left out.

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assert | ast.JoinedStr | ast.pattern):
            return
        super().visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._names.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self._names.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name in ("__repr__", "__str__") or node.name.startswith(TEXTS):
            return
        self._names.append(node.name)
        self._returns.append(node.returns)
        for part in [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body]:
            self.visit(part)
        self._names.pop()
        self._returns.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass")

    # Statements.

    def visit_If(self, node: ast.If) -> None:
        if self._text(node.test) != "TYPE_CHECKING":
            self._condition(node.test, "True", "False")
            self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._condition(node.test, "False")  # for ever: seen by a limit on time only
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test, "True", "False")
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        if node.guard is not None:
            self._condition(node.guard, "True", "False")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._condition(test, "True", "False")
        self.generic_visit(node)

    def _condition(self, test: ast.expr, *forced: str) -> None:
        if not isinstance(test, ast.Constant):
            self._replace(test, *forced)

    def _sets_up(self) -> bool:
        return bool(self._names) and self._names[-1] in ("__init__", "__post_init__")

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call) and not self._sets_up():
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        kept = all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
        if kept and not self._sets_up():
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace(node, "pass")
        if isinstance(node.op, ast.Add | ast.Sub):
            old, new = ("+=", "-=") if isinstance(node.op, ast.Add) else ("-=", "+=")
            self._between(node.target, node.value, old, new)
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        self._replace(node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "pass")

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "pass")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            self._replace(node, "pass")
            return
        returns = self._returns[-1]
        new = self._other(self._text(node.value), ast.unparse(returns) if returns else "")
        if new != self._text(node.value):
            self._replace(node.value, new)
        self.generic_visit(node)

    @staticmethod
    def _other(value: str, returns: str) -> str:
        """Another value of the type that a function returns, if it is known."""
        if value in ("True", "False"):
            return str(value == "False")
        if returns == "bool":
            return f"not ({value})"
        if returns in ("int", "float"):
            return f"({value}) + 1"
        return EMPTY.get(returns.partition("[")[0], "None")

    # Expressions.

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
            old, new = COMPARED[type(operator)]
            self._between(left, right, old, *new)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        parts = [f"({self._text(value)})" for value in node.values]
        now, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        self._replace(node, f"({f' {other} '.join(parts)})")
        for k in range(len(parts)):
            left = parts[:k] + parts[k + 1 :]
            self._replace(node, f"({f' {now} '.join(left)})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace(node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        texts = (ast.JoinedStr, ast.List, ast.Tuple, ast.Dict)
        sides = (node.left, node.right)
        if isinstance(node.op, ast.Add | ast.Sub) and not any(isinstance(s, texts) for s in sides):
            old, new = ("+", "-") if isinstance(node.op, ast.Add) else ("-", "+")
            self._between(node.left, node.right, old, new)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            self._replace(node, str(node.value + 1), f"({node.value - 1})")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        index = self._text(node.slice)
        if index in ("0", "-1"):
            self._replace(node.slice, "-1" if index == "0" else "0")
            self.visit(node.value)
            return
        self.generic_visit(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        for end in (node.lower, node.upper):
            if end is not None and not isinstance(end, ast.Constant):
                self._replace(end, f"({self._text(end)}) + 1", f"({self._text(end)}) - 1")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = self._text(node.func)
        if called in SWAPPED:
            self._replace(node.func, SWAPPED[called])
        if called.rpartition(".")[2].startswith(TEXTS):
            # Of a fault, what is told and found is text; what is missing decides the verdict.
            for part in [*node.args[2:], *(word.value for word in node.keywords)]:
                self.visit(part)
            return
        if called.endswith("Error"):
            return
        self.generic_visit(node)
