"""The site is built whole: every page is in it, every link leads somewhere, it needs no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.report.browser import WAIT_MS, launched
from tests.paths import ROOT
from tests.site import build as builder
from tests.site import staging
from tests.site.dead_links import dead_links
from tests.test_public import PUBLIC

zensical = pytest.importorskip("zensical", reason="the extra docs is not installed")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site."""
    return builder.build(tmp_path_factory.mktemp("site")).parent


def test_every_page_module_and_public_name_is_in_it(html: Path) -> None:
    pages = {page.replace("README.md", "index.md") for page in staging.pages()}
    assert len(pages) > 40
    wanted = {Path(page).with_suffix(".html") for page in pages}
    wanted |= {Path(f"{module}.html") for module in staging.modules()}
    wanted |= {Path(f"api/{module}.html") for module in staging.public_modules()}
    assert {path for path in wanted if not (html / path).is_file()} == set()
    acceptor = (html / "api" / "paxos.core.acceptor.html").read_text(encoding="utf-8")
    assert 'id="paxos.core.acceptor.Acceptor.on_prepare"' in acceptor


def test_the_reference_is_of_the_public_modules() -> None:
    assert set(staging.public_modules()) == set(PUBLIC)


def test_a_link_to_a_module_leads_to_its_page(html: Path) -> None:
    chapter = (html / "docs" / "tutorial" / "1-agreement.html").read_text(encoding="utf-8")
    assert 'href="../../spec/Consensus.html"' in chapter


def test_the_search_needs_no_server(html: Path) -> None:
    """The generator would take what that needs from the network; it is here."""
    assert (html / "search.js").is_file()
    shim = html / "iframe-worker" / "index.js"
    assert "postMessage" in shim.read_text(encoding="utf-8")
    assert 'src="../iframe-worker/index.js"' in (html / "spec" / "index.html").read_text()


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two pages, of which a site may be made."""
    for name, text in {
        "README.md": "# One\n\n[two](docs/two.md#a---b), [a](a.py), [m](spec/M.tla)\n",
        "docs/two.md": "# Two\n\n## A - `b`\n\n```\n[not a link](nowhere)\n```\n",
        "a.py": "1 + 1\n",
        "spec/M.tla": "---- MODULE M ----\nA == 1\nB == A\n====\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for module in (builder, staging):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(staging, "SPEC", tmp_path / "spec")
    monkeypatch.setattr(staging, "MODELS", tmp_path / "none")
    monkeypatch.setattr(staging, "tracked", lambda: [p for p in tmp_path.rglob("*") if p.is_file()])
    monkeypatch.setattr(builder, "SECTIONS", {"Docs": ("docs/",)})
    return tmp_path


@pytest.mark.parametrize(
    ("page", "text", "complaint"),
    [
        ("docs/two.md", "# Two\n", "anchor does not exist"),
        ("docs/two.md", "# Two\n\n## A - `b`\n\n[x](gone.md)\n", "no gone.md"),
        ("docs/two.md", "# Two\n\n## A - `b`\n\n![x](gone.svg)\n", "no gone.svg"),
        ("docs/two.md", '# Two\n\n## A - `b`\n\n<a href="gone.html">x</a>\n', "gone.html"),
        ("docs/two.md", '# Two\n\n## A - `b`\n\n<img src="https://a.b/c.png">\n', "loads https"),
        ("more/three.md", "# Three\n", "in no section of tests/site/build.py: more/three.md"),
    ],
)
def test_a_site_that_is_not_whole_is_not_built(
    page: str, text: str, complaint: str, pages: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("site")
    (pages / page).parent.mkdir(exist_ok=True)
    (pages / page).write_text(text)
    with pytest.raises((builder.DeadLinks, FileNotFoundError, ValueError), match=complaint):
        builder.build(folder)


def test_a_site_of_two_pages_is_built(
    pages: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = builder.build(tmp_path_factory.mktemp("site"))
    text = first.read_text(encoding="utf-8")
    assert 'href="docs/two.html#a---b"' in text
    assert 'href="a.py.html"' in text and 'href="spec/M.html"' in text


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_text('<h1 id="x">B</h1>')
    (tmp_path / "a.html").write_text(
        '<a href="b.html#x">1</a><a href="b.html#y">2</a><a href="c.html">3</a><a href="#z">4</a>'
        '<a href="https://a.b/">5</a><img src="no.png"><script src="//a.b/c.js"></script>'
    )
    assert dead_links(tmp_path) == [
        "a.html: loads //a.b/c.js",
        "a.html: #z",
        "a.html: b.html#y",
        "a.html: c.html",
        "a.html: no.png",
    ]


def test_the_command_says_where_the_site_is(
    pages: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path_factory.mktemp("site")
    monkeypatch.setattr("sys.argv", ["build", str(folder)])
    assert builder.main() == 0
    assert capsys.readouterr().out == f"built: {folder / 'html' / 'index.html'}\n"
    (pages / "docs" / "two.md").unlink()
    assert builder.main() == 1
    assert capsys.readouterr().err.startswith("error: README.md: no docs/two.md")


def test_what_the_site_is_made_of_is_ignored_by_git() -> None:
    assert "/.site/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_browser_finds_what_it_looks_for_and_asks_nobody(html: Path) -> None:
    with launched() as browser:
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((html / "docs" / "tutorial" / "index.html").as_uri())
        page.keyboard.press("/")
        page.keyboard.type("no-op of a gap")
        page.get_by_text("results").first.wait_for()
        assert len(asked) > 3
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
