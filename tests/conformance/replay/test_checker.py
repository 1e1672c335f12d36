"""The checker as a library, what it says of what is missing, and how a verdict reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.paths import SPEC
from conformance.replay.checker import SPECS, Checker, Recorded
from conformance.replay.citations import meaning, places, signature
from conformance.replay.report import explain
from conformance.replay.run_folder import check_run
from conformance.trace.schema import Phase1a
from tests.conformance.good_runs import GOOD, failover, plain, restart
from tests.conformance.scenario import Scenario, rng

CONSTANTS = {"direct_learning": False, "prepare_ahead": False, "max_batch": 1}
CLUSTER = {"acceptors": [1, 2, 3], "proposers": [1, 2], "learners": [1], "clients": []}


def checker(**options: Any) -> Checker:
    return Checker(CONSTANTS, CLUSTER, **options)


def test_events_may_be_mappings_or_records() -> None:
    c = checker()
    assert c.feed("client-7.1", {"event": "Broadcast", "values": [rng("7.1", 1)]}) is None
    event = Phase1a(process="proposer-1.1", seq=1, hlc=5, ballot=(1, 1), first=1, last=1)
    assert c.feed("proposer-1.1", event) is None
    assert c.finish().kind == "conforms"
    assert c.finish().counts == {"Broadcast": 1, "Phase1a": 1}


def test_nothing_fed_is_no_evidence() -> None:
    assert checker().finish().kind == "unknown"


@pytest.mark.parametrize(
    ("process", "event"),
    [
        ("proposer-1.1", {"event": "Phase9"}),
        ("proposer-1.1", {}),
        ("proposer-1.1", {"event": "Phase1a", "ballot": [1, 1]}),
        ("proposer-1.1", {"event": "Phase2b", "ballot": [1, 1], "instance": 1}),
        ("proposer-9.1", {"event": "Phase1a", "ballot": [1, 9], "from": 1, "to": 1}),
        ("proposer", {"event": "Recover"}),
        ("king-1.1", {"event": "Recover"}),
        ("learner-1.x", {"event": "Recover"}),
    ],
)
def test_what_is_no_event_is_an_error(process: str, event: dict[str, Any]) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)):
        checker().feed(process, event)


def test_what_is_no_configuration_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        Checker({**CONSTANTS, "max_batch": 0}, CLUSTER)
    with pytest.raises(ValueError, match="Synod has no optimisations"):
        Checker({**CONSTANTS, "max_batch": 2}, CLUSTER, "Synod")
    with pytest.raises(ValueError, match=r"no such rule: Phase2b\.nonsense"):
        checker(disabled={"Phase2b.nonsense"})


def test_the_first_violation_stays_the_verdict() -> None:
    c = checker()
    vote = {"event": "Phase2b", "ballot": [1, 1], "instance": 1}
    first = c.feed("acceptor-1.1", vote)
    assert first is not None
    assert c.feed("acceptor-2.1", vote) is first
    assert c.finish().violation is first
    assert first.accepted == 0


def without(*present: str) -> Checker:
    """Of which only these processes have a trace."""
    return checker(recorded=Recorded(frozenset(present)))


def test_what_hangs_on_a_process_without_a_trace_is_unknown() -> None:
    vote = {"event": "Phase2b", "ballot": [1, 2], "instance": 1}
    c = without("acceptor-1.1", "proposer-1.1")
    assert c.feed("acceptor-1.1", vote) is None
    assert c.finish().kind == "unknown"
    assert "no trace file of proposer 2," in c.finish().reason
    c = without("acceptor-1.1", "proposer-2.2")  # its first life has no file
    c.feed("acceptor-1.1", vote)
    assert "no trace file of proposer-2.1," in c.finish().reason
    c = without("acceptor-1.1", "proposer-2.1", "proposer-2.2")
    assert c.feed("acceptor-1.1", vote) is not None
    c = without("acceptor-1.1")  # proposer 3 is not of the cluster: nobody's file is missing
    assert c.feed("acceptor-1.1", {**vote, "ballot": [1, 3]}) is not None


def test_a_file_that_nothing_hangs_on_may_be_missing(tmp_path: Path) -> None:
    folder = plain(1).write(tmp_path)
    (folder / "proposer-2.1.ndjson").unlink()
    (folder / "acceptor-2.1.ndjson").unlink(missing_ok=True)
    (folder / "learner-2.1.ndjson").unlink()
    assert check_run(folder).kind in ("conforms", "unknown")
    folder = failover().write(tmp_path / "failover")
    (folder / "learner-2.1.ndjson").unlink()
    assert check_run(folder).kind == "conforms"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_each_missing_file_is_unknown_or_nobody_misses_it(name: str, tmp_path: Path) -> None:
    folder = GOOD[name]().write(tmp_path)
    for path in sorted(folder.glob("*.ndjson")):
        whole = path.read_bytes()
        path.unlink()
        # That there was another life after the last one known leaves no trace but in its own file.
        process, _, life = path.stem.rpartition(".")
        is_last = not (folder / f"{process}.{int(life) + 1}.ndjson").exists()
        allowed = {"conforms", "unknown"} | ({"violation"} if is_last and life > "1" else set())
        assert check_run(folder).kind in allowed, path.name
        path.write_bytes(whole)


def test_a_recovered_vote_counts(tmp_path: Path) -> None:
    """The vote that only Recover shows was made durable before the crash; it is a vote."""
    s = restart()
    assert s.checker.finish().kind == "conforms"
    assert s.state.voters((1, 1), 2) == {1, 2}
    assert s.state.look(2).chosen


def test_a_learner_that_comes_back_starts_over() -> None:
    s = restart()
    assert s.state.learner("1.1").prefix == 1
    assert s.state.learner("1.2").prefix == 2


def test_a_violation_says_everything(tmp_path: Path) -> None:
    s = plain(1)
    s.lines[-1]["position"] = 7
    folder = s.write(tmp_path / "run")
    with (folder / "learner-2.1.ndjson").open("a") as f:
        f.write('{"torn')
    words = explain("run", check_run(folder))
    for part in (
        "violation of MultiPaxos",
        "Deliver by learner-2.1, at learner-2.1.ndjson:5, clock 17000000000002",
        "Deliver(l, i) of MultiPaxos.tla",
        "guard Deliver.position",
        "expected  position 2",
        "found     position 7",
        "accepted  the 23 events before it",
        "last events of learner-2.1",
        "learner-2.1.ndjson:4",
        "the last line of learner-2.1 is torn",
    ):
        assert part in words, words


def test_a_report_is_short_whatever_the_event() -> None:
    s = Scenario("long", max_batch=1)
    ranges = [rng("1.1", k) for k in range(1, 500)]
    s.broadcast("1.1", *ranges)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, *ranges)
    words = explain("long", s.checker.finish())
    assert all(len(line) < 300 for line in words.splitlines())


@pytest.mark.parametrize("name", sorted(SPECS))
def test_what_is_said_of_a_rule_stands_in_the_specification(name: str) -> None:
    folder = " ".join(" ".join(path.read_text().split()) for path in SPEC.glob("*.tla"))
    for action in SPECS[name].actions.values():
        assert f"{signature(name, action.name)} == " in folder
        for guard in action.guards:
            place = places(name, f"{action.name}.{guard.name}")[0]
            assert f"{place.label}:: {place.text}" in folder
            assert " ".join(" ".join(meaning(name, place)).split()) in folder


def test_a_rule_is_quoted_with_what_its_operator_means() -> None:
    (place, _) = places("MultiPaxos", "Phase2a.gap")
    assert place.text == "batch = NoOp => Reached(i)"
    assert meaning("MultiPaxos", place) == [], "it is no call alone"
    (place,) = places("MultiPaxos", "Phase2a.highest")
    assert meaning("MultiPaxos", place)[:2] == [
        "Proposable(batch, b, i, Q) ==",
        "    LET reported == Reported(Q, b, i)",
    ]
