"""No kind of event is forgotten where runs are drawn, or written for other tools."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from conformance.draw import export
from conformance.draw.rejection import label
from conformance.replay.run_folder import check_run
from conformance.trace.reader import open_run
from conformance.trace.schema import EVENTS
from tests.paths import TRACES

GOOD = sorted((TRACES / "good").iterdir())
CHANGE_NOTHING = {"Recover"}
"""Kinds of events after which the state is what it was."""


def test_every_kind_of_event_is_called_something_in_drawings() -> None:
    called = {event.action: label(event) for run in GOOD for _, _, _, event in open_run(run).rows()}
    assert set(called) == set(EVENTS)
    assert all(text.startswith(action) for action, text in called.items())


def test_every_kind_of_event_changes_the_state_that_is_written(tmp_path: Path) -> None:
    written = set()
    for run in GOOD:
        path = tmp_path / f"{run.name}.itf.json"
        export.itf(open_run(run), path, check_run(run))
        states = json.loads(path.read_text(encoding="utf-8"))["states"]
        for before, after in pairwise(states):
            action = after["action"].split()[0]
            changed = {name for name in before if name[0] != "#" and before[name] != after[name]}
            assert changed - {"action"} or action in CHANGE_NOTHING, (run.name, after["action"])
            written.add(action)
    assert written == set(EVENTS)


def test_where_each_instance_has_a_promise_the_states_have_them_by_instance(tmp_path: Path) -> None:
    run, path = open_run(TRACES / "good" / "promises_per_instance"), tmp_path / "run.itf.json"
    export.itf(run, path, check_run(run.directory))
    last = json.loads(path.read_text(encoding="utf-8"))["states"][-1]["promised"]["#map"]
    promised = {acceptor: {span: b["#tup"] for span, b in made["#map"]} for acceptor, made in last}
    assert any(len({tuple(b) for b in made.values()}) > 1 for made in promised.values()), promised
