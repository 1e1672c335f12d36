"""The tutorial: its commands print what it shows, and its programs and drawings are as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.test_sequences import shape
from tests.tutorial.pictures import PICTURES
from tests.tutorial.session import CHAPTERS, FOLDER, Step, play, steps

TIMEOUT_S = 400.0
"""For a chapter, on a machine that has other things to do; alone the longest takes about 20 s."""

INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.tlc
@pytest.mark.timeout(TIMEOUT_S + 30)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_commands_print_what_the_chapter_shows(path: Path, tmp_path: Path) -> None:
    chapter = steps(path.read_text(encoding="utf-8"))
    assert len(chapter) > 3
    for step, printed in zip(chapter, play(chapter, tmp_path, TIMEOUT_S), strict=True):
        assert step.is_shown_right(printed), f"$ {step.command}\n{printed}"
    assert not (tmp_path / "mine").exists(), "the chapter leaves its folder behind"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_program_that_is_changed_and_changed_back_is_not_taken_for_another(path: Path) -> None:
    """Python tells programs of one size apart by their time of change, in whole seconds."""
    commands = [step.command for step in steps(path.read_text(encoding="utf-8"))]
    changes = [at for at, command in enumerate(commands) if re.search(r"sed -i.*\.py$", command)]
    kept_none = [
        at for at, command in enumerate(commands) if "PYTHONDONTWRITEBYTECODE=1" in command
    ]
    assert not changes or (kept_none and kept_none[0] < changes[0])


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_code_that_a_chapter_shows_is_that_of_its_program(path: Path) -> None:
    shown = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S)
    programs = [program.read_text(encoding="utf-8") for program in FOLDER.glob("*.py")]
    assert [code for code in shown if not any(code in program for program in programs)] == []


@pytest.mark.parametrize("name", PICTURES)
def test_a_drawing_shows_what_its_program_does(name: str, tmp_path: Path) -> None:
    PICTURES[name](tmp_path / "drawn.svg")
    assert shape(FOLDER / f"{name}.svg") == shape(tmp_path / "drawn.svg"), (
        "see that the new one is right, then `python -m tests.tutorial.pictures`"
    )


def test_the_chapters_are_read_one_after_another() -> None:
    names = [path.name for path in CHAPTERS]
    assert len(names) == 9
    assert re.findall(r"^\d\. \[.*\]\((.*\.md)\)", INDEX, re.MULTILINE) == names
    texts = [path.read_text(encoding="utf-8") for path in CHAPTERS]
    following = [re.findall(r"^Next: \[.*\]\((.*)\)\.$", text, re.MULTILINE) for text in texts]
    assert following == [*([name] for name in names[1:]), []]


def test_every_program_and_drawing_is_shown() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in CHAPTERS)
    files = {path.name for path in FOLDER.iterdir() if path.suffix in (".py", ".svg")}
    assert {name for name in files if name not in text} == set()
    assert {f"{name}.svg" for name in PICTURES} == {f for f in files if f.endswith(".svg")}


@pytest.mark.parametrize(
    ("shown", "varies", "printed", "is_right"),
    [
        ("a  1\n", False, "a 1\n", True),
        ("a 1\n", False, "a 2\n", False),
        ("a 1,000 of 2.5\n", True, "a 7 of 8\n", True),
        ("a 1\n", True, "b 1\n", False),
        ("Choose(v=v1)\n", True, "Choose(v=v2)\n", False),
        ("a\n…\nz\n", False, "a\nb\nc\nz\n", True),
        ("a …\n", False, "a b c\n", True),
        ("a …\n", False, "a b\nc\n", False),
        ("at clock 17\n", False, "at clock 18\n", True),
        ("", False, "said\n", False),
    ],
)
def test_what_is_shown_is_compared_with_what_is_printed(
    shown: str, varies: bool, printed: str, is_right: bool
) -> None:
    assert Step("true", shown, varies).is_shown_right(printed) == is_right
