"""What is wrong with the fields of an event, for somebody who has never seen the specification.

The records of schema.py say whether a line is right. Only when it is not, it is looked at here, as
JSON: what stands there, and what to write in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from conformance.trace.process import MEMBER, PROCESS_NAME
from conformance.trace.schema import LARGEST_NUMBER

SHOWN = 60  # characters of a wrong value


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong. `kind` is a short name that all mistakes of its kind have."""

    kind: str
    what: str
    todo: str


Mistakes = Iterator[Mistake]

COUNTED = {
    "seq": "the first event of a file has seq 1, the next one 2, and so on",
    "hlc": "write the clock in whole microseconds, or any counter from 1 that is carried likewise",
    "instance": "instances are counted from 1: add 1 to each of yours",
    "from": "instances are counted from 1: add 1 to each of yours",
    "to": "instances are counted from 1: add 1 to each of yours",
    "trimmed": "leave the field out if nothing is trimmed",
    "position": "write how many values this learner delivered before, plus 1",
    "delivered": "write how many values are delivered up to that place, 0 if none",
    "giver": "learners are numbered from 1: add 1 to each of yours, in files' names too",
    "round": "rounds are counted from 1: add 1 to each of yours; if it has used none, leave it out",
    "proposer": "proposers are numbered from 1: add 1 to each of yours, in files' names too",
    "acceptor": "acceptors are numbered from 1: add 1 to each of yours, in files' names too",
    "id": "ids are counted from 1: add 1 to each of yours, in files' names too",
    "incarnation": "incarnations of a process are counted from 1: 1, and 1 more after each restart",
    "max_batch": "write the most values that a batch may have, 1 or more",
    "phase1_quorum": "write how many acceptors must have promised, or leave it out: a majority",
    "phase2_quorum": "write how many acceptors must have voted, or leave it out: a majority",
    "sequence number": "a client's values are numbered from 1: add 1 to each of yours",
    "count": "write how many values the range has, 1 if each travels alone",
}
"""What to write of a number that is below 1; the keys are what is numbered."""

NUMBER = "number yours 1, 2, 3, ... and write the number"
NAMED = {"proposer", "acceptor", "giver", "id"}


def shown(x: Any) -> str:
    """A wrong value as JSON has it, in short."""
    text = json.dumps(x, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def a_role(role: str) -> str:
    """A role with its article."""
    return f"an {role}" if role == "acceptor" else f"a {role}"


def number(what: str, x: Any, of: str) -> Mistakes:
    """`x` should be an integer from 1 to the largest. `what` names it, `of` what is numbered."""
    todo = COUNTED[of]
    if isinstance(x, bool) or not isinstance(x, int | float | str | None):
        yield Mistake("not-a-number", f"{what} is {shown(x)}, no number", f"write a number; {todo}")
    elif x is None:
        yield Mistake("null", f"{what} is null", f"nothing is null here; {todo}")
    elif isinstance(x, float):
        yield from _float(what, x, of)
    elif isinstance(x, str):
        if re.fullmatch(r"-?\d+", x):
            what, todo = f"{what} is {shown(x)}, in quotes", "write the number without quotes"
            yield Mistake("number-in-quotes", what, todo)
        else:
            todo = NUMBER if of in NAMED else f"write a number; {todo}"
            yield Mistake("name-for-number", f"{what} is {shown(x)}, a name", todo)
    elif x < 1:
        yield Mistake(f"{of.replace(' ', '-')}-below-1", f"{what} is {x}", todo)
    elif x > LARGEST_NUMBER:
        least = f"a number is at most {LARGEST_NUMBER} (2^63 - 1)"
        yield Mistake("number-too-big", f"{what} is {shown(x)}", f"{least}: take fewer bits of it")


def _float(what: str, x: float, of: str) -> Mistakes:
    if of == "hlc":
        todo = "write whole microseconds: int(seconds * 1000000)"
        yield Mistake("clock-as-float", f"{what} is {x!r}, a float", todo)
    else:
        todo = "write an integer, without fraction or exponent"
        yield Mistake("float", f"{what} is {x!r}, a float", todo)


BALLOT = (
    "a ballot is [round, proposer]: if yours is an integer b, write [b, id of the proposer whose "
    "ballot it is], or [b + 1, id] if yours begin at 0"
)


def ballot(what: str, x: Any) -> Mistakes:
    if isinstance(x, int) and not isinstance(x, bool):
        yield Mistake("integer-ballot", f"{what} is {shown(x)}, an integer", BALLOT)
    elif not isinstance(x, list) or len(x) != 2:
        yield Mistake("not-a-ballot", f"{what} is {shown(x)}", BALLOT)
    else:
        yield from number(f"the round of {what} {shown(x)}", x[0], "round")
        yield from number(f"the proposer of {what} {shown(x)}", x[1], "proposer")


QUORUM = "list the ids of the acceptors that were counted, ascending, as [1, 3]"


def quorum(what: str, x: Any) -> Mistakes:
    if isinstance(x, int) and not isinstance(x, bool):
        yield Mistake("quorum-as-number", f"{what} is {x}, a number", QUORUM)
    elif not isinstance(x, list) or not x:
        yield Mistake("not-a-quorum", f"{what} is {shown(x)}", QUORUM)
    elif names := [a for a in x if isinstance(a, str) and not a.isdecimal()]:
        todo = f"acceptors are numbers: {NUMBER}, as [1, 3]"
        yield Mistake("quorum-of-names", f"{what} has {shown(names[0])}, a name", todo)
    else:
        for a in x:
            yield from number(f"an acceptor of {what} {shown(x)}", a, "acceptor")


RANGE = (
    "a value is written as a range [client, sequence number, how many, digest], as "
    '["1.1", 7, 1, "cd7ba1121c87446f"]; the digest is 16 hexadecimal digits that are equal for '
    "equal bytes, as hashlib.blake2b(value, digest_size=8).hexdigest() is; of opaque values "
    "without a number, take one from such a hash"
)


def batch(what: str, x: Any) -> Mistakes:
    """A batch, or values: a list of ranges."""
    if isinstance(x, str):
        yield Mistake(
            "values-as-strings", f"{what} is {shown(x)}, a string", f"list ranges; {RANGE}"
        )
    elif not isinstance(x, list):
        todo = f"list ranges, and write [] for the no-op; {RANGE}"
        yield Mistake("not-a-batch", f"{what} is {shown(x)}", todo)
    elif len(x) == 4 and isinstance(x[0], str) and isinstance(x[1], int):
        todo = f"list it, also where it is alone: [{shown(x)}]"
        yield Mistake("not-a-batch", f"{what} is {shown(x)}, a range and no list of such", todo)
    else:
        for r in x:
            yield from _range(what, r)


def _range(what: str, r: Any) -> Mistakes:
    if isinstance(r, str):
        yield Mistake("values-as-strings", f"{what} has {shown(r)}, a string", RANGE)
        return
    if not isinstance(r, list) or len(r) != 4:
        yield Mistake("not-a-range", f"{what} has {shown(r)}", RANGE)
        return
    client, first, count, digest = r
    where = f"the range {shown(r)} of {what}"
    if not (isinstance(client, str) and CLIENT.fullmatch(client)):
        todo = 'write the client as "id.incarnation", both numbered from 1, as "1.1"'
        yield Mistake("client-of-a-range", f"the client of {where} is {shown(client)}", todo)
    yield from number(f"the sequence number of {where}", first, "sequence number")
    yield from number(f"the count of {where}", count, "count")
    if not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
        todo = 'write 16 hexadecimal digits in small letters, as "cd7ba1121c87446f"'
        yield Mistake("digest", f"the digest of {where} is {shown(digest)}", todo)


CLIENT = re.compile(MEMBER)
DIGEST = re.compile(r"[0-9a-f]{16}")
NAME = re.compile(PROCESS_NAME)
VOTES = "list the acceptor's votes as [instance, ballot, batch], one an instance; [] if it has none"


def broadcast(what: str, x: Any) -> Mistakes:
    """The values of a Broadcast: not none."""
    if x == []:
        yield Mistake("no-values", f"{what} is []", f"write what was broadcast; {RANGE}")
    yield from batch(what, x)


def votes(what: str, x: Any) -> Mistakes:
    if not isinstance(x, list):
        yield Mistake("not-votes", f"{what} is {shown(x)}", VOTES)
        return
    for v in x:
        if not isinstance(v, list) or len(v) != 3:
            yield Mistake("not-votes", f"{what} has {shown(v)}", VOTES)
            continue
        yield from number(f"the instance of the vote {shown(v)}", v[0], "instance")
        yield from ballot(f"the ballot of the vote {shown(v)},", v[1])
        yield from batch(f"the batch of the vote {shown(v)}", v[2])


PROMISES = (
    "list ranges of instances with what is promised there, ascending: [from, to, ballot], as "
    "[[1,4,[1,1]],[5,5,[2,1]]]"
)


def promises(what: str, x: Any) -> Mistakes:
    """What an acceptor promised, where each instance has a promise."""
    if not isinstance(x, list):
        yield Mistake("not-promises", f"{what} is {shown(x)}", PROMISES)
        return
    for p in x:
        if not isinstance(p, list) or len(p) != 3:
            yield Mistake("not-promises", f"{what} has {shown(p)}", PROMISES)
            continue
        for end in p[:2]:
            yield from number(f"an end of the promise {shown(p)}", end, "instance")
        yield from ballot(f"the ballot of the promise {shown(p)},", p[2])


def process(what: str, x: Any) -> Mistakes:
    if not isinstance(x, str) or not NAME.fullmatch(x):
        todo = (
            "write role-id.incarnation, the role one of acceptor, proposer, learner and client, "
            'and both numbers from 1, as "acceptor-1.1"'
        )
        if isinstance(x, str) and re.fullmatch(r"\w+-0\.\d+|\w+-\d+\.0", x):
            todo = f"ids and incarnations are counted from 1: add 1 to each of yours; {todo}"
        yield Mistake("process-name", f"{what} is {shown(x)}", todo)


def count(what: str, x: Any) -> Mistakes:
    """How many values a learner has delivered at some place: it may be none."""
    if x != 0 or isinstance(x, bool | float):
        yield from number(what, x, "delivered")


SHAPES: dict[str, Callable[[str, Any], Mistakes]] = {
    **{
        name: lambda what, x, name=name: number(what, x, name)  # type: ignore[misc]
        for name in ("seq", "hlc", "instance", "from", "to", "trimmed", "position", "round")
    },
    **{"ballot": ballot, "promised": ballot, "quorum": quorum, "batch": batch, "values": batch},
    **{"votes": votes, "promises": promises, "process": process},
}
"""How fields of events are looked at, by their names. The values of a Broadcast: `broadcast`."""

LEFT_OUT = {
    "quorum": QUORUM,
    "votes": VOTES,
    "ballot": BALLOT,
    "batch": f"write [] for the no-op; else {RANGE}",
    "values": RANGE,
    "from": "write the first and the last instance that it is about; one instance: both are it",
    "to": "write the first and the last instance that it is about; one instance: both are it",
    "seq": COUNTED["seq"],
    "hlc": COUNTED["hlc"],
    "position": COUNTED["position"],
    "instance": "write the position of the log that it is about, from 1; of one decree: 1",
    "process": 'write whose event it is, as the file is named: "acceptor-1.1"',
}
"""What to write where a field is missing."""
