"""TLA+ without its comments."""

from __future__ import annotations

import re


def strip_comments(text: str) -> str:
    """TLA+ without comments, lines kept where they are."""
    text = re.sub(r"\(\*.*?\*\)", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"\\\*.*", "", text)
