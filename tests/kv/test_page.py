"""The page, in a browser: it shows what is there, and what changes while it is open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from kv.client import Client
from tests.conformance.report.browser import launched
from tests.kv.alone import Served
from tests.kv.picture import PICTURE, SIZE
from tests.paths import ROOT


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def test_it_shows_keys_and_changes_and_writes(chromium: Browser) -> None:
    said: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        said.append(message.text)

    with Served() as served:
        client = Client([served.address])
        client.put("greeting", b"<b>hello</b>")
        page: Page = chromium.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"http://{served.address}/")
        expect(page.locator("#keys tr")).to_have_text(["greeting<b>hello</b>212"])
        expect(page.locator("#status")).to_contain_text("1 watching")
        last = client.put("later", b"\xff\xfe")
        expect(page.locator("#changes div").first).to_have_text(f"{last}  later  base64 //4=")
        page.fill("[name=key]", "typed/here")
        page.fill("[name=value]", "ä")
        page.click("text=Put")
        expect(page.locator("#said")).to_have_text(f"version {last + 1}")
        expect(page.locator("#keys tr")).to_have_count(3)
        page.click("text=Delete")
        expect(page.locator("#keys tr")).to_have_count(2)
        page.click("text=Delete")
        expect(page.locator("#said")).to_have_text("nothing is there")
        expect(page.locator("#where")).to_have_text("replica 1")
        expect(page.locator("#leader")).to_have_text("nobody leads")
        entry = client.get("typed/here")
        assert entry is None
        page.close()
        client.close()
    assert [line for line in said if "404" not in line] == []


def test_its_picture_is_shown_and_small() -> None:
    text = (ROOT / "docs" / "application.md").read_text(encoding="utf-8")
    assert f"]({PICTURE.name})" in text
    assert PICTURE.stat().st_size < 50_000
    with Image.open(PICTURE) as picture:
        assert picture.size == SIZE and picture.mode == "P"
