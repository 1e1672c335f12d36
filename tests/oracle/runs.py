"""Legal runs with events of every kind, drawn at random: what the oracle takes is what happens.
What was tried and not taken is kept: it is what a run must not go on with.

Acceptors vote late, trim, and come back up to twice, now and then with a vote, a promise or a
trimming that no event has shown; proposers come back in higher rounds, learners from the start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

from tests.oracle.judge import Judge, Line, Run, decoded
from tests.oracle.multipaxos import BEGINNING

START = 1_700_000_000_000_000
LIVES = 3


def value(client: str, first: int, count: int) -> list[Any]:
    """A range of values of a client."""
    digest = hashlib.blake2b(f"{client} {first}".encode(), digest_size=8).hexdigest()
    return [client, first, count, digest]


class Maker:
    """A run in the making."""

    def __init__(self, seed: int, spec: str = "MultiPaxos", shape: int | None = None) -> None:
        self.draw, draw = Random(seed), Random(seed if shape is None else shape)
        synod, kind = spec == "Synod", seed if shape is None else shape
        self.instances = 1 if synod else draw.randint(2, 6)
        self.acceptors = draw.choice([[1, 2, 3], [1, 2, 3], [1, 2, 3], [4, 7, 11, 12, 30], [1]])
        self.run = Run(
            spec,
            {
                "direct_learning": draw.random() < 0.6,
                "prepare_ahead": not synod and draw.random() < 0.7,
                "max_batch": 1 if synod else draw.choice([1, 2, 4]),
                "promise_scope": "instance" if not synod and draw.random() < 0.3 else "log",
                "fifo": not synod and kind % 4 == 3,
                "checkpoints": not synod and kind % 6 == 1,
            },
            {
                "acceptors": self.acceptors,
                "proposers": [1, 2],
                "learners": draw.choice([[1], [1, 2], [1, 2], []]),
                "clients": [1, 12],
            },
        )
        self.quorum1 = self.quorum2 = len(self.acceptors) // 2 + 1
        if kind % 3 == 0:
            self._draw_quorums(Random(f"quorums {kind}"))
        if kind % 3 == 1 and not synod:
            keep = self.run.cluster["learners"][: 1 if kind % 5 == 0 else 2] or [1, 2]
            self.run.keeps = {f"learner-{n}.{life}" for n in keep for life in range(1, LIVES + 1)}
        self.judge = Judge(self.run)
        self.refused: list[tuple[int, str, Line]] = []  # after how many lines, why, and what
        self.lives: dict[str, int] = {}
        self.next: dict[str, int] = {}  # of each client, the number of its next value
        self.values: list[list[Any]] = []
        self.learners = self.run.cluster["learners"] or [1, 2]
        # With checkpoints one learner is mostly ahead of the other.
        self.eager = [*self.learners, *self.learners[:1] * (5 if self.run.keeps else 0)]
        if self.run.cluster["learners"]:  # any life of a learner may yet begin
            self.judge.log.Lives = [
                {f"{n}.{life}" for life in range(1, LIVES + 1)} for n in self.learners
            ]
        weights = WEIGHTS | (OF_SNAPSHOTS if self.run.keeps else {})
        self.kinds = [name for name, weight in weights.items() for _ in range(weight)]

    def _draw_quorums(self, draw: Random) -> None:
        """Quorums that need not be majorities, and meet."""
        every = len(self.acceptors)
        self.quorum1 = draw.randint(1, every)
        self.quorum2 = draw.randint(every - self.quorum1 + 1, every)
        self.run.constants |= {"phase1_quorum": self.quorum1, "phase2_quorum": self.quorum2}

    @property
    def log(self) -> Any:
        return self.judge.spec

    def name(self, who: str) -> str:
        return f"{who}.{self.lives.get(who, 1)}"

    def me(self, who: str) -> str:
        """A learner or a client, in its life now."""
        return self.judge.who(self.name(who))

    def add(self, who: str, event: str, **rest: Any) -> bool:
        line = {"event": event, "process": self.name(who), **rest}
        if (why := self.judge.take(line)) is not None:
            self.refused.append((len(self.run.lines), f"{event}.{why}", line))
            return False
        self.run.lines.append(json.loads(json.dumps(line)))
        return True

    def sent(self, kind: str) -> list[Any]:
        return sorted(m for m in self.log.msgs if m[0] == kind)

    def step(self) -> None:
        getattr(self, self.draw.choice(self.kinds))()

    # -- one method per kind of event -------------------------------------------------------------
    def broadcast(self) -> None:
        client = f"client-{self.draw.choice([1, 12])}"
        name = self.me(client)
        ranges = []
        for _ in range(self.draw.choice([1, 1, 2])):
            first = self.next.get(name, 1)
            many = self.run.spec != "Synod" and self.run.constants["max_batch"] > 1
            count = self.draw.choice([1, 1, 2]) if many else 1
            self.next[name] = first + count
            ranges.append(value(name, first, count))
        if self.add(client, "Broadcast", values=ranges):
            self.values += ranges

    def ask(self) -> None:
        p = self.draw.choice([1, 2])
        used = self.judge.round.get(p, 0)
        again = used > self.judge.since.get(p, 0) and self.draw.random() < 0.85
        b = [used if again else used + self.draw.choice([1, 1, 3]), p]
        first = self.draw.randint(1, self.instances)
        last = self.draw.randint(first, self.instances + 1)
        if not self.run.constants["prepare_ahead"]:
            last = first
        self.add(f"proposer-{p}", "Phase1a", ballot=b, **{"from": first, "to": last})

    def promise(self) -> None:
        asked = self.sent("1a")
        if not asked:
            return
        latest = [m for m in asked if m[1] == asked[-1][1]]
        often = 0.5 if self.run.constants["promise_scope"] == "instance" else 0.8
        message = self.draw.choice(latest if self.draw.random() < often else asked)
        a, b = self.draw.choice(self.acceptors), message[1]
        first, last = (1, 1) if self.judge.synod else message[2:4]
        if not self.judge.synod:
            first = max(first, self.log.trimmed[a] + 1)
            if self.draw.random() < 0.3 and first < last:
                last = self.draw.randint(first, last)
        votes = self.votes(a, first, last)
        self.add(f"acceptor-{a}", "Phase1b", ballot=b, **{"from": first, "to": last}, votes=votes)

    def votes(self, a: int, first: int, last: int) -> Any:
        if self.judge.synod:
            return self.judge._listed(a)
        return sorted(self.log.VotesOf(a, first, last))

    def propose(self) -> None:
        """Mostly what is promised by a quorum and free, in the highest ballot."""
        promised = self.sent("1b")
        if not promised:
            return None
        b = max(m[2] for m in promised) if self.draw.random() < 0.8 else promised[0][2]
        taken = {m[2] if not self.judge.synod else 1 for m in self.sent("2a") if m[1] == b}
        free = [i for i in range(1, self.instances + 1) if i not in taken]
        least = self.quorum1
        promisers = {i: [a for a in self.acceptors if self.promises(a, b, i)] for i in free}
        ready = [i for i in free if len(promisers[i]) >= least]
        if not ready:
            return self.promise()
        i = ready[0] if self.draw.random() < 0.7 else self.draw.choice(ready)
        quorum = self.draw.sample(promisers[i], self.draw.randint(least, len(promisers[i])))
        if self.judge.synod:
            reported = [(w[0], (w[1],)) for w in self.log.Reported(quorum, b)]
        else:
            reported = list(self.log.Reported(quorum, b, i))
        batch: list[Any] = list(max(reported)[1]) if reported else self.fresh()
        who = f"proposer-{b[1]}"
        self.add(who, "Phase2a", ballot=b, instance=i, batch=batch, quorum=quorum)
        return None

    def promises(self, a: int, b: Any, i: int) -> Any:
        return self.log.Promises(a, b) if self.judge.synod else self.log.Promises(a, b, i)

    def fresh(self) -> list[Any]:
        """Some values, as many as fit."""
        size = self.draw.choice([0, 1, 1, 1, 2, 3])
        batch = self.draw.sample(self.values, min(size, len(self.values)))
        while sum(v[2] for v in batch) > self.run.constants["max_batch"]:
            batch.pop()
        return batch

    def vote(self) -> None:
        proposed = self.sent("2a")
        if not proposed:
            return
        top = [m for m in proposed if m[1] == proposed[-1][1]]
        m = self.draw.choice(top if self.draw.random() < 0.8 else proposed)
        i = 1 if self.judge.synod else m[2]
        self.add(f"acceptor-{self.draw.choice(self.acceptors)}", "Phase2b", ballot=m[1], instance=i)

    def voted(self, known: Any = ()) -> Any:
        """A ballot and an instance that a quorum voted in, and a quorum; mostly not of those that
        are known already."""
        least = self.quorum2
        by: dict[Any, list[int]] = {}
        for m in self.sent("2b"):
            by.setdefault((m[2], 1 if self.judge.synod else m[3]), []).append(m[1])
        full = [(where, who) for where, who in by.items() if len(who) >= least]
        if self.draw.random() < 0.9:
            full = [x for x in full if x[0][1] not in known]
        if not full:
            return None
        (b, i), voters = self.draw.choice(full)
        return b, i, self.draw.sample(voters, self.draw.randint(least, len(voters)))

    def decide(self) -> None:
        if not (found := self.voted()):
            return self.vote()
        if not self.run.constants["direct_learning"]:
            p = self.draw.choice([1, 2])
            self.add(f"proposer-{p}", "Decide", ballot=found[0], instance=found[1], quorum=found[2])
        return None

    def learn(self) -> None:
        n = self.draw.choice(self.eager)
        who, learned = f"learner-{n}", self.log.learned.get(self.me(f"learner-{n}"), {})
        if self.judge.synod and not learned and self.draw.random() < 0.3:
            self.learn_early(who)
            learned = self.log.learned.get(self.me(who), {})
        if not (found := self.voted([1] * bool(learned) if self.judge.synod else learned)):
            return self.vote()
        b, i, quorum = found
        counted = {"quorum": quorum} if self.run.constants["direct_learning"] else {}
        if self.judge.synod and self.draw.random() < 0.3:
            counted = {}  # it need not say which
        batch = [self.log.ValueOf(b)] if self.judge.synod else self.log.BatchOf(b, i)
        self.add(who, "Learn", ballot=b, instance=i, batch=batch, **counted)
        return None

    def learn_early(self, who: str) -> None:
        """Something that was proposed, whoever voted for it, without saying who did."""
        if proposed := self.sent("2a"):
            b, before = self.draw.choice(proposed)[1], deepcopy(self.judge)
            if not self.add(who, "Learn", ballot=b, instance=1, batch=[self.log.ValueOf(b)]):
                self.judge = before  # it may have learned before the votes were counted

    def deliver(self) -> None:
        n = self.draw.choice(self.eager)
        who, me = f"learner-{n}", self.me(f"learner-{n}")
        if self.judge.synod:
            return None
        i = self.log.prefix.get(me, 0) + 1
        if i not in self.log.learned.get(me, {}):
            return self.learn()
        before = self.log.delivered.get(me, ())
        new = self.log.NewOf(self.log.known.get(me, frozenset()), self.log.learned[me][i][1])
        position = sum(v[2] for v in before) + 1
        self.add(who, "Deliver", instance=i, position=position, values=new)
        return None

    def trim(self) -> None:
        if not self.judge.synod:
            a = self.draw.choice(self.acceptors)
            self.add(f"acceptor-{a}", "Trim", to=self.log.trimmed[a] + self.draw.choice([1, 1, 2]))

    # -- checkpoints ------------------------------------------------------------------------------
    def one_that_keeps(self) -> tuple[str, str]:
        """A process that keeps checkpoints, and which learner it is."""
        who = self.draw.choice(sorted({p.partition(".")[0] for p in self.run.keeps}))
        return who, self.me(who)

    def how_far(self, one: tuple[str, str]) -> int:
        return int(self.log.prefix.get(one[1], 0))

    def of_snapshot(self, who: str, event: str, s: Any, **more: Any) -> None:
        position = sum(v[2] for v in s[1])
        before = deepcopy(self.judge)
        if not (s[0] and self.add(who, event, **more, instance=s[0], position=position)):
            self.judge = before

    def snapshot(self) -> None:
        """One is taken, or becomes durable."""
        who, me = self.one_that_keeps()
        taken = self.log.taken.get(me, BEGINNING)
        if taken != BEGINNING and self.draw.random() < 0.7:
            self.of_snapshot(who, "Checkpoint", taken)
        else:
            self.of_snapshot(who, "TakeSnapshot", self.log.StateOf(me))

    def give(self) -> None:
        who, me = self.one_that_keeps()
        self.of_snapshot(who, "SendSnapshot", self.log.checkpoint.get(me, BEGINNING))

    def install(self) -> None:
        """Mostly by the learner that is furthest behind."""
        who, _ = min((self.one_that_keeps() for _ in range(4)), key=self.how_far)
        given = sorted(m[2][:2] for m in self.sent("Snapshot"))
        for prefix, delivered in given[-1:] if self.draw.random() < 0.8 else given[:1]:
            place = prefix, sum(v[2] for v in delivered)
            givers = sorted(g for g, *it in self.judge.gave if (*it,) == place)
            if givers:
                more = {"from": self.draw.choice(givers)}
                self.of_snapshot(who, "InstallSnapshot", (prefix, delivered), **more)

    def come_back(self, who: str, me: str) -> bool:
        """A learner comes back with a checkpoint, if it has one, or what might be one."""
        known = [self.log.checkpoint.get(me, BEGINNING)] * 3 + [self.log.taken.get(me, BEGINNING)]
        known += [m[2] for m in self.log.msgs if m[0] == "Snapshot"]
        s = self.draw.choice(sorted(known, key=lambda s: (s[0], s[1])))
        lines = len(self.run.lines)
        self.of_snapshot(who, "Restart", s)
        return len(self.run.lines) > lines

    # -- coming back ------------------------------------------------------------------------------
    def restart(self) -> None:
        roles = ["acceptor", "acceptor", "acceptor", "proposer", "learner"]
        more = [*["learner"] * 3, *["client"] * 2] if self.run.keeps else []
        role = self.draw.choice([*roles, *more])
        ids = {"acceptor": self.acceptors, "proposer": [1, 2], "learner": self.learners}
        ids |= {"client": [1, 12]}
        number = self.draw.choice(ids[role])
        who = f"{role}-{number}"
        if self.lives.get(who, 1) >= LIVES:
            return
        kept: Line = {}
        if role == "proposer":
            used = self.judge.round.get(number, 0)
            if used := used + self.draw.choice([0, 0, 0, 1]):
                kept["round"] = used
        elif role == "acceptor":
            kept = self.storage(number)
        before = deepcopy(self.judge), self.lives.get(who, 1)
        me = self.me(who) if role == "learner" else ""
        self.lives[who] = before[1] + 1
        if self.name(who) in self.run.keeps and self.draw.random() < 0.8:
            if not self.come_back(who, me):
                self.judge, self.lives[who] = before
            return
        if kept.get("promises") and self.draw.random() < 0.5:
            if self.add(who, "Recover", **kept | {"promises": self.mistaken(kept["promises"])}):
                return
            self.judge = deepcopy(before[0])
        if role in ("learner", "client") and self.draw.random() < 0.5:
            return  # it need not say that it came back
        if not self.add(who, "Recover", **kept):
            self.judge, self.lives[who] = before

    def storage(self, a: int) -> Line:
        """What acceptor a comes back with: what it has shown, and sometimes more."""
        shown = self.judge
        self.judge = deepcopy(shown)
        for _ in range(self.draw.choice([0, 0, 1, 2])):  # the group that it had made durable
            self.unseen(a)
        votes = self.votes(a, 1, self.instances + 1)
        kept: Line = {"votes": self.draw.sample(votes, len(votes))}
        if self.run.constants["promise_scope"] == "instance":
            kept["promises"] = self.promises_kept(a)
        elif promised := self.promised(a):
            kept["promised"] = promised
        if not self.judge.synod and self.log.trimmed[a]:
            kept["trimmed"] = self.log.trimmed[a]
        self.judge = shown
        return kept

    def promised(self, a: int) -> Any:
        """The promise of the log, or of the one instance; None: none."""
        if self.judge.synod:
            return None if self.log.promised[a] == (0, 0) else self.log.promised[a]
        return self.log.promised[a].get(0)

    def promises_kept(self, a: int) -> list[Any]:
        """Of each instance that is not trimmed, as ranges; some of those that might be one are."""
        ranges: list[Any] = []
        for i, b in sorted(self.log.promised[a].items()):
            if i <= self.log.trimmed[a]:
                continue
            if ranges and ranges[-1][1:] == [i - 1, b] and self.draw.random() < 0.7:
                ranges[-1][1] = i
            else:
                ranges.append([i, i, b])
        return ranges

    def mistaken(self, kept: list[Any]) -> list[Any]:
        """The same, but one range has an instance less; or the last ones have the ballot of some
        question, mostly with an instance that it is not about."""
        new = deepcopy(kept)
        k = self.draw.randrange(len(new))
        first, last, _ = new[k]
        if self.draw.random() < 0.5:
            new[k : k + 1] = [[first + 1, last, new[k][2]]] * (first < last)
        else:
            _, b, _, to = max(self.sent("1a"), key=lambda m: (m[1], self.draw.random()))
            new[k:] = [[first, max(first, to) + self.draw.choice([0, 1]), b]]
        return new

    def unseen(self, a: int) -> None:
        lines, refused = self.run.lines, self.refused
        self.run.lines, self.refused = [], []
        kind: Callable[[], None] = self.draw.choice([self.vote, self.vote, self.promise, self.trim])
        every, self.acceptors = self.acceptors, [a]
        kind()
        self.acceptors, self.run.lines, self.refused = every, lines, refused


WEIGHTS = {
    "broadcast": 2, "ask": 2, "promise": 7, "propose": 10, "vote": 12, "decide": 5, "learn": 10,
    "deliver": 8, "trim": 5, "restart": 1,
}  # fmt: skip
OF_SNAPSHOTS = {"snapshot": 6, "give": 3, "install": 4, "restart": 3, "learn": 16, "deliver": 20}
"""... and of these where learners keep checkpoints."""


def legal(seed: int, steps: int = 220, spec: str = "MultiPaxos", shape: int | None = None) -> Run:
    """A run that conforms. Runs of one `shape` have the same constants and the same cluster."""
    return _made(seed, steps, spec, shape).run


def near_miss(seed: int, steps: int = 220, spec: str = "MultiPaxos") -> Run:
    """A legal run up to something that was tried there, and that as its last event."""
    maker = _made(seed, steps, spec)
    if not maker.refused:
        return maker.run
    draw, run = Random(seed), maker.run
    why = draw.choice(sorted({why for _, why, _ in maker.refused}))
    k, line = draw.choice([(k, line) for k, reason, line in maker.refused if reason == why])
    return Run(run.spec, run.constants, run.cluster, [*run.lines[:k], json.loads(json.dumps(line))])


def _made(seed: int, steps: int, spec: str, shape: int | None = None) -> Maker:
    maker = Maker(seed, spec, shape)
    maker.broadcast()
    for _ in range(steps):
        maker.step()
    return maker


def header(run: Run, process: str) -> Line:
    role, number, life = decoded(process)
    return {
        "event": "Header", "schema": 1, "run": "drawn", "process": process, "role": role,
        "id": number, "incarnation": life, "spec": run.spec, "constants": run.constants,
        "cluster": run.cluster, "config": {}, "keeps": process in run.keeps,
    }  # fmt: skip


def everybody(run: Run) -> set[str]:
    """The processes that have a file: all of the cluster, and all lives up to the last known."""
    named = {(role, n): 1 for role in ("acceptor", "proposer", "learner", "client")
             for n in run.cluster[f"{role}s"]}  # fmt: skip
    for process in run.processes():
        role, number, life = decoded(process)
        named[role, number] = max(named.get((role, number), 1), life)
    return {f"{r}-{n}.{life}" for (r, n), last in named.items() for life in range(1, last + 1)}


def write(run: Run, folder: Path) -> Path:
    """The run as trace files; each event a little later than the one before it."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[Line]] = {process: [header(run, process)] for process in everybody(run)}
    for n, line in enumerate(run.lines, 1):
        own = files[line["process"]]
        head = {"event": line["event"], "process": line["process"], "seq": len(own)}
        own.append({**head, "hlc": START + 10 * n, **line})
    for process, lines in files.items():
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        (folder / f"{process}.ndjson").write_text(text, encoding="utf-8")
    return folder
