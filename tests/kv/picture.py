"""The picture of the store's page in docs/application.md, with three replicas that run meanwhile:
`PYTHONPATH=examples .venv/bin/python -m tests.kv.picture`. Needs Chromium."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import expect

from kv.client import Client
from tests.conformance.report.browser import WAIT_MS, launched
from tests.docs.screenshots import save
from tests.kv.test_application_page import Stores
from tests.paths import ROOT

PICTURE = ROOT / "docs" / "store.png"
SIZE = (1000, 800)  # pixels
PROCESSES = 12  # three replicas, of three roles and a client


def take(into: Path) -> None:
    """Write it."""
    with tempfile.TemporaryDirectory(prefix="store-") as folder, Stores(Path(folder)) as stores:
        stores.begin()
        client = Client(stores.addresses)
        client.put("greeting", b"hello")
        with launched() as browser:
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            page.goto(f"http://{stores.addresses[0]}/")
            expect(page.locator("#status")).to_contain_text("1 watching", timeout=WAIT_MS)
            client.put("leader/shop", b"north")
            client.put("stock/7", b"12")
            client.put("stock/7", b"11")
            client.delete("leader/shop")
            expect(page.locator("#changes div")).to_have_count(4, timeout=WAIT_MS)
            expect(page.locator("#status")).to_contain_text("2 keys", timeout=WAIT_MS)
            expect(page.locator("#leader")).to_contain_text("leads with", timeout=WAIT_MS)
            expect(page.locator("#processes tr")).to_have_count(PROCESSES, timeout=WAIT_MS)
            # What the machine is called is nobody's business.
            page.evaluate(
                """() => document.querySelectorAll("#processes td:nth-child(2)").forEach(
                    (cell) => (cell.textContent = cell.textContent.replace(/.*:/, "localhost:")))"""
            )
            save(page.screenshot(), into)
        client.close()


if __name__ == "__main__":
    take(PICTURE)
