"""Which learner tells a client at once what it has delivered: the client's home. The others tell it
a little later: that is enough for when the first one is dead, and not every value wakes every
client as often as there are learners."""

from paxos.core.names import client_id
from paxos.core.settings import Settings


def is_home(settings: Settings, learner: int, client: str, leader: int) -> bool:
    """Whether `learner` is the home of `client`, while the proposer `leader` leads; each learner
    is, if nobody knows how many there are.

    Among replicas, the one of the leader hears of a quorum of votes last, since those of others
    have to come back to it, so the next one tells its clients; and of a Decide it hears first. (A
    learner that has a process of its own beside replicas does not do this. Some of its clients may
    then have no home, and are told later.)
    """
    learners = settings.learners
    if not learners:
        return True
    home, first = client_id(client) % learners, leader % learners
    if settings.own_acceptor and not settings.direct_learning:
        home = first
    elif settings.own_acceptor and home == first:
        home = (home + 1) % learners
    return home == learner % learners
