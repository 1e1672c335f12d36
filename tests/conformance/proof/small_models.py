"""The small models at which encodings are held against TLC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from conformance.proof.evaluate import Meaning, Structure
from conformance.proof.log_voting_logic import LOG_VOTING
from conformance.proof.multi_paxos_logic import MULTI_PAXOS
from conformance.proof.synod_logic import SYNOD
from conformance.proof.voting_logic import VOTING
from tests.conformance.proof import log_voting_states, multi_paxos_states, synod_states
from tests.conformance.proof.held_against_tlc import Model, Said, said
from tests.conformance.proof.quorums import BOTH, FLEXIBLE, FLEXIBLE_OF_3, ONE, Quorums


def number(name: Any) -> int:
    """Of a2, 1. Ballots and instances are numbers already, and 0 is one of them."""
    return name if isinstance(name, int) else int(str(name)[1:]) - 1


def order(size: int) -> frozenset[tuple[int, int]]:
    """At most, among so many."""
    return frozenset((a, b) for b in range(size) for a in range(b + 1))


def names(letter: str, size: int) -> str:
    return "{" + ", ".join(f"{letter}{n}" for n in range(1, size + 1)) + "}"


def vote(pair: tuple[int, Any]) -> Iterable[tuple[int, int]]:
    """The pair of a ballot and a value, if it is not NoVote."""
    return [(pair[0], number(pair[1]))] if pair[0] else []


def voting(learners: int, ballots: int, values: int, quorums: Quorums) -> Model:
    def state(said: tuple[Any, ...]) -> dict[str, Meaning]:
        broadcast, promised, votes, learned = said
        return {
            "broadcast": frozenset((number(v),) for v in broadcast),
            "promised": {(number(a),): b for a, b in promised.items()},
            "votes": frozenset(
                (number(a), *v) for a, w in votes.items() for p in w for v in vote(p)
            ),
            "learned": frozenset(
                (number(k), *v) for k, p in dict(learned).items() for v in vote(p)
            ),
        }

    def parameter(sort: str, name: Any) -> int:
        return quorums.place(sort, name) if isinstance(name, frozenset) else number(name)

    sizes = {"Acceptor": quorums.acceptors, "Learner": learners, **quorums.sizes}
    sizes |= {"Ballot": ballots + 1, "Value": values}
    fixed: dict[str, Meaning] = {**quorums.meanings, "zero": {(): 0}}
    fixed["at_most"] = order(ballots + 1)
    config = (
        f"CONSTANTS Value = {names('v', values)} Acceptor = {names('a', quorums.acceptors)}\n"
        f"Learner = {names('l', learners)} None = None {quorums.config}"
        f"Ballot = {{{', '.join(str(b) for b in range(1, ballots + 1))}}}\n"
    )
    truths = "Init TypeOK OneBatchPerBallot VotesSafe LearnedFromOneBallot VotesBroadcast"
    return Model(
        "AnyVoting",
        config,
        VOTING,
        Structure(sizes, fixed),
        state,
        parameter,
        (*truths.split(), "Agreement", "Integrity"),
    )


def synod(direct: bool, proposers: int, rounds: int, count: int, quorums: Quorums) -> Model:
    ballots, values = proposers * rounds, synod_states.VALUES
    sizes = {"Acceptor": quorums.acceptors, "Learner": 2, **quorums.sizes}
    sizes |= {"Proposer": proposers, "Ballot": ballots + 1, "Value": values + 1}
    owners: Meaning = {(b,): (b - 1) % proposers for b in range(ballots + 1)}
    fixed: dict[str, Meaning] = {**quorums.meanings, "zero": {(): 0}, "owner": owners}
    fixed |= {"none": {(): synod_states.NONE}, "at_most": order(ballots + 1)}
    fixed |= {"direct": frozenset({()} if direct else ())}
    structure = Structure(sizes, fixed)
    states = synod_states.drawn(structure, count)
    if proposers > 1:
        states.append(structure.but(synod_states.HEARD_BY_ANOTHER))
    truths = "Init TypeOK OneBatchPerBallot ProposalsSafe ProposalsBroadcast VotesProposed LastVote"
    truths += " VotesBelowPromise PromisesTrue DecisionsChosen LearnedDecided Agreement Integrity"

    def parameter(sort: str, name: Any) -> int:
        if isinstance(name, frozenset):
            return quorums.place(sort, name)
        return synod_states.number(name)

    return Model(
        "AnySynod",
        f"CONSTANTS Value = {names('v', values)} None = None\n"
        f"Acceptor = {names('a', quorums.acceptors)} Learner = {names('l', 2)} {quorums.config}"
        f"Proposers = {proposers} Rounds = {rounds} DirectLearning = {str(direct).upper()}\n",
        SYNOD,
        structure,
        synod_states.state,
        parameter,
        tuple(truths.split()),
        "{" + ",\n".join(map(synod_states.written, states)) + "}",
    )


def log_voting(sizes: log_voting_states.Sizes, count: int) -> Model:
    tables = log_voting_states.tables("AnyLogVoting", sizes.config)
    structure = log_voting_states.structure(sizes, tables)
    states = log_voting_states.drawn(structure, count)
    truths = "Init TypeOK OneBatchPerBallot VotesSafe LearnedFromOneBallot VotesBroadcast"
    truths += " ChosenByVotes OrderOfChosen DeliveredIsOrder"
    truths += " Agreement Integrity TotalOrder DeliveredInOrder FIFO"
    return Model(
        "AnyLogVoting",
        sizes.config,
        LOG_VOTING,
        structure,
        log_voting_states.state(sizes),
        log_voting_states.parameter(sizes),
        tuple(truths.split()),
        "{" + ",\n".join(log_voting_states.written(sizes, state) for state in states) + "}",
    )


def multi_paxos(cluster: multi_paxos_states.Cluster, count: int) -> Model:
    tables = log_voting_states.tables("AnyMultiPaxos", cluster.config)
    structure = multi_paxos_states.structure(cluster, tables)
    states = multi_paxos_states.drawn(cluster, structure, tables, count)
    truths = ["Init", *MULTI_PAXOS.invariant, *MULTI_PAXOS.goals]
    return Model(
        "AnyMultiPaxos",
        cluster.config,
        MULTI_PAXOS,
        structure,
        multi_paxos_states.reader(cluster),
        multi_paxos_states.parameter(cluster),
        tuple(truths),
        "{" + ",\n".join(multi_paxos_states.written(cluster, state) for state in states) + "}",
    )


SMALL: dict[str, Callable[[], Model]] = {
    "Voting: 1 acceptor, 3 ballots, 2 values": lambda: voting(0, 3, 2, ONE),
    "Voting: 1 acceptor, 2 learners, 2 values": lambda: voting(2, 1, 2, ONE),
    "Voting: 2 acceptors, 1 learner, 2 ballots": lambda: voting(1, 2, 1, BOTH),
    "Voting: both promise, one decides": lambda: voting(1, 2, 1, FLEXIBLE),
    "Synod: 3 ballots": lambda: synod(False, 1, 3, 300, BOTH),
    "Synod: 2 proposers, direct learning": lambda: synod(True, 2, 2, 250, BOTH),
    "Synod: three promise, one decides": lambda: synod(False, 1, 2, 150, FLEXIBLE_OF_3),
    "LogVoting: 2 instances, 2 learners": lambda: log_voting(
        log_voting_states.Sizes(2, 1, 2, 2, 2, 1, "log", False, FLEXIBLE), 60
    ),
    "LogVoting: a promise for each instance, FIFO": lambda: log_voting(
        log_voting_states.Sizes(1, 1, 2, 2, 2, 1, "instance", True, BOTH), 60
    ),
    "LogVoting: batches of two": lambda: log_voting(
        log_voting_states.Sizes(2, 2, 2, 2, 1, 2, "log", True, BOTH), 60
    ),
    "MultiPaxos: learners learn from Decide, FIFO": lambda: multi_paxos(
        multi_paxos_states.Cluster(
            log_voting_states.Sizes(2, 1, 2, 2, 2, 1, "log", True, BOTH), 1, direct=False
        ),
        61,
    ),
    "MultiPaxos: a promise for each instance, direct learning, sessions": lambda: multi_paxos(
        multi_paxos_states.Cluster(
            log_voting_states.Sizes(1, 1, 2, 2, 2, 1, "instance", False, FLEXIBLE), 2, direct=True
        ),
        61,
    ),
}


@cache
def held(name: str) -> tuple[Model, Said]:
    """A model, and what TLC says of it, which takes some seconds."""
    model = SMALL[name]()
    return model, said(model)
