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

from pathlib import Path

from aiohttp import web

from kv import asking, events
from kv.answers import failed, tag, told
from kv.asking import NODE
from kv.commands import MAX_VALUE_BYTES, Open, Problem, Write
from kv.node import Node
from kv.store import Entry, Store

PAGE = Path(__file__).with_name("page.html")

LIST_KEYS = 100
"""That a list has, if nothing else is asked for."""

MOST_LIST_KEYS = 10_000


async def get(request: web.Request) -> web.Response:
    """What is there, once all that was acknowledged before is applied here."""
    key = asking.key(request)
    stale = asking.is_stale(request)
    read = await request.app[NODE].read(lambda store: store.get(key), stale=stale)
    headers = {} if read.age_s is None else {"Age-Seconds": f"{read.age_s:.3f}"}
    if read.found is None:
        return told(404, headers, error="nothing is there", version=0)
    headers |= {"ETag": tag(read.found.version), "X-Content-Type-Options": "nosniff"}
    return web.Response(body=read.found.value, headers=headers)


async def put(request: web.Request) -> web.Response:
    """Put, or compare and set."""
    return await _write(request, await request.read())


async def delete(request: web.Request) -> web.Response:
    """Delete, if it is there."""
    return await _write(request, None)


async def _write(request: web.Request, value: bytes | None) -> web.Response:
    """What comes of the command, once it is applied here."""
    command = Write(
        asking.key(request), value, asking.expected(request), asking.request_id(request)
    )
    result = await request.app[NODE].write(command)
    if result.problem is not Problem.NONE:
        return failed(result)
    return told(200, {"ETag": tag(result.version)}, version=result.version)


async def listing(request: web.Request) -> web.Response:
    """The first keys with a prefix."""
    prefix = request.query.get("prefix", "")
    most = min(asking.number(request, "limit", LIST_KEYS), MOST_LIST_KEYS)

    def find(store: Store) -> tuple[int, list[tuple[str, Entry]]]:
        return store.position, store.list(prefix, most)

    read = await request.app[NODE].read(find, stale=asking.is_stale(request))
    position, found = read.found
    keys = [{"key": key, "version": e.version, "bytes": len(e.value)} for key, e in found]
    return told(200, {}, position=position, keys=keys)


async def open_session(request: web.Request) -> web.Response:
    """A session, numbered by the version that opened it."""
    result = await request.app[NODE].write(Open())
    return told(201, {}, session=result.version)


async def status(request: web.Request) -> web.Response:
    """This replica, as it is."""
    return told(200, {}, **await request.app[NODE].status())


async def cluster(request: web.Request) -> web.Response:
    """All processes, as `paxos status` shows them."""
    return told(200, {}, **await request.app[NODE].cluster())


async def page(request: web.Request) -> web.FileResponse:
    """For a browser."""
    return web.FileResponse(PAGE)


def application(node: Node) -> web.Application:
    """The routes, over one replica."""
    app = web.Application(middlewares=[asking.errors], client_max_size=MAX_VALUE_BYTES)
    app[NODE] = node
    app.router.add_get("/", page)
    app.router.add_get("/v1/keys", listing)
    app.router.add_get("/v1/keys/{key:.*}", get)
    app.router.add_put("/v1/keys/{key:.*}", put)
    app.router.add_delete("/v1/keys/{key:.*}", delete)
    app.router.add_post("/v1/sessions", open_session)
    app.router.add_get("/v1/watch", events.watch)
    app.router.add_get("/v1/status", status)
    app.router.add_get("/v1/cluster", cluster)
    return app
