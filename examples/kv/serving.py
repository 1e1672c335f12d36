"""The routes over one replica, on aiohttp's low-level server: its own router, middleware and
application, of which the store needs little, took as long again as all else that a put costs."""

from __future__ import annotations

from functools import partial

from aiohttp import web

import paxos
from kv.answers import told
from kv.asking import KEYS, BadRequestError, path
from kv.commands import MAX_VALUE_BYTES
from kv.node import Node
from kv.server import ONE_KEY, ROUTES


async def respond(node: Node, request: web.BaseRequest) -> web.StreamResponse:
    """The answer to a request: each error is a status and a line of JSON."""
    where = path(request)
    methods = ROUTES.get(ONE_KEY if where.startswith(KEYS) else where)
    if methods is None:
        return told(404, {}, error=f"no such path: {where}")
    handler = methods.get("GET" if request.method == "HEAD" else request.method)
    if handler is None:
        return told(405, {"Allow": ", ".join(methods)}, error="Method Not Allowed")
    try:
        return await handler(node, request)
    except BadRequestError as error:
        return told(400, {}, error=str(error))
    except web.HTTPRequestEntityTooLarge:
        return told(413, {}, error=f"a value has at most {MAX_VALUE_BYTES} bytes")
    except (TimeoutError, paxos.NotKnownError, paxos.ResultForgottenError):
        return told(504, {}, error="no majority answered in time; a write may be done all the same")
    except paxos.Full:
        return told(503, {"Retry-After": "1"}, error="too many writes are under way; not done")
    except paxos.RunError as error:
        return told(503, {}, error=f"this replica has ended: {error}; ask another one")


def server_of(node: Node) -> web.Server:
    """The server of one replica. It refuses a body of more than a MiB, the largest value."""
    return web.Server(partial(respond, node), access_log=None)
