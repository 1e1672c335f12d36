"""Each request has the answer that it should have, and what is wrong with one is said in a line."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest

import paxos
from kv import asking, events, server
from kv.commands import MAX_KEY_BYTES, MAX_VALUE_BYTES, Write
from tests.kv.alone import Served


class Said(NamedTuple):
    """An answer."""

    status: int
    tag: str | None
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served() as made:
        yield made


def ask(served: Served, method: str, path: str, body: bytes | None = None, **headers: str) -> Said:
    """One request; headers as `if_match`."""
    with closing(http.client.HTTPConnection(served.address, timeout=10)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return Said(response.status, response.headers["ETag"], response.read())


def test_put_get_delete(served: Served) -> None:
    done = ask(served, "PUT", "/v1/keys/a%2Fb", b"\xff\x00")
    version = done.json["version"]
    assert done == (200, f'"{version}"', b'{"version":%d}\n' % version)
    assert ask(served, "GET", "/v1/keys/a%2Fb") == (200, f'"{version}"', b"\xff\x00")
    assert ask(served, "GET", "/v1/keys/a/b?consistency=stale").body == b"\xff\x00"
    assert ask(served, "DELETE", "/v1/keys/a/b").status == 200
    absent = {"error": "nothing is there", "version": 0}
    assert ask(served, "GET", "/v1/keys/a/b").json == absent
    gone = ask(served, "DELETE", "/v1/keys/a/b")
    assert (gone.status, gone.json) == (404, absent)


def test_a_path_may_have_the_host_before_it_and_any_characters(served: Served) -> None:
    assert ask(served, "PUT", f"http://{served.address}/v1/keys/a%3Fb", b"v").status == 200
    assert ask(served, "GET", "/v1/keys/a%3Fb?consistency=stale").body == b"v"
    assert ask(served, "PUT", "/v1/keys/../x//y", b"dots").status == 200
    assert ask(served, "GET", "/v1/keys/../x//y").body == b"dots"
    assert served.node.store.get("../x//y")
    assert ask(served, "HEAD", "/v1/keys/a%3Fb").body == b""


def test_compare_and_set(served: Served) -> None:
    made = ask(served, "PUT", "/v1/keys/cas", b"1", if_none_match="*")
    assert made.status == 200 and made.tag
    again = ask(served, "PUT", "/v1/keys/cas", b"2", if_none_match="*")
    assert (again.status, again.tag, again.json["error"]) == (
        412,
        made.tag,
        "another version is there",
    )
    changed = ask(served, "PUT", "/v1/keys/cas", b"3", if_match=made.tag)
    assert changed.status == 200 and changed.tag
    assert ask(served, "DELETE", "/v1/keys/cas", if_match=made.tag).status == 412
    assert ask(served, "DELETE", "/v1/keys/cas", if_match=changed.tag).status == 200


def test_a_request_with_an_id_is_done_once(served: Served) -> None:
    session = ask(served, "POST", "/v1/sessions").json["session"]
    first = ask(served, "PUT", "/v1/keys/once", b"a", request_id=f"{session}-1")
    ask(served, "PUT", "/v1/keys/once", b"b")
    assert ask(served, "PUT", "/v1/keys/once", b"a", request_id=f"{session}-1") == first
    assert ask(served, "GET", "/v1/keys/once").body == b"b"
    ask(served, "PUT", "/v1/keys/once", b"c", request_id=f"{session}-5")
    assert ask(served, "PUT", "/v1/keys/once", b"d", request_id=f"{session}-4").status == 409
    assert ask(served, "PUT", "/v1/keys/once", b"d", request_id="9999-1").status == 410


def test_keys_are_listed(served: Served) -> None:
    for key in ("l/1", "l/2", "l/3"):
        ask(served, "PUT", f"/v1/keys/{key}", b"xy")
    listed = ask(served, "GET", "/v1/keys?prefix=l/&limit=2").json
    assert [(row["key"], row["bytes"]) for row in listed["keys"]] == [("l/1", 2), ("l/2", 2)]
    assert listed["position"] == served.node.position


WRONG = {
    "no key": ("PUT", "/v1/keys/", {}, "a key has 1 to 512 bytes, and this 0"),
    "a long key": ("PUT", f"/v1/keys/{'k' * (MAX_KEY_BYTES + 1)}", {}, "and this 513"),
    "a key that is no text": ("PUT", "/v1/keys/%ff", {}, "a key is UTF-8"),
    "a version without quotes": ("PUT", "/v1/keys/k", {"if_match": "5"}, "If-Match: "),
    "a large version": ("PUT", "/v1/keys/k", {"if_match": f'"{2**63}"'}, "no number from 0 to"),
    "a list of versions": ("PUT", "/v1/keys/k", {"if_match": '"5", "6"'}, "If-Match: "),
    "two conditions": (
        "PUT",
        "/v1/keys/k",
        {"if_match": '"5"', "if_none_match": "*"},
        "either If-Match or If-None-Match",
    ),
    "not any": ("PUT", "/v1/keys/k", {"if_none_match": '"5"'}, "If-None-Match: *"),
    "half an id": ("PUT", "/v1/keys/k", {"request_id": "7"}, "Request-Id: SESSION-NUMBER"),
    "an id of words": ("PUT", "/v1/keys/k", {"request_id": "a-b"}, "Request-Id: a: no number"),
    "a consistency": ("GET", "/v1/keys/k?consistency=most", {}, "consistency=linearizable or"),
    "a limit": ("GET", "/v1/keys?limit=-1", {}, "limit=-1: no number"),
    "a place to watch from": ("GET", "/v1/watch?from=x", {}, "from=x: no number"),
    "an event to watch from": ("GET", "/v1/watch", {"last_event_id": "x"}, "from=x: no number"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_a_line(served: Served, name: str) -> None:
    method, path, headers, words = WRONG[name]
    said = ask(served, method, path, b"", **headers)
    assert said.status == 400
    assert words in said.json["error"]


def test_what_is_too_large_unknown_or_not_allowed(served: Served) -> None:
    assert ask(served, "PUT", "/v1/keys/k", b"x" * MAX_VALUE_BYTES).status == 200
    large = ask(served, "PUT", "/v1/keys/k", b"x" * (MAX_VALUE_BYTES + 1))
    assert (large.status, large.json["error"]) == (413, "a value has at most 1048576 bytes")
    assert ask(served, "GET", "/v2").json == {"error": "no such path: /v2"}
    assert ask(served, "POST", "/v1/keys/k").json == {"error": "Method Not Allowed"}


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (TimeoutError(), 504, "a write may be done all the same"),
        (paxos.NotKnownError("no"), 504, "a write may be done all the same"),
        (paxos.Full("no"), 503, "not done"),
        (paxos.ClosedError("disk full"), 503, "this replica has ended: disk full; ask another"),
    ],
)
def test_a_replica_that_cannot_says_what_is_known(
    served: Served, failure: Exception, status: int, words: str
) -> None:
    served.node.failure = failure
    try:
        said = ask(served, "PUT", "/v1/keys/k", b"v")
    finally:
        served.node.failure = None
    assert (said.status, said.json["error"].endswith(words) or words in said.json["error"]) == (
        status,
        True,
    )


def watch(served: Served, path: str, count: int, **headers: str) -> list[tuple[str, Any]]:
    """The first events: the name and the data of each."""
    with closing(http.client.HTTPConnection(served.address, timeout=10)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=named)
        response = connection.getresponse()
        assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
        heard: list[tuple[str, Any]] = []
        while len(heard) < count:
            field, _, text = response.readline().decode().rstrip("\n").partition(": ")
            if field == "event":
                name = text
            if field == "data":
                heard.append((name, json.loads(text)))
        return heard


def test_watching_from_a_version_hears_each_change_with_a_prefix(served: Served) -> None:
    begin = served.node.position
    versions = [
        ask(served, "PUT", "/v1/keys/w/1", b"a").json["version"],
        ask(served, "PUT", "/v1/keys/other", b"a").json["version"],
        ask(served, "PUT", "/v1/keys/w/2", b"\xff").json["version"],
        ask(served, "DELETE", "/v1/keys/w/1").json["version"],
    ]
    events = [
        ("from", {}),
        ("put", {"key": "w/1", "version": versions[0], "value": "a"}),
        ("put", {"key": "w/2", "version": versions[2], "base64": "/w=="}),
        ("delete", {"key": "w/1", "version": versions[3]}),
    ]
    assert watch(served, f"/v1/watch?prefix=w/&from={begin}", 4) == events
    again = watch(served, "/v1/watch?prefix=w/", 3, last_event_id=str(versions[0]))
    assert again == [events[0], *events[2:]]


def test_who_is_too_far_behind_is_told_to_read_anew(served: Served) -> None:
    begin = served.node.position
    for _ in range(110):  # more than are kept here
        ask(served, "PUT", "/v1/keys/many", b"x")
    said = ask(served, "GET", f"/v1/watch?from={begin}")
    assert said.status == 410
    assert "read anew" in said.json["error"]


def test_so_many_may_watch(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_WATCHERS", 0)
    assert ask(served, "GET", "/v1/watch").status == 503


def test_the_routes_are_those_that_the_module_says() -> None:
    assert server.__doc__
    routes = {(method, path) for path, methods in server.ROUTES.items() for method in methods}
    words = [line.split() for line in server.__doc__.splitlines() if line.startswith("    ")]
    said = {
        (line[0], path.partition("?")[0].rstrip(","))
        for line in words
        if line[0].isupper()
        for path in line[1:]
        if path.startswith("/")
    }
    assert routes == said


def test_requests_carry_what_they_say(served: Served) -> None:
    """The command that is broadcast has all of it."""
    assert asking.MAX_NUMBER == 2**63 - 1
    assert Write("k", None).expect is None
