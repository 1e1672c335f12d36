"""The file of a page: one that needs nothing else, whatever is in the trace."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from conformance.report import write
from conformance.report.page import Page
from conformance.report.write import SCRIPTS, embedded, render
from tests.conformance.report.pages import page_of
from tests.paths import TRACES

STATIC = Path(write.__file__).parent / "static"


class Parts(HTMLParser):
    """What a page consists of: its elements with their attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data

    def of(self, tag: str) -> list[str]:
        return [text for (name, _), text in zip(self.tags, self.texts, strict=True) if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(TRACES / "bad/decide_with_a_minority")


def nasty(page: Page, text: str) -> Page:
    """The page with a text wherever a trace may have one."""
    step = msgspec.structs.replace(page.steps[0], text=text, parameters=((text, text),))
    return msgspec.structs.replace(
        page, title=text, summary=text, report=text, facts=((text, text),), steps=(step,)
    )


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "<!-- <script>",
        "]]> \u2028 \u2029 \x07",
        "{{ 7 * 7 }} {% raw %}",
        '" onload="alert(1)',
    ],
)
def test_nothing_in_a_trace_becomes_markup_or_script(page: Page, text: str) -> None:
    plain, changed = Parts(render(page)), Parts(render(nasty(page, text)))
    assert changed.tags == plain.tags
    assert changed.of("script")[1] == plain.of("script")[1]
    data = json.loads(changed.of("script")[0])
    assert data["steps"][0]["text"] == data["title"] == text
    assert "<" not in embedded(nasty(page, text))


def test_the_policy_allows_what_is_in_the_page_and_nothing_else(page: Page) -> None:
    parts = Parts(render(page))
    [policy] = [
        a["content"] or ""
        for t, a in parts.tags
        if a.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'{_hash(parts.of('script')[1])}'"
    assert rules["style-src"] == f"'{_hash(parts.of('style')[0])}'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_a_page_with_a_library_allows_that_too(page: Page) -> None:
    """The graph's page, of which the data does not matter here."""
    parts = Parts(render(page, "graph.html.j2"))
    [policy] = [
        a["content"] or ""
        for t, a in parts.tags
        if a.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    _, library, script = parts.of("script")
    assert "Cytoscape" in library[:100]
    assert rules["script-src"] == f"'{_hash(library)}' '{_hash(script)}'"
    assert rules["style-src"] == f"'{_hash(parts.of('style')[0])}'"
    assert rules["default-src"] == "'none'"


def test_the_page_names_nothing_outside_itself(page: Page) -> None:
    text = render(page)
    for tag, attributes in Parts(text).tags:
        assert not {"src", "href", "action", "style"} & attributes.keys(), tag
        assert not any(name.startswith("on") for name in attributes), tag
    outside = set(re.findall(r"https?://[\w.]+", text))
    assert outside <= {"http://www.w3.org"}  # the name of SVG, which is no request


@pytest.mark.parametrize("template", SCRIPTS)
def test_each_module_of_the_script_comes_after_those_that_it_imports(template: str) -> None:
    names = SCRIPTS[template]
    for k, name in enumerate(names):
        text = (STATIC / name).read_text(encoding="utf-8")
        wanted = re.findall(r'^import .*? from "\./([\w.]+)";$', text, re.M)
        assert set(wanted) <= set(names[:k]), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert text.count("\n") <= 400 and text.lstrip().startswith("/**"), name


def test_every_module_of_the_script_is_used() -> None:
    used = {name for names in SCRIPTS.values() for name in names}
    assert used == {path.name for path in STATIC.glob("*.js")}


def test_names_that_modules_declare_do_not_meet_in_one_script() -> None:
    for names in SCRIPTS.values():
        declared: dict[str, str] = {}
        for name in names:
            text = (STATIC / name).read_text(encoding="utf-8")
            pattern = r"^(?:export )?(?:const|let|function|class) (\w+)|^const \[(.+?)\]"
            for one, several in re.findall(pattern, text, re.M):
                for word in [one] if one else several.split(", "):
                    assert word not in declared, f"{word} is in {declared.get(word)} and {name}"
                    declared[word] = name


def test_a_page_is_the_same_whenever_it_is_written(page: Page) -> None:
    assert render(page) == render(page_of(TRACES / "bad/decide_with_a_minority"))
