"""The pictures of docs/pages.md: all are there, and small."""

from __future__ import annotations

import re

from PIL import Image

from tests.conformance.report.browser import SIZES
from tests.docs.screenshots import BEFORE, FOLDER, name_of
from tests.paths import ROOT

MOST_BYTES = 1_500_000


def test_there_is_a_picture_of_each_page_at_each_width_light_and_dark() -> None:
    wanted = {name_of(k, w, dark) for k in BEFORE for w in SIZES for dark in (False, True)}
    assert {path.name for path in FOLDER.iterdir()} == wanted
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES
    for path in FOLDER.iterdir():
        width = int(path.stem.split("-")[1])
        with Image.open(path) as picture:
            assert picture.size == (width, SIZES[width]) and picture.mode == "P", path.name


def test_the_page_shows_two_of_each() -> None:
    shown = re.findall(
        r"!\[.*?\]\(pages/(.*?)\)", (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    )
    assert shown == [
        name_of(kind, width, dark)
        for kind in BEFORE
        for width, dark in ((1280, False), (800, True))
    ]
