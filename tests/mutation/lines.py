"""Which lines of the product each test runs, and how long the test takes.

As a plugin of pytest (`-p tests.mutation.lines`), it writes them to the file that the variable
`LINES_OUT` names, for the files of `targets.py`. The lines are noted by the package coverage.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.mutation.targets import files

OUT = "LINES_OUT"


class Lines:
    """Notes lines while each test of a session runs. Tests that fail or are skipped see nothing."""

    def __init__(self, root: Path, out: Path) -> None:
        self.root = root
        self.out = out
        self.seconds: dict[str, float] = {}  # of each test that passed
        self._passed: set[str] = set()
        paths = [str(root / name) for name in files(root)]
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, include=paths, messages=False
        )

    @pytest.hookimpl
    def pytest_sessionstart(self) -> None:
        self._coverage.start()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        began_s = time.monotonic()
        self._coverage.switch_context(item.nodeid)
        yield
        if item.nodeid in self._passed:
            self.seconds[item.nodeid] = round(time.monotonic() - began_s, 3)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        elif report.failed:
            self._passed.discard(report.nodeid)

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        numbers = {test: number for number, test in enumerate(self.seconds)}
        lines = {
            Path(name).relative_to(self.root).as_posix(): {
                str(line): sorted(numbers[test] for test in contexts if test in numbers)
                for line, contexts in data.contexts_by_lineno(name).items()
            }
            for name in data.measured_files()
        }
        known = {"seconds": self.seconds, "lines": lines}
        self.out.write_text(json.dumps(known), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Called by pytest when this is a plugin of it."""
    if OUT in os.environ:
        config.pluginmanager.register(Lines(config.rootpath, Path(os.environ[OUT])), "lines")
