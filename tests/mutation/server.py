"""Runs tests, again and again, each time in a process forked from one that has imported pytest and
what else does not change.

As a program, in a copy of the tree: each line on standard input is a `Request` as JSON, and is
answered by a line on standard output, an `Answer`. It imports nothing of the tree.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import hypothesis.stateful  # noqa: F401
import jsonschema  # noqa: F401
import msgspec.json  # noqa: F401
import pytest
import yaml  # noqa: F401

OPTIONS = ("-q", "--no-header", "-p", "no:cacheprovider", "--tb", "short")
TOO_LONG = "TookTooLong"  # what a test that hangs raises, in the tests' conftest.py
SEEN = (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)  # by a test, by an import
POLL_S = 0.01


@dataclass(frozen=True)
class Request:
    """Run `tests`, in their order, until the first that fails or, without `stop`, all."""

    tests: list[str]
    test_s: float  # how long a test may take
    limit_s: float  # how long all may take
    stop: bool = True


@dataclass(frozen=True)
class Answer:
    """What became of them. `status`: "passed", "failed" (`failed` says which, or is empty if tests
    could not even be collected) or "timeout"."""

    status: str
    failed: list[str]
    seconds: float
    said: str  # the end of what pytest printed


class Watch:
    """A plugin of pytest: selects and orders tests, and notes which fail."""

    def __init__(self, tests: list[str]) -> None:
        self.failed: list[str] = []
        self.hung = False
        self._places = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = [item for item in items if item.nodeid in self._places]
        items[:] = sorted(wanted, key=lambda item: self._places[item.nodeid])

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
            self.hung = self.hung or TOO_LONG in report.longreprtext


def run(request: Request) -> Answer:
    """Run them in a child, and end what they leave behind."""
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out, result = Path(folder, "out"), Path(folder, "result")
        child = os.fork()
        if child == 0:
            try:
                _child(request, out, result)
            finally:
                os._exit(1)  # whatever happens, there is one server
        ended = False
        try:
            ended = _wait(child, began_s + request.limit_s)
        finally:
            if not ended:
                os.kill(child, signal.SIGKILL)  # it may not have made its group yet
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        if not ended:
            os.waitpid(child, 0)
        seconds = round(time.monotonic() - began_s, 2)
        said = out.read_text(encoding="utf-8", errors="replace")[-1500:] if out.exists() else ""
        if not ended:
            return Answer("timeout", [], seconds, said)
        if not result.exists():  # the interpreter itself ended
            return Answer("failed", [], seconds, said)
        status, failed = json.loads(result.read_text(encoding="utf-8"))
        return Answer(status, failed, seconds, said)


def _wait(child: int, until_s: float) -> bool:
    while time.monotonic() < until_s:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(POLL_S)
    return False


def _child(request: Request, out: Path, result: Path) -> None:
    """In a group of processes of its own, for all to be ended together."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    to = os.open(out, os.O_WRONLY | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (to, 1), (to, 2)):
        os.dup2(old, new)
    watch = Watch(request.tests)
    paths = list(dict.fromkeys(test.partition("::")[0] for test in request.tests))
    options = [*OPTIONS, "--timeout", str(request.test_s), *(["-x"] if request.stop else [])]
    code = pytest.main([*options, *paths], plugins=[watch])
    status = "failed" if code in SEEN else "passed"
    found = json.dumps(["timeout" if watch.hung else status, watch.failed])
    result.write_text(found, encoding="utf-8")
    sys.stdout.flush()


def main() -> None:
    """Answer until the input ends. When told to stop, what is under way is stopped too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for line in sys.stdin:
        answer = run(Request(**json.loads(line)))
        print(json.dumps(asdict(answer)), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
