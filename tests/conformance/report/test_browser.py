"""The pages in a real browser: they open, step, filter, find the violation, and ask nobody for
anything. SCREENSHOTS=folder keeps pictures of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import main
from conformance.report.write import write
from tests.conformance.good_runs import failover, plain
from tests.conformance.report.browser import SIZES, Opened, launched, opened
from tests.conformance.report.pages import page_of
from tests.conformance.scenario import Scenario, rng
from tests.paths import TRACES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\x07\u2028\u202e" + "long" * 15_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind, by a name for it."""
    folder = tmp_path_factory.mktemp("pages")
    runs = {
        "run": failover().write(folder / "failover"),
        "violation": TRACES / "bad/decide_on_votes_of_two_ballots",
        "per-instance": TRACES / "good/promises_per_instance",
        "synod": TRACES / "good/synod",
    }
    for name, run in runs.items():
        main(["report", str(run), "--output", str(folder / f"{name}.html")])
    return {name: folder / f"{name}.html" for name in runs}


def test_a_run_is_stepped_through_by_keys_buttons_and_the_slider(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with opened(browser, pages["run"]) as it:
        keyboard = it.page.keyboard
        assert it.selected() == "1"
        for key, number in (
            *(("ArrowRight", "2"), ("ArrowRight", "3"), ("ArrowLeft", "2"), ("End", "57")),
            *(("ArrowRight", "57"), ("Home", "1"), ("ArrowLeft", "1")),
        ):
            keyboard.press(key)
            assert it.selected() == number, key
        it.page.click("#to-last")
        assert it.text("#at") == "event 57 of 57"
        it.page.click("#to-previous")
        assert it.selected() == "56"
        it.page.locator("#slider").fill("8")
        assert it.selected() == "9"
        it.page.click("[role=option]:has-text('Phase1b (1, 1) for 1..4') >> nth=0")
        assert it.text("#event h2") == "Event 4: Phase1b by acceptor-1.1"
        it.assert_quiet()


def test_at_a_step_there_is_its_place_its_causes_the_action_and_the_state(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with opened(browser, pages["run"]) as it:
        it.page.fill("#search", "decide (2, 2) in 1")
        assert it.text("#event h2").startswith("Event 18: Decide")
        assert "proposer-2.1.ndjson:" in it.text("#event .where")
        assert it.text("#event .links >> nth=0").startswith("Follows from 2b: 16")
        assert "voted:: VotedTogether(Q, b, i)" in it.text("#action")
        assert it.page.locator("#action .is-true").count() == 3
        changed = it.page.locator("#state td.changed").all_inner_texts()
        assert len(changed) == 1 and "(1, 1) proposed 1.1:1; (2, 2) decided 1.1:1" in changed[0]
        it.page.click("#event .links >> nth=0 >> button >> nth=0")
        assert it.selected() == "16"
        it.assert_quiet()


def test_a_window_says_which_instances_were_over_before_it(
    browser: Browser, tmp_path: Path
) -> None:
    page = page_of(plain(8).write(tmp_path / "run"), near="60", most=20)
    write(page, tmp_path / "window.html")
    with opened(browser, tmp_path / "window.html") as it:
        said = it.text("#partial")
        assert said.startswith("Shown in full: events 48 to 67 of ")
        assert f"instances that were over before: {page.over}." in said and page.over
        it.assert_quiet()


def test_filters_leave_out_what_is_not_asked_for(browser: Browser, pages: dict[str, Path]) -> None:
    def kinds(it: Opened) -> set[str]:
        it.drawn()
        return {t.split()[0] for t in it.page.locator("[role=option] .what").all_inner_texts()}

    with opened(browser, pages["run"]) as it:
        it.page.click("#filters > summary")
        it.page.uncheck("#f-kinds >> text=Phase1b")
        assert "Phase1b" not in kinds(it) and "Phase1a" in kinds(it)
        it.page.fill("#f-instances", "2")
        assert kinds(it) <= {"Phase1a", "Phase2a", "Phase2b", "Decide", "Learn", "Deliver"}
        assert "of 57 shown" in it.text("#filtered")
        it.page.select_option("#f-ballot", "(2, 2)")
        it.drawn()
        texts = it.page.locator("[role=option] .what").all_inner_texts()
        assert texts and all("(2, 2)" in text for text in texts)
        it.page.fill("#f-instances", "2..")
        assert it.page.get_attribute("#f-instances", "aria-invalid") == "true"
        it.page.click("#clear")
        assert it.text("#filtered") == ""
        it.assert_quiet()


def test_a_value_is_followed_along_its_critical_path(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with opened(browser, pages["run"]) as it:
        it.page.click("#filters > summary")
        it.page.fill("#follow", "1.1:1")
        it.page.keyboard.press("Enter")
        assert it.text("#path").startswith("Value 1.1:1: 6 message delays")
        assert it.page.locator("#arrows .path").count() > 2
        it.picture("follow-1280-light")
        it.page.click("#path >> text=learner-2.1")
        assert it.page.locator("#path [aria-pressed=true]").inner_text() == "learner-2.1"
        it.page.fill("#follow", "9.9:9")
        it.page.keyboard.press("Enter")
        assert it.text("#path") == "No event that is shown has the value 9.9:9."
        it.assert_quiet()


def test_a_violation_is_what_the_page_opens_at(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["violation"]) as it:
        assert it.text("#verdict") == "✗ violation"
        assert it.selected() == "13"
        assert "Decide.voted is false" in it.text("#event .false")
        assert "none of [1]" in it.text("#event .false")
        assert "voted:: VotedTogether" in it.text("#action .is-false")
        assert "Decide.voted" in it.text("#event .further")
        it.page.keyboard.press("Home")
        it.page.click("#to-false")
        assert it.selected() == "13"
        it.assert_quiet()


def test_what_a_trace_contains_is_text_and_never_runs(browser: Browser, tmp_path: Path) -> None:
    s = Scenario("nasty")
    s.broadcast("1.1", rng("1.1", 1))
    folder = s.write(tmp_path / "<b>nasty")
    trace = folder / "client-1.1.ndjson"
    header, event = map(json.loads, trace.read_text().splitlines())
    header["config"]["x"] = NASTY
    event["x_note"] = NASTY
    trace.write_text("".join(json.dumps(line) + "\n" for line in (header, event)))
    for path in folder.glob("*.ndjson"):
        first, *rest = path.read_text().splitlines()
        path.write_text(
            "\n".join([json.dumps(json.loads(first) | {"run": NASTY[:200]}), *rest, ""])
        )
    file = tmp_path / "nasty.html"
    assert main(["report", str(folder), "--output", str(file)]) == 0
    assert file.stat().st_size < 200_000
    with opened(browser, file) as it:
        shown = it.text("#event .parameters")
        assert "<script>alert(1)</script>" in shown and "characters)" in shown
        assert it.page.locator("#event img, #event script, h1 b, dd b").count() == 0
        assert it.text("h1") == "Run <b>nasty"
        it.assert_quiet()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_pages_are_accessible(
    browser: Browser, pages: dict[str, Path], width: int, dark: bool
) -> None:
    """By axe: labels, roles, contrast. The page never scrolls sideways."""
    for name, file in pages.items():
        with opened(browser, file, width=width, dark=dark) as it:
            it.page.wait_for_selector("[role=option]")
            it.picture(f"{name}-{width}-{'dark' if dark else 'light'}")
            wide = it.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, name
            it.assert_accessible(name)
            it.assert_light_on_paper()
            it.assert_quiet()
