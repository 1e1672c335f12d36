"""The page of a model's counterexample: its states, what each changes, and a loop for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.main import main
from conformance.paths import MODELS
from conformance.report.model_page import model_page
from conformance.report.write import write
from conformance.tla.value import Function
from conformance.tlc import name_steps
from conformance.tlc.name_steps import Step
from conformance.tlc.output import Violation
from conformance.tlc.runner import Result
from tests.conformance.report.browser import SIZES, launched, opened
from tests.conformance.report.data import data_of

SAFETY, LASSO = "synod-own-value", "live-voting-no-resend"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a page of each kind."""
    folder = tmp_path_factory.mktemp("models")
    names = [word for name in (SAFETY, LASSO) for word in ("--model", name)]
    assert main(["spec", *names, "--report", "--work", str(folder)]) == 0
    return folder / "counterexamples"


def states(page: Any) -> Iterator[dict[tuple[str, str, str], str]]:
    """What is in each cell of each state."""
    held: dict[int, str] = {}
    for step in page["steps"]:
        held.update(map(tuple, step.get("changes", ())))
        yield {
            (page["tables"][t]["name"], row, column): held[k]
            for k, (t, row, column) in enumerate(page["cells"])
            if held.get(k)
        }


@pytest.mark.tlc
def test_the_states_are_those_of_the_counterexample(written: Path) -> None:
    page = data_of(written / f"{SAFETY}.html")
    itf = json.loads((written / f"{SAFETY}.itf.json").read_text())
    assert len(page["steps"]) == len(itf["states"]) == page["total"]
    for shown, state in zip(states(page), itf["states"], strict=True):
        for variable in ("msgs", "broadcast"):
            rows = {row for name, row, _ in shown if name == variable}
            assert len(rows) == len(state[variable]["#set"])
        promised = {row: text for (name, row, _), text in shown.items() if name == "promised"}
        assert promised == {a: n.get("#bigint", n) if isinstance(n, dict) else str(n)
                            for a, n in state["promised"]["#map"]}  # fmt: skip
    kinds = [(s["kind"], page["lanes"][s["lane"]]) for s in page["steps"]]
    assert kinds[0] == ("Init", "initial state") and ("Phase2a", "proposer-2") in kinds


@pytest.mark.tlc
def test_the_last_state_has_what_is_violated_and_actions_have_their_text(written: Path) -> None:
    page = data_of(written / f"{SAFETY}.html")
    assert [s["number"] for s in page["steps"] if s.get("mark")] == [page["total"]]
    [false] = page["steps"][-1]["false"]
    assert (false["name"], false["place"].partition(":")[0]) == ("Agreement", "spec/Synod.tla")
    actions = {a["name"]: a for a in page["actions"]}
    assert {"Phase2a", "Phase2b"} <= actions.keys() and page["loops_to"] == 0
    place = Path(actions["Phase2b"]["place"].partition(":")[0])
    assert place.parts[0] == "spec"


@pytest.mark.tlc
def test_a_counterexample_that_goes_on_for_ever_is_a_loop(written: Path) -> None:
    page = data_of(written / f"{LASSO}.html")
    every = list(states(page))
    assert 1 <= page["loops_to"] <= page["total"]
    assert every[page["loops_to"] - 1] == every[-1]
    assert "for ever" in page["summary"] and not any(s.get("mark") for s in page["steps"])


@pytest.fixture
def lasso(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page whose last state is its second again: made by hand, so that no TLC is needed."""

    def state(up: set[str], promised: int) -> dict[str, Any]:
        return {"up": frozenset(up), "promised": Function({"a1": promised})}

    taken = [
        Step("Init", {}, state({"a1", "a2"}, 0)),
        Step("Crash", {"a": "a1"}, state({"a2"}, 0)),
        Step("PromiseUp", {"a": "a1", "b": 1}, state({"a2"}, 1)),
        Step("Crash", {"a": "a1"}, state({"a2"}, 0)),
    ]
    monkeypatch.setattr(name_steps, "steps", lambda *_: taken)
    violation = Violation("property", ("Progress",))
    result = Result(violation, distinct=3, generated=4, depth=3, seconds=0.1, loops_to=2)
    module = MODELS / "MCVotingLive.tla"
    page = model_page("lasso", module, MODELS / "live-voting-no-resend.cfg", MODELS.parent, result)
    write(page, tmp_path / "lasso.html")
    return tmp_path / "lasso.html"


DUEL = """---- MODULE Duel ----
EXTENDS Naturals
VARIABLES promised, learned
Init == promised = [a \\in {1, 2} |-> 0] /\\ learned = FALSE
Promise(a, b) ==
    /\\ promised[a] = 3 - b \\/ (promised[a] = 0 /\\ b = 1)
    /\\ promised' = [promised EXCEPT ![a] = b]
    /\\ UNCHANGED learned
Next == \\/ \\E a \\in {1, 2}, b \\in {1, 2} : Promise(a, b)
Spec == Init /\\ [][Next]_<<promised, learned>> /\\ WF_<<promised, learned>>(Next)
Progress == <>learned
====
"""
"""Two proposers take the acceptors from each other for ever."""


@pytest.fixture
def duel(tmp_path: Path) -> Path:
    """The page of a loop that TLC found, of several states."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "Duel.tla").write_text(DUEL, encoding="utf-8")
    (folder / "duel.cfg").write_text("SPECIFICATION Spec\nPROPERTY Progress\n", encoding="utf-8")
    entry = "{name: duel, module: Duel.tla, config: duel.cfg, class: tiny, states: 9, depth: 5, "
    expect = "expect: {violates: Progress}}"
    (folder / "manifest.yaml").write_text(f"models: [{entry}{expect}]\n", encoding="utf-8")
    given = ["--manifest", str(folder / "manifest.yaml"), "--work", str(tmp_path)]
    main(["spec", "--model", "duel", "--report", *given])
    return tmp_path / "counterexamples/duel.html"


@pytest.mark.tlc
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_loop_of_several_states_is_drawn_and_gone_around(duel: Path, dark: bool) -> None:
    page = data_of(duel)
    every, loops_to = list(states(page)), page["loops_to"]
    assert 1 < loops_to < page["total"] - 1  # more than a state that is repeated
    assert every[loops_to - 1] == every[-1] != every[-2]
    assert [s["kind"] for s in page["steps"][1:]] == ["Promise"] * (page["total"] - 1)
    assert f"goes on from state {loops_to}, for ever" in page["summary"]
    with launched() as browser, opened(browser, duel, dark=dark) as it:
        it.page.keyboard.press("End")
        it.drawn()
        assert it.page.locator("#arrows .loop").count() == 2
        box = it.page.locator("#arrows path.loop:not(.head)").bounding_box()
        rows = it.page.locator("[role=option]")
        ends = [rows.nth(n - 1).bounding_box() for n in (loops_to, page["total"])]
        assert box is not None and ends[0] is not None and ends[1] is not None
        middles = [end["y"] + end["height"] / 2 for end in ends if end is not None]
        assert box["y"] == pytest.approx(middles[0], abs=6)
        assert box["y"] + box["height"] == pytest.approx(middles[1], abs=6)
        it.page.keyboard.press("ArrowRight")
        assert it.selected() == str(loops_to)
        it.assert_accessible()
        it.picture(f"duel-1280-{'dark' if dark else 'light'}")
        it.assert_quiet()


@pytest.mark.tlc
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_counterexamples_are_accessible(written: Path, width: int, dark: bool) -> None:
    with launched() as browser:
        for name in (SAFETY, LASSO):
            with opened(browser, written / f"{name}.html", width=width, dark=dark) as it:
                it.page.wait_for_selector("[role=option]")
                assert it.page.evaluate("document.documentElement.scrollWidth") <= width, name
                it.page.keyboard.press("End")
                it.drawn()
                it.assert_accessible(name)
                it.assert_quiet()


def test_what_a_set_loses_leaves_its_cell(lasso: Path) -> None:
    rows = [sorted(row for name, row, _ in s if name == "up") for s in states(data_of(lasso))]
    assert rows == [["a1", "a2"], ["a2"], ["a2"], ["a2"]]


def test_from_the_last_state_the_way_leads_back_into_the_loop(lasso: Path) -> None:
    with launched() as browser, opened(browser, lasso) as it:
        it.page.keyboard.press("End")
        assert it.selected() == "4"
        it.page.keyboard.press("ArrowRight")
        assert it.selected() == "2"
        it.picture("lasso-1280-light")
        it.assert_quiet()


@pytest.mark.tlc
def test_a_counterexample_is_stepped_through_and_around_its_loop(written: Path) -> None:
    loops_to = data_of(written / f"{LASSO}.html")["loops_to"]
    with launched() as browser:
        with opened(browser, written / f"{SAFETY}.html") as it:
            it.picture("counterexample-1280-light")
            it.page.keyboard.press("End")
            assert "Agreement is false" in it.text("#event .false")
            it.assert_quiet()
        with opened(browser, written / f"{LASSO}.html", dark=True) as it:
            it.page.keyboard.press("End")
            it.drawn()
            assert it.page.locator("#arrows .loop").count() == 2
            it.picture("lasso-1280-dark")
            it.page.keyboard.press("ArrowRight")
            assert it.selected() == str(loops_to)
            it.assert_quiet()


def test_a_page_of_a_model_needs_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "--class", "tiny", "--report"]) == 2
    assert capsys.readouterr().err.startswith("error: --report needs --model NAME")
