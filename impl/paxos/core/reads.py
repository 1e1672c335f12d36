"""Reads: when a learner has delivered all that anybody had when a read began, without a value in
the log, a clock or a leader (Charapko, Ailijiang and Demirbas, "Linearizable Quorum Reads in
Paxos", HotStorage 2019).

It asks the acceptors for the highest instance that each has voted in. What anybody had delivered
before was chosen, so a quorum had voted for it, and of as many as promise to a leader (phase 1) one
was in that one. They are the quorum that must answer:
when the learner has delivered up to the highest instance of a quorum of the answers, it has all of
it. Of the answers that there are it takes the quorum with the lowest ones. If the instance is never
chosen, because a leader died, the learner asks for it like for any that is missing, and the leader
that there is finishes it.

All reads that wait share a query. At most one is under way; what begins meanwhile has the next one,
since an answer counts only for what began before it was asked for. What is answered later is as
good: while reads wait long for an instance, there is another query, which may say a lower one.

Spec, in Reads: `AskRead`, `Read`.
"""

from math import inf

from paxos.core import waiting
from paxos.core.messages import Group, Query, Reached
from paxos.core.roundtrip import LONGEST_PAUSE_S, RoundTrip
from paxos.core.settings import Settings
from paxos.core.step import Step
from paxos.core.waiting import Wait

MOST_TARGETS = 64
"""Queries that are answered, and that the learner has yet to catch up with, at most. Of more, two
count as one: the earlier one waits for the later one's instance."""


class Reads:
    """The reads of one learner, in one of its lives. Each is known by the number of its query."""

    def __init__(self, settings: Settings, reader: str, now_s: float) -> None:
        """`reader`: this life of the learner, as in `Query`."""
        self._settings = settings
        self._reader = reader
        self.due_s = inf
        """When to ask again."""
        self.current_s = -inf
        """What was delivered anywhere until then is delivered here; -inf: that is not known."""
        self._asked = 0  # the number of the last query
        self._asked_s = now_s
        self._said = 0  # how often
        self._wanted = 0  # the number of the query that a read waits for last
        self._ended = 0  # the reads up to this number have what they waited for
        self._answers: dict[int, int] = {}  # to the last query, by acceptor
        self._targets: dict[int, tuple[int, float]] = {}  # of those answered: instance, and asked_s
        self._trip = RoundTrip(settings.shortest_s, settings.gap_s)

    # What the application wants.

    def begin(self) -> int:
        """A read begins. It may see what is delivered here when `Step.current` is this number or a
        higher one. With the next step a query is sent, if none is under way."""
        self._wanted = self._asked + 1
        return self._wanted

    # What the learner hears.

    def hear(self, acceptor: int, reached: Reached, now_s: float) -> int:
        """An acceptor answers. The instance that the learner should look for, if it has not
        delivered it: 0, or what the last query asks to be delivered."""
        is_ours = reached.reader == self._reader and reached.number == self._asked
        if not is_ours or not 1 <= acceptor <= self._settings.acceptors:
            return 0
        if self._is_open and self._said == 1:
            self._trip.measured(now_s - self._asked_s)
        self._answers[acceptor] = max(reached.instance, self._answers.get(acceptor, 0))
        if self._is_open:
            return 0
        self.due_s = now_s + LONGEST_PAUSE_S
        self._aim(self._asked, sorted(self._answers.values())[self._settings.quorum1 - 1])
        return self.target

    def silence_ends(self, now_s: float) -> None:
        """Somebody is heard after a silence: do not wait for the end of a long pause."""
        if self.due_s < inf:
            self.due_s = now_s

    @property
    def target(self) -> int:
        """The highest instance that a read waits for; 0: none does."""
        return max([instance for instance, _ in self._targets.values()], default=0)

    def _aim(self, number: int, instance: int) -> None:
        """The reads up to `number` end when `instance` is delivered: the answers came after each of
        them began."""
        if number <= self._ended:
            return
        self._targets[number] = instance, self._asked_s
        self._targets = {n: (min(i, instance), at_s) for n, (i, at_s) in self._targets.items()}
        if len(self._targets) > MOST_TARGETS:
            *_, last_but_one, _ = sorted(self._targets)
            del self._targets[last_but_one]

    # What is to be done.

    def finish(self, step: Step, prefix: int, now_s: float) -> None:
        """A group of messages was heard, and instances `1..prefix` are delivered: which reads may
        go on, and what is asked now."""
        if not self._wanted:  # nobody ever reads here
            return
        ended = [number for number, (target, _) in self._targets.items() if target <= prefix]
        if ended:
            step.current = self._ended = max(ended)
            self.current_s = self._targets[self._ended][1]
            self._targets = {n: aim for n, aim in self._targets.items() if n > self._ended}
        is_late = now_s >= self.due_s
        if self._is_open:
            if is_late:
                self._trip.unanswered()
                self._ask(step, now_s)
        elif self._wanted > self._asked or (is_late and self._targets):
            self._asked, self._asked_s, self._said = self._asked + 1, now_s, 0
            self._answers = {}
            self._ask(step, now_s)
        elif not self._targets:
            self.due_s = inf

    def _ask(self, step: Step, now_s: float) -> None:
        self._said += 1
        self.due_s = now_s + self._trip.timeout_s
        step.send(Query(self._reader, self._asked), Group.ACCEPTORS)

    @property
    def _is_open(self) -> bool:
        """Whether the last query is not answered by a quorum."""
        return self._asked > 0 and len(self._answers) < self._settings.quorum1

    def waits_for(self) -> Wait | None:
        """See `paxos.core.role.Role`; what is missing of the log is the learner's to say."""
        if not self._is_open:
            return None
        return waiting.for_answers(self._settings, self._asked, self._answers)
