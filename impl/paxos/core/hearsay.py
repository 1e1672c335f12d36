"""What a learner has heard of the instances that it has not learned: who has voted in which ballot,
for which batch, and whether something that is missing of that is lost."""

from paxos.core.ballot import Ballot
from paxos.core.gaps import PACKET_THRESHOLD


class InBallot:
    """Of one instance, in one ballot."""

    __slots__ = ("batch", "voters")

    def __init__(self) -> None:
        self.batch: bytes | None = None
        self.voters: set[int] = set()


class OfInstance:
    """Of one instance, by ballot."""

    __slots__ = ("ballots", "teller")

    def __init__(self) -> None:
        self.ballots: dict[Ballot, InBallot] = {}
        self.teller = (
            0  # the acceptor that was to tell the batch, as it was said last; 0: the leader
        )

    @property
    def lacks_batch(self) -> bool:
        """Whether somebody has voted, and in no ballot with a vote the batch is known."""
        voted = [said for said in self.ballots.values() if said.voters]
        return bool(voted) and all(said.batch is None for said in voted)

    def admit(self, ballot: Ballot, limit: int) -> InBallot | None:
        """Where to note what is said in `ballot`, of which nothing was: it may take the place of
        the lowest. None: it is itself below the `limit` highest, which alone are kept."""
        if len(self.ballots) >= limit:
            lowest = min(self.ballots)
            if ballot < lowest:
                return None
            del self.ballots[lowest]
        said = self.ballots[ballot] = InBallot()
        return said


class Hearsay:
    """Of all instances. Which of them are worth it, the learner knows."""

    def __init__(self, open_ballots: int) -> None:
        """So many ballots are kept of an instance, the highest."""
        self._limit = open_ballots
        self.open: dict[int, OfInstance] = {}
        self.told: dict[int, int] = {}
        """By acceptor, 0 for leaders: the highest instance that it told a batch of."""

    def note(
        self, instance: int, ballot: Ballot, batch: bytes | None, voter: int, teller: int
    ) -> InBallot | None:
        """Somebody says what the batch is (None: not that), that acceptor `voter` has voted (0: not
        that), and who is to tell the batch (-1: not that). All that is known of the instance in
        this ballot; None: that is not kept."""
        heard = self.open.get(instance)
        if heard is None:
            heard = self.open[instance] = OfInstance()
        said = heard.ballots.get(ballot) or heard.admit(ballot, self._limit)
        if said is None:
            return None
        if batch is not None:
            said.batch = batch
        if voter:
            said.voters.add(voter)
        if teller >= 0:
            heard.teller = teller
        return said

    def tells(self, teller: int, instance: int) -> None:
        """An acceptor, or a leader (0), tells a batch of this instance."""
        if instance > self.told.get(teller, 0):
            self.told[teller] = instance

    def voters(self, instance: int) -> set[int]:
        """The acceptors that have voted in it, in any ballot."""
        heard = self.open.get(instance, OfInstance())
        return set[int]().union(*(said.voters for said in heard.ballots.values()))

    def is_lost(self, instance: int) -> bool:
        """Whether something that is missing of an instance is lost, where later ones are learned:
        messages of one process come in the order of the instances, or nearly so."""
        heard = self.open.get(instance)
        if heard and heard.lacks_batch:
            return self.told.get(heard.teller, 0) >= instance + PACKET_THRESHOLD
        return True
