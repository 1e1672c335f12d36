"""What is made of the answers: who leads, who is behind, who is missing."""

from __future__ import annotations

from typing import Any

from paxos.core.ballot import NO_BALLOT, Ballot
from paxos.core.names import Member, ProcessName
from paxos.runtime.asking import Told
from paxos.runtime.questions import Answer
from paxos.runtime.standings import Row, report, table

EVERYBODY = [Member("acceptor", 1), Member("proposer", 1), Member("learner", 1)]
EVERYBODY += [Member("client", 1), Member("learner", 2), Member("proposer", 2)]


def told(name: str, **fields: Any) -> Told:
    given: dict[str, Any] = dict.fromkeys(Answer.__struct_fields__, 0)
    given |= {"host": "h", "most_dropped": ""}
    given |= {"ballot": NO_BALLOT, "leads": False, **fields}
    return Told(ProcessName(Member.parse(name), 1), Answer(**given))


def rows(found: Any) -> dict[str, Row]:
    return {row.process: row for row in found.processes if isinstance(row, Row)}


def test_the_leader_is_the_one_with_the_highest_ballot_of_those_that_believe_it() -> None:
    found = report(
        "c",
        EVERYBODY,
        [
            told("proposer-1", leads=True, ballot=Ballot(3, 1), prefix=9, top=12),
            told("proposer-2", leads=True, ballot=Ballot(4, 2), prefix=10, top=12),
            told("acceptor-1", ballot=Ballot(5, 1), top=12, prefix=4),
            told("learner-1", prefix=7, top=12, values=70),
            told("learner-2", prefix=10, top=11, values=90, dropped=2, most_dropped="too old"),
        ],
    )
    assert (found.leader, found.ballot) == ("proposer-2", (4, 2))
    assert (found.delivered, found.begun) == (10, 12)
    assert found.is_well, "clients may be missing"
    assert {name: row.lag for name, row in rows(found).items()} == {
        "proposer-1": 1,
        "proposer-2": 0,
        "acceptor-1": 0,
        "learner-1": 3,
        "learner-2": 0,
    }
    text = table(found)
    assert text.startswith("cluster c: proposer-2 leads with ballot (4, 2); 10 instances delivered")
    assert "also believing that it leads, with a lower ballot: proposer-1" in text
    assert "learner-2: most of what it dropped was too old" in text
    assert "client-1    silent" in text


def test_who_is_missing_and_that_nobody_leads() -> None:
    found = report("c", EVERYBODY, [told("proposer-1"), told("learner-2"), told("client-1")])
    assert found.missing == ["proposer-2", "acceptor-1", "learner-1"]
    assert not found.leader and not found.is_well
    assert "nobody leads" in table(found)
    assert table(found).endswith("missing: proposer-2, acceptor-1, learner-1")
    alone = [told("proposer-1", leads=True, ballot=Ballot(1, 1)), told("acceptor-1")]
    unknown = report("c", [Member("acceptor", 1)], alone)
    assert unknown.missing == ["any learner"] and not unknown.is_well


def test_a_stranger_writes_nothing_to_the_terminal() -> None:
    bad = told("proposer-1", host="\x1b[2J", most_dropped="\x07")
    assert "\x1b" not in table(report("c", [], [bad])) and "\x07" not in table(
        report("c", [], [bad])
    )


def test_how_far_and_how_old_checkpoints_are() -> None:
    learners = [
        told("learner-1", prefix=25_000, kept=20_000, kept_us=180_000_000),
        told("learner-2", prefix=25_000),
    ]
    found = report("c", [], learners)
    assert (rows(found)["learner-1"].kept, rows(found)["learner-1"].kept_s) == (20_000, 180.0)
    assert "checkpoints: learner-1 20,000 instances, 3 min ago\n" in table(found)
    assert "checkpoints" not in table(report("c", [], learners[1:]))


def test_who_takes_a_checkpoint_and_how_far_that_is() -> None:
    taker = told("learner-3", giver=2, taken_percent=40)
    found = report("c", [], [told("learner-2", prefix=9), taker])
    assert (rows(found)["learner-3"].giver, rows(found)["learner-3"].taken_percent) == (2, 40)
    assert "learner-3: takes the checkpoint of learner 2: 40 % of it" in table(found)
    assert "learner-2: takes" not in table(found)
