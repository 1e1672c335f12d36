"""The store over HTTP: what each request does, and each answer. RFC 9110's words where it has some:
a version is an entity tag, and compare-and-set a put with `If-Match`.

    GET    /v1/keys/KEY             the value; with ?consistency=stale without asking others
    PUT    /v1/keys/KEY             put; with If-Match: "5" over that version only, with
                                    If-None-Match: * over nothing only
    DELETE /v1/keys/KEY             delete; If-Match as above
    GET    /v1/keys?prefix=&limit=  keys with their versions and sizes
    POST   /v1/sessions             open one, for Request-Id: SESSION-NUMBER on puts and deletes
    GET    /v1/watch?prefix=&from=  changes after a version, as server-sent events
    GET    /v1/status, /v1/cluster  this replica; who leads, and where every process is
    GET    /                        a page to look at it
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import web

from kv import asking, events
from kv.answers import failed, tag, told
from kv.commands import Open, Problem, Write
from kv.node import Node
from kv.store import Entry, Store

Handler = Callable[[Node, web.BaseRequest], Awaitable[web.StreamResponse]]

PAGE = Path(__file__).with_name("page.html")

LIST_KEYS = 100
"""That a list has, if nothing else is asked for."""

MOST_LIST_KEYS = 10_000


async def get(node: Node, request: web.BaseRequest) -> web.Response:
    """What is there, once all that was acknowledged before is applied here."""
    key = asking.key(request)
    stale = asking.is_stale(request)
    read = await node.read(lambda store: store.get(key), stale=stale)
    headers = {} if read.age_s is None else {"Age-Seconds": f"{read.age_s:.3f}"}
    if read.found is None:
        return told(404, headers, error="nothing is there", version=0)
    headers |= {"ETag": tag(read.found.version), "X-Content-Type-Options": "nosniff"}
    return web.Response(body=read.found.value, headers=headers)


async def put(node: Node, request: web.BaseRequest) -> web.Response:
    """Put, or compare and set."""
    return await _write(node, request, await request.read())


async def delete(node: Node, request: web.BaseRequest) -> web.Response:
    """Delete, if it is there."""
    return await _write(node, request, None)


async def _write(node: Node, request: web.BaseRequest, value: bytes | None) -> web.Response:
    """What comes of the command, once it is applied here."""
    command = Write(
        asking.key(request), value, asking.expected(request), asking.request_id(request)
    )
    result = await node.write(command)
    if result.problem is not Problem.NONE:
        return failed(result)
    return told(200, {"ETag": tag(result.version)}, version=result.version)


async def listing(node: Node, request: web.BaseRequest) -> web.Response:
    """The first keys with a prefix."""
    prefix = request.query.get("prefix", "")
    most = min(asking.number(request, "limit", LIST_KEYS), MOST_LIST_KEYS)

    def find(store: Store) -> tuple[int, list[tuple[str, Entry]]]:
        return store.position, store.list(prefix, most)

    read = await node.read(find, stale=asking.is_stale(request))
    position, found = read.found
    keys = [{"key": key, "version": e.version, "bytes": len(e.value)} for key, e in found]
    return told(200, {}, position=position, keys=keys)


async def open_session(node: Node, request: web.BaseRequest) -> web.Response:
    """A session, numbered by the version that opened it."""
    result = await node.write(Open())
    return told(201, {}, session=result.version)


async def status(node: Node, request: web.BaseRequest) -> web.Response:
    """This replica, as it is."""
    return told(200, {}, **await node.status())


async def cluster(node: Node, request: web.BaseRequest) -> web.Response:
    """All processes, as `paxos status` shows them."""
    return told(200, {}, **await node.cluster())


async def page(node: Node, request: web.BaseRequest) -> web.FileResponse:
    """For a browser."""
    return web.FileResponse(PAGE)


ONE_KEY = "/v1/keys/KEY"

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/": {"GET": page},
    "/v1/keys": {"GET": listing},
    ONE_KEY: {"GET": get, "PUT": put, "DELETE": delete},
    "/v1/sessions": {"POST": open_session},
    "/v1/watch": {"GET": events.watch},
    "/v1/status": {"GET": status},
    "/v1/cluster": {"GET": cluster},
}
"""What is done, by path and method; HEAD is a GET without its body."""
