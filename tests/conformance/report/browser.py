"""A page in a real browser: Debian's Chromium without a window, driven by Playwright.

What the page asks the network for, writes to the console or throws is kept, so that a test may ask
that there was nothing.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
WAIT_MS = 60_000
TWO_FRAMES = "() => new Promise(ok => requestAnimationFrame(() => requestAnimationFrame(ok)))"
SIZES = {1280: 860, 800: 1100}
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder for pictures of the pages, to be looked at; none are taken if it is not set."""


def chromium() -> str:
    """Where Chromium is. Skips the test where there is none."""
    found = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if not found:
        pytest.skip("no Chromium (apt-get install chromium, or CHROMIUM=its path)")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser. Skips the test where it cannot be started."""
    path = chromium()
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            # Its sandbox wants privileges that a container lacks; the pages are our own.
            started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            pytest.skip(f"{path} does not start: {str(error).splitlines()[0]}")
        with started as browser:
            yield browser


@dataclass
class Opened:
    """A page that is open, and what it did that it should not."""

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def drawn(self) -> None:
        """Wait until what was asked for is on the screen: the page draws once a frame."""
        frame = (
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        self.page.evaluate(frame)

    def selected(self) -> str:
        """The number of the step that the page stands at."""
        self.drawn()
        return self.text("[role=option][aria-selected=true] .n")

    def assert_quiet(self) -> None:
        assert self.requests == []
        assert self.said == []

    def assert_accessible(self, what: str = "") -> None:
        """By axe: labels, roles, contrast; nothing is asked where it is not installed."""
        if AXE.is_file():
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
            found = self.page.evaluate("axe.run()")
            wrong = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found["violations"]]
            assert wrong == [], (what, wrong)

    def assert_light_on_paper(self) -> None:
        """Whatever the screen is: dark letters, and nothing dark behind them."""
        self.page.emulate_media(media="print")
        colours = self.page.evaluate(
            """() => [...document.querySelectorAll('body, body *')].flatMap((e) => {
                const style = getComputedStyle(e);
                if (!e.checkVisibility() || style.position === 'absolute') return [];
                return [style.backgroundColor];
            })"""
        )
        parts = [re.findall(r"[\d.]+", c) for c in set(colours)]
        dark = [p for p in parts if len(p) == 3 and sum(map(float, p)) < 3 * 160]
        assert parts and dark == []
        ink = self.page.evaluate("getComputedStyle(document.body).color")
        assert sum(map(int, re.findall(r"\d+", ink))) < 3 * 60
        self.page.emulate_media(media="screen")

    def picture(self, name: str) -> None:
        if SCREENSHOTS:
            self.drawn()
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{SCREENSHOTS}/{name}.png")


@contextmanager
def opened(
    browser: Browser, file: Path, *, width: int = 1280, dark: bool = False
) -> Iterator[Opened]:
    """The page in this file."""
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT_MS)
    found = Opened(context.new_page())

    def requested(request: Request) -> None:
        if request.url != file.as_uri():
            found.requests.append(request.url)

    def wrote(message: ConsoleMessage) -> None:
        found.said.append(message.text)

    found.page.on("request", requested)
    found.page.on("console", wrote)
    found.page.on("dialog", lambda dialog: found.said.append(f"a dialog: {dialog.message}"))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    try:
        found.page.goto(file.as_uri())
        yield found
    finally:
        context.close()
