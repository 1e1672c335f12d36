"""The specification's text is read as TLC's own parser reads it, and every rule has its place."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from conformance.paths import SPEC
from conformance.replay.checker import SPECS
from conformance.replay.citations import places
from conformance.tla import trace_spec
from conformance.tla.module import read
from conformance.tlc.toolchain import find_jar, find_java
from conformance.tlcjudge.shadow_state import KINDS

# Enough of TraceData for the parser.
DATA = """---- MODULE TraceData ----
""" + "".join(
    f"{name} == 1\n"
    for name in (
        *("Acceptors", "Learners", "TraceProposers", "TraceRounds", "TraceInstances", "Values"),
        *("Quorum1Size", "Quorum2Size"),
        *("TraceDirectLearning", "TracePrepareAhead", "TraceMaxBatch", "MaxBatches", "Batches"),
        *("TracePromiseScope", "PromiseLists"),
        *("Quorums", "Lists", "FirstChunk", "Weights", "Clients", "Overlaps", "Befores"),
        *("Clashes", "Laters", "Keeping", "TraceCheckpoints"),
        *("Borders", "Windows"),
    )
) + "====\n"  # fmt: skip

ACTION = 2  # SANY's level of a formula about two states


@pytest.mark.tlc
@pytest.mark.parametrize("name", ["TraceMultiPaxos", "TraceSynod"])
def test_conjuncts_are_where_the_parser_finds_them(name: str, tmp_path: Path) -> None:
    for path in SPEC.glob("*.tla"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "TraceData.tla").write_text(DATA)
    command = [str(find_java()), "-XX:+UseSerialGC", f"-Djava.io.tmpdir={tmp_path}"]
    command += ["-cp", str(find_jar()), "tla2sany.xml.XMLExporter", "-o", f"{name}.tla"]
    done = subprocess.run(
        command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=100
    )
    parsed = parse(done.stdout[done.stdout.index("<?xml") :])
    source = read(name)
    actions = [a.name for a in SPECS[name.removeprefix("Trace")].actions.values()]
    taken = [take for _, take, _ in trace_spec.takes(source)]
    for definition in (*actions, *taken):
        d = source.definitions[definition]
        found = [(c.line, source.is_action(c.text)) for c in d.conjuncts()]
        assert found == parsed[d.module, definition], definition


def parse(text: str) -> dict[tuple[str, str], list[tuple[int, bool]]]:
    """Of each definition of each module, its conjuncts: line, and whether they speak of the next
    state."""
    root = ElementTree.fromstring(text)
    conjunction = {
        entry.findtext("UID")
        for entry in root.iter("entry")
        if entry.findtext("BuiltInKind/uniquename") == "$ConjList"
    }
    result: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    for entry in root.iter("entry"):
        kind = entry.find("UserDefinedOpKind")
        if kind is None or (body := kind.find("body/*")) is None:
            continue
        called = body.findtext("operator/BuiltInKindRef/UID") if body.tag == "OpApplNode" else ""
        nodes = list(body.find("operands") or ()) if called in conjunction else [body]
        name = kind.findtext("location/filename") or "", kind.findtext("uniquename") or ""
        result[name] = [place(node) for node in nodes]
    return result


def place(node: ElementTree.Element) -> tuple[int, bool]:
    line = int(node.findtext("location/line/begin") or 0)
    return line, int(node.findtext("level") or 0) >= ACTION


def test_every_rule_has_its_place() -> None:
    for spec in SPECS.values():
        for action in (*spec.actions.values(), *spec.inner.values()):
            for guard in action.guards:
                assert places(spec.name, f"{action.name}.{guard.name}")
            for invariant in action.invariants:
                (place,) = places(spec.name, invariant.name)
                assert place.definition == invariant.name
        for life in spec.incarnations:
            assert places(spec.name, life.name)


def test_a_label_stands_once_in_its_action_and_on_guards_only() -> None:
    for name in ("TraceMultiPaxos", "TraceSynod"):
        source = read(name)
        for definition in source.definitions.values():
            labelled = [c for c in definition.conjuncts() if c.label]
            assert len({c.label for c in labelled}) == len(labelled), definition.name
            assert not any(source.is_action(c.text) for c in labelled), definition.name


def test_a_rule_without_a_label_in_the_specification_has_no_place() -> None:
    with pytest.raises(KeyError):
        places("MultiPaxos", "Phase2a.nonsense")


def test_every_guard_of_the_specification_has_a_rule() -> None:
    """A guard that the Python model does not know would be one that it does not ask about."""
    for spec in SPECS.values():
        known = {
            place
            for action in spec.actions.values()
            for guard in action.guards
            for place in places(spec.name, f"{action.name}.{guard.name}")
        }
        known |= {place for life in spec.incarnations for place in places(spec.name, life.name)}
        source = read(f"Trace{spec.name}")
        for _, take, _ in trace_spec.takes(source):
            if take in ("TakePromise", "TakeRepeat", "TakeKept", "TakeGiven"):
                continue  # their guards are those of Recover, or hold by how they are made
            for guard in trace_spec.guards(f"Trace{spec.name}", take):
                assert guard.conjunct in known, guard


def test_places_point_at_the_lines_that_they_quote() -> None:
    for name in ("TraceMultiPaxos", "TraceSynod"):
        for _, take, _ in trace_spec.takes(read(name)):
            for guard in trace_spec.guards(name, take):
                c = guard.conjunct
                line = (SPEC / f"{c.module}.tla").read_text().splitlines()[c.line - 1]
                begins = " ".join(line.split()).removeprefix("/\\ ").removeprefix(f"{c.label}:: ")
                assert c.text.startswith(begins), (c, line)


def test_kinds_of_rows_are_numbered_alike() -> None:
    definitions = read("TraceMultiPaxos").definitions
    for number, kind in enumerate(KINDS, 1):
        assert definitions[f"K{kind}"].body.strip() == str(number)
