"""Watching: changes as server-sent events, which browsers read by themselves (`EventSource`)."""

from __future__ import annotations

import asyncio
from base64 import b64encode

from aiohttp import web
from msgspec import json

from kv import asking
from kv.answers import told
from kv.node import Node
from kv.store import Change
from kv.watching import GoneError

MAX_WATCHERS = 1_000
"""Of a replica at a time."""

SILENCE_S = 10.0
"""After so long without a change a comment is sent, so that a dead connection is noticed."""


async def watch(node: Node, request: web.BaseRequest) -> web.StreamResponse:
    """Each change with a higher version than `from`, or than the last that a browser had; without
    either, than what is applied now. Ends with the replica, or when changes were missed (410, or
    the event `gone`)."""
    prefix = request.query.get("prefix", "")
    begin = request.headers.get("Last-Event-ID") or request.query.get("from")
    version = node.position if begin is None else asking.parsed(begin, "from=")
    if node.watchers >= MAX_WATCHERS:
        return told(503, {"Retry-After": "1"}, error=f"{MAX_WATCHERS} watch already")
    try:
        found = node.feed.since(version)
    except GoneError as error:
        return told(410, {}, error=str(error))
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    node.watchers += 1
    try:
        await response.prepare(request)
        await response.write(f"retry: 1000\nid: {version}\nevent: from\ndata: {{}}\n\n".encode())
        while not node.feed.has_ended:
            if found:
                version = found[-1].version
                said = b"".join(_event(c) for c in found if c.key.startswith(prefix))
                await response.write(said)
            try:
                found = await asyncio.wait_for(node.feed.more(version), SILENCE_S)
            except TimeoutError:
                found = []
                await response.write(b":\n\n")
    except GoneError as error:
        await response.write(b"event: gone\ndata: " + json.encode({"error": str(error)}) + b"\n\n")
    except ConnectionError:
        pass  # it has stopped watching
    finally:
        node.watchers -= 1
    return response


def _event(change: Change) -> bytes:
    data: dict[str, object] = {"key": change.key, "version": change.version}
    if change.value is not None:
        try:
            data["value"] = change.value.decode()
        except UnicodeDecodeError:
            data["base64"] = b64encode(change.value).decode()
    name = "delete" if change.value is None else "put"
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (change.version, name.encode(), json.encode(data))
