"""How a model failed: the counterexample as a table of what each step changes, as ITF and as a
diagram. TLC's output is read elsewhere; which action each step is, in name_steps.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.draw.spacetime import NEEDS_MATPLOTLIB, draw
from conformance.modelcheck.manifest import Model
from conformance.tla import itf
from conformance.tla.config import sections
from conformance.tla.diff import changes, show
from conformance.tla.module import read
from conformance.tlc import runner
from conformance.tlc.name_steps import Step, steps


def show_counterexample(model: Model, folder: Path, result: runner.Result, into: Path) -> str:
    """The counterexample in words, without a final newline. Files with the same go into a folder,
    and are named at the end."""
    module, config = folder / model.module, folder / model.config
    taken = steps(module, config, folder.parent, result)
    source = read(module.stem, folder, folder.parent)
    lines = [*table(taken, source.variables), *ending(result)]
    into.mkdir(parents=True, exist_ok=True)
    written = [into / f"{model.name}.itf.json"]
    violated = result.violation.name if result.violation else "nothing"
    title = f"{model.name} violates {violated}"
    write_itf(written[0], title, taken, result)
    picture = into / f"{model.name}.svg"
    if (trouble := _draw(picture, title, taken, config, result)) is None:
        written.append(picture)
    else:
        lines.append(f"  not drawn: {trouble}")
    return "\n".join([*lines, "  written: " + ", ".join(map(str, map(runner.short_path, written)))])


def table(taken: Sequence[Step], variables: Sequence[str]) -> Iterator[str]:
    """A row for each change: the step, the action with its parameters, what changed."""
    rows: list[tuple[str, str, str]] = [("step", "action", "what changes")]
    for number, step in enumerate(taken, 1):
        if number == 1:
            changed = [f"{name} = {show(step.state[name])}" for name in _order(step, variables)]
        else:
            before = taken[number - 2].state
            changed = [
                text
                for name in _order(step, variables)
                for text in changes(name, before[name], step.state[name])
            ]
        first, *others = changed or ["nothing"]
        rows.append((str(number), call(step), first))
        rows += [("", "", text) for text in others]
    wide = max(len(action) for _, action, _ in rows)
    return (f"  {n:>4}  {action.ljust(wide)}  {text}" for n, action, text in rows)


def call(step: Step) -> str:
    """The action with its parameters, as in the specification."""
    if not step.parameters:
        return step.action
    return f"{step.action}({', '.join(f'{k}={show(v)}' for k, v in step.parameters.items())})"


def ending(result: runner.Result) -> Iterator[str]:
    """How a counterexample goes on that goes on for ever."""
    if result.loops_to is not None:
        yield f"  and that is state {result.loops_to} again, so it goes on like this for ever"
    if result.stutters:
        yield "  and then nothing more happens, for ever"


def _order(step: Step, variables: Sequence[str]) -> list[str]:
    """The variables in the order in which the specification declares them."""
    known = [name for name in variables if name in step.state]
    return known + [name for name in step.state if name not in known]


def write_itf(path: Path, title: str, taken: Sequence[Step], result: runner.Result) -> None:
    """The states; what led to each is among its meta-data."""
    # A state that it goes back to is the last of the steps once more, and in ITF it is not.
    once = taken if result.loops_to is None else taken[:-1]
    states = (
        {
            "#meta": {
                "index": index,
                "action": step.action,
                "parameters": {k: itf.encode(v) for k, v in step.parameters.items()},
            },
            **{name: itf.encode(value) for name, value in step.state.items()},
        }
        for index, step in enumerate(once)
    )
    loop = None
    if result.loops_to is not None:
        loop = result.loops_to - 1
    elif result.stutters:
        loop = len(once) - 1
    itf.write(path, title, list(taken[0].state), states, loop)


def _draw(
    path: Path, title: str, taken: Sequence[Step], config: Path, result: runner.Result
) -> str | None:
    """Draw the steps; what stood in the way, if anything."""
    try:
        from conformance.draw.counterexample import events_of

        constants = sections(config.read_text(encoding="utf-8")).get("CONSTANT", "")
        proposers = re.search(r"\bProposers\s*=\s*(\d+)", constants)
        drawn = events_of(taken, int(proposers[1]) if proposers else 1)
        if not drawn:
            return "the initial state itself violates it"
        last = 0 if result.loops_to or result.stutters else drawn[-1].number
        draw(drawn, [path], title=title, rejected=last, word="violates")
    except ImportError:
        return NEEDS_MATPLOTLIB
    return None
