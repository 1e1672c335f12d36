"""Takes the steps of a Synod by hand: each call is one step of one process.

A step is a line of a trace. Nothing is sent and nothing is checked here. You say who does what, and
in which order.
"""

from tracer import Tracer, value

CLUSTER = {"acceptors": [1, 2, 3], "proposers": [1, 2], "learners": [1, 2], "clients": [1, 2]}
ONE = {"from": 1, "to": 1}  # a Synod has one instance
CLIENT = {"red": "1.1", "blue": "2.1"}  # who broadcasts which value


def batch(word):
    """The word as a trace has it: value number 1 of its client, and a hash of what it is."""
    *_, digest = value(word.encode())
    return [[CLIENT[word], 1, 1, digest]]


class Hand:
    """Three acceptors, two proposers, two learners, two clients. A ballot is (round, proposer)."""

    def __init__(self, folder):
        self.processes = {
            (role[:-1], number): Tracer(
                folder,
                role[:-1],
                number,
                CLUSTER,
                "Synod",
                prepare_ahead=False,
                direct_learning=False,
            )
            for role, numbers in CLUSTER.items()
            for number in numbers
        }

    def step(self, role, number, event, **fields):
        self.processes[role, number].event(event, **fields)

    def broadcast(self, client, word):
        self.step("client", client, "Broadcast", values=batch(word))

    def prepare(self, ballot):
        self.step("proposer", ballot[1], "Phase1a", ballot=ballot, **ONE)

    def promise(self, acceptor, ballot, vote=None):
        """`vote` is the acceptor's last one: (ballot, word)."""
        votes = [] if vote is None else [[1, vote[0], batch(vote[1])]]
        self.step("acceptor", acceptor, "Phase1b", ballot=ballot, **ONE, votes=votes)

    def propose(self, ballot, word, quorum):
        fields = {"ballot": ballot, "instance": 1, "batch": batch(word), "quorum": quorum}
        self.step("proposer", ballot[1], "Phase2a", **fields)

    def vote(self, acceptor, ballot):
        self.step("acceptor", acceptor, "Phase2b", ballot=ballot, instance=1)

    def decide(self, ballot, quorum):
        self.step("proposer", ballot[1], "Decide", ballot=ballot, instance=1, quorum=quorum)

    def learn(self, learner, ballot, word):
        self.step("learner", learner, "Learn", ballot=ballot, instance=1, batch=batch(word))
