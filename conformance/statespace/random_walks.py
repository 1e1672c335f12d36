"""Single behaviours of models that are too large for a graph: TLC draws them at random, and the
checker's rules replay them, state by state.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.paths import MODELS, SPEC
from conformance.statespace.explore import Model
from conformance.statespace.graph import Bounds, GraphError, Label, Message, State
from conformance.statespace.printed_graph import Terms
from conformance.tla.value import parse
from conformance.tlc import errors, runner
from conformance.tlc.output import read_values

_END = re.compile(r"^=+\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Moment:
    """A state of a behaviour, with the step that led to it."""

    label: Label
    state: State


def draw(bounds: Bounds, number: int, depth: int, seed: int) -> list[list[Moment]]:
    """Behaviours of `depth` states that TLC draws at random. Raises TlcError or GraphError."""
    with tempfile.TemporaryDirectory(prefix="behaviours-") as folder:
        config, files = Path(folder) / "draw.cfg", Path(folder) / "drawn"
        config.write_text(
            bounds.config("CONSTANT Take <- TakeOnly"),
            encoding="utf-8",
        )
        options = ("-simulate", f"file={files},num={number}", "-depth", str(depth))
        try:
            task = runner.Task(MODELS / f"MCGraph{bounds.spec}.tla", config, [SPEC])
            manner = runner.Manner(short=True, options=(*options, "-seed", str(seed)))
            runner.run(task, manner=manner)
        except errors.TlcCrash as crash:  # a simulation has no verdict; its files are the evidence
            if len([*Path(folder).glob("drawn_*")]) < number:
                raise crash
        terms = Terms(bounds)
        drawn = sorted(Path(folder).glob("drawn_*"))
        return [list(read(terms, file.read_text(encoding="utf-8"))) for file in drawn]


def read(terms: Terms, text: str) -> Iterator[Moment]:
    """The states of one file, in order."""
    if not _END.search(text):
        raise GraphError(f"a behaviour without an end: {text[-80:]!r}")
    for part in re.split(r"^STATE_\d+ ==", text, flags=re.MULTILINE)[1:]:
        values = {k: parse(v) for k, v in read_values(_END.sub("", part)).items()}
        yield Moment(terms.label(values.pop("via")), terms.state(values))


@dataclass(frozen=True)
class Node:
    """A state, in the specification's terms and the checker's own."""

    state: State
    packed: bytes


class Replay:
    """The checker's rules, step by step."""

    def __init__(self, bounds: Bounds) -> None:
        self.model = Model(bounds)
        first = self.model.initial()
        start = self.model.projection.state(first, frozenset[Message]())
        self.start = Node(start, self.model.pack(first))

    def step(self, node: Node, label: Label) -> Node | None:
        """The state after a step; None if the rules do not allow it."""
        model, after = self.model, self.model.unpack(node.packed)
        actor, event = model.words.event(label, node.state)
        action = {**model.spec.actions, **model.spec.inner}[label[0]]
        if action.refused(after, actor, event) is not None:
            return None
        action.effect(after, actor, event)
        if (broken := action.broken(after, actor, event)) is not None:
            raise GraphError(f"{broken[0].name} is false after {label} in {node.state}")
        msgs = node.state.msgs | model.words.sent(event, actor)
        state = model.projection.state(after, msgs)
        model.projection.check(state, after)
        return Node(state, model.pack(after))
