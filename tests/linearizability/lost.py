"""Writes whose answers were lost: what others were told says which of them were done.

A version belongs to one write. So a lost write whose value somebody read, and that nobody else
wrote, was done, and has the version that was read with it. Of the others nothing is known, but
that helps too: all puts that nobody read are alike, and so are all deletes, and
all compare-and-sets that expect the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from tests.linearizability.history import Answer, Operation

NEVER_NS = 1 << 63
"""When an operation returns whose answer was lost."""


def settled(operations: Sequence[Operation]) -> list[Operation]:
    """The same, without reads that were told nothing, and with their versions in lost writes that
    were seen to be done."""
    read: dict[str, set[int]] = {}
    for one in operations:
        if one.name == "get" and one.answer and one.answer.value is not None:
            read.setdefault(one.answer.value, set()).add(one.answer.version)
    written = Counter(one.value for one in operations if one.name in ("put", "cas"))
    found = []
    for one in operations:
        if one.answer or one.name != "get":
            versions = read.get(one.value or "", set())
            if not one.answer and written[one.value] == 1 and len(versions) == 1:
                answer = Answer(next(iter(versions)))
                one = replace(one, returned_ns=NEVER_NS, answer=answer)
            found.append(one)
    return found


def kinds(operations: Sequence[Operation]) -> list[str]:
    """For each operation, of which kind it is among those that are alike: the empty text if it is
    like no other."""
    read = {one.answer.value for one in operations if one.answer and one.answer.value is not None}
    return [
        "" if one.answer or one.value in read else f"{one.name} {one.expect}" for one in operations
    ]


def claimed(operations: Sequence[Operation]) -> set[int]:
    """The versions of writes that are known."""
    return {
        one.answer.version
        for one in operations
        if one.answer and one.answer.done and one.name != "get"
    }


def told(operation: Operation) -> int | None:
    """The version that an operation found there; None: it did not look."""
    answer = operation.answer
    if operation.name == "cas" and (answer is None or answer.done):
        return operation.expect
    if answer and (operation.name == "get" or not answer.done):
        return answer.version
    return None
