"""The forms by their names."""

from __future__ import annotations

from collections.abc import Callable

from conformance.formats import github, junit, sarif, verdict_json
from conformance.formats.judgement import Document, total


def _text(verdicts: Document) -> str:
    lines = [run.report or run.line for run in verdicts.runs]
    return "\n".join([*lines, *([total(verdicts.runs)] if len(verdicts.runs) != 1 else [])]) + "\n"


FORMS: dict[str, Callable[[Document], str]] = {
    "text": _text,
    "json": verdict_json.write,
    "junit": junit.write,
    "sarif": sarif.write,
    "github": github.write,
}
