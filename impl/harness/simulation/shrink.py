"""A run that fails, made smaller: fewer steps, fewer kinds of faults, while it fails as before.

A run with fewer steps is the same run until its faults stop, so a run that is wrong at some step is
still wrong when it is stopped just after that step. A run without a kind of fault is another run,
which may fail sooner, later, or not at all. Mostly it fails later, because less time passes in a
step where nothing is slow or stopped. So it is given more steps than the first run had.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.simulation.options import KINDS
from harness.simulation.plan import Request
from harness.simulation.run import Outcome, simulate

ATTEMPTS = 100
"""How many runs are made at most."""

MORE_STEPS = 4
"""How many times the steps of the first run a run is given that lacks a kind of fault."""

Simulate = Callable[[Request], Outcome]


def shrink(outcome: Outcome, simulate: Simulate = simulate) -> Outcome:
    """The smallest run found that fails as `outcome` does; `simulate` makes the runs."""
    shrinking = _Shrinking(outcome, simulate)
    while shrinking.drop_kinds() | shrinking.drop_steps():
        pass
    return shrinking.smallest


class _Shrinking:
    def __init__(self, outcome: Outcome, simulate: Simulate) -> None:
        self.smallest = _cut(outcome)
        self._steps = MORE_STEPS * outcome.request.steps
        self._simulate = simulate
        self._attempts = 0
        self._tried: set[Request] = set()

    def drop_kinds(self) -> bool:
        """Leave out each kind of fault that can be; whether any was."""
        dropped = [
            self._try(replace(request, steps=self._steps, without=request.without | {kind}))
            for kind in KINDS
            for request in [self.smallest.request]
            if kind not in request.without
        ]
        return any(dropped)

    def drop_steps(self) -> bool:
        """Stop as soon as can be, by halving; whether it is sooner than before. With one step less
        it does not fail in this way."""
        steps = self.smallest.request.steps
        too_few = 0
        while self.smallest.request.steps - too_few > 1:
            middle = (too_few + self.smallest.request.steps) // 2
            if not self._try(replace(self.smallest.request, steps=middle)):
                too_few = middle
        return self.smallest.request.steps < steps

    def _try(self, request: Request) -> bool:
        failure = self.smallest.failure
        assert failure is not None, "only a run that fails is made smaller"
        if request in self._tried or self._attempts >= ATTEMPTS:
            return False
        self._tried.add(request)
        self._attempts += 1
        outcome = self._simulate(request)
        if outcome.failure is None or outcome.failure.kind != failure.kind:
            return False
        self.smallest = _cut(outcome)
        return True


def _cut(outcome: Outcome) -> Outcome:
    """The same run, without the steps that were asked for and never came."""
    steps = max(1, min(outcome.steps, outcome.request.steps))
    return replace(outcome, request=replace(outcome.request, steps=steps))
