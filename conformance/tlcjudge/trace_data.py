"""A job as TLA+: the text of module TraceData, which spec/TraceMultiPaxos.tla and
spec/TraceSynod.tla read.

Only text is made here. A row is a tuple of numbers; distinct batches, lists of votes and quorums
are in tables, which keeps the module small: TLC takes longer to read it than to check it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from conformance.tlcjudge.numbering import LARGEST
from conformance.tlcjudge.shadow_state import (
    DECIDE,
    DELIVER,
    LEARN,
    NONE,
    PHASE1A,
    PHASE1B,
    PHASE2A,
    PHASE2B,
    PROMISE,
    REPEAT,
    TRIM,
    UNSEEN,
    Asked,
    Fact,
    Message,
    Part,
)
from conformance.tlcjudge.windows import Border, Job, Spans, Window
from conformance.trace.process import id_of, member

SIZE = 64  # of a chunk, as in TraceMultiPaxos.tla
NO_PLACE = (0, 0)
WIDTH = 20  # rows on a line

# Where a row has its instances, the type not counted; the two of Phase 1 are a range.
PLACES = {
    PHASE1A: (3, 4),
    PHASE1B: (3, 4),
    PHASE2A: (3,),
    PHASE2B: (3,),
    DECIDE: (2,),
    LEARN: (3,),
    DELIVER: (2,),
    TRIM: (2,),
    UNSEEN: (3,),
    REPEAT: (2,),
    PROMISE: (3,),  # or 0: the log
}


def module(job: Job) -> Iterator[str]:
    """The text of TraceData, in pieces."""
    job.complete()
    constants = job.header.constants
    quorum1, quorum2 = constants.quorums(len(job.header.cluster.acceptors))
    numbers = [w.survey.numbers for w in (*job.windows, *job.others)]
    size = {
        "Acceptors": len(job.header.cluster.acceptors),
        "Quorum1Size": quorum1,
        "Quorum2Size": quorum2,
        "Learners": max(1, *(len(n.learners) for n in numbers)),
        "Keeping": len(numbers[0].keeps),
        "TraceProposers": len(numbers[0].proposers),
        "TraceRounds": max(1, *(len(n.rounds) for n in numbers)),
        "TraceInstances": max(n.highest for n in numbers),
        "TraceDirectLearning": truth(constants.direct_learning),
        "TracePrepareAhead": truth(constants.prepare_ahead),
        "TraceCheckpoints": truth(constants.checkpoints),
        "TracePromiseScope": f'"{constants.promise_scope}"',
        "TraceMaxBatch": most(job.windows[0]),
        "MaxBatches": set_(map(str, sorted({most(w) for w in job.windows}))),
        "Values": max(1, job.values),
    }
    yield "---- MODULE TraceData ----\n"
    for name, value in size.items():
        yield f"{name} == {value}\n"
    yield f"Batches == {sequence(map(tuple_, job.tables.batches.numbers))}\n"
    yield f"Quorums == {sequence(map(tuple_, job.tables.quorums.numbers))}\n"
    yield f"Lists == {sequence(map(said, job.tables.lists.numbers))}\n"
    promises = (sequence(map(tuple_, some)) for some in job.tables.promises.numbers)  # type: ignore[call-overload]
    yield f"PromiseLists == {sequence(promises)}\n"
    yield from _tables(job)
    borders = dict.fromkeys(b for w in job.windows for b in (w.start, w.end) if b)
    numbered = {border: n for n, border in enumerate(borders, 1)}
    if job.header.spec == "MultiPaxos":
        yield f"Borders == {sequence(_border(b, size) for b in borders)}\n"
    spans = _values(job)
    yield "Windows == <<\n"
    for n, window in enumerate(job.windows):
        yield ",\n" if n else ""
        yield from _window(window, spans, numbered)
    yield "\n>>\n====\n"


def most(w: Window) -> int:
    return min(w.survey.header.constants.max_batch, LARGEST)


def truth(flag: bool) -> str:
    return "TRUE" if flag else "FALSE"


def tuple_(numbers: Any) -> str:
    return "<<" + ",".join(map(str, numbers)) + ">>"


def sequence(parts: Iterable[str]) -> str:
    return "<<" + ",\n".join(parts) + ">>"


def set_(parts: Iterable[str]) -> str:
    return "{" + ",".join(parts) + "}"


def said(votes: Any) -> str:
    """Votes in a list: instance, ballot, batch."""
    return "<<" + ",".join(f"<<{i},{b},{tuple_(v)}>>" for i, b, v in votes) + ">>"


def _tables(job: Job) -> Iterator[str]:
    """What is known of each value, for those that are spoken of."""
    named = job.named_values()
    first = (min(named, default=1) - 1) // SIZE
    chunks = (max(named, default=1) - 1) // SIZE - first + 1
    weights: list[list[int]] = [[] for _ in range(chunks)]
    clients: list[list[int]] = [[] for _ in range(chunks)]
    overlaps: list[list[int]] = [[] for _ in range(chunks)]
    befores: list[list[int]] = [[] for _ in range(chunks)]
    for v, window in named.items():
        c, k = (v - 1) // SIZE - first, (v - 1) % SIZE
        if not weights[c]:
            weights[c], clients[c], overlaps[c] = [0] * SIZE, [0] * SIZE, [0] * SIZE
            befores[c] = [0] * SIZE
        r = window.survey.numbers.range_of(v - window.shift)
        weights[c][k] = min(r[2], LARGEST // 4)
        clients[c][k] = window.survey.numbers.clients[r[0]] + window.client_shift
        other = window.survey.values.overlaps.get(v - window.shift)
        overlaps[c][k] = other + window.shift if other else 0
        before = window.survey.values.before.get(v - window.shift)
        befores[c][k] = before + window.shift if before else 0
    yield f"FirstChunk == {first}\n"
    yield f"Weights == {sequence(map(tuple_, weights))}\n"
    yield f"Clients == {sequence(map(tuple_, clients))}\n"
    yield f"Overlaps == {sequence(map(tuple_, overlaps))}\n"
    yield f"Befores == {sequence(map(tuple_, befores))}\n"
    yield f"Laters == {tuple_(_laters(job))}\n"
    yield f"Clashes == {set_(_clashes(job, named))}\n"


def _laters(job: Job) -> list[int]:
    """Of each client, by number: the next incarnation of it that the run names, or 0."""
    found = [0] * job.clients if job.header.constants.checkpoints else []
    for shift, clients in (
        {w.client_shift: w.survey.numbers.clients for w in (*job.windows, *job.others)}.items()
        if found
        else ()
    ):
        ordered = sorted((member(name), number) for name, number in clients.items())
        for (one, c), (other, d) in pairwise(ordered):
            if one[0] == other[0]:
                found[shift + c - 1] = shift + d
    return found


def _clashes(job: Job, named: dict[int, Window]) -> Iterator[str]:
    """The numbers of the batches with two different ranges that have a value in common."""
    for number, batch in enumerate(job.tables.batches.numbers, 1):
        ranges = sorted(
            {named[v].survey.numbers.range_of(v - named[v].shift) for v in batch}  # type: ignore[attr-defined]
        )
        reach = ("", 0)  # the client, and the last value so far
        for client, first, count, _ in ranges:
            if client == reach[0] and first <= reach[1]:
                yield str(number)
                break
            reach = client, max(first + count - 1, reach[1] if client == reach[0] else 0)


# -- windows ------------------------------------------------------------------------------------
def _window(
    w: Window, values: dict[int, tuple[int, int]], borders: dict[Border, int]
) -> Iterator[str]:
    """One window; `values` says what values its run has, by shift, `borders` how they are
    numbered."""
    yield "[rows |-> <<"
    for k in range(0, len(w.rows), WIDTH):
        yield ",\n" if k else ""
        yield ",".join(map(tuple_, w.rows[k : k + WIDTH]))
    yield ">>"
    if w.survey.header.spec == "MultiPaxos":
        start, end = (borders[b] if b else 0 for b in (w.start, w.end))
        kept = w.start.mirror if w.start else None
        yield f",\nmost |-> {most(w)}, start |-> {start}, end |-> {end}"
        yield f", lives |-> {lives(w)}, members |-> {len(w.survey.header.cluster.learners)}"
        yield from _laid("instances", "layout", _instances(w), sorted(kept.parts) if kept else [])
        yield from _laid(
            "values", "valueLayout", values[w.shift], sorted(kept.facts) if kept else []
        )
    yield "]"


def lives(w: Window) -> str:
    """The lives of each learner of the cluster, by number; of one without a trace, none."""
    numbers = w.survey.numbers
    by_learner: dict[int, list[str]] = {x: [] for x in w.survey.header.cluster.learners}
    for life in numbers.learners:
        by_learner.get(id_of(life), []).append(str(numbers.learner(life)))
    return set_(map(set_, by_learner.values()))


def _instances(w: Window) -> tuple[int, int]:
    """The least and the greatest instance that the window speaks of."""
    named = [1] if w.start is None else []
    for row in w.rows:
        named += [row[k] for k in PLACES.get(row[0], ()) if row[k]]
    for border in (w.start, w.end):
        if border:
            named += [*border.mirror.parts, border.mirror.top or 1]
    return min(named, default=1), max(named, default=1)


def _values(job: Job) -> dict[int, tuple[int, int]]:
    """Of each run, by its shift, the least and the greatest value that the job speaks of."""
    spans = {w.shift: (LARGEST, 1) for w in job.windows}
    for v, w in job.named_values().items():
        least, greatest = spans.get(w.shift, (LARGEST, 1))
        spans[w.shift] = min(v, least), max(v, greatest)
    return {shift: (min(span), span[1]) for shift, span in spans.items()}


def _laid(name: str, layout: str, span: tuple[int, int], kept: list[int]) -> Iterator[str]:
    """Where, of the chunks from the first to the last one of the span, what is kept goes."""
    yield f",\n{name} |-> {tuple_(span)}, {layout} |-> "
    if not kept:
        yield "<<>>"
        return
    first = (span[0] - 1) // SIZE
    chunks: list[list[int]] = [[] for _ in range((span[1] - 1) // SIZE - first + 1)]
    for n, i in enumerate(kept, 1):
        chunk = chunks[(i - 1) // SIZE - first]
        if not chunk:
            chunk += [0] * SIZE
        chunk[(i - 1) % SIZE] = n
    yield sequence(map(tuple_, chunks))


# -- borders ------------------------------------------------------------------------------------
def _border(border: Border, size: dict[str, Any]) -> str:
    m = border.mirror
    acceptors, learners = range(1, size["Acceptors"] + 1), range(1, size["Learners"] + 1)
    proposers = range(1, size["TraceProposers"] + 1)
    persons = len(acceptors) + len(proposers) + len(learners)
    ballots = range(1, size["TraceProposers"] * size["TraceRounds"] + 1)
    fields = {
        "instances": tuple_(sorted(m.parts)),
        "parts": sequence(part(m.parts[i], acceptors, learners, m.scope) for i in sorted(m.parts)),
        "values": tuple_(sorted(m.facts)),
        "facts": sequence(fact(m.facts[v]) for v in sorted(m.facts)),
        "promised": tuple_(m.promised.get(a, 0) for a in acceptors),
        "trimmed": tuple_(m.trimmed.get(a, 0) for a in acceptors),
        "prefix": tuple_(m.prefix.get(x, 0) for x in learners),
        "asked": sequence(asked(m.asked.get(b, Asked())) for b in ballots),
        "top": str(m.top),
        "used": tuple_(m.used.get(p, 0) for p in proposers),
        "since": tuple_(m.since.get(p, 0) for p in proposers),
        "life": tuple_(m.life.get(x, 1) for x in range(1, persons + 1)),
        "counted": tuple_(m.counted.get(x, 0) for x in learners),
        "taken": tuple_(m.taken.get(x, NO_PLACE)[0] for x in learners),
        "takenAt": tuple_(m.taken.get(x, NO_PLACE)[1] for x in learners),
        "kept": tuple_(m.kept.get(x, NO_PLACE)[0] for x in learners),
        "keptAt": tuple_(m.kept.get(x, NO_PLACE)[1] for x in learners),
        "offered": set_(map(tuple_, sorted(m.offered))),
        "begun": set_(map(tuple_, sorted(m.begun.items()))),
        "gone": spans(border.gone),
        "goneValues": spans(border.gone_values),
    }
    return record(fields)


def record(fields: dict[str, str]) -> str:
    return "[" + ", ".join(f"{name} |-> {value}" for name, value in fields.items()) + "]"


def spans(them: Spans) -> str:
    return sequence(map(tuple_, them))


def vote(v: Any) -> str:
    return f"<<{v[0]},{tuple_(v[1])}>>"


def part(p: Part, acceptors: range, learners: range, scope: str) -> str:
    each = acceptors if scope == "instance" else ()
    return record(
        {
            "msgs": set_(message(m) for m in sorted(p.msgs, key=repr)),
            "promised": tuple_(p.promised.get(a, 0) for a in each),
            "vote": sequence(vote(p.vote.get(a, NONE)) for a in acceptors),
            "learned": sequence(vote(p.learned.get(x, NONE)) for x in learners),
            "votes": sequence(set_(map(vote, sorted(p.votes.get(a, ())))) for a in acceptors),
            "chosen": set_(map(tuple_, sorted(p.chosen))),
            "given": sequence(tuple_(p.given.get(x, ())) for x in learners),
        }
    )


def asked(a: Asked) -> str:
    return record({"wide": set_(map(tuple_, sorted(a.wide))), "last": str(a.last)})


def fact(f: Fact) -> str:
    return record({"known": truth(f.known), "proposed": set_(map(str, sorted(f.proposed)))})


_FIELDS: dict[str, tuple[tuple[str, Callable[[Any], str]], ...]] = {
    "1a": (("bal", str), ("from", str), ("to", str)),
    "1b": (
        ("acc", str),
        ("bal", str),
        ("from", str),
        ("to", str),
        ("votes", lambda votes: set_(f"<<{i},{b},{tuple_(v)}>>" for i, b, v in sorted(votes))),
    ),
    "2a": (("bal", str), ("inst", str), ("batch", tuple_)),
    "2b": (("acc", str), ("bal", str), ("inst", str)),
    "Decide": (("bal", str), ("inst", str)),
}


def message(m: Message) -> str:
    fields = {"type": f'"{m[0]}"'}
    for (name, show), value in zip(_FIELDS[m[0]], m[1:], strict=True):
        fields[name] = show(value)
    return record(fields)
