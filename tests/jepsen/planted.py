"""A replica of the store with a fault that a run must find: `python -m tests.jepsen.planted BUG
serve ...`. An empty BUG is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from kv import chunks
from kv.commands import Write
from kv.node import Node
from kv.store import Store


def stale_read() -> None:
    """It answers from what is applied here, and asks nobody."""
    read = Node.read

    async def stale(node: Node, ask: Any, *, stale: bool) -> Any:
        return await read(node, ask, stale=True)

    Node.read = stale  # type: ignore[method-assign, assignment]


def lost_update() -> None:
    """Compare-and-set does not compare."""
    write = Store._write

    def blind(store: Store, position: int, command: Write) -> Any:
        return write(store, position, Write(command.key, command.value))

    Store._write = blind  # type: ignore[method-assign, assignment]


def duplicate_after_snapshot() -> None:
    """A snapshot lacks the sessions: what was done before it is done again after it."""

    def snapshot(store: Store) -> Iterator[bytes]:
        return chunks.dump(store.position, [], store._entries)

    Store.snapshot = snapshot  # type: ignore[method-assign, assignment]


BUGS: dict[str, Callable[[], None]] = {
    "stale-read": stale_read,
    "lost-update": lost_update,
    "duplicate-after-snapshot": duplicate_after_snapshot,
}


def main() -> int:
    """Plant the fault, and be the command."""
    bug = sys.argv.pop(1)
    if bug:
        BUGS[bug]()
    from kv.command import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
