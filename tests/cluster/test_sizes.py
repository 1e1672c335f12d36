"""Values as large as a datagram allows, and one byte larger."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos import config as configuration
from paxos.config import Config
from tests.cluster.processes import conformance, run

pytestmark = pytest.mark.multicast

SMALL = Config(datagram_bytes=600)
LARGEST = SMALL.settings().packed_value_bytes


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(configuration.dump(SMALL), encoding="utf-8")
    return path


@pytest.mark.parametrize("switch", ["--batching", "--no-batching"])
def test_values_that_exactly_fill_a_datagram(tmp_path: Path, config: Path, switch: str) -> None:
    """Alone in its packet, and as the sum of several."""
    half = LARGEST // 2 - 1
    lines = [b"a" * LARGEST, b"b" * half, b"c" * (LARGEST - 2 - half), b"", b"d" * LARGEST]
    (tmp_path / "values").write_bytes(b"\n".join(lines))
    options = ["--config", config, "--values", tmp_path / "values", switch]
    ended = run("run", *options, "--run-dir", tmp_path / "r")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "r" / "learner-1.out").read_bytes().split(b"\n")[:-1] == lines
    conformance(tmp_path / "r")


def test_one_byte_more_is_refused_in_one_line(tmp_path: Path, config: Path) -> None:
    (tmp_path / "values").write_bytes(b"small\n" + b"x" * (LARGEST + 1) + b"\n")
    options = ["--config", config, "--values", tmp_path / "values"]
    limit = ["--max-value-bytes", LARGEST]
    ended = run("run", *options, *limit, "--run-dir", tmp_path / "r")
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert f"line 2: a value of {LARGEST + 1} bytes is too large" in line
    assert not (tmp_path / "r").exists()
