"""A model's counterexample to a page: the states that TLC went through, with the actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.draw.counterexample import Needs, words
from conformance.draw.spacetime import LANES
from conformance.report.page import Action, Conjunct, FalseRule, Page, Step, clipped
from conformance.report.variables import Variables
from conformance.tla.config import sections
from conformance.tla.diff import show
from conformance.tla.module import Conjunct as Cited
from conformance.tla.module import Definition, Source, read
from conformance.tlc import name_steps
from conformance.tlc.runner import Result

START = "initial state"


def model_page(name: str, module: Path, config: Path, library: Path, result: Result) -> Page:
    """The page of the counterexample of the model of this name. Raises TlcError if TLC cannot be
    asked which actions it takes."""
    taken = name_steps.steps(module, config, library, result)
    source = read(module.stem, module.parent, library)
    needs = Needs(proposers_of(config))
    own = [needs.lane(step) for step in taken[1:]]
    columns = sorted(set(own), key=lambda lane: (LANES.index(lane.role), *lane[1:]))
    lanes = [0, *(1 + columns.index(lane) for lane in own)]
    state = Variables(source.variables, [step.state for step in taken])
    goes_on = result.loops_to is not None or result.stutters
    last_is_false = () if goes_on else _false(result, source, module.parent)
    violated = result.violation.name if result.violation else "nothing"
    ending = _ending(result)
    return Page(
        title=f"Counterexample of {name}",
        verdict="violation",
        summary=f"{violated} is violated after {len(taken) - 1} steps{ending}",
        facts=(("model", config.name), ("states", f"{result.distinct:,} distinct")),
        report=clipped(f"{violated} is violated{ending}"),
        lanes=(START, *map(str, columns)),
        tables=state.tables,
        cells=state.cells,
        before=(),
        steps=tuple(_steps(taken, lanes, needs, state, last_is_false)),
        actions=tuple(actions_of(source, {step.action for step in taken}, module.parent)),
        total=len(taken),
        open_at=1,
        noun="state",
        loops_to=result.loops_to or (len(taken) if result.stutters else 0),
    )


def proposers_of(config: Path) -> int:
    """How many proposers the model has; ballots are theirs in turn."""
    constants = sections(config.read_text(encoding="utf-8")).get("CONSTANT", "")
    found = re.search(r"\bProposers\s*=\s*(\d+)", constants)
    return int(found[1]) if found else 1


def _ending(result: Result) -> str:
    if result.loops_to is not None:
        return f"; from the last one it goes on from state {result.loops_to}, for ever"
    return "; and then nothing more happens, for ever" if result.stutters else ""


def _steps(
    taken: Sequence[name_steps.Step],
    lanes: Sequence[int],
    needs: Needs,
    state: Variables,
    false: tuple[FalseRule, ...],
) -> Iterator[Step]:
    """The states; `lanes` are the numbers of theirs, and `false` is what is false of the last."""
    for number, step in enumerate(taken, 1):
        causes: tuple[tuple[int, str], ...] = ()
        if number > 1:
            before = taken[number - 2]
            needs.before(number - 1, before)
            sent = step.state.get("msgs", frozenset()) - before.state.get("msgs", frozenset())
            causes = tuple(dict.fromkeys(needs.of(step, {m["type"] for m in sent})))
        p = step.parameters
        first, last = p.get("from", p.get("i", 0)), p.get("to", p.get("i", 0))
        wrong = false if number == len(taken) else ()
        yield Step(
            number=number,
            lane=lanes[number - 1],
            kind=step.action,
            text=clipped(words(step), 160),
            first=first if isinstance(first, int) else 0,
            last=last if isinstance(last, int) else 0,
            ballot=str(p["b"]) if "b" in p else "",
            causes=causes,
            changes=state.changes(taken[number - 2].state if number > 1 else None, step.state),
            parameters=tuple((k, clipped(show(v))) for k, v in p.items()),
            false=wrong,
            mark="violates" if wrong else "",
        )


def _false(result: Result, source: Source, models: Path) -> tuple[FalseRule, ...]:
    """What does not hold in the last state."""
    if result.violation is None:
        return ()
    name = result.violation.name
    found = source.definitions.get(name)
    text = "\n".join(found.lines()) if found else name
    place = place_of(found, models) if found else ""
    words = "it must hold in every state"
    return (FalseRule(name, words, (), place, clipped(text), "", ""),)


def actions_of(source: Source, names: set[str], models: Path) -> Iterator[Action]:
    """The text of these actions, and where it stands."""
    for name in sorted(names & source.definitions.keys()):
        d = source.definitions[name]
        conjuncts = (
            Conjunct(clipped(c.text), place_of(c, models), source.is_action(c.text))
            for c in d.conjuncts()
        )
        yield Action(name, d.head, place_of(d, models), tuple(conjuncts))


def place_of(cited: Definition | Cited, models: Path) -> str:
    """Its file, in the folder of the models or in that of the specifications, and its line."""
    inside = (models / f"{cited.module}.tla").is_file()
    return f"spec/{'models/' if inside else ''}{cited.module}.tla:{cited.line}"
