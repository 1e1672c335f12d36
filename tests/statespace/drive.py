"""Has the roles of the core take the steps of a graph, one by one.

For each step, a role is built in the state that the step starts from and is given what should make
it take exactly this step. What it does then is followed in the graph (walk.py), so that a role
that delivers what it has learned in the same breath takes two. And in each state every role is
given all that was ever sent: it must take only steps that are there, and refuse the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from conformance.statespace.graph import NO_VOTE, Graph, Label, Message, State
from conformance.statespace.turns import append_new
from paxos.core import events, messages
from paxos.core.acceptor import Acceptor
from paxos.core.ballot import Ballot
from paxos.core.messages import Group
from paxos.core.repair import QUESTIONS
from paxos.core.role import Role
from paxos.core.step import Step
from tests.statespace.cast import NOW_S, Cast, batch_of, own
from tests.statespace.walk import Steps, Walk, Wrong

# Why a step is not taken, whatever the role hears.
PARTS = "an acceptor answers a Prepare from its first instance on"
UPWARD = "a leader asks for instances upwards, and again only for one that a learner misses"
ANSWERED = "a Prepare that a quorum has answered is not repeated (it would change nothing)"
WHOLE = "a leader counts promises from the first instance on that one Prepare asked for"
LEAST = "a proposer acts as soon as it has a least quorum"
ONCE = "a leader proposes a value once in its ballot"
TURN = "a leader proposes the values of a client in turn"
AGAIN = "a leader proposes a value again only if it was passed over"
KEPT = "a learner does not learn again what is in its checkpoint"
FURTHER = "an acceptor trims as far as the learners' checkpoints let it"
ORDER = "of what one Prepare asked for, votes come first, then the lowest free instance"


class Driver:
    """Drives the roles over the steps of a graph; keeps what was executed and what was not."""

    def __init__(self, cast: Cast, steps: Steps) -> None:
        self.cast, self.steps = cast, steps
        self.bounds = cast.bounds
        self.executed: set[tuple[Any, Label]] = set()
        self.reasons: dict[tuple[Any, Label], str] = {}
        self.refusals: Counter[str] = Counter()

    def drive(self, node: Any, labels: Iterable[Label]) -> None:
        """These steps from a state, and all that must be refused in it."""
        state = self.steps.state(node)
        for label in labels:
            why = getattr(self, f"_{label[0].lower()}")(node, state, *label[1:])
            if why is not None:
                self.reasons[node, label] = why
        self._refuse(node, state)
        self._flood(node, state)

    def left(self) -> dict[tuple[Any, Label], str]:
        """The steps that no drive has executed, and why."""
        return {k: why for k, why in self.reasons.items() if k not in self.executed}

    def _walk(self, node: Any, role: Role, who: int) -> Walk:
        return Walk(self.cast, self.steps, node, role, who)

    def _follow(self, walk: Walk) -> list[Label]:
        """Let the role finish, and follow what it did."""
        taken = walk.follow(walk.role.flush(NOW_S))
        self.executed.update(walk.taken)
        return taken

    def _took(self, walk: Walk, label: Label) -> bool:
        """Whether the first thing the role did is the step wanted."""
        taken = self._follow(walk)
        return bool(taken) and taken[0] == label

    def _must(self, walk: Walk, label: Label) -> None:
        if not self._took(walk, label):
            raise Wrong(f"{walk.taken} instead of {label} from {walk.start}")

    # Clients, acceptors.

    def _broadcast(self, node: Any, state: State, v: str) -> None:
        client = self.cast.client(v)
        client.submit([v.encode()], NOW_S)
        step = client.flush(NOW_S)
        due = [(Group.PROPOSERS, messages.Submit([self.cast.packets[v]]))]
        if step.sends != due:
            raise Wrong(f"{step.sends} instead of {due}")
        walk = self._walk(node, client, 0)
        walk.follow(step)
        self.executed.update(walk.taken)

    def _phase1b(self, node: Any, state: State, a: int, b: int, f: int, t: int) -> str | None:
        label = ("Phase1b", a, b, f, t)
        for _, _, first, last in own(state, "1a", b):
            if first != f or t > last:
                continue
            acceptor = self.cast.acceptor(a, state, prepare_instances=t - f + 1)
            walk = self._walk(node, acceptor, a)
            acceptor.receive(
                self.bounds.owner(b), messages.Prepare(self.cast.ballot(b), first, last), NOW_S
            )
            self._follow(walk)
            if (node, label) in self.executed:
                return None
        return PARTS

    def _phase2b(self, node: Any, state: State, a: int, b: int, i: int) -> None:
        acceptor = self.cast.acceptor(a, state)
        walk = self._walk(node, acceptor, a)
        sender, accept = self.cast.message(("2a", b, i, batch_of(state, b, i)), state)
        acceptor.receive(sender, accept, NOW_S)
        if state.vote[a - 1][i - 1][0] == b:  # said again, without an event
            self._again(walk, ("Phase2b", a, b, i), ("2b", a, b, i))
        else:
            self._must(walk, ("Phase2b", a, b, i))

    def _again(self, walk: Walk, label: Label, message: Any) -> None:
        """A message is sent again: the step is not logged, and changes nothing but that a vote is
        said that only a crash had kept from being said."""
        before = walk.node
        walk.node = self.steps.step(before, label)
        step = walk.role.flush(NOW_S)
        walk.follow(step)
        said = [self.cast.sent(m, walk.who) for _, m in step.sends]
        if walk.taken or step.writes or message not in said:
            raise Wrong(f"{walk.taken}, {said}: not {message} again, from {walk.start}")
        self.executed.add((before, label))

    def _trim(self, node: Any, state: State, a: int, i: int) -> str | None:
        acceptor = self.cast.acceptor(a, state)
        walk = self._walk(node, acceptor, a)
        for m in sorted(state.msgs, key=repr):
            if m[0] == "Delivered" and m[2] == i and m[1] > self.bounds.keeps:
                needless = 0 if self.bounds.checkpoints else None
                acceptor.receive(m[1], messages.Delivered(i, [], needless=needless), NOW_S)
        for x in range(1, self.bounds.keeps + 1):
            said = {m[2] for m in state.msgs if m[:2] == ("Checkpointed", x)}
            if enough := [n for n in said if n >= i]:
                last = min(enough)
                acceptor.receive(x, messages.Delivered(last, [], needless=last), NOW_S)
        return None if self._took(walk, ("Trim", a, i)) else FURTHER

    def _recover(self, node: Any, state: State, a: int) -> None:
        """An acceptor that comes back says with what, and does nothing."""
        acceptor = self.cast.acceptor(a, state)
        acceptor.come_back()
        walk = self._walk(node, acceptor, a)
        step = acceptor.flush(NOW_S)
        (event,) = step.events
        promise = messages.Reject(self.cast.ballot(state.promised[a - 1]))
        due_sends = [(Group.PROPOSERS, promise)] if state.promised[a - 1] else []
        if not isinstance(event, events.Recover) or step.sends != due_sends or step.writes:
            raise Wrong(f"an acceptor that comes back does {step.sends}, {step.events}")
        step.events.clear()
        walk.follow(step)
        promised = self.cast.number(event.promised) if event.promised else 0
        votes = {i: (self.cast.number(b), self.cast.names(x)) for i, b, x in event.votes or ()}
        found = promised, votes, event.trimmed or 0
        have = enumerate(state.vote[a - 1], 1)
        due = state.promised[a - 1], {i: v for i, v in have if v != NO_VOTE}, state.trimmed[a - 1]
        if found != due:
            raise Wrong(f"acceptor {a} comes back with {found}, not {due}, in {state}")
        self.executed.add((node, ("Recover", a)))

    def _recoverpromise(self, node: Any, state: State, a: int, b: int, s: int) -> None:
        asked = max(own(state, "1a", b), key=lambda m: int(m[3]))
        self._crash(node, state, a, asked, ("RecoverPromise", a, b, s))

    def _recovervote(self, node: Any, state: State, a: int, b: int, i: int) -> None:
        proposed = ("2a", b, i, batch_of(state, b, i))
        self._crash(node, state, a, proposed, ("RecoverVote", a, b, i))

    def _crash(self, node: Any, state: State, a: int, m: Message, label: Label) -> None:
        """An acceptor handles a message and crashes when what it wrote is durable: it comes back
        in the state after the step."""
        acceptor = self.cast.acceptor(a, state)
        disk = self._walk(node, acceptor, a).disk
        acceptor.receive(*self.cast.message(m, state), NOW_S)
        disk.save(acceptor.flush(NOW_S).writes)
        after = self.steps.step(node, label)
        back = Acceptor(self.cast.settings, disk.promised, disk.acceptor_votes(), disk.trimmed)
        self._walk(after, back, a).follow(Step())
        self.executed.add((node, label))

    def _repeat(self, node: Any, state: State, a: int, i: int) -> None:
        """A learner asks, and the acceptor answers whoever counts votes."""
        acceptor = self.cast.acceptor(a, state)
        walk = self._walk(node, acceptor, a)
        acceptor.receive(1, messages.Ask(i, i), NOW_S)
        step = acceptor.flush(NOW_S)
        walk.follow(step)
        vote = (i, *state.vote[a - 1][i - 1])
        to = Group.LEARNERS if self.bounds.direct else Group.PROPOSERS
        if step.sends != [(to, messages.Votes(self.cast.votes([vote])))]:
            raise Wrong(f"acceptor {a} answers {step.sends}, not its vote {vote}, in {state}")
        self.executed.add((node, ("Repeat", a, i)))

    def _refuse(self, node: Any, state: State) -> None:
        """An acceptor takes no step for what was sent in a ballot below its promise, or for an
        instance that it has trimmed."""
        for m in state.msgs:
            if m[0] not in ("1a", "2a"):
                continue
            for a, promised in enumerate(state.promised, 1):
                trimmed = state.trimmed[a - 1]
                answer: messages.Message
                if m[1] < promised:
                    answer = messages.Reject(self.cast.ballot(promised))
                elif (m[3] if m[0] == "1a" else m[2]) <= trimmed:
                    answer = messages.Trimmed(trimmed)
                else:
                    continue
                acceptor = self.cast.acceptor(a, state)
                walk = self._walk(node, acceptor, a)
                sender, message = self.cast.message(m, state)
                acceptor.receive(sender, message, NOW_S)
                step = acceptor.flush(NOW_S)
                due = [(Group.PROPOSERS, answer)]
                if walk.follow(step) or step.sends != due:
                    raise Wrong(f"acceptor {a} answers {m} with {step.sends} in {state}")
                self.refusals["Phase1b" if m[0] == "1a" else "Phase2b"] += 1

    # Proposers.

    def _phase1a(self, node: Any, state: State, b: int, f: int, t: int) -> str | None:
        asked = [m[2:] for m in own(state, "1a", b)]
        proposed = {m[2]: m[3] for m in own(state, "2a", b)}
        label = ("Phase1a", b, f, t)
        if (f, t) in asked and not any(f <= i <= t for i in proposed):
            leader = self.cast.leader(b, state)
            self.cast.ask(leader, f, t)
            leader.phase1.due_s = leader.phase1.open[f].due_s = NOW_S
            leader.tick(NOW_S)
            self._again(self._walk(node, leader, leader.id), label, ("1a", b, f, t))
            return None
        reached = any(m[0] == "2a" and m[2] >= f for m in state.msgs)
        if all(last < f for _, last in asked):
            return self._ask_next(node, state, b, f, t, reached)
        if f == t and reached:  # a learner misses it
            leader = self.cast.leader(b, state)
            for _ in range(QUESTIONS - 1):
                leader.receive(1, messages.Ask(f, f), NOW_S - 2 * leader.settings.repair_s)
            leader.receive(1, messages.Ask(f, f), NOW_S)
            self._must(self._walk(node, leader, leader.id), label)
            return None
        return ANSWERED if (f, t) in asked else UPWARD

    def _ask_next(
        self, node: Any, state: State, b: int, f: int, t: int, reached: bool
    ) -> str | None:
        """The leader turns to instances that it has not asked for."""
        leader = self.cast.leader(b, state, window=t - f + 1, in_flight=1)
        leader.phase1.next = f
        if not self.bounds.ahead:
            proposed = {v for m in own(state, "2a", b) for v in m[3]}
            waiting = sorted(state.broadcast - proposed)
            if waiting:
                leader.receive(1, messages.Submit(self.cast.some(tuple(waiting[:1]))), NOW_S)
            elif reached:
                leader.receive(1, messages.Heartbeat(Ballot(0, 1), f), NOW_S)
            else:
                return AGAIN
        self._must(self._walk(node, leader, leader.id), ("Phase1a", b, f, t))
        return None

    def _phase2a(
        self, node: Any, state: State, b: int, i: int, batch: Any, q: tuple[int, ...]
    ) -> str | None:
        if len(q) > self.cast.settings.quorum1:
            return LEAST
        whole = [
            (f, t)
            for _, _, f, t in own(state, "1a", b)
            if f <= i <= t and all(self._promised(state, a, b, f, i) for a in q)
        ]
        if not whole:
            return WHOLE
        free = not any(vote[0] == i for m in own(state, "1b", b) if m[1] in q for vote in m[5])
        proposed = {v for m in own(state, "2a", b) for v in m[3]}
        if free and proposed & set(batch):
            return ONCE
        label = ("Phase2a", b, i, batch, q)
        for f, t in whole:
            leader = self.cast.leader(b, state)
            self.cast.ask(leader, f, t)
            if free and batch:
                leader.receive(1, messages.Submit(self.cast.some(batch)), NOW_S)
            elif free:
                top = max(m[2] for m in state.msgs if m[0] == "2a")
                leader.receive(1, messages.Heartbeat(Ballot(0, 1), top), NOW_S)
            for m in own(state, "1b", b):
                if m[1] in q:
                    leader.receive(*self.cast.message(m, state), NOW_S)
            if self._took(self._walk(node, leader, leader.id), label):
                return None
        had = tuple(sorted(proposed))
        in_turn = len(append_new(self.bounds, had, batch)) == len(had) + len(batch)
        return ORDER if in_turn or not free else TURN

    def _promised(self, state: State, a: int, b: int, f: int, t: int) -> bool:
        """Whether acceptor a has promised b for all of `f..t`."""
        parts = [m for m in own(state, "1b", b) if m[1] == a]
        return all(any(m[3] <= i <= m[4] for m in parts) for i in range(f, t + 1))

    def _decide(self, node: Any, state: State, b: int, i: int, q: tuple[int, ...]) -> str | None:
        if len(q) > self.cast.settings.quorum2:
            return LEAST
        leader = self.cast.leader(b, state)
        self.cast.propose(leader, i, batch_of(state, b, i))
        for a in q:
            leader.receive(*self.cast.message(("2b", a, b, i), state), NOW_S)
        self._must(self._walk(node, leader, leader.id), ("Decide", b, i, q))
        # Another proposer, when a learner asks and the acceptors answer with their votes.
        other = self.cast.leader(max(self.bounds.ballots), state)
        other.receive(1, messages.Ask(i, i), NOW_S)
        for a in q:
            votes = messages.Votes(self.cast.votes([(i, b, batch_of(state, b, i))]))
            other.receive(a, votes, NOW_S)
        self._must(self._walk(node, other, other.id), ("Decide", b, i, q))
        return None

    # Learners.

    def _learn(
        self, node: Any, state: State, x: int, b: int, i: int, q: tuple[int, ...]
    ) -> str | None:
        if i <= state.prefix[x - 1]:  # it restarted, or installed a snapshot
            return KEPT
        learner = self.cast.learner(x, state)
        walk = self._walk(node, learner, x)
        self._tell(learner, state, b, i, q)
        self._must(walk, ("Learn", x, b, i, q))
        return None

    def _tell(self, learner: Role, state: State, b: int, i: int, q: tuple[int, ...]) -> None:
        """Have the learner hear what was chosen in instance i."""
        heard: list[Message] = [("Decide", b, i)]
        if self.bounds.direct:
            heard = [("2a", b, i, batch_of(state, b, i)), *(("2b", a, b, i) for a in q)]
            if len(q) > self.cast.settings.quorum2:  # votes came before what they are for
                heard = [*heard[1:], heard[0]]
        for m in heard:
            learner.receive(*self.cast.message(m, state), NOW_S)

    def _deliver(self, node: Any, state: State, x: int, i: int) -> None:
        """A learner delivers as it learns: it is given what it learned, and what it does after
        that is followed."""
        b, _ = state.learned[x - 1][i - 1]
        votes = (*state.learned[x - 1][: i - 1], NO_VOTE, *state.learned[x - 1][i:])
        learned = (*state.learned[: x - 1], votes, *state.learned[x:])
        learner = self.cast.learner(x, state._replace(learned=learned))
        q = sorted(m[1] for m in own(state, "2b", b) if m[3] == i)[: self.cast.settings.quorum2]
        self._tell(learner, state, b, i, tuple(q))
        step = learner.flush(NOW_S)
        first = step.events.pop(0)
        if self.cast.label(first, x) != (
            "Learn",
            x,
            b,
            i,
            tuple(q) if self.bounds.direct else (),
        ):
            raise Wrong(f"{first} instead of what was learned in {state}")
        walk = self._walk(node, learner, x)
        if walk.follow(step)[:1] != [("Deliver", x, i)]:
            raise Wrong(f"{walk.taken}: not delivered at once, from {state}")
        self.executed.update(walk.taken)

    # All that was ever sent.

    def _flood(self, node: Any, state: State) -> None:
        """Leaders and learners hear everything, twice, in some order; any step they take is
        there."""
        heard = sorted(state.msgs, key=repr, reverse=bool(len(state.msgs) % 2))
        for b in self.bounds.ballots:
            if own(state, "1a", b):
                leader = self._listening(b, state)
                for a, trimmed in enumerate(state.trimmed, 1):
                    if trimmed and len(state.msgs) % 2:
                        leader.receive(a, messages.Trimmed(trimmed), NOW_S)
                walk = self._hear(node, state, leader, leader.id, heard, ("1b", "2b"))
                leader.tick(NOW_S + 5)  # it repeats what was not answered
                again = self._walk(walk.node, leader, leader.id)
                again.beyond = walk.beyond
                self._follow(again)
            elif sum(m[0] == "1a" for m in state.msgs) < self.bounds.requests:
                leader = self.cast.leader(b, state, in_flight=1)
                leader.phase1.next = 1
                waiting = self.cast.some(tuple(sorted(state.broadcast)))
                leader.receive(1, messages.Submit(waiting), NOW_S)
                self._follow(self._walk(node, leader, leader.id))
        for x in range(1, self.bounds.learners + 1):
            learner = self.cast.learner(x, state)
            self._hear(node, state, learner, x, heard, ("2a", "2b", "Decide"))

    def _listening(self, b: int, state: State) -> Any:
        """A leader that has asked for what it has, and that has all values. The ranges that it
        waits for never overlap; so some of those that do."""
        leader = self.cast.leader(b, state)
        asked = [m[2:] for m in own(state, "1a", b)]
        for f, t in asked if len(state.msgs) % 3 else reversed(asked):
            if all(t < p.first or p.last < f for p in leader.phase1.open.values()):
                self.cast.ask(leader, f, t)
        for _, _, i, batch in own(state, "2a", b):
            self.cast.propose(leader, i, batch)
        leader.receive(1, messages.Submit(self.cast.some(tuple(sorted(state.broadcast)))), NOW_S)
        return leader

    def _hear(
        self,
        node: Any,
        state: State,
        role: Role,
        who: int,
        heard: list[Any],
        kinds: tuple[str, ...],
    ) -> Walk:
        walk = self._walk(node, role, who)
        for m in heard:
            if m[0] in kinds:
                role.receive(*self.cast.message(m, state), NOW_S)
                role.receive(*self.cast.message(m, state), NOW_S)
        if not self._follow(walk):
            self.refusals["by a learner" if "2a" in kinds else "by a proposer"] += 1
        return walk


class OfGraph:
    """The steps of a graph: a node is the number of a state."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def state(self, node: int) -> State:
        return self.graph.states[node]

    def step(self, node: int, label: Label) -> int | None:
        return self.graph.steps[node].get(label)
