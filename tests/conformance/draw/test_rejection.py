"""What `conformance explain` draws and writes, and what `--coverage` counts."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.main import main
from conformance.draw.rejection import MOST_DRAWN, label, neighbourhood
from conformance.draw.spacetime import Lane, Shown, draw, lanes
from conformance.relay.schedule import STEPS, Rule
from conformance.replay import run_folder
from conformance.replay.advice import ADVICE
from conformance.replay.checker import SPECS
from conformance.replay.coverage import BRANCHES, Coverage
from conformance.replay.run_folder import check_run
from conformance.replay.verdict import Verdict
from conformance.trace.causality import Causes
from conformance.trace.line import header_of
from conformance.trace.reader import Run, open_run
from tests.conformance.good_runs import failover, heard_before, plain, promises_per_instance
from tests.conformance.scenario import Scenario, rng
from tests.paths import TRACES

BAD = TRACES / "bad" / "vote_below_promise"


def test_a_run_is_replayed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replayed, replay = [], run_folder.replay

    def counted(run: Run, *others: Any) -> Verdict:
        replayed.append(run.directory)
        return replay(run, *others)

    monkeypatch.setattr(run_folder, "replay", counted)
    assert main(["explain", str(BAD), "-o", str(tmp_path)]) == 1
    assert replayed == [BAD]


def test_a_rejected_run_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shiviz, itf = tmp_path / "run.log", tmp_path / "run.itf.json"
    command = ["explain", str(BAD), "-o", str(tmp_path), "--shiviz", str(shiviz), "--itf", str(itf)]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert re.search(r"spec/MultiPaxos\.tla:\d+: MayVote\(a, b, i\)", out)
    picture = (tmp_path / "explained.svg").read_text()
    ElementTree.fromstring(picture)
    assert (tmp_path / "explained.png").read_bytes().startswith(b"\x89PNG")
    check_shiviz(shiviz.read_text(), events=9)
    states = json.loads(itf.read_text())["states"]
    assert len(states) == 1 + 8  # the initial one, and one after each accepted event
    assert states[0]["msgs"] == {"#set": []}
    assert ["acceptor-3", {"#tup": [2, 2]}] in states[-1]["promised"]["#map"]
    assert states[3]["action"].startswith("Phase1a")


def check_shiviz(text: str, events: int) -> None:
    """As ShiViz reads it: the expression of the first line, and clocks that make sense."""
    expression, _, rest = text.partition("\n\n")
    python = expression.replace("(?<", "(?P<")
    found = list(re.finditer(python, rest))
    assert len(found) == events
    latest: dict[str, dict[str, int]] = {}
    for match in found:
        clock, before = json.loads(match["clock"]), latest.get(match["host"], {})
        assert clock[match["host"]] == before.get(match["host"], 0) + 1
        assert all(clock.get(name, 0) >= n for name, n in before.items())
        assert all(n <= latest[name][name] for name, n in clock.items() if name != match["host"])
        latest[match["host"]] = clock


def test_the_same_run_is_the_same_drawing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["explain", str(BAD), "-o", str(tmp_path / name)]) == 1
    one, two = (tmp_path / name / "explained.svg" for name in ("one", "two"))
    assert one.read_text() == two.read_text()


def test_a_run_that_conforms_is_drawn_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(TRACES / "good" / "failover"), "-o", str(tmp_path)]) == 0
    assert "conforms" in capsys.readouterr().out
    assert (tmp_path / "explained.svg").exists()


def test_a_run_without_events_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = TRACES / "bad" / "lost_all_events"
    assert main(["explain", str(empty), "-o", str(tmp_path / "out")]) == 2
    assert main(["explain", str(tmp_path / "nowhere")]) == 2
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["explain", str(BAD), "-o", str(tmp_path / "file")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_without_matplotlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["explain", str(BAD), "-o", str(tmp_path)]) == 2
    assert "matplotlib" in capsys.readouterr().err


def test_only_what_matters_is_drawn(tmp_path: Path) -> None:
    run = open_run(plain(50).write(tmp_path))
    events = check_run(tmp_path).events
    shown = neighbourhood(run, events)
    assert len(shown) <= MOST_DRAWN
    assert shown[-1].number == events
    numbers = {s.number for s in shown}
    assert any(cause in numbers for s in shown for cause, _ in s.causes)
    assert lanes(shown)[0].role == "client"
    assert all(s.text for s in shown)


def test_causes_are_events_that_were_before() -> None:
    s, causes, events = failover(), Causes(), []
    for line in s.numbered():
        process = line.pop("process")
        event = s.checker._decode(process, {**line, "process": process})
        events.append(event)
        for cause in causes.of(event):
            assert events[cause.event - 1].process != process or cause.message == "2a"
    assert causes.count == len(events)
    assert label(events[0]).startswith("Broadcast 1.1:1 +1")


@pytest.mark.parametrize("direct", [True, False])
def test_a_batch_is_learned_from_what_was_counted(direct: bool) -> None:
    """From the votes of a quorum, or from the Decide of a leader, which counted them."""
    s = Scenario("learned", direct_learning=direct, prepare_ahead=True)
    s.broadcast("1.1", rng("1.1", 1))
    s.prepare((1, 1), 1)
    s.settle((1, 1), 1, rng("1.1", 1), learners=("1.1",))
    causes, found, events = Causes(), {}, s.numbered()
    for line in events:
        event = s.checker._decode(line["process"], line)
        found[line["event"]] = [(cause.message, cause.event) for cause in causes.of(event)]
    sent = [(line["event"], number) for number, line in enumerate(events, 1)]
    votes = [("2b", number) for event, number in sent if event == "Phase2b"]
    decides = [("Decide", number) for event, number in sent if event == "Decide"]
    assert (len(votes), len(decides)) == (2, int(not direct))
    assert found["Learn"] == (votes if direct else decides)
    assert found.get("Decide", votes) == votes


def counted(*scenarios: Scenario) -> Coverage:
    coverage = Coverage()
    for s in scenarios:
        header: Any = s.header("client-1.1")
        checker = coverage.checker(header_of(json.dumps(header).encode()))
        for line in s.lines:
            assert checker.feed(line["process"], dict(line)) is None
    return coverage


def test_coverage_counts_what_was_exercised() -> None:
    coverage = counted(failover())
    taken, missing = coverage.branches["MultiPaxos"], coverage.missing("MultiPaxos")
    assert taken["Phase2a.gap: the no-op fills a gap"] == 1
    assert taken["Phase2b.proposed: a vote in place of an older one"] == 2
    assert taken["Deliver.values: duplicates dropped"] == 2
    assert "Recover: the action" in missing
    assert any(line.startswith("Decide.voted: decided before") for line in missing)
    assert "Phase2a.gap: the no-op fills a gap" not in missing
    assert "never     Recover: the action\n            `kill` an acceptor" in coverage.report()


def test_coverage_tells_a_vote_heard_before_from_the_highest_of_the_quorum() -> None:
    name = "Phase2a.highest: a vote heard before"
    assert counted(heard_before()).branches["MultiPaxos"][name] == 1
    coverage = counted(failover(), promises_per_instance())
    assert coverage.branches["MultiPaxos"]["Phase2a.highest: a batch voted for"] > 0
    assert coverage.branches["MultiPaxos"][name] == 0


def test_coverage_over_a_set_of_runs() -> None:
    """What one run did not exercise, another may."""
    s = Scenario("again", prepare_ahead=True)
    a = rng("1.1", 1)
    s.broadcast("1.1", a)
    s.prepare((1, 1), 1, 4)
    s.settle((1, 1), 1, a)
    s.decide(2, (1, 1), 1)
    s.recover("acceptor-1.2", promised=[1, 1], votes=s.votes_of(1, 1, 4))
    coverage = counted(failover(), s)
    missing = coverage.missing("MultiPaxos")
    assert "Recover: the action" not in missing
    assert not [line for line in missing if line.startswith("Decide.voted: decided before")]
    assert coverage.branches["MultiPaxos"]["Decide.voted: in a ballot of another"] == 1


def test_there_is_advice_on_everything_that_may_be_missing() -> None:
    """In words that a schedule of the relay has."""
    names = {name for spec in SPECS for name in SPECS[spec].actions}
    names |= {branch.name for branches in BRANCHES.values() for branch in branches}
    assert set(ADVICE) == names
    for words in ADVICE.values():
        for code in re.findall("`([a-z_]+)", words):
            assert code in {*STEPS, *Rule.__struct_fields__}, words


def test_a_rejected_event_counts_for_nothing() -> None:
    coverage = Coverage()
    verdict = check_run(BAD, None, coverage.checker)
    assert sum(coverage.actions["MultiPaxos"].values()) == verdict.events


def test_every_branch_is_of_a_guard_that_exists() -> None:
    for spec, branches in BRANCHES.items():
        for branch in branches:
            action, _, guard = branch.rule.partition(".")
            assert guard in {g.name for g in SPECS[spec].actions[action].guards}, branch


ONE_WAY = {
    "it compares with one thing": {
        *("Broadcast.own", "Phase1a.owner", "Phase2a.owner", "Learn.batch", "Deliver.next"),
        *("Deliver.position", "Recover.promise", "Phase1a.new", "Phase2a.new"),
        *("TakeSnapshot.place", "Checkpoint.place", "SendSnapshot.place", "InstallSnapshot.newer"),
    },
    "it compares the lengths of two lists": {"Recover.one vote"},
    "it asks whether something is there, or that nothing is": {
        *("Phase2a.once", "Phase2a.promises", "Decide.indirect", "Deliver.learned"),
        *("Broadcast.turn", "InstallSnapshot.sent", "Checkpoint.taken"),
        *(f"{action}Snapshot.keeps" for action in ("Take", "Send", "Install")),
        "Restart.keeps",
    },
    "there is one instance and one value, and learning is by Decide": {
        *("Phase1a.instance", "Phase1b.instance", "Phase2a.instance", "Phase2b.instance"),
        *("Decide.instance", "Learn.instance", "Phase1a.wanted", "Phase1b.asked", "Phase2a.value"),
        *("Learn.quorum", "Learn.once", "Learn.decided", "Recover.trimmed"),
    },
}
"""Guards that can be true in one way only, and why; the last of them are of a Synod."""


@pytest.mark.parametrize("spec", SPECS)
def test_every_guard_has_branches_or_is_true_in_one_way(spec: str) -> None:
    guards = {f"{a.name}.{g.name}" for a in SPECS[spec].actions.values() for g in a.guards}
    *shared, of_synod = ONE_WAY.values()
    one_way = set().union(*shared, of_synod if spec == "Synod" else ())
    branches = {branch.rule for branch in BRANCHES[spec]}
    assert guards - branches == one_way & guards
    assert set().union(*shared) <= guards or spec == "Synod"


def test_small_and_large_quorums_are_told_apart() -> None:
    s = Scenario("large", direct_learning=True)
    a = rng("1.1", 1)
    s.broadcast("1.1", a)
    s.prepare((1, 1), 1, q=(1, 2, 3))
    s.settle((1, 1), 1, a, q=(1, 2, 3), learners=("1.1",))
    s.learn("2.1", (1, 1), 1, q=(1, 3))
    taken = counted(s).branches["MultiPaxos"]
    assert taken["Phase2a.quorum: a larger quorum"] == 1
    assert taken["Phase2a.quorum: a least quorum"] == 0
    assert taken["Learn.quorum: a larger quorum"] == 1
    assert taken["Learn.quorum: a least quorum"] == 1
    assert taken["Phase2b.trimmed: it has trimmed nothing"] == 3
    assert taken["Phase1b.range: one instance"] == 3


def test_coverage_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(path) for path in sorted(TRACES.glob("good/*"))]
    assert main(["check", "-q", "--coverage", *runs]) == 0
    out = capsys.readouterr().out
    assert "coverage of MultiPaxos: 15 of 15 actions" in out
    assert "coverage of Synod: 7 of 8 actions" in out


def test_the_rejected_label_is_within_the_drawing_in_whatever_lane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib import pyplot

    drawn: list[Any] = []
    monkeypatch.setattr(pyplot, "close", drawn.append)
    acceptor, proposer = Lane("acceptor", 1, 1), Lane("proposer", 2, 1)
    for lane in (acceptor, proposer):
        text = "Phase2a (12, 2) in 123456: 12.1:1..99 +3"
        events = [Shown(1, acceptor, "Phase1b"), Shown(2, proposer, "Phase1a")]
        draw([*events, Shown(3, lane, text, ())], [tmp_path / "x.png"], title="x", rejected=3)
    monkeypatch.undo()
    for figure in drawn:
        (axes,) = figure.axes
        assert all(x.get_window_extent().x1 <= figure.bbox.x1 for x in axes.texts)
        pyplot.close(figure)
