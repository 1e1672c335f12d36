"""Which tests see a change: those that run its line, the quickest first.

The map is kept in a file. When the product is the same, only test files that are new or changed are
run again for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.mutation.lines import OUT
from tests.mutation.targets import QUICK, QUICK_S
from tests.mutation.tree import Tree

PRODUCT = ("impl", "conformance", "spec")


@dataclass
class CoverageMap:
    """Of each test file, how long each test takes, and by file and line which tests run it."""

    key: str = ""
    digests: dict[str, str] = field(default_factory=dict)  # of test files
    seconds: dict[str, float] = field(default_factory=dict)  # of tests
    lines: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def tests(self, path: str, line: int, budget_s: float) -> list[str]:
        """The tests that run a line, and their other cases, which may share what a fixture ran in
        the first. For a line that runs when its module is imported, all tests of the files that
        run anything of it; or any at all. The quickest of them that take `budget_s` together, or
        just one."""
        of_file = self.lines.get(path, {})
        found = self._alike(of_file.get(str(line), ()), "[")
        if not found:
            of_any = {test for tests in of_file.values() for test in tests}
            found = self._alike(of_any, "::") or set(self.seconds)
        chosen: list[str] = []
        total_s = 0.0
        for test in sorted(found, key=lambda t: (self.seconds[t], t)):
            total_s += self.seconds[test]
            if self.seconds[test] > QUICK_S or (chosen and total_s > budget_s):
                break
            chosen.append(test)
        return self._by_file(chosen)

    def _alike(self, tests: Iterable[str], until: str) -> set[str]:
        """All tests whose names are the same as that of one of these, up to `until`."""
        names = {test.partition(until)[0] for test in tests}
        return {test for test in self.seconds if test.partition(until)[0] in names}

    def _by_file(self, tests: list[str]) -> list[str]:
        """Files one after another, since tests of one share fixtures; the quickest first."""
        files: dict[str, list[str]] = {}
        for test in tests:
            files.setdefault(test.partition("::")[0], []).append(test)
        ordered = sorted(files.values(), key=lambda of: sum(self.seconds[test] for test in of))
        return [test for of in ordered for test in of]

    def forget(self, files: Iterable[str]) -> None:
        """Forget what these test files run."""
        gone = {t for t in self.seconds if t.partition("::")[0] in set(files)}
        self.seconds = {t: s for t, s in self.seconds.items() if t not in gone}
        for of_file in self.lines.values():
            for line, tests in of_file.items():
                of_file[line] = [test for test in tests if test not in gone]

    def learn(self, found: dict[str, Any]) -> None:
        """Take up what the plugin of `lines.py` wrote."""
        names = list(found["seconds"])
        self.seconds.update(found["seconds"])
        for path, lines in found["lines"].items():
            of_file = self.lines.setdefault(path, {})
            for line, numbers in lines.items():
                of_file.setdefault(line, []).extend(names[number] for number in numbers)


def test_files(root: Path) -> dict[str, str]:
    """The digest of each test file that is looked at, by its path below the root."""
    paths = [path for place in QUICK for path in _below(root / place, "test_*.py")]
    return {path.relative_to(root).as_posix(): _digest([path]) for path in paths}


def _below(place: Path, pattern: str) -> list[Path]:
    return sorted(place.rglob(pattern)) if place.is_dir() else [place]


def _digest(paths: Iterable[Path]) -> str:
    total = sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def product_key(root: Path) -> str:
    """A digest of all that tests run, but for the test files themselves."""
    product = [path for folder in PRODUCT for path in sorted((root / folder).rglob("*.py"))]
    helpers = [
        path
        for path in sorted((root / "tests").rglob("*.py"))
        if not path.name.startswith("test_") and "mutation" not in path.parts
    ]
    return _digest([*product, *helpers])


def load(file: Path) -> CoverageMap:
    """The map that was kept; an empty one if there is none."""
    if not file.exists():
        return CoverageMap()
    return CoverageMap(**json.loads(file.read_text(encoding="utf-8")))


def renew(file: Path, root: Path, tree: Tree) -> CoverageMap:
    """The map, as the tree is now. Tests are run in `tree`, a copy of `root`."""
    known, now, key = load(file), test_files(root), product_key(root)
    if known.key != key:
        known = CoverageMap(key)
    changed = sorted(name for name in now if known.digests.get(name) != now[name])
    known.forget([*changed, *(name for name in known.digests if name not in now)])
    if changed:
        known.learn(_measure(tree, changed))
    known.digests = now
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(vars(known)), encoding="utf-8")
    return known


def _measure(tree: Tree, names: list[str]) -> dict[str, Any]:
    print(f"running {len(names)} test files to see which lines each test runs", file=sys.stderr)
    out = tree.copy / "lines.json"
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.mutation.lines", "--tb", "no"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--timeout", str(QUICK_S + 2), *names],
        cwd=tree.copy,
        env=tree.environment(**{OUT: str(out)}),
        stdout=subprocess.DEVNULL,
        check=False,
    )
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found
