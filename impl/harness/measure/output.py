"""What `paxos compare` and `paxos bench` make sure of before they begin, which takes minutes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from paxos.errors import InputError, reason


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
