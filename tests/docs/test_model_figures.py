"""docs/model-figures.md is of the models that there are: counted once, it may grow old."""

from __future__ import annotations

import re

from conformance.modelcheck.manifest import choose, load
from conformance.modelcheck.model_figures import counts
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "model-figures.md").read_text(encoding="utf-8")
ROWS = {
    name: (int(states.replace(",", "")), int(depth))
    for name, states, depth in re.findall(
        r"^\| `([\w-]+)` \| ([\d,]+) \| [\d,]+ \| (\d+) \|", PAGE, re.MULTILINE
    )
}


def test_each_model_that_is_not_large_was_counted() -> None:
    small = [model.name for model in choose(load(), "small", []) if counts(model)]
    assert len(small) > 300
    assert not set(small) - ROWS.keys(), "make spec-figures"


def test_its_states_and_depths_are_those_of_the_manifest() -> None:
    told = {m.name: (m.states, m.depth) for m in load() if m.states and m.depth and counts(m)}
    counted = {name: row for name, row in ROWS.items() if name in told}
    assert counted == {name: told[name] for name in counted}
    assert len(counted) > 300


def test_no_part_of_the_specification_is_never_evaluated() -> None:
    assert "No part of any of them is never evaluated." in PAGE
    conjuncts = PAGE.partition("## Conjuncts")[2]
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \| ", conjuncts, re.MULTILINE)
    assert {"Synod", "MultiPaxos", "Checkpoints"} < {module for module, _, _ in rows}
    for module, there, evaluated in rows:
        assert there == evaluated != "0", module
