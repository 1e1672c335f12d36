"""A run over a sample: each mutant against the tests that run its line, in copies of the tree."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.mutation.coverage_map import CoverageMap
from tests.mutation.results import SURVIVED, Result, append, read
from tests.mutation.sample import Mutant
from tests.mutation.server import Answer, Request
from tests.mutation.tree import Tree, scratch

TEST_S = 15.0  # how long any test may take with a mutant, in seconds
SLOWER = 5  # how many times longer tests may take than they did, on a machine that others use too
STARTED_S = 60.0  # to import and collect


@dataclass(frozen=True)
class Campaign:
    """How a sample is run. `out` has a line for each mutant that was run; one that is there already
    is not run again, or, with `survivors`, only if it survived."""

    root: Path
    seed: int
    out: Path
    budgets_s: dict[str, float]  # of tests for each mutant, by part
    minutes: float
    jobs: int = 1
    survivors: bool = False

    def left(self, mutants: Sequence[Mutant]) -> list[Mutant]:
        """Those that are to be run."""
        known = read(self.out)
        ranks = {mutant: mutant.rank(self.seed) for mutant in mutants}
        if self.survivors:
            return [m for m in mutants if (r := known.get(ranks[m])) and not r.killed]
        return [mutant for mutant in mutants if ranks[mutant] not in known]

    def run(self, mutants: Sequence[Mutant], known: CoverageMap) -> None:
        """Run what is left, until the time is up. Raises what a copy raises."""
        until_s = time.monotonic() + self.minutes * 60
        left = self.left(mutants)
        waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
        for mutant in left:
            waiting.put(mutant)
        lock, errors, done = threading.Lock(), list[BaseException](), list[Result]()

        def note(result: Result) -> None:
            with lock:
                append(self.out, result)
                done.append(result)
                _progress(done, len(left))

        with ExitStack() as stack:
            trees = [stack.enter_context(scratch(self.root)) for _ in range(self.jobs)]

            def work(tree: Tree) -> None:
                try:
                    tree.warm()
                    _work(waiting, until_s, lambda m: note(self.judge(tree, m, known)))
                except BaseException as error:
                    errors.append(error)

            threads = [threading.Thread(target=work, args=(tree,), daemon=True) for tree in trees]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if errors:
            raise errors[0]

    def judge(self, tree: Tree, mutant: Mutant, known: CoverageMap) -> Result:
        """Run one. Where there are no tests it survives."""
        tests = known.tests(mutant.path, mutant.edit.line, self.budgets_s[mutant.part])
        result = Result(
            rank=mutant.rank(self.seed),
            name=mutant.name,
            part=mutant.part,
            path=mutant.path,
            line=mutant.edit.line,
            status=SURVIVED,
            test="",
            tests=len(tests),
            seconds=0.0,
        )
        if not tests:
            return result
        took_s = [known.seconds[test] for test in tests]
        test_s = max(TEST_S, SLOWER * max(took_s))  # what takes longer hangs
        answer = tree.run_changed(
            mutant, Request(tests, test_s, SLOWER * sum(took_s) + test_s + STARTED_S)
        )
        first = answer.failed[0] if answer.failed else ""
        return replace(result, status=answer.status, test=first, seconds=answer.seconds)


def _work(
    waiting: queue.SimpleQueue[Mutant], until_s: float, each: Callable[[Mutant], None]
) -> None:
    while time.monotonic() < until_s:
        try:
            mutant = waiting.get_nowait()
        except queue.Empty:
            return
        each(mutant)


def _progress(done: list[Result], of: int) -> None:
    last, survived = done[-1], sum(not result.killed for result in done)
    print(
        f"{len(done)}/{of}, {survived} survived; {last.seconds:.1f} s, {last.status}: {last.name}",
        file=sys.stderr,
        flush=True,
    )


def unsteady(root: Path, results: Sequence[Result]) -> list[str]:
    """The tests that killed something and fail without any change: they have seen nothing."""
    killers = sorted({result.test for result in results if result.killed and result.test})
    if not killers:
        return []
    with scratch(root) as tree:
        test_s = SLOWER * TEST_S
        limit_s = STARTED_S + test_s * len(killers)
        answer: Answer = tree.run(Request(killers, test_s, limit_s, stop=False))
    if answer.status == "timeout" and not answer.failed:
        raise RuntimeError(f"without a change tests do not end:\n{answer.said}")
    return answer.failed
