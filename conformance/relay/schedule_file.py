"""Reads a schedule, and checks what goes beyond shapes: names are known, faults fit the protocol.

Nothing is started here; a file that loads can be run, but for what only the machine knows (ports
that are taken, a command that is not there).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import UNSET, Meta, Struct, UnsetType

from conformance.relay.schedule import (
    MAX_FILE_BYTES,
    MAX_NODES,
    MAX_RULES,
    MAX_STEPS,
    RESERVED,
    STEPS,
    Between,
    Names,
    Node,
    NodeName,
    Protocol,
    Rule,
    Schedule,
    ScheduleError,
    Step,
    address,
)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand in the file, and in that of `--nodes`."""

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] | UnsetType = UNSET
    protocol: Protocol | UnsetType = UNSET
    first_port: Annotated[int, Meta(ge=1024, le=65_535)] | UnsetType = UNSET
    nodes: dict[NodeName, Node] | UnsetType = UNSET
    messages: dict[str, Any] | UnsetType = UNSET  # text, or bytes (!!binary)
    links: tuple[Rule, ...] | UnsetType = UNSET
    steps: tuple[Any, ...] | UnsetType = UNSET


def load(path: Path, nodes: Path | None = None) -> Schedule:
    """Read a schedule; what `nodes` says goes beside it, and replaces keys of the same name.

    Raises `ScheduleError`.
    """
    content, where = _read(path), str(path)
    if nodes is not None:
        content.update(_read(nodes))
        where += f" with {nodes}"
    try:
        file = msgspec.convert(content, _File, strict=True)
    except msgspec.ValidationError as error:
        raise ScheduleError(f"{where}: {_plain(error)}") from None
    try:
        return _Builder(file).build()
    except ValueError as error:
        raise ScheduleError(f"{where}: {error}") from None


class _Loader(yaml.SafeLoader):
    """Refuses a key that is in a mapping twice: the reader would see one, and we the other."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"`{key.value}` is given twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return node


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ScheduleError(f"{path}: cannot be read: {error.strerror}; name a file") from None
    except UnicodeDecodeError as error:
        raise ScheduleError(f"{path}: expected UTF-8 text: {error.reason}") from None
    if len(data) > MAX_FILE_BYTES:
        raise ScheduleError(f"{path}: longer than {MAX_FILE_BYTES} bytes; make it shorter")
    try:
        content = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        raise ScheduleError(f"{path}{where}: not YAML: {problem}") from None
    if not isinstance(content, dict):
        raise ScheduleError(f"{path}: expected keys such as `nodes:` and `steps:`")
    return content


def _plain(error: Exception) -> str:
    """In words, with the place as the file has it: counted from 1."""
    what, _, place = str(error).partition(" - at `$")
    place = re.sub(r"\[(\d+)\]", lambda found: f".number {int(found[1]) + 1}", place)
    place = place.rstrip("`").lstrip(".").replace(".", ", ")
    return f"{place}: {what}" if place else what


def _words(said: dict[str, Any]) -> str:
    """A step in one line."""
    text = yaml.safe_dump(said, default_flow_style=True, width=math.inf, sort_keys=False)
    return text.strip().removeprefix("{").removesuffix("}").removesuffix(": null")


def _bytes(name: str, text: object) -> bytes:
    """By what a kind of message is known."""
    if isinstance(text, bytes | str) and text:
        return text.encode() if isinstance(text, str) else text
    raise ValueError(f"messages, {name}: expected text that such a datagram has in it, in quotes")


class _Builder:
    """Checks what goes beyond shapes: that names are known, and faults fit the protocol."""

    def __init__(self, file: _File) -> None:
        self.file = file
        self.protocol: Protocol = "udp" if file.protocol is UNSET else file.protocol
        self.nodes = {} if file.nodes is UNSET else file.nodes
        said = {} if file.messages is UNSET else file.messages
        self.messages = {name: _bytes(name, text) for name, text in said.items()}

    def build(self) -> Schedule:
        file = self.file
        if not self.nodes:
            raise ValueError("nodes: there are none; say who the processes are, here or by --nodes")
        if len(self.nodes) > MAX_NODES:
            raise ValueError(f"nodes: {len(self.nodes)}, and at most {MAX_NODES} are possible")
        for name, node in self.nodes.items():
            self._check_node(name, node)
        links = () if file.links is UNSET else file.links
        if len(links) > MAX_RULES:
            raise ValueError(f"links: {len(links)}, and at most {MAX_RULES} are possible")
        for k, rule in enumerate(links, 1):
            self._check_rule(f"links, number {k}", rule)
        steps = () if file.steps is UNSET else file.steps
        if len(steps) > MAX_STEPS:
            raise ValueError(f"steps: {len(steps)}, and at most {MAX_STEPS} are possible")
        return Schedule(
            seed=0 if file.seed is UNSET else file.seed,
            protocol=self.protocol,
            first_port=None if file.first_port is UNSET else file.first_port,
            nodes=self.nodes,
            messages=self.messages,
            links=links,
            steps=tuple(self._step(k, step) for k, step in enumerate(steps, 1)),
        )

    def _check_node(self, name: str, node: Node) -> None:
        where = f"nodes, {name}"
        if name in RESERVED:
            raise ValueError(f"{where}: {{{name}}} stands for something else; choose another name")
        try:
            words = node.command
        except ValueError as error:
            raise ValueError(f"{where}: `run` is no command line: {error}") from None
        if node.run is not UNSET and not words:
            raise ValueError(f"{where}: `run` is empty; leave it out if you start it yourself")
        if node.bind is not UNSET:
            address(node.bind, where)

    def _check_rule(self, where: str, rule: Rule) -> None:
        self._check_ends(where, rule)
        if rule.message is not UNSET and rule.message not in self.messages:
            known = ", ".join(self.messages) or "none"
            raise ValueError(f"{where}: `messages` has no {rule.message!r}; it has: {known}")
        if self.protocol == "tcp":
            for name in ("loss", "duplicate", "reorder", "message"):
                if getattr(rule, name) not in (0, UNSET):
                    raise ValueError(
                        f"{where}: {name} is for datagrams, and this is TCP; use delay_ms, stall, "
                        "or the steps cut and reset"
                    )

    def _check_ends(self, where: str, between: Between) -> None:
        for pattern in (between.source, between.to):
            self._matching(where, pattern)

    def _matching(self, where: str, pattern: str) -> tuple[str, ...]:
        found = tuple(name for name in self.nodes if fnmatchcase(name, pattern))
        if not found:
            raise ValueError(
                f"{where}: no node is called {pattern!r}; there is {_list(self.nodes)}"
            )
        return found

    def _named(self, where: str, names: Names) -> tuple[str, ...]:
        patterns = (names,) if isinstance(names, str) else names
        found = [name for pattern in patterns for name in self._matching(where, pattern)]
        return tuple(dict.fromkeys(found))

    def _step(self, number: int, said: Any) -> Step:
        where = f"steps, number {number}"
        if isinstance(said, str):
            said = {said: None}
        if not isinstance(said, dict) or len(said) != 1:
            raise ValueError(f"{where}: expected one key, such as `kill: acceptor-1`")
        ((kind, value),) = said.items()
        if kind not in STEPS:
            raise ValueError(f"{where}: {kind!r} is no step; there is {_list(STEPS)}")
        try:
            value = msgspec.convert(value, STEPS[kind], strict=True)
        except msgspec.ValidationError as error:
            raise ValueError(f"{where}, {kind}: {_plain(error)}") from None
        return self._checked(f"{where}, {kind}", Step(kind, value, _words(said)))

    def _checked(self, where: str, step: Step) -> Step:
        value = step.value
        match step.kind:
            case "start" | "stop" | "kill" | "pause" | "resume":
                return step._replace(names=self._ours(where, value))
            case "tell":
                return step._replace(names=self._ours(where, value.to))
            case "wait" if value.ended is not UNSET:
                return step._replace(names=self._ours(where, value.ended))
            case "partition":
                groups = tuple(self._named(where, group) for group in value)
                twice = [n for n in self.nodes if sum(n in group for group in groups) > 1]
                if twice:
                    raise ValueError(f"{where}: {twice[0]} is in two of the groups")
                return step._replace(groups=groups)
            case "link":
                self._check_rule(where, value)
            case "wait":
                self._check_ends(where, value)
            case "cut" | "reset":
                if self.protocol != "tcp":
                    raise ValueError(
                        f"{where}: only TCP has connections; for datagrams use link with loss: 1"
                    )
                self._check_ends(where, value)
        return step

    def _ours(self, where: str, names: Names) -> tuple[str, ...]:
        """Nodes that are started here."""
        found = self._named(where, names)
        for name in found:
            if self.nodes[name].run is UNSET:
                raise ValueError(f"{where}: {name} has no `run`, so it is not ours to start or end")
        return found


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
