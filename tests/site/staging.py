"""What the site is made of, put into one folder: pages of Markdown, as the generator wants them.

The pages of the repository link to each other and to files by paths that work where they stand, and
are copied as they are. A link to a file that is no page, a module of TLA+ or a program, becomes one
to a page that shows the file.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from conformance.paths import MODELS, SPEC
from conformance.tla.hypertext import hypertext
from tests.paths import ROOT
from tests.test_layout import tracked

PUBLIC = re.compile(r"`(paxos|(?:paxos|conformance)(?:\.\w+)+)`")
"""A public module, in the README's table of them."""

LEFT_OUT = ("tests/data/", "tests/guide/")
"""Folders whose pages are about what stands beside them only."""

_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_IMAGES = (".svg", ".png")
_LANGUAGES = {".py": "python", ".json": "json", ".yml": "yaml", ".yaml": "yaml"}


@dataclass
class Site:
    """The folder of pages, and what has been put there. Paths are those in the repository."""

    folder: Path
    shown: set[str] = field(default_factory=set)
    """Files that have a page of their own, which shows them."""

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def stage(folder: Path) -> list[str]:
    """Put all pages into the folder.

    Returns:
        The public modules that the API's reference is of.

    Raises:
        FileNotFoundError: a page links to a file that is not there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    site = Site(folder)
    for name in pages():
        text = (ROOT / name).read_text(encoding="utf-8")
        site.write(name, outside_code(text, partial(_links, site, name)))
    for module in modules():
        _module_page(site, module)
    for name in sorted(site.shown):
        _file_page(site, name)
    public = public_modules()
    for module in public:
        site.write(
            f"api/{module}.md",
            f"# {module}\n\n::: {module}\n    options:\n"
            "      show_root_heading: false\n      show_root_toc_entry: false\n",
        )
    shutil.copy(Path(__file__).with_name("site.css"), folder)
    return public


def pages() -> list[str]:
    """The pages of Markdown."""
    names = (path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix == ".md")
    return sorted(name for name in names if not name.startswith(LEFT_OUT))


def modules() -> list[str]:
    """The modules of TLA+, by their paths without the ending."""
    paths = [*sorted(SPEC.glob("*.tla")), *sorted(MODELS.glob("*.tla"))]
    return [path.relative_to(ROOT).with_suffix("").as_posix() for path in paths]


def public_modules() -> list[str]:
    """The modules of Python that the README calls public."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("Public are the two commands")[2].partition("```python")[0]
    return PUBLIC.findall(table)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with each part that is in no block of code changed."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if k % 2 else change(part) for k, part in enumerate(parts))


def _links(site: Site, page: str, text: str) -> str:
    """The links of a part of a page, to where their targets are in the site."""

    def moved(found: re.Match[str]) -> str:
        before, target, anchor, after = found.groups()
        if "://" in target:
            return found[0]
        return before + _target(site, page, target) + (anchor or "") + after

    return _LINK.sub(moved, text)


def _target(site: Site, page: str, target: str) -> str:
    """Where a file that a page links to is, from the page."""
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
    path = ROOT / name
    if not path.exists():
        raise FileNotFoundError(f"{page}: no {target}")
    if path.is_dir():
        return posixpath.join(target, "README.md")
    if path.suffix == ".md":
        return target
    if path.suffix == ".tla":
        return str(PurePosixPath(target).with_suffix(".md"))
    if path.suffix in _IMAGES:
        (site.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, site.folder / name)
        return target
    site.shown.add(name)
    return f"{target}.md"


def _module_page(site: Site, module: str) -> None:
    """A module of TLA+."""
    folder = posixpath.dirname(module)
    to = {
        posixpath.basename(other): os.path.relpath(f"{other}.html", folder) for other in modules()
    }
    name = posixpath.basename(module)
    text = hypertext(name, (ROOT / folder, SPEC), to)
    site.write(f"{module}.md", f'# {name}\n\n<pre class="tla">{text}</pre>\n')


def _file_page(site: Site, name: str) -> None:
    """A file that a page links to."""
    text = (ROOT / name).read_text(encoding="utf-8")
    language = _LANGUAGES.get(PurePosixPath(name).suffix, "text")
    site.write(f"{name}.md", f"# {name}\n\n````{language}\n{text.rstrip()}\n````\n")
