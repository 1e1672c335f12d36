"""A copy of the tree, in which a file is changed and tests are run. The tree is only read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.mutation import server
from tests.mutation.operators import apply
from tests.mutation.sample import Mutant
from tests.mutation.server import Answer, Request
from tests.mutation.targets import QUICK

PROFILE = "mutants"  # of hypothesis, in the tests' conftest.py
UNWANTED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "runs")
LATER_NS = 10**9  # a changed file is that much younger: what is compiled of it is never confused
FOLDERS = ("impl", "conformance", "tests", "spec", "traces", "docs")


class Tree:
    """A copy, and a server of tests in it."""

    def __init__(self, root: Path, copy: Path) -> None:
        self.copy = copy
        for folder in FOLDERS:
            if (root / folder).is_dir():
                shutil.copytree(root / folder, copy / folder, ignore=UNWANTED)
        for path in root.iterdir():
            if path.is_file() and path.name != ".git":
                shutil.copy2(path, copy)
        self._changed_ns = 0
        self._server: subprocess.Popen[str] | None = None

    def environment(self, **more: str) -> dict[str, str]:
        """Of processes that must import the copy, not the tree."""
        paths = os.pathsep.join([str(self.copy / "impl"), str(self.copy)])
        return {**os.environ, "PYTHONPATH": paths, "HYPOTHESIS_PROFILE": PROFILE, **more}

    def run(self, request: Request) -> Answer:
        """Run tests in the copy as it is. Raises `RuntimeError` if the server is gone."""
        process = self._server = self._server or self._start()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(asdict(request)) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the server of tests has ended")
        return Answer(**json.loads(line))

    def run_changed(self, mutant: Mutant, request: Request) -> Answer:
        """Run tests with the change in the copy."""
        self._write(mutant.path, apply(mutant.source, mutant.edit))
        try:
            return self.run(request)
        finally:
            self._write(mutant.path, mutant.source)

    def _write(self, path: str, source: bytes) -> None:
        file = self.copy / path
        self._changed_ns = max(self._changed_ns, file.stat().st_mtime_ns) + LATER_NS
        file.write_bytes(source)
        os.utime(file, ns=(self._changed_ns, self._changed_ns))

    def warm(self) -> None:
        """Compile the copy once, so that only what is changed is compiled again for each change."""
        command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"]
        subprocess.run(
            [*command, *(place for place in QUICK if (self.copy / place).exists())],
            cwd=self.copy,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            check=False,
        )

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", server.__file__],
            cwd=self.copy,
            env=self.environment(PYTHONDONTWRITEBYTECODE="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.terminate()
            self._server.communicate()


@contextmanager
def scratch(root: Path) -> Iterator[Tree]:
    """A copy that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Tree(root, Path(folder))
        try:
            yield tree
        finally:
            tree.close()
