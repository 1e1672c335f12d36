"""What TLC prints, as several versions of it print it."""

from __future__ import annotations

import pytest

from conformance.tlc.output import Covered, Progress, Reader


def read(*messages: tuple[int, str]) -> Reader:
    seen: list[Progress] = []
    reader = Reader(seen.append)
    for code, text in messages:
        for line in (
            f"@!@!@STARTMSG {code}:0 @!@!@",
            *text.split("\n"),
            f"@!@!@ENDMSG {code} @!@!@",
        ):
            reader.line(line + "\n")
    return reader


@pytest.mark.parametrize(
    "text",
    [
        "Progress(12) at 2026-11-25 15:20:18: 84,524 states generated (84,337 s/min), "
        "20,025 distinct states found (19,972 ds/min), 12,147 states left on queue.",
        "Progress(12) at 2026-11-25 15:20:18: 84,524 states generated, "
        "20,025 distinct states found, 12,147 states left on queue.",
    ],
)
def test_progress(text: str) -> None:
    assert read((2200, text)).report.progress == Progress(12, 84524, 20025, 12147)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            2209,
            "Progress(-1) at 2026-11-25 14:42:53: 3815 states generated, -1 distinct states "
            "found, -1 states left on queue.",
        ),
        (
            2209,
            "Progress: 3,815 states checked, 50 traces generated (trace length: mean=30, sd=0)",
        ),
        (2210, "The number of states generated: 3815\nSimulation using seed 7 and aril 0"),
    ],
)
def test_a_simulation(code: int, text: str) -> None:
    assert read((code, text)).report.generated == 3815


def test_the_last_report_on_coverage_counts() -> None:
    place = "line 74, col 1 to line 74, col 12 of module Synod"
    part = "line 75, col 8 to line 75, col 25 of module Synod"
    reader = read(
        (2201, "The coverage statistics at 2026-11-25 14:42:53"),
        (2773, "<Init line 1, col 1 to line 1, col 4 of module Synod>: 1:1"),
        (2772, f"<Broadcast {place}>: 0:3"),
        (2201, "The coverage statistics at 2026-11-25 14:43:53"),
        (2773, "<Init line 1, col 1 to line 1, col 4 of module Synod>: 1:1"),
        (2221, "  line 2, col 1 to line 2, col 9 of module Synod: 99"),
        (2772, f"<Broadcast {place}>: 0:50"),
        (2221, f"  {part}: 1,200"),
        (2221, f"  |{part}: 3:150"),
        (2774, "<TypeOK line 9, col 1 to line 9, col 6 of module Synod>"),
        (2221, f"  {part}: 7"),
    )
    assert reader.report.covered == [Covered("Broadcast", place, 50, {part: 1203})]
