"""What is wrong with the header of a trace file, and what to write in its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, get_args

import msgspec

from conformance.trace.line import MALFORMED, header_of
from conformance.trace.line_mistakes import keys_twice, parsed
from conformance.trace.mistakes import Mistake, Mistakes, a_role, number, process, shown
from conformance.trace.process import decode
from conformance.trace.schema import (
    ACTIONS_OF,
    EVENTS,
    LARGEST_NUMBER,
    OWN,
    SCHEMA,
    Clock,
    Cluster,
    Constants,
    Header,
    Omission,
)

LEFT_OUT = {
    "schema": f'write "schema":{SCHEMA}, the version of the format',
    "run": 'write a name of the run, the same in all its files, as "run":"first"',
    "process": 'write whose file it is, as it is named, as "process":"acceptor-1.1"',
    "role": 'write "role":"acceptor", or proposer, learner or client',
    "id": "write the number of the process within its role, from 1",
    "incarnation": 'write "incarnation":1, and 1 more after each restart',
    "spec": 'write "spec":"MultiPaxos", or "Synod" if one value is decided once',
    "constants": 'write "constants":{"direct_learning":true,"prepare_ahead":true,"max_batch":1}',
    "cluster": 'write "cluster":{"acceptors":[1,2,3],"proposers":[1],"learners":[],"clients":[]}',
    "config": 'write "config":{}; it is for people, and may hold any settings',
    "direct_learning": "write true if learners count votes (2b) themselves, false if they are told",
    "prepare_ahead": "write true if Phase 1 is done before a value waits, or for many instances",
    "max_batch": "write the most values that are proposed in one instance, 1 if always one",
    "acceptors": "list the ids of all acceptors: quorums are counted of these",
    "proposers": "list the ids of all proposers, or [] if they are not fixed",
    "learners": "list the ids of all learners, or [] if they are not fixed",
    "clients": "list the ids of all clients, or [] if they are not fixed",
}
"""What to write where a field of the header, its constants or its cluster is missing."""


def example_header(process: str, acceptors: Iterable[int] = (1, 2, 3)) -> str:
    """A header that `process` could write, as one line of JSON."""
    role, number, incarnation = decode(process)
    header = {
        **{"event": "Header", "schema": SCHEMA, "run": "first", "process": process},
        **{"role": role, "id": number, "incarnation": incarnation, "spec": "MultiPaxos"},
        "constants": {"direct_learning": True, "prepare_ahead": True, "max_batch": 1},
        "cluster": {"acceptors": [*acceptors], "proposers": [], "learners": [], "clients": []},
        "config": {},
    }
    return json.dumps(header, separators=(",", ":"))


def mistakes_of_header(line: bytes, process: str) -> list[Mistake]:
    """All that is wrong with a line that should be the header of `process`; none if it is right.

    What must be equal in several files is not looked at.
    """
    try:
        header = header_of(line)
    except MALFORMED as error:
        reason = str(error).replace("\n", " ").rstrip(".") or "nested too deeply"
    else:
        return keys_twice(line) + _contradictions(header, process)
    value = parsed(line)
    if isinstance(value, Mistake):
        return [value]
    if value.get("event") != "Header":
        name = value.get("event")
        shows = name if isinstance(name, str) and name in EVENTS else shown(name)
        return [_no_header(f"the first line is {shows}, not Header", process)]
    version = value.get("schema")
    if isinstance(version, int) and version != SCHEMA:
        what = f"schema version {shown(version)}, but this checker reads version {SCHEMA}"
        todo = f'write "schema":{SCHEMA}, or use the checker that came with the writer of the trace'
        return [Mistake("Header.schema", what, todo)]
    found = [*_of_fields("the header", value, Header, FIELDS), *keys_twice(line)]
    return found or [Mistake("header", reason, "compare it with traces/schema.json")]


def _no_header(what: str, process: str) -> Mistake:
    todo = f"begin the file with a header, as {example_header(process)}"
    return Mistake("no-header", what, todo)


def _contradictions(header: Header, process: str) -> list[Mistake]:
    """What a header says that cannot be, in the file of `process`; `kind` is the reader's check."""
    h, found = header, []
    if h.process != process or h.process != f"{h.role}-{h.id}.{h.incarnation}":
        what = (
            f"the header says {h.process}, {h.role}, {h.id}, {h.incarnation}: "
            f"that is not the {process} of the file's name"
        )
        todo = "let the file's name, process, role, id and incarnation say the same"
        found.append(Mistake("Header.process", what, todo))
    if not h.constants.fit(h.spec):
        has = msgspec.json.encode(h.constants).decode()
        todo = "leave promise_scope, fifo and checkpoints out, and write false for prepare_ahead "
        todo += "and 1 for max_batch; or write MultiPaxos as the specification"
        what = f"{h.spec} has one instance and one value, but {has}"
        found.append(Mistake("Header.constants", what, todo))
    acceptors = len(h.cluster.acceptors)
    quorum1, quorum2 = h.constants.quorums(acceptors)
    if quorum1 + quorum2 <= acceptors or max(quorum1, quorum2) > acceptors:
        what = f"quorums of {quorum1} and of {quorum2} acceptors, of {acceptors}"
        todo = "let each quorum of phase 1 meet each of phase 2: phase1_quorum and phase2_quorum "
        todo += f"are no more than {acceptors} each, and more together"
        found.append(Mistake("Header.constants", what, todo))
    if h.constants.fifo and "Broadcast" in h.omits:
        what = "fifo is true, and omits has Broadcast: the order that values are to keep is in it"
        found.append(Mistake("Header.constants", what, "write the broadcasts, or leave fifo out"))
    if h.keeps and (h.role != "learner" or h.spec == "Synod"):
        what = f"keeps is true, and this is {a_role(h.role)} under {h.spec}"
        found.append(Mistake("Header.keeps", what, "leave keeps out: learners of a log keep such"))
    if not h.cluster.admits(h.role, h.id):
        what = f"{h.role} {h.id} is not in the cluster of its own header"
        ids = sorted({*getattr(h.cluster, f"{h.role}s"), h.id})
        todo = f'list all {h.role}s that take part: "{h.role}s":{shown(ids)}'
        found.append(Mistake("Header.cluster", what, todo))
    return found


Look = Callable[[str, Any], Mistakes]


def _of_fields(
    whole: str, value: Any, kind: type[msgspec.Struct], looks: dict[str, Look]
) -> Mistakes:
    """What is wrong with the fields of the header or of an object in it."""
    if not isinstance(value, dict):
        yield Mistake("header", f"{whole} is {shown(value)}", LEFT_OUT[whole])
        return
    known = msgspec.structs.fields(kind)
    for f in known:
        name = f.encode_name
        if f.required and name not in value:
            todo = LEFT_OUT.get(name, "compare it with traces/schema.json")
            yield Mistake(f"no-{name}", f"{whole} has no {name}", todo)
    names = {f.encode_name for f in known} | ({"event"} if kind is Header else set())
    for name, x in value.items():
        if name in looks:
            yield from looks[name](name, x)
        elif name not in names and not (kind is Header and name.startswith(OWN)):
            own = f', or call it "{OWN}{name}"' if kind is Header else ""
            what = f'{whole} has no field "{name}"'
            yield Mistake("unknown-field", what, f"leave it out, or put it in config{own}")


def _schema(what: str, x: Any) -> Mistakes:
    if not isinstance(x, int):
        yield Mistake("header", f"{what} is {shown(x)}", LEFT_OUT["schema"])


def _omits(what: str, x: Any) -> Mistakes:
    known = ", ".join(get_args(Omission))
    todo = f"list once each what your program does not write, of {known}"
    if not isinstance(x, list) or len({str(name) for name in x}) != len(x):
        yield Mistake("omits", f"{what} is {shown(x)}", todo)
        return
    for name in x:
        if name not in get_args(Omission):
            yield Mistake("omits", f"{what} has {shown(name)}", todo)


def _run(what: str, x: Any) -> Mistakes:
    if not isinstance(x, str) or not 0 < len(x) <= 256:
        yield Mistake("header", f"{what} is {shown(x)}", "write a name of 1 to 256 characters")


def _one_of(*names: str) -> Look:
    def look(what: str, x: Any) -> Mistakes:
        if not isinstance(x, str) or x not in names:
            yield Mistake("header", f"{what} is {shown(x)}", f"write one of {', '.join(names)}")

    return look


def _switch(what: str, x: Any) -> Mistakes:
    if not isinstance(x, bool):
        yield Mistake("header", f"{what} is {shown(x)}", LEFT_OUT[what])


OPTIONAL = {
    "fifo": "write true if the values of one client are delivered in order, or leave it out",
    "checkpoints": "write true if acceptors forget what a majority of the learners has in "
    "checkpoints, or leave it out",
    "keeps": "write true if this learner keeps checkpoints, or leave it out",
}


def _optional(what: str, x: Any) -> Mistakes:
    if not isinstance(x, bool):
        yield Mistake("header", f"{what} is {shown(x)}", OPTIONAL[what])


def _ids(what: str, x: Any) -> Mistakes:
    if not isinstance(x, list) or (what == "acceptors" and not x):
        yield Mistake("header", f"{what} is {shown(x)}", LEFT_OUT[what])
        return
    for one in x:
        yield from number(f"an id of the cluster's {what}", one, "id")
    if any(one in x[:n] for n, one in enumerate(x)):
        todo = "list each once; those of one role are all different"
        yield Mistake("header", f"{what} names an id twice", todo)


def _settings(what: str, x: Any) -> Mistakes:
    if not isinstance(x, dict):
        yield Mistake("header", f"{what} is {shown(x)}", LEFT_OUT["config"])
        return
    for name, setting in x.items():
        number = isinstance(setting, int) and -LARGEST_NUMBER - 1 <= setting <= LARGEST_NUMBER
        if not number and not isinstance(setting, str):
            todo = f'write it as a string, as "{name}":"{shown(setting)}"'
            yield Mistake("header", f"{name} of {what} is {shown(setting)}", todo)


FIELDS: dict[str, Look] = {
    **{"schema": _schema, "run": _run, "process": process, "omits": _omits},
    "role": _one_of(*ACTIONS_OF),
    "id": lambda what, x: number(what, x, "id"),
    "incarnation": lambda what, x: number(what, x, "incarnation"),
    "spec": _one_of("MultiPaxos", "Synod"),
    "clock": _one_of(*get_args(Clock)),
    "constants": lambda what, x: _of_fields(what, x, Constants, CONSTANTS),
    "cluster": lambda what, x: _of_fields(what, x, Cluster, CLUSTER),
    **{"config": _settings, "keeps": _optional},
}
CONSTANTS: dict[str, Look] = {
    **{"direct_learning": _switch, "prepare_ahead": _switch},
    "max_batch": lambda what, x: number(what, x, "max_batch"),
    "promise_scope": _one_of("log", "instance"),
    **{"fifo": _optional, "checkpoints": _optional},
    "phase1_quorum": lambda what, x: number(what, x, "phase1_quorum"),
    "phase2_quorum": lambda what, x: number(what, x, "phase2_quorum"),
}
CLUSTER: dict[str, Look] = dict.fromkeys(("acceptors", "proposers", "learners", "clients"), _ids)
