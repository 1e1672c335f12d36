"""What a request says, or what is wrong with it, in a line."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from aiohttp import web

from kv.commands import MAX_KEY_BYTES, Request

KEYS = "/v1/keys/"

MAX_NUMBER = (1 << 63) - 1
"""Of versions, sessions and request numbers."""


class BadRequestError(ValueError):
    """What is wrong with a request, in a line."""


def path(request: web.BaseRequest) -> str:
    """As it is written: nothing is decoded, as a key may have any characters. Who speaks to a proxy
    writes the host before it."""
    written = request.raw_path.partition("?")[0]
    return written if written.startswith("/") else request.rel_url.raw_path


def key(request: web.BaseRequest) -> str:
    """The key in the path."""
    found = unquote_to_bytes(path(request).removeprefix(KEYS))
    if not 0 < len(found) <= MAX_KEY_BYTES:
        raise BadRequestError(f"a key has 1 to {MAX_KEY_BYTES} bytes, and this {len(found)}")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise BadRequestError("a key is UTF-8") from None


def number(request: web.BaseRequest, name: str, otherwise: int) -> int:
    """A number in the query."""
    return parsed(request.query.get(name, str(otherwise)), f"{name}=")


def is_stale(request: web.BaseRequest) -> bool:
    """Whether a read may be of the past."""
    wanted = request.query.get("consistency", "linearizable")
    if wanted not in ("linearizable", "stale"):
        raise BadRequestError(f"consistency=linearizable or =stale, and not {wanted!r}")
    return wanted == "stale"


def expected(request: web.BaseRequest) -> int | None:
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


def request_id(request: web.BaseRequest) -> Request | None:
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
