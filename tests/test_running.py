"""docs/running.md: what it quotes is in the source, and what the source can say is in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

TEXT = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
SOURCES = sorted(
    path
    for folder in ("paxos", "paxos/core", "paxos/runtime", "src")
    for path in (ROOT / "impl" / folder).glob("*.py")
)

SAY = {"say", "fail", "refuse", "update", "InputError", "RunError", "RejectedError", "kind"}
"""Calls whose text a user may read."""

NOT_OF_A_CLUSTER = {
    "…: …; receive buffer … bytes",  # with --verbose
    "…: … datagrams received, … sent",
    "…: storage in …",
    "…: …",
    "…-….…: …",
    "…",
    "…: dropped: …",  # has tables of its own
    "  …: …",
    "… …",
    "stopped",
    "error: …",
    "\r…\r",
}


def quoted() -> list[str]:
    """The first column of the tables, without marks."""
    rows = [line.split(" | ")[0] for line in TEXT.splitlines() if line.startswith("| `")]
    marked = re.compile(r"`` (.+?) ``|(?<!`)`([^`]+)`(?!`)")
    found = [two or one for row in rows for two, one in marked.findall(row)]
    return [text for text in found if text.strip("… :")]


def rendered(node: ast.AST) -> str:
    """The text of an expression, with `…` for what is only known at run time."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(rendered(v) if isinstance(v, ast.Constant) else "…" for v in values)
        case ast.BinOp(left=left, right=right):
            return rendered(left) + rendered(right)
        case _:
            return "…"


def texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            yield re.sub(r"\{\d?\}", "…", rendered(node))


def said(path: Path) -> Iterator[str]:
    """What is handed to the functions that talk to users."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            name = node.func.attr if isinstance(node.func, ast.Attribute) else name
            for argument in node.args if name in SAY else ():
                text = rendered(argument)
                if len(text.split()) > 1 and text not in NOT_OF_A_CLUSTER:
                    yield text


def as_pattern(quote: str) -> str:
    return ".+".join(re.escape(part) for part in quote.split("…"))


ALL = [text for path in SOURCES for text in texts(path)]


def test_there_are_tables() -> None:
    assert len(quoted()) > 70


@pytest.mark.parametrize("quote", quoted())
def test_what_is_quoted_can_be_said(quote: str) -> None:
    pattern = re.compile(as_pattern(quote), re.DOTALL)
    assert any(pattern.search(text) for text in ALL), quote


def test_what_can_be_said_is_explained() -> None:
    patterns = [re.compile(as_pattern(quote), re.DOTALL) for quote in quoted()]
    unexplained = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in SOURCES
        for text in said(path)
        if not any(pattern.search(text) for pattern in patterns)
    ]
    assert not unexplained, "\n".join(unexplained)
