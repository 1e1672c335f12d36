"""A schedule that cannot be run is refused in one line: which file, where in it, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.relay.schedule import (
    MAX_NODES,
    MAX_RULES,
    MAX_STEPS,
    Rule,
    Schedule,
    ScheduleError,
)
from conformance.relay.schedule_file import load
from tests.paths import ROOT

NODES = "nodes: {a-1: {run: prog}, a-2: {run: prog}, b: {}}\nmessages: {prepare: PREP}\n"
SCHEDULES = sorted((ROOT / "traces" / "schedules").glob("*.yaml"))


def loaded(folder: Path, text: str) -> Schedule:
    path = folder / "schedule.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_names_may_be_patterns_and_lists(tmp_path: Path) -> None:
    steps = "steps: [start: 'a-*', kill: [a-2, a-1], partition: [a-1, [a-2, b]], heal, heal: links]"
    schedule = loaded(tmp_path, NODES + steps)
    assert [step.names for step in schedule.steps[:2]] == [("a-1", "a-2"), ("a-2", "a-1")]
    assert schedule.steps[2].groups == (("a-1",), ("a-2", "b"))
    assert [step.words for step in schedule.steps[3:]] == ["heal", "heal: links"]
    assert schedule.nodes["a-1"].command == ("prog",)


def test_the_nodes_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "nodes.yaml").write_text(NODES + "protocol: udp\nseed: 7\n")
    (tmp_path / "faults.yaml").write_text("seed: 1\nlinks: [{message: prepare, loss: 0.5}]\n")
    schedule = load(tmp_path / "faults.yaml", tmp_path / "nodes.yaml")
    assert schedule.seed == 7 and schedule.links == (Rule(message="prepare", loss=0.5),)
    assert schedule.messages == {"prepare": b"PREP"}


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda path: path.stem)
def test_the_schedules_that_are_shipped_load(path: Path) -> None:
    schedule = load(path, ROOT / "tests" / "conformance" / "relay" / "nodes.yaml")
    assert schedule.steps and path.read_text().startswith("# ")


BAD = {
    "nothing": ("", "expected keys such as `nodes:`"),
    "a list": ("- start: a", "expected keys such as `nodes:`"),
    "not YAML": ("nodes: [", ":1: not YAML"),
    "a key twice": ("seed: 1\nseed: 2", ":2: not YAML: `seed` is given twice"),
    "an unknown key": (NODES + "step: []", "unknown field `step`"),
    "no nodes": ("nodes: {}", "nodes: there are none"),
    "a node's name": ("nodes: {'1a': {}}", "nodes"),
    "a reserved name": ("nodes: {bind: {}}", "choose another name"),
    "an empty command": ("nodes: {a: {run: ''}}", "nodes, a: `run` is empty"),
    "a quote": ('nodes: {a: {run: "it\'s"}}', "nodes, a: `run` is no command line"),
    "an address": ("nodes: {a: {bind: '10.0.0.1:7001'}}", "no address on the loopback"),
    "a port": ("nodes: {a: {bind: '127.0.0.1:70000'}}", "no address on the loopback"),
    "a chance": (NODES + "links: [{}, {loss: 2}]", "links, number 2, loss: Expected `float` <= 1"),
    "a delay": (NODES + "links: [{delay_ms: [9, 1]}]", "delay_ms is a number or [lowest, highest]"),
    "a long delay": (NODES + "links: [{delay_ms: 70000}]", "milliseconds from 0 to 60000"),
    "three delays": (NODES + "links: [{delay_ms: [1, 2, 3]}]", "[lowest, highest]"),
    "an unknown end": (NODES + "links: [{from: c}]", "no node is called 'c'; there is a-1, a-2, b"),
    "an unknown message": (NODES + "links: [{message: x}]", "`messages` has no 'x'"),
    "an empty message": ("nodes: {a: {}}\nmessages: {x: ''}", "messages, x: expected text"),
    "a rate of TCP": (NODES + "protocol: tcp\nlinks: [{loss: 1}]", "loss is for datagrams"),
    "a message of TCP": (NODES + "protocol: tcp\nlinks: [{message: prepare}]", "message is for"),
    "a protocol": (NODES + "protocol: sctp", "protocol: Invalid enum value 'sctp'"),
    "no step": (NODES + "steps: [restart: a-1]", "steps, number 1: 'restart' is no step"),
    "two in one": (NODES + "steps: [{start: a-1, kill: a-1}]", "number 1: expected one key"),
    "not ours": (NODES + "steps: [kill: b]", "number 1, kill: b has no `run`"),
    "nobody": (NODES + "steps: [heal, kill: c]", "number 2, kill: no node is called 'c'"),
    "one group": (NODES + "steps: [partition: [a-1]]", "length >= 2"),
    "in two groups": (NODES + "steps: [partition: ['a-*', a-1]]", "a-1 is in two of the groups"),
    "a cut of UDP": (NODES + "steps: [cut: {from: a-1}]", "only TCP has connections"),
    "a wait for two": (
        NODES + "steps: [wait: {seconds: 1, ended: a-1}]",
        "expected one of seconds",
    ),
    "a wait for nothing": (NODES + "steps: [wait: {}]", "expected one of seconds"),
    "a file alone": (NODES + "steps: [wait: {file: x}]", "`file` and `has` go together"),
    "a pattern": (NODES + "steps: [wait: {file: x, has: '['}]", "is no regular expression"),
    "a file elsewhere": (NODES + "steps: [wait: {file: /x, has: y}]", "a name in the run folder"),
    "a heal": (NODES + "steps: [heal: all]", "heal"),
    "many nodes": (
        "nodes: {" + ", ".join(f"n{k}: {{}}" for k in range(MAX_NODES + 1)) + "}",
        f"at most {MAX_NODES} are possible",
    ),
    "many rules": (
        NODES + "links:" + "\n - {loss: 1}" * (MAX_RULES + 1),
        f"at most {MAX_RULES} are possible",
    ),
    "many steps": (NODES + "steps:" + "\n - heal" * (MAX_STEPS + 1), f"at most {MAX_STEPS} are"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        loaded(tmp_path, text)
    said = str(caught.value)
    assert words in said and "\n" not in said
    assert said.startswith(str(tmp_path / "schedule.yaml"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match="cannot be read"):
        load(tmp_path / "none.yaml")
