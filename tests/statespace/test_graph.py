"""The specification, the checker's rules and the roles of the core are one and the same transition
system, as far as tiny constants go."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from conformance.paths import MODELS
from conformance.replay.checker import SPECS
from conformance.statespace import explore
from conformance.statespace.explore import Drift, model_graph
from conformance.statespace.graph import Bounds, Graph, GraphError, differences
from conformance.statespace.printed_graph import read_edges
from conformance.tla.comments import strip_comments
from conformance.tla.value import NotAValue, parse
from paxos.core.acceptor import Acceptor
from paxos.core.messages import Vote
from paxos.core.proposer import Proposer
from paxos.core.role import Role
from tests.simulation import bugs
from tests.statespace import __main__ as table
from tests.statespace import cast
from tests.statespace.cast import Cast
from tests.statespace.drive import ONCE, OfGraph
from tests.statespace.drive_snapshots import DriverOfAll
from tests.statespace.rows import (
    COMPARED,
    CONTESTED,
    DRAWN,
    LEFT,
    TINY,
    Row,
    compare,
    compare_and_drive,
    drive_contest,
    of_rules,
    replay_and_drive,
)
from tests.statespace.walk import Wrong


@pytest.mark.tlc
@pytest.mark.parametrize("name", TINY)
def test_specification_rules_and_roles_are_the_same_graph(name: str) -> None:
    row = compare_and_drive(name, TINY[name])
    assert row.differences == []
    assert not row.unexplained
    assert row.states > 100
    assert dict(row.left) == LEFT.get(name, {})
    assert row.refusals > 0


@pytest.mark.tlc
@pytest.mark.parametrize("name", COMPARED)
def test_specification_and_rules_are_the_same_graph_where_there_are_no_roles(name: str) -> None:
    row, theirs = compare(name, COMPARED[name])
    assert row.differences == []
    assert row.states > 100
    if COMPARED[name].scope == "instance":
        assert any(held[0] > held[1] > 0 for state in theirs.states for held in state.promised)
        assert any(held[1] > held[0] > 0 for state in theirs.states for held in state.promised)


@pytest.mark.tlc
@pytest.mark.parametrize("name", DRAWN)
def test_behaviours_of_larger_models_are_behaviours_of_the_rules_and_the_roles(name: str) -> None:
    row = replay_and_drive(name, DRAWN[name], number=5, depth=60)
    assert row.differences == []
    assert not row.unexplained
    assert row.transitions == 5 * 59


def test_leaders_that_contest_an_instance() -> None:
    driver = drive_contest()
    assert driver.left() == {}
    assert len(driver.executed) >= len(CONTESTED)


@pytest.mark.parametrize(
    ("spec", "graph"), [("MultiPaxos", "MCGraphMultiPaxos"), ("Synod", "MCGraphSynod")]
)
def test_the_graph_module_takes_the_steps_of_next(spec: str, graph: str) -> None:
    def definition(path: Path, name: str) -> str:
        text = strip_comments(path.read_text(encoding="utf-8"))
        body = re.search(rf"^{name} ==(.*?)^\S", text, re.MULTILINE | re.DOTALL)
        assert body is not None
        return " ".join(body[1].split())

    taken = definition(MODELS / f"{graph}.tla", "GraphNext")
    steps = re.findall(r" /\\ Take\(<<\"(\w+)\", ([^<>]*)>>\)", taken)
    plain = re.sub(r" /\\ Take\(<<[^<>]*>>\)", "", taken)
    assert plain == definition(MODELS.parent / f"{spec}.tla", "Next")
    for action, parameters in steps:
        assert f"{action}({parameters})" in plain


def graphs(spec: str, *first: str) -> Iterator[tuple[Bounds, Graph]]:
    """Those of a specification, made when they are wanted, roughly the smallest first."""
    for name in (*first, "ahead-batch", "all", "direct", "direct-batch", "direct-ahead", *TINY):
        if TINY[name].spec == spec:
            yield TINY[name], of_rules(TINY[name])


INVISIBLE = {
    # They show after a restart only; tests/simulation has those.
    bugs.LosesItsPromise,
    bugs.LosesItsVotes,
    # Here a client broadcasts one value.
    bugs.ReusesSequenceNumbers,
    # Here there is one learner.
    bugs.TrimsTooEarly,
}


@pytest.mark.parametrize(
    "bug",
    [bug for bug in bugs.BUGS if bug.make not in INVISIBLE],
    ids=lambda bug: bug.make.__name__,
)
def test_a_planted_bug_is_found(bug: bugs.Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cast, bug.role.capitalize(), bug.make)
    try:
        drive_contest()
        for bounds, graph in graphs("MultiPaxos"):
            driver = DriverOfAll(Cast(bounds), OfGraph(graph))
            for node, steps in enumerate(graph.steps):
                driver.drive(node, steps)
    except (Wrong, KeyError, ValueError):
        return
    raise AssertionError("no graph shows it")


class LeavesGaps(Proposer):
    """It proposes no no-op."""

    def _propose(self, *args: Any) -> None:
        if args[3]:
            super()._propose(*args)


class AnswersTheFirstInstance(Acceptor):
    """It keeps the rest of its answer to itself."""

    def _reports(self, first: int, last: int) -> Iterator[tuple[int, int, list[Vote]]]:
        return super()._reports(first, first)


@pytest.mark.parametrize(
    ("name", "action", "role"),
    [("plain", "Phase2a", LeavesGaps), ("direct-ahead", "Phase1b", AnswersTheFirstInstance)],
)
def test_a_role_that_takes_fewer_steps_is_seen(
    name: str, action: str, role: type[Role], monkeypatch: pytest.MonkeyPatch
) -> None:
    def left() -> Counter[tuple[str, str]]:
        graph = of_rules(TINY[name])
        driver = DriverOfAll(Cast(TINY[name]), OfGraph(graph))
        for node, steps in enumerate(graph.steps):
            driver.drive(node, steps)
        return Counter((label[0], why) for (_, label), why in driver.left().items())

    assert left() == LEFT[name]
    (real,) = role.__bases__
    monkeypatch.setattr(cast, real.__name__, role)
    assert {lost for lost, _ in left() - Counter(LEFT[name])} == {action}


GUARDS = [
    (spec.name, f"{action.name}.{guard.name}")
    for spec in SPECS.values()
    for action in (*spec.actions.values(), *spec.inner.values())
    for guard in action.guards
    # Here a process always comes back with all it had: traces/bad has what is wrong otherwise.
    if action.name != "Recover"
    and not guard.contract
    # Without a Phase1a of another instance nothing else can be of one.
    and (guard.name != "instance" or action.name == "Phase1a")
]


@pytest.mark.parametrize(("spec", "rule"), GUARDS)
def test_a_guard_left_out_is_drift(spec: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = SPECS[spec].without(frozenset({rule}))
    # Ranges take two instances and Phase 1 ahead.
    first: tuple[str, ...] = ("direct-ahead",) if rule.endswith(".range") else ()
    if "Snapshot" in rule or "Checkpoint" in rule or rule.startswith(("Restart", "RecoverI")):
        first = ("checkpoint", "checkpoint-beside", "checkpoint-given")
    undriven = ((b, of_rules(b)) for b in COMPARED.values() if b.spec == spec)
    for bounds, graph in chain(graphs(spec, *first), undriven):
        try:
            with monkeypatch.context() as patched:
                patched.setattr(explore, "SPECS", {spec: without})
                changed = model_graph(bounds, expected=graph)
        except (Drift, AssertionError, LookupError):
            return
        if any(differences(changed, graph, "changed", "unchanged")):
            return
    raise AssertionError("no graph shows it")


@pytest.mark.tlc
def test_the_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What `make graph` prints, at the smallest graph."""
    monkeypatch.setattr(table, "LARGE", {"ahead-batch": TINY["ahead-batch"]})
    monkeypatch.setattr(table, "DRAWN", {})
    assert table.main() == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1][:5] == ["ahead-batch", "334", "4,002", "yes", "4,002"]
    assert lines[-1] == ["all", "4,002", "4,002", "100.0", "%"]


def test_what_was_not_driven_is_no_driven_step() -> None:
    row = Row("some", Bounds(), steps=Counter(Trim=4), left=Counter({("Trim", ONCE): 1}))
    row.unexplained["Trim"] = 2
    lines = [line.split() for line in table.by_action([row])]
    assert ["Trim", "4", "1", "25.0", "%"] in lines
    assert lines[-1] == ["all", "4", "1", "25.0", "%"]


def test_values_as_tlc_prints_them() -> None:
    text = '<<1, {}, "a b", {v1, <<>>}, (a1 :> TRUE @@ a2 :> -2), [x |-> 1, y |-> {2}]>>'
    one, none, string, some, function, record = parse(text)
    assert (one, none, string, some) == (1, frozenset(), "a b", {"v1", ()})
    assert function == {"a1": True, "a2": -2}
    assert record == {"x": 1, "y": {2}}
    assert hash(record) == hash(parse("[y |-> {2}, x |-> 1]"))
    for wrong in ("<<1, 2", "{1} 2", "[x 1]", "<<,>>", "", "?"):
        with pytest.raises(NotAValue):
            parse(wrong)


def test_what_is_no_graph_is_said() -> None:
    bounds = Bounds()
    for lines in (["nonsense"], ['<<0, 1, <<"Fly", 1>>, "=>", <<<<"wings", 2>>>>>>']):
        with pytest.raises(GraphError, match=r"not a step|wings"):
            read_edges(bounds, iter(lines))
