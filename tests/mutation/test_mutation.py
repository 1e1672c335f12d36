"""`make mutants` itself: which changes it makes, which of them it samples, and that it tells those
that a test sees from those that none does."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.mutation import coverage_map
from tests.mutation.campaign import Campaign, unsteady
from tests.mutation.coverage_map import CoverageMap
from tests.mutation.lines import OUT
from tests.mutation.operators import apply, changes, edits
from tests.mutation.results import Result, append, read, table
from tests.mutation.sample import Mutant, everything, of_file, sample
from tests.mutation.server import Request
from tests.mutation.targets import files
from tests.mutation.tree import scratch


def changed(source: str) -> list[str]:
    """The module after each change, but for those that change nothing."""
    text = source.encode()
    return [apply(text, edit).decode() for edit in edits(text) if changes(text, edit)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", ["x = a <= b", "x = a >= b"]),
        ("x = a >= (b)", ["x = a > (b)", "x = a < (b)"]),
        ("x = a == b", ["x = a != b"]),
        ("x = a is  not b", ["x = a is b"]),
        ("x = a not in b", ["x = a in b"]),
        (
            "x = a < b <= c",
            ["x = a <= b <= c", "x = a >= b <= c", "x = a < b < c", "x = a < b > c"],
        ),
        ("x = a and b", ["x = ((a) or (b))", "x = ((b))", "x = ((a))"]),
        (
            "x = a or b or c",
            [
                "x = ((a) and (b) and (c))",
                "x = ((b) or (c))",
                "x = ((a) or (c))",
                "x = ((a) or (b))",
            ],
        ),
        ("x = not a", ["x = (a)"]),
        ("if a: b = 0.5", ["if True: b = 0.5", "if False: b = 0.5"]),
        ("while a: b = 0.5", ["while False: b = 0.5"]),
        ("x = a if b else c", ["x = a if True else c", "x = a if False else c"]),
        ("x = [a for a in b if c]", ["x = [a for a in b if True]", "x = [a for a in b if False]"]),
        ("x = 7", ["x = 8", "x = (6)"]),
        ("x = a + b", ["x = a - b"]),
        ("x = a - b", ["x = a + b"]),
        ("x += a", ["pass", "x -= a"]),
        ("def f(): return a", ["def f(): return None"]),
        ("def f() -> bool: return a", ["def f() -> bool: return not (a)"]),
        ("def f() -> bool: return True", ["def f() -> bool: return False"]),
        ("def f() -> int: return a", ["def f() -> int: return (a) + 1"]),
        ("def f() -> list[str]: return a", ["def f() -> list[str]: return []"]),
        ("def f(): return", ["def f(): pass"]),
        ("f(a)", ["pass"]),
        ("a.b = c", ["pass"]),
        ("a[b] = c", ["pass"]),
        ("del a[b]", ["pass"]),
        ("raise a", ["pass"]),
        ("for a in b: continue", ["for a in b: pass"]),
        ("for a in b: break", ["for a in b: pass"]),
        ("x = min(a, b)", ["x = max(a, b)"]),
        ("x = any(a)", ["x = all(a)"]),
        ("x = a[0]", ["x = a[-1]"]),
        ("x = a[-1]", ["x = a[0]"]),
        ("x = a[b:]", ["x = a[(b) + 1:]", "x = a[(b) - 1:]"]),
        ("x = Fault(f(0), f(0), 1)", ["x = Fault(f(0), f(0), 2)", "x = Fault(f(0), f(0), (0))"]),
    ],
)
def test_a_line_is_changed_in_these_ways(source: str, expected: list[str]) -> None:
    assert sorted(changed(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""Says 1 < 2."""',
        "x: Literal[1]",
        "def f(a: Literal[1]) -> Literal[2]: ...",
        "assert a < 1 and b",
        "x = f'{a[0] + 1}'",
        "def __repr__(self): return a[0]",
        "@rule(1)\ndef f(): ...",
        "def f() -> str: return ''",
        "if TYPE_CHECKING:\n    import a",
        "class A:\n    def __init__(self):\n        self.a = b",
    ],
)
def test_what_no_test_should_see_is_left_alone(source: str) -> None:
    assert changed(source) == []


def test_all_other_bytes_stay() -> None:
    source = "# «é»\nx = a  <  b  # ∧\ny = 'é' # 1\n".encode()
    assert [apply(source, edit) for edit in edits(source)] == [
        source.replace(b"<", b"<="),
        source.replace(b"<", b">="),
    ]


def test_each_place_has_its_function() -> None:
    source = b"class A:\n    def f(self):\n        def g():\n            x = 7\n\ny = 8\n"
    found = {(edit.line, edit.function) for edit in edits(source)}
    assert found == {(4, "A.f.g"), (6, "")}


MODULE = b"def f(a, b):\n    if a < b:\n        return a + 1\n    return b - 1\n"


def test_a_sample_depends_on_the_seed_alone() -> None:
    mutants = of_file("core", "a/f.py", MODULE)
    first = sample(mutants, 1, 5)
    assert sample(reversed(mutants), 1, 5) == first
    assert sample(mutants, 1, 3) == first[:3]
    assert sample(mutants, 2, 5) != first


def test_a_sample_stays_when_its_file_is_moved_and_grows() -> None:
    moved = of_file("core", "b/c/f.py", b"import os\n\n\n" + MODULE)
    names = [
        [(m.edit.function, m.old, m.edit.new) for m in sample(mutants, 1, 5)]
        for mutants in (of_file("core", "a/f.py", MODULE), moved)
    ]
    assert names[0] == names[1]


def test_the_files_are_there_and_have_something_to_change(root: Path) -> None:
    found = files(root)
    assert {"impl/paxos/core/acceptor.py", "impl/paxos/runtime/node.py"} <= set(found)
    assert set(found.values()) == {"core", "runtime", "judge 1", "judge 2"}
    mutants = everything(root)
    assert len(mutants) > 5000
    for mutant in sample(mutants, 3, 20):
        ast.parse(apply(mutant.source, mutant.edit))


# -- a toy, with one test that sees what the function does, and one that does not ---------------

TOY = b"""def top(a, b):
    if a > b:
        return a
    return b


def unseen(a):
    return a + 1
"""
SEES = "tests/test_toy.py::test_sees"
LOOKS_AWAY = "tests/test_toy.py::test_looks_away"
FAILS = "tests/test_toy.py::test_fails"
TESTS = """import signal
import time

from conformance import toy


def test_sees():
    assert (toy.top(2, 1), toy.top(1, 2)) == (2, 2)


def test_looks_away():
    toy.unseen(1)


def test_hangs():
    # Not even a limit on its time ends it.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    while toy.top(1, 2) != 2:
        time.sleep(0.01)


def test_is_stopped():
    if toy.top(1, 2) != 2:
        raise TookTooLong


class TookTooLong(BaseException):
    pass


def test_fails():
    assert toy is None


def test_fails_too():
    assert toy is None
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A tree with a module and its tests."""
    root = tmp_path / "toy"
    for name, text in {
        "conformance/__init__.py": "",
        "conformance/toy.py": TOY.decode(),
        "tests/__init__.py": "",
        "tests/test_toy.py": TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def mutant(old: str, new: str) -> Mutant:
    found = [
        m
        for m in of_file("core", "conformance/toy.py", TOY)
        if (m.old, m.edit.new)[:2] == (old, new)
    ]
    assert len(found) == 1
    return found[0]


def coverage(*tests: str) -> CoverageMap:
    lines = {str(line): list(tests) for line in range(1, 9)}
    return CoverageMap(seconds=dict.fromkeys(tests, 0.01), lines={"conformance/toy.py": lines})


def judged(toy: Path, mutants: list[Mutant], *tests: str) -> dict[str, tuple[str, str]]:
    campaign = Campaign(toy, 1, toy.parent / "out.jsonl", budgets_s={"core": 5}, minutes=1)
    campaign.run(mutants, coverage(*tests))
    by_rank = {mutant.rank(1): mutant for mutant in mutants}
    return {
        f"{by_rank[rank].old} {by_rank[rank].edit.new}": (result.status, result.test)
        for rank, result in read(campaign.out).items()
    }


def test_a_change_that_a_test_sees_is_killed_and_another_survives(toy: Path) -> None:
    before = {path: path.read_bytes() for path in toy.rglob("*.*")}
    mutants = [mutant(">", "<="), mutant(">", ">="), mutant("+", "-"), mutant("a > b", "True")]
    assert judged(toy, mutants, SEES, LOOKS_AWAY) == {
        "> <=": ("failed", SEES),
        "> >=": ("passed", ""),  # it is the same function
        "+ -": ("passed", ""),
        "a > b True": ("failed", SEES),
    }
    assert {path: path.read_bytes() for path in toy.rglob("*.*")} == before


def test_without_tests_everything_survives(toy: Path) -> None:
    assert judged(toy, [mutant(">", "<=")]) == {"> <=": ("passed", "")}


def test_a_change_that_makes_a_test_hang_is_killed(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.mutation.campaign.STARTED_S", 2.0)
    monkeypatch.setattr("tests.mutation.campaign.TEST_S", 1.0)
    hangs = "tests/test_toy.py::test_hangs"
    assert judged(toy, [mutant(">", "<=")], hangs) == {"> <=": ("timeout", "")}


def test_a_test_that_was_stopped_has_seen_it_by_its_time(toy: Path) -> None:
    stopped = "tests/test_toy.py::test_is_stopped"
    assert judged(toy, [mutant(">", "<=")], stopped) == {"> <=": ("timeout", stopped)}


def test_after_a_change_the_copy_is_as_before(toy: Path) -> None:
    request = Request([SEES], test_s=5, limit_s=20)
    with scratch(toy) as tree:
        assert tree.run_changed(mutant(">", "<="), request).status == "failed"
        assert tree.run(request).status == "passed"


def test_a_run_goes_on_where_it_stopped(toy: Path) -> None:
    out = toy.parent / "out.jsonl"
    mutants = [mutant(">", "<="), mutant("+", "-")]
    campaign = Campaign(toy, 1, out, budgets_s={"core": 5}, minutes=1)
    campaign.run(mutants[:1], coverage(SEES))
    out.write_text(out.read_text(encoding="utf-8") + '{"rank": "torn', encoding="utf-8")
    assert campaign.left(mutants) == mutants[1:]
    campaign.run(mutants, coverage(SEES))
    assert len(read(out)) == 2
    assert campaign.left(mutants) == []
    again = Campaign(toy, 1, out, budgets_s={"core": 5}, minutes=1, survivors=True)
    assert again.left(mutants) == mutants[1:]


def working_in(folder: Path) -> list[str]:
    """Processes whose current folder is in this one, or was."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(entry.joinpath("cwd").readlink()).startswith(str(folder)):
                found.append(entry.name)
    return found


STOPPED = """
import signal
from tests.mutation import test_mutation as t
from tests.mutation.campaign import Campaign
from pathlib import Path

signal.signal(signal.SIGTERM, signal.default_int_handler)
out = Path("{out}")
campaign = Campaign(Path("{toy}"), 1, out, budgets_s={{"core": 5}}, minutes=1)
campaign.run([t.mutant(">", "<=")], t.coverage("tests/test_toy.py::test_hangs"))
"""


def test_when_told_to_stop_it_leaves_no_copy_and_no_process(
    toy: Path, tmp_path: Path, root: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED.format(out=tmp_path / "out", toy=toy)],
        cwd=root,
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.DEVNULL,
    )
    until_s = time.monotonic() + 20
    while not list(temporary.glob("*/out")) and time.monotonic() < until_s:
        time.sleep(0.05)
    assert list(temporary.glob("*/out")), "a test runs"
    assert len(working_in(temporary)) == 2, "the server and its child"
    process.terminate()
    assert process.wait(10) != 0
    assert list(temporary.iterdir()) == []
    assert working_in(temporary) == []


def test_a_killer_that_always_fails_is_told(toy: Path) -> None:
    found = [
        Result("1", "", "core", "", 1, "failed", SEES, 1, 0.0),
        Result("2", "", "core", "", 1, "failed", FAILS, 1, 0.0),
    ]
    assert unsteady(toy, found) == [FAILS]
    found.append(Result("3", "", "core", "", 1, "failed", f"{FAILS}_too", 1, 0.0))
    assert unsteady(toy, found) == [FAILS, f"{FAILS}_too"]
    assert unsteady(toy, found[:1]) == []


def test_the_table_counts(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    for rank, status in (("1", "failed"), ("2", "passed"), ("3", "timeout"), ("2", "failed")):
        append(out, Result(rank, "", "core", "a.py", 1, status, "", 1, 0.0))
    append(out, Result("4", "", "judge 1", "b.py", 1, "passed", "", 1, 0.0))
    rows = [line.split() for line in table(read(out).values()).splitlines()]
    assert rows[1:] == [
        ["a.py", "3", "3", "1", "0", "100.0", "%"],
        ["all", "of", "core", "3", "3", "1", "0", "100.0", "%"],
        ["b.py", "1", "0", "0", "1", "0.0", "%"],
        ["all", "of", "judge", "1", "1", "0", "0", "1", "0.0", "%"],
        ["all", "4", "3", "1", "1", "75.0", "%"],
    ]


# -- which tests run a line ---------------------------------------------------------------------


def test_the_quickest_tests_of_a_line_are_taken() -> None:
    seconds = {"a.py::slow": 3.0, "b.py::quick": 0.1, "a.py::mid": 1.0, "c.py::long": 99.0}
    lines = {"5": ["a.py::slow", "a.py::mid"], "6": ["b.py::quick", "c.py::long"], "7": []}
    known = CoverageMap(seconds=seconds, lines={"x.py": lines})
    assert known.tests("x.py", 5, 10) == ["a.py::mid", "a.py::slow"]
    assert known.tests("x.py", 5, 2) == ["a.py::mid"]
    assert known.tests("x.py", 5, 0.5) == ["a.py::mid"]
    assert known.tests("x.py", 6, 200) == ["b.py::quick"]
    assert known.tests("x.py", 1, 10) == ["b.py::quick", "a.py::mid", "a.py::slow"]
    assert known.tests("y.py", 1, 0.5) == ["b.py::quick"]


def test_what_a_fixture_ran_in_the_first_case_counts_for_all() -> None:
    seconds = {"a.py::x[1]": 3.0, "a.py::x[2]": 0.1, "a.py::xy": 0.1, "b.py::x[3]": 0.1}
    known = CoverageMap(seconds=seconds, lines={"x.py": {"5": ["a.py::x[1]"]}})
    assert known.tests("x.py", 5, 10) == ["a.py::x[2]", "a.py::x[1]"]


def test_what_is_run_at_import_is_seen_by_whole_files() -> None:
    seconds = {"a.py::x": 3.0, "a.py::constant": 0.1, "b.py::y": 0.1}
    known = CoverageMap(seconds=seconds, lines={"x.py": {"5": ["a.py::x"]}})
    assert known.tests("x.py", 1, 10) == ["a.py::constant", "a.py::x"]


def test_what_a_changed_file_ran_is_forgotten() -> None:
    known = CoverageMap(seconds={"a.py::x": 1.0, "b.py::x": 1.0})
    known.lines = {"x.py": {"5": ["a.py::x", "b.py::x"]}}
    known.forget(["a.py"])
    known.learn({"seconds": {"a.py::y": 0.5}, "lines": {"x.py": {"5": [0], "6": [0]}}})
    assert known.tests("x.py", 5, 10) == ["a.py::y", "b.py::x"]
    assert known.tests("x.py", 6, 10) == ["a.py::y"]
    assert known.seconds == {"a.py::y": 0.5, "b.py::x": 1.0}
    known.forget(["b.py"])
    known.learn({"seconds": {"b.py::x": 1.0}, "lines": {}})
    assert known.tests("x.py", 5, 10) == ["a.py::y"], "it runs the line no more"


def test_each_test_is_known_by_the_lines_that_it_runs(root: Path, tmp_path: Path) -> None:
    """Only those that pass, and not what runs before any test."""
    out = tmp_path / "lines.json"
    other = tmp_path / "test_other.py"
    other.write_text("def test_fails():\n    assert False\n", encoding="utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.mutation.lines"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/core/test_phase1.py", str(other)],
        cwd=root,
        env={"PATH": "", OUT: str(out)},
        check=False,
        capture_output=True,
    )
    known = CoverageMap()
    known.learn(json.loads(out.read_text(encoding="utf-8")))
    assert {test.partition("::")[0] for test in known.seconds} == {"tests/core/test_phase1.py"}
    path = "impl/paxos/core/phase1.py"
    source = (root / path).read_text(encoding="utf-8").splitlines()
    skip = next(n for n, line in enumerate(source, 1) if "def skip(" in line)
    seen = set(known.lines[path])
    assert str(skip) not in seen or not known.lines[path][str(skip)]
    assert any(known.lines[path].get(str(line)) for line in range(skip, skip + 10))


def test_the_map_is_of_the_tests_that_are_there(root: Path) -> None:
    found = coverage_map.test_files(root)
    assert "tests/core/test_acceptor.py" in found
    assert all((root / name).is_file() for name in found)
