"""The two judges agree: TLC and the Python model give the same verdict on every trace, refuse the
same event, and name the same conjunct or invariant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.cli.agreement import agree, words
from conformance.paths import SPEC
from conformance.replay.citations import places
from conformance.replay.run_folder import check_run
from conformance.replay.verdict import Verdict
from conformance.tla.trace_spec import variables
from conformance.tlcjudge.survey import survey
from conformance.tlcjudge.validator import TlcVerdict, Validator
from conformance.trace.reader import Run, TraceError, open_run
from tests.conformance.bad_runs import BAD
from tests.conformance.good_runs import GOOD, failover, plain, restart, trim
from tests.conformance.replay.test_corruption import corrupt
from tests.conformance.rules import test_invariants as astray
from tests.conformance.scenario import Scenario, rng, write_run
from tests.conformance.walk import legal_run
from tests.paths import TRACES

pytestmark = pytest.mark.tlc

EXPECTED = yaml.safe_load((TRACES / "bad" / "expected.yaml").read_text())
EXAMPLES = sorted(TRACES.glob("good/*")) + [
    TRACES / "bad" / name
    for name, expected in EXPECTED.items()
    if expected["verdict"] != "error" and expected.get("missing") != "no events"
]


def all_by_tlc(runs: list[Run], **options: Any) -> list[TlcVerdict]:
    return Validator(**options).judge([survey(run) for run in runs])


@pytest.fixture(scope="module")
def examples() -> dict[Path, tuple[Verdict, TlcVerdict]]:
    judged = all_by_tlc([open_run(path) for path in EXAMPLES])
    return {p: (check_run(p), r) for p, r in zip(EXAMPLES, judged, strict=True)}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_on_the_examples(path: Path, examples: dict[Path, tuple[Verdict, TlcVerdict]]) -> None:
    verdict, by_tlc = examples[path]
    assert agree(verdict, by_tlc), words(verdict, by_tlc)
    rejection = by_tlc.rejection
    assert (rejection is None) == (path.parent.name == "good")
    if verdict.violation is not None:
        assert rejection is not None
        assert rejection.kind == "guard"
        assert verdict.violation.kind != "invariant"
        assert rejection.false[0] in places(verdict.violation.spec, verdict.violation.name)
        assert set(rejection.state) == set(variables(f"Trace{verdict.violation.spec}")), "all of it"


@pytest.mark.parametrize("window", [1, 4, 9])
def test_where_each_instance_has_a_promise_a_cut_changes_nothing(window: int) -> None:
    """What was promised of an instance is in the border, with what else concerns it."""
    paths = [
        TRACES / "good" / "promises_per_instance",
        TRACES / "bad" / "restart_and_promise_below_the_promise_of_an_instance",
        TRACES / "bad" / "restart_without_the_promise_of_an_instance",
        TRACES / "bad" / "promise_below_the_vote_of_the_instance",
    ]
    cut = all_by_tlc([open_run(path) for path in paths], window=window)
    for path, by_tlc in zip(paths, cut, strict=True):
        assert by_tlc.windows > 1
        assert agree(check_run(path), by_tlc), words(check_run(path), by_tlc)


@pytest.mark.parametrize("window", [2, 5])
def test_where_learners_keep_checkpoints_a_cut_changes_nothing(window: int) -> None:
    """Snapshots, who gave which, and which clients have begun are in the border. What a learner
    skips after a restart may be gone."""
    names = (
        *("restart_with_the_checkpoint_before", "restart_without_the_table_of_clients"),
        *("restart_and_deliver_on_from_where_it_was", "install_a_snapshot_over_a_newer_state"),
        *("install_a_snapshot_without_the_turns_of_clients", "trim_what_was_only_delivered"),
        *("deliver_what_is_left_of_a_client_that_is_over_after_a_restart", "checkpoint_twice"),
    )
    good = (TRACES / "good" / name for name in ("checkpoints", "damaged_checkpoints"))
    paths = [*good, *(TRACES / "bad" / name for name in names)]
    cut = all_by_tlc([open_run(path) for path in paths], window=window)
    for path, by_tlc in zip(paths, cut, strict=True):
        assert by_tlc.windows > 1
        assert agree(check_run(path), by_tlc), words(check_run(path), by_tlc)


def test_there_are_enough_examples() -> None:
    assert len(BAD) >= 30
    refused = {name for name in EXPECTED if EXPECTED[name]["verdict"] == "violation"}
    assert refused | {"vote_at_the_clock_of_its_proposal"} >= set(BAD)  # that one hangs on a clock


def test_report_says_what_is_false_where_and_in_which_state(
    examples: dict[Path, tuple[Verdict, TlcVerdict]],
) -> None:
    text = words(*examples[TRACES / "bad" / "vote_below_promise"])
    assert "refuses event 9" in text
    assert "MayVote(a, b, i)" in text
    assert "guard spec/MultiPaxos.tla:" in text
    assert "promised = <<1, 1, 4>>" in text
    assert "1 is (1, 1), 4 is (2, 2)" in text
    assert "takes all" in words(*examples[TRACES / "good" / "plain"])
    text = words(*examples[TRACES / "bad" / "promise_below_promise"])
    assert "promised = <<4, 1, 0>>" in text
    assert "where ballot 1 is (1, 1), 4 is (2, 2)" in text, "0 is none"
    messages = words(*examples[TRACES / "bad" / "learn_undecided"]).splitlines()
    assert "              2b bal |-> 1, inst |-> 1, acc |-> 1" in messages, "its type first"
    assert "              1b from |-> 1, to |-> 1, votes |-> {}, bal |-> 1, acc |-> 2" in messages


@given(
    seeds=st.lists(st.integers(0, 2**32), min_size=40, max_size=40),
    direct=st.booleans(),
    ahead=st.booleans(),
    most=st.integers(1, 3),
)
@settings(max_examples=2, suppress_health_check=list(HealthCheck))
def test_on_corrupted_runs(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int], direct: bool, ahead: bool, most: int
) -> None:
    """Many at once, since each run of TLC takes seconds: none, one or two things wrong in each."""
    folder, runs = tmp_path_factory.mktemp("corrupted"), []
    constants = {"direct_learning": direct, "prepare_ahead": ahead, "max_batch": most}
    for k, seed in enumerate(seeds):
        draw = Random(seed)
        scenario = legal_run(seed, 250, instances=4, **constants)
        lines = scenario.numbered()
        for _ in range(draw.choice([0, 1, 1, 2]) if lines else 0):
            corrupt(draw, lines)
        write_run(folder / str(k), scenario, lines)
        try:
            check_run(folder / str(k))
        except TraceError:
            continue  # so damaged that it is no trace: there is nothing to judge
        run = open_run(folder / str(k))
        if run.header is not None and lines:
            runs.append(run)
    for run, by_tlc in zip(runs, all_by_tlc(runs), strict=True):
        verdict = check_run(run.directory)
        v = verdict.violation
        assert agree(verdict, by_tlc), (run.directory, v, words(verdict, by_tlc))
        if v is not None and by_tlc.rejection is not None:
            assert by_tlc.rejection.false[0] in places(v.spec, v.name), (v, by_tlc.rejection.false)


# Clauses of the specification that are gone, and the rules of the Python model that go with them.
GONE = {
    "MultiPaxos.tla": [
        "    /\\ once:: Unused(b, i)\n",
        "    /\\ highest:: Proposable(batch, b, i, Q)\n",
        "    /\\ promise:: MayPromise(a, b, from, to)\n",
        "    /\\ decided:: MayLearn(b, i, Q)\n",
        "    /\\ next:: IsNext(l, i)\n",
        "    /\\ delivered:: MayForget(i)\n",
    ],
    "TraceMultiPaxos.tla": ["    /\\ batch:: batch \\in Batch\n"],
}
DISABLED = {
    *("Phase2a.once", "Phase2a.broadcast", "Phase2a.gap", "Phase2a.highest", "Phase2a.batch"),
    *("Phase1b.promise", "Learn.decided", "Deliver.next", "Trim.delivered"),
}
TURN = "InTurn(v, S) == Before(v) \\subseteq S"
ASTRAY = [
    ("Agreement", astray.two_chosen),
    ("Integrity", astray.unbroadcast),
    ("TotalOrder", astray.other_order),
    ("OneBatchPerBallot", astray.two_proposals),
    ("VotesBelowPromise", astray.low_promise),
    ("LearnedFromOneBallot", astray.one_vote),
    ("TrimmedIsOver", astray.trims_early),
    ("FIFO", astray.early),
    ("TypeOK", astray.big_batch),
]


def test_each_invariant_is_named_by_both(tmp_path: Path) -> None:
    """Only a specification with clauses missing allows a trace to violate an invariant."""
    weak = tmp_path / "spec"
    shutil.copytree(SPEC, weak, ignore=shutil.ignore_patterns("models"))
    for name, clauses in GONE.items():
        text = (weak / name).read_text()
        for clause in clauses:
            assert text.count(clause) >= 1, clause
            text = text.replace(clause, "    /\\ TRUE\n")
        (weak / name).write_text(text)
    batches = weak / "Batches.tla"
    assert batches.read_text().count(TURN) == 1
    batches.write_text(batches.read_text().replace(TURN, "InTurn(v, S) == TRUE"))
    runs, names = [], []
    for name, make in ASTRAY:
        disabled = {*DISABLED, *(["Deliver.values"] if name == "FIFO" else [])}
        s = Scenario(
            "astray", disabled=disabled, prepare_ahead=True, max_batch=2, fifo=name == "FIFO"
        )
        make(s)
        assert s.violation is not None
        assert s.violation.name == name
        names.append((name, s.violation.accepted + 1))
        runs.append(open_run(s.write(tmp_path / name)))
    for (name, event), by_tlc in zip(names, all_by_tlc(runs, spec=weak), strict=True):
        rejection = by_tlc.rejection
        assert rejection is not None, name
        assert (rejection.kind, rejection.event) == ("invariant", event), (name, rejection)
        assert name in [c.definition for c in rejection.false]
        assert rejection.state


def test_in_windows(tmp_path: Path) -> None:
    """A window starts where the one before it ends, without what is over, and TLC confirms it."""
    runs, many = [], []
    scenarios = {"plain": plain(9), "failover": failover(), "restart": restart(), "trim": trim()}
    for name, scenario in scenarios.items():
        runs.append(open_run(scenario.write(tmp_path / name)))
        many.append(round(len(scenario.lines) / 11))
        lines = scenario.numbered()
        last = max(k for k, line in enumerate(lines) if "instance" in line)
        lines[last]["instance"] = 1  # of which only this event speaks now
        write_run(tmp_path / f"bad-{name}", scenario, lines)
        runs.append(open_run(tmp_path / f"bad-{name}"))
    judged = all_by_tlc(runs, window=11)
    for good, bad, windows in zip(judged[::2], judged[1::2], many, strict=True):
        assert good.rejection is None
        assert good.windows == windows > 1
        assert bad.rejection is not None
        assert agree(check_run(bad.survey.run.directory), bad)


def test_a_border_that_is_wrong_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the checker is mistaken about the state between windows, TLC says so."""
    from conformance.tlc import errors
    from conformance.tlcjudge.shadow_state import Mirror

    monkeypatch.setattr(Mirror, "promise", lambda *_: None)
    original = Mirror.phase2b

    def forgetful(self: Mirror, a: int, b: int, i: int) -> None:
        original(self, a, b, i)
        self.part(i).vote.pop(a, None)

    monkeypatch.setattr(Mirror, "phase2b", forgetful)
    run = open_run(failover().write(tmp_path))
    with pytest.raises(errors.TlcError, match="not judged"):
        all_by_tlc([run], window=11)


def test_batches_of_many_ranges_and_large_numbers(tmp_path: Path) -> None:
    from tests.conformance.scenario import rng

    s = Scenario("large", prepare_ahead=True, direct_learning=True, max_batch=2000)
    ranges = [rng("1.1", k) for k in range(1, 1001)]
    s.broadcast("1.1", *ranges)
    b = (2**40, 1)
    s.prepare(b, 10**12, 10**12 + 3)
    s.propose(b, 10**12, *ranges)
    for a in (1, 2):
        s.vote(a, b, 10**12)
    s.learn("1.1", b, 10**12)
    run = open_run(s.write(tmp_path / "good"))
    s.deliver("1.1", 10**12, values=ranges)
    bad = open_run(s.write(tmp_path / "bad"))
    good_verdict, bad_verdict = all_by_tlc([run, bad])
    assert good_verdict.rejection is None
    assert bad_verdict.rejection is not None
    assert bad_verdict.rejection.false[0].text == "IsNext(l, i)"


def test_a_batch_with_two_ranges_that_overlap_is_no_batch(tmp_path: Path) -> None:
    """Nor is it one for TLC, to which ranges are numbers. Those that only touch are all right."""
    runs = []
    for name, second in (("overlap", rng("1.1", 2)), ("touch", rng("1.1", 3))):
        s = Scenario(name, prepare_ahead=True, max_batch=4)
        s.broadcast("1.1", rng("1.1", 1, 2), rng("1.1", 3))
        s.prepare((1, 1), 1)
        s.propose((1, 1), 1, rng("1.1", 1, 2), second)
        runs.append(open_run(s.write(tmp_path / name)))
    overlap, touch = all_by_tlc(runs)
    violation = check_run(runs[0].directory).violation
    assert violation is not None and overlap.rejection is not None
    assert violation.name == "Phase2a.batch"
    assert overlap.rejection.false[0] in places("MultiPaxos", violation.name)
    assert check_run(runs[1].directory).kind == "conforms" and touch.rejection is None


def test_nothing_to_judge() -> None:
    with pytest.raises(ValueError, match="no events"):
        run = open_run(TRACES / "bad" / "lost_all_events")
        assert run.header is not None
        all_by_tlc([run])


def test_good_runs_are_all_there() -> None:
    assert {p.name for p in TRACES.glob("good/*")} == set(GOOD)
    assert json.dumps(sorted(EXPECTED))
