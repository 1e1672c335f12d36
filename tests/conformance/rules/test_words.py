"""What a violation says was found, where less has misled people."""

from __future__ import annotations

from tests.conformance.scenario import Scenario, rng


def promised(q: tuple[int, ...], last: int = 4) -> Scenario:
    """Proposer 2 asks after proposer 1; the acceptors in q answer proposer 1 only."""
    s = Scenario("words", prepare_ahead=True)
    s.broadcast("1.1", rng("1.1", 1))
    s.broadcast("1.1", rng("1.1", 2))
    s.prepare((1, 1), 1, last, q=q)
    s.ask((1, 2), 1, 4)
    return s


def found(s: Scenario) -> str:
    assert s.violation is not None
    return s.violation.fault.actual


def test_the_ballot_that_acceptors_did_promise_is_named() -> None:
    s = promised((1, 3))
    s.propose((1, 2), 1, rng("1.1", 1), q=(1, 3))
    assert found(s) == (
        "none of [1, 3]; acceptor 1 had promised others (1, 1) there; "
        "acceptor 3 had promised others (1, 1) there"
    )


def test_a_promise_of_an_older_ballot_of_the_proposer_is_named_whatever_came_after_it() -> None:
    s = Scenario("words", prepare_ahead=True)
    s.broadcast("1.1", rng("1.1", 1))
    for ballot in ((1, 1), (1, 2), (2, 2), (3, 2), (4, 2)):
        s.prepare(ballot, 1, 4, q=(2, 3))
    s.ask((5, 1), 1, 4)
    s.propose((5, 1), 1, rng("1.1", 1), q=(2, 3))
    told = "had promised this proposer (1, 1) and others (3, 2), (4, 2) there"
    assert found(s) == f"none of [2, 3]; acceptor 2 {told}; acceptor 3 {told}"


def test_an_acceptor_that_promised_nothing_in_the_instance() -> None:
    s = promised((1, 2), last=2)
    s.propose((1, 2), 3, rng("1.1", 1), q=(2, 3))
    assert "acceptor 2 had promised no ballot there; acceptor 3 had promised no" in found(s)


def test_a_promise_of_the_ballot_that_does_not_reach_so_far() -> None:
    s = promised((1, 2), last=2)
    s.propose((1, 1), 3, rng("1.1", 1))
    assert found(s).endswith("acceptor 2 promised it for 1..2 only")


def test_a_restarted_proposer_that_uses_a_ballot_again_is_told_apart() -> None:
    s = Scenario("words", prepare_ahead=True, disabled=("Life.comes back",))
    s.broadcast("1.1", rng("1.1", 1))
    s.broadcast("1.1", rng("1.1", 2))
    s.prepare((1, 1), 1, 4)
    s.propose((1, 1), 1, rng("1.1", 1))
    again = {"ballot": [1, 1], "instance": 1, "batch": [rng("1.1", 2)], "quorum": [1, 2]}
    s.add("proposer-1.2", "Phase2a", **again)
    assert (
        "; proposer-1.1 used that ballot: proposer-1.2 was restarted and uses an old ro" in found(s)
    )


def test_a_proposer_that_was_not_restarted_is_not_said_to_be() -> None:
    s = promised((1, 2))
    s.propose((1, 1), 1, rng("1.1", 1))
    s.propose((1, 1), 1, rng("1.1", 2))
    assert found(s).startswith("it proposed ") and "restarted" not in found(s)


def test_a_round_from_before_the_restart() -> None:
    s = promised((1, 2))
    s.recover("proposer-1.2", round=3)
    s.add("proposer-1.2", "Phase1a", ballot=[2, 1], **{"from": 1, "to": 4})
    assert found(s) == "round 2: it was restarted and uses an old round again"
