"""Paths and an environment that Java and TLC can be given.

TLC's folders are in one list, separated by colons, and Java knows only characters of the locale's
encoding. So where a path has a colon or is not ASCII, what TLC reads is linked into a folder that
has a plain one, and its files go there. Options for Java in the environment are not ours, and what
Java says about them would be taken for an error.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_UNWANTED = re.compile(r".*JAVA_?(TOOL_)?OPTIONS|CLASSPATH|TLA_.*|LANG|LANGUAGE|LC_.*", re.I)
PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # where temporary files may go if TMPDIR is not plain


@dataclass(frozen=True)
class Paths:
    """What a run of TLC is given: a folder of its own, and the files that it reads."""

    scratch: Path
    config: Path
    folders: tuple[Path, ...]
    jar: Path


def environment() -> dict[str, str]:
    """Our own environment, without what changes how Java or TLC runs."""
    kept = {name: x for name, x in os.environ.items() if not _UNWANTED.fullmatch(name)}
    return {**kept, "LC_ALL": "C.UTF-8"}


def is_plain(path: Path) -> bool:
    text = str(path)
    return text.isascii() and text.isprintable() and os.pathsep not in text


@contextmanager
def plain(paths: Paths) -> Iterator[Paths]:
    """The same paths, if TLC can be given them; otherwise links to them. What TLC writes is in the
    scratch folder at the end all the same. Raises OSError if there is no place for the links."""
    if all(map(is_plain, (paths.scratch, paths.config, *paths.folders, paths.jar))):
        yield paths
        return
    with tempfile.TemporaryDirectory(prefix="tlc-plain-", dir=_place()) as name:
        scratch = Path(name)
        given = {"trace.cfg": paths.config, "tla2tools.jar": paths.jar}
        for folder in reversed(paths.folders):
            given.update({path.name: path for path in folder.glob("*.tla")})
        for link, target in given.items():
            (scratch / link).symlink_to(target.resolve())
        config, jar = scratch / "trace.cfg", scratch / "tla2tools.jar"
        yield Paths(scratch, config, (scratch,), jar)
        for link in given:
            (scratch / link).unlink()
        shutil.copytree(scratch, paths.scratch, dirs_exist_ok=True)


def _place() -> str:
    usual = tempfile.gettempdir()
    for place in (usual, *PLACES):
        if is_plain(Path(place)) and os.access(place, os.W_OK):
            return place
    raise NotADirectoryError(20, "TLC needs a folder with a plain name", usual)


def reason(errors: Sequence[str]) -> str:
    """The first line of what Java printed that says something of this run."""
    said = (line.strip() for line in errors)
    return next((x for x in said if x and not x.startswith("Picked up ")), "it said nothing")
