"""index.html of a comparison or a benchmark: what it shows, that it sorts, that it asks nobody."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from harness.compare import against, optimisation_plots, optimisation_tables
from harness.compare.comparison import Comparison
from harness.measure import figures_page
from harness.measure.markdown import Cell, Table, cell, sections
from tests.conformance.report.browser import launched, opened
from tests.conformance.report.test_script import HERE, passes, tool
from tests.paths import ROOT

RECORDED = ROOT / "tests" / "compare" / "recorded.json"
MEASURE = ROOT / "impl" / "harness" / "measure"

TABLES = """# Figures

A note.

- machine: a <b> & 2 cores: fast

## Speeds

| name | values/s |
| --- | ---: |
| ten | 10 |
| nine | 9.5 (9–11) |
| none | - |
| thousands | 1,000 |
| link | [page](pages/1.html) |

Below it.

- a list
"""


@pytest.fixture
def result() -> Comparison:
    result = msgspec.json.decode(RECORDED.read_bytes(), type=Comparison)
    result.rows[0].runs[0].page = "pages/001-off-idle.html"
    return result


@pytest.fixture
def page(result: Comparison, tmp_path: Path) -> Path:
    """The page of the recorded comparison."""
    plots = [p.stem for p in optimisation_plots.draw(result, tmp_path) if p.suffix == ".svg"]
    beside = f"## Side by side\n\n{against.render(result, result)}"
    tables = [optimisation_tables.render(result), beside, optimisation_tables.runs(result)]
    return figures_page.write(tmp_path, "\n".join(tables), plots)


def test_the_text_is_read_as_it_was_made() -> None:
    first, speeds = sections(TABLES)
    assert (first.title, first.parts) == (
        "Figures",
        ["A note.", ["machine: a <b> & 2 cores: fast"]],
    )
    table, below, listed = speeds.parts
    assert isinstance(table, Table) and table.heads == ["name", "values/s"]
    assert [row[1] for row in table.rows] == [
        Cell("10", 10.0),
        Cell("9.5 (9–11)", 9.5),
        Cell("-", None),
        Cell("1,000", 1000.0),
        Cell("page", None, "pages/1.html"),
    ]
    assert (below, listed) == ("Below it.", ["a list"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("6 / 6", 6.0),
        ("-12%", -12.0),
        ("+5%", 5.0),
        ("as expected, 1,234 states", None),
        ("", None),
    ],
)
def test_a_cell_is_sorted_by_the_number_that_it_begins_with(text: str, key: float | None) -> None:
    assert cell(text) == Cell(text, key)


def test_what_is_measured_is_text_and_never_markup() -> None:
    said = figures_page.render(TABLES.replace("ten |", "<script>x()</script> |"), [])
    assert "a &lt;b&gt; &amp; 2 cores: fast" in said
    assert "&lt;script&gt;x()" in said and "<script>x()" not in said


def test_a_page_has_all_tables_plots_and_links(page: Path, result: Comparison) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("<figure") == 4
    assert '<a href="pages/001-off-idle.html">page</a>' in text
    heads = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert heads[:2] == ["Plots", "Verdicts, speed, latency"] and heads[-1] == "Runs"
    assert "<dt>processor</dt><dd>" in text
    verdicts = text.partition(">Runs</h2>")[2]
    assert verdicts.count("conforms to MultiPaxos") == sum(len(row.runs) for row in result.rows)


def test_a_plot_says_its_figures(page: Path) -> None:
    titles = re.findall(r"<title>(.*?)</title>", page.read_text(encoding="utf-8"))
    assert "off: 2,627 values/s" in titles
    assert "direct + ahead + batch: 3 in the traces" in titles


def test_names_in_plots_are_of_one_plot_each_and_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = re.findall(r'\sid="([^"]*)"', text)
    assert len(names) == len(set(names)) > 50
    used = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', text)
    assert {one or other for one, other in used} <= set(names)


def test_a_plot_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    text = figures_page.write(tmp_path, TABLES, ["speed"]).read_text(encoding="utf-8")
    assert "<figure" not in text and "Plots" not in text


def test_tables_are_sorted_by_the_keyboard(tmp_path: Path) -> None:
    page = figures_page.write(tmp_path, TABLES, [])
    with launched() as browser, opened(browser, page) as found:
        head = found.page.get_by_role("button", name="values/s")
        cells = found.page.locator("tbody th")
        for expected, said in (
            (["nine", "ten", "thousands"], "ascending"),
            (["thousands", "ten", "nine"], "descending"),
        ):
            head.focus()
            found.page.keyboard.press("Enter")
            assert cells.all_inner_texts()[:3] == expected
            assert found.page.locator("th[aria-sort]").get_attribute("aria-sort") == said
        found.assert_quiet()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (800, True)])
def test_a_browser_shows_it_and_asks_nobody(page: Path, width: int, dark: bool) -> None:
    with launched() as browser, opened(browser, page, width=width, dark=dark) as found:
        assert found.page.locator("figure svg").count() == 4
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert found.page.evaluate(wide) == 0, "the page does not scroll sideways; its tables do"
        found.assert_light_on_paper()
        found.picture(f"comparison-{width}-{'dark' if dark else 'light'}")
        found.assert_quiet()


def test_the_html_is_valid(page: Path) -> None:
    check = tool("html-validate", "bin/html-validate.mjs")
    passes(*check, "--config", HERE / ".htmlvalidate.json", page)


def test_the_script_is_lint_free() -> None:
    script = MEASURE / "sort.js"
    assert "Checked 1 file" in passes(
        *tool("@biomejs/biome", "bin/biome"), "lint", "--error-on-warnings", script
    )
