"""The page of a state graph: its data, where the nodes stand, and the page in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.main import main
from conformance.modelcheck.manifest import load
from conformance.report.layers import places
from conformance.report.projection import Parts, about_ballot, about_instance, known
from conformance.report.variables import Variables
from conformance.tla.value import Function, Record
from tests.conformance.report.browser import Opened, launched, opened
from tests.conformance.report.data import data_of
from tests.conformance.report.test_script import HERE, passes, tool

HOLDS, VIOLATES, LOG = "synod-tiny", "synod-own-value", "log-gap-skipped"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the pages."""
    folder = tmp_path_factory.mktemp("graphs")
    names = [word for name in (HOLDS, VIOLATES, LOG) for word in ("--model", name)]
    assert main(["spec", *names, "--graph", "--work", str(folder)]) == 0
    return folder / "graphs"


def held(page: Any, state: int) -> dict[int, str]:
    """What is in the cells of a state, from what each state of its path changes."""
    node = page["states"][state]
    before = held(page, node["parent"]) if node["parent"] >= 0 else {}
    return {**before, **{cell: page["texts"][text] for cell, text in node["changes"]}}


@pytest.mark.tlc
def test_states_depths_and_paths_are_those_of_the_model(written: Path) -> None:
    for model in load():
        if model.name not in (HOLDS, VIOLATES, LOG):
            continue
        page = data_of(written / f"{model.name}.html")
        states = page["states"]
        assert len(states) == model.states and max(s["depth"] for s in states) + 1 == model.depth
        edges = {(source, target) for source, target, _ in page["edges"]}
        for number, node in enumerate(states):
            if node["parent"] < 0:
                assert node["depth"] == 0
            else:
                assert (node["parent"], number) in edges
                assert states[node["parent"]]["depth"] == node["depth"] - 1
                before = held(page, node["parent"])
                assert all(before.get(c, "") != page["texts"][t] for c, t in node["changes"])
        every = {tuple(sorted(held(page, n).items())) for n in range(len(states))}
        assert len(every) == len(states)


@pytest.mark.tlc
def test_a_violated_invariant_is_false_where_the_page_opens(written: Path) -> None:
    page = data_of(written / f"{VIOLATES}.html")
    names = [i["name"] for i in page["invariants"]]
    [(number, false)] = [(n, s["false"]) for n, s in enumerate(page["states"]) if "false" in s]
    assert [names[k] for k in false] == ["Agreement"] and page["open_at"] == number
    assert any("further ones" in note for note in page["notes"])
    assert page["verdict"] == "violation"


@pytest.mark.tlc
def test_what_is_not_drawn_is_said(written: Path) -> None:
    notes = " ".join(data_of(written / f"{HOLDS}.html")["notes"])
    assert "names (Symmetry) are one state" in notes and "(Refinement; fairness)" in notes
    assert "further ones" not in notes


@pytest.mark.tlc
def test_views_join_states_that_differ_elsewhere_only(written: Path) -> None:
    page = data_of(written / f"{LOG}.html")
    names = [view["name"] for view in page["views"]]
    assert names == ["every state", "instance 1", "instance 2"]  # and one ballot
    for view in page["views"]:
        of, depths = view["groups"], [s["depth"] for s in page["states"]]
        assert len(view["places"]) == len(view["depths"]) == max(of) + 1 <= len(depths)
        assert len({tuple(place) for place in view["places"]}) == len(view["places"])
        for group, depth in enumerate(view["depths"]):
            assert depth == min(d for d, g in zip(depths, of, strict=True) if g == group)
    assert len(page["views"][1]["places"]) < len(page["states"])


def test_parts_of_a_state_are_of_their_instances_and_ballots() -> None:
    parts = Parts(("broadcast", "msgs", "vote", "prefix", "order"), promise_an_instance=False)
    asked = Record(type="1a", bal=2, **{"from": 1, "to": 2})
    accept = Record(type="2a", bal=1, inst=2, batch=("v1",))
    first = parts.of(
        (
            frozenset({"v1"}),
            frozenset({asked, accept}),
            Function(a1=((0, ()), (1, ("v1",)))),
            Function(l1=1),
            ("v1",),
        )
    )
    assert known([first]) == ([1, 2], [1, 2])

    def texts(some: Any) -> set[Any]:
        return {part.text for part in some}

    common = ("broadcast", frozenset({"v1"}))
    request = ("msgs", asked, "")
    assert texts(about_instance(first, 1)) == {
        common, request, ("vote", "a1", 1, (0, ())), ("prefix", "l1", 1)
    }  # fmt: skip
    assert texts(about_instance(first, 2)) == {
        common, request, ("msgs", accept, ""), ("vote", "a1", 2, (1, ("v1",)))
    }  # fmt: skip
    assert request in texts(about_ballot(first, 2))
    assert ("vote", "a1", 2, (1, ("v1",))) not in texts(about_ballot(first, 2))
    assert ("vote", "a1", 2, (1, ("v1",))) in texts(about_ballot(first, 1))
    assert ("vote", "a1", 1, (0, ())) not in texts(about_ballot(first, 1))


def test_a_snapshot_is_of_the_instances_up_to_its_own() -> None:
    """And what was delivered up to there, which is of all together, is of none."""
    variables = ("prefix", "known", "taken", "checkpoint", "msgs")
    state = Record(prefix=2, delivered=("v1",), known=frozenset({"v1"}))
    beginning = Record(prefix=0, delivered=(), known=frozenset())
    sent = Record(type="Snapshot", cluster="ours", state=state)
    said, nothing = (Record(type="Checkpointed", lrn="l1", inst=i) for i in (2, 0))
    of = Parts(variables, promise_an_instance=False).of(
        (
            Function(l1=2),
            Function(l1=frozenset({"v1"})),
            Function(l1=beginning),
            Function(l1=state),
            frozenset({sent, said, nothing}),
        )
    )
    assert known([of]) == ([1, 2], [])
    for i in (1, 2):
        assert {part.text for part in about_instance(of, i)} == {
            *(("prefix", "l1", i), ("checkpoint", "l1", "prefix", i)),
            *(("msgs", sent, ""), ("msgs", said, "")),
        }
    assert not about_instance(of, 3)
    assert {part.text for part in of if part.whole} == {
        ("known", Function(l1=frozenset({"v1"}))),
        ("taken", "l1", beginning),
        ("checkpoint", "l1", state),
    }


def test_a_model_may_have_no_learner() -> None:
    parts = Parts(("prefix", "promised"), promise_an_instance=False)
    assert {p.text for p in parts.of(((), Function(a1=(1,))))} == {("promised", "a1", 1, 1)}


def test_a_promise_is_of_an_instance_where_the_model_says_so() -> None:
    state = (Function(a1=(1, 2)), Function(l1=0))
    for scoped in (True, False):
        parts = Parts(("promised", "prefix"), promise_an_instance=scoped).of(state)
        assert len(about_instance(parts, 1)) == (1 if scoped else 2)


def test_nodes_stand_in_layers_and_none_on_another() -> None:
    depths = [0, *[1] * 60, 2, 2]
    edges = [(0, n) for n in range(1, 61)] + [(1, 61), (60, 62)]
    found = places(depths, edges)
    assert len(set(found)) == len(depths)
    lowest = {d: max(y for (_, y), e in zip(found, depths, strict=True) if e == d) for d in (0, 1)}
    highest = {d: min(y for (_, y), e in zip(found, depths, strict=True) if e == d) for d in (1, 2)}
    assert lowest[0] < highest[1] and lowest[1] < highest[2]
    assert max(x for x, _ in found) <= 8  # a wide layer has several rows


def test_nodes_stand_below_those_that_lead_to_them() -> None:
    depths, edges = [0, 1, 1, 1, 2, 2, 2], [(0, 1), (0, 2), (0, 3), (1, 6), (2, 5), (3, 4)]
    x = [x for x, _ in places(depths, edges)]
    assert x[1] == x[6] != x[2] == x[5] != x[3] == x[4]


def test_what_changes_is_what_the_cells_say() -> None:
    states = [{"up": frozenset("ab"), "n": 1}, {"up": frozenset("b"), "n": 1}]
    variables = Variables(("n", "up"), states)
    cells = variables.cells
    changes = {cells[k][1]: text for k, text in variables.changes(states[0], states[1])}
    assert changes == {"a": ""}
    assert len(variables.changes(None, states[0])) == 3


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("paxos-plain", "has 54,977 states, too many .* choose one of at most 2,000"),
        ("simulated", "draws states at random"),
        ("paxos-3-ballots-mixed", "has states that nobody has counted"),
    ],
)
def test_a_model_without_a_graph_is_one_line(
    name: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spec", "--model", name, "--graph", "--work", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(f"error: {name} .*{says}.*\n", error), error


def test_a_graph_needs_the_name_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "--class", "tiny", "--graph"]) == 2
    assert capsys.readouterr().err.startswith("error: --graph needs --model NAME")


@pytest.fixture
def seen(written: Path) -> Iterator[Opened]:
    with launched() as browser, opened(browser, written / f"{VIOLATES}.html") as it:
        yield it
        it.assert_quiet()


@pytest.mark.tlc
def test_a_path_is_gone_along_by_keys_and_its_invariants_are_shown(seen: Opened) -> None:
    page = seen.page
    assert seen.text("#at") == "state #1427, step 16 of 16"
    assert "Agreement is false here" in seen.text("#event .false")
    assert page.locator("#path tbody tr").count() == 17
    assert page.locator("#path tr.here .truth.wrong").inner_text().startswith("✗")
    page.keyboard.press("ArrowLeft")
    assert "step 15 of 16" in seen.text("#at") and page.locator("#event .false").count() == 0
    changed = page.locator("#state td.changed").all_inner_texts()
    assert any("<<2, v2>>" in text for text in changed)
    assert "Phase2b(a, b)" in seen.text("#action .where")
    page.keyboard.press("Home")
    assert seen.text("#event h2").startswith("State #0: Init")
    page.click("#path tbody tr >> nth=3")
    assert "step 3 of 16" in seen.text("#at")
    page.click("#to-false")
    assert "step 16 of 16" in seen.text("#at")


@pytest.mark.tlc
def test_a_search_and_the_arrows_in_the_graph_choose_a_state(seen: Opened) -> None:
    page = seen.page
    page.keyboard.press("/")
    page.keyboard.type("#12")
    assert seen.text("#at").startswith("state #12,") and seen.text("#found") == "1 of 1"
    page.fill("#search", "agreement is false")
    assert seen.text("#at").startswith("state #1427,")
    page.fill("#search", "decide proposer-2")
    first = seen.text("#at")
    page.keyboard.press("Enter")
    assert seen.text("#at") != first and seen.text("#found").startswith("2 of ")
    page.keyboard.press("Escape")
    page.fill("#search", "#0")
    page.focus("#graph")
    for key, state in (("ArrowDown", "#1"), ("ArrowRight", "#2"), ("ArrowLeft", "#1")):
        page.keyboard.press(key)
        assert seen.text("#at").startswith(f"state {state},"), key
    page.keyboard.press("ArrowUp")
    assert seen.text("#at").startswith("state #0,")
    assert "at state #0" in (page.get_attribute("#graph", "aria-label") or "")
    page.click("#event .links >> text=Broadcast: #2")
    assert seen.text("#at").startswith("state #2,")


@pytest.mark.tlc
def test_nodes_of_one_ballot_have_several_states(seen: Opened) -> None:
    page = seen.page
    page.select_option("#view", "1")
    assert seen.text("#view-words") == "states that differ in other ballots only are one node"
    assert re.search(r"One node for \d+ states", seen.text("#event"))
    page.click("#event .links .chip >> nth=0")
    seen.drawn()


@pytest.mark.tlc
def test_a_click_on_a_node_chooses_it(seen: Opened) -> None:
    page = seen.page
    page.fill("#search", "#0")
    page.click("#fit-path")
    box = page.locator("#graph").bounding_box()
    assert box is not None
    page.fill("#search", "#1427")
    page.fill("#search", "#0")
    page.click("#fit-path")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert seen.text("#at").startswith("state #0,")
    page.click("#closer")
    page.click("#farther")
    page.click("#fit")


@pytest.mark.tlc
def test_the_html_is_valid(written: Path) -> None:
    check = tool("html-validate", "bin/html-validate.mjs")
    passes(*check, "--config", HERE / ".htmlvalidate.json", written / f"{HOLDS}.html")


@pytest.mark.tlc
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_the_page_is_accessible(written: Path, width: int, dark: bool) -> None:
    with launched() as browser:
        for name in (HOLDS, VIOLATES):
            with opened(browser, written / f"{name}.html", width=width, dark=dark) as it:
                it.page.click(".about summary")
                it.picture(f"graph-{name}-{width}-{'dark' if dark else 'light'}")
                assert it.page.evaluate("document.documentElement.scrollWidth") <= width, name
                it.assert_accessible(name)
                it.assert_light_on_paper()
                it.page.emulate_media(media="print")
                canvas = "getComputedStyle(document.querySelector('#graph canvas')).filter"
                assert it.page.evaluate(canvas).startswith("invert" if dark else "none")
                it.assert_quiet()
