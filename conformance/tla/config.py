"""TLC's configuration files as text: what stands below which keyword."""

from __future__ import annotations

import re

from conformance.tla.comments import strip_comments

_SINGULAR = {
    "CONSTANTS": "CONSTANT",
    "CONSTRAINTS": "CONSTRAINT",
    "ACTION_CONSTRAINTS": "ACTION_CONSTRAINT",
    "INVARIANTS": "INVARIANT",
    "PROPERTIES": "PROPERTY",
}


_KEYWORDS = {"SPECIFICATION", "INIT", "NEXT", "SYMMETRY", "VIEW", *_SINGULAR, *_SINGULAR.values()}


def sections(cfg: str) -> dict[str, str]:
    """The text below each keyword of a configuration file; plurals are singular here."""
    found: dict[str, list[str]] = {}
    section = None
    for word in re.findall(r"\s*\S+", strip_comments(cfg)):
        if word.strip() in _KEYWORDS:
            section = _SINGULAR.get(word.strip(), word.strip())
            found.setdefault(section, [])
        elif section:
            found[section].append(word)
    return {name: "".join(words) for name, words in found.items()}


def checked_names(cfg: str) -> dict[str, tuple[str, ...]]:
    """The invariants and properties a configuration file asks for, by kind."""
    found = sections(cfg)
    return {kind.lower(): tuple(found.get(kind, "").split()) for kind in ("INVARIANT", "PROPERTY")}
