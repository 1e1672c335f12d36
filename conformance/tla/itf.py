"""ITF, the Informal Trace Format of Apalache and its tools: states as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from conformance.tla.value import Record


def write(
    path: Path,
    description: str,
    variables: Sequence[str],
    states: Iterable[dict[str, Any]],
    loops_to: int | None = None,
) -> None:
    """Write the states, each with the encoded value of every variable. loops_to is the number, from
    0, of the state that the last one goes back to, for ever."""
    text: dict[str, Any] = {
        "#meta": {"format": "ITF", "description": description, "varTypes": {}},
        "vars": list(variables),
    }
    if loops_to is not None:
        text["loop"] = loops_to
    text["states"] = list(states)
    path.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


def as_tuple(items: Iterable[Any]) -> dict[str, Any]:
    return {"#tup": list(items)}


def as_set(items: Iterable[Any]) -> dict[str, Any]:
    return {"#set": list(items)}


def as_map(pairs: dict[Any, Any]) -> dict[str, Any]:
    return {"#map": [[key, value] for key, value in pairs.items()]}


def encode(value: Any) -> Any:
    """A value of value.py. TLC does not say which of its sequences are tuples: all are here."""
    if isinstance(value, tuple):
        return as_tuple(map(encode, value))
    if isinstance(value, frozenset):
        return as_set(sorted(map(encode, value), key=json.dumps))
    if isinstance(value, Record):
        return {name: encode(field) for name, field in value.items()}
    if isinstance(value, dict):
        return {"#map": [[encode(key), encode(image)] for key, image in value.items()]}
    return value
