"""A client of the store, for programs: one call after another, to whichever replica answers. A
write is sent again under the same number until its result is known, so it is done once."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from kv.connection import TRY_S, Connection, NotKnownError, StoreError

__all__ = ["Client", "Entry", "NotKnownError", "StoreError"]

PATIENCE_S = 30.0
"""How long a call goes on trying."""


class Entry(NamedTuple):
    """What is at a key."""

    value: bytes
    version: int


class Client:
    """Not to be shared by threads: a session has one request under way."""

    def __init__(
        self, addresses: Sequence[str], patience_s: float = PATIENCE_S, try_s: float = TRY_S
    ) -> None:
        """The replicas, each HOST:PORT, in the order in which to ask them: each for `try_s`, and
        all for `patience_s`."""
        self._connection = Connection(addresses, patience_s, try_s)
        self._session = self._number = 0

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def get(self, key: str, *, stale: bool = False) -> Entry | None:
        """What is at a key. Raises `StoreError` or `NotKnownError`."""
        query = "?consistency=stale" if stale else ""
        try:
            headers, body = self._connection.ask("GET", _path(key) + query)
        except StoreError as error:
            if error.status == 404:
                return None
            raise
        return Entry(body, int(headers["ETag"].strip('"')))

    def put(self, key: str, value: bytes, expect: int | None = None) -> int:
        """Put a value, if `expect` is given only over that version (0: over nothing); its version.
        Raises `StoreError`, with status 412 if another version is there, or `NotKnownError`."""
        return self._write("PUT", key, value, expect)

    def delete(self, key: str, expect: int | None = None) -> int:
        """Delete; the version of that. Raises as `put` does, or with status 404."""
        return self._write("DELETE", key, None, expect)

    def list(self, prefix: str = "", *, stale: bool = False) -> list[dict[str, Any]]:
        """The first keys with a prefix, each with `key`, `version` and `bytes`."""
        query = {"prefix": prefix} | ({"consistency": "stale"} if stale else {})
        _, body = self._connection.ask("GET", f"/v1/keys?{urlencode(query)}")
        found: list[dict[str, Any]] = json.loads(body)["keys"]
        return found

    def watch(self, prefix: str = "", version: int | None = None) -> Iterator[dict[str, Any]]:
        """Changes after `version`, or from now on, each with `key`, `version` and, if it is a put,
        `value` or `base64`; for ever. Raises `StoreError` where some were missed, `OSError` where
        the replica is gone."""
        query = {"prefix": prefix} | ({} if version is None else {"from": str(version)})
        with closing(http.client.HTTPConnection(self._connection.address)) as connection:
            connection.request("GET", f"/v1/watch?{urlencode(query)}")
            response = connection.getresponse()
            if response.status != 200:
                raise StoreError(response.status, json.loads(response.read()))
            name = ""
            for line in response:
                field, _, text = line.decode().rstrip("\n").partition(": ")
                name = text if field == "event" else name
                if field == "data" and name == "gone":
                    raise StoreError(410, json.loads(text))
                if field == "data" and name in ("put", "delete"):
                    yield json.loads(text)

    def _request_id(self) -> dict[str, str]:
        if not self._session:
            _, body = self._connection.ask("POST", "/v1/sessions")
            self._session = int(json.loads(body)["session"])
        self._number += 1
        return {"Request-Id": f"{self._session}-{self._number}"}

    def _write(self, method: str, key: str, value: bytes | None, expect: int | None) -> int:
        headers = self._request_id()
        if expect == 0:
            headers["If-None-Match"] = "*"
        elif expect is not None:
            headers["If-Match"] = f'"{expect}"'
        return int(
            json.loads(self._connection.ask(method, _path(key), value, headers)[1])["version"]
        )


def _path(key: str) -> str:
    return "/v1/keys/" + quote(key, safe="")
