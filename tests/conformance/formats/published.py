"""The published schemas of the forms that verdicts are written in, and a look whether a text is
valid."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import xmlschema

from tests.paths import ROOT, TRACES

SCHEMAS = ROOT / "tests" / "data" / "schemas"


def valid_json(text: str) -> Any:
    """What `conformance check --format json` wrote, decoded."""
    return _valid(text, TRACES / "verdict.schema.json")


def valid_sarif(text: str) -> Any:
    return _valid(text, SCHEMAS / "sarif-2.1.0.json")


def valid_junit(text: str) -> None:
    _junit().validate(text)


def _valid(text: str, path: Any) -> Any:
    found = json.loads(text)
    _validator(path).validate(found)
    return found


@cache
def _validator(path: Any) -> Any:
    schema = json.loads(path.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
