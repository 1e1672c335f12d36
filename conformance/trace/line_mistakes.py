"""What is wrong with a line of a trace: as text, as JSON, and as the event that it says it is.

For whoever writes traces for the first time: the words that a reader of lines has for itself, such
as `Expected array, got int`, say neither what a ballot is nor what to write.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Collection
from typing import Any, get_args

import msgspec
from msgspec import UNSET

from conformance.trace.line import MALFORMED, event_of, twice
from conformance.trace.mistakes import (
    BALLOT,
    COUNTED,
    LEFT_OUT,
    PROMISES,
    SHAPES,
    Mistake,
    Mistakes,
    a_role,
    broadcast,
    count,
    number,
    shown,
)
from conformance.trace.schema import (
    ACTIONS_OF,
    EVENTS,
    OF_SNAPSHOT,
    OWN,
    Omission,
    Recover,
    actions_of,
)

A_FILE_EACH = (
    "write the events of each process into a file of its own, named after it; a program that has "
    "several roles has a file for each"
)
NUMBERED = "number the events of each file 1, 2, 3, ... below the header, in the order of the lines"
RISING = (
    "let the clock rise with each event of a file: the greater of the time and the last one + 1"
)
ONCE = "write each key once"
"""What to do about a line that is right by itself."""

COMMON = ("event", "process", "seq", "hlc")
SYNONYMS = {
    **dict.fromkeys(("submit", "request", "propose_value"), "Broadcast"),
    **dict.fromkeys(("prepare", "1a", "p1a"), "Phase1a"),
    **dict.fromkeys(("promise", "prepared", "1b", "p1b"), "Phase1b"),
    **dict.fromkeys(("accept", "propose", "proposal", "2a", "p2a"), "Phase2a"),
    **dict.fromkeys(("accepted", "vote", "2b", "p2b"), "Phase2b"),
    **dict.fromkeys(("decision", "decided", "chosen", "commit", "success"), "Decide"),
    **dict.fromkeys(("learned", "learnt"), "Learn"),
    **dict.fromkeys(("delivered", "execute", "executed", "apply", "applied"), "Deliver"),
    **dict.fromkeys(("snapshot", "take"), "TakeSnapshot"),
    **dict.fromkeys(("checkpointed", "saved"), "Checkpoint"),
    **dict.fromkeys(("install", "installed"), "InstallSnapshot"),
}
"""What others call the events, in small letters."""

OF_SNAPSHOTS = {
    "instance": "write the last instance that is delivered in it",
    "position": COUNTED["delivered"],
    "from": "write the id of the learner whose snapshot it is",
}
"""What to write where a field of an event of a snapshot is missing."""

NO_BATCH = {
    "Phase2b": "a vote is for what the owner of the ballot proposed in the instance",
    "Decide": "a Decide is of what the owner of the ballot proposed in the instance",
}


def parsed(line: bytes) -> Any | Mistake:
    """The line as JSON, or why it is none."""
    if not line.strip():
        return Mistake("empty-line", "the line is empty", "remove it: each line is one event")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} of the line is not UTF-8"
        return Mistake("not-utf-8", what, "write the file in UTF-8")
    try:
        found = json.loads(text, parse_int=_integer, parse_constant=_constant)
    except RecursionError:
        return Mistake("not-json", "the line is nested too deeply", ONE_OBJECT)
    except ValueError as error:
        return Mistake("not-json", f"the line is no JSON ({error})", _instead(text))
    if not isinstance(found, dict):
        return Mistake("not-json", f"the line is {shown(found)}, no JSON object", ONE_OBJECT)
    return found


ONE_OBJECT = 'write one JSON object a line, as {"event":"Phase2b",...}'
_A_HUGE_NUMBER = 10**40  # what more digits stand for: it is too big all the same


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= 40 else _A_HUGE_NUMBER


def _constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _instead(text: str) -> str:
    start = text.lstrip()
    if start.startswith(("{'", "[('")):
        return "write it with a JSON library (json.dumps), not as the language prints it"
    if start.rstrip() in ("{", "[", "[{"):
        return "write each event as an object on one line, without indentation, and no list of them"
    if start.count('"event"') > 1:
        return "end each event with a newline: one object a line"
    return ONE_OBJECT


def mistakes_of_event(line: bytes, omits: Collection[str] = ()) -> list[Mistake]:
    """All that is wrong with a line that should be an event; none if `event_of` takes it."""
    try:
        event_of(line, omits)
    except MALFORMED as error:
        reason = str(error).replace("\n", " ").rstrip(".") or "nested too deeply"
    else:
        return keys_twice(line)
    value = parsed(line)
    if isinstance(value, Mistake):
        return [value]
    found = _of_object(value, omits) + keys_twice(line)
    return found or [Mistake("shape", reason, "compare it with traces/schema.json")]


def keys_twice(line: bytes) -> list[Mistake]:
    """A key that the line, which is JSON, has twice."""
    try:
        key = twice(line)
    except RecursionError:
        return [Mistake("not-json", "the line is nested too deeply", ONE_OBJECT)]
    if key is None:
        return []
    return [Mistake("key-twice", f'the key "{key}" is in the line twice', ONCE)]


def _of_object(value: dict[str, Any], omits: Collection[str]) -> list[Mistake]:
    name = value.get("event")
    if not isinstance(name, str) or name not in EVENTS:
        return [_no_event(value)]
    found: list[Mistake] = []
    known = msgspec.structs.fields(EVENTS[name])
    required = ["process", "seq", "hlc"]
    required += [f.encode_name for f in known if f.required and f.encode_name not in COMMON]
    names = {f.encode_name for f in known}
    if name == "Phase2b" and "Phase2a" in omits:  # then nothing else says what the vote is for
        required.append("batch")
        names.add("batch")
    for field in required:
        if field not in value and f"{name}.{field}" not in omits:
            found.append(Mistake(f"no-{field}", f"{name} has no {field}", _add(name, field)))
    for field, x in value.items():
        if field in names:
            found.extend(_look(name, field)(field, x))
        elif field != "event" and not field.startswith(OWN):
            found.append(_unknown_field(name, field, names - value.keys()))
    return found + (_kept_by_another(value) if name == "Recover" else [])


def _look(event: str, field: str) -> Callable[[str, Any], Mistakes]:
    """How this field of this event is looked at."""
    if event == "Broadcast" and field == "values":
        return broadcast
    if event in OF_SNAPSHOT and field == "position":
        return count
    if event in OF_SNAPSHOT and field == "from":
        return lambda what, x: number(what, x, "giver")
    return SHAPES[field]


def _add(event: str, field: str) -> str:
    """What to do about a field that is missing."""
    omission = f"{event}.{field}"
    if omission not in get_args(Omission):
        return OF_SNAPSHOTS.get(field, LEFT_OUT[field]) if event in OF_SNAPSHOT else LEFT_OUT[field]
    unknown = f'or write "omits":["{omission}"] into all headers if your program does not know it'
    return f"{LEFT_OUT[field]}; {unknown}"


def in_place_of(action: str, spec: str) -> str:
    """What to do about an event in the file of a role that does not take this action."""
    role = next(r for r, actions in ACTIONS_OF.items() if action in actions)
    if action not in actions_of(role, spec):
        return f"leave it out: {spec} has no {action}"
    return f"write it into the file of the {role} that did it"


def of_promises(event: Recover, scope: str) -> Mistake | None:
    """What is wrong with how the event says what was promised, in a run with this scope."""
    has, kept, todo = (
        ("promised", event.promised, f"write it as ranges, as promises; {PROMISES}")
        if scope == "instance"
        else ("promises", event.promises, f"write the one ballot as promised; {BALLOT}")
    )
    if kept is not UNSET:
        what = f"Recover has {has}, and promise_scope is {scope}"
        return Mistake("promises-of-another-scope", what, todo)
    before = 0
    for first, last, _ in event.promises or ():
        if not before < first <= last:
            what = f"promises: the range {first}..{last} is empty, or not above {before}"
            return Mistake("promises-overlap", what, PROMISES)
        before = last
    return None


def _no_event(value: dict[str, Any]) -> Mistake:
    kinds = ", ".join(EVENTS)
    if "event" not in value:
        return Mistake("no-event", 'the line has no "event"', f"write which it is: {kinds}")
    name = value["event"]
    if name == "Header":
        todo = "a file has one header, its first line; begin a new file for another process or life"
        return Mistake("second-header", "another header is inside the file", todo)
    what = f'"event" is {shown(name)}, which is none of {kinds}'
    meant = _meant(name) if isinstance(name, str) else None
    if meant is not None:
        return Mistake("unknown-event", what, f'write "{meant}"')
    todo = "leave out what is none of them, such as heartbeats, refusals (nacks) and resends"
    return Mistake("unknown-event", what, todo)


def _meant(name: str) -> str | None:
    plain = name.lower().replace("_", "").replace("-", "")
    for known in EVENTS:
        if plain == known.lower():
            return known
    return SYNONYMS.get(plain)


def _unknown_field(event: str, field: str, absent: set[str]) -> Mistake:
    if field in ("batch", "value", "values") and event in NO_BATCH:
        todo = f"leave it out: {NO_BATCH[event]}"
        return Mistake("batch-too-many", f"{event} has a {field}", todo)
    near = difflib.get_close_matches(field.lower(), sorted(absent), 1)
    what = f'{event} has no field "{field}"'
    if near:
        return Mistake("unknown-field", what, f'write "{near[0]}" if that is meant')
    todo = f'leave it out, or call it "{OWN}{field}": what begins with {OWN} is kept and not judged'
    return Mistake("unknown-field", what, todo)


def _kept_by_another(value: dict[str, Any]) -> list[Mistake]:
    role = str(value.get("process")).partition("-")[0]
    found = []
    for field in {f.encode_name for f in msgspec.structs.fields(Recover)} - {*COMMON}:
        whose = "proposer" if field == "round" else "acceptor"
        if field in value and role in ACTIONS_OF and role != whose:
            what = f"{field} is kept by {a_role(whose)}, and this is {a_role(role)}"
            found.append(Mistake("kept-by-another-role", what, "leave it out"))
    return sorted(found, key=lambda m: m.what)
