"""Which links there are, and where: a port of the relay's for each ordered pair of nodes.

What `a` sends to the port of the link from `a` to `b` goes on to `b`, and comes to it from the port
of the link from `b` to `a`: for each of them the other has one address, that of the relay.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

from msgspec import UNSET

from conformance.relay.schedule import RESERVED, Node, Schedule, address

HOST = "127.0.0.1"
PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_-]*)(?:\.(host|port))?\}")
"""`{name}`, `{name.host}`, `{name.port}`. Braces around anything else are left as they are."""

Link = tuple[str, str]
"""(from, to)"""
Address = tuple[str, int]


@dataclass
class Addresses:
    """Where everybody is. `own` has the nodes that listen; `links` the relay's side."""

    own: dict[str, Address] = field(default_factory=dict)
    links: dict[Link, Address] = field(default_factory=dict)


def placeholders(node: Node) -> Iterator[str]:
    for text in node.texts:
        yield from (found[1] for found in PLACEHOLDER.finditer(text))


def links(schedule: Schedule) -> list[Link]:
    """The links that somebody may use, in the order of the nodes: those that a command names, both
    ways, and all of a node that is started by hand. Raises `ValueError` for a name that is none."""
    wanted: set[Link] = set()
    for name, node in schedule.nodes.items():
        others = [other for other in schedule.nodes if other != name]
        named = [p for p in placeholders(node) if p not in RESERVED]
        for other in others if node.run is UNSET else named:
            if other not in schedule.nodes or other == name:
                raise ValueError(
                    f"nodes, {name}: {{{other}}} is no other node; there is {', '.join(others)}, "
                    "and {bind}, {file}, {folder}, {python}"
                )
            wanted |= {(name, other), (other, name)}
    return [link for link in permutations(schedule.nodes, 2) if link in wanted]


@contextmanager
def own_addresses(schedule: Schedule) -> Iterator[dict[str, Address]]:
    """Of the nodes that listen: as the schedule says, or free ones. Nobody else takes those before
    the end of the context; then the nodes may."""
    kind = socket.SOCK_STREAM if schedule.protocol == "tcp" else socket.SOCK_DGRAM
    found = {}
    with ExitStack() as held:
        for name, node in schedule.nodes.items():
            if node.bind is not UNSET:
                found[name] = address(node.bind, name)
            elif "bind" in placeholders(node):
                probe = held.enter_context(socket.socket(socket.AF_INET, kind))
                probe.bind((HOST, 0))
                found[name] = (HOST, int(probe.getsockname()[1]))
        yield found


def expand(text: str, name: str, addresses: Addresses, folder: Path) -> str:
    """The text with what its placeholders stand for, as the node `name` needs it."""

    def value(match: re.Match[str]) -> str:
        what, part = match.groups()
        if what == "folder":
            return str(folder)
        if what == "file":
            return str(folder / f"{name}.conf")
        if what == "python":
            return sys.executable
        host, port = addresses.own[name] if what == "bind" else addresses.links[name, what]
        return {"host": host, "port": str(port), None: f"{host}:{port}"}[part]

    return PLACEHOLDER.sub(value, text)


def table(addresses: Addresses) -> list[str]:
    """Who reaches whom where: a line for each link."""
    return [
        f"{source} reaches {to} at {host}:{port}"
        for (source, to), (host, port) in addresses.links.items()
    ]
