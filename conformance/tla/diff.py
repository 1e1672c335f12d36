"""Values in a reader's words: what a step changed, variable by variable, and not whole states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.tla.value import Function, Record, Text


def show(value: Any) -> str:
    """The value as TLA+, on one line; a message begins with its type."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, Text):
        return f'"{value}"'
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(show, value))) + "}"
    if isinstance(value, tuple):
        return "<<" + ", ".join(map(show, value)) + ">>"
    if isinstance(value, Record):
        fields = ", ".join(f"{k} |-> {show(v)}" for k, v in value.items() if k != "type")
        return f"{value['type']} [{fields}]" if "type" in value else f"[{fields}]"
    if isinstance(value, Function):
        return "(" + " @@ ".join(f"{show(k)} :> {show(v)}" for k, v in value.items()) + ")"
    return str(value)


def changes(name: str, before: Any, after: Any) -> Iterator[str]:
    """What became of a variable, or of a part of one, in a step; nothing if it is the same."""
    if before == after:
        return
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        yield from (f"{name} gains {text}" for text in sorted(map(show, after - before)))
        yield from (f"{name} loses {text}" for text in sorted(map(show, before - after)))
    elif isinstance(after, Function) and (isinstance(before, Function) or before == ()):
        yield from _points(name, before or Function(), after)
    elif _sequences(before, after) and len(before) == len(after):
        for n, (old, new) in enumerate(zip(before, after, strict=True), 1):
            yield from changes(f"{name}[{n}]", old, new)
    elif isinstance(before, tuple) and isinstance(after, tuple) and _longer(before, after):
        yield from (f"{name} appends {show(new)}" for new in after[len(before) :])
    else:
        yield f"{name}: {show(before)} -> {show(after)}"


def _points(name: str, before: Function, after: Function) -> Iterator[str]:
    """What became of a function, argument by argument (of a record, field by field)."""
    for key, value in after.items():
        if key in before:
            part = f"{name}.{key}" if isinstance(after, Record) else f"{name}[{show(key)}]"
            yield from changes(part, before[key], value)
        else:
            yield f"{name} gains {show(key)} :> {show(value)}"
    yield from (f"{name} loses {show(key)}" for key in before if key not in after)


def _longer(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    return len(before) < len(after) and after[: len(before)] == before and _alike(after)


def _sequences(before: Any, after: Any) -> bool:
    """Whether both are functions of 1..n, and no pairs such as votes: those change as one."""
    both = isinstance(before, tuple) and isinstance(after, tuple)
    return both and _alike(before) and _alike(after)


def _alike(values: tuple[Any, ...]) -> bool:
    return len({type(value) for value in values}) <= 1
