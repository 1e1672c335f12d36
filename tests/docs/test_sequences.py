"""The drawings in docs/design/ show what the code does: they are made again, and compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.sequences import FLOWS, FOLDER, write
from tests.paths import ROOT


def shape(path: Path) -> tuple[list[str], int]:
    """The words of a drawing, in their order, and how many arrows and crosses it has. How its
    letters look may differ by the fonts at hand."""
    text = path.read_text(encoding="utf-8")
    return re.findall(r"<!-- (.*) -->", text), len(re.findall(r'<g id="patch_', text))


@pytest.mark.parametrize("name", FLOWS)
def test_a_drawing_shows_what_the_roles_do(name: str, tmp_path: Path) -> None:
    shown = write(name, tmp_path)
    words, arrows = shape(tmp_path / f"{name}.svg")
    assert arrows > len(shown) / 2
    assert shape(FOLDER / f"{name}.svg") == (words, arrows), (
        "another run than the one that is kept: see that it is right, then "
        "`python -m tests.docs.sequences`, and the text of docs/design.md"
    )


def test_the_page_shows_every_drawing() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(design/(\w+)\.svg\)", page)) == set(FLOWS)
    assert {path.stem for path in FOLDER.iterdir()} == set(FLOWS)
