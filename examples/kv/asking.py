"""What a request says, or what is wrong with it: each has one status and one line."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote_to_bytes

from aiohttp import web

import paxos
from kv.answers import told
from kv.commands import MAX_KEY_BYTES, MAX_VALUE_BYTES, Request
from kv.node import Node

NODE: web.AppKey[Node] = web.AppKey("node", Node)

KEYS = "/v1/keys/"

MAX_NUMBER = (1 << 63) - 1
"""Of versions, sessions and request numbers."""


class BadRequestError(ValueError):
    """What is wrong with a request, in a line."""


def key(request: web.Request) -> str:
    """The key in the path."""
    found = unquote_to_bytes(request.raw_path.partition("?")[0].partition(KEYS)[2])
    if not 0 < len(found) <= MAX_KEY_BYTES:
        raise BadRequestError(f"a key has 1 to {MAX_KEY_BYTES} bytes, and this {len(found)}")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise BadRequestError("a key is UTF-8") from None


def number(request: web.Request, name: str, otherwise: int) -> int:
    """A number in the query."""
    return parsed(request.query.get(name, str(otherwise)), f"{name}=")


def is_stale(request: web.Request) -> bool:
    """Whether a read may be of the past."""
    wanted = request.query.get("consistency", "linearizable")
    if wanted not in ("linearizable", "stale"):
        raise BadRequestError(f"consistency=linearizable or =stale, and not {wanted!r}")
    return wanted == "stale"


def expected(request: web.Request) -> int | None:
    """The version that a command wants to find; 0: nothing; None: whatever is there."""
    match, none = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match is not None and none is not None:
        raise BadRequestError("either If-Match or If-None-Match")
    if none is not None and none != "*":
        raise BadRequestError("If-None-Match: * is what it may say")
    if none:
        return 0
    if match is None:
        return None
    if not (found := re.fullmatch(r'"(\d+)"', match)):
        raise BadRequestError(f'If-Match: "VERSION" is what it may say, and not {match}')
    return parsed(found[1], "If-Match: ")


def request_id(request: web.Request) -> Request | None:
    """The session and the number of the request, if it says them."""
    said = request.headers.get("Request-Id")
    if said is None:
        return None
    session, dash, own = said.partition("-")
    if not dash:
        raise BadRequestError(f"Request-Id: SESSION-NUMBER, and not {said}")
    return Request(parsed(session, "Request-Id: "), parsed(own, "Request-Id: "))


def parsed(text: str, where: str) -> int:
    """The number that is written there."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > MAX_NUMBER:
        raise BadRequestError(f"{where}{text}: no number from 0 to {MAX_NUMBER}")
    return int(text)


@web.middleware
async def errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Each error as a status and a line of JSON."""
    try:
        return await handler(request)
    except BadRequestError as error:
        return told(400, {}, error=str(error))
    except web.HTTPRequestEntityTooLarge:
        return told(413, {}, error=f"a value has at most {MAX_VALUE_BYTES} bytes")
    except web.HTTPNotFound:
        return told(404, {}, error=f"no such path: {request.path}")
    except web.HTTPException as error:
        return told(error.status, {}, error=error.reason)
    except (TimeoutError, paxos.NotKnownError, paxos.ResultForgottenError):
        return told(504, {}, error="no majority answered in time; a write may be done all the same")
    except paxos.Full:
        return told(503, {"Retry-After": "1"}, error="too many writes are under way; not done")
    except paxos.RunError as error:
        return told(503, {}, error=f"this replica has ended: {error}; ask another one")
