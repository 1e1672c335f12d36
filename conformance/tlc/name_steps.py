"""Which steps a counterexample takes: actions with their parameters.

TLC names the action at best, and often only the next-state relation. So it is asked again: the
states are given to it as data, under the model's own constants and mutants, and it prints each
action of the specification, with its parameters, that leads from one state to the next. The
candidates are the disjuncts of every definition called ...Next that are an action and nothing else,
`\\E a \\in Acceptor, b \\in Ballot : Phase1b(a, b)`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.tla.config import sections
from conformance.tla.module import Source, read
from conformance.tla.value import parse, tuples
from conformance.tlc import runner
from conformance.tlc.output import Violation

_SECONDS = 120.0
_HEAP_MB = 512
_DISJUNCT = re.compile(
    r"\\/\s*(?:\\E\s+(?P<bound>[^:]+?)\s*:\s*)?(?P<action>\w+)\s*"
    r"(?:\((?P<arguments>[^()]*)\))?\s*(?=\\/|$)"
)


@dataclass(frozen=True)
class Step:
    """A step of a counterexample: the action that was taken, its parameters by name, and the state
    it led to. Both are values of value.py."""

    action: str
    parameters: dict[str, Any]
    state: dict[str, Any]
    place: str = ""


@dataclass(frozen=True)
class Disjunct:
    """One of the actions that the next-state relation offers."""

    action: str
    bound: str  # "a \in Acceptor, b \in Ballot", or nothing
    arguments: tuple[str, ...]
    names: tuple[str, ...]  # of the parameters, where the action is defined

    def text(self, number: int) -> str:
        call = f"{self.action}({', '.join(self.arguments)})" if self.arguments else self.action
        printed = ", ".join(["CxStep'", str(number), *self.arguments])
        quantified = f"\\E {self.bound} : " if self.bound else ""
        return f"\\/ {quantified}{call} /\\ PrintT(<<{printed}>>)"


def steps(module: Path, config: Path, library: Path, result: runner.Result) -> list[Step]:
    """The steps of a counterexample; the first is "Init". One that goes back for ever to an earlier
    state has that state once more at its end. Raises TlcError if TLC cannot be asked."""
    trace = list(result.trace)
    if result.loops_to is not None:
        trace.append(trace[result.loops_to - 1])
    states = [{name: parse(value) for name, value in state.values.items()} for state in trace]
    found = _ask(module, config, library, [state.values for state in trace])
    taken = [Step("Init", {}, states[0])]
    for number, (state, values) in enumerate(zip(trace[1:], states[1:], strict=True), 2):
        action, parameters = found.get(number, (state.action, {}))
        taken.append(Step(action, parameters, values, state.location))
    return taken


def _ask(
    module: Path, config: Path, library: Path, states: Sequence[dict[str, str]]
) -> dict[int, tuple[str, dict[str, Any]]]:
    """By number of the state: the first action that leads to it, with its parameters."""
    offered = list(disjuncts(read(module.stem, module.parent, library)))
    found: dict[int, tuple[int, dict[str, Any]]] = {}
    for printed in tuples(_again(module, config, library, states, offered).printed):
        match printed:
            case (int(number), int(which), *values):
                named = dict(zip(offered[which].names, values, strict=True))
                if number not in found or which < found[number][0]:
                    found[number] = which, named
    return {number: (offered[which].action, named) for number, (which, named) in found.items()}


def broken(
    module: Path, config: Path, library: Path, states: Sequence[dict[str, str]]
) -> Violation | None:
    """The invariant of the configuration that one of the states violates. Raises TlcError."""
    names = sections(config.read_text(encoding="utf-8")).get("INVARIANT", "").split()
    lines = ["INVARIANTS", *names] if names else []
    return _again(module, config, library, states, [], lines).violation


def _again(
    module: Path,
    config: Path,
    library: Path,
    states: Sequence[dict[str, str]],
    offered: Sequence[Disjunct],
    lines: Sequence[str] = (),
) -> runner.Result:
    """Has TLC go through the states, under the constants of the configuration; it prints which of
    the actions offered lead from one to the next. lines are added to the configuration."""
    constants = sections(config.read_text(encoding="utf-8")).get("CONSTANT", "")
    new = [name for name in model_values(constants) if f" {name} =" not in f" {constants}"]
    given = [f"{name} = {name}" for name in new]
    with tempfile.TemporaryDirectory(prefix="steps-") as folder:
        asked = Path(folder) / "Counterexample.tla"
        asked.write_text(_module(module.stem, new, offered, states), encoding="utf-8")
        cfg = ["SPECIFICATION CxSpec", "CONSTANTS", constants, *given, *lines, ""]
        (Path(folder) / "asked.cfg").write_text("\n".join(cfg), encoding="utf-8")
        task = runner.Task(asked, Path(folder) / "asked.cfg", [module.parent, library])
        return runner.run(task, runner.Limits(_SECONDS, _HEAP_MB), runner.SHORT)


def disjuncts(source: Source) -> Iterator[Disjunct]:
    """The actions that the module offers: those that it defines itself before those that it
    extends, for they say more."""
    for definition in reversed(source.definitions.values()):
        text = " ".join(definition.body.split())
        if not definition.name.endswith("Next") or not text.startswith("\\/"):
            continue
        for found in _DISJUNCT.finditer(text):
            if found["action"] not in source.definitions:
                continue
            arguments = tuple(re.findall(r"\w+", found["arguments"] or ""))
            names = source.definitions[found["action"]].parameters
            if len(names) == len(arguments):
                yield Disjunct(found["action"], found["bound"] or "", arguments, names)


def model_values(constants: str) -> list[str]:
    """The model values that a configuration's constants mention: a1 in `Acceptor = {a1, a2}`."""
    sets = re.findall(r"=\s*(\{[^=]*\})", constants)
    alone = re.findall(r"(\w+)\s*=\s*(\w+)", constants)
    names = [word for text in sets for word in re.findall(r'(?<!")\b[A-Za-z_]\w*', text)]
    names += [value for _, value in alone if not value.isdigit() and value not in ("TRUE", "FALSE")]
    return list(dict.fromkeys(names))


def _module(
    name: str,
    values: Sequence[str],
    offered: Sequence[Disjunct],
    states: Sequence[dict[str, str]],
) -> str:
    variables = list(states[0])
    given = ",\n  ".join(
        "[" + ", ".join(f"{name} |-> {' '.join(state[name].split())}" for name in variables) + "]"
        for state in states
    )
    now = " /\\ ".join(f"{name} = CxGiven[1].{name}" for name in variables)
    then = " /\\ ".join(f"{name}' = CxGiven[CxStep'].{name}" for name in variables)
    lines = [
        "---- MODULE Counterexample ----",
        f"EXTENDS {name}, Integers, Sequences, TLC",
        *([f"CONSTANTS {', '.join(values)}"] if values else []),
        "VARIABLE CxStep",
        f"CxGiven == <<\n  {given}>>",
        f"CxInit == CxStep = 1 /\\ {now}",
        f"CxThen == CxStep < Len(CxGiven) /\\ CxStep' = CxStep + 1 /\\ {then}",
        "CxNext == CxThen /\\",
        *(f"  {disjunct.text(number)}" for number, disjunct in enumerate(offered)),
        "  \\/ TRUE",
        f"CxSpec == CxInit /\\ [][CxNext]_<<CxStep, {', '.join(variables)}>>",
        "====",
        "",
    ]
    return "\n".join(lines)
