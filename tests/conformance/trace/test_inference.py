"""Runs whose writers do not know everything: what is put in is legal if anything would be."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.replay.lateness import CLOCK_CHECK
from conformance.replay.report import explain
from conformance.replay.run_folder import check_run
from conformance.replay.verdict import Verdict
from conformance.trace import inference
from conformance.trace.reader import TraceError, open_run
from conformance.trace.schema import Omission
from tests.conformance.scenario import Scenario, rng
from tests.conformance.stripped import strip
from tests.oracle.judge import Judge, Run
from tests.oracle.mutants import mutant
from tests.oracle.runs import legal, write
from tests.paths import TRACES

OMISSIONS: tuple[str, ...] = get_args(Omission)
QUORUMS = ("Phase2a.quorum", "Decide.quorum", "Learn.quorum")
ACCEPTORS_ONLY = ("Broadcast", "Phase1a", "Phase2a", "Phase2a.quorum", "Decide.quorum")
GOOD = sorted(path.name for path in (TRACES / "good").iterdir())
SOME = [
    *combinations(OMISSIONS, 1),
    *combinations(OMISSIONS, 2),
    QUORUMS,
    ACCEPTORS_ONLY,
    OMISSIONS,
]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_run_conforms_whatever_it_omits(name: str, tmp_path: Path) -> None:
    for n, omits in enumerate(SOME):
        if name == "fifo" and "Broadcast" in omits:
            continue  # it is bad input
        run = strip(TRACES / "good" / name, tmp_path / str(n), omits)
        assert check_run(run).kind == "conforms", omits


@given(st.integers(0, 2**32), st.sets(st.sampled_from(OMISSIONS), min_size=1))
@settings(max_examples=40, deadline=None)
def test_a_legal_run_with_events_of_every_kind_does_too(seed: int, omits: set[str]) -> None:
    run = legal(seed, spec="Synod" if seed % 5 == 0 else "MultiPaxos")
    if run.constants.get("fifo"):
        omits = omits - {"Broadcast"}
    if omits:
        assert judged(run, omits)[0] is None


def judged(run: Run, omits: Any) -> tuple[int | None, Verdict]:
    """The number of the first event that is refused, and the verdict."""
    with TemporaryDirectory() as folder:
        whole = write(run, Path(folder) / "whole")
        verdict = check_run(strip(whole, Path(folder) / "stripped", omits))
    refused = verdict.violation is not None or CLOCK_CHECK in verdict.reason
    return (verdict.events + 1 if refused else None), verdict


def refused_with_any_quorum(run: Run) -> int | None:
    """The same by trial: each quorum that an event could name is put before the oracle."""
    judge = Judge(run)
    acceptors = sorted(run.cluster["acceptors"])
    majority = len(acceptors) // 2 + 1
    sizes = [run.constants.get(f"phase{phase}_quorum", majority) for phase in (1, 2)]
    quorums1, quorums2 = ([list(q) for q in combinations(acceptors, size)] for size in sizes)
    for number, line in enumerate(run.lines, 1):
        names = line["event"] in ("Phase2a", "Decide") or (
            line["event"] == "Learn" and run.constants["direct_learning"]
        )
        rest = {key: x for key, x in line.items() if key != "quorum" or not names}
        if line["event"] == "Learn" and not names:
            rest.pop("quorum", None)
        quorums = quorums1 if line["event"] == "Phase2a" else quorums2
        tried = ({**rest, "quorum": q} for q in quorums) if names else iter([rest])
        if all(judge.take(each) is not None for each in tried):
            return number
    return None


@given(st.integers(0, 2**32), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_an_event_is_legal_if_it_is_with_some_quorum(seed: int, which: int) -> None:
    run = mutant(legal(seed, 150), seed + which)
    assert judged(run, QUORUMS)[0] == refused_with_any_quorum(run)


def test_some_of_these_runs_are_refused_and_some_hang_on_the_quorum() -> None:
    """So that the comparison above is one."""
    runs = [mutant(legal(seed, 150), seed) for seed in range(60)]
    refused = [refused_with_any_quorum(run) for run in runs]
    assert 10 < sum(number is not None for number in refused) < 60
    chosen = {
        (len(run.cluster["acceptors"]), tuple(line["quorum"]))
        for run in runs
        for line in run.lines
        if line["event"] == "Phase2a"
    }
    assert len({quorum for _, quorum in chosen}) > 10


@pytest.mark.parametrize("omission", [name for name in OMISSIONS if "." in name])
def test_what_the_header_does_not_omit_must_be_there(omission: str, tmp_path: Path) -> None:
    """But for the quorum of a Learn, which no line needs."""
    run = strip(TRACES / "good" / "failover", tmp_path, [omission])
    for path in run.iterdir():
        path.write_text(path.read_text().replace(f'["{omission}"]', "[]"))
    if omission == "Learn.quorum":
        assert check_run(run).kind == "conforms"
        return
    event, _, field = omission.partition(".")
    words = rf'{event} has no {field}; .* write "omits":\["{omission}"\] .*\[Line.shape\]'
    with pytest.raises(TraceError, match=words):
        check_run(run)


def test_a_vote_says_its_batch_only_where_proposals_are_omitted(tmp_path: Path) -> None:
    run = strip(TRACES / "good" / "failover", tmp_path / "with", ["Phase2a", "Learn"])
    [path] = run.glob("acceptor-2*")
    path.write_text(path.read_text().replace(',"batch":[', ',"x_batch":[', 1))
    with pytest.raises(TraceError, match=r"Phase2b has no batch; .*\[Line.shape\]"):
        check_run(run)
    run = strip(TRACES / "good" / "failover", tmp_path / "without", ["Phase2a", "Learn"])
    for path in run.iterdir():
        path.write_text(path.read_text().replace('["Learn","Phase2a"]', '["Learn"]'))
    with pytest.raises(TraceError, match=r"Phase2b has a batch; .*\[Line.shape\]"):
        check_run(run)


@pytest.mark.parametrize(
    ("bad", "omits", "words"),
    [
        (
            "vote_below_promise",
            ["Learn", "Broadcast"],
            "Broadcast, Learn; this event does not rest",
        ),
        ("restart_without_a_vote", ["Learn"], "Learn; this event does not rest on it"),
        (
            "propose_the_lowest_vote",
            ["Learn", "Phase2a.quorum"],
            "quorums: no choice of these makes",
        ),
    ],
)
def test_a_report_says_whether_the_event_rests_on_what_was_put_in(
    bad: str, omits: list[str], words: str, tmp_path: Path
) -> None:
    verdict = check_run(strip(TRACES / "bad" / bad, tmp_path, omits))
    assert f"\n  inferred  {words}" in explain("run", verdict)


def test_files_of_one_run_omit_the_same(tmp_path: Path) -> None:
    run = strip(TRACES / "good" / "plain", tmp_path, ["Learn", "Broadcast"])
    [path] = run.glob("acceptor-1*")
    path.write_text(path.read_text().replace('["Broadcast","Learn"]', '["Learn","Broadcast"]'))
    assert check_run(run).kind == "conforms"
    path.write_text(path.read_text().replace('["Learn","Broadcast"]', '["Learn"]'))
    with pytest.raises(TraceError, match=r"omits differs.*\[File.one run\]"):
        check_run(run)


def test_more_votes_than_are_reasonable_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = strip(TRACES / "good" / "failover", tmp_path, ["Phase1b.votes"])
    monkeypatch.setattr(inference, "MOST_VOTES", 1)
    with pytest.raises(TraceError, match="more than 1 votes"):
        list(open_run(run).rows())


def test_promises_of_one_ballot_may_answer_several_requests(tmp_path: Path) -> None:
    """Each for one instance; an acceptor comes back with both promises in one range."""
    s = Scenario("both", promise_scope="instance")
    s.broadcast("1.1", rng("1.1", 1))
    s.ask((1, 1), 1)
    s.ask((1, 1), 2)
    s.recover("acceptor-1.2", promises=[[1, 2, [1, 1]]], votes=[])
    run = strip(s.write(tmp_path / "whole"), tmp_path / "stripped", ["Phase1a"])
    assert check_run(run).kind == "conforms"


def test_more_requests_than_are_reasonable_are_refused(tmp_path: Path) -> None:
    """Each instance was asked for by itself."""
    s = Scenario("many", promise_scope="instance")
    s.broadcast("1.1", rng("1.1", 1))
    s.add("acceptor-1.2", "Recover", promises=[[1, 2**62, [1, 1]]], votes=[])
    run = s.write(tmp_path / "whole")
    stripped = strip(run, tmp_path / "stripped", ["Phase1a"])
    with pytest.raises(TraceError, match="would answer more than 5000000 Phase1a that the trace"):
        list(open_run(stripped).rows())
    assert len([*open_run(strip(run, tmp_path / "other", ["Learn"])).rows()]) == 2


@pytest.mark.parametrize(
    ("name", "rule"),
    [("vote_below_promise", "Phase2b.promise"), ("promise_below_promise", "Phase1b.promise")],
)
def test_acceptors_alone_are_held_to_their_promises(name: str, rule: str, tmp_path: Path) -> None:
    run = strip(TRACES / "bad" / name, tmp_path, ACCEPTORS_ONLY, ("proposer", "client", "learner"))
    verdict = check_run(run)
    assert verdict.violation is not None
    assert verdict.violation.name == rule
