"""The script of the pages, by the tools of its language: tests by Node, types, lint, and the HTML.

Node is enough for the tests; the rest is installed by `make page-tools`, and is part of no package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from conformance.cli.main import main
from conformance.trace.message_delays import delays_of
from tests.conformance.report.pages import page_of
from tests.paths import ROOT, TRACES

HERE = Path(__file__).parent
STATIC = ROOT / "conformance/report/static"
ALONE = ("optimised", "restart", "heard_before", "trim")
"""Runs in which values do not wait for one another, so that one measure of delays is the other."""


def node() -> str:
    found = shutil.which("node")
    if not found:
        pytest.skip("no Node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.strip("v\n").partition(".")[0]) < 18:
        pytest.skip("Node is older than 18")
    return found


def tool(package: str, program: str) -> list[str]:
    """What runs a tool that npm installed."""
    if not (path := HERE / "node_modules" / package / program).is_file():
        pytest.skip(f"{package} is not installed: make page-tools")
    return [node(), str(path)]


def passes(*command: str | Path, **environment: str) -> str:
    ended = subprocess.run(
        command, cwd=HERE, capture_output=True, text=True, check=False, timeout=100,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_the_functions_of_the_script(tmp_path: Path) -> None:
    for name in ALONE:
        folder = TRACES / "good" / name
        page = page_of(folder)
        ranges = [r for s in page.steps if s.kind == "Broadcast" for r in s.values]
        case = {
            "page": page,
            "values": [f"{client}:{first}" for client, first, _ in ranges],
            "delays": sorted(delays_of(folder).elements()),
        }
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(case))
    found = sorted((HERE / "script").glob("*.test.js"))
    assert len(found) >= 3
    said = passes(node(), "--test", "--test-reporter=tap", *found, PAGES=str(tmp_path))
    assert "# skipped 0" in said and "# pass 0" not in said


def test_the_types_of_the_script() -> None:
    passes(*tool("typescript", "bin/tsc"), "--project", HERE)


def test_the_script_is_lint_free() -> None:
    said = passes(*tool("@biomejs/biome", "bin/biome"), "lint", "--error-on-warnings", STATIC)
    assert f"Checked {len(list(STATIC.glob('*.js')))} files" in said


def test_the_library_is_what_npm_has() -> None:
    """Pinned with its hash in package-lock.json; what is shipped is that, with its licence."""
    package = HERE / "node_modules/cytoscape"
    if not package.is_dir():
        pytest.skip("cytoscape is not installed: make page-tools")
    shipped = ROOT / "conformance/report/vendored"
    for file in ("dist/cytoscape.min.js", "LICENSE"):
        assert (shipped / Path(file).name).read_bytes() == (package / file).read_bytes()


def test_the_html_is_valid(tmp_path: Path) -> None:
    check = tool("html-validate", "bin/html-validate.mjs")
    file = tmp_path / "page.html"
    main(["report", str(TRACES / "bad/decide_with_a_minority"), "--output", str(file)])
    passes(*check, "--config", HERE / ".htmlvalidate.json", file)
