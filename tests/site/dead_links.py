"""Links of HTML files that lead nowhere, and what they would load from the network."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}
"""What a browser loads without being asked, by the tag that says so."""

NOT_LOADED = {"canonical", "next", "prev", "edit"}
"""What a `link` may be without being loaded."""


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        where = LOADS.get(tag, "")
        if where in given and given.get("rel") not in NOT_LOADED:
            self.loads.add(given[where])
        elif tag == "a" and "href" in given:
            self.links.add(given["href"])


def dead_links(folder: Path) -> list[str]:
    """A line for each link in the HTML files of the folder that leads to no file, or to no anchor
    of it, and for each thing that a page would load from elsewhere."""
    pages = {
        path.resolve(): Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")
    }
    wrong = []
    for path, page in sorted(pages.items()):
        name = path.relative_to(folder.resolve())
        wrong += [f"{name}: loads {link}" for link in sorted(page.loads) if _is_elsewhere(link)]
        for link in sorted(page.links | page.loads):
            if not _is_elsewhere(link) and not _leads_somewhere(path, link, pages):
                wrong.append(f"{name}: {link}")
    return wrong


def _is_elsewhere(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def _leads_somewhere(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    return target not in pages or unquote(parts.fragment) in pages[target].anchors
