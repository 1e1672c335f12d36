"""A module as HTML says what the module says, and its links lead to where a name is defined."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from conformance.paths import MODELS, SPEC
from conformance.tla.hypertext import hypertext
from conformance.tla.module import parse

FILES = sorted([*SPEC.glob("*.tla"), *MODELS.glob("*.tla")])
PAGES = {path.stem: f"{path.stem}.html" for path in FILES}


def marked(path: Path) -> str:
    return hypertext(path.stem, (path.parent, SPEC), PAGES)


def anchors(text: str) -> list[str]:
    return re.findall(r' id="(\w+)"', text)


ANCHORS = {PAGES[path.stem]: set(anchors(marked(path))) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_says_what_the_module_says(path: Path) -> None:
    assert unescape(re.sub(r"<[^>]*>", "", marked(path))) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_definition_and_variable_is_an_anchor_once(path: Path) -> None:
    module = parse(path.stem, path.read_text(encoding="utf-8"))
    found = anchors(marked(path))
    assert len(found) == len(set(found))
    assert {*module.definitions, *module.variables} <= set(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_link_leads_to_an_anchor(path: Path) -> None:
    for page, anchor in re.findall(r' href="([\w.]*)#(\w+)"', marked(path)):
        assert anchor in ANCHORS[page or PAGES[path.stem]]
    assert set(re.findall(r' href="([\w.]+)"', marked(path))) <= set(PAGES.values())


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("Synod", '<a href="Synod.html#Unused">Unused</a>(b)'),
        ("Synod", 'once:: <a href="Synod.html#Unused">'),
        ("Synod", '1..<a href="Synod.html#Proposers">Proposers</a>'),
        ("Synod", '\\in <a href="Synod.html#Quorum1">Quorum1</a> :'),
        ("Synod", '<a href="Synod.html#vote">vote</a>[a][1]'),
        ("Synod", 'vote |-&gt; <a href="Synod.html#vote">'),
        ("Synod", "vote : "),
        ("Synod", '== INSTANCE <a href="Voting.html">Voting</a>'),
        ("Synod", 'V</a>!<a href="Voting.html#Spec">Spec</a>'),
        ("LogVoting", 'EXTENDS <a href="Batches.html">Batches</a>'),
        ("MultiPaxos", '<a href="Batches.html#AppendNew">AppendNew</a>'),
        ("MultiPaxos", "MODULE MultiPaxos -"),
        ("MCSynod", '<a href="Synod.html#Phase1b">Phase1b</a>(a, 1)'),
        ("MCSynod", '<span class="tla-comment">(* Values, acceptors and learners'),
    ],
)
def test_names_lead_where_they_should(module: str, text: str) -> None:
    path = next(path for path in FILES if path.stem == module)
    assert text in marked(path)


def test_markup_in_a_module_is_shown(tmp_path: Path) -> None:
    (tmp_path / "M.tla").write_text('---- MODULE M ----\nA == 1 < 2 \\* <b>&\nB == "<i>"\n====\n')
    said = hypertext("M", (tmp_path,), {})
    assert "1 &lt; 2" in said and "&lt;b&gt;&amp;" in said and "&lt;i&gt;" in said


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"M\.tla"):
        hypertext("M", (tmp_path,), {})
