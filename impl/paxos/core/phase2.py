"""Phase 2 as its proposer sees it: what it has proposed in this ballot, who voted for it, and when
to say it (again).

Spec: `Phase2a`, `VotedTogether`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from paxos.core.ballot import Ballot
from paxos.core.batch import Packet
from paxos.core.flight import Flight
from paxos.core.messages import Accept
from paxos.core.portions import VOTE_BYTES
from paxos.core.settings import Settings

PACKET_THRESHOLD = 16
"""An Accept is lost when one that was sent so many later is chosen and it is not. That is more than
networks reorder, because acceptors may hold back as many votes to send them together."""

RETRY_FACTOR = 3
"""A leader is so many times more patient than learners: acceptors may hold their votes back for as
long as these are patient."""


class Phase2:
    """A batch that was proposed in an instance, in this ballot."""

    __slots__ = ("batch", "packets", "votes")

    def __init__(self, batch: bytes, packets: Sequence[Packet]) -> None:
        self.batch = batch
        self.packets = packets
        self.votes: set[int] = set()
        """The acceptors that voted for it."""


class Proposals:
    """The instances whose Phase 2 is under way, and their Accepts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.open: dict[int, Phase2] = {}
        """By instance."""
        shortest_s = RETRY_FACTOR * settings.shortest_s
        self.flight = Flight(
            settings, shortest_s, settings.retry_s, PACKET_THRESHOLD, ordered=False
        )
        """The Accepts that are not answered, by instance. Its window and timers go on from ballot
        to ballot: they tell of the path."""
        self._tellers: list[int] = []  # acceptors that answered last

    def clear(self) -> None:
        """The ballot is over."""
        self.open.clear()
        self.flight.clear()

    def has_room(self, size: int) -> bool:
        """Whether a batch of `size` bytes may be proposed now."""
        return len(self.open) < self._settings.in_flight and self.flight.admits(size)

    def add(self, instance: int, batch: bytes, packets: Sequence[Packet]) -> None:
        """`batch` is proposed, or proposed again."""
        self.open[instance] = Phase2(batch, packets)
        self.flight.offer(instance, len(batch) + VOTE_BYTES)

    def among(self, first: int, last: int) -> list[int]:
        """The instances of `first..last` that are under way, in their order, at the cost of the
        fewer: those, or all that are under way."""
        if last - first < len(self.open):
            return [instance for instance in range(first, last + 1) if instance in self.open]
        return sorted(instance for instance in self.open if first <= instance <= last)

    def vote(
        self, acceptor: int, instances: Iterable[int], now_s: float
    ) -> list[tuple[int, Phase2]]:
        """An acceptor has voted in this ballot, in `instances`, which are under way. Where that
        makes a quorum, something is chosen, and is then under way no more: what, by instance."""
        chosen: list[tuple[int, Phase2]] = []
        for instance in instances:
            phase2 = self.open[instance]
            phase2.votes.add(acceptor)
            if len(phase2.votes) >= self._settings.quorum2:
                del self.open[instance]
                self.flight.answered(instance, now_s)
                chosen.append((instance, phase2))
        if chosen:
            self._tellers = sorted(chosen[-1][1].votes)
        return chosen

    def skip(self, last: int, now_s: float, is_wanted: Callable[[int], bool]) -> Iterator[Phase2]:
        """Nothing is awaited in the instances up to `last` any more, as every learner has delivered
        them: what was proposed there. (That one learner has is not enough: what it has learned from
        may be votes of ballots that no quorum tells another one any more.) What is wanted all the
        same, by a learner that began again, is sent once: others than who says so may answer."""
        for instance in [i for i in self.open if i <= last]:
            if not (is_wanted(instance) and self.flight.is_new(instance)):
                self.flight.answered(instance, now_s)
                yield self.open.pop(instance)

    def accepts(self, ballot: Ballot, now_s: float) -> Iterator[tuple[Accept, bool]]:
        """The Accepts to be sent now, and whether for another time."""
        for instance, again in self.flight.take(now_s):
            batch = self.open[instance].batch
            yield Accept(ballot, instance, batch, self._teller(instance)), again

    def _teller(self, instance: int) -> int:
        """Which acceptor tells the learners the batch: one that answers, each in turn, so that the
        link of a leader with much to say carries it once. Where there are no links, only a leader
        whose window is used up does so. Otherwise it tells them itself (0), which is quicker; or
        has the acceptor in its own process do so, with the vote that learners hear anyhow."""
        is_busy = len(self.open) > 1 if self._settings.has_links else self.flight.is_full()
        if not self._settings.direct_learning:
            return 0
        if not is_busy or not self._tellers:
            return self._settings.own_acceptor
        return self._tellers[instance % len(self._tellers)]
