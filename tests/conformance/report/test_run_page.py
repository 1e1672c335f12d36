"""What a page says of a run: the state after each event, causes, actions, and what is false."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from conformance.replay.run_folder import check_run
from conformance.report.page import LONGEST_TEXT, clipped
from conformance.report.window import NoWindow
from conformance.trace.reader import TraceError
from tests.conformance.good_runs import failover, optimised, plain, trim
from tests.conformance.report.pages import page_of, state_after, step_of
from tests.conformance.scenario import Scenario, rng
from tests.paths import TRACES

RUNS = [
    folder
    for kind in ("good", "bad")
    for folder in sorted((TRACES / kind).iterdir())
    if folder.is_dir()
]


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_what_is_marked_is_what_the_verdict_names(folder: Path) -> None:
    try:
        verdict = check_run(folder)
    except TraceError:
        with pytest.raises(TraceError):
            page_of(folder)
        return
    page = page_of(folder)
    assert page.verdict == verdict.kind
    marked = [s for s in page.steps if s.mark]
    if verdict.violation is None:
        assert [s.mark for s in marked] in ([], ["not settled"])
        return
    first = marked[0]
    assert (first.mark, first.number, page.open_at) == (
        "rejected",
        verdict.events + 1,
        first.number,
    )
    assert first.false[0].name == verdict.violation.name
    assert first.false[0].expected == verdict.violation.fault.expected
    counted = {d.name: d.times for d in verdict.further}
    shown = [f.name for s in page.steps for f in s.false]
    assert {name: shown.count(name) for name in shown} == counted


def test_the_state_after_each_event_is_that_of_the_specification(tmp_path: Path) -> None:
    page = page_of(failover().write(tmp_path))
    at = step_of(page, "Phase2b").number
    before, after = state_after(page, at - 1), state_after(page, at)
    cell = ("Log", "1", "acceptor 2")
    assert (before.get(cell), after[cell]) == (None, "(1, 1) 1.1:1")
    assert after["Acceptors", "2", "promised"] == "(1, 1)"
    last = state_after(page, page.total)
    assert last["Acceptors", "2", "promised"] == "(2, 2)"
    assert last["Log", "1", "chosen"] == "1.1:1 in (1, 1) by 1, 2; 1.1:1 in (2, 2) by 2, 3"
    assert last["Log", "2", "leader"] == "(1, 1) proposed 1.1:2; (2, 2) decided no-op"
    assert last["Log", "5", "learner 2.1"] == "(2, 2) 1.1:2"
    assert last["Learners", "2.1", "prefix"] == "5"
    assert last["Learners", "2.1", "values delivered"] == "3"
    assert last["Phase 1", "(2, 2)", "acceptor 3"] == "1..8"
    assert last["Values broadcast", "values", "broadcast"] == "3"


def test_a_vote_that_is_trimmed_leaves_its_cell(tmp_path: Path) -> None:
    page = page_of(trim().write(tmp_path))
    first = step_of(page, "Trim")
    column = page.lanes[first.lane].partition(".")[0].replace("-", " ")
    gone = [k for k, text in first.changes if not text]
    assert gone and {page.cells[k][2] for k in gone} == {column}
    assert ("Log", "1", column) not in state_after(page, first.number)


def test_promises_of_each_instance_are_shown_by_instance() -> None:
    page = page_of(TRACES / "good/promises_per_instance")
    promised = {
        text for (name, _, column), text in state_after(page, page.total).items()
        if (name, column) == ("Acceptors", "promised")
    }  # fmt: skip
    assert promised and all(" in " in text for text in promised)


def test_an_event_has_its_place_its_causes_and_its_parameters(tmp_path: Path) -> None:
    page = page_of(optimised().write(tmp_path))
    step = step_of(page, "Phase2a")
    sent = {(page.steps[n - 1].kind, message) for n, message in step.causes}
    assert sent == {("Broadcast", "value"), ("Phase1b", "1b")}
    lines = (tmp_path / step.place.partition(":")[0]).read_text().splitlines()
    written = msgspec.json.decode(lines[int(step.place.partition(":")[2]) - 1])
    assert {k: msgspec.json.decode(v) for k, v in step.parameters} == {
        k: v for k, v in written.items() if k not in ("event", "process", "seq", "hlc")
    }
    assert (step.first, step.last, step.ballot) == (1, 1, "(1, 1)")
    assert step.values == (("1.1", 1, 2), ("2.1", 1, 2))


def test_the_clause_of_an_optimisation_that_was_used_is_named(tmp_path: Path) -> None:
    direct = page_of(optimised().write(tmp_path / "1"))
    through = page_of(plain().write(tmp_path / "2"))
    assert "Learn.decided: votes of a quorum (direct_learning)" in step_of(direct, "Learn").clauses
    assert "Learn.decided: a Decide (not direct_learning)" in step_of(through, "Learn").clauses
    assert "Phase1a.prepare: at any time (prepare_ahead)" in step_of(direct, "Phase1a").clauses
    several = "Phase2a.batch: several values (max_batch over 1)"
    assert several in step_of(direct, "Phase2a").clauses
    assert (direct.waits, through.waits) == (False, True)


def test_the_false_conjunct_is_found_in_the_text_of_the_action() -> None:
    page = page_of(TRACES / "bad/decide_with_a_minority")
    step = next(s for s in page.steps if s.mark == "rejected")
    [action] = [a for a in page.actions if a.name == "Decide"]
    assert [action.conjuncts[k].text for k in step.false[0].conjuncts] == ["quorum:: IsQuorum2(q)"]
    texts = [c.text for c in action.conjuncts if not c.effect]
    assert [text.partition("::")[0] for text in texts] == ["quorum", "indirect", "voted"]
    assert [c.effect for c in action.conjuncts] == [False, False, False, True, True]
    assert step.false[0].actual == "[2]"


def test_a_recover_is_called_what_the_specification_calls_it() -> None:
    page = page_of(TRACES / "good/restart")
    recovers = {(page.lanes[s.lane], s.kind) for s in page.steps if s.text == "Recover"}
    called = {(lane.partition("-")[0], kind) for lane, kind in recovers}
    assert called == {("acceptor", "Recover"), ("proposer", "Resume"), ("learner", "Return")}
    assert {a.name for a in page.actions} >= {kind for _, kind in recovers}


def test_of_a_long_run_a_window_is_shown_and_the_rest_is_summed_up(tmp_path: Path) -> None:
    folder = plain(8).write(tmp_path)
    whole = state_of_all(folder)
    page = page_of(folder, near="60", most=20)
    assert [s.number for s in page.steps] == list(range(48, 68))
    assert (page.open_at, page.total) == (60, len(whole))
    assert page.partial == f"events 48 to 67 of {len(whole)}"
    [(first, last)] = [tuple(map(int, page.over.split("..")))]
    before = {int(row) for table, row, _ in whole[46] if table == "Log"}
    known = {int(row) for table, row, _ in state_after(page, 47) if table == "Log"}
    assert set(range(first, last + 1)) == before - known != set()
    for number in (47, 50, 67):
        here, there = state_after(page, number), whole[number - 1]
        assert here.items() <= there.items()
        # Instances that were over before the window are not in it.
        assert {row for table, row, _ in there.keys() - here.keys()} <= {"1", "2", "3", "4", "5"}
        assert not any(table != "Log" for table, _, _ in there.keys() - here.keys())
    assert sum(sum(s.counts.values()) for s in page.seconds) == page.total
    assert [(s.first, s.last) for s in page.spans] == [(i, i) for i in range(1, 17)]


def test_what_was_over_before_a_window_is_named(tmp_path: Path) -> None:
    """Exactly the instances that the whole run's state has there, and the window's has not."""
    folder = plain(4).write(tmp_path)
    whole = state_of_all(folder)
    seen = set()
    for number in range(8, len(whole), 2):
        page = page_of(folder, near=str(number), most=5)
        first = page.steps[0].number
        before = {int(row) for table, row, _ in whole[first - 2] if table == "Log"}
        cells = {page.cells[k][:2] for k, text in page.before if text}
        held = {int(row) for t, row in cells if page.tables[t].name == "Log"}
        over = [run.partition("..") for run in page.over.split(", ") if run]
        named = {i for a, _, b in over for i in range(int(a), int(b or a) + 1)}
        assert named == before - held, number
        seen.add((bool(named), bool(held)))
    assert (True, True) in seen and (False, True) in seen


def test_what_comes_after_a_window_is_counted(tmp_path: Path) -> None:
    folder = plain(8).write(tmp_path)
    whole = state_of_all(folder)
    page = page_of(folder, most=20)
    assert [s.number for s in page.steps] == list(range(1, 21))
    assert page.partial == f"events 1 to 20 of {len(whole)}" and page.over == ""
    assert [state_after(page, n) for n in range(1, 21)] == whole[:20]
    assert sum(sum(s.counts.values()) for s in page.seconds) == page.total == len(whole)


def state_of_all(folder: Path) -> list[dict[tuple[str, str, str], str]]:
    """The state after each event, of a page that shows all of them."""
    page = page_of(folder)
    return [state_after(page, s.number) for s in page.steps]


def test_a_page_of_some_instances_has_what_is_about_them(tmp_path: Path) -> None:
    page = page_of(plain(4).write(tmp_path), instances="3..4")
    about = [s for s in page.steps if s.kind != "Broadcast"]
    assert about and all(s.first >= 3 and s.last <= 4 for s in about)
    proposed = {v for s in about if s.kind == "Phase2a" for v in s.values}
    assert {v for s in page.steps if s.kind == "Broadcast" for v in s.values} == proposed
    assert {row for t, row, _ in page.cells if page.tables[t].name == "Log"} == {"3", "4"}
    last = state_after(page, page.total)
    assert last["Learners", "1.1", "prefix"] == "4"
    whole = state_after(page_of(tmp_path), page.total)
    assert last["Log", "4", "chosen"] == whole["Log", "4", "chosen"]


def test_what_happened_between_two_events_that_are_shown_is_not_lost(tmp_path: Path) -> None:
    s = Scenario("between", prepare_ahead=True)
    s.broadcast("1.1", rng("1.1", 1))
    s.prepare((1, 1), 1, 4)
    s.propose((1, 1), 1, rng("1.1", 1))
    s.vote(1, (1, 1), 1)
    s.vote(2, (1, 1), 1)
    s.prepare((2, 1), 2, 2)  # about another instance, and it raises the promises
    s.decide(1, (1, 1), 1)
    page = page_of(s.write(tmp_path), instances="1")
    decide = step_of(page, "Decide")
    assert not any(step.ballot == "(2, 1)" for step in page.steps)
    raised = {page.cells[k] for k, text in decide.between if text == "(2, 1)"}
    assert raised == {(1, "1", "promised"), (1, "2", "promised")}
    assert state_after(page, decide.number)["Log", "1", "leader"] == "(1, 1) decided 1.1:1"


@pytest.mark.parametrize("near", ["0", "73", "x", "acceptor-1.1.ndjson:1", "acceptor-9.1:2", "-1"])
def test_an_event_that_there_is_not_is_refused(near: str) -> None:
    with pytest.raises(NoWindow):
        page_of(TRACES / "good/plain", near=near)


@pytest.mark.parametrize("instances", ["", "0", "5..3", "a..b", "1-2", "1..2..3"])
def test_instances_that_are_none_are_refused(instances: str) -> None:
    if not instances:
        assert page_of(TRACES / "good/plain", instances="").partial == ""
        return
    with pytest.raises(NoWindow):
        page_of(TRACES / "good/plain", instances=instances)


def test_an_event_is_named_by_its_place_too() -> None:
    page = page_of(TRACES / "good/plain", near="acceptor-1.1.ndjson:3")
    assert page.steps[page.open_at - 1].place == "acceptor-1.1.ndjson:3"


def test_a_long_text_is_cut_and_its_length_told() -> None:
    text = clipped("x" * 60_000)
    assert text.startswith("x" * LONGEST_TEXT) and text.endswith("(cut; 60,000 characters)")
    assert len(text) < LONGEST_TEXT + 40
    assert clipped("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
