"""What a learner says of what it has delivered: collected while it consumes a group of messages,
and said at the end of that.

Clients hear that their values are delivered, where, and what became of those in parts; proposers
hear what was delivered and so need not be proposed; acceptors hear up to where they need keep
nothing.
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Protocol

from paxos.core.assembler import Assembler
from paxos.core.client_table import ClientTable
from paxos.core.home import is_home
from paxos.core.intervals import IntervalSet
from paxos.core.messages import (
    Delivered,
    Fate,
    Group,
    Inquire,
    Outcome,
    Outcomes,
    PacketPlace,
    Span,
)
from paxos.core.places import Places
from paxos.core.portions import Part, portions
from paxos.core.settings import Settings
from paxos.core.step import Step

FEW = 4
"""So many spans and places fit any message."""


class Teller(Protocol):
    """Who has delivered."""

    id: int
    prefix: int
    """Instances `1..prefix` are delivered."""
    table: ClientTable
    places: Places
    assembler: Assembler
    leader: int
    """The proposer that leads, as far as it knows."""

    @property
    def needless(self) -> int | None:
        """Acceptors need not keep instances `1..needless` for it; None: its prefix."""


class Telling:
    """What one learner has to say."""

    def __init__(self, settings: Settings, now_s: float) -> None:
        self._settings = settings
        self.is_wanted = False
        """There is something to say."""
        self.due_s = now_s
        """When to say where the log is, though nothing is new: proposers may come late."""
        self._report_s = now_s
        self._spans: dict[str, IntervalSet] = {}
        self._places: dict[str, list[PacketPlace]] = {}  # by client
        self._outcomes: dict[tuple[str, int], Outcome] = {}  # by client and first value

    def delivered(self, client: str, first: int, last: int) -> None:
        """These values are delivered, now or earlier."""
        spans = self._spans.get(client)
        if spans is None:
            spans = self._spans[client] = IntervalSet()
        spans.add(first, last)
        self.is_wanted = True

    def place(self, place: PacketPlace) -> None:
        """A packet is there."""
        self._places.setdefault(place[0], []).append(place)

    def outcome(self, outcome: Outcome) -> None:
        """This became of a value in parts."""
        self._outcomes[outcome.client, outcome.first] = outcome

    def answer(self, inquire: Inquire, teller: Teller) -> None:
        """A client has not heard that its values are delivered: if they are, say so again."""
        for client, first, last in inquire.values:
            if teller.table.covers(client, first, last):
                self.delivered(client, first, last)
                if not inquire.in_parts:
                    self.place(teller.places.recall(client, first))
                else:
                    known = teller.assembler.outcome(client, first)
                    self.outcome(known or Outcome(client, first, last, Fate.FORGOTTEN))

    def outcomes(self, assembler: Assembler, step: Step) -> None:
        """Take over what became of values in parts."""
        for outcome in assembler.settled:
            self.outcome(outcome)
        assembler.settled.clear()
        for why in assembler.refused:
            step.refuse(why)
        assembler.refused.clear()

    def report(self) -> None:
        """Tell the acceptors at the end of this group, and not when it is time."""
        self.is_wanted, self._report_s = True, -inf

    def tick(self, now_s: float) -> None:
        """It is this late."""
        self.is_wanted = self.is_wanted or now_s >= self.due_s

    def say(self, teller: Teller, step: Step, now_s: float) -> None:
        """Say all of it, if there is anything."""
        if not self.is_wanted:
            return
        self._say_outcomes(teller, step)
        self._say_delivered(teller, step)
        if now_s >= self._report_s:
            # Acceptors need only know about where the log is, to trim what is far behind.
            report = Delivered(teller.prefix, [], needless=teller.needless)
            step.send(report, Group.ACCEPTORS)
            self._report_s = now_s + self._settings.failover_s
        self._spans.clear()
        self._places.clear()
        self.is_wanted = False
        self.due_s = now_s + self._settings.failover_s

    def _say_outcomes(self, teller: Teller, step: Step) -> None:
        """Before the client hears that all parts are delivered: then it asks no more."""
        for some in portions(Outcomes, list(self._outcomes.values()), self._settings.fitting_bytes):
            outcomes = Outcomes(some)
            if any(self._is_home_of(outcome.client, teller) for outcome in some):
                step.send(outcomes, Group.CLIENTS)
            else:
                step.send_later(outcomes, Group.CLIENTS)
        self._outcomes.clear()

    def _say_delivered(self, teller: Teller, step: Step) -> None:
        spans: list[Span] = [
            (client, first, last)
            for client, told in self._spans.items()
            for first, last in told.intervals()
        ]
        # A client hears of all that was delivered without a gap, so that it misses nothing if what
        # was said before is lost. Proposers, who need not hear everything, are spared the look.
        # (A client of which a later incarnation was heard in this group is over.)
        known = [span for span in spans if teller.table.covers(*span)]
        runs = dict.fromkeys(teller.table.run(client, first) for client, first, _ in known)
        for delivered in self._tellings(teller.prefix, list(runs)):
            about = {place[0] for place in delivered.places}
            about.update(client for client, _, _ in delivered.values)
            if any(self._is_home_of(client, teller) for client in about):
                step.send(delivered, Group.CLIENTS)
            else:
                step.send_later(delivered, Group.CLIENTS)
        for some in self._portions(spans):
            step.send_later(Delivered(teller.prefix, some), Group.PROPOSERS)

    def _tellings(self, prefix: int, runs: Sequence[Span]) -> Iterator[Delivered]:
        """What clients are told: where their packets are, and then that they are delivered, so that
        who hears the second without the first knows that it was lost. At least one message, since
        the prefix is said in any case."""
        parts: list[Span | PacketPlace] = []
        for run in runs:
            parts += self._places.pop(run[0], [])
            parts.append(run)
        for some in self._portions(parts):
            spans = [part for part in some if len(part) == 3]
            yield Delivered(prefix, spans, [part for part in some if len(part) == 4])

    def _portions(self, parts: list[Part]) -> list[list[Part]]:
        """As many as one message holds at a time; at least one list."""
        if len(parts) <= FEW:
            return [parts]
        return list(portions(Delivered, parts, self._settings.fitting_bytes)) or [[]]

    def _is_home_of(self, client: str, teller: Teller) -> bool:
        return is_home(self._settings, teller.id, client, teller.leader)
