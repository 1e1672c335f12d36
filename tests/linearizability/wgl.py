"""The search for an order: Wing and Gong 1993, with Lowe's memory of configurations (2017).

An operation may be the next one if no other that is still to come returned before it was called.
The search goes on with each such one that the register takes, and comes back where none is. What
was done together with what is there then is a configuration, and none is visited twice. Operations
whose answers are not known never return: each may be done at any later time, or never. Such a one
is tried only where the next operation looks at what it left: before one that does not, or at the
end, it might as well not be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.linearizability import lost
from tests.linearizability.history import Operation
from tests.linearizability.lost import NEVER_NS
from tests.linearizability.register import Register

MOST_STEPS = 500_000
"""Of a search, a few seconds. Beyond, it is not decided."""


class Found(NamedTuple):
    """What came of the search for one key."""

    ok: bool | None
    """None: it was not decided within the steps allowed."""
    order: list[Operation]
    """All operations in an order that one copy has, or the longest beginning of one that was
    found."""
    left: list[Operation]
    """Those that returned and are in no order that goes on from there."""
    register: Register
    """What is there after `order`."""
    steps: int


class _Depth(NamedTuple):
    """One more operation done, and what else may be done after it."""

    done: int  # a bit for each operation
    register: Register
    last: int
    others: Iterator[int]


class _Search:
    """Of the operations of one key, in the order of their calls."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations
        self.calls = [one.called_ns for one in operations]
        self.returns = [
            NEVER_NS if one.returned_ns is None else one.returned_ns for one in operations
        ]
        self.must = sum(1 << k for k, one in enumerate(operations) if one.answer)
        self.kinds = lost.kinds(operations)
        self.claimed = lost.claimed(operations)
        self.looks = [one.name != "put" for one in operations]

    def next(self, done: int, last: int) -> list[int]:
        """Which operations may be the next after `last`. First those that have answers, by what
        these say, so that an order is found soon where there is one."""
        first_return, found = NEVER_NS, []
        k = (~done & (done + 1)).bit_length() - 1
        while k < len(self.calls) and self.calls[k] <= first_return:
            if not done >> k & 1:
                found.append(k)
                first_return = min(first_return, self.returns[k])
            k += 1
        must_look = last >= 0 and not self.must >> last & 1
        kinds = {"": -1}
        some = []
        for k in found:  # of those that are alike, the first
            if self.calls[k] <= first_return and (self.looks[k] or not must_look):
                if self.kinds[k] and kinds.setdefault(self.kinds[k], k) != k:
                    continue
                some.append(k)
        return sorted(some, key=self._late)

    def _late(self, k: int) -> tuple[bool, int, int]:
        operation = self.operations[k]
        version = operation.answer.version if operation.answer else 0
        return operation.answer is None, version, self.returns[k]

    def step(self, register: Register, k: int) -> Register | None:
        """What is there after operation `k`; None if it cannot be the next."""
        operation = self.operations[k]
        if not register.is_known and lost.told(operation) in self.claimed:
            return None  # it is the version of another write
        return register.step(operation)

    def run(self, most_steps: int) -> Found:
        stack = [_Depth(0, Register(), -1, iter(self.next(0, -1)))]
        seen = {(0, stack[0].register, False)}
        best, steps = list(stack), 0
        while stack:
            done, register, _, others = stack[-1]
            if done & self.must == self.must:
                return self._found(True, stack, steps)
            for k in others:
                steps += 1
                after = self.step(register, k)
                now = done | 1 << k
                if after is None or (now, after, is_lost := not self.must >> k & 1) in seen:
                    continue
                seen.add((now, after, is_lost))
                stack.append(_Depth(now, after, k, iter(self.next(now, k))))
                if (now & self.must).bit_count() > (best[-1].done & self.must).bit_count():
                    best = list(stack)
                break
            else:
                stack.pop()
            if steps > most_steps:
                return self._found(None, best, steps)
        return self._found(False, best, steps)

    def _found(self, ok: bool | None, stack: Sequence[_Depth], steps: int) -> Found:
        done = stack[-1].done
        left = [one for k, one in enumerate(self.operations) if one.answer and not done >> k & 1]
        order = [self.operations[depth.last] for depth in stack[1:]]
        return Found(ok, order, left, stack[-1].register, steps)


def check(operations: Sequence[Operation], most_steps: int = MOST_STEPS) -> Found:
    """Whether the operations of one key, in the order of their calls, are those of one copy."""
    return _Search(lost.settled(operations)).run(most_steps)
