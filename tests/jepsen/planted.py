"""A replica of the store with a fault that a run must find: `python -m tests.jepsen.planted BUG
serve ...`. An empty BUG is none."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from kv import chunks
from kv.commands import Write
from kv.node import Node
from kv.sessions import Row
from kv.store import Store
from paxos.core.backlog import Backlog
from paxos.core.batch import Packet
from paxos.core.checkpoint import Snapshot, encode_snapshot
from paxos.runtime import checkpoint_store

AGAIN_AFTER = 20
"""Packets, until one is proposed again."""


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
    """A snapshot lacks the numbers of requests: what was done before it is done again after it."""

    def snapshot(store: Store) -> Iterator[bytes]:
        sessions: list[Row] = [(session, 0, None) for session, *_ in store._sessions.rows()]
        return chunks.dump(store.position, sessions, store._entries)

    Store.snapshot = snapshot  # type: ignore[method-assign, assignment]


def values_twice() -> None:
    """No fault: a leader proposes values again that were chosen long ago, as it may. Learners pass
    them over."""
    take, taken_before = Backlog.take, deque[Packet](maxlen=AGAIN_AFTER)

    def again(backlog: Backlog) -> list[Packet]:
        taken = take(backlog)
        if taken and len(taken_before) == AGAIN_AFTER:
            taken.append(taken_before.popleft())
        taken_before.extend(taken[:1])
        return taken

    Backlog.take = again  # type: ignore[method-assign, assignment]


def no_client_table() -> None:
    """A snapshot lacks what was delivered of which client, and values come twice."""
    values_twice()

    def forgetful(snapshot: Snapshot) -> bytes:
        return encode_snapshot(replace(snapshot, clients=[]))

    checkpoint_store.encode_snapshot = forgetful  # type: ignore[attr-defined]


BUGS: dict[str, Callable[[], None]] = {
    "stale-read": stale_read,
    "lost-update": lost_update,
    "duplicate-after-snapshot": duplicate_after_snapshot,
    "values-twice": values_twice,
    "no-client-table": no_client_table,
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
