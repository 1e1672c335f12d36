"""Fields that a writer adds for itself are kept and shown, and no judge looks at them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.main import main
from conformance.replay.run_folder import check_run
from conformance.trace.line import event_of, header_of, twice
from conformance.trace.reader import TraceError, open_run
from conformance.trace.schema import fields
from conformance.trace.show import shown
from tests.conformance.good_runs import GOOD, plain

EVENT = {
    **{"event": "Phase2b", "process": "acceptor-1.1", "seq": 1, "hlc": 9},
    **{"ballot": [1, 1], "instance": 1},
}
OWN: dict[str, Any] = {"x_why": {"a:b": [None, 1.5, "c:d"]}, "x_": -1, "x_n": 2**64 - 1}


def line(*parts: dict[str, Any]) -> bytes:
    return json.dumps({k: v for part in parts for k, v in part.items()}).encode()


def test_they_are_kept_and_the_rest_is_the_event_without_them() -> None:
    plain_event, event = event_of(line(EVENT)), event_of(line(OWN, EVENT))
    assert event == plain_event
    assert event.extra == OWN
    assert plain_event.extra == {}
    assert fields(event) == {"event": "Phase2b", "ballot": (1, 1), "instance": 1, **OWN}
    assert shown(event).startswith('Phase2b ballot=[1,1] instance=1 x_why={"a:b":[null,1.5,')


def test_a_header_may_have_them_too(tmp_path: Path) -> None:
    header = plain(1).header("acceptor-1.1")
    assert header_of(line(header, OWN)).extra == OWN
    assert header_of(line(header, OWN)) == header_of(line(header))


def rewrite(run: Path, change: Any) -> None:
    """Change each line of the run, as a dictionary."""
    for path in run.glob("*.ndjson"):
        lines = map(json.loads, path.read_text().splitlines())
        path.write_text("".join(json.dumps(change(x)) + "\n" for x in lines))


@pytest.mark.parametrize("name", GOOD)
def test_a_run_is_judged_as_without_them(name: str, tmp_path: Path) -> None:
    run = GOOD[name]().write(tmp_path)
    before = check_run(run)
    rewrite(run, lambda x: {**x, **OWN})
    assert check_run(run) == before
    header = open_run(run).header
    assert header is not None and header.extra == OWN
    assert all(row[3].extra == OWN for row in open_run(run).rows())


@pytest.mark.tlc
def test_the_other_judge_does_not_see_them_either(tmp_path: Path) -> None:
    run = GOOD["optimised"]().write(tmp_path)
    rewrite(run, lambda x: {**x, **OWN})
    assert main(["check", "--tlc", str(run)]) == 0


def test_a_rejection_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    s = plain(1)
    s.lines[-1]["values"] = []
    s.lines[-1]["x_thread"] = "main\x1b"
    assert main(["check", str(s.write(tmp_path))]) == 1
    assert 'values=[] x_thread="main\\u001b"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"instance": 1', b'"instance": 1, "instance": 1', "instance"),
        (b'"x_a": 1', b'"x_a": 1, "x_a": 1', "x_a"),
        (b'"x_a": 1', b'"x_a": {"b": 1, "b": 2}', "b"),
    ],
)
def test_no_key_is_twice_beside_them_or_in_them(
    old: bytes, new: bytes, words: str, tmp_path: Path
) -> None:
    s = plain(1)
    for event in s.lines:
        event["x_a"] = 1
    path = s.write(tmp_path) / "acceptor-1.1.ndjson"
    text = (
        path.read_bytes().replace(b'"x_a":1', b'"x_a": 1').replace(b'"instance":', b'"instance": ')
    )
    assert old in text
    path.write_bytes(text.replace(old, new, 1))
    assert twice(next(x for x in path.read_bytes().splitlines() if new in x)) == words
    with pytest.raises(TraceError, match="twice"):
        check_run(tmp_path)


@pytest.mark.parametrize("name", ["x", "X_a", "extra", "y_x_", " x_"])
def test_any_other_field_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="unknown field"):
        event_of(line(EVENT, {name: 1}))
    with pytest.raises(ValueError, match="unknown field"):
        event_of(line(EVENT, {name: 1, "x_a": 1}))
