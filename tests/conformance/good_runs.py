"""The correct runs of traces/good, and the runs that tests corrupt."""

from __future__ import annotations

from tests.conformance.scenario import Scenario, rng

LEARNERS = ("1.1", "2.1")


def plain(values: int = 3) -> Scenario:
    """Milestone 2: one instance at a time, one value each, Decide."""
    s = Scenario("plain")
    s.idle += ["proposer-2.1"]  # stands by
    wanted = [rng(c, k) for k in range(1, values + 1) for c in ("1.1", "2.1")]
    for r in wanted[:2]:
        s.broadcast(r[0], r)
    for i, r in enumerate(wanted, 1):
        if i > 2:
            s.broadcast(r[0], r)
        s.prepare((1, 1), i, q=(1, 3) if i % 2 else (1, 2))
        s.settle((1, 1), i, r, q=(1, 3) if i % 2 else (1, 2))
        for learner in LEARNERS:
            s.deliver(learner, i)
    return s


def optimised() -> Scenario:
    """Milestone 3: Phase 1 for a window before any value is known, batches, learning from votes."""
    s = Scenario("optimised", direct_learning=True, prepare_ahead=True, max_batch=4)
    a, b, c, d = rng("1.1", 1, 2), rng("2.1", 1, 2), rng("1.1", 3), rng("2.1", 3, 3)
    s.prepare((1, 1), 1, 4, q=(1, 2, 3))
    s.broadcast("1.1", a)
    s.broadcast("2.1", b)
    s.propose((1, 1), 1, a, b, q=(2, 3))
    s.broadcast("1.1", c)
    s.broadcast("2.1", d)
    s.propose((1, 1), 2, c, d, q=(1, 2, 3))
    for acceptor in (1, 2, 3):
        s.vote(acceptor, (1, 1), 1)
        s.vote(acceptor, (1, 1), 2)
    s.learn("1.1", (1, 1), 2, q=(1, 3))  # out of order: it waits for instance 1
    s.learn("1.1", (1, 1), 1, q=(2, 3))
    s.deliver("1.1", 1)
    s.deliver("1.1", 2)
    s.learn("2.1", (1, 1), 1, q=(1, 2, 3))
    s.deliver("2.1", 1)
    s.learn("2.1", (1, 1), 2, q=(1, 2))
    s.deliver("2.1", 2)
    s.prepare((1, 1), 5, 8)  # the same leader's next window
    return s


def synod() -> Scenario:
    """Milestone 1: two proposers, and the second one's ballot takes over the first one's value."""
    s = Scenario("synod", spec="Synod")
    a, b = rng("1.1", 1), rng("2.1", 1)
    s.broadcast("1.1", a)
    s.broadcast("2.1", b)
    s.prepare((1, 1), 1, q=(1, 2))
    s.propose((1, 1), 1, a, q=(1, 2))
    s.vote(2, (1, 1), 1)
    s.prepare((1, 2), 1, q=(2, 3))
    s.settle((1, 2), 1, a, q=(2, 3))
    return s


def failover() -> Scenario:
    """The leader dies with one vote cast, a gap, and a value that its successor proposes again."""
    s = Scenario("failover", prepare_ahead=True)
    a, b, c = rng("1.1", 1), rng("1.1", 2), rng("2.1", 1)
    s.broadcast("1.1", a, b)
    s.broadcast("2.1", c)
    s.prepare((1, 1), 1, 4)
    s.propose((1, 1), 1, a)
    s.propose((1, 1), 2, b)  # nobody gets it
    s.propose((1, 1), 3, c)
    s.vote(2, (1, 1), 1)
    s.vote(2, (1, 1), 3)
    s.vote(1, (1, 1), 1)
    s.prepare((2, 2), 1, 4, q=(2, 3))
    s.settle((2, 2), 1, a, q=(2, 3))  # as acceptor 2 reported
    s.settle((2, 2), 3, c, q=(2, 3))
    s.settle((2, 2), 2, q=(2, 3))  # the no-op below them
    s.settle((2, 2), 4, a, q=(2, 3))  # client 1 asked again: a duplicate
    s.prepare((2, 2), 5, 8, q=(2, 3))
    s.settle((2, 2), 5, b, q=(2, 3))
    for learner in LEARNERS:
        for i in range(1, 6):
            s.deliver(learner, i)
    return s


def restart() -> Scenario:
    """An acceptor comes back with a vote that no trace has; a proposer and a learner come back."""
    s = Scenario("restart", prepare_ahead=True, direct_learning=True)
    a, b = rng("1.1", 1), rng("1.1", 2)
    s.broadcast("1.1", a, b)
    s.prepare((1, 1), 1, 8)
    s.settle((1, 1), 1, a, learners=("1.1",))
    s.deliver("1.1", 1)
    s.propose((1, 1), 2, b)
    s.vote(1, (1, 1), 2)
    kept = [*s.votes_of(2, 1, 9), [2, [1, 1], [b]]]
    s.recover("acceptor-2.2", promised=[1, 1], votes=kept)
    s.recover("proposer-1.2", round=1)
    s.recover("learner-1.2")
    for i in (1, 2):
        s.learn("1.2", (1, 1), i)
        s.deliver("1.2", i)
    s.add("proposer-1.2", "Phase1a", ballot=[2, 1], **{"from": 3, "to": 4})
    s.promise(2, (2, 1), 3, 4, life=2)
    return s


def trim() -> Scenario:
    """Acceptors trim what both learners have delivered, one of them in an earlier life. The next
    leader hears of the rest only; and one acceptor comes back with a vote, a promise and a
    trimming that no trace has."""
    s = Scenario("trim", prepare_ahead=True, direct_learning=True, max_batch=2)
    values = [rng("1.1", k) for k in range(1, 6)]
    s.broadcast("1.1", *values)
    s.prepare((1, 1), 1, 8, q=(1, 2, 3))
    for i in range(1, 5):
        s.settle((1, 1), i, values[i - 1], q=(1, 2, 3))
    for i in range(1, 4):
        s.deliver("1.1", i)
        s.deliver("2.1", i)
    s.trim(1, 1)
    s.recover("learner-2.2")
    s.learn("2.2", (1, 1), 1)  # what it heard from the others; now nobody tells it more
    s.deliver("2.2", 1)
    s.trim(2, 2)
    s.trim(1, 3)
    s.recover("acceptor-1.2", promised=[1, 1], votes=s.votes_of(1, 4, 4), trimmed=3)
    s.propose((1, 1), 5, values[4])
    s.ask((2, 2), 1, 8)
    s.recover(
        "acceptor-3.2",
        promised=[2, 2],
        votes=[*s.votes_of(3, 4, 4), [5, [1, 1], [values[4]]]],
        trimmed=3,
    )
    s.promise(1, (2, 2), 4, 8, life=2)
    s.promise(3, (2, 2), 4, 8, life=2)
    s.promise(2, (2, 2), 3, 8)
    s.propose((2, 2), 5, values[4], q=(1, 3))
    s.vote(1, (2, 2), 5, life=2)
    s.vote(2, (2, 2), 5)
    return s


def synod_direct() -> Scenario:
    """One value, and learners that count the votes themselves; one does not say which."""
    s = Scenario("synod_direct", spec="Synod", direct_learning=True)
    a, b = rng("1.1", 1), rng("2.1", 1)
    s.broadcast("1.1", a)
    s.broadcast("2.1", b)
    s.prepare((1, 1), 1, q=(1, 2))
    s.propose((1, 1), 1, a, q=(1, 2))
    s.vote(1, (1, 1), 1)
    s.prepare((1, 2), 1, q=(1, 3))
    s.propose((1, 2), 1, a, q=(1, 3))
    for acceptor in (1, 2):
        s.vote(acceptor, (1, 2), 1)
    s.learn("1.1", (1, 2), 1, q=())
    s.vote(3, (1, 2), 1)
    s.learn("2.1", (1, 2), 1, q=(1, 2, 3))
    return s


def promises_per_instance() -> Scenario:
    """An acceptor has a promise for each instance: it promises and votes in a ballot below what it
    promised in another one. Acceptor 1 comes back with a promise and a vote that no trace has."""
    s = Scenario(
        "promises_per_instance",
        direct_learning=True,
        prepare_ahead=True,
        promise_scope="instance",
    )
    values = [rng("1.1", k) for k in range(1, 5)]
    s.broadcast("1.1", *values)
    s.broadcast("2.1", rng("2.1", 1))
    s.prepare((3, 2), 1, q=(1, 2, 3))
    s.prepare((1, 1), 2, 5, q=(1, 2))  # below what they promised in instance 1
    s.settle((1, 1), 2, values[0])
    s.settle((3, 2), 1, values[1], q=(2, 3))
    s.propose((1, 1), 3, values[2])
    s.ask((2, 2), 4, 5)
    s.recover(
        "acceptor-1.2",
        promises=[[1, 1, [3, 2]], [2, 3, [1, 1]], [4, 5, [2, 2]]],
        votes=[*s.votes_of(1, 1, 5), [3, [1, 1], [values[2]]]],
    )
    s.promise(2, (2, 2), 4, 5)
    s.promise(1, (2, 2), 5, life=2)  # a part of what was asked
    s.propose((2, 2), 5, values[3])
    s.vote(1, (2, 2), 5, life=2)
    s.vote(2, (2, 2), 5)
    s.vote(2, (1, 1), 3)  # still in ballot (1, 1) there
    for learner in LEARNERS:
        s.learn(learner, (2, 2), 5)
        s.learn(learner, (1, 1), 3)
        for i in (1, 2):
            s.deliver(learner, i)
    s.trim(2, 2)
    s.recover(
        "acceptor-2.2",
        promises=[[3, 3, [1, 1]], [4, 5, [2, 2]]],  # none for what it trimmed
        votes=s.votes_of(2, 3, 5),
        trimmed=2,
    )
    for learner in LEARNERS:
        s.deliver(learner, 3)
    return s


def heard_before() -> Scenario:
    """A proposer takes a vote that it heard of in an earlier ballot of its own: it is higher than
    what this ballot's quorum reports."""
    s = Scenario("heard_before", prepare_ahead=True)
    a, b = rng("1.1", 1), rng("2.1", 1)
    s.broadcast("1.1", a)
    s.broadcast("2.1", b)
    s.prepare((1, 1), 1)
    s.propose((1, 1), 1, a)
    s.vote(1, (1, 1), 1)
    s.prepare((1, 2), 1, q=(2, 3))
    s.propose((1, 2), 1, b, q=(2, 3))
    s.vote(3, (1, 2), 1)
    s.prepare((2, 1), 1, q=(3,))  # reports b; nobody else answers
    s.prepare((3, 1), 1, q=(1, 2))  # reports a
    s.settle((3, 1), 1, b)
    for learner in LEARNERS:
        s.deliver(learner, 1)
    return s


def fifo() -> Scenario:
    """What comes before its turn is passed over, and delivered when it is proposed again: a leader
    is obliged to the third value of a client, and has not heard of the second."""
    s = Scenario("fifo", direct_learning=True, prepare_ahead=True, max_batch=4, fifo=True)
    a, b, c, d = rng("1.1", 1), rng("1.1", 2, 2), rng("1.1", 4), rng("2.1", 1)
    s.broadcast("1.1", a, b)
    s.broadcast("1.1", c)
    s.broadcast("2.1", d)
    s.prepare((1, 1), 1, 8)
    s.settle((1, 1), 1, a)
    s.propose((1, 1), 2, b)  # nobody votes for it
    s.propose((1, 1), 3, c, d)
    s.vote(2, (1, 1), 3)
    s.prepare((1, 2), 2, 8, q=(2, 3))
    s.settle((1, 2), 2, q=(2, 3))  # the no-op
    s.settle((1, 2), 3, c, d, q=(2, 3))
    s.settle((1, 2), 4, c, b, a, q=(2, 3))  # again before its turn, and b in turn
    s.settle((1, 2), 5, c, q=(2, 3))
    for learner in LEARNERS:
        for i in range(1, 6):
            s.deliver(learner, i)
    return s


def checkpoints() -> Scenario:
    """Learners keep checkpoints, and acceptors forget what a majority of them has there. Learner 1
    comes back with its checkpoint, with a snapshot that no trace says was durable, and with one
    that it was given; learner 3, which is too late, is given one; and a duplicate, as well as what
    is left of an earlier life of a client, is passed over by all."""
    keeps = ("1.1", "1.2", "1.3", "1.4", "2.1", "3.1")
    s = Scenario(
        "checkpoints",
        direct_learning=True,
        prepare_ahead=True,
        max_batch=4,
        checkpoints=True,
        keeps=keeps,
        learners=(1, 2, 3),
    )
    a, b, c, d = rng("1.1", 1), rng("1.1", 2, 2), rng("2.1", 1), rng("1.1", 4)
    e, f = rng("1.2", 1), rng("2.1", 2)
    s.broadcast("1.1", a, b, d)
    s.broadcast("2.1", c)
    s.prepare((1, 1), 1, 16, q=(1, 2))
    s.settle((1, 1), 1, a)
    s.settle((1, 1), 2, b, c)
    s.propose((1, 1), 4, c)
    s.settle((1, 1), 3)  # the no-op
    for learner in LEARNERS:
        s.deliver(learner, 1)
    s.take("1.1")
    s.deliver("1.1", 2)  # while the snapshot is written
    s.checkpoint("1.1")
    s.restart("1.2", 1, 1)
    for i in (2, 3):
        s.learn("1.2", (1, 1), i)
        s.deliver("1.2", i)
    s.take("1.2")
    s.deliver("2.1", 2)
    s.restart("1.3", 3, 4)  # it was durable, and nobody was told
    s.take("2.1")
    s.checkpoint("2.1")
    s.trim(1, 2)  # learners 1 and 2 have it in checkpoints
    s.send("1.3")
    s.install("3.1", 1, 3, 4)
    s.deliver("2.1", 3)
    s.broadcast("1.2", e)
    s.broadcast("2.1", f)
    for acceptor in (1, 2):
        s.vote(acceptor, (1, 1), 4)
    for learner in ("2.1", "3.1"):
        s.learn(learner, (1, 1), 4)  # a duplicate
    s.settle((1, 1), 5, e, d, learners=("2.1", "3.1"))  # d is of a client that is over
    s.settle((1, 1), 6, d, f, learners=("2.1", "3.1"))
    for learner in ("2.1", "3.1"):
        for i in (4, 5, 6):
            s.deliver(learner, i)
    s.take("3.1")
    s.checkpoint("3.1")
    s.send("3.1")
    s.restart("1.4", 6, 6)  # it had installed what learner 3 gave, and nobody was told
    s.trim(2, 3)
    s.settle((1, 1), 7, c, f, d, learners=("1.4", "2.1"))
    for learner in ("1.4", "2.1"):
        s.deliver(learner, 7)
    return s


def damaged_checkpoints() -> Scenario:
    """Learners whose newest checkpoint is damaged go on from the one before, which an earlier life
    has left to them: it had said that it has it, or came back with it though nobody had said so, or
    had it from another learner."""
    s = Scenario(
        "damaged_checkpoints",
        direct_learning=True,
        prepare_ahead=True,
        max_batch=4,
        checkpoints=True,
        keeps=("1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "3.1"),
        learners=(1, 2, 3),
    )
    a, b, c = rng("1.1", 1), rng("1.1", 2, 2), rng("2.1", 1)
    s.broadcast("1.1", a, b)
    s.broadcast("2.1", c)
    s.prepare((1, 1), 1, 8, q=(1, 2))
    s.settle((1, 1), 1, a)
    s.settle((1, 1), 2, b)
    for i in (1, 2):
        s.deliver("1.1", i)
        s.take("1.1")
        s.checkpoint("1.1")
    s.install("1.2", 1, 1, 1)
    s.learn("1.2", (1, 1), 2)
    s.settle((1, 1), 3, c, learners=("1.2",))
    for i in (2, 3):
        s.deliver("1.2", i)
    s.take("1.2")
    s.restart("1.3", 3, 4)  # it was durable, and nobody was told
    s.settle((1, 1), 4, c, learners=("1.3", "2.1"))  # a duplicate
    s.deliver("1.3", 4)
    s.take("1.3")
    s.checkpoint("1.3")
    s.install("1.4", 1, 3, 4)
    s.deliver("2.1", 1)
    s.send("1.4")
    s.install("2.1", 1, 3, 4)
    s.deliver("2.1", 4)
    s.take("2.1")
    s.checkpoint("2.1")
    s.install("2.2", 2, 3, 4)
    for learner in ("1.4", "2.2"):
        s.learn(learner, (1, 1), 4)
        s.deliver(learner, 4)
    return s


def quorums() -> Scenario:
    """Four of five acceptors promise, and two vote. A second leader hears of the votes from one
    acceptor, and proposes their batch again."""
    s = Scenario("quorums", acceptors=5, quorums=(4, 2), direct_learning=True, prepare_ahead=True)
    a, b = rng("1.1", 1), rng("2.1", 1)
    s.broadcast("1.1", a)
    s.broadcast("2.1", b)
    s.prepare((1, 1), 1, 3, q=(1, 2, 3, 4))
    s.propose((1, 1), 1, a, q=(1, 2, 3, 4))
    for acceptor in (1, 5):  # one of them has not promised
        s.vote(acceptor, (1, 1), 1)
    s.learn("1.1", (1, 1), 1, q=(1, 5))
    s.deliver("1.1", 1)
    s.prepare((2, 2), 1, 2, q=(2, 3, 4, 5))
    s.propose((2, 2), 1, a, q=(2, 3, 4, 5))
    s.propose((2, 2), 2, b, q=(2, 3, 4, 5))
    for i in (1, 2):
        for acceptor in (3, 4):
            s.vote(acceptor, (2, 2), i)
    s.learn("2.1", (2, 2), 1, q=(3, 4))
    for learner in LEARNERS:
        s.learn(learner, (2, 2), 2, q=(3, 4))
    s.deliver("2.1", 1)
    for learner in LEARNERS:
        s.deliver(learner, 2)
    return s


GOOD = {
    f.__name__: f
    for f in (
        *(plain, optimised, synod, failover, restart, trim),
        *(synod_direct, promises_per_instance, heard_before, fifo, checkpoints),
        *(damaged_checkpoints, quorums),
    )
}
