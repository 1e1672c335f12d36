"""The specifications as a document: an index, a page for each module, links that lead somewhere."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from conformance.cli.main import main
from conformance.paths import MODELS, SPEC
from conformance.tla.document import INDEX, document
from conformance.tlc import typeset
from conformance.tlc.errors import TlcError

PAGES = document([SPEC, MODELS])


def test_each_module_has_a_page_with_its_text() -> None:
    files = [*SPEC.glob("*.tla"), *MODELS.glob("*.tla")]
    assert set(PAGES) == {INDEX, *(f"{path.stem}.html" for path in files)}
    for path in files:
        text = re.search('<pre class="tla">(.*)</pre>', PAGES[f"{path.stem}.html"], re.DOTALL)
        assert text
        assert unescape(re.sub("<[^>]*>", "", text[1])) == path.read_text(encoding="utf-8")


def test_every_link_leads_to_a_page_and_to_a_name_on_it() -> None:
    links = 0
    for name, page in PAGES.items():
        for target, anchor in re.findall(r'href="([^"#]*)(?:#(\w+))?"', page):
            there = PAGES[target or name]
            assert not anchor or f'id="{anchor}"' in there, f"{name}: {target}#{anchor}"
            links += 1
    assert links > 1000


def test_the_index_says_what_a_module_is() -> None:
    assert (
        '<dt><a href="Synod.html">Synod</a></dt><dd>Single-decree Paxos (Lamport, Paxos Made '
        "Simple, section 2) at the level of messages: milestone 1.</dd>"
    ) in PAGES[INDEX]
    assert "<dd></dd>" not in PAGES[INDEX]


def test_without_latex_there_are_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(typeset, "LATEX", "no-latex-of-this-name")
    assert main(["spec-doc", "--out", str(tmp_path / "doc")]) == 0
    assert "no PDF: there is no " in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "doc").iterdir()} == set(PAGES)
    with pytest.raises(TlcError, match="install LaTeX"):
        typeset.typeset(SPEC / "Consensus.tla", tmp_path)


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["spec-doc", "--out", str(tmp_path / "file")]) == 2
    assert "choose another --out" in capsys.readouterr().err


@pytest.mark.skipif(
    not typeset.find_latex(), reason="no LaTeX (apt-get install texlive-latex-base)"
)
def test_a_module_as_pdf(tmp_path: Path) -> None:
    made = typeset.typeset(SPEC / "Consensus.tla", tmp_path)
    assert made == tmp_path / "Consensus.pdf"
    assert made.read_bytes().startswith(b"%PDF")
    wrong = tmp_path / "Wrong.tla"
    wrong.write_text("no module at all")
    with pytest.raises(TlcError, match=r"Wrong\.tla: "):
        typeset.typeset(wrong, tmp_path)
