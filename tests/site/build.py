"""Builds the site: python -m tests.site.build [folder], by default into .site/.

The pages are in its folder `pages`, and what a browser shows in `html`; index.html is the first
page. It needs the extra `docs`. Exit status 0: built; 1: a link leads nowhere, a page is missing
or would load something from the network; 2: the extra is not installed.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.paths import ROOT
from tests.site.dead_links import dead_links
from tests.site.staging import modules, pages, stage

HERE = Path(__file__).parent

SHIM = "https://unpkg.com/iframe-worker/shim"
"""What the generator would load where there is no server, so that the search works; there is a copy
of it beside this file."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "Tutorial": ("docs/tutorial/",),
    "Use it": (
        *("docs/check-your-own.md", "docs/ci.md", "docs/relay.md", "docs/running.md"),
        *("docs/three-machines.md", "docs/application.md", "docs/pages.md"),
    ),
    "Traces": ("traces/",),
    "How it works": ("docs/design.md", "ARCHITECTURE.md", "docs/decisions/", "docs/references.md"),
    "Specification": (
        *("spec/", "docs/model-checking.md", "docs/model-figures.md", "docs/proof.md"),
    ),
    "What is promised": ("docs/reliability.md", "docs/mutants.md"),
    "How fast it is": (
        "docs/performance.md",
        "docs/optimisations.md",
        "docs/bench/",
        "docs/compare/",
    ),
    "The project": ("CONTRIBUTING.md", "instructions.md", "CHANGELOG.md", "tests/"),
}
"""The sections of the site: pages, and folders with all their pages. The modules of the
specification and the API's reference have sections of their own."""


class DeadLinks(Exception):
    """The site has links that lead nowhere; a line for each."""


def build(folder: Path) -> Path:
    """Build the site.

    Args:
        folder: where; what is in its folders `pages` and `html` is replaced.

    Returns:
        The first page.

    Raises:
        FileNotFoundError: a page links to a file that is not there.
        DeadLinks: a link leads nowhere, or a page would load something from the network.
        ValueError: a page is in no section.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "html", ignore_errors=True)
    public = stage(folder / "pages")
    contents = yaml.safe_dump({"nav": navigation(public)}, sort_keys=False)
    settings = (HERE / "mkdocs.yml").read_text(encoding="utf-8")
    settings = settings.replace("[.., ../impl]", f"[{ROOT}, {ROOT / 'impl'}]")
    (folder / "mkdocs.yml").write_text(f"{settings}\n{contents}", encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise DeadLinks(_without_colours(ended.stdout + ended.stderr.partition("Traceback")[0]))
    (folder / "html" / "404.html").unlink()  # for a server, at the top of its addresses
    _bring_the_shim(folder / "html")
    if wrong := dead_links(folder / "html"):
        raise DeadLinks("\n".join(wrong))
    return folder / "html" / "index.html"


def navigation(public: list[str]) -> list[Any]:
    """The contents of the site, as its configuration has them.

    Raises:
        ValueError: a page is in no section.
    """
    left = [page for page in pages() if page != "README.md"]
    found: list[Any] = ["README.md"]
    for title, names in SECTIONS.items():
        inside = [page for name in names for page in _pages_of(name, left)]
        left = [page for page in left if page not in inside]
        found.append({title: inside})
    if left:
        raise ValueError(f"in no section of tests/site/build.py: {', '.join(left)}")
    found.append({"Modules of TLA+": [{Path(m).name: f"{m}.md"} for m in modules()]})
    if public:
        found.append({"Python": [{module: f"api/{module}.md"} for module in public]})
    return found


def _pages_of(name: str, left: list[str]) -> list[str]:
    """A page, or those of a folder, the one that is about the others first."""
    inside = [page for page in left if page == name or (name[-1] == "/" and page.startswith(name))]
    return sorted(inside, key=lambda page: (not page.endswith("README.md"), page))


def _bring_the_shim(html: Path) -> None:
    """Have pages load the shim from beside them."""
    shutil.copytree(HERE / "iframe-worker", html / "iframe-worker")
    for path in html.rglob("*.html"):
        up = "../" * (len(path.relative_to(html).parts) - 1)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(SHIM, f"{up}iframe-worker/index.js"), encoding="utf-8")


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text).strip()


def main() -> int:
    """Build it; the exit status."""
    if importlib.util.find_spec("zensical") is None:
        print("error: Zensical is not installed: pip install 'paxos[docs]'", file=sys.stderr)
        return 2
    try:
        first = build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".site")
    except (DeadLinks, FileNotFoundError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"built: {first}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
