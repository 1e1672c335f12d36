"""What is counted of a model: states by depth, collisions, what was evaluated; and its page."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from conformance.cli.main import main
from conformance.modelcheck.manifest import Model, choose, load
from conformance.modelcheck.model_figures import (
    Evaluated,
    Figures,
    Kept,
    Place,
    counts,
    figures,
    key,
)
from conformance.modelcheck.model_figures_page import bars, outermost, page
from conformance.modelcheck.run import Overrides
from conformance.paths import MODELS, SPEC

CONSENSUS, TWO_CHOSEN = choose(load(), "all", ["consensus", "consensus-two-chosen"])


def place(module: str, line: int, column: int, end_line: int, end_column: int) -> Place:
    return Place(module, line, column, end_line, end_column)


@pytest.mark.tlc
def test_states_by_depth() -> None:
    """Of two values and two learners, by hand: nothing; one of two values broadcast; ..."""
    found = figures(CONSENSUS, MODELS, Overrides())
    assert found.distinct == sum(found.layers) == CONSENSUS.states
    assert len(found.layers) == CONSENSUS.depth
    assert found.layers == (1, 2, 3, 6, 6, 2)
    assert found.collision == pytest.approx(1.4e-17, rel=0.01), "as TLC itself says"
    # Choose is tried for both values, and does not fit where the value was not broadcast.
    chosen = [e for e in found.evaluated if e.place.module == "Consensus"]
    assert chosen
    assert all(e.times for e in chosen)
    assert {e.place.module for e in found.evaluated} == {"Consensus"}, "nothing of the model's own"


@pytest.mark.tlc
def test_a_model_that_must_fail_says_nothing_of_the_text() -> None:
    found = figures(TWO_CHOSEN, MODELS, Overrides())
    assert found.distinct == sum(found.layers) == TWO_CHOSEN.states
    assert found.evaluated == ()


def figure(model: Model, **changed: object) -> Figures:
    plain = Figures(model.name, key(model, MODELS), 6, 9, (1, 2, 3), ())
    return msgspec.structs.replace(plain, **changed)


def test_they_are_kept_until_the_model_changes(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "figures")
    assert kept.get(CONSENSUS, MODELS) is None
    kept.put(figure(CONSENSUS))
    assert kept.get(CONSENSUS, MODELS) == figure(CONSENSUS)
    kept.put(figure(CONSENSUS, key="of an earlier text"))
    assert kept.get(CONSENSUS, MODELS) is None
    (tmp_path / "figures" / "consensus.json").write_text("cut of")
    assert kept.get(CONSENSUS, MODELS) is None


@pytest.mark.parametrize(
    ("file", "changes"),
    [("Consensus.tla", True), ("models/consensus.cfg", True), ("Synod.tla", False)],
)
def test_a_model_changes_with_what_it_uses(tmp_path: Path, file: str, changes: bool) -> None:
    for path in [*SPEC.glob("*.tla"), *MODELS.iterdir()]:
        copy = tmp_path / path.relative_to(SPEC)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    before = key(CONSENSUS, tmp_path / "models")
    with (tmp_path / file).open("a", encoding="utf-8") as text:
        text.write("\n")
    assert (key(CONSENSUS, tmp_path / "models") != before) == changes


def test_bars() -> None:
    assert bars((1, 2, 4, 8)) == "▁▂▄█"
    assert bars((0, 7)) == "▁█"
    long = bars(range(1, 101))
    assert len(long) <= 24
    assert long[-1] == "█"


def test_of_parts_in_parts_the_outermost_is_told() -> None:
    whole = place("Synod", 3, 5, 4, 10), "IF a THEN b ELSE c"
    inside = place("Synod", 3, 8, 3, 9), "a"
    beside = place("Synod", 4, 12, 4, 13), "d"
    elsewhere = place("Voting", 3, 8, 3, 9), "a"
    given = [inside, elsewhere, beside, whole]
    assert list(outermost(given)) == [whole, beside, elsewhere]


MODULE = """---- MODULE Toy ----
VARIABLES x, y
Step ==
  /\\ x = 0
  /\\ IF y = 0 THEN x' = 1
              ELSE x' = 2
  /\\ UNCHANGED y
====
"""


def test_the_page(tmp_path: Path) -> None:
    (tmp_path / "Toy.tla").write_text(MODULE, encoding="utf-8")
    evaluated = (
        Evaluated(place("Toy", 4, 6, 4, 10), 7),
        Evaluated(place("Toy", 5, 6, 6, 25), 3),
        Evaluated(place("Toy", 6, 20, 6, 25), 0),
        Evaluated(place("Toy", 7, 6, 7, 16), 3),
    )
    simulated = next(m for m in load() if m.simulate)
    assert not counts(simulated)
    found = [figure(CONSENSUS, evaluated=evaluated)]
    text = page([CONSENSUS, TWO_CHOSEN, simulated], found, tmp_path)
    assert "| `consensus` | 6 | 9 | 3 | 3 | ▃▅▇ | 1e-18 |" in text
    assert f"nothing of the kind: `{simulated.name}`." in text
    assert "Not counted yet, as they take hours: `consensus-two-chosen`." in text
    assert "| `Toy` | 3 | 3 | 3: `Step`, `IF y = 0 THEN x' = 1 ELSE x' = 2` |" in text
    assert "- `Toy`, line 6: `x' = 2`" in text


def test_it_wants_a_place_for_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec-figures", "--docs", str(tmp_path / "nowhere")]) == 2
    assert "run this in a checkout" in capsys.readouterr().err
    assert main(["spec-figures", "--model", "consensu", "--docs", str(tmp_path)]) == 2
    assert "there is no model consensu; there are: consensus" in capsys.readouterr().err


def test_an_effect_that_an_operator_has_is_not_said_to_be_unseen() -> None:
    """TLC counts its call, and nothing in it."""
    text = (SPEC / "LogVoting.tla").read_text(encoding="utf-8").splitlines()
    line = next(n for n, words in enumerate(text, 1) if words.startswith("    promised' = "))
    effect = place("LogVoting", line, 5, line + 1, len(text[line].rstrip()))
    call = next(n for n, words in enumerate(text, 1) if "/\\ Raise(a, b, scopes)" in words)
    counted = Evaluated(place("LogVoting", call, 8, call, 26), 6)
    found = figure(CONSENSUS, evaluated=(Evaluated(effect, 0), counted))
    written = page([CONSENSUS], [found], SPEC)
    assert "the call only:\n\n- `LogVoting`" in written and "no model evaluates:" not in written
    unseen = msgspec.structs.replace(counted, times=0)
    written = page([CONSENSUS], [figure(CONSENSUS, evaluated=(unseen,))], SPEC)
    assert "no model evaluates:\n\n- `LogVoting`" in written
