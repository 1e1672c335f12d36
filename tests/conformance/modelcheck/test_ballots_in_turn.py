"""The models of three ballots take one ballot after another (spec/models/MCMultiPaxos.tla): which
states that leaves out, and what only three ballots with two instances show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest

from conformance.modelcheck.manifest import choose, load
from conformance.paths import MODELS, SPEC
from conformance.tla.value import parse
from conformance.tlc import runner
from conformance.tlc.output import read_values
from tests.conformance.modelcheck.by_hand import count

pytestmark = pytest.mark.timeout(400)  # TLC on a loaded machine

LIMITS = runner.Limits(200, heap_mb=512)
ACCEPTORS, VALUES = ("a1", "a2", "a3"), ("v1", "v2")
RENAMINGS = [
    dict(zip(ACCEPTORS + VALUES, new_acceptors + new_values, strict=True))
    for new_acceptors, new_values in product(permutations(ACCEPTORS), permutations(VALUES))
]


def config(name: str, ballots: int, instances: int, *lines: str) -> str:
    """The configuration of a model with other bounds, and with lines added."""
    text = (MODELS / f"{name}.cfg").read_text(encoding="utf-8")
    text = re.sub(r"Proposers = \d+", f"Proposers = {ballots}", text)
    text = re.sub(r"Instances = \d+", f"Instances = {instances}", text)
    return "\n".join([text.partition("PROPERTY")[0], *lines])


def check(folder: Path, text: str, *options: str) -> runner.Result:
    path = folder / "checked.cfg"
    path.write_text(text, encoding="utf-8")
    task = runner.Task(MODELS / "MCMultiPaxos.tla", path, [SPEC])
    return runner.run(task, LIMITS, runner.Manner(short=True, options=options))


def states(folder: Path, text: str) -> Iterator[dict[str, Any]]:
    """The distinct states of a model that holds, one for all that differ in names only."""
    result = check(folder, text, "-dump", str(folder / "states"))
    assert result.violation is None
    dumped = (folder / "states.dump").read_text(encoding="utf-8")
    found = re.split(r"^State \d+:\n", dumped, flags=re.MULTILINE)[1:]
    assert len(found) == result.distinct
    for values in map(read_values, found):
        yield {name: parse(value) for name, value in values.items()}


Fact = tuple[str | int, ...]


def proposals_and_votes(state: dict[str, Any]) -> set[Fact]:
    """Each 2a as its ballot, instance and value; each 2b as ballot, instance and acceptor."""
    facts: set[Fact] = set()
    for message in state["msgs"]:
        if message["type"] in ("2a", "2b"):
            what = message["acc"] if message["type"] == "2b" else message["batch"][0]
            facts.add((message["type"], message["bal"], message["inst"], what))
    return facts


def nameless(facts: set[Fact]) -> tuple[Fact, ...]:
    """The same for all states that differ in the names of acceptors and of values only."""
    return min(
        tuple(sorted((tuple(new.get(str(word), word) for word in fact) for fact in facts), key=str))
        for new in RENAMINGS
    )


@pytest.mark.tlc
@pytest.mark.parametrize(("ballots", "instances"), [(3, 1), (2, 2)])
def test_what_is_proposed_and_voted_for_is_the_same_in_any_order(
    tmp_path: Path, ballots: int, instances: int
) -> None:
    mixed = config("paxos-ballots-mixed", ballots, instances).replace("AnyBatch", "AnyValue")
    in_turn = config("paxos-3-ballots", ballots, instances)
    every = [nameless(proposals_and_votes(s)) for s in states(tmp_path, mixed)]
    fewer = [nameless(proposals_and_votes(s)) for s in states(tmp_path, in_turn)]
    assert len(fewer) < len(every)
    assert set(fewer) == set(every)
    assert len(fewer) == count(ballots, instances)


def test_three_ballots_have_as_many_states_as_are_counted_without_tlc() -> None:
    [model] = choose(load(), "all", ["paxos-3-ballots"])
    assert model.states == count(3, 2)


def test_ballots_in_turn_reach_the_same_states() -> None:
    for bounds in ("", "-log"):
        names = [f"paxos-ballots-mixed{bounds}", f"paxos-ballots-in-turn{bounds}"]
        mixed, in_turn = choose(load(), "all", names)
        assert (mixed.states, mixed.depth) == (in_turn.states, in_turn.depth)


@pytest.mark.tlc
@pytest.mark.parametrize("name", ["paxos-last-ballot", "paxos-last-votes"])
@pytest.mark.parametrize(("ballots", "instances"), [(2, 2), (3, 1)])
def test_what_needs_three_ballots_and_two_instances(
    tmp_path: Path, name: str, ballots: int, instances: int
) -> None:
    """The models fail (spec/models/manifest.yaml); with one ballot or one instance less they do
    not."""
    assert check(tmp_path, config(name, ballots, instances)).violation is None
