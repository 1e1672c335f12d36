"""What a run leaves out (`omits` in its header) is put in: with events that are whole, both judges
judge it as any other run.

If some choice makes an event legal, one is put in that does. Each is the one that assumes least:

- of quorums, the lowest acceptors that will do. What a proposer does with promises depends on whom
  it counts: first a quorum whose highest vote is for the batch, else one that reports no vote;
- of the votes of a promise, those that the acceptor has: the specification allows no others;
- an event that is left out comes just before the first one that needs it. The later it comes, the
  more has happened that it may rest on, and nobody else asks when it happened.

If no choice will do, what is put in is what came nearest, and the judges say what is wrong with it.
An event that was put in has the number 0, and the clock of the one that needed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from conformance.trace.foreseen import Foreseen, Place
from conformance.trace.intervals import IntervalSet, RangesAsked
from conformance.trace.partial import (
    PartialDecide,
    PartialEvent,
    PartialPhase1a,
    PartialPhase1b,
    PartialPhase2a,
    PartialPhase2b,
)
from conformance.trace.process import decode
from conformance.trace.schema import (
    AnyEvent,
    Ballot,
    Batch,
    Broadcast,
    Decide,
    Deliver,
    Event,
    Header,
    Learn,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    Quorum,
    Range,
    Recover,
    Trim,
    Vote,
)

Voted = tuple[Ballot, Batch]

MOST_VOTES = 5_000_000
"""So many votes are put into the promises of a run, and requests of one instance before what it
recovers. A short trace could ask for the square of its length."""


class TooMuch(Exception):
    """More would have to be put in than is reasonable. The message says what."""


class Inference:
    """Feed it the events of a run in their order; it gives them back whole, with what is missing
    put in before them."""

    def __init__(self, header: Header, foreseen: Foreseen) -> None:
        self._omits = frozenset(header.omits)
        self._direct = header.constants.direct_learning
        self._ahead = header.constants.prepare_ahead
        self._acceptors = sorted(header.cluster.acceptors)
        self._quorum1, self._quorum2 = header.constants.quorums(len(self._acceptors))
        self._foreseen = foreseen
        self._incarnations = dict(foreseen.incarnations)
        self._asked: dict[Ballot, RangesAsked] = {}
        self._covered: dict[Ballot, dict[int, IntervalSet]] = {}
        self._reported: dict[Place, dict[int, set[Voted]]] = {}
        self._accepts: dict[Place, list[Batch]] = {}
        self._votes: dict[int, dict[int, Voted]] = {a: {} for a in self._acceptors}
        self._voted_in: dict[int, IntervalSet] = {a: IntervalSet() for a in self._acceptors}
        self._voters: dict[Place, set[int]] = {}
        self._ballots: dict[int, list[Ballot]] = {}  # by instance: those that were proposed in
        self._decided: set[Place] = set()
        self._learned: dict[str, IntervalSet] = {}
        self._broadcast: set[Range] = set()
        self._proposed: dict[Ballot, set[Range]] = {}  # values
        self._highest = 0  # instance that was proposed in
        self._put_in = 0  # votes

    def whole(self, e: PartialEvent) -> Iterator[AnyEvent]:
        """The event, and before it what it needs and is left out."""
        if isinstance(e, Broadcast):
            self._broadcast.update(e.values)
            yield e
        elif isinstance(e, PartialPhase1a):
            self._acts(e)
            yield from self._phase1a(e, e.ballot, e.first, e.last, e.seq, e.process)
        elif isinstance(e, PartialPhase1b):
            yield from self._phase1b(e)
        elif isinstance(e, PartialPhase2a):
            self._acts(e)
            quorum = None if e.quorum is UNSET else e.quorum
            yield from self._phase2a(e, (e.ballot, e.instance), e.batch, quorum, e.seq, e.process)
        elif isinstance(e, PartialPhase2b):
            yield from self._phase2b(e)
        elif isinstance(e, PartialDecide):
            self._acts(e)
            place = e.ballot, e.instance
            self._decided.add(place)
            quorum = self._voted(place) if e.quorum is UNSET else e.quorum
            yield Decide(**_who(e), ballot=e.ballot, instance=e.instance, quorum=quorum)
        elif isinstance(e, Learn):
            yield self._learn(e)
        elif isinstance(e, Deliver):
            yield from self._deliver(e)
        elif isinstance(e, Recover):
            yield from self._recover(e)
        else:
            if isinstance(e, Trim):
                self._forget(decode(e.process).id, e.last)
            yield e

    # What clients broadcast.

    def _broadcasts(self, e: Event, ranges: Iterable[Range]) -> Iterator[AnyEvent]:
        """The values that are proposed and not broadcast yet, if that is left out."""
        if "Broadcast" not in self._omits:
            return
        by: dict[str, list[Range]] = {}
        for r in ranges:
            if r not in self._broadcast:
                by.setdefault(r[0], []).append(r)
        for client, values in by.items():
            self._broadcast.update(values)
            process = f"client-{client}"
            yield Broadcast(process=process, seq=0, hlc=e.hlc, values=tuple(values))

    def _waits(self, e: Event, b: Ballot, i: int) -> Iterator[AnyEvent]:
        """Without PrepareAhead a proposer asks only if a value waits, or somebody was there. It may
        be a value that nobody proposes."""
        if "Broadcast" not in self._omits or self._ahead or i <= self._highest:
            return
        yield from self._broadcasts(e, self._foreseen.batches.get((b, i), ()))
        if len(self._broadcast) <= len(self._proposed.get(b, set()) & self._broadcast):
            client = next(iter(numbers := self._foreseen.numbers), "1.1")
            numbers[client] = numbers.get(client, 0) + 1
            yield from self._broadcasts(e, [(client, numbers[client], 1, "0" * 16)])

    # Phase 1.

    def _phase1a(
        self, e: Event, b: Ballot, first: int, last: int | msgspec.UnsetType, seq: int, process: str
    ) -> Iterator[AnyEvent]:
        yield from self._waits(e, b, first)
        if last is UNSET:
            last = self._top(b, first)
        self._asked.setdefault(b, RangesAsked()).add(first, last)
        yield Phase1a(process=process, seq=seq, hlc=e.hlc, ballot=b, first=first, last=last)

    def _ask(self, e: Event, b: Ballot, first: int, last: int) -> Iterator[AnyEvent]:
        """The request that a promise answers, if that is left out."""
        known = self._asked.get(b)
        if "Phase1a" not in self._omits or (known is not None and known.contain(first, last)):
            return
        yield from self._phase1a(e, b, first, self._top(b, last), 0, self._owner(b))

    def _top(self, b: Ballot, last: int) -> int:
        """How far a request goes that goes to `last` at least."""
        return max(last, self._foreseen.tops.get(b, 0)) if self._ahead else last

    def _phase1b(self, e: PartialPhase1b) -> Iterator[AnyEvent]:
        yield from self._ask(e, e.ballot, e.first, e.last)
        a = decode(e.process).id
        votes = self._votes_of(a, e.first, e.last) if e.votes is UNSET else e.votes
        for i, b, batch in votes:
            yield from self._propose_voted(e, (b, i), batch)
            self._reported.setdefault((e.ballot, i), {}).setdefault(a, set()).add((b, batch))
        by = self._covered.setdefault(e.ballot, {})
        by.setdefault(a, IntervalSet()).add(e.first, e.last)
        yield Phase1b(**_who(e), ballot=e.ballot, first=e.first, last=e.last, votes=votes)

    def _votes_of(self, a: int, first: int, last: int) -> tuple[Vote, ...]:
        mine = self._votes[a]
        votes = tuple((i, *mine[i]) for i in self._voted_in[a].within(first, last))
        self._count(len(votes), "report", "votes", "write the votes of each Phase1b")
        return votes

    def _count(self, n: int, do: str, what: str, todo: str) -> None:
        self._put_in += n
        if self._put_in > MOST_VOTES:
            than = f"more than {MOST_VOTES} {what} that the trace leaves out"
            raise TooMuch(f"the promises up to here would {do} {than}; {todo}")

    # Phase 2.

    def _phase2a(
        self, e: Event, place: Place, batch: Batch, quorum: Quorum | None, seq: int, process: str
    ) -> Iterator[AnyEvent]:
        b, i = place
        chosen = quorum or self._promisers(place, batch)
        if not any(self._reported.get(place, {}).get(a) for a in chosen):
            yield from self._broadcasts(e, batch)
        accepts = self._accepts.setdefault(place, [])
        if not accepts:
            self._ballots.setdefault(i, []).append(b)
        if batch not in accepts:
            accepts.append(batch)
        self._highest = max(self._highest, i)
        if not self._ahead and "Broadcast" in self._omits:
            self._proposed.setdefault(b, set()).update(batch)
        yield Phase2a(
            process=process, seq=seq, hlc=e.hlc, ballot=b, instance=i, batch=batch, quorum=chosen
        )

    def _promisers(self, place: Place, batch: Batch) -> Quorum:
        """A quorum of promises that allows the proposal."""
        b, i = place
        covered, reported = self._covered.get(b, {}), self._reported.get(place, {})
        promised = [a for a in sorted(covered) if i in covered[a]]
        tops = {a: max(v[0] for v in reported[a]) for a in promised if reported.get(a)}
        for top in sorted({v[0] for a in tops for v in reported[a] if v[1] == batch}):
            below = [a for a in promised if a not in tops or tops[a] <= top]
            holder = next((a for a in below if (top, batch) in reported.get(a, ())), None)
            if holder is not None and len(below) >= self._quorum1:
                others = [a for a in below if a != holder]
                return tuple(sorted([holder, *others[: self._quorum1 - 1]]))
        free = [a for a in promised if a not in tops]
        return self._quorum_with(free if len(free) >= self._quorum1 else promised, self._quorum1)

    def _phase2b(self, e: PartialPhase2b) -> Iterator[AnyEvent]:
        place = e.ballot, e.instance
        if e.batch is not UNSET:
            yield from self._propose_voted(e, place, e.batch)
        self._vote(decode(e.process).id, place, self._accepts.get(place, [()])[0])
        yield Phase2b(**_who(e), ballot=e.ballot, instance=e.instance)

    def _propose_voted(self, e: Event, place: Place, batch: Batch) -> Iterator[AnyEvent]:
        """The proposal that a vote is for, if that is left out."""
        if "Phase2a" in self._omits and batch not in self._accepts.get(place, ()):
            if not batch and place[1] > self._highest:
                yield from self._propose_above(e, place)
            yield from self._phase2a(e, place, batch, None, 0, self._owner(place[0]))

    def _propose_above(self, e: Event, place: Place) -> Iterator[AnyEvent]:
        """A no-op fills a gap only below a proposal. If no vote has shown that, it was of some
        value that was broadcast, where a quorum had promised and nobody had voted."""
        value = self._foreseen.value or next(iter(self._broadcast), ("1.1", 1, 1, "0" * 16))
        for b in sorted(self._covered, reverse=True):
            for i in sorted({place[1], place[1] + 1, self._foreseen.tops.get(b, 0)}):
                above = b, i
                free = i >= place[1] and above != place and above not in self._foreseen.batches
                promised = [a for a, known in self._covered[b].items() if i in known]
                silent = [a for a in promised if not self._reported.get(above, {}).get(a)]
                if free and above not in self._accepts and len(silent) >= self._quorum1:
                    yield from self._phase2a(e, above, (value,), None, 0, self._owner(b))
                    return

    def _vote(self, a: int, place: Place, batch: Batch) -> None:
        self._votes[a][place[1]] = place[0], batch
        self._voted_in[a].add(place[1], place[1])
        self._voters.setdefault(place, set()).add(a)

    # Learning.

    def _voted(self, place: Place) -> Quorum:
        """Acceptors that voted there; where they are too few, with others, as any quorum has."""
        return self._quorum_with(sorted(self._voters.get(place, ())), self._quorum2)

    def _quorum_with(self, best: list[int], size: int) -> Quorum:
        """So many of the best ones, and of others if they are too few."""
        rest = [a for a in self._acceptors if a not in best]
        return tuple(sorted([*best, *rest][:size]))

    def _learn(self, e: Learn) -> Learn:
        self._learned.setdefault(e.process, IntervalSet()).add(e.instance, e.instance)
        if e.quorum is UNSET and self._direct and "Learn.quorum" in self._omits:
            quorum = self._voted((e.ballot, e.instance))
            return msgspec.structs.replace(e, quorum=quorum)
        return e

    def _deliver(self, e: Deliver) -> Iterator[AnyEvent]:
        known = self._learned.get(e.process)
        if "Learn" in self._omits and not (known and e.instance in known):
            place = self._learnable(e)
            if place is not None:
                batch = self._accepts[place][0]
                quorum = self._voted(place) if self._direct else UNSET
                yield self._learn(
                    Learn(
                        process=e.process,
                        seq=0,
                        hlc=e.hlc,
                        ballot=place[0],
                        instance=e.instance,
                        batch=batch,
                        quorum=quorum,
                    )
                )
        yield e

    def _learnable(self, e: Deliver) -> Place | None:
        """Where the learner can have learned what it delivers: a place that won, best one whose
        batch has the values; else any."""
        places = [(b, e.instance) for b in sorted(self._ballots.get(e.instance, ()))]
        won = [p for p in places if self._is_over(p)]
        values = set(e.values)
        fits = [p for p in won if values <= set(self._accepts[p][0])]
        return next(iter(fits or won or places), None)

    def _is_over(self, place: Place) -> bool:
        if self._direct:
            return len(self._voters.get(place, ())) >= self._quorum2
        return place in self._decided

    # Storage.

    def _forget(self, a: int, last: int) -> None:
        for i in self._voted_in[a].within(1, last):
            del self._votes[a][i]
        self._voted_in[a].remove_to(last)

    def _acts(self, e: Event) -> None:
        """Note which incarnation of a proposer this is."""
        process = decode(e.process)
        self._incarnations[process.id] = process.incarnation

    def _recover(self, e: Recover) -> Iterator[AnyEvent]:
        process = decode(e.process)
        if process.role == "proposer":
            yield from self._before(e)
            self._acts(e)
        if process.role == "acceptor":
            a, mine = process.id, self._votes[process.id]
            for i, b, batch in e.votes or ():
                yield from self._propose_voted(e, (b, i), batch)
                if mine.get(i) != (b, batch):
                    self._vote(a, (b, i), batch)
            self._forget(a, e.trimmed or 0)
            if e.promised is not UNSET and e.promised not in self._asked:
                start = (e.trimmed or 0) + 1
                if not any(b == e.promised for _, b, _ in e.votes or ()):
                    yield from self._ask(e, e.promised, start, start)
            if "Phase1a" in self._omits:
                yield from self._ask_promises(e)
        yield e

    def _ask_promises(self, e: Recover) -> Iterator[AnyEvent]:
        """The requests of what an acceptor came back with, where each instance has a promise; a
        vote needs none. A range has one ballot, and may answer several requests."""
        voted: dict[Ballot, IntervalSet] = {}
        for i, b, _ in e.votes or ():
            voted.setdefault(b, IntervalSet()).add(i, i)
        for start, last, b in e.promises or ():
            first = max(start, (e.trimmed or 0) + 1)
            has = voted.get(b, IntervalSet())
            if not self._ahead:
                self._count(last + 1 - first, "answer", "Phase1a", "write each Phase1a")
                for i in (i for i in range(first, last + 1) if i not in has):
                    yield from self._ask(e, b, i, i)
            elif sum(1 for _ in has.within(first, last)) < last + 1 - first:
                yield from self._ask(e, b, first, last)

    def _before(self, e: Recover) -> Iterator[AnyEvent]:
        """What a proposer did before it came back is put in before that, also if it is answered
        later: from now on it uses ballots of higher rounds only. Of each ballot the highest
        instance comes first, so that a no-op below it fills a gap."""
        p, last = decode(e.process).id, 0 if e.round is UNSET else e.round
        asked, proposed = self._foreseen.asked.get(p, []), self._foreseen.proposed.get(p, [])
        while asked and asked[-1][0][0] <= last:
            yield from self._ask(e, *asked.pop())
        while proposed and proposed[-1][0][0] <= last:
            b, i, batch = proposed.pop()
            yield from self._propose_voted(e, (b, i), batch)

    # Who.

    def _owner(self, b: Ballot) -> str:
        return f"proposer-{b[1]}.{self._incarnations.get(b[1], 1)}"


def _who(e: Event) -> dict[str, Any]:
    return {"process": e.process, "seq": e.seq, "hlc": e.hlc}


def completed(
    header: Header, rows: Callable[[], Iterable[tuple[int, str, int, Any]]]
) -> Iterator[tuple[int, str, int, AnyEvent]]:
    """The rows of a run in their order, with what its header omits put in. `rows` gives them
    as they are written; it is called twice where it has to be foreseen what comes. Raises TooMuch.
    """
    ahead = {"Broadcast", "Phase1a", "Phase1a.to", "Phase2a"} & set(header.omits)
    foreseen = Foreseen.of(row[3] for row in rows()) if ahead else Foreseen()
    inference = Inference(header, foreseen)
    for hlc, _, _, partial in rows():
        for event in inference.whole(partial):
            yield hlc, event.process, event.seq, event
