"""What a learner misses, and when it asks for how much of it.

It asks for an instance when one that is new takes longer than they usually do, or at once when
later ones show that it is lost. It repeats a question that is not answered, less and less often. A
learner that is far behind asks for one part after another, each as large as is answered soon, and
rests in between, because acceptors, learners and the network are busy with what is new.
"""

from collections.abc import Container, Iterable, Iterator
from math import inf
from typing import Protocol

from paxos.core.messages import Ask
from paxos.core.roundtrip import LONGEST_PAUSE_S, RoundTrip
from paxos.core.settings import Settings

PACKET_THRESHOLD = 2
"""What a process said of an instance is lost when it is heard of one so much higher: it speaks of
instances in their order, and networks reorder few (RFC 9002, section 6.1.1)."""

PATIENCE = 1.5
"""Each question that is not answered makes a learner so many times more patient: less so than who
sends batches, for questions are short, and one is easily lost without any congestion."""

SHORT_ANSWER_S, LONG_ANSWER_S = 0.05, 0.2
"""An answer should take about as long: what is new waits behind it."""

LEAST_REACH = 16
"""Instances that a learner asks for at least, if so many are missing."""

REST = 0.7
"""A rest takes so many times as long as the last answer took."""


class Log(Protocol):
    """What a learner has of the log."""

    prefix: int
    """Instances `1..prefix` are delivered."""
    top: int
    """The highest instance known to have been begun."""
    highest: int
    """The highest instance that was learned."""

    @property
    def learned(self) -> Container[int]:
        """The instances beyond the prefix that are learned."""

    def is_lost(self, instance: int) -> bool:
        """Whether something that is missing of an instance is lost, where later ones are
        learned."""


class Gaps:
    """The questions of one learner."""

    def __init__(self, settings: Settings, now_s: float) -> None:
        self._settings = settings
        self.due_s = inf
        """When to look for gaps next."""
        self.mean_bytes = 1.0
        """Of a batch."""
        self.learned(1)
        self._arrival = RoundTrip(settings.shortest_s, settings.gap_s)  # of what is new
        self._timed = 0  # an instance that is awaited since then
        self._timed_s = now_s
        self._old_top = self._old_prefix = 0  # at the last look
        self._patience = 1.0  # with an answer: so many times longer than with what is new
        self._asked = self._asked_to = (
            0  # the first instance of it, until that is learned; the last
        )
        self._asked_s = now_s
        self._times = 0  # how often the first was asked for
        self._is_far = False  # it was one for a part of what is missing
        self._room = 2 * settings.fitting_bytes  # for what is asked for at a time, in bytes
        self._teller = 0  # the acceptor that was asked for batches last
        self._mute: set[int] = set()  # acceptors that did not tell, and were not heard since

    # What the learner hears.

    def begun(self, top: int, now_s: float) -> None:
        """There is something new, up to instance `top`."""
        if not self._timed:
            self._timed, self._timed_s = top, now_s
        if self.due_s == inf:
            self.due_s, self._is_far = now_s + self._arrival.timeout_s, False

    def learned(self, size: int) -> None:
        """An instance is, with a batch of `size` bytes."""
        settings = self._settings
        self.mean_bytes += (size - self.mean_bytes) / 8
        most = max(settings.in_flight, int(settings.learner_bytes / self.mean_bytes))
        self.kept_instances = min(most, settings.learner_instances)
        """Instances beyond the prefix that a learner keeps anything for, by the size of batches."""

    def silence_ends(self, now_s: float) -> None:
        """Somebody is heard after a silence: do not wait for the end of a long pause."""
        self.due_s = min(self.due_s, now_s)

    def heard(self, acceptor: int) -> None:
        """An acceptor lives."""
        self._mute.discard(acceptor)

    def answered_to(self, acceptor: int, last: int) -> None:
        """An acceptor has told what there was room for, up to instance `last`."""
        if acceptor == self._teller:
            self._asked_to = min(self._asked_to, last)

    # What it asks.

    def look(self, log: Log, now_s: float) -> Iterator[Ask]:
        """It is time to look for gaps. While the prefix grows, asking again would double the
        answers. If it does not, so much was asked for that it got lost, or nobody can answer now:
        less is asked for, and less often."""
        if log.prefix > self._old_prefix:
            self.due_s = now_s + self._arrival.timeout_s
        else:
            if self._asked_to:
                self._times += 1
                self._patience *= PATIENCE
                self._mute.add(self._teller)
                if self._times > 2:  # what is lost once may be lost by chance
                    self._room = max(self._settings.fitting_bytes, self._room // 2)
            elif not self._is_far and self._chosen(log) <= log.prefix:
                self._arrival.unanswered(PATIENCE)  # of what is new
            yield from self._ask(log, now_s)
        self._old_top, self._old_prefix = log.top, log.prefix

    def finish(self, log: Log, now_s: float) -> Iterable[Ask]:
        """A group of messages was heard: what is to be asked now."""
        if self._timed and (self._timed <= log.prefix or self._timed in log.learned):
            self._arrival.measured(now_s - self._timed_s)
            self._timed = 0
        if self._asked and (self._asked <= log.prefix or self._asked in log.learned):
            self._patience = 1.0 if self._times == 1 else max(1.0, self._patience / 2)
            self._asked = 0
        asks = list(self._go_on(log, now_s)) if 0 < self._asked_to <= log.prefix else []
        if log.highest - PACKET_THRESHOLD > log.prefix:
            asks += self._ask_for_lost(log, now_s)
        return asks

    def _go_on(self, log: Log, now_s: float) -> Iterator[Ask]:
        """All that was asked for has come."""
        answer_s = now_s - self._asked_s
        if answer_s < SHORT_ANSWER_S:
            self._room = min(2 * self._room, self._settings.reported_bytes)
        elif answer_s > LONG_ANSWER_S:
            self._room = max(self._settings.fitting_bytes, self._room // 2)
        if self._settled(log) < log.prefix + self._reach():
            yield from self._ask(log, now_s)
        else:
            self._asked_to, self._old_prefix = 0, log.prefix
            self._is_far = True  # there is more: the next look comes after a rest, and not in vain
            self.due_s = now_s + REST * answer_s

    def _settled(self, log: Log) -> int:
        """Instances up to this one are old: they were begun before the last look, or are certain to
        be. The latter is what a learner that hears of a part of the log at a time has to go by,
        since all of that is news to it."""
        return max(self._old_top, self._chosen(log))

    def _chosen(self, log: Log) -> int:
        """So many were begun after this one that a leader must have seen it chosen."""
        return log.top - self._settings.in_flight

    def _reach(self) -> int:
        """How many instances to ask for at a time. Acceptors tell of them what there is room for;
        not so a leader that decides in place of learners."""
        most = min(self._settings.ask_instances, self.kept_instances)
        if self._settings.direct_learning:
            return most
        return min(most, max(LEAST_REACH, int(self._room / self.mean_bytes)))

    def _ask_for_lost(self, log: Log, now_s: float) -> Iterator[Ask]:
        """Ask at once for what is certain to be lost: there is no need to wait for it."""
        if self._is_far and self._asked_to > log.prefix:
            return  # it goes on asking in order
        first = last = max(self._asked_to, log.prefix)
        most = min(log.highest - PACKET_THRESHOLD, log.prefix + self._reach())
        while last < most and (last + 1 in log.learned or log.is_lost(last + 1)):
            last += 1
        if last > first:
            yield from self._ask_for(log, first + 1, last, now_s)

    def _ask(self, log: Log, now_s: float) -> Iterator[Ask]:
        """Ask for what is old and still missing. What is newer is probably on its way."""
        self._asked_to, settled = 0, self._settled(log)
        last = min(settled, log.prefix + self._reach())
        self._is_far = last < settled or last - log.prefix > self._settings.in_flight
        yield from self._ask_for(log, log.prefix + 1, last, now_s)
        self.due_s = now_s + self._pause_s() if log.top > log.prefix else inf

    def _pause_s(self) -> float:
        """How long to wait for an answer. Patience that a slow path has taught is kept."""
        timeout_s = self._arrival.timeout_s
        return min(self._patience * timeout_s, max(timeout_s, LONGEST_PAUSE_S))

    def _ask_for(self, log: Log, first: int, last: int, now_s: float) -> Iterator[Ask]:
        """Ask for those of `first..last` that are missing, in so many questions as the room has
        messages for the answers."""
        runs = _missing(log, first, last)[: max(1, self._room // self._settings.fitting_bytes)]
        if not runs:
            return
        self._asked_to, self._asked_s = runs[-1][1], now_s
        if not self._asked:
            self._asked, self._times = runs[0][0], 1
        self._timed = 0
        self._teller = self._next_teller()
        room = self._room // len(runs) if self._settings.direct_learning else 0
        for start, end in runs:
            yield Ask(start, end, self._teller, room)

    def _next_teller(self) -> int:
        """Each acceptor in turn, but for those that did not answer and said nothing since."""
        count = self._settings.acceptors
        order = [(self._teller + k) % count + 1 for k in range(count)]
        if len(self._mute) >= count:
            self._mute.clear()
        return next(acceptor for acceptor in order if acceptor not in self._mute)


def _missing(log: Log, first: int, last: int) -> list[tuple[int, int]]:
    """The runs of instances in `first..last` that are not learned."""
    runs: list[tuple[int, int]] = []
    for instance in range(first, last + 1):
        if instance in log.learned:
            continue
        if runs and runs[-1][1] == instance - 1:
            runs[-1] = runs[-1][0], instance
        else:
            runs.append((instance, instance))
    return runs
