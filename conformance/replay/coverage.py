"""What a set of traces has exercised of the specification: each action, and of each guard the ways
in which it can be true.

Traces in which no gap is filled show nothing about filling gaps. Whether an event takes a branch is
decided in the state before it; the branch is counted if the event is accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from conformance.replay.advice import ADVICE
from conformance.replay.checker import SPECS, Checker
from conformance.replay.citations import places
from conformance.replay.verdict import Violation
from conformance.rules.phases import held
from conformance.rules.recovery import unseen_promises
from conformance.rules.state import NO_VOTE, State
from conformance.trace.process import decode, id_of
from conformance.trace.schema import AnyEvent, Header

# (state before, actor, event) -> whether the event takes this branch
Taken = Callable[[State, Any, Any], bool]


class Branch(NamedTuple):
    """One way in which a guard can be true; `rule` is "Action.guard"."""

    rule: str
    words: str
    taken: Taken
    only: str = ""  # the constants without which it cannot be, in words

    @property
    def name(self) -> str:
        return f"{self.rule}: {self.words}"


AHEAD = "prepare_ahead"
NOT_AHEAD = "not prepare_ahead"
DIRECT = "direct_learning"
NOT_DIRECT = "not direct_learning"
CHECKPOINTS = "checkpoints"
NO_CHECKPOINTS = "not checkpoints"
BATCHING = "max_batch over 1"


def _reported(s: State, e: Any) -> set[Any]:
    return s.reported(e.quorum, e.ballot, e.instance)


def _learned(s: State, me: str, i: int) -> Any:
    return s.look(i).learned.get(me, NO_VOTE)[1]


def _values(batch: Any) -> int:
    return sum(r[2] for r in batch)


def _unseen(s: State, a: Any, e: Any) -> bool:
    votes = {i: (b, batch) for i, b, batch in e.votes or ()}
    return any(s.look(i).vote.get(a, NO_VOTE) != vote for i, vote in votes.items())


def _whole(s: State, a: Any, e: Any) -> bool:
    asked = s.asked.get(e.ballot)
    return asked is not None and (e.first, e.last) in asked.runs()


def _least(s: State, e: Any) -> bool:
    return len(e.quorum) == (s.quorum1 if e.action == "Phase2a" else s.quorum2)


def _again(s: State, e: Any) -> bool:
    return bool(_reported(s, e))


def _heard_before(s: State, e: Any) -> bool:
    """Whether it takes a vote that its quorum did not report, or not as the highest."""
    reported = _reported(s, e)
    return bool(reported) and (max(b for b, _ in reported), e.batch) not in reported


def _all_new(s: State, x: Any, e: Any) -> bool:
    learned = _learned(s, x, e.instance)
    return bool(learned) and learned == e.values


def _kept(s: State, a: Any, e: Any) -> bool:
    return _is_acceptor(e) and not _unseen(s, a, e) and not unseen_promises(s, a, e)


def _came_back(s: State, last: int) -> bool:
    """Whether a learner delivered so far in one incarnation, and delivers in another now."""
    return any(x.prefix < last <= s.done_to(id_of(name)) for name, x in s.learners.items())


def _has_checkpoint(s: State, x: Any, e: Any) -> bool:
    checkpoint = s.learner(x).checkpoint
    return (checkpoint.instance, checkpoint.position) == (e.instance, e.position)


def _passes_over(s: State, x: str, e: Any) -> bool:
    """Whether a value is passed over that is of an incarnation of a client that is over."""
    learner = s.learner(x)
    return any(learner.is_over(r[0]) for r in _learned(s, x, e.instance) if r not in e.values)


def _is_acceptor(e: Any) -> bool:
    return decode(e.process).role == "acceptor"


def _above_trimmed(s: State, a: int, e: Any) -> bool:
    asked = s.asked.get(e.ballot)
    return asked is not None and 0 < s.trimmed[a] == e.first - 1 and asked.contain(1, e.last)


MULTIPAXOS = (
    Branch("Phase1a.range", "one instance", lambda s, p, e: e.first == e.last),
    Branch("Phase1a.range", "several instances", lambda s, p, e: e.first < e.last, AHEAD),
    Branch("Phase1a.prepare", "a value waits", lambda s, p, e: s.value_waits(e.ballot), NOT_AHEAD),
    Branch(
        "Phase1a.prepare",
        "nothing waits, and the instance or one above was begun",
        lambda s, p, e: not s.value_waits(e.ballot) and e.first <= s.highest,
        NOT_AHEAD,
    ),
    Branch("Phase1a.prepare", "at any time", lambda s, p, e: True, AHEAD),
    Branch("Phase1b.range", "one instance", lambda s, a, e: e.first == e.last),
    Branch("Phase1b.range", "several instances", lambda s, a, e: e.first < e.last, AHEAD),
    Branch("Phase1b.asked", "all that was asked for", _whole),
    Branch("Phase1b.asked", "a part of it", lambda s, a, e: not _whole(s, a, e), AHEAD),
    Branch("Phase1b.trimmed", "what it has not trimmed of what was asked", _above_trimmed, AHEAD),
    Branch(
        "Phase2a.gap", "the no-op fills a gap", lambda s, p, e: not (_reported(s, e) or e.batch)
    ),
    Branch(
        "Phase2a.highest", "the no-op was voted for", lambda s, p, e: _again(s, e) and not e.batch
    ),
    Branch("Phase2a.batch", "several values", lambda s, p, e: _values(e.batch) > 1, BATCHING),
    Branch("Phase2b.trimmed", "it has trimmed nothing", lambda s, a, e: not s.trimmed[a]),
    Branch("Phase2b.trimmed", "above what it trimmed", lambda s, a, e: bool(s.trimmed[a])),
    Branch("Learn.quorum", "a least quorum", lambda s, x, e: _least(s, e), DIRECT),
    Branch("Learn.quorum", "a larger quorum", lambda s, x, e: not _least(s, e), DIRECT),
    Branch("Learn.decided", "a Decide", lambda s, x, e: True, NOT_DIRECT),
    Branch("Learn.decided", "votes of a quorum", lambda s, x, e: True, DIRECT),
    Branch(
        "Learn.once", "the next instance", lambda s, x, e: e.instance == s.learner(x).prefix + 1
    ),
    Branch("Learn.once", "out of order", lambda s, x, e: e.instance > s.learner(x).prefix + 1),
    Branch("Deliver.values", "all values new", _all_new),
    Branch(
        "Deliver.values",
        "duplicates dropped",
        lambda s, x, e: _learned(s, x, e.instance) != e.values,
    ),
    Branch("Deliver.values", "the no-op", lambda s, x, e: not _learned(s, x, e.instance)),
    Branch("Deliver.values", "a client is over", _passes_over, CHECKPOINTS),
    Branch("Restart.place", "with its checkpoint", _has_checkpoint),
    Branch("Restart.place", "one that no trace has", lambda s, x, e: not _has_checkpoint(s, x, e)),
    Branch("Trim.further", "for the first time", lambda s, a, e: not s.trimmed[a]),
    Branch("Trim.further", "further than before", lambda s, a, e: bool(s.trimmed[a])),
    Branch(
        "Trim.delivered",
        "by each learner",
        lambda s, a, e: not _came_back(s, e.last),
        NO_CHECKPOINTS,
    ),
    Branch(
        "Trim.delivered",
        "by one in another life",
        lambda s, a, e: _came_back(s, e.last),
        NO_CHECKPOINTS,
    ),
    Branch("Trim.delivered", "by a majority", lambda s, a, e: True, CHECKPOINTS),
    Branch(
        "Recover.trimmed",
        "an acceptor that has trimmed",
        lambda s, a, e: _is_acceptor(e) and bool(s.trimmed[a]),
    ),
    Branch(
        "Recover.new trim",
        "with a trimming that no trace has",
        lambda s, a, e: _is_acceptor(e) and (e.trimmed or 0) > s.trimmed[a],
    ),
)
SHARED = (
    Branch("Broadcast.fresh", "the client's first", lambda s, c, e: c not in s.broadcast),
    Branch("Broadcast.fresh", "a later one", lambda s, c, e: c in s.broadcast),
    Branch("Phase1b.promise", "a higher ballot", lambda s, a, e: e.ballot > held(s, a, e)),
    Branch("Phase1b.promise", "the same ballot again", lambda s, a, e: e.ballot == held(s, a, e)),
    Branch("Phase1b.votes", "no vote to report", lambda s, a, e: not e.votes),
    Branch("Phase1b.votes", "votes reported", lambda s, a, e: bool(e.votes)),
    Branch("Phase2a.quorum", "a least quorum", lambda s, p, e: _least(s, e)),
    Branch("Phase2a.quorum", "a larger quorum", lambda s, p, e: not _least(s, e)),
    Branch(
        "Phase2a.broadcast", "a new batch", lambda s, p, e: bool(not _reported(s, e) and e.batch)
    ),
    Branch("Phase2a.highest", "a batch voted for", lambda s, p, e: _again(s, e) and bool(e.batch)),
    Branch(
        "Phase2a.highest",
        "votes of several ballots, the highest taken",
        lambda s, p, e: len({b for b, _ in _reported(s, e)}) > 1,
    ),
    Branch("Phase2a.highest", "a vote heard before", lambda s, p, e: _heard_before(s, e)),
    Branch("Phase2b.promise", "the ballot promised", lambda s, a, e: e.ballot == held(s, a, e)),
    Branch("Phase2b.promise", "a ballot above it", lambda s, a, e: e.ballot > held(s, a, e)),
    Branch(
        "Phase2b.proposed",
        "a first vote",
        lambda s, a, e: s.look(e.instance).vote.get(a, NO_VOTE) == NO_VOTE,
    ),
    Branch(
        "Phase2b.proposed",
        "a vote in place of an older one",
        lambda s, a, e: s.look(e.instance).vote.get(a, NO_VOTE) != NO_VOTE,
    ),
    Branch("Decide.quorum", "a least quorum", lambda s, p, e: _least(s, e), NOT_DIRECT),
    Branch("Decide.quorum", "a larger quorum", lambda s, p, e: not _least(s, e), NOT_DIRECT),
    Branch("Decide.voted", "in its own ballot", lambda s, p, e: e.ballot[1] == p, NOT_DIRECT),
    Branch("Decide.voted", "in a ballot of another", lambda s, p, e: e.ballot[1] != p, NOT_DIRECT),
    Branch(
        "Decide.voted",
        "decided before",
        lambda s, p, e: e.ballot in s.look(e.instance).decided,
        NOT_DIRECT,
    ),
    Branch("Recover.votes", "an acceptor, as its trace left it", _kept),
    Branch(
        "Recover.new votes",
        "with a vote that no trace has",
        lambda s, a, e: _is_acceptor(e) and _unseen(s, a, e),
    ),
    Branch(
        "Recover.new promise",
        "with a promise that no trace has",
        lambda s, a, e: _is_acceptor(e) and bool(unseen_promises(s, a, e)),
    ),
    Branch("Recover.round", "a proposer", lambda s, p, e: decode(e.process).role == "proposer"),
)


BRANCHES: dict[str, tuple[Branch, ...]] = {
    "MultiPaxos": SHARED + MULTIPAXOS,
    "Synod": tuple(b for b in SHARED if b.words != "a later one"),
}


def possible(branch: Branch, constants: Any) -> bool:
    """Whether the constants allow the branch at all."""
    allowed: dict[str, bool] = {
        "": True,
        AHEAD: constants.prepare_ahead,
        NOT_AHEAD: not constants.prepare_ahead,
        DIRECT: constants.direct_learning,
        NOT_DIRECT: not constants.direct_learning,
        BATCHING: constants.max_batch > 1,
        CHECKPOINTS: constants.checkpoints,
        NO_CHECKPOINTS: not constants.checkpoints,
    }
    return allowed[branch.only]


class Coverage:
    """Counts over any number of runs."""

    def __init__(self) -> None:
        self.actions: dict[str, Counter[str]] = {}
        self.branches: dict[str, Counter[str]] = {}

    def checker(self, header: Header, **options: Any) -> Checker:
        """A checker that counts here what it accepts."""
        self.actions.setdefault(header.spec, Counter())
        self.branches.setdefault(header.spec, Counter())
        return _CountingChecker(self, header, **options)

    def missing(self, spec: str) -> dict[str, str]:
        """What was never exercised, actions, and branches of the actions that were; and what to do
        to a cluster so that it is."""
        seen, taken = self.actions[spec], self.branches[spec]
        never = {f"{a}: the action": ADVICE[a] for a in SPECS[spec].actions if not seen[a]}
        for b in BRANCHES[spec]:
            if seen[b.rule.partition(".")[0]] and not taken[b.name]:
                never[b.name + (f" (needs {b.only})" if b.only else "")] = ADVICE[b.name]
        return never

    def report(self) -> str:
        return "\n".join(line for spec in sorted(self.actions) for line in self._report(spec))

    def _report(self, spec: str) -> list[str]:
        missing, branches = self.missing(spec), BRANCHES[spec]
        taken = sum(1 for b in branches if self.branches[spec][b.name])
        seen = sum(1 for name in SPECS[spec].actions if self.actions[spec][name])
        lines = [
            f"coverage of {spec}: {seen} of {len(SPECS[spec].actions)} actions, "
            f"{taken} of {len(branches)} ways in which a guard is true"
        ]
        for name in SPECS[spec].actions:
            lines.append(f"  {name:<10}{self.actions[spec][name]:>9}")
            for b in branches:
                if b.rule.partition(".")[0] == name:
                    at = places(spec, b.rule)[0].place
                    lines.append(f"    {self.branches[spec][b.name]:>9}  {b.words}  ({at})")
        for line, advice in missing.items():
            lines += [f"  never     {line}", f"            {advice}"]
        return lines if missing else [*lines, "  all of it was exercised"]


class _CountingChecker(Checker):
    def __init__(self, coverage: Coverage, header: Header, **options: Any) -> None:
        super().__init__(header.constants, header.cluster, header.spec, **options)
        self._actions = coverage.actions[header.spec]
        self._branches = coverage.branches[header.spec]
        self._of = {
            name: [
                b
                for b in BRANCHES[header.spec]
                if b.rule.partition(".")[0] == name and possible(b, header.constants)
            ]
            for name in self.spec.actions
        }

    def feed(self, process: str, event: AnyEvent | Mapping[str, Any]) -> Violation | None:
        if isinstance(event, Mapping):
            event = self._decode(process, event)
        who = self._processes.get(process) or self._enter(process, event)
        branches = self._of[event.action]
        taken = [b.name for b in branches if b.taken(self.state, who.actor, event)]
        before = self.accepted
        violation = super().feed(process, event)
        if self.accepted > before:
            self._actions[event.action] += 1
            self._branches.update(taken)
        return violation
