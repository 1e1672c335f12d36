"""How far a run is, as `paxos run` shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos.config import Config
from paxos.errors import RunError
from paxos.runtime import progress
from paxos.runtime.cluster import ClusterOptions, _Run
from paxos.runtime.shutdown import Stop


def delivered(tmp_path: Path, stop: Stop) -> _Run:
    """A run of which all is delivered, and nothing compared yet."""
    values = tmp_path / "values"
    values.write_bytes(b"".join(b"%d\n" % n for n in range(1_000)))
    config = Config(learners=2, clients=1)
    made = _Run(config, stop, [values], 1_000, tmp_path, ClusterOptions())
    for output in made.outputs:
        output.write_bytes(values.read_bytes())
    return made


def test_comparing_outputs_is_shown_when_it_takes_long(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = delivered(tmp_path, Stop())
    assert made._compare() == []
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(progress, "COMPARING_S", 0.0)
    monkeypatch.setattr(progress, "OTHER_S", 0.0)
    assert made._compare() == []
    shown = capfd.readouterr().err.splitlines()
    # Both outputs for what is the same, the values, and one output for what it is made of.
    assert shown == ["comparing outputs, 0 MiB read"] * 4


def test_comparing_outputs_can_be_interrupted(tmp_path: Path) -> None:
    stop = Stop()
    made = delivered(tmp_path, stop)
    stop.request()
    with pytest.raises(RunError, match="interrupted while comparing outputs"):
        made._compare()
