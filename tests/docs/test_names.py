"""Every file, class, field, target, command and option that a page names is there."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from conformance.trace.schema import EVENTS
from paxos.core.messages import Message
from tests.docs import names
from tests.paths import ROOT

STRICT = [
    *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "instructions.md")),
    ROOT / "docs" / "design.md",
    ROOT / "docs" / "references.md",
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
"""Pages in which each name in backticks is looked up."""

PAGES = sorted({*STRICT, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/*.md")})
"""Pages whose links and commands are looked up."""

FILE = re.compile(r"[\w.*/-]+\.(?:py|tla|cfg|ya?ml|json|md|svg|sh|conf|lock|toml)|[\w.*/-]+/")
MEMBER = re.compile(r"([A-Z]\w*)\.(\w+)(?:\(.*\))?")
WORD = re.compile(r"[A-Za-z_]\w{2,}")
MADE_BY_A_RUN = ("logs/", "stats/", "data/", "runs/", "compare/", "bench/", ".tlc/", ".venv")


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_backticks(text: str) -> list[str]:
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def is_there(name: str) -> bool:
    """Whether what a page has in backticks is something that there is. What is not the name of
    anything (an expression, a line of a trace) is not asked about."""
    if FILE.fullmatch(name):
        return name.startswith(MADE_BY_A_RUN) or name in names.MADE or names.is_file(name)
    if member := MEMBER.fullmatch(name):
        return names.has_member(member[1], member[2]) or name in names.rules()
    if WORD.fullmatch(name) and not name.isupper():
        return name in names.identifiers()
    return True


@pytest.mark.parametrize("path", STRICT, ids=page_id)
def test_what_a_page_names_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [name for name in in_backticks(text) if not is_there(name)] == []


def test_the_fields_in_the_tables_are_those_of_their_classes() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| field of `(\w+)` .*\n\|.*\n((?:\| `.*\n)+)", text, re.MULTILINE)
    assert {kind for kind, _ in tables} == {"Acceptor", "Proposer", "Learner", "Client"}
    for kind, rows in tables:
        fields = re.findall(r"^\| `(\w+)`", rows, re.MULTILINE)
        assert [f for f in fields if not names.has_member(kind, f)] == [], kind


def test_the_messages_in_the_table_are_those_that_there_are() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = text.partition("| message | known as |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    assert set(named) == {kind.__name__ for kind in get_args(Message)}
    assert len(named) == len(set(named))


def test_the_actions_in_the_table_are_those_of_the_specification() -> None:
    text = (ROOT / "spec" / "README.md").read_text(encoding="utf-8")
    table = text.partition("| action | trace event | function |")[2].partition("\n\n")[0]
    rows = [row.split(" | ") for row in table.splitlines()[2:]]
    module = (ROOT / "spec" / "MultiPaxos.tla").read_text(encoding="utf-8")
    taken = module.partition("\nNext ==")[2].partition("\nSpec ==")[0]
    assert {row[0].strip("| `") for row in rows} == set(re.findall(r": *\n? *(\w+)\(", taken))
    assert {row[1] for row in rows if not row[1].startswith("none")} == set(EVENTS)
    functions = [name for row in rows for name in MEMBER.findall(row[2])]
    assert len(functions) > 11
    assert [name for name in functions if not names.has_member(*name)] == []


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file) if file else path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, link


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


COMMAND = re.compile(r"(?:\.venv/bin/)?(make|paxos|conformance|python -m) ([a-z][\w.-]*)([^`\n]*)")


def commands(text: str) -> list[tuple[str, str, str]]:
    """What a page tells to type: in blocks, and in backticks."""
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    blocks += re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [m.groups() for line in [*lines, *in_backticks(text)] if (m := COMMAND.match(line))]  # type: ignore[misc]


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_commands_can_be_typed(path: Path) -> None:
    for program, what, rest in commands(path.read_text(encoding="utf-8")):
        if program == "make":
            assert what in names.targets(), f"make {what}"
            variables = re.findall(r"\b([A-Z]+)=", rest)
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert [v for v in variables if f"$({v})" not in makefile] == [], rest
        elif program == "python -m":
            assert what == "conformance" or find_spec(what), what
        else:
            said = names.said_in_help(program, what)
            options = re.findall(r"(?<=\s)(--[a-z-]+)", rest.partition("#")[0])
            known = re.findall(r"--[a-z-]+", said)
            assert set(options) <= set(known), f"{program} {what}{rest}"


def test_where_to_begin_with_a_change_is_a_name_in_its_file() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| what | where | and then |")[2].partition("\n\n")[0]
    rows = [row.split(" | ")[1] for row in table.splitlines()[2:]]
    places = [re.match(r"`([\w/.]+)`: `(\w+)`", place) for place in rows]
    assert len(places) > 9 and None not in places
    for place in places:
        file, name = place.groups()  # type: ignore[union-attr]
        assert re.search(rf"\b{name}\b", (ROOT / file).read_text(encoding="utf-8")), file


def test_the_pages_name_much() -> None:
    """The look-ups above are not in vain."""
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    named = in_backticks(design)
    assert sum(bool(MEMBER.fullmatch(n)) for n in named) > 60
    assert sum(bool(FILE.fullmatch(n)) for n in named) > 8
    assert len(commands((ROOT / "instructions.md").read_text(encoding="utf-8"))) > 20


@pytest.mark.parametrize(
    "name", ["Acceptor.promise", "impl/paxos/core/acceptors.py", "spec/Paxos.tla", "no_such_switch"]
)
def test_what_is_not_there_is_not_found(name: str) -> None:
    assert not is_there(name)
