"""What the server says: JSON with the version, or with one line about what is wrong."""

from __future__ import annotations

from aiohttp import web
from msgspec import json

from kv.commands import Problem, Result

STATUS = {
    Problem.VERSION: 412,
    Problem.ABSENT: 404,
    Problem.FULL: 507,
    Problem.SESSION: 410,
    Problem.OLD: 409,
    Problem.UNKNOWN: 400,
}
"""Of a command that was applied and did nothing."""


def told(status: int, headers: dict[str, str], **content: object) -> web.Response:
    """An answer."""
    said = headers | {"Content-Type": "application/json"}
    return web.Response(body=json.encode(content) + b"\n", status=status, headers=said)


def failed(result: Result) -> web.Response:
    """A command did nothing, for a reason that is part of the state."""
    headers = {"ETag": tag(result.version)} if result.version else {}
    return told(STATUS[result.problem], headers, error=str(result.problem), version=result.version)


def tag(version: int) -> str:
    """An entity tag."""
    return f'"{version}"'
