"""Where what `paxos compare` and `paxos bench` find goes: the folder, the files in it, and what is
printed. What can be seen to be missing is said before they begin, which takes minutes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from harness.measure import figures_page
from paxos.errors import InputError, RunError, reason
from paxos.runtime.report import fail, say

S = TypeVar("S", bound=Struct)


def need_plots() -> None:
    """Raise `InputError` if plots cannot be drawn."""
    if find_spec("matplotlib") is None:
        raise InputError(
            "plots need matplotlib: run `make setup` in a checkout, or "
            "`pip install 'paxos[plots]'`, or use --no-plots"
        )


def make(folder: Path) -> None:
    """Make a folder. Raises `InputError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"folder {folder}: {reason(error)}") from error


def read(path: Path, kind: type[S], command: str, name: str, wanted: str) -> S:
    """An earlier result of `command`, from the file that `write` made of it, called `name`. Raises
    `InputError`, which says that `wanted`, such as "a benchmark's results.json", is to be given."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}; give {wanted}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: is not what this `{command}` writes ({error}); give its {name}"
        ) from error


def write(
    folder: Path, figures: str, result: Struct, table: str, draw: Callable[[], list[Path]] | None
) -> list[str]:
    """Write the result as JSON into the file `figures`, its tables into `table.md`, and have its
    plots drawn if `draw` does that; their names. Raises `RunError`."""
    try:
        text = msgspec.json.format(msgspec.json.encode(result), indent=1)
        (folder / figures).write_bytes(text + b"\n")
        (folder / "table.md").write_text(table, encoding="utf-8")
        drawn = draw() if draw else []
    except OSError as error:
        raise RunError(f"folder {folder}: {reason(error)}") from error
    return [path.stem for path in drawn if path.suffix == ".svg"]


def write_page(folder: Path, tables: str, plots: Sequence[str]) -> None:
    """Write the page of the tables, in Markdown, and of these plots. Raises `RunError`."""
    try:
        figures_page.write(folder, tables, plots)
    except OSError as error:
        raise RunError(f"folder {folder}: {reason(error)}") from error


def write_text(path: Path, text: str) -> str:
    """Write a text into a file; the text. Raises `RunError`."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{path}: {reason(error)}") from error
    return text


def conclude(folder: Path, text: str, problems: Sequence[str]) -> int:
    """Print `text`, say what is wrong, and where the rest is; the exit status."""
    print(text)
    sys.stdout.flush()
    for problem in problems:
        fail(problem)
    say(f"tables, figures and plots: {folder}/; as a page: {folder / 'index.html'}")
    return 1 if problems else 0
