"""Histories of one real copy, drawn by hypothesis; and the checker's question, by brute force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

from hypothesis import strategies as st

from tests.linearizability.history import Answer, Operation

STEP_NS = 10
"""Between two points in time at which operations take effect."""


class Copy:
    """One key of one copy, as short as it can be written."""

    def __init__(self) -> None:
        self.value: str | None = None
        self.version = 0

    def do(self, operation: Operation, version: int) -> Answer:
        """Do it; a write has this version."""
        there = 0 if self.value is None else self.version
        match operation.name:
            case "get":
                return Answer(there, self.value)
            case "cas" if there != operation.expect:
                return Answer(there, done=False)
            case "delete" if self.value is None:
                return Answer(done=False)
            case "delete":
                self.value, self.version = None, version
                return Answer(version)
        self.value, self.version = operation.value, version
        return Answer(version)


@st.composite
def histories(draw: st.DrawFn, most: int = 20) -> list[Operation]:
    """Operations that took effect one after the other, each at a point within its interval. Of some
    the answer was lost, and of these some never took effect."""
    copy, operations = Copy(), []
    for k in range(1, draw(st.integers(1, most)) + 1):
        name = draw(st.sampled_from(("get", "put", "put", "cas", "delete")))
        point = k * STEP_NS
        expect = 0
        if name == "cas":
            expect = draw(st.sampled_from((0, copy.version, max(0, k - 2))))
        called = point - draw(st.integers(0, 4 * STEP_NS))
        returned = point + draw(st.integers(1, 4 * STEP_NS))
        value = f"v{draw(st.integers(1, 3))}" if name in ("put", "cas") else None
        asked = Operation(f"c{k}", "k", name, called, None, None, value, expect)  # type: ignore[arg-type]
        fate = draw(st.sampled_from(("answered",) * 4 + ("lost", "never done")))
        answer = None if fate == "never done" else copy.do(asked, k)
        if fate == "answered":
            asked = Operation(
                asked.client, "k", asked.name, called, returned, answer, value, expect
            )
        operations.append(asked)
    return sorted(operations, key=lambda one: one.called_ns)


def orders(operations: Sequence[Operation]) -> Iterator[tuple[Operation, ...]]:
    """All orders of all that returned, with any of the others, in which none comes before one that
    returned before it was called."""
    lost = [one for one in operations if one.answer is None]
    told = [one for one in operations if one.answer]
    for chosen in product((False, True), repeat=len(lost)):
        some = told + [one for one, is_in in zip(lost, chosen, strict=True) if is_in]
        for order in permutations(some):
            if not any(
                later.returned_ns is not None and later.returned_ns < sooner.called_ns
                for k, sooner in enumerate(order)
                for later in order[k + 1 :]
            ):
                yield order


def brute_force(operations: Sequence[Operation]) -> bool:
    """Whether some order, with some versions for what was lost, has all answers."""
    versions = sorted(
        {one.answer.version for one in operations if one.answer}
        | {one.expect for one in operations}
    )
    # Between two that were heard of, any one does; several writes in a row need as many.
    near = [v + part / 8 for v in (0, *versions) for part in range(8)]
    return any(
        _goes_on(Copy(), order, sorted({v for v in near if v > 0})) for order in orders(operations)
    )


def _goes_on(copy: Copy, order: Sequence[Operation], near: Sequence[float]) -> bool:
    if not order:
        return True
    first, *rest = order
    own = first.answer.version if first.answer and first.name != "get" else 0
    fixed = first.name == "get" or (first.answer is not None and first.answer.done)
    for version in (own,) if fixed else near:
        after = Copy()
        after.value, after.version = copy.value, copy.version
        answer = after.do(first, version)  # type: ignore[arg-type]
        writes = first.name != "get" and answer.done
        if writes and version <= copy.version:
            continue
        if first.answer in (None, answer) and _goes_on(after, rest, near):
            return True
    return False
