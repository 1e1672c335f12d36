"""The table of traces/README.md: every sentence about what a trace must be has checks that exist,
and an example that one of them refuses; and every rule that no specification has is in it."""

from __future__ import annotations

import re

import yaml

from conformance.replay.checker import SPECS
from conformance.replay.lateness import CLOCK_CHECK
from conformance.trace.reader import CHECKS
from tests.paths import TRACES

EXPECTED = yaml.safe_load((TRACES / "bad" / "expected.yaml").read_text())
RULES = {
    f"{action.name}.{guard.name}": guard
    for spec in SPECS.values()
    for action in spec.actions.values()
    for guard in action.guards
} | {life.name: life for spec in SPECS.values() for life in spec.incarnations}
OTHERS = "and the other rules named after an action"


def table() -> list[tuple[str, set[str], str]]:
    """Sentence, checks, example."""
    text = (TRACES / "README.md").read_text()
    text = text.partition("## What a trace must be")[2].partition("\n## ")[0].rstrip()
    rows = re.findall(r"^\| (.+?) \| (.+?) \| `(\w+)` \|$", text, re.M)
    last = text.partition("|---|---|---|")[2].partition("\n\n")[0]
    assert len(rows) == len(last.strip().splitlines()) > 20
    return [
        (what, {c.strip() for c in held.split(",")} - {OTHERS}, bad) for what, held, bad in rows
    ]


def test_every_sentence_is_held_by_checks_that_exist() -> None:
    for sentence, checks, _ in table():
        assert checks, sentence
        assert checks <= {*CHECKS, *RULES, CLOCK_CHECK}, sentence
        assert sentence.endswith("."), sentence


def test_every_example_is_refused_by_one_of_them() -> None:
    for sentence, checks, example in table():
        expected = EXPECTED[example]
        assert expected.get("rule", expected.get("check")) in checks, sentence


def test_every_check_is_for_a_sentence() -> None:
    named = set().union(*(checks for _, checks, _ in table()))
    assert set(CHECKS) - named == set()
    contract = {name for name, rule in RULES.items() if rule.contract}
    assert len(contract) == 6
    assert contract - named == set()
